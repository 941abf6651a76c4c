"""Means of a stratified cluster sample by domain, in the conventions of R's survey package.

Ultimate clusters (only the first stage counts), with replacement unless a population size is given
(`fpc`), Taylor linearisation: a mean R = Σwy/Σw of a domain has z_i = w(y - R)/Σw inside it and 0
outside, and v = Σ_h (1-f_h)·m_h/(m_h-1)·Σ_j (z_hj - z̄_h)² over the clusters j of stratum h, all of
them, in the domain or not (Lumley 2004; `survey::svyby(~y, ~by, design, svymean)`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from surveys.estimation.frame import Bools, Floats, Ints

if TYPE_CHECKING:
    from surveys.estimation.design_raking import Calibration

Lonely = Literal["fail", "adjust", "certainty"]
Degrees = Literal["design", "domain"]

DENSE = 4_000_000
"""Clusters × domains held at once where weights were raked."""


class DesignError(ValueError):
    """What makes a design or its margins unusable; its text is one sentence without answers."""


@dataclass(frozen=True, slots=True)
class Design:
    """Who was sampled how; rows are persons."""

    w: Floats
    """(rows,) the weights, raked if `calibration`; 0 counts for nothing but the clusters."""
    psu: Ints
    """(rows,) the cluster, numbered from 0 through the strata in order."""
    stratum: Ints
    """(clusters,) the stratum of each cluster, ascending."""
    fraction: Floats
    """(strata,) f_h, the share of the stratum's clusters that is in the sample; 0 without fpc."""
    lonely: Lonely
    """What a stratum of one cluster adds: `adjust` its distance from the mean of all clusters,
    `certainty` nothing. With `fail` there is none, except where all of a stratum was taken."""
    calibration: Calibration | None = None

    @property
    def clusters(self) -> Ints:
        """(strata,) m_h."""
        return np.bincount(self.stratum, minlength=len(self.fraction)).astype(np.int64)

    @property
    def df(self) -> int:
        """Clusters less strata, of rows with a weight: R's `degf(design)`."""
        found = np.unique(self.psu[self.w > 0])
        return len(found) - len(np.unique(self.stratum[found]))


@dataclass(frozen=True, slots=True)
class Means:
    """Means of one variable by domain; NaN where there is none."""

    value: Floats
    """(domains,)"""
    v: Floats
    """(domains,) the variance."""
    n: Floats
    """(domains,) rows with a weight and a value."""
    clusters: Floats
    """(domains,) clusters that these are in."""
    population: Floats
    """(domains,) Σw of these."""
    spread: Floats
    """(domains,) s² = n/(n-1)·Σw(y-R)²/Σw, R's `svyvar`."""
    df: Floats
    """(domains,) degrees of freedom."""

    @property
    def deff_replace(self) -> Floats:
        """v/(s²/n): R's `svymean(deff = "replace")`."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio: Floats = self.v / (self.spread / self.n)
        return _finite(ratio)

    @property
    def deff_finite(self) -> Floats:
        """v/(s²/n·(1 - n/N)), N = Σw: R's `svymean(deff = TRUE)`; NaN where N is not above n."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.deff_replace / (1 - self.n / self.population)
        return _finite(np.where(self.population > self.n, ratio, np.nan))


def _finite(values: Floats) -> Floats:
    found: Floats = np.where(np.isfinite(values), values, np.nan)
    return found


def design(
    rows: int,
    *,
    weight: Floats | None = None,
    cluster: Ints | None = None,
    strata: Ints | None = None,
    fpc: Floats | None = None,
    lonely: Lonely = "fail",
    names: list[str] | None = None,
) -> Design:
    """A design from its columns, each (rows,), as `survey::svydesign(nest = TRUE)`.

    cluster, strata: codes from 0 (of strata none unused), clusters counted inside their stratum;
    without clusters each row is one. fpc: how many clusters the stratum has, or the share of them
    in the sample (all ≤ 1). Without weights, a row of a stratum with fpc stands for 1/f_h, any
    other for 1. names: what the strata are called. Raises `DesignError`: no row, negative or no
    weights, an fpc that varies inside a stratum or is below the sample's clusters, and with `fail`
    a stratum of one cluster.

    >>> d = design(4, cluster=np.array([0, 0, 1, 2]), strata=np.array([0, 0, 0, 0]))
    >>> d.psu, d.clusters, d.df
    (array([0, 0, 1, 2]), array([3]), 2)
    """
    if rows == 0:
        raise DesignError("There is no row to estimate from.")
    if weight is not None and ((weight < 0).any() or not np.isfinite(weight).all()):
        raise DesignError("A weight is negative, or no number.")
    one = np.zeros(rows, np.int64) if strata is None else strata.astype(np.int64)
    ids = np.arange(rows) if cluster is None else cluster.astype(np.int64)
    kinds = int(one.max()) + 1
    span = int(ids.max()) + 1
    found, psu = np.unique(one * span + ids, return_inverse=True)
    stratum = found // span
    m = np.bincount(stratum, minlength=kinds)
    called = names if names is not None else [str(code) for code in range(kinds)]
    fraction = np.zeros(kinds) if fpc is None else _fraction(one, m, fpc, called)
    if weight is None:
        weight = np.ones(rows) if fpc is None else 1 / fraction[one]
    if not (weight > 0).any():
        raise DesignError("No row has a weight above 0.")
    alone = (m == 1) & (fraction < 1)
    if lonely == "fail" and alone.any():
        which = "" if strata is None else f" {called[int(np.argmax(alone))]}"
        raise DesignError(
            f"The stratum{which} has only one cluster, so that its error cannot be estimated:"
            " join it to another, or choose adjust or certainty for lonely clusters."
        )
    return Design(weight, psu.astype(np.int64), stratum, fraction, lonely)


def _fraction(stratum: Ints, m: Ints, fpc: Floats, names: list[str]) -> Floats:
    if not (np.isfinite(fpc).all() and (fpc > 0).all()):
        raise DesignError("A population size (fpc) is not above 0.")
    low, high = np.full(len(m), np.inf), np.zeros(len(m))
    np.minimum.at(low, stratum, fpc)
    np.maximum.at(high, stratum, fpc)
    held = m > 0
    varies = held & (low != high)
    if varies.any():
        which = names[int(np.argmax(varies))]
        raise DesignError(f"The population size (fpc) differs inside the stratum {which}.")
    if (fpc <= 1).all():
        return np.where(held, high, 0)
    if (fpc < 1).any():
        raise DesignError("Population sizes (fpc) are counts or shares, not some of each.")
    small = held & (high < m)
    if small.any():
        which = names[int(np.argmax(small))]
        raise DesignError(
            f"The population size (fpc) of the stratum {which} is below its clusters in the sample."
        )
    return np.where(held, m / np.where(held, high, 1), 0)


@dataclass(frozen=True, slots=True)
class Domains:
    """The domains of a design's rows, and which clusters have rows in which."""

    design: Design
    of_row: Ints
    """(rows,) the domain; -1 for none."""
    count: int
    pair: Ints
    """(rows in a domain,) which pair of domain and cluster each is in."""
    of_pair: Ints
    """(pairs,) the domain, ascending."""
    psu: Ints
    """(pairs,) the cluster."""
    part: Ints
    """(pairs,) which part of a domain, its rows of one stratum, each is in."""
    of_part: Ints
    """(parts,) the domain."""
    stratum: Ints
    """(parts,) the stratum."""
    df: Floats
    """(domains,) R's `degf(subset(design, domain))`."""

    @property
    def inside(self) -> Bools:
        """(rows,) whether the row is in a domain."""
        found: Bools = self.of_row >= 0
        return found


def domains(design: Design, of_row: Ints, count: int) -> Domains:
    """Domains from each row's code; -1 is in none. (rows,) -> `Domains`.

    >>> d = design(4, cluster=np.array([0, 0, 1, 2]))
    >>> domains(d, np.array([0, 1, 0, -1]), 2).df
    array([1., 0.])
    """
    inside = of_row >= 0
    wide = len(design.stratum)
    found, pair = np.unique(of_row[inside] * wide + design.psu[inside], return_inverse=True)
    of_pair, psu = found // wide, found % wide
    weighed = np.bincount(pair, design.w[inside] > 0, minlength=len(found)) > 0
    strata = len(design.fraction)
    kept = np.unique(of_pair[weighed] * strata + design.stratum[psu[weighed]]) // strata
    df = np.bincount(of_pair[weighed], minlength=count) - np.bincount(kept, minlength=count)
    both, part = np.unique(of_pair * strata + design.stratum[psu], return_inverse=True)
    return Domains(
        design=design,
        of_row=of_row,
        count=count,
        pair=pair.astype(np.int64),
        of_pair=of_pair,
        psu=psu,
        part=part.astype(np.int64),
        of_part=both // strata,
        stratum=both % strata,
        df=df.astype(np.float64),
    )


def means(parts: Domains, y: Floats, degrees: Degrees = "design") -> Means:
    """The mean of y in each domain; rows where y is NaN are as outside of it. y: (rows,).

    degrees: `design`, clusters less strata of the whole design; `domain`, of the domain.

    >>> d = design(4, cluster=np.array([0, 0, 1, 1]))
    >>> m = means(domains(d, np.zeros(4, int), 1), np.array([1.0, 3.0, 5.0, 7.0]))
    >>> m.value, m.v, m.df
    (array([4.]), array([4.]), array([1.]))
    """
    one = parts.design
    inside = parts.inside
    of, w, y = parts.of_row[inside], one.w[inside], y[inside]
    known = np.isfinite(y) & (w > 0)
    w, y = np.where(known, w, 0.0), np.where(known, y, 0.0)

    def sums(values: Floats | Bools) -> Floats:
        return np.bincount(of, values, minlength=parts.count).astype(np.float64)

    n, population = sums(known), sums(w)
    present = np.bincount(parts.pair, known, minlength=len(parts.psu)) > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        value = sums(w * y) / population
        off = np.where(known, y - value[of], 0.0)
        spread = sums(w * off**2) / population * n / (n - 1)
        e = off / population[of]
    e = np.where(known, e, 0.0)
    total = np.bincount(parts.pair, w * e, minlength=len(parts.psu)).astype(np.float64)
    raked = one.calibration
    v = _sparse(parts, total) if raked is None else _dense(parts, raked, total, e)
    return Means(
        value=value,
        v=np.where(n > 0, v, np.nan),
        n=n,
        clusters=np.bincount(parts.of_pair[present], minlength=parts.count).astype(np.float64),
        population=population,
        spread=spread,
        df=parts.df if degrees == "domain" else np.full(parts.count, float(one.df)),
    )


def _scale(one: Design) -> Floats:
    """(strata,) (1-f)·m/(m-1), without the factor of clusters where there is one."""
    m = one.clusters
    return (1 - one.fraction) * np.where(m > 1, m / np.maximum(m - 1, 1), 1.0)


def _sparse(parts: Domains, total: Floats) -> Floats:
    """(domains,) the variance from the sums of (pairs,), all other clusters being 0."""
    one, group, of = parts.design, parts.part, parts.of_part
    stratum, count = parts.stratum, len(of)
    m = one.clusters[stratum]
    centre = np.bincount(group, total, minlength=count) / m
    if one.lonely == "adjust":
        overall = np.bincount(parts.of_pair, total, minlength=parts.count) / len(one.stratum)
        centre = np.where(m > 1, centre, overall[of])
    # Centred, so that strata far from each other lose no digits.
    own = np.bincount(group, (total - centre[group]) ** 2, minlength=count)
    squares = own + (m - np.bincount(group, minlength=count)) * centre**2
    return np.bincount(of, _scale(one)[stratum] * squares, minlength=parts.count).astype(np.float64)


def _dense(parts: Domains, calibration: Calibration, total: Floats, e: Floats) -> Floats:
    """(domains,) the variance where residuals of the margins reach clusters outside a domain."""
    one = parts.design
    clusters = len(one.stratum)
    effects = calibration.effects(parts.of_row, parts.count, e)
    m, starts = one.clusters, np.searchsorted(one.stratum, np.arange(len(one.fraction)))
    v = np.zeros(parts.count)
    step = max(1, DENSE // clusters)
    for first in range(0, parts.count, step):
        last = min(first + step, parts.count)
        here = slice(*np.searchsorted(parts.of_pair, (first, last)))
        z = np.zeros((clusters, last - first))
        z[parts.psu[here], parts.of_pair[here] - first] = total[here]
        z -= calibration.of_clusters @ effects[:, first:last]
        centre = np.add.reduceat(z, starts, axis=0) / m[:, None]
        if one.lonely == "adjust":
            centre = np.where(m[:, None] > 1, centre, z.mean(axis=0))
        squares = np.add.reduceat((z - centre[one.stratum]) ** 2, starts, axis=0)
        v[first:last] = _scale(one) @ squares
    return v
