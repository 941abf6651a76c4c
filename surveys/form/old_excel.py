"""Excel workbooks of before 2007 (.xls) as rows of cells, through xlrd."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Collection
from datetime import datetime, time
from typing import Any

from surveys.form.excel import LONGEST_CELL, MOST_CELLS, Page, Unreadable, not_excel, too_much
from surveys.form.problems import refused

LARGEST = 8 * 1024 * 1024
"""Bytes: the format is not packed, and xlrd reads a megabyte in a tenth of a second."""


def read_xls(content: bytes, only: Callable[[Collection[str]], Collection[str]]) -> list[Page]:
    """The sheets that `only` picks from all their names, as `surveys.form.excel.read_xlsx` gives
    them. Raises `FormError`."""
    import xlrd
    from xlrd.compdoc import CompDocError

    if len(content) > LARGEST:
        raise refused(
            "The workbook is larger than {most} megabytes.",
            "Save it in Excel as .xlsx.",
            most=LARGEST // 1024 // 1024,
        )
    try:
        # Without a log: xlrd prints what it finds odd.
        book = xlrd.open_workbook(
            file_contents=content, logfile=io.StringIO(), on_demand=True, ragged_rows=True
        )
        names = [str(name) for name in book.sheet_names()]
        wanted = set(only(names))
        # Some programs write what is not wanted in parts that xlrd cannot read: left alone.
        return _pages(book, [(place, name) for place, name in enumerate(names) if name in wanted])
    except (
        xlrd.XLRDError, CompDocError, struct.error, ArithmeticError, AssertionError, AttributeError,
        LookupError, MemoryError, RuntimeError, TypeError, ValueError,
    ):  # fmt: skip
        raise not_excel() from None


def _pages(book: Any, wanted: list[tuple[int, str]]) -> list[Page]:
    pages, count = [], 0
    for place, name in wanted:
        sheet, page = book.sheet_by_index(place), Page(name)
        for number in range(sheet.nrows):
            cells = [_value(cell, book.datemode) for cell in sheet.row(number)]
            count += len(cells)
            if count > MOST_CELLS:
                raise too_much()
            if any(cell not in (None, "") for cell in cells):
                page.rows.append((number + 1, cells))
        pages.append(page)
    return pages


def _value(cell: Any, datemode: int) -> object:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_ERROR:
        return Unreadable(xlrd.error_text_from_code.get(cell.value, "#ERROR"))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            parts = xlrd.xldate_as_tuple(cell.value, datemode)
        except xlrd.xldate.XLDateError:
            return cell.value
        return time(*parts[3:]) if parts[:3] == (0, 0, 0) else datetime(*parts)
    return cell.value[:LONGEST_CELL] if isinstance(cell.value, str) else cell.value
