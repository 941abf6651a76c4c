"""What can be wrong with a form: where, what, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LONGEST_SHOWN = 120
"""Characters of an expression in a problem: what a small screen shows of it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a form."""

    severity: Literal["error", "warning"]
    what: str
    """One sentence."""
    remedy: str
    """What to write instead: one sentence, or "" where the sentence above says it."""
    sheet: str = ""
    row: int | None = None
    column: str = ""
    """The header of the column."""
    node: str = ""
    """The path of the node that it is about, where there is one."""

    def __str__(self) -> str:
        where = self.sheet
        if self.row is not None:
            where += f" row {self.row}"
        if self.column:
            where += f", {self.column}" if where else self.column
        sentence = f"{where}: {self.what}" if where else self.what
        return f"{sentence} {self.remedy}".strip()


class FormError(Exception):
    """A form that cannot be used, with everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


# What an XForm can have wrong -----------------------------------------------------------------


def not_xml(reason: str) -> Problem:
    """A text that is no XML, or XML that could read other files."""
    return Problem("error", f"This is no XForm: {reason}.", "Send the XForm as ODK exports it.")


def no_part(part: str) -> Problem:
    """An XForm without one of its parts."""
    return Problem("error", f"This XForm has no {part}.", "Send the XForm as ODK exports it.")


def not_supported(node: str, kind: str) -> Problem:
    """Something that ODK has and that cannot be asked yet."""
    return Problem(
        "error",
        f"{_name(node)}: {kind} is not supported yet.",
        "Take it out, or ask in another way.",
        node=node,
        column="type",
    )


def bad_expression(node: str, column: str, text: str, message: str, position: int) -> Problem:
    """An expression that cannot be understood, with an arrow at the place in it."""
    before, after = text[:position], text[position:]
    told = " ".join((f"{before} → {after}" if before.strip() and after.strip() else text).split())
    shown = told if len(told) <= LONGEST_SHOWN else _around(told, LONGEST_SHOWN)
    return Problem(
        "error", f"{_name(node)}: {message}", f"It says: {shown}", column=column, node=node
    )


def unknown_name(node: str, column: str, name: str) -> Problem:
    """A bare name that stands for no node, in a form that nobody here wrote."""
    return Problem(
        "warning",
        f"{_name(node)}: {name} stands for no question and is always blank.",
        f"Write '{name}' in quotes if a text is meant.",
        column=column,
        node=node,
    )


def circle(paths: tuple[str, ...]) -> Problem:
    """Nodes that are computed from each other; the first is named again at the end."""
    names = " → ".join(_name(path) for path in (*paths, paths[0]))
    return Problem(
        "error",
        f"These are computed from each other in a circle: {names}.",
        "Take one of them out of the expression of another.",
        column="calculation",
        node=paths[0],
    )


def twice(node: str) -> Problem:
    """Two nodes of the same name in one group."""
    return Problem("error", f"{_name(node)}: two nodes have this name.", "Rename one.", node=node)


def too_deep(node: str, most: int) -> Problem:
    """Groups inside groups without end."""
    return Problem(
        "error", f"{_name(node)}: more than {most} groups are inside each other.", "", node=node
    )


def bind_without_node(path: str) -> Problem:
    """A bind, or a question, whose node the form does not have."""
    return Problem(
        "error", f"{path} is used, but the form has no such node.", "Check its spelling.", node=path
    )


def no_choices(node: str, list_name: str) -> Problem:
    """A question to choose from nothing."""
    return Problem(
        "error",
        f"{_name(node)}: the choice list {list_name} has no choices.",
        "Write its choices on the sheet choices.",
        node=node,
        column="type",
    )


def spaced_choice(node: str, value: str) -> Problem:
    """A value with a space, which in a select_multiple would be read as two."""
    return Problem(
        "error",
        f"{_name(node)}: the choice name '{value}' has a space in it.",
        "Write an underscore instead.",
        node=node,
    )


def choice_twice(node: str, value: str) -> Problem:
    """Two choices with one value."""
    return Problem(
        "warning", f"{_name(node)}: two choices are named '{value}'.", "Rename one.", node=node
    )


def no_text(node: str, text_id: str) -> Problem:
    """A reference to a text that no translation has."""
    return Problem("error", f"{_name(node)}: the text {text_id} is missing.", "", node=node)


def media_left_out(node: str) -> Problem:
    """Pictures and sounds of a label."""
    return Problem(
        "warning", f"{_name(node)}: pictures and sounds of a text are not shown yet.", "", node=node
    )


def never_filled(node: str, what: str) -> Problem:
    """Something that a telephone would fill in and a messenger cannot."""
    return Problem(
        "warning",
        f"{_name(node)}: {what} is known to a telephone only and stays blank here.",
        "",
        node=node,
    )


def _name(path: str) -> str:
    return path.rpartition("/")[2] or path


def _around(text: str, most: int) -> str:
    """So much of a text, with the arrow in it, if it has one."""
    start = max(0, min(text.find("→") - most // 2, len(text) - most))
    cut = text[start : start + most]
    return f"{'…' if start else ''}{cut}{'…' if start + most < len(text) else ''}"
