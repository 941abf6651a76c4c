"""A village's use-gap profile: the frozen result that is stored, sent and shown.

Every number here has passed the rules of what is shown (METHOD.md §2): what is withheld is None
with its reason, before any rendering. Scores are 0-100, shares 0-100 (per cent), both as shown:
rounded to whole numbers, never 0 % or 100 % for a share.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from surveys.estimation.plain import plain, read

Withheld = Literal["", "few_persons", "few_homes", "no_reference", "not_asked", "too_few_for_this",
                   "imprecise", "complementary"]  # fmt: skip
"""complementary: with it, something that is hidden could be had by subtraction."""
LinkName = Literal["T", "C", "L", "P", "Q"]
Band = Literal["below", "same", "above"]
Kind = Literal["village", "township", "county", "programme"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its interval, or why it is withheld."""

    value: float | None
    low: float | None = None
    high: float | None = None
    bound: Literal["", "at_most", "at_least"] = ""
    """pi and U are "at most", the gap "at least", where adults offline are not known."""
    withheld: Withheld = ""
    words: Literal["", "few", "nearly_all"] = ""
    """In place of a share with under 3 persons on a side; `high` of few, or `low` of nearly all, is
    then how far that may reach, where a model of all villages says so."""
    modelled: bool = False
    """By the model of small villages, which borrows from the others."""


NONE = Figure(None, withheld="too_few_for_this")
"""What stands where nothing could be shown."""


@dataclass(frozen=True, slots=True)
class IndexFigure:
    """An index of the village beside the reference area's."""

    name: str
    label: dict[str, str]
    dimension: str
    kind: str
    base: str
    village: Figure
    reference: Figure
    higher_is_better: bool | None


@dataclass(frozen=True, slots=True)
class Share:
    """One choice of a list, or one level of a category, with its share."""

    value: str
    label: dict[str, str]
    figure: Figure


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of all choices of one indicator (skills ladder, needs, reasons)."""

    name: str
    label: dict[str, str]
    of: Literal["users", "non_users", "all"]
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """G and its exact split (METHOD.md §3), in points of U."""

    total: Figure
    access: Figure
    behaviour: Figure
    composition: Figure = NONE
    """Of behaviour: what goes with the village's users being of other ages and schooling."""
    rate: Figure = NONE
    """Of behaviour: what goes with less done by those of the same age and schooling."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain T → C → L → P → Q."""

    name: LinkName
    village: Figure
    reference: Figure
    shortfall: Figure
    """In standard deviations between persons in the reference: not a score. One decimal."""
    base: str = ""
    """Of all three figures: zero, users or all; users where one side has too few non-users."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A published figure that stands beside one of ours: context, no gap."""

    beside: str
    """The name of our quantity: "pi", "basic_skills", or of one choice of a list: "B6/skill"."""
    value: float
    label: dict[str, str]
    source: str
    year: str
    sources: dict[str, str] = field(default_factory=dict)
    """The source in the languages that the workbook has it in."""


@dataclass(frozen=True, slots=True)
class Group:
    """One category of a breakdown."""

    name: str
    """f, m; to54, from55; junior (to junior secondary), above."""
    persons: int
    """Users, rounded to 5."""
    use: Figure
    """ū: mean use score of its users."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Users by sex, age or schooling: both categories, or why neither is shown."""

    variable: Literal["sex", "age", "schooling"]
    groups: tuple[Group, ...]
    difference: Figure
    """ū of the second category less that of the first."""
    withheld: Withheld = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What has changed since the wave before, in points."""

    wave: str
    """The name of the wave before."""
    online: Figure
    use_of_users: Figure
    use: Figure


@dataclass(frozen=True, slots=True)
class Inequality:
    """How unequal use is, 0-100."""

    gini: Figure
    """Of all adults: 0 all alike, 100 one has all; who is not online has 0."""
    by_schooling: Figure
    """Erreygers' index among users: over 0 the more schooled use more."""


@dataclass(frozen=True, slots=True)
class Deprivation:
    """Who lacks a third or more of nine things (Alkire & Foster 2011)."""

    of: Literal["users", "all"]
    headcount: Figure
    """H: per cent of persons."""
    intensity: Figure
    """A: per cent of the things that these lack."""
    adjusted: Figure
    """M0 = H·A, 0-100."""
    lacks: tuple[Share, ...]
    """Per cent of all persons meant who lack each thing."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How well the items of a score hang together, 0-1 with two decimals; from 200 persons."""

    name: str
    label: dict[str, str]
    persons: int
    """Rounded to 5."""
    alpha: Figure
    omega: Figure


@dataclass(frozen=True, slots=True)
class Place:
    """A village in an area's profile."""

    code: str
    name: str
    persons: int
    use: Figure
    online: Figure
    band: Band | None
    ranks: tuple[int, ...] = ()
    """On request: the first and the last rank by U that it may have."""
    latitude: float | None = None
    longitude: float | None = None
    """Degrees (WGS 84) of the village, where they are known: for a map."""


@dataclass(frozen=True, slots=True)
class Around:
    """The area that a village is in, as its own profile says: what its dots stand beside."""

    name: str
    online: Figure
    use_of_users: Figure
    use: Figure
    indices: dict[str, Figure]
    """By the names of the village's."""


@dataclass(frozen=True, slots=True)
class Within:
    """What the profile of an area says of its villages."""

    villages: tuple[Place, ...]
    gradient: Figure | None
    """U by ring outward, points a ring; None where rings are not known."""
    modelled: int
    """Villages in the small-area model."""
    scales: tuple[Scale, ...]


@dataclass(frozen=True, slots=True)
class VillageProfile:
    """What the answers of one village say, or of an area made of several."""

    village: str
    code: str
    area: tuple[str, ...]
    """Names from the programme down to the township."""
    wave: str
    form_id: str
    form_version: str
    computed_at: str
    """ISO 8601 in the area's time zone."""
    reference_area: str | None

    # Who answered
    persons: int
    users: int
    homes: int
    by_mode: dict[str, int]
    """self, helped, proxy, visited -> persons, rounded to 5 (as `users` and `flags` are: parts of
    the whole) and left out where that is 0; empty, and `users` 0, where the level is "withheld"."""
    target: int | None
    households: int | None
    adults: int | None
    offline_known: bool
    without_phone: Figure
    """Share of adults without a phone of their own, in the homes reached."""
    level: Literal["withheld", "small", "medium", "full"]
    """The row of METHOD.md's table: under 10 or 5 homes, 10-29, 30-49, 50 and more."""
    grade: Literal["A", "B", "C"] | None
    missing_users: Figure
    """The sentence "each 10 points by which users who stayed away are lower takes … off":
    10·pi·(1-r), in points; value None where N is not known."""

    # What they say
    online: Figure
    """pi: share of adults online."""
    use_of_users: Figure
    """u: mean use score of users."""
    use: Figure
    """U = pi·u: the use score of all adults."""
    reference_online: Figure
    reference_use_of_users: Figure
    reference_use: Figure
    indices: tuple[IndexFigure, ...]
    shares: tuple[Shares, ...]
    gap: Gap | None
    gap_withheld: Withheld
    chain: tuple[Link, ...]
    weakest: LinkName | None
    benchmarks: tuple[Benchmark, ...]
    flags: dict[str, int]
    """Rounded to 5: flagged (persons), rosters_differ and rosters_short (homes; short: fewer online
    adults on the roster than users who answered)."""
    margins: tuple[str, ...] = ()
    """Raked to these margins of online adults: sex_age, schooling; none."""
    margins_of: str = ""
    """The village or area that the margins are of."""
    deff: float | None = None
    """Kish's n·Σw²/(Σw)² of those raked together, one decimal."""
    kind: Kind = "village"
    complementary: bool = False
    """Withheld because something else is: the level is "withheld" with 10 persons and more."""
    followup: int = 0
    """Homes visited that had kept silent: π and U are of both (Hansen & Hurwitz 1946)."""
    band: Band | None = None
    """U against the mean of the other villages; None where it is not compared."""
    compared: int = 0
    """How many villages have a band."""
    breakdowns: tuple[Breakdown, ...] = ()
    change: Change | None = None
    inequality: Inequality | None = None
    deprivation: Deprivation | None = None
    within: Within | None = None
    """Of an area."""
    waiting: int = 0
    """Persons who answered and are not in these numbers yet: ten of five homes make new ones."""
    around: Around | None = None
    """Of a village, where its area has a profile that may be shown."""
    organisation: str = ""
    """Who asks in this wave."""
    contact: str = ""
    """Whom to ask about it."""
    rejected: int = 0
    """Interviews that a review rejected by now, to 5. They leave the numbers ten at a time."""


def to_json(profile: VillageProfile) -> dict[str, Any]:
    """The profile as a JSON document: objects, lists, texts, numbers, true, false and null.

    >>> plain(Gap(Figure(41.0, 35.0, 47.0), NONE, NONE))["total"]["value"]
    41.0
    """
    return plain(profile)


def from_json(document: dict[str, Any]) -> VillageProfile:
    """The profile that `to_json` wrote.

    Raises ValueError where something is missing, unknown or of another type.

    >>> read(Figure, {"high": 41}, "figure")
    Traceback (most recent call last):
    ...
    ValueError: figure: fields missing or unknown: value
    """
    profile: VillageProfile = read(VillageProfile, document, "profile")
    return profile
