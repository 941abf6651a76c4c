"""A village's use-gap profile: the frozen result that is stored, sent and shown.

Every number here has passed the rules of what is shown (METHOD.md §2): what is withheld is None
with its reason, before any rendering. Scores are 0-100, shares 0-100 (per cent), both as shown:
rounded to whole numbers, never 0 % or 100 % for a share.
"""

from __future__ import annotations

import types
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from surveys.form.indicators import Indicator

if TYPE_CHECKING:
    import pandas as pd
    from _typeshed import DataclassInstance

    from surveys.estimation.margins import Margins

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
    """In standard deviations between persons in the reference: not a score. One decimal."""
    base: str = ""
    """Of all three figures: zero, users or all; users where one side has too few non-users."""


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
    weakest: Literal["T", "C", "L", "P", "Q"] | None
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


def profiles(  # noqa: PLR0917
    frame: pd.DataFrame,
    villages: pd.DataFrame,
    indicators: Sequence[Indicator],
    choices: Mapping[str, Sequence[tuple[str, Mapping[str, str]]]],
    reference: Sequence[str],
    about: Mapping[str, str],
    only: Collection[str] | None = None,
    margins: Margins | None = None,
) -> dict[str, VillageProfile]:
    """The profiles of all villages of a wave, in one pass.

    `frame`, `villages`: see `surveys.estimation.frame`. `choices`: of each question its choices,
    (value, label by language). `reference`: the codes of the villages that make the reference area.
    `about`: wave, form_id, form_version, computed_at, reference_area. `only`: these villages.
    `margins`: of online adults, by place (see `surveys.estimation.margins`); a pool's users count
    whether their village is asked for or not.
    Raises ValueError for a code that `villages` does not have, or has twice, and for a frame
    without its own columns.
    """
    from surveys.estimation.villages import profiles as of_villages

    return of_villages(frame, villages, indicators, choices, reference, about, only, margins)


def village_profile(  # noqa: PLR0917
    code: str,
    frame: pd.DataFrame,
    villages: pd.DataFrame,
    indicators: Sequence[Indicator],
    choices: Mapping[str, Sequence[tuple[str, Mapping[str, str]]]],
    reference: Sequence[str],
    about: Mapping[str, str],
    margins: Margins | None = None,
) -> VillageProfile:
    """The profile of one village; arguments and errors as `profiles`."""
    return profiles(frame, villages, indicators, choices, reference, about, (code,), margins)[code]


def to_json(profile: VillageProfile) -> dict[str, Any]:
    """The profile as a JSON document: objects, lists, texts, numbers, true, false and null.

    >>> _write(Figure(41.0, 35.0, 47.0))
    {'value': 41.0, 'low': 35.0, 'high': 47.0, 'bound': '', 'withheld': '', 'words': ''}
    """
    return _object(profile)


def from_json(document: dict[str, Any]) -> VillageProfile:
    """The profile that `to_json` wrote.

    Raises ValueError where something is missing, unknown or of another type.

    >>> _read(Figure, {"value": 41}, "figure")
    Traceback (most recent call last):
    ...
    ValueError: figure: fields missing or unknown: bound, high, low, withheld, words
    """
    profile: VillageProfile = _read(VillageProfile, document, "profile")
    return profile


def _object(value: DataclassInstance) -> dict[str, Any]:
    return {one.name: _write(getattr(value, one.name)) for one in fields(value)}


def _write(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return _object(value)
    if isinstance(value, tuple):
        return [_write(one) for one in value]
    if isinstance(value, dict):
        return {key: _write(one) for key, one in value.items()}
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, value: Any, where: str) -> Any:
    """`value` as the type `kind`, which is one of those that the classes above use."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _read(next(one for one in inner if one is not type(None)), value, where)
    if origin is Literal and value in inner:
        return value
    if origin is tuple and isinstance(value, list):
        return tuple(_read(inner[0], one, f"{where}[{i}]") for i, one in enumerate(value))
    if origin is dict and isinstance(value, dict):
        return {key: _read(inner[1], one, f"{where}.{key}") for key, one in value.items()}
    if is_dataclass(kind) and isinstance(kind, type) and isinstance(value, dict):
        hints = _hints(kind)
        odd = sorted(hints.keys() ^ value.keys())
        if odd:
            raise ValueError(f"{where}: fields missing or unknown: {', '.join(odd)}")
        return kind(**{key: _read(hints[key], one, f"{where}.{key}") for key, one in value.items()})
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, type) and type(value) is kind:
        return value
    raise ValueError(f"{where}: not what was written there")
