"""What can be wrong with a form: where, what, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from surveys.form.sentences import sentence

LONGEST_SHOWN = 120
"""Characters of an expression in a problem: what a small screen shows of it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a form."""

    severity: Literal["error", "warning"]
    what: str
    """One sentence; a `Sentence` where it can be said in other languages."""
    remedy: str
    """What to write instead: one sentence, or "" where the sentence above says it."""
    sheet: str = ""
    row: int | None = None
    column: str = ""
    """The header of the column."""
    node: str = ""
    """The path of the node that it is about, where there is one."""

    @property
    def where(self) -> str:
        """The sheet, row and column, as far as they are known: "survey row 5, relevant"."""
        found = self.sheet
        if self.row is not None:
            found += f" row {self.row}"
        if self.column:
            found += f", {self.column}" if found else self.column
        return found

    def __str__(self) -> str:
        told = f"{self.where}: {self.what}" if self.where else self.what
        return f"{told} {self.remedy}".strip()


class Cell(NamedTuple):
    """A place in a workbook; "" and None where a part of it is not known."""

    sheet: str = ""
    row: int | None = None
    column: str = ""
    """The header, as its sheet was read."""


class FormError(Exception):
    """A form that cannot be used, with everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


# In a workbook ---------------------------------------------------------------------------------


def wrong(cell: Cell, told: str, remedy: str = "", /, **named: object) -> Problem:
    """An error in a cell: both sentences are templates, filled with what is named."""
    return Problem("error", sentence(told, **named), sentence(remedy, **named), *cell)


def odd(cell: Cell, told: str, remedy: str = "", /, **named: object) -> Problem:
    """The same as a warning: the form works, though perhaps not as was meant."""
    return Problem("warning", sentence(told, **named), sentence(remedy, **named), *cell)


def refused(what: str, remedy: str = "", /, **named: object) -> FormError:
    """A file that cannot be taken in at all, for one reason."""
    return FormError((wrong(Cell(), what, remedy, **named),))


# What an XForm can have wrong -----------------------------------------------------------------


def not_xml(reason: str) -> Problem:
    """A text that is no XML, or XML that could read other files."""
    return wrong(Cell(), "This is no XForm: {reason}.", _EXPORTED, reason=reason)


def no_part(part: str) -> Problem:
    """An XForm without one of its parts."""
    return wrong(Cell(), "This XForm has no {part}.", _EXPORTED, part=part)


def not_supported(node: str, kind: str) -> Problem:
    """Something that ODK has and that cannot be asked yet."""
    what = "{name}: {kind} is not possible in a chat."
    remedy = "Take it out, or ask in another way."
    return _of(node, "type", wrong(Cell(), what, remedy, name=_name(node), kind=kind))


def bad_expression(node: str, column: str, text: str, message: str, position: int) -> Problem:
    """An expression that cannot be understood, with an arrow at the place in it."""
    shown = at_place(text, position)
    what, remedy = "{name}: {message}", "It says: {shown}"
    told = wrong(Cell(), what, remedy, name=_name(node), message=message, shown=shown)
    return _of(node, column, told)


def unknown_name(node: str, column: str, name: str) -> Problem:
    """A bare name that stands for no node, in a form that nobody here wrote."""
    what = "{name}: {word} stands for no question and is always blank."
    remedy = "Write '{word}' in quotes if a text is meant."
    return _of(node, column, odd(Cell(), what, remedy, name=_name(node), word=name))


def circle(paths: tuple[str, ...]) -> Problem:
    """Nodes that are computed from each other; the first is named again at the end."""
    names = " → ".join(_name(path) for path in (*paths, paths[0]))
    what = "These are computed from each other in a circle: {names}."
    remedy = "Take one of them out of the expression of another."
    return _of(paths[0], "calculation", wrong(Cell(), what, remedy, names=names))


def twice(node: str) -> Problem:
    """Two nodes of the same name in one group."""
    what = "{name}: two nodes have this name."
    return _of(node, "", wrong(Cell(), what, "Rename one.", name=_name(node)))


def too_deep(node: str, most: int) -> Problem:
    """Groups inside groups without end."""
    what = "{name}: more than {most} groups are inside each other."
    return _of(node, "", wrong(Cell(), what, name=_name(node), most=most))


def bind_without_node(path: str) -> Problem:
    """A bind, or a question, whose node the form does not have."""
    what = "{path} is used, but the form has no such node."
    return _of(path, "", wrong(Cell(), what, "Check its spelling.", path=path))


def no_choices(node: str, list_name: str) -> Problem:
    """A question to choose from nothing."""
    what = "{name}: the choice list {list} has no choices."
    remedy = "Write its choices on the sheet choices."
    return _of(node, "type", wrong(Cell(), what, remedy, name=_name(node), list=list_name))


def spaced_choice(node: str, value: str) -> Problem:
    """A value with a space, which in a select_multiple would be read as two."""
    what = "{name}: the choice name '{value}' has a space in it."
    remedy = "Write an underscore instead."
    return _of(node, "", wrong(Cell(), what, remedy, name=_name(node), value=value))


def choice_twice(node: str, value: str) -> Problem:
    """Two choices with one value."""
    what = "{name}: two choices are named '{value}'."
    return _of(node, "", odd(Cell(), what, "Rename one.", name=_name(node), value=value))


def no_text(node: str, text_id: str) -> Problem:
    """A reference to a text that no translation has."""
    what = "{name}: the text {text} is missing."
    return _of(node, "", wrong(Cell(), what, name=_name(node), text=text_id))


def media_left_out(node: str) -> Problem:
    """Pictures and sounds of a label."""
    what = "{name}: pictures and sounds of a text are not shown yet."
    return _of(node, "", odd(Cell(), what, name=_name(node)))


def list_missing(name: str, file: str) -> Problem:
    """A list that a form names and that did not come with it."""
    return Problem(
        "error",
        f"The list {name} is to come from the file {file}, which is not here.",
        "Send it together with the form, in one zip file.",
        node=name,
        column="type",
    )


def last_saved(name: str) -> Problem:
    """Answers of the interview before on the same telephone: here there is none."""
    return Problem(
        "error",
        f"{name}: answers of an earlier interview cannot be looked at here.",
        "Take last-saved out.",
        node=name,
    )


def bad_range(node: str, name: str, text: str) -> Problem:
    """A range that runs from, to or by what is no number."""
    return Problem(
        "error",
        f"{_name(node)}: {name}={text} is no number for a range.",
        "Write numbers, as in start=0 end=10 step=1.",
        node=node,
        column="parameters",
    )


def seldom_filled(node: str, what: str) -> Problem:
    """Something that would name who answers."""
    return Problem(
        "warning",
        f"{_name(node)}: {what} stays blank here, because answers name nobody.",
        "",
        node=node,
    )


def never_filled(node: str, what: str) -> Problem:
    """Something that a telephone would fill in and a messenger cannot."""
    told = "{name}: {what} is known to a telephone only and stays blank here."
    return _of(node, "", odd(Cell(), told, name=_name(node), what=what))


_EXPORTED = "Send the XForm as ODK exports it."


def at_place(text: str, position: int) -> str:
    """An expression on one line, short, with an arrow at a place in it."""
    before, after = text[:position], text[position:]
    told = " ".join((f"{before} → {after}" if before.strip() and after.strip() else text).split())
    return told if len(told) <= LONGEST_SHOWN else _around(told, LONGEST_SHOWN)


def _of(node: str, column: str, problem: Problem) -> Problem:
    return replace(problem, node=node, column=column)


def _name(path: str) -> str:
    return path.rpartition("/")[2] or path


def _around(text: str, most: int) -> str:
    """So much of a text, with the arrow in it, if it has one."""
    start = max(0, min(text.find("→") - most // 2, len(text) - most))
    cut = text[start : start + most]
    return f"{'…' if start else ''}{cut}{'…' if start + most < len(text) else ''}"
