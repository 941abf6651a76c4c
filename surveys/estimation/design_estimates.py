"""Means, totals and ratios of a design's domains, by Taylor linearisation.

Each is linearised to an influence e of its rows: of a mean R = Σwy/Σw it is (y - R)/Σw, of a total
y, of a ratio R = Σwy/Σwx it is (y - R·x)/Σwx (Lumley 2004; `survey::svyby` with `svymean`,
`svytotal`, `svyratio`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from surveys.estimation.design import Domains
from surveys.estimation.design_variance import variance
from surveys.estimation.frame import Bools, Floats

Degrees = Literal["design", "domain"]

ROUNDING = 1e-13
"""The standard error, as a share of its estimate, below which there is only rounding."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """What is estimated of every domain; NaN where there is none."""

    value: Floats
    """(domains,)"""
    v: Floats
    """(domains,) the variance."""
    simple: Floats
    """(domains,) what v would be if n persons had been drawn simply, with replacement."""
    n: Floats
    """(domains,) rows with a weight and a value."""
    clusters: Floats
    """(domains,) clusters that these are in."""
    population: Floats
    """(domains,) Σw of these."""
    df: Floats
    """(domains,) degrees of freedom."""
    rows: Floats
    """(domains,) rows of the domain, with a value and a weight or without; of all where weights
    were raked. R's `nrow`."""

    @property
    def deff_replace(self) -> Floats:
        """v against n drawn simply with replacement: R's `deff = "replace"`."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio: Floats = self.v / self.simple
        return _finite(ratio)

    @property
    def deff_finite(self) -> Floats:
        """Against n of N = Σw without replacement: R's `deff = TRUE`; NaN if N is not above n."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.deff_replace / (1 - self.n / self.population)
        return _finite(np.where(self.population > self.n, ratio, np.nan))


def exact(v: Floats, value: Floats) -> Floats:
    """(domains,) a variance, 0 where it is what rounding makes of values that are all alike.

    Else a design effect of it would be a number, and another one for each order of the rows.
    """
    with np.errstate(invalid="ignore"):
        found: Floats = np.where(v <= (ROUNDING * value) ** 2, 0.0, v)
    return found


@dataclass(frozen=True, slots=True)
class Estimates(Statistic):
    """With the rows it is made of."""

    parts: Domains
    y: Floats
    """(rows in a domain,) what is summed above, 0 where a row is left out."""
    x: Floats | None
    """(rows in a domain,) what is summed below; a total has nothing there."""
    e: Floats
    """(rows in a domain,) the influence, 0 where a row is left out."""
    known: Bools
    """(rows in a domain,) those that are not left out."""


def _finite(values: Floats) -> Floats:
    found: Floats = np.where(np.isfinite(values), values, np.nan)
    return found


def means(parts: Domains, y: Floats, degrees: Degrees = "design") -> Estimates:
    """The mean of y in each domain; rows where y is NaN are as outside of it. y: (rows,).

    degrees: `design`, clusters less strata of the whole design; `domain`, of the domain.

    >>> from surveys.estimation.design import design, domains
    >>> d = design(4, cluster=np.array([0, 0, 1, 1]))
    >>> m = means(domains(d, np.zeros(4, int), 1), np.array([1.0, 3.0, 5.0, 7.0]))
    >>> m.value, m.v, m.df
    (array([4.]), array([4.]), array([1.]))
    """
    return _estimates(parts, y, np.ones(len(y)), degrees)


def ratios(parts: Domains, y: Floats, x: Floats, degrees: Degrees = "design") -> Estimates:
    """Σwy/Σwx in each domain, over rows of which both are known. y, x: (rows,).

    >>> from surveys.estimation.design import design, domains
    >>> everyone = domains(design(3), np.zeros(3, int), 1)
    >>> ratios(everyone, np.array([1.0, 2, 3]), np.array([2.0, 4, 6])).value
    array([0.5])
    """
    return _estimates(parts, y, x, degrees)


def totals(parts: Domains, y: Floats, degrees: Degrees = "design") -> Estimates:
    """Σwy in each domain; rows where y is NaN are as outside of it. y: (rows,).

    >>> from surveys.estimation.design import design, domains
    >>> d = design(4, weight=np.array([2.0, 2, 2, 2]))
    >>> t = totals(domains(d, np.zeros(4, int), 1), np.array([1.0, 3.0, 5.0, 7.0]))
    >>> t.value, t.v.round(3)
    (array([32.]), array([106.667]))
    """
    return _estimates(parts, y, None, degrees)


def _estimates(parts: Domains, y: Floats, x: Floats | None, degrees: Degrees) -> Estimates:
    one, inside = parts.design, parts.inside
    of, w, y = parts.of_row[inside], one.w[inside], y[inside]
    known = np.isfinite(y) & (w > 0)
    if x is not None:
        x = x[inside]
        known &= np.isfinite(x)
        x = np.where(known, x, 0.0)
    w, y = np.where(known, w, 0.0), np.where(known, y, 0.0)

    def sums(values: Floats | Bools) -> Floats:
        return np.bincount(of, values, minlength=parts.count).astype(np.float64)

    n, population = sums(known), sums(w)
    present = np.bincount(parts.pair, known, minlength=len(parts.psu)) > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        if x is None:
            value, e = np.where(n > 0, sums(w * y), np.nan), y
        else:
            below = sums(w * x)
            value = _finite(sums(w * y) / below)
            e = np.where(known & np.isfinite(value)[of], (y - value[of] * x) / below[of], 0.0)
        off = e - (sums(w * e) / population)[of]
        # s² of the influence, R's `svyvar`, times N²/n: the variance of a total of simple draws.
        simple = sums(w * off**2) / np.where(n > 1, n - 1, np.nan) * population
    return Estimates(
        parts=parts,
        value=value,
        v=np.where(np.isfinite(value), exact(variance(parts, e, known), value), np.nan),
        simple=exact(simple, value),
        n=n,
        clusters=np.bincount(parts.of_pair[present], minlength=parts.count).astype(np.float64),
        population=population,
        df=parts.df if degrees == "domain" else np.full(parts.count, float(one.df)),
        rows=(
            sums(np.ones(len(of)))
            if one.calibration is None
            else np.full(parts.count, float(len(parts.of_row)))
        ),
        y=y,
        x=x,
        e=e,
        known=known,
    )
