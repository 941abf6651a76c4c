"""What is inside the behaviour part of the gap: who the users are, and what like users do.

Kitagawa (1955, *JASA* 50): users of cells k (age × schooling) are a share s_k of all users and have
a mean ū_k. With r for the reference,

    (π_r+π)/2·(ū_r - ū) = composition + rate
    composition = (π_r+π)/2·Σ(s_rk - s_k)(ū_rk + ū_k)/2
    rate        = (π_r+π)/2·Σ(s_rk + s_k)/2·(ū_rk - ū_k)

exactly, of the users whose cell is known. Cells with under 10 users on either side are joined,
village by village.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from surveys.estimation.decomposition import Interval
from surveys.estimation.estimates import Estimate
from surveys.estimation.frame import Bools, Floats, Ints
from surveys.estimation.intervals import satterthwaite, t_quantile
from surveys.estimation.sample import Sample

AGES = (35, 55)
"""Where the second and the third age group begin."""
ABOVE = 3
"""The schooling (0-4 as the form counts it) from which on it is above junior secondary."""
SCHOOLINGS = 2
CELLS = SCHOOLINGS * (len(AGES) + 1)
FEWEST = 10
"""Cells with fewer users, on either side, are joined."""
JOINS = np.array([[0, 1, 2], [0, 0, 1], [0, 1, 1], [0, 0, 0]])
"""The ways in which neighbours of three ages can be joined."""


@dataclass(frozen=True, slots=True)
class Side:
    """The users of the villages, or of the reference."""

    sample: Sample
    y: Floats
    """(rows,) U, 0-100; NaN where the cell is not known."""
    cell: Ints
    """(rows,) -1 where the row is not a user, or y is not known."""
    users: Floats
    """(groups, cells) how many there are."""

    @property
    def group(self) -> Ints:
        """(rows,) the village."""
        of_row: Ints = self.sample.results.of_home[self.sample.answers.home]
        return of_row


@dataclass(frozen=True, slots=True)
class Kitagawa:
    """The behaviour part split, in points of U; NaN where all cells became one."""

    composition: Interval
    """Goes with users being of other ages and schooling."""
    rate: Interval
    """Goes with users of the same age and schooling doing other things."""
    behaviour: Floats
    """(villages,) their sum: behaviour of the users whose cell is known."""
    cells: Ints
    """(villages,) how many are left; 1: there is no split."""
    users: Floats
    """(villages,) users whose cell is known."""


def cells(age: Floats, schooling: Floats) -> Ints:
    """The cell of each row, -1 where age or schooling is not known.

    age: (rows,) years, or the youngest of an age group; schooling: (rows,) 0-4, anything else is
    not known. Cells 0-2 are ages to 34, 35-54 and 55+ up to junior secondary school, 3-5 above.

    >>> cells(np.array([16.0, 35, 75, 25, 25]), np.array([0.0, 2, 4, 99, np.nan]))
    array([ 0,  1,  5, -1, -1])
    """
    known = np.isfinite(age) & (schooling >= 0) & (schooling <= 4)
    group = np.searchsorted(AGES, age, side="right")
    above = (schooling >= ABOVE).astype(np.int64)
    return np.where(known, (len(AGES) + 1) * above + group, -1).astype(np.int64)


def side(sample: Sample, y: Floats, cell: Ints) -> Side:
    """The users of a sample. y: (rows,) U, 0-100; cell: (rows,) as `cells` gives it.

    Users without a cell or without y are in none of the numbers but π.
    """
    known = (cell >= 0) & np.isfinite(y) & (sample.person > 0)
    cell, y = np.where(known, cell, -1), np.where(known, y, np.nan)
    count = sample.results.count
    group = sample.results.of_home[sample.answers.home[known]]
    users = np.bincount(group * CELLS + cell[known], minlength=count * CELLS)
    return Side(sample, y, cell, users.reshape(count, CELLS).astype(np.float64))


def joined(users: Floats, beside: Floats) -> Ints:
    """Which cell each cell joins, so that all have 10 users on both sides.

    users: (villages, cells) of the villages; beside: (cells,) of the reference. Neighbouring ages
    of one schooling are joined so that the most cells are left; of equally many, those whose
    smallest is largest, the younger joined where that is the same, too. If a schooling has under 10
    users in all, schooling is given up: the same age of both is one cell, and ages are joined as
    before. Returns (villages, cells) numbers from 0 on; all 0: no two cells have 10 users each.

    >>> beside = np.full(6, 50.0)
    >>> joined(np.array([[20.0, 4, 30, 9, 1, 8]]), beside).tolist()
    [[0, 0, 1, 2, 2, 2]]
    >>> joined(np.array([[20.0, 4, 30, 6, 1, 2]]), beside).tolist()
    [[0, 0, 1, 0, 0, 1]]
    """
    ages = len(AGES) + 1
    own = users.reshape(-1, SCHOOLINGS, ages)
    other = beside.reshape(SCHOOLINGS, ages)
    apart, sound = _ages(own, other)
    whole, _ = _ages(own.sum(axis=1, keepdims=True), other.sum(axis=0, keepdims=True))
    offset = np.array([0, 1])[:, None] * (apart[:, :1, -1:] + 1)
    enough = sound[:, :1] & sound[:, 1:]
    found = np.where(enough[..., None], apart + offset, whole)
    return found.reshape(-1, CELLS)


def _ages(users: Floats, beside: Floats) -> tuple[Ints, Bools]:
    """Ages joined by run, (villages, runs, ages), and whether every cell of the run has enough."""
    ages = JOINS.shape[1]
    into = (JOINS[:, :, None] == np.arange(ages)).astype(np.float64)
    least = np.minimum(
        np.einsum("vra,jac->vrjc", users, into), np.einsum("ra,jac->rjc", beside, into)
    )
    there = np.arange(ages) <= JOINS[:, -1:]
    smallest = np.where(there, least, np.inf).min(axis=-1)
    # Most cells first, then the largest smallest; argmax takes the first of equals.
    score = np.where(smallest >= FEWEST, JOINS[:, -1] + smallest / (smallest + 1), -1.0)
    best: Ints = np.where(smallest.max(axis=-1) < FEWEST, len(JOINS) - 1, score.argmax(axis=-1))
    sound: Bools = np.take_along_axis(smallest, best[..., None], axis=-1)[..., 0] >= FEWEST
    return JOINS[best], sound


def kitagawa(village: Side, reference: Side) -> Kitagawa:
    """The behaviour part of every village's gap, split, with t intervals.

    The reference is one group. The error is that of leaving out a home, by the chain rule through
    every s_k, ū_k and π of both sides; that cells were joined is taken as it is. z of s_k and ū_k
    are those of means of all users, ū_k's times √((1-ΣC²)/(1-Σc²)), c the homes' shares of the cell
    and C of all users: what a cell's own m/(m-1) is beside that of all. df: Satterthwaite. Limits
    are cut to ±100.
    """
    into = joined(village.users, reference.users[0])
    own = _cells(village, into)
    # The reference is the same to all villages whose cells were joined alike.
    ways, way = np.unique(into, axis=0, return_inverse=True)
    way = way.reshape(-1)
    alike = [_cells(reference, one[None]) for one in ways]
    shares, means = (
        np.array([getattr(one, name)[0] for one in alike]).reshape(-1, CELLS)[way]
        for name in ("share", "mean")
    )
    beside = _beside(reference, ways, alike)
    online, online_ref = village.sample.online, reference.sample.online
    level = (online_ref.value + online.value)[:, None] / 2
    step_share, mid_share = shares - own.share, (shares + own.share) / 2
    step_mean, mid_mean = means - own.mean, (means + own.mean) / 2
    split = np.where(into.max(axis=1) > 0, 1.0, np.nan)
    known = village.cell >= 0
    place = (village.group, np.where(known, into[village.group, village.cell], 0))
    unsure = np.isnan(own.spread).any(axis=1)
    off = (village.y - own.mean[place]) * own.spread[place]

    def part(inner: Floats, by_share: Floats, by_mean: Floats, signs: tuple[int, int]) -> Interval:
        """level·Σinner; Σinner moves by these with s_k and ū_k of the reference.

        signs: by what to multiply them for s_k and ū_k of the villages.
        """
        total, by_share, by_mean = inner.sum(axis=1), level * by_share, level * by_mean
        slope = np.hstack([total[:, None] / 2, by_share, by_mean])
        v_ref = np.einsum("vi,vij,vj->v", slope, beside.products[way], slope)
        moved = signs[0] * by_share[place] + signs[1] * by_mean[place] * off
        users = village.sample.of_users(np.where(known, moved, np.nan))
        z = users.z + (total / 2)[online.groups.of_home] * online.z
        v = np.where(unsure | _few(online, users), np.nan, online.groups.sums(z**2))
        df = satterthwaite(v, np.fmin(online.df, users.df), v_ref, beside.df)
        half, value = t_quantile(df) * np.sqrt(v + v_ref), level[:, 0] * total * split
        return Interval(value, np.clip(value - half, -100, 100), np.clip(value + half, -100, 100))

    return Kitagawa(
        composition=part(step_share * mid_mean, mid_mean, step_share / 2, (-1, 1)),
        rate=part(mid_share * step_mean, step_mean / 2, mid_share, (1, -1)),
        behaviour=(level * (shares * means - own.share * own.mean)).sum(axis=1),
        cells=into.max(axis=1) + 1,
        users=village.users.sum(axis=1),
    )


@dataclass(frozen=True, slots=True)
class _Cells:
    """(groups, cells) after cells were joined; 0 for those that are no more."""

    share: Floats
    mean: Floats
    spread: Floats
    """√((1-ΣC²)/(1-Σc²))/s_k, by which a residual of ū_k counts."""


def _cells(side: Side, into: Ints) -> _Cells:
    known = np.flatnonzero(side.cell >= 0)
    home, group = side.sample.answers.home[known], side.group[known]
    code, w = into[group, side.cell[known]], side.sample.person[known]
    count, homes = len(into), side.sample.answers.homes

    def sums(values: Floats) -> Floats:
        found = np.bincount(group * CELLS + code, values, minlength=count * CELLS)
        return found.reshape(count, CELLS).astype(np.float64)

    weight = sums(w)
    of_home: Floats = np.bincount(home * CELLS + code, w, minlength=homes * CELLS).astype(
        np.float64
    )
    of_home = of_home.reshape(homes, CELLS)
    both = np.hstack([of_home, of_home.sum(axis=1, keepdims=True)]) ** 2
    squares = np.stack([side.sample.results.sums(one) for one in both.T], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = weight.sum(axis=1, keepdims=True)
        share = weight / total
        mean = np.where(weight > 0, sums(w * side.y[known]) / weight, 0.0)
        rest = 1 - squares / np.hstack([weight, total]) ** 2
        # A cell that is one home's has no error that could be known.
        spread = np.sqrt(rest[:, -1:] / np.where(rest > 1e-9, rest, np.nan)[:, :-1]) / share
    return _Cells(share, mean, np.where(weight > 0, spread, 0.0))


@dataclass(frozen=True, slots=True)
class _Beside:
    """The reference's errors."""

    products: Floats
    """(ways, 1 + 2 × cells, 1 + 2 × cells) covariances of π, s_k and ū_k, by way of joining."""
    df: float


def _beside(side: Side, ways: Ints, alike: Sequence[_Cells]) -> _Beside:
    known = side.cell >= 0
    inside = [np.where(known, (side.cell == k).astype(np.float64), np.nan) for k in range(CELLS)]
    shares = [side.sample.of_users(one) for one in inside]
    parts = [side.sample.of_users(one * side.y) for one in inside]
    z_share, z_part = (np.array([one.z for one in several]) for several in (shares, parts))
    online = side.sample.online
    products = []
    for way, cells in zip(ways, alike, strict=True):
        to = (way == np.arange(CELLS)[:, None]).astype(np.float64)
        own = to @ z_share
        z_mean = (to @ z_part - cells.mean.T * own) * cells.spread.T
        z = np.concatenate([online.z[None], own, z_mean])
        products.append(z @ z.T)
    few = _few(online, shares[0])[0]
    return _Beside(
        np.array(products).reshape(-1, 1 + 2 * CELLS, 1 + 2 * CELLS) * (np.nan if few else 1.0),
        float(np.fmin(online.df, shares[0].df)[0]),
    )


def _few(online: Estimate, users: Estimate) -> Bools:
    few: Bools = (online.homes < 2) | (users.homes < 2)
    return few
