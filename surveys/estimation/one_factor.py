"""One common factor behind several items: S ≈ λλ' + diag(ψ), by maximum likelihood or minres.

The first is found by Fisher scoring and then Newton's method, the second by Newton's. ψ is held at
or over 0.005 of an item's variance, as `factanal` and `psych::fa` hold it; lavaan may give a
negative one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from surveys.estimation.frame import Bools, Floats
from surveys.estimation.newton import minimum
from surveys.estimation.scales import ScaleError

LEAST_UNIQUE = 0.005
"""Of an item's variance: what is least left to the item alone."""
SCORING_STEPS = 10
"""Of Fisher scoring, which is safe far away and slow near the end where the factor is weak."""


@dataclass(frozen=True, slots=True)
class OneFactor:
    """A solution; arrays are (items,), in the units of the matrix that was fitted."""

    loading: Floats
    """λ; the factor has variance 1, and points the way most items do."""
    unique: Floats
    """ψ."""
    at_bound: Bools
    """Items whose ψ would fall further (a Heywood case): read nothing into the solution."""
    covariance: Floats
    """(2·items, 2·items) of λ and ψ, expected information, as lavaan's default; NaN for minres and
    where an item is at its bound."""
    chi2: float
    """n·F, lavaan's test statistic; NaN for minres."""
    df: int
    converged: bool


def one_factor(
    s: Floats, *, n: float, method: Literal["ml", "minres"] = "ml", least: float = LEAST_UNIQUE
) -> OneFactor:
    """Fit one factor to a covariance or correlation matrix of n persons.

    s: (items, items), from 3 items on. ml: minimises log|Σ| + tr(SΣ⁻¹); of correlations as
    `factanal(factors = 1)`, of covariances as `lavaan::cfa(..., std.lv = TRUE)`, which divides S by
    n, not n - 1: its λ are smaller by √((n - 1)/n), its ψ by (n - 1)/n, its χ² is the same. minres:
    least squares of what is off the diagonal, `psych::fa(nfactors = 1, fm = "minres")`.

    ScaleError: under 3 items, or (ml) a matrix that is not positive definite.

    >>> loads = np.array([0.8, 0.7, 0.6, 0.5])
    >>> r = np.outer(loads, loads) + np.diag(1 - loads**2)
    >>> one_factor(r, n=100).loading.round(6), one_factor(r, n=100, method="minres").df
    (array([0.8, 0.7, 0.6, 0.5]), 2)
    """
    k = len(s)
    if k < 3:
        raise ScaleError("a factor needs at least 3 items")
    unit = np.sqrt(s.diagonal())
    r = s / np.outer(unit, unit)
    sizes, axes = np.linalg.eigh(r)
    if method == "ml" and not sizes[0] > 1e-10:
        raise ScaleError("the items' covariances are not positive definite: one repeats others")
    start = axes[:, -1] * np.sign(axes[:, -1].sum()) * np.sqrt(sizes[-1] * 0.6)
    start = np.clip(start, -0.9, 0.9)
    (fit, held) = _likeliest(r, start, least) if method == "ml" else _least_squares(r, start, least)
    loading, unique, converged = fit
    covariance, chi2 = np.full((2 * k, 2 * k), np.nan), float("nan")
    if method == "ml":
        sigma = _implied(np.concatenate([loading, unique]))
        inverse = np.asarray(np.linalg.inv(sigma), np.float64)
        chi2 = float(np.linalg.slogdet(sigma)[1] - np.linalg.slogdet(r)[1])
        chi2 = n * (chi2 + float((inverse * r).sum()) - k)
        if not held.any():
            scale = np.concatenate([unit, unit**2])
            covariance = np.linalg.inv(_information(inverse, loading)) / n
            covariance = covariance * np.outer(scale, scale)
    return OneFactor(
        loading=loading * unit,
        unique=unique * unit**2,
        at_bound=held,
        covariance=covariance,
        chi2=chi2,
        df=k * (k - 1) // 2 - k,
        converged=converged,
    )


Solution = tuple[tuple[Floats, Floats, bool], Bools]


def _information(inverse: Floats, loading: Floats) -> Floats:
    """½·tr(Σ⁻¹Σ_a Σ⁻¹Σ_b) by λ and ψ: the expected information of one person.

    With Σ_λi = e_iλ' + λe_i' and Σ_ψi = e_ie_i' the traces are products of Σ⁻¹ and Σ⁻¹λ.
    """
    along = inverse @ loading
    by_loading = inverse * (loading @ along) + np.outer(along, along)
    between = inverse * along[:, None]
    return np.block([[by_loading, between.T], [between, inverse**2 / 2]])


def _implied(x: Floats) -> Floats:
    """Σ of λ and ψ, one after the other."""
    k = len(x) // 2
    return np.asarray(np.outer(x[:k], x[:k]) + np.diag(x[k:]), np.float64)


def _inverse(x: Floats) -> Floats:
    """Σ⁻¹ of λ and ψ, by Woodbury's identity."""
    k = len(x) // 2
    scaled = x[:k] / x[k:]
    found = scaled[:, None] * (scaled / -(1 + x[:k] @ scaled))
    found.flat[:: k + 1] += 1 / x[k:]
    return np.asarray(found, np.float64)


def _likeliest(r: Floats, start: Floats, least: float) -> Solution:
    k = len(r)

    variance = r.diagonal()

    def value(x: Floats) -> float:
        # log|Σ| and tr(RΣ⁻¹) of one factor by Woodbury's identity: no matrix is made.
        loading, unique = x[:k], x[k:]
        scaled = loading / unique
        common = 1 + loading @ scaled
        fits = np.log(unique).sum() + np.log(common) + variance @ (1 / unique)
        return float(fits - scaled @ r @ scaled / common) / 2

    def slopes(x: Floats) -> tuple[Floats, Floats]:
        inverse = _inverse(x)
        lack = inverse - inverse @ r @ inverse
        gradient = np.concatenate([lack @ x[:k], lack.diagonal() / 2])
        return gradient, _information(inverse, x[:k])

    def exact(x: Floats) -> tuple[Floats, Floats]:
        return _second(r, x)

    lower = np.concatenate([np.full(k, -np.inf), np.full(k, least)])
    first = np.concatenate([start, np.maximum(1 - start**2, least)])
    found = minimum(first, value, slopes, lower=lower, limit=SCORING_STEPS)
    if not found.converged:
        found = minimum(found.x, value, exact, lower=lower, limit=2000)
    return (found.x[:k], found.x[k:], found.converged), found.held[k:]


def _second(r: Floats, x: Floats) -> tuple[Floats, Floats]:
    """The gradient of ½(log|Σ| + tr(RΣ⁻¹)) by λ and ψ, and its second derivatives.

    With A = Σ⁻¹, M = ARA and L = A - M, which the gradient is made of, each second derivative is
    ½tr(LΣ_ab) - ½tr(Σ_aAΣ_bA) + tr(Σ_aAΣ_bM); the traces are products as in `_information`.
    """
    loading = x[: len(r)]
    inverse = _inverse(x)
    seen = inverse @ r @ inverse
    lack = inverse - seen
    along, across = inverse @ loading, seen @ loading
    both = np.outer(along, across)
    by_loading = both + both.T - np.outer(along, along) + lack
    by_loading += (loading @ along) * (seen - inverse) + (loading @ across) * inverse
    between = seen * along + inverse * across - inverse * along
    gradient = np.concatenate([lack @ loading, lack.diagonal() / 2])
    return gradient, np.block([[by_loading, between], [between.T, inverse * seen - inverse**2 / 2]])


def _least_squares(r: Floats, start: Floats, least: float) -> Solution:
    off = 1 - np.eye(len(r))
    most = np.sqrt(1 - least)

    def value(x: Floats) -> float:
        return float(((r - np.outer(x, x)) ** 2 * off).sum()) / 2

    def slopes(x: Floats) -> tuple[Floats, Floats]:
        lack = (np.outer(x, x) - r) * off
        exact = np.outer(x, x) * off + np.diag(off @ x**2) + lack
        return 2 * lack @ x, 2 * exact

    found = minimum(start, value, slopes, lower=-most, upper=most, limit=2000)
    return (found.x, 1 - found.x**2, found.converged), found.held
