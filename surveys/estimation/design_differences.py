"""Differences between a design's domains, with what their estimates share.

The difference of two estimates has the difference of their influences; clusters with people of
both domains, and margins, so enter once, as in `survey::svycontrast` with the covariances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.estimation.design_estimates import ROUNDING, Estimates
from surveys.estimation.design_variance import Shared, of_clusters, variance
from surveys.estimation.frame import Floats


@dataclass(frozen=True, slots=True)
class Differences:
    """Each domain less what it is compared with; NaN for what is compared with itself."""

    value: Floats
    """(domains,)"""
    v: Floats
    """(domains,) the variance."""
    n: Floats
    """(domains,) rows on both sides."""
    df: Floats
    """(domains,) of the design, else the fewer of the two domains."""


def from_one(found: Estimates, reference: int) -> Differences:
    """Each domain less one of them.

    >>> from surveys.estimation.design import design, domains
    >>> from surveys.estimation.design_estimates import means
    >>> two = domains(design(4, cluster=np.array([0, 1, 0, 1])), np.array([0, 0, 1, 1]), 2)
    >>> d = from_one(means(two, np.array([1.0, 5, 2, 6])), 0)
    >>> d.value, d.v
    (array([nan,  1.]), array([nan,  0.]))
    """
    parts = found.parts
    theirs = parts.of_row[parts.inside] == reference
    column = of_clusters(parts, np.where(theirs, found.e, 0.0))
    shared = Shared(column[:, None], np.full((1, parts.count), -1.0))
    value = found.value - found.value[reference]
    self_excluded = np.arange(parts.count) == reference
    return differences(
        np.where(self_excluded, np.nan, value),
        variance(parts, found.e, found.known, shared),
        found.n + found.n[reference],
        np.minimum(found.df, found.df[reference]),
        found.v + found.v[reference],
    )


def from_others(found: Estimates) -> Differences:
    """Each domain less all rows of the other domains together.

    >>> from surveys.estimation.design import design, domains
    >>> from surveys.estimation.design_estimates import means
    >>> three = domains(design(6), np.repeat([0, 1, 2], 2), 3)
    >>> from_others(means(three, np.array([1.0, 3, 4, 6, 8, 8]))).value
    array([-4.5,  0. ,  4.5])
    """
    parts, y, x = found.parts, found.y, found.x
    of, w = parts.of_row[parts.inside], parts.design.w[parts.inside]

    def sums(values: Floats) -> Floats:
        return np.bincount(of, w * values, minlength=parts.count).astype(np.float64)

    above = sums(y)
    if x is None:
        value = 2 * above - above.sum()
        own = 2 * y
        shared = Shared(of_clusters(parts, y)[:, None], np.full((1, parts.count), -1.0))
    else:
        below = sums(x)
        all_of_them = above.sum() / below.sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            rest = below.sum() - below
            others = (above.sum() - above) / rest
            own = found.e + ((y - others[of] * x) / rest[of])
            # (y - R·x) of the others, around the mean of all, so that no digits are lost.
            factors = np.array([-1 / rest, -(all_of_them - others) / rest])
        value = found.value - others
        columns = [of_clusters(parts, y - all_of_them * x), of_clusters(parts, x)]
        shared = Shared(np.column_stack(columns), factors)
    able = (found.n > 0) & (found.n < found.n.sum()) & np.isfinite(value)
    value = np.where(able, value, np.nan)
    own = np.where(able[of], own, 0.0)
    shared = Shared(shared.columns, np.where(able, shared.factors, 0.0))
    v = variance(parts, own, found.known, shared)
    n = np.full(parts.count, found.n.sum())
    return differences(value, v, n, found.df, variance(parts, own, found.known))


def differences(value: Floats, v: Floats, n: Floats, df: Floats, sides: Floats) -> Differences:
    """Nothing where there is no value; a variance is 0 where it is what rounding leaves of sides.

    (domains,) each; sides: as large as the variances of what is compared, added up.
    """
    there = np.isfinite(value)
    with np.errstate(invalid="ignore"):
        left = np.where(v <= ROUNDING * sides, 0.0, v)
    return Differences(
        value=value,
        v=np.where(there, np.maximum(left, 0.0), np.nan),
        n=np.where(there, n, np.nan),
        df=np.where(there, df, np.nan),
    )
