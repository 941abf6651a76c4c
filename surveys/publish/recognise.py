"""What a file is that somebody sent: a list of villages, margins, or a form. By what is in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from surveys.form.bundle import is_bundle, unbundled
from surveys.form.sheets import Sheets, read_sheets
from surveys.publish.margins import COLUMNS
from surveys.publish.village_rows import ALL, header_of, text_of

Kind = Literal["villages", "margins", "form"]
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SHEETS = ("survey", "choices", "settings", "indicators")


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file, and what it is."""

    kind: Kind
    content: bytes
    """Of a list: as CSV, even where it came as a workbook; a row has the line of its number."""
    ending: str = ""
    """Of a form: what `surveys.form.xlsform.convert` is to take it for."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Of a form: what came with it."""


def recognise(content: bytes) -> Recognised | None:
    """What a file is; None where it is nothing that we could take in.

    Raises `FormError` for a broken workbook, and for an archive that holds no form.
    """
    if is_bundle(content):
        bundle = unbundled(content)
        ending = bundle.name.rpartition(".")[2].lower()
        return Recognised("form", bundle.content, ending, bundle.files)
    if content.startswith(ZIP):
        return _workbook(content, "xlsx")
    if content.startswith(OLE):
        return _workbook(content, "xls")
    text = text_of(content, [])
    if text is None:
        return None
    begins = text.lstrip("\ufeff \r\n\t")[:2000]
    if begins.startswith("<") and ("xforms" in begins or "<h:html" in begins):
        return Recognised("form", content, "xml")
    if begins.startswith("|"):
        return Recognised("form", content, "md")
    kind = kind_of_list(text)
    if kind is not None:
        return Recognised(kind, content)
    first = next(csv.reader(io.StringIO(begins.partition("\n")[0])), [""])
    if first and first[0].strip().casefold() in SHEETS:
        return Recognised("form", content, "csv")
    return None


def kind_of_list(text: str) -> Literal["villages", "margins"] | None:
    """Which list this is the beginning of, by the words of its first line."""
    head = text.lstrip("\ufeff\r\n").partition("\n")[0]
    found = [{header_of(cell) for cell in head.split(sign)} for sign in ",;\t"]
    words: set[str] = max(found, key=lambda one: len(one & {*ALL, *COLUMNS}))
    return _by_headers(words)


def _by_headers(headers: Collection[str]) -> Literal["villages", "margins"] | None:
    words = set(headers)
    if words & {"variable", "category"} and len(words & set(COLUMNS)) > 1:
        return "margins"
    return "villages" if len(words & set(ALL)) > 2 else None


def _workbook(content: bytes, ending: str) -> Recognised | None:
    sheets = read_sheets(content, ending)
    if "survey" in sheets:
        return Recognised("form", content, ending)
    for rows in sheets.values():
        kind = _by_headers(rows[0].cells) if rows else None
        if kind is not None:
            return Recognised(kind, _as_csv(sheets, rows[0].cells))
    return None


def _as_csv(sheets: Sheets, headers: Collection[str]) -> bytes:
    """The sheet with these headers, each row on the line that its number says."""
    rows = next(rows for rows in sheets.values() if rows and rows[0].cells.keys() == set(headers))
    lines: dict[int, list[str]] = {1: list(headers)}
    for row in rows:
        lines[row.number] = [" ".join(row.cells.get(name, "").split()) for name in headers]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    for number in range(1, max(lines) + 1):
        if number in lines:
            writer.writerow(lines[number])
        else:
            written.write("\n")
    return written.getvalue().encode()
