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

    def sums(self, per_home: Floats) -> Floats:
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
    top = by_home(home, homes, w * y[rows])
    bottom = by_home(home, homes, w * x[rows])
    persons = by_home(home, homes, np.ones(len(home)))
    factor = np.broadcast_to(np.asarray(k, np.float64), (groups.count,))
    total = groups.sums(bottom)
    of = groups.of_home
    with np.errstate(divide="ignore", invalid="ignore"):
        value = factor * groups.sums(top) / total
        c = bottom / total[of]
        if margins is None:
            of_home = (factor[of] * top - value[of] * bottom) / total[of]
        else:
            at = of[home]
            e = np.zeros(len(rows))
            e[rows] = (factor[at] * y[rows] - value[at] * x[rows]) / total[at]
            of_home = by_home(home, homes, w * margins.residuals(e, rows)[rows])
        z = of_home / (1 - c)
        m = groups.sums((persons > 0).astype(np.float64))
        df = np.fmax(1 / groups.sums(c**2) - 1, 1)
        z = np.sqrt((m - 1) / m)[of] * z
    present = persons > 0
    return Estimate(
        value=value,
        z=np.where(present & (m[of] > 1), z, 0.0),
        df=np.where(m > 0, df, np.nan),
        n=groups.sums(persons),
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
    m = groups.sums(present.astype(np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        z_online = online.z / np.sqrt((online.homes - 1) / online.homes)[of]
        z_mean = mean.z / np.sqrt((mean.homes - 1) / mean.homes)[of]
        z = online.value[of] * z_mean + mean.value[of] * z_online - z_online * z_mean
        z = np.sqrt((m - 1) / m)[of] * z
    return Estimate(
        value=online.value * mean.value,
        z=np.where(np.isfinite(z), z, 0.0),
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


def area_total(groups: Groups, share: Floats, part: Estimate) -> Estimate:
    """Σ(N_v/N)·R_v of the area's villages, v = Σ(N_v/N)²·v_v.

    groups: the area's homes, all in group 0; share: N_v/N of the villages, scaled to those with an
    estimate.

    >>> two, w = Groups(np.array([0, 0, 1, 1]), 2), np.ones(4)
    >>> part = ratio(two, np.arange(4), w, np.array([1.0, 3.0, 5.0, 7.0]), w)
    >>> e = area_total(Groups(np.zeros(4, int), 1), np.array([0.75, 0.25]), part)
    >>> e.value, e.v
    (array([3.]), array([0.625]))
    """
    return _combine(groups, _scaled(share, part), part)


def area_mean(groups: Groups, share: Floats, online: Estimate, mean: Estimate) -> Estimate:
    """The area's users: Σ(N_v/N)·π_v·ȳ_v / Σ(N_v/N)·π_v, by the chain rule.

    >>> two, w = Groups(np.array([0, 0, 1, 1]), 2), np.ones(4)
    >>> part = lambda y: ratio(two, np.arange(4), w, np.array(y), w)
    >>> area = Groups(np.zeros(4, int), 1)
    >>> online = part([1.0, 1.0, 0.5, 0.5])
    >>> area_mean(area, np.array([0.5, 0.5]), online, part([60.0, 60.0, 30.0, 30.0])).value
    array([50.])
    """
    if not np.isfinite(online.value).any():
        # A form without rosters: nobody knows the π by which villages would differ.
        return _combine(groups, _scaled(share, mean), mean)
    both = replace(mean, value=np.where(np.isfinite(online.value), mean.value, np.nan))
    weight = _scaled(share, both) * np.where(np.isfinite(both.value), online.value, 0.0)
    weight = weight / weight.sum() if weight.sum() > 0 else weight
    found = _combine(groups, weight, both)
    of = mean.groups.of_home
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = weight * (both.value - found.value[0]) / online.value
    return replace(found, z=found.z + np.where(np.isfinite(moved), moved, 0.0)[of] * online.z)


def _scaled(share: Floats, part: Estimate) -> Floats:
    known = np.where(np.isfinite(part.value) & (part.homes > 1), share, 0.0)
    total = known.sum()
    scaled: Floats = known / total if total > 0 else known
    return scaled


def _combine(groups: Groups, weight: Floats, part: Estimate) -> Estimate:
    used = weight > 0
    of = part.groups.of_home
    v = np.where(used, weight**2 * part.v, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(used, v**2 / part.df, 0.0).sum()
        fewest = np.where(used, part.df, np.inf).min(initial=np.inf)
        df = v.sum() ** 2 / spread if spread > 0 else fewest
    none = not used.any()
    return Estimate(
        value=np.array([np.nan if none else float(weight[used] @ part.value[used])]),
        z=np.where(used[of], weight[of] * part.z, 0.0),
        df=np.array([np.nan if none else df]),
        n=np.array([part.n[used].sum()]),
        homes=np.array([part.homes[used].sum()]),
        present=part.present & used[of],
        groups=groups,
    )
