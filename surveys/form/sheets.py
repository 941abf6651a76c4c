"""A workbook as rows of text: Excel, or the same tables in Markdown or CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from surveys.form.problems import FormError, Problem

MOST_ROWS, MOST_COLUMNS = 20_000, 1_000
"""Of a sheet: more is nobody's list or form, and reading it would take hours."""
GAP = 1_000
"""Empty rows after which a sheet is taken to be over: Excel keeps a million of them."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a sheet: its number as the author sees it, and its cells by header."""

    number: int
    cells: Mapping[str, str]


Sheets = Mapping[str, Sequence[Row]]
"""Sheets by name, in lower case."""


def read_sheets(content: bytes, kind: str) -> Sheets:
    """The sheets of a workbook; `kind` is its file's ending: xlsx, xls, md or csv.

    Raises `FormError` where the file is not what its ending says.
    """
    try:
        if kind == "xlsx":
            return _excel(content)
        if kind == "xls":
            return _old_excel(content)
        text = content.decode("utf-8-sig")
        return _tables(_markdown(text) if kind == "md" else csv_rows(text))
    except UnicodeDecodeError:
        raise _broken("The file is not UTF-8 text.", "Save it as UTF-8.") from None
    except csv.Error:
        raise _broken("This is not CSV.", "Save it again as CSV in UTF-8.") from None


def csv_rows(text: str) -> Iterator[list[str]]:
    """The rows of a text in CSV, whatever ends its lines. Raises `csv.Error`."""
    return csv.reader(io.StringIO(text, newline=""))


def _excel(content: bytes) -> Sheets:
    from zipfile import BadZipFile
    from zlib import error as bad_compression

    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        return {
            sheet.title.strip().lower(): _rows(sheet.iter_rows(values_only=True))
            for sheet in book.worksheets
        }
    except (
        BadZipFile, bad_compression, ArithmeticError, AssertionError, AttributeError, EOFError,
        LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError,
    ):  # fmt: skip
        # openpyxl trusts a workbook to be whole; the parsers of XML raise a SyntaxError.
        raise _broken(
            "This is not an Excel workbook.", "Save it again in Excel as .xlsx."
        ) from None


def _old_excel(content: bytes) -> Sheets:
    import struct

    import xlrd
    from xlrd.compdoc import CompDocError

    try:
        # Without a log: xlrd prints what it finds odd.
        book = xlrd.open_workbook(file_contents=content, logfile=io.StringIO())
    except (
        xlrd.XLRDError, CompDocError, struct.error, ArithmeticError, AssertionError, AttributeError,
        LookupError, TypeError, ValueError,
    ):  # fmt: skip
        raise _broken(
            "This is not an Excel workbook.", "Save it again in Excel as .xlsx."
        ) from None
    return {
        sheet.name.strip().lower(): _rows(sheet.row_values(place) for place in range(sheet.nrows))
        for sheet in book.sheets()
    }


def _rows(rows: Iterable[Sequence[object]]) -> list[Row]:
    found: list[Row] = []
    headers: list[str] | None = None
    last = 0
    for number, cells in enumerate(rows, start=1):
        if number > last + GAP:
            break
        words = [_word(cell) for cell in cells[:MOST_COLUMNS]]
        if any(words):
            last = number
        if len(found) >= MOST_ROWS or any(cell is not None for cell in cells[MOST_COLUMNS:]):
            raise _broken(
                f"A sheet has more than {MOST_ROWS:,} rows or {MOST_COLUMNS:,} columns.",
                "Take out what is not needed.",
            )
        if headers is None:
            if any(words):
                headers = [_header(word) for word in words]
            continue
        row = {header: word for header, word in zip(headers, words, strict=False) if header}
        if any(row.values()):
            found.append(Row(number, row))
    return found


def _header(word: str) -> str:
    """As ODK reads it: "Label::English (en)" is "label::English (en)"."""
    name, colons, language = word.partition("::")
    return f"{name.strip().lower().replace(' ', '_')}{colons}{language.strip()}"


def _word(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _markdown(text: str) -> Iterable[list[str]]:
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped.startswith("|") or set(stripped) <= set("|-: "):
            yield []
            continue
        # Between the outer bars: an empty first cell keeps its place.
        parts = re.split(r"(?<!\\)\|", stripped)
        inner = parts[1:-1] if stripped.endswith("|") else parts[1:]
        yield [cell.strip().replace("\\|", "|") for cell in inner]


def _tables(lines: Iterable[Sequence[str]]) -> Sheets:
    """Tables whose first column names the sheet where one begins."""
    found: dict[str, list[list[object]]] = {}
    current: list[list[object]] | None = None
    for cells in lines:
        if cells and cells[0].strip():
            current = found.setdefault(cells[0].strip().lower(), [])
            rest = [cell for cell in cells[1:] if cell.strip()]
            if not rest:
                continue
        if current is not None and any(cell.strip() for cell in cells[1:]):
            current.append(list(cells[1:]))
    return {name: _rows(rows) for name, rows in found.items()}


def _broken(what: str, remedy: str) -> FormError:
    return FormError((Problem("error", what, remedy),))
