"""The sheet `choices` before it is converted, and what questions make of its lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from lark import Token, Tree

from surveys.form.grammar import ExpressionError, parse
from surveys.form.headers import Columns
from surveys.form.items import Item
from surveys.form.problems import Cell, Problem, odd, wrong
from surveys.form.references import without_references
from surveys.form.sheets import Book, Row
from surveys.form.survey_rows import Survey, SurveyRow, meant

YES = ("yes", "true", "true()")
_STATIC = re.compile(r"[\w.\-]+( [\w.\-]+)*")
_NUMBERS = ("integer", "int", "decimal", "q int", "q decimal")


class Choices:
    """The lists of the sheet, and what is wrong with it."""

    def __init__(self, book: Book) -> None:
        self.columns = Columns("choices", book.headers.get("choices", {}))
        self.lists: dict[str, list[tuple[Row, str]]] = {}
        """By list: its rows, and their names."""
        self.problems: list[Problem] = []
        self._first: dict[tuple[str, str], int] = {}
        rows = book.get("choices", [])
        settings = book.get("settings", [])
        duplicates = bool(settings) and settings[0].cells.get(
            "allow_choice_duplicates", "").lower() in YES  # fmt: skip
        if "choices" in book and self._has_columns(rows):
            self.problems += self.columns.problems()
            for row in rows:
                self._row(row, duplicates)

    def _has_columns(self, rows: Iterable[Row]) -> bool:
        lacking = [one for one in ("list_name", "name") if one not in self.columns.found]
        if not any(True for _ in rows):
            return False
        for column in lacking:
            self.problems.append(
                wrong(
                    Cell("choices"),
                    "The sheet {sheet} has no column {column}.",
                    "Write {column} as the header of its column, in the first row.",
                    sheet="choices",
                    column=column,
                )
            )
        return not lacking

    def _wrong(self, row: Row, column: str, told: str, remedy: str, /, **named: object) -> None:
        cell = Cell("choices", row.number, self.columns.cell(row, column)[1])
        self.problems.append(wrong(cell, told, remedy, **named))

    def _row(self, row: Row, duplicates: bool) -> None:
        listed, name = self.columns.text(row, "list_name"), self.columns.text(row, "name")
        if not listed:
            if name:
                cell = Cell("choices", row.number, self.columns.cell(row, "list_name")[1])
                self.problems.append(
                    odd(cell, "The choice {name} is of no list, and is never shown.",
                        "Write the name of its list.", name=name[:80])
                )  # fmt: skip
            return
        others = self.lists.setdefault(listed, [])
        if not name:
            self._wrong(row, "name", "This choice of the list {list} has no name.",
                       "Write one: it is what is stored.", list=listed)  # fmt: skip
        elif not duplicates and (listed, name) in self._first:
            self._wrong(
                row, "name", "Row {row} is the choice {name} of the list {list} already.",
                "Rename one, or set allow_choice_duplicates to yes on the sheet settings.",
                row=self._first[listed, name], name=name[:80], list=listed,
            )  # fmt: skip
        self._first.setdefault((listed, name), row.number)
        others.append((row, name))


def choice_problems(survey: Survey, choices: Choices, files: Mapping[str, Item]) -> list[Problem]:
    """What questions want of their lists and do not find: spaces, filters, defaults."""
    problems = list(choices.problems)
    spaced: set[tuple[str, str]] = set()
    for one in survey.rows:
        if one.written.kind != "select":
            problems += _typed_default(survey, one)
            continue
        listed = choices.lists.get(one.written.listed, [])
        for row, name in listed:
            if re.search(r"\s", name) and (one.written.listed, name) not in spaced:
                spaced.add((one.written.listed, name))
                tell = odd if one.written.word == "one" else wrong
                problems.append(
                    tell(Cell("choices", row.number, choices.columns.cell(row, "name")[1]),
                          "The choice name '{name}' has a space in it.",
                          "Write an underscore instead.", name=name[:80])
                )  # fmt: skip
        problems += _filter(survey, one, choices, files)
        problems += _default(survey, one, {name for _, name in listed})
    return problems


def _default(survey: Survey, one: SurveyRow, names: set[str]) -> list[Problem]:
    text, header = survey.columns.cell(one.row, "default")
    if not names or not _STATIC.fullmatch(text):
        return []
    words = text.split(" ") if one.written.word != "one" else [text]
    unknown = next((word for word in words if word not in names), None)
    if unknown is None or (unknown == "other" and one.written.other):
        return []
    told, near = meant(unknown, names)
    return [
        odd(
            Cell("survey", one.row.number, header),
            "{name}: the default {word} is no choice of the list {list}.",
            told or "Write the name of a choice.",
            name=one.name, word=unknown[:80], list=one.written.listed, near=near,
        )
    ]  # fmt: skip


def _typed_default(survey: Survey, one: SurveyRow) -> list[Problem]:
    text, header = survey.columns.cell(one.row, "default")
    if one.written.word not in _NUMBERS or not text or not re.fullmatch(r"[^\W\d]\w*", text):
        return []
    return [
        odd(
            Cell("survey", one.row.number, header),
            "{name}: the default {word} is no number.",
            "Write a number.",
            name=one.name,
            word=text[:80],
        )
    ]


def _filter(
    survey: Survey, one: SurveyRow, choices: Choices, files: Mapping[str, Item]
) -> list[Problem]:
    """Names in a filter that are columns of nothing."""
    text, header = survey.columns.cell(one.row, "choice_filter")
    listed = one.written.listed
    if not text or "${" in listed:
        return []
    if listed in choices.lists:
        known = {part for name in choices.columns.found for part in (name,)} | {
            written for row, _ in choices.lists[listed][:1] for written in row.headers.values()
        }
    elif listed in files:
        items = files[listed].children
        known = (
            {child.name for child in items[0].children} | set(items[0].attributes)
            if items
            else set()
        )
    else:
        return []
    try:
        tree = parse(without_references(text))
    except ExpressionError:
        return []
    problems = []
    for name in sorted(_bare(tree) - known - {"label", "itextId"}):
        if name.strip("_"):
            told, near = meant(name, known)
            problems.append(
                wrong(
                    Cell("survey", one.row.number, header),
                    "{question}: the list {list} has no column {name}.",
                    told or "Write '{name}' if a text is meant, ${{{name}}} if a question.",
                    question=one.name, list=listed, name=name, near=near,
                )
            )  # fmt: skip
    return problems


def _bare(tree: Tree[Token] | Token) -> set[str]:
    """The names that stand alone in an expression: columns of the list that it filters."""
    found: set[str] = set()
    left: list[Tree[Token] | Token] = [tree]
    while left:
        node = left.pop()
        if isinstance(node, Token):
            continue
        if node.data == "path":
            steps = [step for step in node.children if isinstance(step, Tree)]
            if len(steps) == len(node.children) == 1:
                first = steps[0].children[0]
                found |= {str(first)} if getattr(first, "type", "") == "NAME" else set()
            continue
        left += node.children
    return found
