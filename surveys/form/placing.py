"""Where in a workbook a problem stands that was found after it was converted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

from surveys.form.headers import TEXTS, Columns
from surveys.form.problems import Cell, Problem, odd
from surveys.form.question_types import written_type
from surveys.form.sheets import Book, Row
from surveys.form.survey_rows import DISABLED

_ROW = re.compile(r"\[row : (\d+|unknown)\]\s*")
_SHEET = re.compile(
    r"(?:the '|the |sheet: ')(survey|choices|settings|entities)'? ?(?:work)?(?:sheet|\.|,|$)",
    re.IGNORECASE,
)
_COLUMN = re.compile(
    r"'(relevant|constraint|calculation|required|label|type|name|default|parameters|appearance"
    r"|choice_filter|trigger|list_name|hint|save_to)' (?:value|column)"
)
_ABOUT: Mapping[str, tuple[str, ...]] = {"choice_filter": ("choice_filter", "parameters", "type")}
"""Columns in which what a problem is about may stand, the likeliest first."""
_PATH = re.compile(r"(?:(?<=\()\s)?(?<![\w)/'])/[\w.-]+(?:/[\w.-]+)*/([\w.-]+)(?:\s(?=[,)]))?")
"""A path as pyxform writes it for ${name}, with the spaces that it adds."""
_AUDIT = re.compile(r"track-changes|identify-user|location-(priority|min-interval|max-age)")
_TRIGGERED = re.compile(r"calculation trigger for question \$\{([^}]*)\}")
_ELEMENT = re.compile(r"element named '?([^'\s]+?)'?(?: has |\.|$)")
_IDLE = re.compile(
    r"max-pixels|case-insensitive match|similar names were found|'disabled' column header"
    r"|Choices should have a label"
)
"""Warnings of pyxform that are told by ourselves, or mean nothing in a chat."""


def from_pyxform(message: str, severity: Literal["error", "warning"], book: Book) -> Problem | None:
    """A message of pyxform's, with the sheet, row and column that it names or means; None for a
    warning of no use here."""
    if severity == "warning" and _IDLE.search(message):
        return None
    row, sheet, column = (
        re.search(r"\[row : (\d+)\]", message),
        _SHEET.search(message),
        _COLUMN.search(message),
    )
    told = Problem(
        severity,
        one_line(_ROW.sub("", message)),
        "",
        sheet=sheet[1].lower() if sheet else "survey" if row else "",
        row=int(row[1]) if row else None,
        column=column[1] if column else "",
    )
    if row:
        return told
    columns = Columns("survey", book.headers.get("survey", {}))
    element = _ELEMENT.search(message)
    triggered, audit = _TRIGGERED.search(message), _AUDIT.search(message)
    for one in book["survey"]:
        if audit and columns.text(one, "type") == "audit":
            return replace(told, sheet="survey", row=one.number, column="parameters")
        if triggered and columns.text(one, "name") == triggered[1]:
            return replace(told, sheet="survey", row=one.number, column="trigger")
        if element and columns.text(one, "name") == element[1]:
            return replace(
                told, sheet="survey", row=one.number, column="label" if "label" in message else ""
            )
    return told


def one_line(text: str, most: int = 400) -> str:
    """A message of others on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most]}…"


def located(found: Iterable[Problem], book: Book) -> tuple[Problem, ...]:
    """Problems of the XForm at the row and column of the sheet survey that they come from."""
    columns = Columns("survey", book.headers.get("survey", {}))
    rows = _rows_by_path(book["survey"], columns)
    told: dict[Problem, None] = {}
    settings = Columns("settings", book.headers.get("settings", {}))
    for problem in found:
        if problem.node.endswith("/meta/instanceName") and book.get("settings"):
            row = book["settings"][0]
            header = settings.cell(row, "instance_name")[1]
            told[replace(problem, sheet="settings", row=row.number, column=header)] = None
            continue
        found_row = rows.get(problem.node.partition("/")[2].partition("/")[2])
        placed = replace(problem, remedy=_PATH.sub(r"${\1}", problem.remedy))
        if found_row is not None:
            header = _header(found_row, columns, problem.column) if problem.column else ""
            placed = replace(placed, sheet="survey", row=found_row.number, column=header)
        told[placed] = None
    return tuple(told)


def _rows_by_path(survey: Iterable[Row], columns: Columns) -> dict[str, Row]:
    """The rows that have a name, by the names of the groups around them and their own."""
    around: list[str] = []
    rows: dict[str, Row] = {}
    for row in survey:
        if columns.text(row, "disabled").lower() in DISABLED:
            continue
        written, name = written_type(columns.text(row, "type")), columns.text(row, "name")
        if written.kind == "end":
            del around[-1:]
            continue
        if name:
            rows["/".join((*around, name))] = row
            if columns.text(row, "repeat_count"):
                # pyxform computes the count in a node of its own, beside the repeat.
                rows.setdefault("/".join((*around, f"{name}_count")), row)
        if written.kind == "begin":
            around.append(name)
    return rows


def _header(row: Row, columns: Columns, column: str) -> str:
    """The header of the cell that a problem is about, as the author wrote it."""
    fitting = columns.cells(row, *_ABOUT.get(column, (column,)))
    if column == "calculation" and not fitting:
        fitting = columns.cells(row, "repeat_count", "default")
    # Of several languages the one that quotes a value.
    return next(
        (header for _, header, text in fitting if "${" in text),
        fitting[0][1] if fitting else column,
    )


def untranslated(book: Book) -> list[Problem]:
    """Texts that are there in one language and missing in another, and choices without any."""
    problems: list[Problem] = []
    for sheet in ("survey", "choices"):
        columns = Columns(sheet, book.headers.get(sheet, {}))
        for row in book.get(sheet, ()):
            name = columns.text(row, "name")
            for column in TEXTS:
                headers = [
                    header for language, header in columns.found.get(column, {}).items() if language
                ]
                texts = {header: row.cells.get(header, "") for header in headers}
                if any(texts.values()):
                    problems += [
                        odd(Cell(sheet, row.number, header), "{name} has no text in this language.",
                            "Write the translation.", name=name)
                        for header, text in texts.items()
                        if not text
                    ]  # fmt: skip
            if sheet == "choices" and name and not columns.cells(row, "label", "image"):
                cell = Cell(sheet, row.number, columns.cell(row, "label")[1])
                problems.append(
                    odd(cell, "The choice {name} has no label, and is shown by its name.",
                        "Write what people are to read.", name=name[:80])
                )  # fmt: skip
    return problems


_SHEETS = ("survey", "choices", "settings", "external_choices", "entities", "indicators")


def in_reading_order(problems: Iterable[Problem], book: Book) -> tuple[Problem, ...]:
    """Problems as they stand in the workbook, each once; those of no cell come last."""
    columns = {
        (sheet, header): place
        for sheet, headers in book.headers.items()
        for place, header in enumerate(headers)
    }

    def place(problem: Problem) -> tuple[int, int, int]:
        known = problem.sheet in _SHEETS
        return (
            _SHEETS.index(problem.sheet) if known else len(_SHEETS),
            problem.row or 0,
            columns.get((problem.sheet, problem.column), 0),
        )

    return tuple(sorted(dict.fromkeys(problems), key=place))
