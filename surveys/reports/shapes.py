"""What a report shows, ready to be laid out: numbers in words with the places to draw them."""

from __future__ import annotations

from dataclasses import dataclass

from surveys.estimation.profile import Figure
from surveys.reports.wording import Unit, Words, known


@dataclass(frozen=True, slots=True)
class Mark:
    """One number to draw and to read. Positions are of 0-100; None: there is nothing to draw.

    `brief` is the text without its interval; not `shown`: the text says why there is no number.
    """

    text: str
    brief: str
    shown: bool = True
    value: float | None = None
    low: float | None = None
    high: float | None = None
    modelled: bool = False
    """Drawn hollow."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line with the village's mark, the reference's, and a published figure's position."""

    label: str
    note: str
    village: Mark
    reference: Mark | None = None
    published: float | None = None
    dimension: str = ""
    around: Mark | None = None
    """Of the area that the village is in."""
    beside: str = ""
    """A published figure of the same, in words."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of choices with their shares, or why none of them is shown."""

    rows: tuple[Row, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One level of the skills ladder: its share of the bar (0-100) and its place from the top."""

    label: str
    text: str
    brief: str
    width: float
    place: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """The skills ladder as one bar: its steps from the top down, and why there are none.

    `hidden` is the width (0-100) that belongs to levels which are not shown as numbers.
    """

    steps: tuple[Step, ...] = ()
    hidden: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Lever:
    """A lever with the link it moves: both areas' scores, the shortfall, what people ask for."""

    lever: str
    link: str
    action: str
    village: Mark
    reference: Mark
    behind: Mark
    """Its value is 0-100 of the largest shortfall on the page."""
    distance: str
    """How far behind or ahead, in words, or why that is not said."""
    weakest: bool
    asked: str


@dataclass(frozen=True, slots=True)
class Slice:
    """One part of the gap: where it starts and how wide it is, of 0-100 of the bar."""

    label: str
    text: str
    brief: str
    start: float
    width: float
    place: int
    """0: access, 1: behaviour."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of two groups that stand on one line."""

    label: str
    note: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Pair:
    """Two groups of those online on one line, and whether they differ; or why they are not shown.

    `parts` are two, or none where `said` tells why.
    """

    label: str
    parts: tuple[Part, ...]
    said: str


@dataclass(frozen=True, slots=True)
class Lacking:
    """Who lacks much: sentences, and what is lacked most often."""

    said: tuple[str, ...] = ()
    most: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """One of the three layers: what it asks, and the numbers that belong to it."""

    name: str
    question: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quoted:
    """A published figure: in short, and with all that is said of where it comes from."""

    brief: str
    full: str


@dataclass(frozen=True, slots=True)
class Content:
    """A report, ready to be laid out. Of a withheld one what has a default stays empty.

    The villages of an area have profiles of their own and may stand there.
    """

    village: str
    """Or the area's name."""
    subtitle: str
    place: str
    wave: str
    date: str
    withheld: bool
    headline: tuple[str, ...]
    respondents: tuple[str, ...] = ()
    band: str = ""
    """Against the mean of the other villages."""
    modelled: str = ""
    """What the sign of modelled numbers means; "" if there is none."""
    waiting: str = ""
    """Who has answered and is not in these numbers yet."""
    reference: str = ""
    """The name of the reference area, "" if there is none."""
    online: tuple[Row, ...] = ()
    indices: tuple[Row, ...] = ()
    dots: tuple[Row, ...] = ()
    """Access, use and resource: of `online` and `indices` those, in this order."""
    others: tuple[Row, ...] = ()
    """The other `indices`."""
    around: str = ""
    """The name of the area that the village is in, "" where its figures are not shown."""
    pairs: tuple[Pair, ...] = ()
    apart: tuple[str, ...] = ()
    """Of the `pairs` those that clearly differ, in sentences."""
    change: str = ""
    """The most important of `changes` as a sentence."""
    before: str = ""
    """The wave that `changes` count from."""
    changes: tuple[Row, ...] = ()
    compared: str = ""
    split: str = ""
    inside: str = ""
    """What of the gap's second part goes with other ages and schooling."""
    slices: tuple[Slice, ...] = ()
    ladder: Ladder = Ladder()
    unequal: tuple[str, ...] = ()
    lacking: Lacking = Lacking()
    chain: str = ""
    """What is said of the weakest link; "" if there is no chain."""
    links: str = ""
    """The chain's links in their order, with arrows."""
    order: str = ""
    """The levers in the order of action, with arrows."""
    levers: tuple[Lever, ...] = ()
    layers: tuple[Layer, ...] = ()
    needs: Listed = Listed()
    reasons: Listed = Listed()
    reasons_elsewhere: str = ""
    """What the published figures beside the reasons are; "" where there are none."""
    villages: tuple[Row, ...] = ()
    """Of an area."""
    about_villages: tuple[str, ...] = ()
    """What goes for these rows, with the gradient."""
    bands: tuple[str, ...] = ()
    """Which villages are clearly below or above the others, in sentences."""
    gradient: str = ""
    published: tuple[Quoted, ...] = ()
    limits: tuple[str, ...] = ()
    method: tuple[str, ...] = ()
    asking: tuple[str, ...] = ()
    """Who asks and whom to ask."""


def mark(figure: Figure, say: Words, unit: Unit = "points") -> Mark:
    """A figure's words, and its positions if it may be drawn."""
    text = say.figure(figure, unit)
    if figure.words or figure.withheld not in ("", "imprecise"):
        return Mark(text, text, visible(figure))
    value = known(figure)
    brief = text if value is None else say.bounded(figure, say.number(value, unit))
    low, high = within(figure.low), within(figure.high)
    return Mark(text, brief, visible(figure), within(value), low, high, figure.modelled)


def within(value: float | None) -> float | None:
    """A position on the scale 0-100."""
    return None if value is None else min(100.0, max(0.0, value))


def visible(figure: Figure) -> bool:
    """Whether a figure is shown as a number, as an interval or in words."""
    if figure.withheld in ("", "imprecise"):
        return bool(figure.words) or known(figure) is not None or figure.low is not None
    return False


def complete(figure: Figure) -> bool:
    """Whether a share is shown as a number."""
    return known(figure) is not None
