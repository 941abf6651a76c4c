"""A village's use-gap profile: the frozen result that is stored, sent and shown.

Every number here has passed the rules of what is shown (METHOD.md §2): what is withheld is None
with its reason, before any rendering. Scores are 0-100, shares 0-100 (per cent), both as shown:
rounded to whole numbers, never 0 % or 100 % for a share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Withheld = Literal["", "few_persons", "few_homes", "no_reference", "not_asked", "too_few_for_this",
                   "imprecise"]  # fmt: skip


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
    """In place of a share with under 3 persons on a side."""


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


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain T → C → L → P → Q."""

    name: Literal["T", "C", "L", "P", "Q"]
    village: Figure
    reference: Figure
    shortfall: Figure
    """In standard deviations between persons in the reference: not a score."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A published figure that stands beside one of ours: context, no gap."""

    beside: str
    """The name of our quantity: "pi", "basic_skills"."""
    value: float
    label: dict[str, str]
    source: str
    year: str


@dataclass(frozen=True, slots=True)
class VillageProfile:
    """What the answers of one village say."""

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
    """self, helped, proxy, visited -> persons (in breakdowns rounded to 5)."""
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
    weakest: Literal["T", "C", "L", "P", "Q"] | None
    benchmarks: tuple[Benchmark, ...]
    flags: dict[str, int]


def to_json(profile: VillageProfile) -> dict[str, Any]:
    """The profile as a JSON document."""
    raise NotImplementedError


def from_json(document: dict[str, Any]) -> VillageProfile:
    """The profile that `to_json` wrote."""
    raise NotImplementedError
