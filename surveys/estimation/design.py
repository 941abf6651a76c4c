"""A stratified cluster sample and its domains, in the conventions of R's survey package.

Ultimate clusters (only the first stage counts), with replacement unless a population size is given
(`fpc`): `survey::svydesign(nest = TRUE)` (Lumley 2004). What is estimated from it stands in
`design_estimates`, its error in `design_variance`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from surveys.estimation.frame import Bools, Floats, Ints

if TYPE_CHECKING:
    from surveys.estimation.design_raking import Calibration

Lonely = Literal["fail", "adjust", "average", "certainty", "remove"]

NO_WEIGHT = "A weight is negative, or no number."

TAKEN = 1 - 1e-7
"""The share of clusters from which on a stratum counts as taken whole, as in R."""


class DesignError(ValueError):
    """What makes a design or its margins unusable; its text is one sentence without answers."""


@dataclass(frozen=True, slots=True)
class Strata:
    """How many clusters the sample has of each stratum."""

    clusters: Ints
    """(strata,) m_h."""
    fraction: Floats
    """(strata,) f_h, the share of the stratum's clusters that is in the sample; 0 without fpc."""
    lonely: Lonely

    @property
    def alone(self) -> Bools:
        """(strata,) of one cluster that was not all."""
        found: Bools = (self.clusters == 1) & (self.fraction <= TAKEN)
        return found

    @property
    def scale(self) -> Floats:
        """(strata,) (1-f)·m/(m-1); of a lonely one 1-f or nothing."""
        m = self.clusters
        scale = (1 - self.fraction) * np.where(m > 1, m / np.maximum(m - 1, 1), 1.0)
        scale = np.where(self.fraction > TAKEN, 0.0, scale)
        if self.lonely == "adjust":
            return scale
        return np.where(self.alone, 0.0, scale)


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
    """What a stratum of one cluster adds: `adjust` its own square, uncentred, `average` what the
    other strata add on average, `certainty` and `remove` nothing. With `fail` there is none, except
    where all of a stratum was taken."""
    calibration: Calibration | None = None

    @property
    def clusters(self) -> Ints:
        """(strata,) m_h."""
        return np.bincount(self.stratum, minlength=len(self.fraction)).astype(np.int64)

    @property
    def strata(self) -> Strata:
        """Its strata alone."""
        return Strata(self.clusters, self.fraction, self.lonely)

    @property
    def df(self) -> int:
        """Clusters less strata, of rows with a weight: R's `degf(design)`."""
        found = np.bincount(self.psu, self.w > 0, minlength=len(self.stratum)) > 0
        return int(found.sum() - (np.bincount(self.stratum[found]) > 0).sum())


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
        raise DesignError(NO_WEIGHT)
    one = np.zeros(rows, np.int64) if strata is None else strata.astype(np.int64)
    ids = np.arange(rows) if cluster is None else cluster.astype(np.int64)
    kinds = int(one.max()) + 1
    span = int(ids.max()) + 1
    found, psu = np.unique(one * span + ids, return_inverse=True)
    stratum = found // span
    m = np.bincount(stratum, minlength=kinds)
    low = high = None
    if fpc is not None:
        low, high = np.full(kinds, np.inf), np.zeros(kinds)
        # What is no number has to stay seen.
        np.minimum.at(low, one, np.where(np.isfinite(fpc), fpc, -np.inf))
        np.maximum.at(high, one, fpc)
    called = None if strata is None else names or [str(code) for code in range(kinds)]
    found_strata = strata_of(m, low, high, lonely, called)
    fraction = found_strata.fraction
    if weight is None:
        weight = np.ones(rows) if fpc is None else 1 / fraction[one]
    if not (weight > 0).any():
        raise DesignError("No row has a weight above 0.")
    return Design(weight, psu.astype(np.int64), stratum, fraction, lonely)


def strata_of(
    m: Ints,
    low: Floats | None,
    high: Floats | None,
    lonely: Lonely,
    names: list[str] | None = None,
) -> Strata:
    """The strata, (strata,) each: m clusters, and from `low` to `high` in their rows' fpc.

    names: what they are called, None without any. Raises `DesignError` as `design`.

    >>> strata_of(np.array([3, 4]), np.array([30.0, 4]), np.array([30.0, 4]), "fail").fraction
    array([0.1, 1. ])
    """
    called = names if names is not None else [str(code) for code in range(len(m))]
    fraction = np.zeros(len(m)) if low is None or high is None else _fraction(m, low, high, called)
    alone = (m == 1) & (fraction < 1)
    if lonely == "fail" and alone.any():
        which = "" if names is None else f" {called[int(np.argmax(alone))]}"
        raise DesignError(
            f"The stratum{which} has only one cluster, so that its error cannot be estimated:"
            " join it to another, or choose adjust or certainty for lonely clusters."
        )
    return Strata(m, fraction, lonely)


def _fraction(m: Ints, low: Floats, high: Floats, names: list[str]) -> Floats:
    held = m > 0
    if not (np.isfinite(high[held]).all() and (low[held] > 0).all()):
        raise DesignError("A population size (fpc) is not above 0.")
    varies = held & (low != high)
    if varies.any():
        which = names[int(np.argmax(varies))]
        raise DesignError(f"The population size (fpc) differs inside the stratum {which}.")
    if (high[held] <= 1).all():
        return np.where(held, high, 0)
    if (high[held] < 1).any():
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
