"""What is shown, decided before anything is rendered (METHOD: the four-row table; NCHS 2017).

| persons behind a number | shown                                                      |
|-------------------------|------------------------------------------------------------|
| under 10, or 5 homes    | nothing                                                    |
| 10-29                   | U, π and indices, with intervals                           |
| 30-49                   | also direct means, proportions, gap, split, chain          |
| 50 and more             | everything                                                 |

Numbers come out as they are shown: whole, a share never 0 % or 100 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from surveys.estimation.decomposition import Interval, Split, online_limits
from surveys.estimation.estimates import Estimate
from surveys.estimation.frame import Bools, Floats
from surveys.estimation.intervals import effective_size, korn_graubard, t_interval, wilson
from surveys.estimation.profile import Figure, Withheld

INDEX_FROM, DIRECT_FROM, FULL_FROM, HOMES_FROM = 10, 30, 50, 5
FEW = 3
"""Under so many persons on a side of a proportion no number is given."""

Bound = Literal["", "at_most", "at_least"]
Reasons = NDArray[np.str_]
Level = Literal["withheld", "small", "medium", "full"]

REASONS: tuple[Withheld, ...] = (
    "", "few_persons", "few_homes", "no_reference", "not_asked", "too_few_for_this", "imprecise",
)  # fmt: skip


def level(persons: int, homes: int) -> Level:
    """The row of the table for a village.

    >>> [level(9, 9), level(10, 4), level(10, 5), level(30, 9), level(50, 20)]
    ['withheld', 'withheld', 'small', 'medium', 'full']
    """
    if persons < INDEX_FROM or homes < HOMES_FROM:
        return "withheld"
    if persons < DIRECT_FROM:
        return "small"
    return "medium" if persons < FULL_FROM else "full"


def rounded(value: Floats) -> Floats:
    """Whole numbers, halves up.

    >>> rounded(np.array([0.5, 1.5, -0.5, 2.4]))
    array([1., 2., 0., 2.])
    """
    whole: Floats = np.floor(value + 0.5) + 0.0
    return whole


def to_five(count: int, of: int) -> int:
    """A count in a breakdown: to the nearest 5, and not above what it is a part of.

    >>> to_five(12, 40), to_five(13, 40), to_five(13, 13)
    (10, 15, 10)
    """
    nearest = 5 * ((count + 2) // 5)
    return nearest if nearest <= of else 5 * (of // 5)


def reasons(n: Floats, homes: Floats, least: int) -> Reasons:
    """Why a number with so many persons and homes behind it is withheld, "" if it is not.

    >>> homes = np.array([9, 4, 9, 9])
    >>> reasons(np.array([9, 12, 12, 30]), homes, 30).tolist()
    ['few_persons', 'few_homes', 'too_few_for_this', '']
    """
    found: Reasons = np.select(
        [~(n >= INDEX_FROM), ~(homes >= HOMES_FROM), ~(n >= least)],
        ["few_persons", "few_homes", "too_few_for_this"],
        "",
    )
    return found


def both_reasons(one: Reasons, other: Reasons) -> Reasons:
    """The first side's reason, else the second's."""
    found: Reasons = np.where(one != "", one, other)
    return found


def withheld(count: int, reason: Withheld) -> list[Figure]:
    """The same empty figure for everyone."""
    return [Figure(None, withheld=reason)] * count


def figures(
    interval: Interval, why: Reasons, bounds: Sequence[Bound] | None = None, digits: int = 0
) -> list[Figure]:
    """A number with its limits for each, or why not; one that cannot be computed is imprecise."""
    scale = 10.0**digits
    sound = np.isfinite(interval.value) & np.isfinite(interval.low) & np.isfinite(interval.high)
    why = np.where((why == "") & ~sound, "imprecise", why)
    columns = (
        rounded(one * scale) / scale for one in (interval.value, interval.low, interval.high)
    )
    value, low, high = (one.tolist() for one in columns)
    none: list[Bound] = [""] * len(value)
    bound = none if bounds is None else bounds
    return [
        Figure(value[i], low[i], high[i], bound[i])
        if not reason
        else Figure(None, withheld=_reason(reason))
        for i, reason in enumerate(why.tolist())
    ]


def adding_up(parts: Split) -> Split:
    """A split in whole points that still add up: the part nearer to it gives way.

    >>> one = lambda x: Interval(np.array([x]), np.array([x]), np.array([x]))
    >>> found = adding_up(Split(one(24.6), one(9.2), one(15.4)))
    >>> found.total.value, found.access.value, found.behaviour.value
    (array([25.]), array([9.]), array([16.]))
    """
    total, access, behaviour = (
        rounded(one.value) for one in (parts.total, parts.access, parts.behaviour)
    )
    lacking = total - access - behaviour
    on_access = lacking * (parts.access.value - access) > lacking * (
        parts.behaviour.value - behaviour
    )
    return Split(
        replace(parts.total, value=total),
        replace(parts.access, value=access + np.where(on_access, lacking, 0)),
        replace(parts.behaviour, value=behaviour + np.where(on_access, 0, lacking)),
    )


def _reason(text: str) -> Withheld:
    return REASONS[REASONS.index(text)]


def scores(estimate: Estimate, least: int, bounds: Sequence[Bound] | None = None) -> list[Figure]:
    """A score 0-100 with its t interval."""
    low, high = t_interval(estimate.value, estimate.se, estimate.df, 0, 100)
    why = reasons(estimate.n, estimate.homes, least)
    return figures(Interval(estimate.value, low, high), why, bounds)


def online(estimate: Estimate, g: Floats, bounds: Sequence[Bound]) -> list[Figure]:
    """π in per cent with the limits of π/g on the logit; 1 to 99."""
    low, high = online_limits(estimate, g)
    value, low, high = (np.clip(100 * one, 1, 99) for one in (estimate.value, low, high))
    why = reasons(estimate.n, estimate.homes, INDEX_FROM)
    return figures(Interval(value, low, high), why, bounds)


def point(p: Floats, n_eff: Floats) -> Bools:
    """Whether a proportion is shown as a number (NCHS 2017).

    n_eff ≥ 30, and the Korn-Graubard interval at most 0.05 wide, or under 0.30 and at most 1.3·p.

    >>> point(np.array([0.5, 0.5, 0.02]), np.array([29, 60, 60]))
    array([False,  True, False])
    """
    low, high = korn_graubard(p, n_eff)
    width = high - low
    shown: Bools = (n_eff >= 30) & ((width <= 0.05) | ((width < 0.30) & (width <= 1.3 * p)))
    return shown


def proportions(
    estimate: Estimate,
    yes: Floats,
    no: Floats,
    least: int = DIRECT_FROM,
    bounds: Sequence[Bound] | None = None,
) -> list[Figure]:
    """A share in per cent: a point with Wilson's limits, or only these, rounded outward to 5.

    estimate: the share, 0-1; yes, no: the persons on each side.
    """
    p = np.clip(estimate.value, 0, 1)
    n_eff = effective_size(p, estimate.v, estimate.n, estimate.df)
    low, high = (100 * limit for limit in wilson(p, n_eff))
    exact = point(p, n_eff)
    low = np.where(exact, rounded(low), 5 * np.floor(low / 5 + 1e-9))
    high = np.where(exact, rounded(high), 5 * np.ceil(high / 5 - 1e-9))
    whole, low, high = (np.clip(one, 1, 99).tolist() for one in (rounded(100 * p), low, high))
    few, nearly_all = (yes < FEW).tolist(), (no < FEW).tolist()
    shown = []
    for i, reason in enumerate(reasons(estimate.n, estimate.homes, least).tolist()):
        bound: Bound = bounds[i] if bounds is not None else ""
        if reason:
            shown.append(Figure(None, withheld=_reason(reason)))
        elif few[i]:
            shown.append(Figure(None, words="few"))
        elif nearly_all[i]:
            shown.append(Figure(None, words="nearly_all"))
        elif exact[i]:
            shown.append(Figure(whole[i], low[i], high[i], bound))
        else:
            shown.append(Figure(None, low[i], high[i], bound, "imprecise"))
    return shown
