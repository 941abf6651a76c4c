"""What is asked: a frozen form, as an XForm says it, with every expression compiled.

Nothing here does anything: `xform.py` builds these values, the interview engine walks them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Literal

from surveys.form.expression import Expression, Itemset
from surveys.form.items import Item

QuestionType = Literal[
    "note", "acknowledge", "text", "integer", "decimal", "range", "date", "time", "dateTime",
    "select_one", "select_multiple", "rank", "geopoint", "geotrace", "geoshape", "barcode",
    "image", "audio", "video", "file", "calculate",
]  # fmt: skip
"""`calculate` is every node that a person is never asked, metadata (start, end) included."""

MEDIA_TYPES = frozenset({"image", "audio", "video", "file"})
"""Questions answered with something that is kept as an attachment; the value is its name."""

ValueType = Literal[
    "string", "int", "decimal", "boolean", "date", "time", "dateTime", "geopoint", "geotrace",
    "geoshape", "barcode", "binary", "select", "select1", "rank",
]  # fmt: skip
"""What a node holds, by its bind."""

Preload = Literal["", "start", "end", "today", "uid", "property"]
"""What fills a node by itself, by the XForm's `jr:preload`: the time of the first event, of the
last one, the day, a random id, something that is known of who asks (`Question.known_as`)."""

MediaKind = Literal["image", "big-image", "audio", "video"]

EventName = Literal["first-load", "load", "new-repeat", "value-changed"]
"""When an action runs: once at the very first, whenever the form is opened, when an instance of the
repeat is added, when a person changes the value of the question that it stands in."""


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
    media: Mapping[str, Mapping[MediaKind, str]] = field(default_factory=dict)
    """Names of files to show with it, by language."""
    item: Item | None = None
    """Of a list: its row, which a choice filter looks at."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of one question, in the order written."""

    list_name: str
    choices: tuple[Choice, ...]
    """All of them; empty where `nodes` finds them."""
    shuffled: bool = False
    seed: Expression | None = None
    """Of a shuffled list; None: shuffled by the interview's own seed."""
    nodes: Itemset | None = None
    """What finds the choices anew each time: a filtered list, or the instances of a repeat."""
    value: Expression | None = None
    """Of choices that are instances of a repeat: what is stored, seen from the instance."""
    label: Expression | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers of a range question."""

    start: Decimal
    end: Decimal
    step: Decimal
    """More than 0; a range may run downwards (start > end)."""


@dataclass(frozen=True, slots=True)
class SetValue:
    """An action: at this event the node at `target` gets the value of an expression."""

    event: EventName
    target: str
    value: Expression
    source: str = ""
    """The question that it stands in, of value-changed; the repeat, of new-repeat."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What stands in nodes before anybody has answered, as the form is written."""

    answers: Mapping[str, str] = field(default_factory=dict)
    """Values by the paths of their nodes: "/data/person[1]/age"."""
    instances: Mapping[str, int] = field(default_factory=dict)
    """How many instances repeats have: "/data/person"."""


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
class Repeat(Group):
    """A group that a person answers several times; each time is an instance, from 1."""

    count: Expression | None = None
    """How many instances there are; None: as many as a person adds."""
    counted_at: str = ""
    """The node that `count` is, where it is just one: its value counts even while it is not
    relevant, as in JavaRosa."""
    fixed: bool = False
    """Whether instances can neither be added nor taken away: those of the beginning stay."""
    fresh: Beginning = field(default_factory=Beginning)
    """What is in a new instance; the paths without a "/" at the front, from the instance on."""


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
    value_type: ValueType = "string"
    guidance: Text | None = None
    """More words about the question, for who asks for them."""
    media: Mapping[str, Mapping[MediaKind, str]] = field(default_factory=dict)
    """Names of files to show with the question, by language."""
    numbers: Range | None = None
    """Of a range."""
    known_as: str = ""
    """Of a preload: what is asked of who runs the interview ("deviceid")."""
    triggers: bool = False
    """Whether actions run when a person changes its value."""

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
    actions: tuple[SetValue, ...] = ()
    beginning: Beginning = field(default_factory=Beginning)
    lists: Mapping[str, Item] = field(default_factory=dict)
    """The documents of the secondary instances: lists of choices, and what files brought."""
    texts: Mapping[str, Text] = field(default_factory=dict)
    """Texts by their ids, where an expression looks them up by `jr:itext()`."""
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
    def repeats(self) -> Mapping[str, tuple[str, ...]]:
        """The paths of the repeats around each node, outermost first, itself if it is one."""
        nodes = self.nodes
        return {
            path: tuple(
                one for one in (*self.parents[path], path) if isinstance(nodes[one], Repeat)
            )
            for path in nodes
        }

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
