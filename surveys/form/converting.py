"""Sheets to XForm XML, through pyxform.

pyxform is handed rows that were read here, never the file: what a hostile one could do to it ends
there. It is imported when a form is converted, not before: who only runs interviews needs none.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any
from xml.parsers.expat import ExpatError

from surveys.form.headers import Columns
from surveys.form.placing import from_pyxform, one_line
from surveys.form.problems import FormError, Problem, refused
from surveys.form.sheets import Book

_SHEETS = ("survey", "choices", "settings")
_NUMBERED = ("survey", "choices")
"""Of these pyxform counts rows: empty ones stand where they stand in the workbook."""
_LEFT_OUT = ("save_to",)
"""Columns about sheets that are not handed on (entities)."""


def to_xform(book: Book, *, validate: bool = False) -> tuple[str, tuple[Problem, ...]]:
    """The XForm of a book, and what pyxform warns of. Raises `FormError` with its one error."""
    from pyxform.errors import PyXFormError
    from pyxform.validators.odk_validate import ODKValidateError
    from pyxform.xls2xform import convert

    try:
        result = convert(xlsform=_as_pyxform(book), validate=validate)
    except ODKValidateError as error:
        raise refused("ODK Validate refuses the form.", "It says: {told}",
                      told=one_line(str(error))) from None  # fmt: skip
    except PyXFormError as error:
        found = from_pyxform(str(error), "error", book)
        raise FormError((found,) if found else ()) from None
    except (
        ArithmeticError, AssertionError, AttributeError, ExpatError, LookupError, OSError,
        RuntimeError, TypeError, ValueError, csv.Error,
    ) as error:  # fmt: skip
        # What pyxform lets through on a broken workbook is for the author to see, not a crash.
        raise refused(
            "The workbook cannot be read as an XLSForm.",
            "The converter says: {told}",
            told=f"{type(error).__name__}, {one_line(str(error))}",
        ) from None
    warnings = (from_pyxform(text, "warning", book) for text in result.warnings)
    return result.xform, tuple(one for one in warnings if one)


def _as_pyxform(book: Book) -> dict[str, Any]:
    made: dict[str, Any] = {
        "sheet_names": [name for name in book.names if name.strip().lower() not in ("indicators",)]
    }
    for sheet in _SHEETS:
        if sheet not in book:
            continue
        columns = Columns(sheet, book.headers[sheet])
        dropped = {
            header for column in _LEFT_OUT for header in columns.found.get(column, {}).values()
        }
        headers = book.headers[sheet]
        made[f"{sheet}_header"] = [
            {written: None for header, written in headers.items() if header not in dropped}
        ]
        made[sheet] = _rows(book, sheet, dropped)
    return made


def _rows(book: Book, sheet: str, dropped: set[str]) -> list[Mapping[str, str]]:
    rows: list[Mapping[str, str]] = []
    for row in book[sheet]:
        if sheet in _NUMBERED:
            rows += ({} for _ in range(row.number - 2 - len(rows)))
        rows.append(
            {
                row.headers.get(header, header): text
                for header, text in row.cells.items()
                if text and header not in dropped
            }
        )
    return rows
