"""An XLSForm workbook to XForm XML through pyxform, to a `Form`, and its sheet `indicators`.

pyxform is imported when a form is converted, not before: who only runs interviews needs none of it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Literal
from xml.parsers.expat import ExpatError

from surveys.form.indicator_rows import read_indicators
from surveys.form.indicators import Indicator
from surveys.form.model import Form
from surveys.form.problems import FormError, Problem
from surveys.form.sheets import Row, Sheets, csv_rows, read_sheets
from surveys.form.survey_rows import survey_problems
from surveys.form.xform import read

_ENDINGS = ("xlsx", "xls", "md", "csv", "xml")
_ROW = re.compile(r"\[row : (\d+)\]\s*")
_SHEET = re.compile(r"(?:the '|the |')(survey|choices|settings)'? (?:work)?sheet", re.IGNORECASE)
_COLUMN = re.compile(
    r"'(relevant|constraint|calculation|required|label|type|name|default|parameters|appearance"
    r"|choice_filter|trigger|list_name|hint)' (?:value|column)"
)
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "calculation": ("calculation", "calculate"),
    "read_only": ("read_only", "readonly"),
    "relevant": ("relevant", "relevance"),
    "choice_filter": ("choice_filter", "parameters", "type"),
}
"""The headers under which an XLSForm may have what a problem is about."""
_TRANSLATED = ("label", "hint", "constraint_message", "required_message")
_BEGIN = re.compile(r"begin[ _](group|repeat)\b")
_END = re.compile(r"end[ _](group|repeat)\b")
_REFERENCE = re.compile(r"(?:(?<=\()\s)?(?<![\w)/'])/[\w.-]+(?:/[\w.-]+)*/([\w.-]+)(?:\s(?=[,)]))?")
"""A path as pyxform writes it for ${name}, with the spaces that it adds."""
_UNKNOWN_TYPE = re.compile(r"Unknown question type '([^']*)'")


@dataclass(frozen=True, slots=True)
class Workbook:
    """A workbook that can be published."""

    xform: str
    form: Form
    indicators: tuple[Indicator, ...]
    problems: tuple[Problem, ...]
    """Warnings only: with an error there is no workbook."""


def convert(content: bytes, name: str, *, validate: bool = False) -> Workbook:
    """A form file to a form; the ending of `name` says what it is (xlsx, xls, md, csv, xml).

    `validate` runs ODK Validate too, which needs Java. Raises `FormError` with all problems.
    """
    kind = PurePath(name).suffix.lower().lstrip(".")
    if kind not in _ENDINGS:
        raise _error(
            f"{PurePath(name).name} is no form file.",
            "Its name must end in .xlsx, .xls, .md, .csv or .xml.",
        )
    if kind == "xml":
        form, problems = read(content)
        return _workbook(content.decode("utf-8-sig", errors="replace"), form, (), problems)
    sheets = read_sheets(content, kind)
    if not sheets.get("survey"):
        raise _error(
            "The workbook has no sheet survey with questions in it.",
            "Name the sheet with the questions survey.",
        )
    unfit = survey_problems(sheets)
    if unfit:
        raise FormError(unfit)
    xform, told = _to_xform(content, kind, sheets, validate)
    form, found = read(xform, strict=True)
    problems = (*told, *_located(found, sheets), *_untranslated(sheets))
    if form is None:
        return _workbook(xform, None, (), problems)
    indicators, wrong = read_indicators(sheets.get("indicators", ()), form)
    return _workbook(xform, form, indicators, (*problems, *wrong))


def _workbook(
    xform: str,
    form: Form | None,
    indicators: tuple[Indicator, ...],
    problems: tuple[Problem, ...],
) -> Workbook:
    errors = tuple(problem for problem in problems if problem.severity == "error")
    if form is None or errors:
        raise FormError(errors)
    return Workbook(xform, form, indicators, problems)


def _error(what: str, remedy: str) -> FormError:
    return FormError((Problem("error", what, remedy),))


# pyxform --------------------------------------------------------------------------------------


def _to_xform(
    content: bytes, kind: str, sheets: Sheets, validate: bool
) -> tuple[str, tuple[Problem, ...]]:
    from pyxform.errors import PyXFormError
    from pyxform.validators.odk_validate import ODKValidateError
    from pyxform.xls2xform import convert as to_xform

    # Text is given as text: pyxform tells workbooks from tables by their type.
    source: str | bytes = content
    if kind in ("md", "csv"):
        source = content.decode("utf-8-sig")
        source = _without_indicators(source) if kind == "csv" else source
    try:
        result = to_xform(xlsform=source, file_type=f".{kind}", validate=validate)
    except ODKValidateError as error:
        raise _error("ODK Validate refuses the form.", _one_line(str(error))) from None
    except PyXFormError as error:
        raise FormError((_from_pyxform(str(error), "error", sheets),)) from None
    except (
        ArithmeticError, AssertionError, AttributeError, ExpatError, LookupError, OSError,
        RuntimeError, TypeError, ValueError, csv.Error,
    ) as error:  # fmt: skip
        # What pyxform lets through on a broken workbook is for the author to see, not a crash.
        raise _error(
            "The workbook cannot be read as an XLSForm.",
            f"The converter says: {type(error).__name__}, {_one_line(str(error))}",
        ) from None
    return result.xform, tuple(_from_pyxform(text, "warning", sheets) for text in result.warnings)


def _without_indicators(text: str) -> str:
    """A CSV workbook without the sheet that pyxform stumbles over (in other files it does not)."""
    kept = io.StringIO()
    writer, inside = csv.writer(kept), False
    for cells in csv_rows(text):
        if cells and cells[0].strip():
            inside = cells[0].strip().lower() == "indicators"
        if not inside:
            writer.writerow(cells)
    return kept.getvalue()


def _from_pyxform(message: str, severity: Literal["error", "warning"], sheets: Sheets) -> Problem:
    """A message of pyxform's, with the sheet, row and column that it names or means."""
    row, sheet, column = _ROW.search(message), _SHEET.search(message), _COLUMN.search(message)
    told = Problem(
        severity,
        _one_line(_ROW.sub("", message)),
        "",
        sheet=sheet[1].lower() if sheet else "survey" if row else "",
        row=int(row[1]) if row else None,
        column=column[1] if column else "",
    )
    unknown = _UNKNOWN_TYPE.search(message)
    for one in sheets["survey"] if unknown else ():
        if unknown and one.cells.get("type") == unknown[1]:
            return replace(told, sheet="survey", row=one.number, column="type")
    return told


def _one_line(text: str, most: int = 400) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most]}…"


# Where in the workbook ------------------------------------------------------------------------


def _located(found: Iterable[Problem], sheets: Sheets) -> tuple[Problem, ...]:
    """Problems of the XForm at the row and column of the sheet survey that they come from."""
    rows = _rows_by_path(sheets["survey"])
    told: dict[Problem, None] = {}
    for problem in found:
        row = rows.get(problem.node.partition("/")[2].partition("/")[2])
        placed = replace(problem, remedy=_REFERENCE.sub(r"${\1}", problem.remedy))
        if row is not None:
            placed = replace(
                placed, sheet="survey", row=row.number, column=_header(row, problem.column)
            )
        told[placed] = None
    return tuple(told)


def _rows_by_path(survey: Iterable[Row]) -> dict[str, Row]:
    """The rows that have a name, by the names of the groups around them and their own."""
    around: list[str] = []
    rows: dict[str, Row] = {}
    for row in survey:
        kind, name = row.cells.get("type", "").lower(), row.cells.get("name", "")
        if _END.match(kind):
            del around[-1:]
            continue
        if name:
            rows["/".join((*around, name))] = row
        if _BEGIN.match(kind):
            around.append(name)
    return rows


def _header(row: Row, column: str) -> str:
    """The header of the cell that a problem is about, as the author wrote it."""
    wanted = _HEADERS.get(column, (column,))
    fitting = [
        header
        for header, cell in row.cells.items()
        if cell and header.partition("::")[0].strip().lower().removeprefix("bind:") in wanted
    ]
    # Of several languages the one that quotes a value.
    return next(
        (header for header in fitting if "${" in row.cells[header]), (fitting or [column])[0]
    )


def _untranslated(sheets: Sheets) -> tuple[Problem, ...]:
    """Texts that are there in one language and missing in another."""
    problems: list[Problem] = []
    for sheet in ("survey", "choices"):
        for row in sheets.get(sheet, ()):
            for column in _TRANSLATED:
                texts = {
                    header: text
                    for header, text in row.cells.items()
                    if header.startswith(f"{column}::")
                }
                if any(texts.values()):
                    problems += [
                        Problem(
                            "warning",
                            f"{row.cells.get('name', '')} has no text in this language.",
                            "Write the translation.",
                            sheet=sheet,
                            row=row.number,
                            column=header,
                        )
                        for header, text in texts.items()
                        if not text
                    ]
    return tuple(problems)
