"""Zip archives that somebody sent, opened without believing what they say of themselves."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from zlib import error as bad_compression

from surveys.form.problems import FormError, refused

MOST_ENTRIES = 3_000
"""Of an archive: a workbook with many pictures has some hundreds."""
UNPACKED = 20 * 1024 * 1024
"""Bytes of all entries that are read: a workbook of 5,000 questions in four languages has half."""
ZIP = b"PK\x03\x04"
_ENCRYPTED = 0x1


class TooLarge(FormError):  # noqa: N818
    """More unpacked than is taken in: a huge file, or a small one made to look like it."""


def unpacked(
    content: bytes, wanted: Callable[[str], bool], most: int = UNPACKED
) -> dict[str, bytes]:
    """The entries that are wanted, by their names as they stand in the archive.

    Nothing is written anywhere. Raises `FormError` for what is no archive, is encrypted, has too
    many entries or one name twice, `TooLarge` for more than `most` bytes, whatever it says.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ENTRIES:
                raise refused(
                    "The file has more than {most} parts.",
                    "Take out pictures and sheets that are not needed.",
                    most=MOST_ENTRIES,
                )
            chosen = [entry for entry in entries if not entry.is_dir() and wanted(entry.filename)]
            if len({entry.filename for entry in chosen}) < len(chosen):
                raise refused("Two parts of the file have one name.", "Save it again.")
            if any(entry.flag_bits & _ENCRYPTED for entry in chosen):
                raise refused("The file is protected by a password.", "Save it without one.")
            found: dict[str, bytes] = {}
            left = most
            for entry in chosen:
                with archive.open(entry) as part:
                    found[entry.filename] = part.read(left + 1)
                left -= len(found[entry.filename])
                if left < 0:
                    raise _too_large(most)
            return found
    except (
        zipfile.BadZipFile, bad_compression, EOFError, LookupError, NotImplementedError, OSError,
        RuntimeError, ValueError, OverflowError,
    ):  # fmt: skip
        # zipfile trusts an archive to be whole.
        raise refused("This is no whole archive.", "Save or pack it again.") from None


def names_in(content: bytes) -> tuple[str, ...]:
    """The names of the entries of an archive, () where it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return tuple(archive.namelist()[: MOST_ENTRIES + 1])
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return ()


def _too_large(most: int) -> TooLarge:
    return TooLarge(
        refused(
            "The file unpacks to more than {most} megabytes.",
            "Take out pictures and sheets that are not needed.",
            most=most // 1024 // 1024,
        ).problems
    )
