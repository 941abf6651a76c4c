"""What ${…} stands for in the cells of a workbook: known, one of its name, inside its repeat."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lark import Token, Tree

from surveys.form.grammar import ExpressionError, parse
from surveys.form.headers import EXPRESSIONS, TRANSLATED, Columns
from surveys.form.problems import Cell, Problem, at_place, odd, wrong
from surveys.form.sheets import Book, Row
from surveys.form.survey_rows import Survey, SurveyRow, meant

_PARTS = re.compile(r"\$\{([^}$]*)\}|\$\{")
_NAMED = re.compile(r"(last-saved#)?([^\W\d][\w.\-]*)")
_SPACES = re.compile(r"\s*(?:last-saved#)?\s*(.*?)\s*", re.DOTALL)
_OF_MANY = frozenset({
    "sum", "count", "count-non-empty", "min", "max", "join", "concat", "indexed-repeat", "area",
    "distance", "position", "randomize", "string-join",
})  # fmt: skip
"""Functions that take all answers of a question inside a repeat."""
ADDED = frozenset({"instanceID"})
"""Names that the sheet does not have and the form does."""


def reference_problems(survey: Survey, book: Book) -> list[Problem]:
    """References to names that are not there, or that stand for several answers at once."""
    reading = _Reading(survey)
    for one in survey.rows:
        reading.row(one)
    choices = Columns("choices", book.headers.get("choices", {}))
    for row in book.get("choices", ()):
        for _, header, text in choices.cells(row, *TRANSLATED):
            reading.named(Cell("choices", row.number, header), text)
    for row in book.get("settings", ())[:1]:
        for header, text in row.cells.items():
            reading.named(Cell("settings", row.number, header), text)
    return reading.problems


def without_references(text: str) -> str:
    """A text as the grammar of expressions can read it: a name of the same length for each ${…}."""
    return _PARTS.sub(lambda part: "_" * len(part[0]) if part[1] is not None else part[0], text)


def syntax_problem(cell: Cell, name: str, text: str) -> Problem | None:
    """What is wrong with a cell's expression, told about the text as its author wrote it."""
    try:
        parse(without_references(text))
    except ExpressionError as found:
        return wrong(
            cell, "{name}: {message}", "It says: {shown}",
            name=name, message=found.message, shown=at_place(text, found.position),
        )  # fmt: skip
    return None


class _Reading:
    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.problems: list[Problem] = []
        self.inside: Mapping[str, tuple[str, ...]] = {
            one.name: one.repeats for one in survey.rows if one.name
        }
        self.questions = {one.name for one in survey.rows if one.written.kind != "begin"}

    def row(self, one: SurveyRow) -> None:
        row = one.row
        for column, header, text in self.survey.columns.cells(
            row, *EXPRESSIONS, *TRANSLATED, "default", "parameters", "appearance", "trigger"
        ):
            cell = Cell("survey", row.number, header)
            if column == "trigger":
                self.trigger(cell, text)
            elif "${" in text:
                names = self.named(cell, text)
                if column != "parameters":
                    self.many(cell, one, names, text, column in EXPRESSIONS)
        listed = one.written.listed
        if "${" in listed:
            self.named(self.survey.cell(row, "type"), listed)

    def named(self, cell: Cell, text: str) -> list[str]:
        """The names in a cell that are those of one row; all others are problems."""
        found = []
        for part in dict.fromkeys(match[0] for match in _PARTS.finditer(text)):
            match = _NAMED.fullmatch(part[2:-1])
            name = match[2] if match else ""
            if match and match[1]:
                self.problems.append(
                    wrong(cell, "{part} is an answer of an earlier interview: none is at hand.",
                          "Take it out, or ask anew.", part=part[:80])
                )  # fmt: skip
            elif self.survey.names[name] == 1 or name in ADDED:
                found.append(name)
            else:
                self.problems.append(self.unknown(cell, part))
        return found

    def unknown(self, cell: Cell, part: str) -> Problem:
        names = self.survey.names
        if not part.endswith("}") or not (inner := _SPACES.fullmatch(part[2:-1])) or not inner[1]:
            return wrong(cell, "{part} is not closed, or empty.",
                         "Write ${{name}}, with a question's name.", part=part[:80])  # fmt: skip
        name = inner[1]
        if names[name] == 1:
            return wrong(cell, "{part} has spaces in it.", "Write ${{{name}}}.",
                         part=part, name=name)  # fmt: skip
        if name in names:
            return wrong(cell, "More than one row is named '{name}'.", "Rename all but one.",
                         name=name)  # fmt: skip
        told, near = meant(name, names)
        return wrong(cell, "There is no question '{name}'.", told, name=name[:80], near=near)

    def trigger(self, cell: Cell, text: str) -> None:
        if "${" not in text:
            self.problems.append(
                wrong(cell, "{text} names no question.", "Write ${{name}}.", text=text[:80])
            )
            return
        for name in self.named(cell, text):
            if name not in self.questions:
                self.problems.append(
                    wrong(cell, "{name} is a group: it never changes by itself.",
                          "Name a question in it.", name=name)
                )  # fmt: skip
        if re.sub(r"[\s,]", "", _PARTS.sub("", text)):
            self.problems.append(
                wrong(cell, "A trigger is the name of a question alone.",
                      "Write ${{name}}, or several with commas between them.")
            )  # fmt: skip

    def many(
        self, cell: Cell, one: SurveyRow, names: list[str], text: str, expression: bool
    ) -> None:
        """Names of questions in a repeat that this row is not in, where one value is wanted."""
        for name in names:
            around = self.inside.get(name, ())
            if around == one.repeats[: len(around)] or (
                expression and name not in _alone(text, name)
            ):
                continue
            self.problems.append(
                odd(
                    cell,
                    "{name} is in the repeat {repeat}: here it stands for several answers.",
                    "Write what is to be made of them, as in sum(${{{name}}}), count(${{{name}}})"
                    " or indexed-repeat(${{{name}}}, ${{{repeat}}}, 1).",
                    name=name,
                    repeat=around[-1],
                )
            )


def _alone(text: str, name: str) -> set[str]:
    """The name, if in this expression it stands somewhere as one value."""
    mark = "_" + "".join(letter if letter.isalnum() else "_" for letter in name)
    plain = _PARTS.sub(
        lambda part: mark if (part[1] or "").removeprefix("last-saved#") == name else "_", text
    )
    try:
        tree = parse(plain)
    except ExpressionError:
        # Told by itself, elsewhere.
        return set()
    return {name} if _single(tree, mark, False) else set()


def _single(tree: Tree[Token] | Token, mark: str, many: bool) -> bool:
    """Whether a path that begins with `mark` stands outside all functions of many values."""
    if isinstance(tree, Token):
        return False
    children = tree.children
    if tree.data == "path":
        steps = [step for step in children if isinstance(step, Tree)]
        narrowed = [part for step in steps for part in step.children if isinstance(part, Tree)]
        if any(_single(part, mark, False) for part in narrowed):
            return True
        # What a predicate narrows down is meant to be one.
        return not many and not narrowed and any(mark in step.children for step in steps)
    if tree.data == "call":
        many = str(children[0]) in _OF_MANY
    return any(_single(one, mark, many) for one in children)


def expression_cells(row: Row, columns: Columns) -> Iterator[tuple[str, str, str]]:
    """The cells of a row that are expressions: column, header, text."""
    yield from columns.cells(row, *EXPRESSIONS)
