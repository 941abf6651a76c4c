"""Inequality of use: among persons (Gini) and by schooling (Erreygers' concentration index).

Both are covariances with the fractional mid-rank: the share of the weight below a person, plus half
of the weight at their own level. Rows are sorted once for all groups. Their errors go home by home,
by the influence of each person (Lerman & Yitzhaki 1989; Kakwani, Wagstaff & van Doorslaer 1997).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from surveys.estimation.estimates import Estimate, Groups, ratio
from surveys.estimation.frame import Bools, Floats, Ints


def fractional_ranks(group: Ints, count: int, w: Floats, level: Floats) -> Floats:
    """(rows,) each row's mid-rank in its group, in (0, 1); NaN without weight or level.

    group: (rows,) 0 to count - 1; w: (rows,); level: (rows,) what is ranked; ties share a rank.

    >>> one = np.ones(4)
    >>> fractional_ranks(np.zeros(4, int), 1, one, np.array([5.0, 1.0, 5.0, 9.0]))
    array([0.5  , 0.125, 0.5  , 0.875])
    """
    rows = np.flatnonzero((w > 0) & np.isfinite(level))
    order = rows[np.lexsort((level[rows], group[rows]))]
    ranks = np.full(len(w), np.nan)
    if not len(order):
        return ranks
    of, at, weight = group[order], level[order], w[order]
    # A run: rows of one group at one level.
    first = np.concatenate([[True], (np.diff(of) != 0) | (np.diff(at) != 0)])
    run = np.cumsum(first) - 1
    mass = np.bincount(run, weight)
    whose = of[first]
    opens = np.concatenate([[True], np.diff(whose) != 0])
    below = np.cumsum(mass) - mass
    start = below[opens][np.cumsum(opens) - 1]
    total = np.bincount(whose, mass, minlength=count)
    ranks[order] = ((below - start + mass / 2) / total[whose])[run]
    return ranks


def _moments(group: Ints, count: int, w: Floats, y: Floats, level: Floats) -> tuple[Floats, Floats]:
    """The mean of y and its covariance with the mid-rank of level, by group."""
    weight = np.where((w > 0) & np.isfinite(y) & np.isfinite(level), w, 0.0)
    rank = fractional_ranks(group, count, weight, level)
    rows = weight > 0
    of, weight, value, rank = group[rows], weight[rows], y[rows], rank[rows]
    total = np.bincount(of, weight, minlength=count)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(of, weight * value, minlength=count) / total
        # A mid-rank's mean is ½, whatever the ties.
        spread = np.bincount(of, weight * (value - mean[of]) * (rank - 0.5), minlength=count)
        return mean, spread / total


def gini(group: Ints, count: int, w: Floats, y: Floats) -> Floats:
    """(groups,) Gini of y ≥ 0: 2·cov(y, mid-rank of y)/mean, of the persons as they are.

    group, w, y: (rows,); a row without weight or value is left out. 0 all alike, towards 1 one has
    all; NaN where nobody has a value or all have 0. It is `laeken::gini`/100 (no correction for
    small samples), half the mean difference between two persons over the mean (Lerman & Yitzhaki
    1989).

    ValueError: a value under 0.

    >>> gini(np.array([0, 0, 1, 1]), 3, np.ones(4), np.array([0.0, 100.0, 50.0, 50.0]))
    array([0.5, 0. , nan])
    """
    if (y[w > 0] < 0).any():
        raise ValueError("a Gini needs values of at least 0")
    mean, covariance = _moments(group, count, w, y, y)
    return np.where(mean > 0, 2 * covariance / np.where(mean > 0, mean, 1.0), np.nan)


def gini_of_all(online: ArrayLike, gini_of_users: ArrayLike) -> Floats:
    """Gini of all adults when those who are not online count 0: 1 - π(1 - G_users).

    >>> float(gini_of_all(0.5, 0.2))
    0.6
    """
    share, among = np.asarray(online, np.float64), np.asarray(gini_of_users, np.float64)
    return np.asarray(1 - share * (1 - among), np.float64)


def erreygers(
    group: Ints, count: int, w: Floats, y: Floats, level: Floats, *, width: float = 100.0
) -> Floats:
    """(groups,) Erreygers' corrected concentration index: 8·cov(y, mid-rank of level)/width.

    y: (rows,) on a scale from 0 to width; level: (rows,) schooling or what else is ranked. From -1
    to 1: over 0 the higher levels have more; 0 where all share one level; NaN where nobody has both
    (Erreygers 2009, *J. Health Economics* 28).

    >>> y, school = np.array([0.0, 0.0, 100.0, 100.0]), np.array([1.0, 1.0, 2.0, 2.0])
    >>> erreygers(np.zeros(4, int), 1, np.ones(4), y, school)
    array([1.])
    """
    found: Floats = 8 * _moments(group, count, w, y, level)[1] / width
    return found


@dataclass(frozen=True, slots=True)
class _Spread:
    """Persons with a weight and both values, and what each adds to E[y·rank]."""

    rows: Ints
    y: Floats
    influence: Floats
    """(rows used,) y·R + Σwy of those above (half of those at the level) over Σw; its mean is
    2·E[y·R]."""


def _spread(groups: Groups, home: Ints, w: Floats, y: Floats, level: Floats) -> _Spread:
    known: Bools = (w > 0) & np.isfinite(y) & np.isfinite(level)
    rows = np.flatnonzero(known)
    group = groups.of_home[home[rows]]
    weight, value, at = w[rows], y[rows], level[rows]
    rank = fractional_ranks(group, groups.count, weight, at)
    # The mid-rank from above, of value instead of persons.
    above = _value_above(group, groups.count, weight * value, at)
    total = np.bincount(group, weight, minlength=groups.count)
    return _Spread(rows, value, value * rank + above / total[group])


def _value_above(group: Ints, count: int, mass: Floats, level: Floats) -> Floats:
    """(rows,) Σ of mass over the rows of the group above, plus half of what is level."""
    if not len(group):
        return mass
    order = np.lexsort((-level, group))
    of, at = group[order], level[order]
    first = np.concatenate([[True], (np.diff(of) != 0) | (np.diff(at) != 0)])
    run = np.cumsum(first) - 1
    of_run = np.bincount(run, mass[order])
    before = np.cumsum(of_run) - of_run
    opens = np.concatenate([[True], np.diff(of[first]) != 0])
    start = before[opens][np.cumsum(opens) - 1]
    found = np.empty(len(group))
    found[order] = (before - start + of_run / 2)[run]
    return found


def gini_estimate(groups: Groups, home: Ints, w: Floats, y: Floats) -> Estimate:
    """Gini of each group's persons (as `gini`), with its error home by home.

    home, w, y: (rows,), as `ratio`. The influence of a person on 2·E[y·R]/μ - 1 stands for e.

    ValueError: a value under 0.

    >>> one = Groups(np.array([0, 0, 0]), 1)
    >>> found = gini_estimate(one, np.arange(3), np.ones(3), np.array([0.0, 50.0, 100.0]))
    >>> found.value.round(3), found.se.round(3)
    (array([0.444]), array([0.28]))
    """
    if (y[w > 0] < 0).any():
        raise ValueError("a Gini needs values of at least 0")
    mean, found = ratio(groups, home, w, y, np.ones(len(w))), _nothing(w)
    spread = _spread(groups, home, w, y, y)
    of = groups.of_home[home[spread.rows]]
    value = gini(groups.of_home[home], groups.count, w, y)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = 2 * spread.influence / mean.value[of]
        part -= (value[of] + 1) * (1 + spread.y / mean.value[of])
    found[spread.rows] = np.nan_to_num(part)
    return _by_influence(groups, home, w, found, value)


def erreygers_estimate(
    groups: Groups, home: Ints, w: Floats, y: Floats, level: Floats, *, width: float = 100.0
) -> Estimate:
    """Erreygers' index of each group's persons (as `erreygers`), with its error home by home.

    >>> one, school = Groups(np.array([0, 0, 0]), 1), np.array([1.0, 2.0, 3.0])
    >>> y = np.array([0.0, 50.0, 100.0])
    >>> found = erreygers_estimate(one, np.arange(3), np.ones(3), y, school)
    >>> found.value.round(3)
    array([0.889])
    """
    found = _nothing(w)
    spread = _spread(groups, home, w, y, level)
    of = groups.of_home[home[spread.rows]]
    weight = w[spread.rows]
    total = np.bincount(of, weight, minlength=groups.count)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(of, weight * spread.y, minlength=groups.count) / total
        product = np.bincount(of, weight * spread.influence, minlength=groups.count) / total
    part = spread.influence - product[of] - (spread.y - mean[of]) / 2
    found[spread.rows] = 8 / width * part
    value = erreygers(groups.of_home[home], groups.count, w, y, level, width=width)
    return _by_influence(groups, home, w, found, value)


def _nothing(w: Floats) -> Floats:
    return np.full(len(w), np.nan)


def _by_influence(
    groups: Groups, home: Ints, w: Floats, influence: Floats, value: Floats
) -> Estimate:
    """An estimate whose z_h is that of the mean of the influences."""
    found = ratio(groups, home, w, influence, np.ones(len(w)))
    return replace(found, value=value)


def of_all_adults(online: Estimate, users: Estimate) -> Estimate:
    """Gini of all adults, 1 - π(1 - G), by the chain rule.

    >>> one, home, w = Groups(np.array([0, 0]), 1), np.arange(2), np.ones(2)
    >>> online = ratio(one, home, w, np.array([0.5, 0.5]), w)
    >>> users = gini_estimate(one, home, w, np.array([50.0, 50.0]))
    >>> of_all_adults(online, users).value
    array([0.5])
    """
    of = online.groups.of_home
    z = online.value[of] * users.z - (1 - users.value)[of] * online.z
    return replace(
        users,
        value=gini_of_all(online.value, users.value),
        z=np.where(np.isfinite(z), z, 0.0),
        df=np.fmin(online.df, users.df),
        present=online.present | users.present,
    )
