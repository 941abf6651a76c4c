"""A copy of a workbook without the cells that are wrong, to find out what else is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from surveys.form.headers import TEXTS, Columns
from surveys.form.problems import Problem
from surveys.form.question_types import written_type
from surveys.form.sheets import Book, Row
from surveys.form.survey_rows import DEEPEST, DISABLED, MOST_QUESTIONS

_REFERENCE = re.compile(r"\$\{[^}]*\}?")


def repaired(book: Book, problems: Iterable[Problem]) -> Book | None:
    """A book that pyxform takes where only these things were wrong with the one given; None where
    nothing can be made of it. Every row keeps its number."""
    by_row: dict[tuple[str, int], set[str]] = {}
    for problem in problems:
        if problem.row is not None:
            by_row.setdefault((problem.sheet, problem.row), set()).add(problem.column)
    made = Book()
    made.names = book.names
    for sheet, rows in book.items():
        columns = Columns(sheet, book.headers[sheet])
        doubled = {two for _, two in columns.same}
        made.headers[sheet] = {
            header: written
            for header, written in book.headers[sheet].items()
            if header not in doubled
        }
        made[sheet] = [
            Row(
                row.number,
                {
                    header: text
                    for header, text in _mended(
                        sheet, row, columns, by_row.get((sheet, row.number), set())
                    ).items()
                    if header not in doubled
                },
                made.headers[sheet],
            )
            for row in rows
        ]
    columns = Columns("survey", made.headers.get("survey", {}))
    if not {"type", "name"} <= columns.found.keys() or len(made["survey"]) > MOST_QUESTIONS:
        return None
    balanced = _balanced(made["survey"], columns)
    if balanced is None:
        return None
    made["survey"] = balanced
    return made


def _mended(sheet: str, row: Row, columns: Columns, wrong: set[str]) -> Mapping[str, str]:
    """The cells of a row, with something harmless in the place of what is wrong."""
    if not wrong:
        return row.cells
    cells = dict(row.cells)
    for header in wrong:
        column = columns.meaning(header)[0] if header else ""
        text = cells.get(header, "")
        if column == "type":
            written = written_type(text)
            if written.kind == "end" or (written.kind == "begin" and written.word != "loop"):
                continue
            cells[header] = "begin group" if written.kind == "begin" else "text"
            for other in ("choice_filter", "parameters", "calculation"):
                for found in columns.found.get(other, {}).values():
                    cells[found] = ""
        elif column == "name":
            # A repeat's or question's own; nothing else can be named like this.
            cells[columns.cell(row, "name")[1]] = f"row_{row.number}"
        elif column in TEXTS:
            cells[header] = _REFERENCE.sub("…", text) or "-"
        elif column == "calculation" and sheet == "survey":
            cells[columns.cell(row, column)[1]] = "''"
        elif header:
            cells[header] = ""
        else:
            cells[columns.cell(row, "type")[1]] = ""
            cells[columns.cell(row, "name")[1]] = ""
    return cells


def _balanced(rows: list[Row], columns: Columns) -> list[Row] | None:
    """The rows, each group that begins with its end; None where they are too deep."""
    header, name = columns.cell(rows[0], "type")[1], columns.cell(rows[0], "name")[1]
    open_: list[str] = []
    found: list[Row] = []
    for row in rows:
        written = written_type(row.cells.get(header, ""))
        if columns.text(row, "disabled").lower() in DISABLED:
            written = written_type("")
        if written.kind == "begin":
            open_.append(written.word)
            if len(open_) > DEEPEST:
                return None
        if written.kind != "end":
            found.append(row)
        elif open_:
            found.append(Row(row.number, {**row.cells, header: f"end {open_.pop()}"}, row.headers))
    found += [
        Row(rows[-1].number + place, {header: f"end {kind}", name: ""}, rows[-1].headers)
        for place, kind in enumerate(reversed(open_), 1)
    ]
    return found
