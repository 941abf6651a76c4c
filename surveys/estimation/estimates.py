"""Ratio estimators by group, with what each home contributes to their error.

An estimate is R = k·Σwy/Σwx over the rows of a group. Its z_h is what R changes by when home h is
left out (the delete-one jackknife, exact): z_h = Σ_h w(k·y - R·x)/Σwx/(1 - c_h), c_h the home's
share of Σwx. v = (m-1)/m·Σz_h² over m homes and df = 1/Σc_h² - 1, at least 1; with equal homes
that is Taylor's m/(m-1)·Σz² and m - 1. Functions of several estimates add √((m-1)/m)·z_h by the
chain rule, home by home, so that what two estimates share is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from surveys.estimation.frame import Bools, Floats, Ints
from surveys.estimation.raking import Calibration
from surveys.estimation.weights import by_home


@dataclass(frozen=True, slots=True)
class Groups:
    """Which group (a village, a stratum, an area) each home is in."""

    of_home: Ints
    count: int

    def sums(self, per_home: Floats | Bools) -> Floats:
        """The sum of each group's homes.

        >>> Groups(np.array([0, 0, 2]), 3).sums(np.array([1.0, 2.0, 3.0]))
        array([3., 0., 3.])
        """
        return np.bincount(self.of_home, per_home, minlength=self.count).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate of every group; NaN where there is none."""

    value: Floats
    """(groups,)"""
    z: Floats
    """(homes,) √((m-1)/m)·z_h; 0 for a home without a value."""
    df: Floats
    """(groups,)"""
    n: Floats
    """(groups,) persons behind it."""
    homes: Floats
    """(groups,) homes behind it."""
    present: Bools
    """(homes,) whether the home has a value."""
    groups: Groups

    @property
    def v(self) -> Floats:
        """(groups,) the variance; NaN with under two homes."""
        return self.covariance(self)

    @property
    def se(self) -> Floats:
        """(groups,) the standard error."""
        return np.sqrt(self.v)

    def covariance(self, other: Estimate) -> Floats:
        """(groups,) the covariance with another estimate of the same homes; NaN as `v`."""
        sums = self.groups.sums(self.z * other.z)
        few = (self.homes < 2) | (other.homes < 2)
        return np.where(few, np.nan, sums)


def ratio(
    groups: Groups,
    home: Ints,
    w: Floats,
    y: Floats,
    x: Floats,
    *,
    k: Floats | float = 1.0,
    margins: Calibration | None = None,
) -> Estimate:
    """R = k·Σwy/Σwx of each group, over rows with w > 0 whose y and x are known.

    home, w, y, x: (rows,); k: (groups,) or one number. A mean has x = k = 1. margins: what the rows
    were raked to; where all rows raked are in the estimate, residuals take the place of e = (k·y -
    R·x)/Σwx.

    >>> two = Groups(np.array([0, 0]), 1)
    >>> one = np.ones(3)
    >>> e = ratio(two, np.array([0, 0, 1]), one, np.array([10.0, 20.0, 60.0]), one)
    >>> e.value, e.v, e.df
    (array([30.]), array([562.5]), array([1.]))
    """
    homes = len(groups.of_home)
    rows = (w > 0) & np.isfinite(y) & np.isfinite(x)
    home, w = home[rows], w[rows]
    factor = np.broadcast_to(np.asarray(k, np.float64), (groups.count,))
    sums = _Sums(
        top=by_home(home, homes, w * y[rows]),
        bottom=by_home(home, homes, w * x[rows]),
        persons=np.bincount(home, minlength=homes).astype(np.float64),
    )
    if margins is None:
        return _delete_a_home(groups, sums, factor)
    total = groups.sums(sums.bottom)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = factor * groups.sums(sums.top) / total
        at = groups.of_home[home]
        e = np.zeros(len(rows))
        e[rows] = (factor[at] * y[rows] - value[at] * x[rows]) / total[at]
    of_home = by_home(home, homes, w * margins.residuals(e, rows)[rows])
    return _delete_a_home(groups, sums, factor, of_home)


@dataclass(frozen=True, slots=True)
class Weighed:
    """The rows of a sample with a weight, added up once for all the means that are asked of them.

    >>> two = Groups(np.array([0, 0]), 1)
    >>> users = Weighed.of(two, np.array([0, 0, 1]), np.array([1.0, 1.0, 0.0]))
    >>> users.mean(np.array([10.0, 20.0, 60.0])).value
    array([15.])
    """

    groups: Groups
    rows: Ints
    """(weighed,) which of all the rows."""
    home: Ints
    """(weighed,) of `homes`."""
    w: Floats
    """(weighed,)"""
    homes: Ints
    """(some,) the homes that have such a row."""
    some: Groups
    """Of these homes."""
    total: Floats
    """(some,) Σw."""
    persons: Floats
    """(some,)"""

    @staticmethod
    def of(groups: Groups, home: Ints, w: Floats) -> Weighed:
        """home, w: (rows,), as `ratio`."""
        rows = np.flatnonzero(w > 0)
        home, w = home[rows], w[rows]
        here = np.bincount(home, minlength=len(groups.of_home)) > 0
        homes = np.flatnonzero(here)
        home = (np.cumsum(here) - 1)[home]
        some = Groups(groups.of_home[homes], groups.count)
        persons = np.bincount(home, minlength=len(homes)).astype(np.float64)
        return Weighed(groups, rows, home, w, homes, some, by_home(home, len(homes), w), persons)

    def mean(self, y: Floats) -> Estimate:
        """`ratio(…, y, 1)` of y (all rows,), without margins."""
        y, homes = y[self.rows], len(self.homes)
        known = np.isfinite(y)
        if known.all():
            sums = _Sums(by_home(self.home, homes, self.w * y), self.total, self.persons)
        else:
            home, w = self.home[known], self.w[known]
            sums = _Sums(
                top=by_home(home, homes, w * y[known]),
                bottom=by_home(home, homes, w),
                persons=np.bincount(home, minlength=homes).astype(np.float64),
            )
        found = _delete_a_home(self.some, sums, np.ones(self.groups.count))
        if homes == len(self.groups.of_home):
            return found
        z, present = np.zeros(len(self.groups.of_home)), np.zeros(len(self.groups.of_home), bool)
        z[self.homes], present[self.homes] = found.z, found.present
        return replace(found, z=z, present=present, groups=self.groups)


@dataclass(frozen=True, slots=True)
class _Sums:
    """(homes,) Σwy, Σwx and how many persons, of each home."""

    top: Floats
    bottom: Floats
    persons: Floats


def _delete_a_home(
    groups: Groups, sums: _Sums, factor: Floats, of_home: Floats | None = None
) -> Estimate:
    """R = k·Σtop/Σbottom with z_h; `of_home`: what stands for Σ_h w·e, where e are residuals."""
    of = groups.of_home
    present = sums.persons > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        share = 1 / groups.sums(sums.bottom)
        value = factor * groups.sums(sums.top) * share
        c = sums.bottom * share[of]
        if of_home is None:
            # In place: half a million homes are many, and there are dozens of estimates.
            of_home = sums.top * (factor * share)[of]
            of_home -= c * value[of]
        z = of_home / (1 - c)
        m = groups.sums(present)
        df = np.fmax(1 / groups.sums(c * c) - 1, 1)
        z *= np.sqrt((m - 1) / m)[of]
    z[~(present & (m > 1)[of])] = 0.0
    return Estimate(
        value=value,
        z=z,
        df=np.where(m > 0, df, np.nan),
        n=groups.sums(sums.persons),
        homes=m,
        present=present,
        groups=groups,
    )


def product(online: Estimate, mean: Estimate) -> Estimate:
    """π·ȳ: the mean over everyone when those who are not online count 0.

    Leaves out a home from both factors at once, exactly; where both rest on the same rows this is
    the ratio g·Σwy/Σwx with its own z_h and df.

    >>> two, home, w = Groups(np.array([0, 0, 0]), 1), np.arange(3), np.ones(3)
    >>> x, y = np.array([2.0, 1.0, 1.5]), np.array([40.0, 80.0, 10.0])
    >>> both = product(ratio(two, home, w, w, x), ratio(two, home, w, y, w))
    >>> one = ratio(two, home, w, y, x)
    >>> bool(np.allclose(both.value, one.value)), bool(np.allclose(both.z, one.z))
    (True, True)
    """
    groups, of = online.groups, online.groups.of_home
    present = online.present | mean.present
    m = groups.sums(present)
    with np.errstate(divide="ignore", invalid="ignore"):
        z_online = online.z * np.sqrt(online.homes / (online.homes - 1))[of]
        z_mean = mean.z * np.sqrt(mean.homes / (mean.homes - 1))[of]
        z = (online.value[of] - z_online) * z_mean
        z += mean.value[of] * z_online
        z *= np.sqrt((m - 1) / m)[of]
    z[~np.isfinite(z)] = 0.0
    return Estimate(
        value=online.value * mean.value,
        z=z,
        df=np.where(mean.n == online.n, online.df, np.fmin(mean.df, online.df)),
        n=np.fmin(online.n, mean.n),
        homes=np.fmin(online.homes, mean.homes),
        present=present,
        groups=groups,
    )


def everyone(online: Estimate, users: Estimate, others: Estimate) -> Estimate:
    """π·ȳ_users + (1-π)·ȳ_non-users, by the chain rule; df the fewest of the three.

    >>> two, home, w = Groups(np.array([0, 0]), 1), np.arange(2), np.ones(2)
    >>> mean = lambda y: ratio(two, home, w, np.array(y), w)
    >>> float(everyone(mean([0.5, 0.5]), mean([60.0, 80.0]), mean([10.0, 30.0])).value[0])
    45.0
    """
    of = online.groups.of_home
    share = online.value
    step = share[of] * users.z + (1 - share)[of] * others.z
    step = step + (users.value - others.value)[of] * online.z
    return Estimate(
        value=share * users.value + (1 - share) * others.value,
        z=np.where(np.isfinite(step), step, 0.0),
        df=np.fmin(np.fmin(online.df, users.df), others.df),
        n=np.fmin(online.n, users.n) + others.n,
        # A home may hold both: the homes of the smaller part are what is certain.
        homes=np.fmin(np.fmin(online.homes, users.homes), others.homes),
        present=online.present | users.present | others.present,
        groups=online.groups,
    )


def complement(share: Estimate) -> Estimate:
    """1 - p.

    >>> one = Groups(np.array([0, 0]), 1)
    >>> p = ratio(one, np.arange(2), np.ones(2), np.array([0.0, 1.0]), np.ones(2))
    >>> complement(p).value
    array([0.5])
    """
    return replace(share, value=1 - share.value, z=-share.z)


def choose(first: Bools, one: Estimate, other: Estimate) -> Estimate:
    """Of each group the first estimate where `first`, else the other.

    >>> two, w = Groups(np.array([0, 1]), 2), np.ones(2)
    >>> mean = lambda y: ratio(two, np.arange(2), w, np.array(y), w)
    >>> choose(np.array([True, False]), mean([1.0, 2.0]), mean([3.0, 4.0])).value
    array([1., 4.])
    """
    of = one.groups.of_home
    return Estimate(
        value=np.where(first, one.value, other.value),
        z=np.where(first[of], one.z, other.z),
        df=np.where(first, one.df, other.df),
        n=np.where(first, one.n, other.n),
        homes=np.where(first, one.homes, other.homes),
        present=np.where(first[of], one.present, other.present),
        groups=one.groups,
    )


@dataclass(frozen=True, slots=True)
class Areas:
    """Which area each group (a village, or several small ones joined) is in."""

    of_group: Ints
    """(groups,)"""
    homes: Groups
    """Of the homes: their areas."""

    @staticmethod
    def of(of_group: Ints, count: int, groups: Groups) -> Areas:
        """The areas of groups of homes.

        >>> Areas.of(np.array([0, 0, 1]), 2, Groups(np.array([0, 1, 2, 2]), 3)).homes.of_home
        array([0, 0, 1, 1])
        """
        return Areas(of_group, Groups(of_group[groups.of_home], count))

    def sums(self, per_group: Floats | Bools) -> Floats:
        """(areas,) the sum of each area's groups."""
        found = np.bincount(self.of_group, per_group, minlength=self.homes.count)
        return found.astype(np.float64)

    def shares(self, per_group: Floats) -> Floats:
        """(groups,) each one's share of its area's sum; 0 where that is 0."""
        total = self.sums(per_group)[self.of_group]
        share: Floats = np.divide(per_group, total, out=np.zeros(len(total)), where=total > 0)
        return share


def area_total(areas: Areas, share: Floats, part: Estimate) -> Estimate:
    """Σ(N_v/N)·R_v of each area's villages, v = Σ(N_v/N)²·v_v.

    share: (groups,) N_v/N, or N_v, scaled here to those with an estimate.

    >>> two, w = Groups(np.array([0, 0, 1, 1]), 2), np.ones(4)
    >>> part = ratio(two, np.arange(4), w, np.array([1.0, 3.0, 5.0, 7.0]), w)
    >>> one = Areas.of(np.zeros(2, int), 1, two)
    >>> e = area_total(one, np.array([0.75, 0.25]), part)
    >>> e.value, e.v
    (array([3.]), array([0.625]))
    """
    return _combine(areas, areas.shares(_with_error(share, part)), part)


def area_mean(areas: Areas, share: Floats, online: Estimate, mean: Estimate) -> Estimate:
    """The areas' users: Σ(N_v/N)·π_v·ȳ_v / Σ(N_v/N)·π_v, by the chain rule.

    In an area without any π (a form without rosters) every village's is taken to be the same.

    >>> two, w = Groups(np.array([0, 0, 1, 1]), 2), np.ones(4)
    >>> part = lambda y: ratio(two, np.arange(4), w, np.array(y), w)
    >>> one = Areas.of(np.zeros(2, int), 1, two)
    >>> online = part([1.0, 1.0, 0.5, 0.5])
    >>> area_mean(one, np.array([0.5, 0.5]), online, part([60.0, 60.0, 30.0, 30.0])).value
    array([50.])
    """
    rostered = (areas.sums(np.isfinite(online.value)) > 0)[areas.of_group]
    factor = np.where(rostered, online.value, 1.0)
    both = replace(mean, value=np.where(np.isfinite(factor), mean.value, np.nan))
    weight = areas.shares(areas.shares(_with_error(share, both)) * np.nan_to_num(factor))
    found = _combine(areas, weight, both)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = weight * (both.value - found.value[areas.of_group]) / online.value
    moved = np.where(rostered & np.isfinite(moved), moved, 0.0)
    return replace(found, z=found.z + moved[mean.groups.of_home] * online.z)


def _with_error(share: Floats, part: Estimate) -> Floats:
    return np.where(np.isfinite(part.value) & (part.homes > 1), share, 0.0)


def _combine(areas: Areas, weight: Floats, part: Estimate) -> Estimate:
    used = weight > 0
    of = part.groups.of_home
    v = np.where(used, weight**2 * part.v, 0.0)
    fewest = np.full(areas.homes.count, np.inf)
    np.minimum.at(fewest, areas.of_group[used], part.df[used])
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = areas.sums(np.where(used, v**2 / part.df, 0.0))
        df = np.where(spread > 0, areas.sums(v) ** 2 / spread, fewest)
    some = areas.sums(used) > 0
    return Estimate(
        value=np.where(some, areas.sums(np.where(used, weight * part.value, 0.0)), np.nan),
        z=np.where(used[of], weight[of] * part.z, 0.0),
        df=np.where(some, df, np.nan),
        n=areas.sums(np.where(used, part.n, 0.0)),
        homes=areas.sums(np.where(used, part.homes, 0.0)),
        present=part.present & used[of],
        groups=areas.homes,
    )
