"""Variances of linearised estimates of a design's domains, as `survey::svyrecvar`.

An estimate whose rows have the influence e has z = w·e, and
v = Σ_h (1-f_h)·m_h/(m_h-1)·Σ_j (z_hj - z̄_h)² over the clusters j of stratum h, all m_h of them, in
the domain or not (Lumley 2004). Where weights were raked, z is first freed of what the margins
explain; it then reaches clusters in which the domain has nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.estimation.design import Design, Domains
from surveys.estimation.frame import Bools, Floats, Ints

HELD, DENSE = 4_000_000, 40_000_000
"""Where weights were raked: clusters × domains in memory at once, and until which all are written
out. Beyond that only the clusters in which a domain has somebody are; it costs digits where an
error is nearly 0."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What the estimates of all domains have in them besides the domain's own rows."""

    columns: Floats
    """(clusters, k) sums z of some variables."""
    factors: Floats
    """(k, domains) how often each is in a domain's estimate."""

    def beside(self, other: Shared) -> Shared:
        """Both."""
        return Shared(
            np.hstack((self.columns, other.columns)), np.vstack((self.factors, other.factors))
        )


def variance(parts: Domains, e: Floats, known: Bools, shared: Shared | None = None) -> Floats:
    """(domains,) the variance of estimates with the influences e.

    e, known: (rows in a domain,), e being 0 where a row has no value.

    >>> from surveys.estimation.design import design, domains
    >>> one = domains(design(4), np.zeros(4, int), 1)
    >>> variance(one, np.array([1.0, -1, 1, -1]), np.ones(4, bool)).round(3)
    array([5.333])
    """
    one, raked = parts.design, parts.design.calibration
    w = one.w[parts.inside]
    total = np.bincount(parts.pair, w * e, minlength=len(parts.psu)).astype(np.float64)
    if raked is not None:
        margins = Shared(raked.of_clusters, -raked.effects(parts.of_row, parts.count, e))
        shared = margins if shared is None else margins.beside(shared)
        if len(one.stratum) * parts.count <= DENSE:
            return _dense(parts, total, shared)
    return _sparse(parts, total, known, shared)


def of_clusters(parts: Domains, e: Floats) -> Floats:
    """(clusters,) z of one estimate over the rows of all domains. e: (rows in a domain,).

    >>> from surveys.estimation.design import design, domains
    >>> one = domains(design(3, cluster=np.array([0, 0, 1])), np.array([0, 1, 1]), 2)
    >>> of_clusters(one, np.array([1.0, 2, 4]))
    array([3., 4.])
    """
    one = parts.design
    inside = parts.inside
    sums = np.bincount(one.psu[inside], one.w[inside] * e, minlength=len(one.stratum))
    z: Floats = sums.astype(np.float64)
    if one.calibration is not None:
        all_of_them = np.where(inside, 0, -1)
        z = z - (one.calibration.of_clusters @ one.calibration.effects(all_of_them, 1, e))[:, 0]
    return z


def _sparse(parts: Domains, total: Floats, known: Bools, shared: Shared | None) -> Floats:
    """From the sums of (pairs,), all other clusters being 0 but for what is shared."""
    one, group, of, stratum = parts.design, parts.part, parts.of_part, parts.stratum
    count, m, scale = len(of), one.clusters[stratum], one.strata.scale
    centre = np.where(m > 1, np.bincount(group, total, minlength=count) / m, 0.0)
    # Centred, so that strata far from each other lose no digits.
    own = np.bincount(group, (total - centre[group]) ** 2, minlength=count)
    squares = own + (m - np.bincount(group, minlength=count)) * centre**2
    v = np.bincount(of, scale[stratum] * squares, minlength=parts.count).astype(np.float64)
    if shared is not None:
        columns = _centred(one, shared.columns)
        weighed = scale[one.stratum][:, None] * columns
        mixed = [
            np.bincount(parts.of_pair, total * column[parts.psu], minlength=parts.count)
            for column in weighed.T
        ]
        v += ((2 * np.array(mixed) + columns.T @ weighed @ shared.factors) * shared.factors).sum(0)
    if one.lonely == "average" and one.calibration is None:
        there = np.bincount(group[parts.pair[known]], minlength=count) > 0
        lonely = one.strata.alone[stratum]
        with np.errstate(divide="ignore", invalid="ignore"):
            v *= _per(of, there, parts.count) / _per(of, there & ~lonely, parts.count)
    elif one.lonely == "average":
        v *= _all_strata(one)
    return np.maximum(v, 0.0)


def _per(of: Ints, there: Bools, count: int) -> Floats:
    return np.bincount(of, there, minlength=count).astype(np.float64)


def _centred(one: Design, columns: Floats) -> Floats:
    """(clusters, k) less the mean of the stratum; one cluster alone stays as it is."""
    m = one.clusters[:, None]
    starts = np.searchsorted(one.stratum, np.arange(len(one.fraction)))
    centre = np.where(m > 1, np.add.reduceat(columns, starts, axis=0) / m, 0.0)
    found: Floats = columns - centre[one.stratum]
    return found


def _all_strata(one: Design) -> float:
    """Strata ÷ those that are not lonely: raking reaches all of them."""
    return len(one.fraction) / max(int((~one.strata.alone).sum()), 1)


def _dense(parts: Domains, total: Floats, shared: Shared) -> Floats:
    """From every cluster's z in every domain."""
    one = parts.design
    clusters, scale = len(one.stratum), one.strata.scale[one.stratum]
    v = np.zeros(parts.count)
    step = max(1, HELD // clusters)
    for first in range(0, parts.count, step):
        last = min(first + step, parts.count)
        here = slice(*np.searchsorted(parts.of_pair, (first, last)))
        z = np.zeros((clusters, last - first))
        z[parts.psu[here], parts.of_pair[here] - first] = total[here]
        z += shared.columns @ shared.factors[:, first:last]
        v[first:last] = scale @ _centred(one, z) ** 2
    return v * _all_strata(one) if one.lonely == "average" else v
