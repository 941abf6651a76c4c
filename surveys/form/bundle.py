"""A form and its files in one .zip: which of them is the form, and what the others are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from surveys.form.archives import ZIP, names_in, unpacked
from surveys.form.problems import refused

LARGEST = 60 * 1024 * 1024
"""Bytes of all that is in a bundle."""
WORKBOOKS = (".xlsx", ".xls", ".md")
_BESIDE = re.compile(r"(__MACOSX/.*|(.*/)?(\.[^/]*|Thumbs\.db|desktop\.ini))", re.IGNORECASE)
"""What computers add to archives."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A form file, and what came with it."""

    name: str
    content: bytes
    files: Mapping[str, bytes] = field(default_factory=dict)
    """By name, without folders."""


def is_bundle(content: bytes) -> bool:
    """Whether this is an archive, and not itself a workbook."""
    if not content.startswith(ZIP):
        return False
    names = names_in(content)
    return bool(names) and not any(
        name.lower().startswith(("[content_types]", "xl/")) or name == "mimetype" for name in names
    )


def unbundled(content: bytes) -> Bundle:
    """The form in an archive, and the files beside it, whatever folders they are in.

    The form is its one workbook (.xlsx, .xls, .md); where there is none, the one XForm, or the one
    CSV that begins with a sheet's name. Raises `FormError` where that is not clear, for paths that
    lead out of the archive, and for two files of one name.
    """
    for name in names_in(content):
        if _leads_away(name):
            raise refused(
                "The archive has a file {name}, which would lie outside of it.",
                "Pack it again, with plain names.",
                name=name[:80],
            )
    entries = unpacked(content, lambda name: not _BESIDE.fullmatch(name), LARGEST)
    files: dict[str, bytes] = {}
    for path, part in entries.items():
        name = PurePosixPath(path).name
        if name in files:
            raise refused("Two files in the archive are named {name}.", "Rename one.",
                          name=name[:80])  # fmt: skip
        files[name] = part
    form = _form_in(files)
    return Bundle(form, files.pop(form), files)


def _leads_away(path: str) -> bool:
    parts = path.split("/")
    return "\\" in path or path.startswith("/") or ".." in parts or ":" in parts[0]


def _form_in(files: Mapping[str, bytes]) -> str:
    books = [name for name in files if name.lower().endswith(WORKBOOKS)]
    if any(name.lower().endswith(".xlsm") for name in files) and not books:
        raise refused(
            "The workbook has macros.", "Save it in Excel as .xlsx, which has none, and send that."
        )
    found = (
        books
        or [name for name, part in files.items() if _is_xform(name, part)]
        or [name for name, part in files.items() if _is_table(name, part)]
    )
    if len(found) == 1:
        return found[0]
    if not found:
        raise refused("The archive has no form in it.", "Put the workbook (.xlsx) into it.")
    raise refused(
        "The archive has several forms in it: {names}.",
        "Send each one alone, with its files.",
        names=", ".join(found)[:200],
    )


def _is_xform(name: str, content: bytes) -> bool:
    return name.lower().endswith(".xml") and b"http://www.w3.org/2002/xforms" in content[:4000]


def _is_table(name: str, content: bytes) -> bool:
    first = content[:200].lstrip(b"\xef\xbb\xbf").lstrip(b'" \r\n')
    return name.lower().endswith(".csv") and first.lower().startswith((b"survey", b"settings"))
