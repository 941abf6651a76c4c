"""A workbook: of each table a sheet with values and one with labels, and the codebook.

Rows go to the disk as they come: memory does not grow with them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from itertools import chain, islice
from math import isfinite
from pathlib import Path
from typing import Any

from surveys.export import codebook
from surveys.export.coding import in_language, labelled, wall, whole, yes_no
from surveys.export.conditions import questions_of
from surveys.export.table import Cell, Table, Variable
from surveys.export.unwritable import Unwritable

MOST_ROWS, MOST_COLUMNS, LONGEST_TEXT, LONGEST_TITLE = 1_048_576, 16_384, 32_767, 31
"""What Excel holds."""
NARROWEST, WIDEST, LOOKED_AT = 8, 40, 50
"""Widths of columns in characters, by the header and so many rows."""
EXACT = 10**15
"""From here on Excel would change a whole number."""
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FORMULA = tuple("=+-@\t\r\n#＝＋－＠")
_CODEBOOK = "codebook"


def write_xlsx(tables: Sequence[Table], folder: Path, language: str) -> list[Path]:
    """Writes one workbook of all tables, named as the first, into a folder.

    Raises Unwritable if a table has more rows or columns than Excel holds.
    """
    from openpyxl import Workbook

    for table in tables:
        if table.count >= MOST_ROWS or len(table.variables) > MOST_COLUMNS:
            raise Unwritable(
                "That is more than a sheet of Excel holds: choose fewer submissions, or CSV,"
                " SPSS, Stata or Parquet."
            )
    book = Workbook(write_only=True)
    taken = {_CODEBOOK}
    for number, table in enumerate(tables):
        name = "" if number == 0 else table.name.removeprefix(f"{tables[0].name}-")
        _pair(book, table, language, [_title(kind, name, taken) for kind in ("values", "labels")])
    _codebook(book, tables, language)
    path = folder / f"{tables[0].name}.xlsx"
    book.save(path)
    return [path]


def write_codebook_xlsx(tables: Sequence[Table], folder: Path, language: str) -> list[Path]:
    """Writes codebook.xlsx into a folder."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    _codebook(book, tables, language)
    path = folder / "codebook.xlsx"
    book.save(path)
    return [path]


def _pair(book: Any, table: Table, language: str, titles: Sequence[str]) -> None:
    """The two sheets of a table, filled in one reading of its rows."""
    convert = [_value(one) for one in table.variables]
    tell = [_label(one, language) for one in table.variables]
    names = [one.name for one in table.variables]
    called = [in_language(one.label, language, one.name) for one in table.variables]
    rows: Iterator[Sequence[Cell]] = chain.from_iterable(table.rows())
    first = list(islice(rows, LOOKED_AT))
    values = _sheet(book, titles[0], names, _columns(first, convert), table.count)
    labels = _sheet(book, titles[1], called, _columns(first, tell), table.count)
    for row in chain(first, rows):
        values.append([_safe(values, to(cell)) for to, cell in zip(convert, row, strict=True)])
        labels.append([_safe(labels, to(cell)) for to, cell in zip(tell, row, strict=True)])


def _codebook(book: Any, tables: Sequence[Table], language: str) -> None:
    header = codebook.header([language])
    asked = questions_of(tables)
    rows = [row for table in tables for row in codebook.rows(table, [language], asked)]
    sheet = _sheet(book, _CODEBOOK, header, list(map(list, zip(*rows, strict=True))), len(rows))
    for row in rows:
        sheet.append([_safe(sheet, cell) for cell in row])


def _sheet(
    book: Any, title: str, header: Sequence[str], columns: Sequence[Sequence[Any]], count: int
) -> Any:
    """A sheet with its header, which stays in sight and filters.

    columns: of each, some of its cells, by which its width is chosen.
    """
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for number, name in enumerate(header):
        cells = columns[number] if number < len(columns) else ()
        wide = max(map(_width, (name[:WIDEST], *cells)), default=0)
        letter = get_column_letter(number + 1)
        sheet.column_dimensions[letter].width = min(max(wide + 2, NARROWEST), WIDEST)
    if header:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(header))}{count + 1}"
    bold, wrapped = Font(bold=True), Alignment(wrap_text=True, vertical="top")
    cells = []
    for name in header:
        cell = WriteOnlyCell(sheet)
        _as_text(cell, name)
        cell.font, cell.alignment = bold, wrapped
        cells.append(cell)
    sheet.append(cells)
    return sheet


def _value(variable: Variable) -> Callable[[Cell], Cell]:
    """A category whose values are all whole numbers is written as numbers."""
    if variable.kind == "category" and whole(variable.values):
        numbers = {one.value: int(one.value) for one in variable.values}
        return lambda cell: numbers.get(str(cell), cell)
    if variable.kind in ("time", "moment"):
        return lambda cell: wall(cell, variable) if isinstance(cell, datetime | time) else cell
    return lambda cell: cell


def _label(variable: Variable, language: str) -> Callable[[Cell], Cell]:
    if variable.kind == "category":
        labels = labelled(variable, language)
        return lambda cell: labels.get(str(cell), cell)
    if variable.kind == "yes_no":
        words = yes_no(language)
        return lambda cell: words[cell] if isinstance(cell, int) and cell in words else cell
    return _value(variable) if variable.kind in ("time", "moment") else lambda cell: cell


def _columns(
    rows: Iterable[Sequence[Cell]], convert: Sequence[Callable[[Cell], Cell]]
) -> list[list[Cell]]:
    return [[to(row[number]) for row in rows] for number, to in enumerate(convert)]


def _safe(sheet: Any, cell: Cell) -> Any:
    """What a sheet takes: no text of it is ever a formula, no time has a zone."""
    if isinstance(cell, str):
        return _text(sheet, cell) if cell.startswith(_FORMULA) else _clean(cell)
    if isinstance(cell, int | float) and (abs(cell) >= EXACT or not isfinite(cell)):
        return str(cell) if isfinite(cell) else None
    return cell


def _text(sheet: Any, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet)
    _as_text(cell, text)
    # So it stays a text when somebody edits it.
    cell.quotePrefix = True
    return cell


def _as_text(cell: Any, text: str) -> None:
    cell.value = _clean(text)
    cell.data_type = "s"


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)[:LONGEST_TEXT]


def _width(cell: Cell) -> int:
    """In characters; one of Chinese is as wide as two."""
    if isinstance(cell, date):
        return 19 if isinstance(cell, datetime) else 10
    text = "" if cell is None else str(cell)[:WIDEST]
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _title(kind: str, name: str, taken: set[str]) -> str:
    """A title that Excel takes, and no other sheet has."""
    whole_title = re.sub(r"[\[\]:*?/\\']", " ", f"{kind} {name}".strip())
    title, number = whole_title[:LONGEST_TITLE], 1
    while title.lower() in taken:
        number += 1
        end = f" {number}"
        title = whole_title[: LONGEST_TITLE - len(end)] + end
    taken.add(title.lower())
    return title
