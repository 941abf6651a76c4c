"""Inequality of use: among persons (Gini) and by schooling (Erreygers' concentration index).

Both are covariances with the fractional mid-rank: the share of the weight below a person, plus half
of the weight at their own level. Rows are sorted once for all groups.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from surveys.estimation.frame import Floats, Ints


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
