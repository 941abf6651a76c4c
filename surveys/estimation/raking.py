"""Raking to known margins (Deming & Stephan 1940), many pools at once.

The weights of a pool's rows are multiplied, margin by margin and again, until each category of each
margin has its known share. A row whose category is missing on a margin keeps its weight there, and
the others have the shares among themselves. Weights over five times the pool's median are trimmed
and the pool is raked again. Estimates from raked rows vary less than their weights say, for what
the margins explain is known: residuals stand in for deviations (Deville & Särndal 1992).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from surveys.estimation.alike import Whole
from surveys.estimation.frame import Bools, Floats, Ints

TOLERANCE = 1e-8
"""How far from its known share a category may stay."""
MOST_PASSES = 1000
"""After so many passes over the margins a pool counts as one that cannot be raked."""
TRIMMED_AT, MOST_TRIMS = 5.0, 10
FEWEST = 20
"""A category with fewer users joins a neighbour."""


@dataclass(frozen=True, slots=True)
class Margin:
    """One variable whose shares are known."""

    codes: Ints
    """(rows,) the row's category, -1 where it is missing."""
    target: Floats
    """(pools, categories) persons or shares; NaN: the pool has no such category or margin."""


@dataclass(frozen=True, slots=True)
class Raked:
    """Weights after raking."""

    w: Floats
    """(rows,) as they came in the pools that could not be raked."""
    converged: Bools
    """(pools,)"""
    deff: Floats
    """(pools,) Kish's n·Σw²/(Σw)², NaN without rows."""


def merged(users: Floats, target: Floats) -> Ints:
    """Which category each joins, so that all have 20 users and a known share.

    users, target: (pools, runs, categories), a run (the ages of one sex) in the order in which
    categories are neighbours. As many categories as possible stay; of equally many the ones whose
    smallest is largest. Where a whole run has too few, the runs are joined category by category.
    Returns (pools, runs, categories) numbers from 0 on; a pool with one number only has no margin.

    >>> users = np.array([[[30.0, 25, 5, 40]]])
    >>> merged(users, np.ones((1, 1, 4))).tolist()
    [[[0, 1, 1, 2]]]
    >>> merged(np.array([[[30.0, 30], [9, 9]]]), np.ones((1, 2, 2))).tolist()
    [[[0, 1], [0, 1]]]
    """
    pools, runs, count = users.shape
    known = np.where(target > 0, target, 0.0)
    single = np.minimum(users.sum(2) / FEWEST, np.where(known.sum(2) > 0, np.inf, 0.0)) < 1
    joined = single.any(1)[:, None, None] & (runs > 1)
    users = np.where(joined, users.sum(1, keepdims=True), users)
    known = np.where(joined, known.sum(1, keepdims=True), known)

    best = np.zeros((pools, runs, count), np.int64)
    rank = np.full((pools, runs, 2), -1.0)
    # A partition of neighbours is where to cut: 2^(categories - 1) of them.
    for cuts in product((0, 1), repeat=count - 1):
        number = np.concatenate([[0], np.cumsum(cuts)]).astype(np.int64)
        into = (number[:, None] == np.arange(number[-1] + 1)).astype(np.float64)
        smallest = (users @ into).min(2)
        sound = (smallest >= FEWEST) & ((known @ into).min(2) > 0)
        here = np.stack([np.full((pools, runs), number[-1], np.float64), smallest], axis=2)
        better = sound & (
            (here[..., 0] > rank[..., 0])
            | ((here[..., 0] == rank[..., 0]) & (here[..., 1] > rank[..., 1]))
        )
        best = np.where(better[..., None], number, best)
        rank = np.where(better[..., None], here, rank)
    offset = np.cumsum(best[:, :, -1] + 1, axis=1) - best[:, :, -1] - 1
    return best + np.where(joined[..., 0], 0, offset)[..., None]


def rake(
    w: Floats,
    pool: Ints,
    margins: Sequence[Margin],
    pools: int,
    many: Whole | None = None,
) -> Raked:
    """Raked and trimmed weights.

    w: (rows,) above 0; pool: (rows,) 0 to pools - 1; many: (rows,) for how many each row stands,
    for one without it. A pool in which a known share cannot be reached, after 1000 passes, keeps
    its weights. Raises ValueError for a weight that is not a number above 0.

    >>> sex = Margin(np.array([0, 0, 1, -1]), np.array([[50.0, 50.0]]))
    >>> rake(np.ones(4), np.zeros(4, int), [sex], 1).w
    array([0.75, 0.75, 1.5 , 1.  ])
    """
    if not (np.isfinite(w) & (w > 0)).all():
        raise ValueError("weights must be numbers above 0")
    count = np.ones(len(w), np.int64) if many is None else many
    margins = [_sound(one, pool) for one in margins]
    width = [one.target.shape[1] + 1 for one in margins]
    cell = pool
    for one, categories in zip(margins, width, strict=True):
        cell = cell * categories + one.codes + 1
    # Rows of one cell have one factor: what is raked is a table of cells.
    _, first, cell = np.unique(cell, return_index=True, return_inverse=True)
    of_cell = pool[first]

    def by_cell(values: Floats) -> Floats:
        return np.bincount(cell, values * count).astype(np.float64)

    table = [Margin(one.codes[first], _shares(one.target)) for one in margins]

    active = np.ones(pools, np.bool_)
    factor, converged = _fit(by_cell(w), of_cell, table, active)
    found = w * factor[cell]
    open_ = converged
    for _ in range(MOST_TRIMS):
        rows = np.flatnonzero(open_[pool])
        most = TRIMMED_AT * medians(found[rows], pool[rows], pools, count[rows])
        over = found[rows] > most[pool[rows]] * (1 + TOLERANCE)
        active = np.bincount(pool[rows], over, minlength=pools) > 0
        if not active.any():
            break
        cut = np.where(active[pool], np.fmin(found, most[pool]), found)
        factor, again = _fit(by_cell(cut), of_cell, table, active)
        # What cannot be trimmed and still have its margins keeps the margins.
        open_ = active & again
        found = np.where(open_[pool], cut * factor[cell], found)
    found = np.where(converged[pool], found, w)
    n, total, square = (
        np.bincount(pool, one * count, minlength=pools)
        for one in (np.ones(len(w)), found, found**2)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return Raked(found, converged, n * square / total**2)


def medians(values: Floats, pool: Ints, pools: int, many: Whole) -> Floats:
    """(pools,) the median of each pool's values, each there so `many` times; NaN without any.

    >>> pool, values = np.array([0, 0, 0, 2, 2]), np.array([3.0, 1.0, 2.0, 9.0, 4.0])
    >>> medians(values, pool, 3, np.array([1, 1, 1, 1, 1]))
    array([2. , nan, 6.5])
    >>> medians(values, pool, 3, np.array([3, 1, 1, 1, 2]))
    array([ 3., nan,  4.])
    """
    order = np.lexsort((values, pool))
    ordered, upto = np.append(values[order], np.nan), np.cumsum(many[order])
    n = np.bincount(pool, many, minlength=pools).astype(np.int64)
    start = np.cumsum(n) - n
    low, high = (
        np.searchsorted(upto, start + one, side="right")
        for one in (np.maximum(n - 1, 0) // 2, n // 2)
    )
    middle: Floats = (ordered[low] + ordered[np.minimum(high, len(values))]) / 2
    return np.where(n > 0, middle, np.nan)


def _sound(margin: Margin, pool: Ints) -> Margin:
    """A row in a category that its pool does not have counts as missing."""
    known = (margin.codes >= 0) & np.isfinite(margin.target[pool, margin.codes])
    return Margin(np.where(known, margin.codes, -1), margin.target)


def _shares(target: Floats) -> Floats:
    total = np.nansum(target, axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares: Floats = target / total
    return shares


def _fit(
    weight: Floats, of_cell: Ints, table: Sequence[Margin], active: Bools
) -> tuple[Floats, Bools]:
    """(cells,) the factors, and (pools,) whether every margin is met; others stay as they are.

    Each pool stops by itself, so that its weights do not depend on the company it is raked in.
    """
    pools = len(active)
    factor, met, open_ = np.ones(len(weight)), np.zeros(pools, np.bool_), active.copy()
    for _ in range(MOST_PASSES):
        cells = np.flatnonzero(open_[of_cell])
        at, now_w = of_cell[cells], weight[cells] * factor[cells]
        codes = [one.codes[cells] for one in table]
        off = np.zeros(pools)
        for one, of in zip(table, codes, strict=True):
            now = _sums(now_w, at, of, one.target.shape)
            with np.errstate(divide="ignore", invalid="ignore"):
                apart = np.abs(now / now.sum(1, keepdims=True) - one.target)
            # Where nobody answered there is nothing to meet.
            off = np.fmax(off, np.nan_to_num(apart, posinf=0.0).max(1))
        met |= open_ & (off <= TOLERANCE)
        open_ &= ~met
        if not open_.any():
            break
        for one, of in zip(table, codes, strict=True):
            now = _sums(now_w, at, of, one.target.shape)
            with np.errstate(divide="ignore", invalid="ignore"):
                step = one.target * now.sum(1, keepdims=True) / now
            now_w = np.where((of >= 0) & open_[at], now_w * step[at, of], now_w)
        factor[cells] = now_w / weight[cells]
    return factor, met


def _sums(weight: Floats, pool: Ints, codes: Ints, shape: tuple[int, ...]) -> Floats:
    """(pools, categories) the weight of each category."""
    known = codes >= 0
    key = pool[known] * shape[1] + codes[known]
    sums = np.bincount(key, weight[known], minlength=shape[0] * shape[1]).astype(np.float64)
    return sums.reshape(shape)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The margins of pools that are estimated whole, for the errors of what is estimated there."""

    pool: Ints
    """(rows,) -1 for a row whose pool is not estimated whole."""
    codes: tuple[Ints, ...]
    """Of each margin (rows,) the row's category, -1 where it is missing."""
    d: Floats
    """(rows,) the weights before raking."""
    inverse: NDArray[np.float64]
    """(pools, columns, columns) of XᵀDX, X a dummy for each category, the rank made full."""
    size: Ints
    """(pools,) how many rows were raked."""

    def residuals(self, e: Floats, rows: Bools) -> Floats:
        """(rows,) e - X(XᵀDX)⁻¹XᵀDe in pools where all rows raked are estimated, else e.

        e: (rows,) 0 where not `rows`; rows: which have a value. (Deville & Särndal 1992, eq. 3.4)

        >>> sex, pool = np.array([0, 0, 1, 1]), np.zeros(4, int)
        >>> one = calibration(pool, [sex], np.ones(4), np.array([4]), np.zeros(4, int))
        >>> one.residuals(np.array([1.0, 3.0, 5.0, 5.0]), np.ones(4, bool))
        array([-1.,  1.,  0.,  0.])
        """
        known = rows & (self.pool >= 0)
        whole = np.bincount(self.pool[known], minlength=len(self.size)) == self.size
        used = np.flatnonzero((self.pool >= 0) & whole[self.pool])
        pool, of = self.pool[used], [one[used] for one in self.codes]
        columns = self.inverse.shape[1]
        top = np.zeros(len(self.size) * columns)
        for one in of:
            given = one >= 0
            key = pool[given] * columns + one[given]
            top += np.bincount(key, (self.d * e)[used[given]], minlength=len(top))
        beta = np.einsum("pij,pj->pi", self.inverse, top.reshape(-1, columns))
        explained = np.zeros(len(used))
        for one in of:
            explained += np.where(one >= 0, beta[pool, one], 0.0)
        found = e.copy()
        found[used] -= explained
        return found


def calibration(
    pool: Ints, codes: Sequence[Ints], d: Floats, size: Ints, group: Ints
) -> Calibration | None:
    """What the errors of an estimate need of the margins; None where no pool is estimated whole.

    pool, d, group: (rows,) as raked (-1: not), base weights, the group that a row is estimated for;
    codes: of each margin (rows,); size: (pools,) rows raked. A pool is estimated whole if all its
    rows are here and in one group.

    >>> pool, group = np.array([0, 0, 1, 1]), np.array([0, 1, 2, 2])
    >>> found = calibration(pool, [np.array([0, 1, 0, 1])], np.ones(4), np.array([2, 2]), group)
    >>> found.pool
    array([-1, -1,  0,  0])
    """
    raked = np.flatnonzero(pool >= 0)
    here = np.bincount(pool[raked], minlength=len(size))
    one_group = np.zeros(len(size), np.int64)
    one_group[pool[raked]] = group[raked]
    apart = np.bincount(pool[raked], group[raked] != one_group[pool[raked]], minlength=len(size))
    whole = (here == size) & (here > 0) & (apart == 0)
    if not whole.any():
        return None
    number = np.where(whole, np.cumsum(whole) - 1, -1)
    new = np.where(pool >= 0, number[pool], -1)
    count = int(whole.sum())
    columns, shifted = 0, []
    for one in codes:
        shifted.append(np.where(one >= 0, one + columns, -1))
        columns += int(one.max(initial=-1)) + 1
    gram = np.zeros(count * columns * columns)
    for one, other in product(shifted, repeat=2):
        rows = (new >= 0) & (one >= 0) & (other >= 0)
        key = (new[rows] * columns + one[rows]) * columns + other[rows]
        gram += np.bincount(key, d[rows], minlength=len(gram))
    inverse = np.linalg.pinv(gram.reshape(count, columns, columns), rcond=1e-10, hermitian=True)
    return Calibration(new, tuple(shifted), d, inverse.astype(np.float64), size[whole])
