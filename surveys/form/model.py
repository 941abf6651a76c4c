"""What is asked: a frozen form, as an XForm says it, with every expression compiled.

Nothing here does anything: `xform.py` builds these values, the interview engine walks them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from surveys.form.expression import Expression

QuestionType = Literal[
    "note", "select_one", "select_multiple", "integer", "decimal", "text", "date", "calculate"
]
"""`calculate` is every node that a person is never asked, metadata (start, end) included."""

Preload = Literal["", "start", "end", "today", "uid"]
"""What fills a node by itself, by the XForm's `jr:preload`: the time of the first event, of the
last one, the day, a random id."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text in every language of the form: pieces of plain text and `${…}` outputs."""

    pieces: Mapping[str, tuple[str | Expression, ...]]
    """By language, as the form names it ("English (en)"); "" where a form has no languages."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a list: the value that is stored and the label that is read."""

    value: str
    label: Text


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of one question, in the order written."""

    list_name: str
    choices: tuple[Choice, ...]
    shuffled: bool = False
    seed: Expression | None = None
    """Of a shuffled list; None: shuffled by the interview's own seed."""


@dataclass(frozen=True, slots=True)
class Group:
    """Questions that stand together; irrelevant as one."""

    path: str
    name: str
    label: Text | None
    relevant: Expression | None
    children: tuple[Node, ...]
    appearance: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One node that holds a value: asked of a person, or computed."""

    path: str
    """Absolute, as in the XForm: "/data/home/A6"."""
    name: str
    type: QuestionType
    label: Text | None = None
    hint: Text | None = None
    choices: Choices | None = None
    relevant: Expression | None = None
    required: Expression | None = None
    required_message: Text | None = None
    constraint: Expression | None = None
    constraint_message: Text | None = None
    calculation: Expression | None = None
    default: str = ""
    preload: Preload = ""
    read_only: Expression | None = None
    appearance: str = ""

    @property
    def asked(self) -> bool:
        """Whether a person answers this node (a note is shown, not answered)."""
        return self.type not in ("calculate", "note")


Node = Group | Question


@dataclass(frozen=True)
class Form:
    """One published version of an instrument."""

    id: str
    version: str
    title: str
    languages: tuple[str, ...]
    """As the form names them, the default first; ("",) where it names none."""
    root: Group
    order: tuple[str, ...]
    """Paths of all groups and questions in an order in which every expression reads only what
    stands before it (a node comes after its group): one pass in this order settles a form."""
    warnings: tuple[str, ...] = field(default=())

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """Every question, computed ones included, in the order of the document."""
        return tuple(node for node in _walk(self.root) if isinstance(node, Question))

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """Every group and question by its path."""
        return {node.path: node for node in _walk(self.root)}

    @cached_property
    def parents(self) -> Mapping[str, tuple[str, ...]]:
        """The paths of the groups around each node, outermost first, the root left out."""
        found: dict[str, tuple[str, ...]] = {}

        def visit(group: Group, around: tuple[str, ...]) -> None:
            for child in group.children:
                found[child.path] = around
                if isinstance(child, Group):
                    visit(child, (*around, child.path))

        visit(self.root, ())
        return found

    @property
    def default_language(self) -> str:
        """The language a form is read in when a person's own is not among its languages."""
        return self.languages[0]


def language_of(form: Form, tag: str) -> str:
    """The form's own name of the language with this tag ("zh" -> "中文 (zh)"), or its default.

    A form names its languages freely; ODK's advice, "Name (tag)", is what is understood here, and
    a bare tag or name.
    """
    wanted = tag.lower().replace("_", "-")
    for candidate in (wanted, wanted.split("-", maxsplit=1)[0]):
        for name in form.languages:
            code = name[name.rfind("(") + 1 : -1] if name.endswith(")") else name
            if candidate in (code.lower(), name.lower()):
                return name
    return form.default_language


def _walk(group: Group) -> Iterator[Node]:
    for child in group.children:
        yield child
        if isinstance(child, Group):
            yield from _walk(child)
