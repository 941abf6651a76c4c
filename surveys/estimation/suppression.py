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

from dataclasses import replace
from typing import Literal

import numpy as np

from surveys.estimation.decomposition import Interval, Split, online_limits
from surveys.estimation.disclosure import HOMES, PERSONS
from surveys.estimation.estimates import Estimate
from surveys.estimation.figures import IMPRECISE, WORDS, Codes, Figures, reason
from surveys.estimation.frame import Bools, Floats
from surveys.estimation.intervals import (
    effective_size,
    korn_graubard,
    logit_interval,
    wilson,
)

INDEX_FROM, DIRECT_FROM, FULL_FROM, HOMES_FROM = PERSONS, 30, 50, HOMES
FEW = 3
"""Under so many persons on a side of a proportion no number is given."""

Level = Literal["withheld", "small", "medium", "full"]


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


def reasons(n: Floats, homes: Floats, least: int) -> Codes:
    """Why a number with so many persons and homes behind it is withheld, 0 if it is not.

    >>> homes = np.array([9, 4, 9, 9])
    >>> from surveys.estimation.figures import REASONS
    >>> [REASONS[code] for code in reasons(np.array([9, 12, 12, 30]), homes, 30)]
    ['few_persons', 'few_homes', 'too_few_for_this', '']
    """
    # Nested, for np.select takes ten times as long for one village.
    found = np.where(n >= least, 0, reason("too_few_for_this"))
    found = np.where(homes >= HOMES_FROM, found, reason("few_homes"))
    return np.where(n >= INDEX_FROM, found, reason("few_persons")).astype(np.int8)


def both_reasons(one: Codes, other: Codes) -> Codes:
    """The first side's reason, else the second's."""
    return np.where(one != 0, one, other).astype(np.int8)


def figures(
    interval: Interval, why: Codes, bounds: Codes | None = None, digits: int = 0
) -> Figures:
    """A number with its limits for each, or why not; one that cannot be computed is imprecise."""
    scale = 10.0**digits
    sound = np.isfinite(interval.value) & np.isfinite(interval.low) & np.isfinite(interval.high)
    why = np.where((why == 0) & ~sound, IMPRECISE, why).astype(np.int8)
    value, low, high = (
        rounded(one * scale) / scale for one in (interval.value, interval.low, interval.high)
    )
    return Figures.of(value, why, low, high, bounds)


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


def score_limits(estimate: Estimate, top: Floats | float = 100.0) -> tuple[Floats, Floats]:
    """A score's limits: those of a share of `top`, the most it can be, on the logit.

    With few homes and scores far from the middle, t's interval is too short where the score is low
    and held the truth in 89 to 94 % only.

    >>> from surveys.estimation.estimates import Groups, ratio
    >>> home, one, y = np.arange(4), np.ones(4), np.array([10.0, 20, 20, 50])
    >>> low, high = score_limits(ratio(Groups(0 * home, 1), home, one, y, one))
    >>> low.round(1), high.round(1)
    (array([7.1]), array([59.2]))
    """
    # Where some villages of an area did not answer, the others stand for it: 100·g is of all.
    most = np.where(estimate.value > top, 100.0, top)
    low, high = logit_interval(
        estimate.value / most, estimate.v / np.square(most), estimate.n, estimate.df
    )
    return most * low, most * high


def scores(
    estimate: Estimate,
    least: int,
    bounds: Codes | None = None,
    top: Floats | float = 100.0,
) -> Figures:
    """A score of 0 to `top` (100, or 100·g where a home that is not online counts 0), its limits
    on the logit."""
    low, high = score_limits(estimate, top)
    why = reasons(estimate.n, estimate.homes, least)
    return figures(Interval(estimate.value, low, high), why, bounds)


def online(estimate: Estimate, g: Floats, bounds: Codes) -> Figures:
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
    shown: Bools = np.asarray(n_eff) >= 30
    p, n_eff = p[shown], n_eff[shown]
    low, high = korn_graubard(p, n_eff)
    width = high - low
    shown[shown] = (width <= 0.05) | ((width < 0.30) & (width <= 1.3 * p))
    return shown


def proportions(
    estimate: Estimate,
    yes: Floats,
    no: Floats,
    least: int = DIRECT_FROM,
    bounds: Codes | None = None,
) -> Figures:
    """A share in per cent: a point with Wilson's limits, or only these, rounded outward to 5.

    estimate: the share, 0-1; yes, no: the persons on each side.
    """
    p = np.clip(estimate.value, 0, 1)
    n_eff = effective_size(p, estimate.v, estimate.n, estimate.df)
    exact = point(p, n_eff)
    limits = zip(wilson(p, n_eff), (np.floor, np.ceil), (1e-9, -1e-9), strict=True)
    low, high = (
        np.clip(np.where(exact, rounded(100 * one), 5 * outward(20 * one + near)), 1, 99)
        for one, outward, near in limits
    )
    why = reasons(estimate.n, estimate.homes, least)
    enough = why == 0
    words = np.where(no < FEW, WORDS.index("nearly_all"), 0)
    words = np.where(enough, np.where(yes < FEW, WORDS.index("few"), words), 0).astype(np.int8)
    told = enough & (words == 0)
    number = told & exact
    found = Figures.of(
        np.clip(rounded(100 * p), 1, 99),
        np.where(told & ~exact, 0, why),
        low,
        high,
        bounds,
    )
    return replace(
        found,
        value=np.where(number, found.value, np.nan),
        low=np.where(told, found.low, np.nan),
        high=np.where(told, found.high, np.nan),
        bound=np.where(told, found.bound, 0).astype(np.int8),
        why=np.where(told & ~exact, IMPRECISE, found.why).astype(np.int8),
        words=words,
    )


def coarsened(figures: Figures, these: Bools) -> Figures:
    """Limits alone, rounded outward to 5, where `these` are shown as a number.

    >>> one = Figures.of(np.array([41.0]), np.zeros(1, int), np.array([33.0]), np.array([49.0]))
    >>> found = coarsened(one, np.array([True])).at(0)
    >>> found.value, found.low, found.high, found.withheld
    (None, 30.0, 50.0, 'imprecise')
    """
    here = these & (figures.why == 0) & np.isfinite(figures.value)
    low, high = 5 * np.floor(figures.low / 5), 5 * np.ceil(figures.high / 5)
    return replace(
        figures,
        value=np.where(here, np.nan, figures.value),
        low=np.where(here, np.clip(low, 1, 99), figures.low),
        high=np.where(here, np.clip(high, 1, 99), figures.high),
        why=np.where(here, IMPRECISE, figures.why).astype(np.int8),
    )
