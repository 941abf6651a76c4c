"""Small villages borrow from others: the Fay-Herriot model (Fay & Herriot 1979).

A village's direct estimate is y_v = x_v'β + u_v + e_v, u ~ N(0, A) between villages, e ~ N(0, ψ_v)
its sampling error with known ψ_v. A is found by REML; where that gives 0, by the adjusted residual
likelihood of Li & Lahiri (2010), which never does. V = diag(A + ψ), P = V⁻¹ - V⁻¹X(X'V⁻¹X)⁻¹X'V⁻¹.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from surveys.estimation.frame import Bools, Floats
from surveys.estimation.intervals import Z, t_quantile

MODEL_FROM = 20
"""Villages that a model needs."""
HOMES_FROM = 3
"""Homes that a village in it needs."""

Method = Literal["mixed", "reml", "li-lahiri"]


@dataclass(frozen=True, slots=True)
class FayHerriot:
    """A fitted model of D villages and p coefficients, the intercept first."""

    variance: float
    """A, the variance between villages that the covariates leave."""
    method: Literal["reml", "li-lahiri"]
    """What A was found by."""
    beta: Floats
    """(p,)"""
    covariance: Floats
    """(p, p) of β, A taken as known: (X'V⁻¹X)⁻¹."""
    eblup: Floats
    """(D,) the empirical best linear unbiased predictor, between y_v and x_v'β."""
    mse: Floats
    """(D,) its mean squared error (Prasad & Rao 1990)."""
    shrinkage: Floats
    """(D,) ψ/(A + ψ): the weight of x_v'β in it."""


@dataclass(frozen=True, slots=True)
class Slope:
    """A coefficient with its 95 % limits."""

    value: float
    se: float
    df: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Modelled:
    """Villages by the model, (villages,); NaN for those that are not in it."""

    value: Floats
    """EBLUP, moved by one number for all so that the villages add up to the direct estimate."""
    mse: Floats
    low: Floats
    high: Floats
    used: Bools
    """Which villages are in the model."""
    fit: FayHerriot | None
    """None where no model could be made."""


def fay_herriot(
    y: ArrayLike, psi: ArrayLike, covariates: ArrayLike | None = None, *, method: Method = "mixed"
) -> FayHerriot:
    """Fit the model to direct estimates y with sampling variances psi.

    y: (D,); psi: (D,), over 0, in squared units of y; covariates: (D,) or (D, p-1) without the
    intercept, known from outside the sample. method "reml" is R's `sae::mseFH`, run to its end;
    "li-lahiri" `emdi::fh(method = "amrl")`; "mixed" takes the second only where the first gives 0
    (Rubin-Bleuer & You 2016).

    MSE = g1 + g2 + 2·g3 with g1 = Aψ/(A+ψ), g2 = B²·x'(X'V⁻¹X)⁻¹x, B = ψ/(A+ψ),
    g3 = B²/(A+ψ)·2/tr V⁻² (Prasad & Rao 1990; Datta & Lahiri 2000). "li-lahiri" takes off
    B²·(2/A)/tr V⁻², the bias of its A (Li & Lahiri 2010), and may fall under 0; the mixture has no
    such bias to first order, since REML gives 0 ever less often.

    ValueError: not finite, psi not over 0, covariates that depend on each other, or D under p + 3.

    >>> fit = fay_herriot([40.0, 52, 47, 61, 35, 58], [9.0, 25, 16, 9, 36, 16])
    >>> round(fit.variance, 2), fit.eblup.round(1)
    (83.31, array([40.9, 51.4, 47.4, 59.9, 39.3, 56.6]))
    """
    centre, noise = np.asarray(y, np.float64), np.asarray(psi, np.float64)
    x = _design(len(centre), covariates)
    if len(centre) < x.shape[1] + 3:
        raise ValueError("a model needs three villages more than it has coefficients")
    if not (np.isfinite(centre).all() and np.isfinite(x).all() and np.isfinite(noise).all()):
        raise ValueError("estimates, variances and covariates must all be known")
    if (noise <= 0).any():
        raise ValueError("sampling variances must be over 0")
    # An orthonormal basis of the same model: β apart, the numbers are the same and better behaved.
    basis, triangle = np.linalg.qr(x)
    edge = np.abs(np.diag(triangle))
    if (edge <= 1e-10 * np.linalg.norm(x, axis=0)).any():
        raise ValueError("covariates depend on each other")

    variance, found = 0.0, "reml"
    if method != "li-lahiri":
        variance = _maximum(centre, noise, basis, 0)
    if method == "li-lahiri" or (method == "mixed" and variance == 0):
        variance, found = _maximum(centre, noise, basis, 1), "li-lahiri"

    weight = 1 / (variance + noise)
    spread, coefficient, residual = _least_squares(weight, centre, basis)
    shrinkage = noise * weight
    uncertainty = 2 / (weight**2).sum()
    g1 = variance * shrinkage
    g2 = shrinkage**2 * ((basis @ spread) * basis).sum(axis=1)
    g3 = shrinkage**2 * weight * uncertainty
    mse = g1 + g2 + 2 * g3
    if method == "li-lahiri":
        mse = mse - shrinkage**2 * uncertainty / variance
    back = np.linalg.inv(triangle)
    return FayHerriot(
        variance=variance,
        method="li-lahiri" if found == "li-lahiri" else "reml",
        beta=back @ coefficient,
        covariance=back @ spread @ back.T,
        eblup=centre - shrinkage * residual,
        mse=mse,
        shrinkage=shrinkage,
    )


def _design(rows: int, covariates: ArrayLike | None) -> Floats:
    intercept = np.ones((rows, 1))
    if covariates is None:
        return intercept
    given = np.asarray(covariates, np.float64)
    return np.hstack([intercept, given.reshape(rows, -1)])


def _least_squares(weight: Floats, y: Floats, x: Floats) -> tuple[Floats, Floats, Floats]:
    """(X'WX)⁻¹, β and y - Xβ."""
    spread: Floats = np.asarray(np.linalg.inv((x.T * weight) @ x), np.float64)
    beta = spread @ ((x.T * weight) @ y)
    return spread, beta, y - x @ beta


def _maximum(y: Floats, psi: Floats, x: Floats, power: int) -> float:
    """The A ≥ 0 with the highest A^power times residual likelihood; x orthonormal.

    The likelihood may have several tops: a grid finds the highest, bisection of its slope the top.
    """
    free = len(y) - x.shape[1]
    residual = y - x @ (x.T @ y)
    s2, most = float(residual @ residual) / free, float(psi.max())
    # Above this A the slope is negative: tr P ≥ free/(A + most) and y'PPy ≤ free·s2/A².
    linear = 2 * power * most + free * s2
    root = np.sqrt(linear**2 + 4 * (free - 2 * power) * free * s2 * most)
    end = float(linear + root) / (2 * (free - 2 * power))
    if end == 0:
        return 0.0
    points = np.concatenate([[0.0], np.geomspace(1e-6 * end, 2 * end, 100)])
    best = int(np.argmax([_likelihood(a, y, psi, x, power) for a in points]))
    if best == 0 and _slope(0.0, y, psi, x) <= 0:
        return 0.0
    low, high = points[max(best - 1, 0)], points[best + 1]
    middle = points[best] if best else high / 2
    while low < middle < high:
        if power / middle + _slope(middle, y, psi, x) > 0:
            low = middle
        else:
            high = middle
        middle = (low + high) / 2
    return float(middle)


def _likelihood(a: float, y: Floats, psi: Floats, x: Floats, power: int) -> float:
    if a == 0 and power:
        return -np.inf
    weight = 1 / (a + psi)
    spread, _, residual = _least_squares(weight, y, x)
    fit = np.log(weight).sum() + np.linalg.slogdet(spread)[1] - weight @ residual**2
    return float(fit) / 2 + (power * np.log(a) if power else 0.0)


def _slope(a: float, y: Floats, psi: Floats, x: Floats) -> float:
    """The residual log-likelihood's derivative: (y'PPy - tr P)/2."""
    weight = 1 / (a + psi)
    spread, _, residual = _least_squares(weight, y, x)
    trace = weight.sum() - (spread * ((x.T * weight**2) @ x)).sum()
    return float((weight * residual) @ (weight * residual) - trace) / 2


def gradient(y: ArrayLike, psi: ArrayLike, ring: ArrayLike) -> Slope:
    """How much y changes with one ring (or one unit of distance) outward: β ± t_{D-2}·SE.

    y, psi as `fay_herriot`; ring: (D,) 0 county seat to 3 outlying hamlet, or a distance.

    ValueError: as `fay_herriot`; all villages in one ring.

    >>> slope = gradient([60.0, 55, 47, 50, 41, 38], [9.0] * 6, [0, 1, 2, 2, 3, 3])
    >>> round(slope.value, 1), slope.df, round(slope.low, 1), round(slope.high, 1)
    (-7.0, 4, -12.0, -1.9)
    """
    fit = fay_herriot(y, psi, np.asarray(ring, np.float64).ravel())
    value, se = float(fit.beta[1]), float(np.sqrt(fit.covariance[1, 1]))
    df = len(fit.eblup) - 2
    half = float(t_quantile(df)) * se
    return Slope(value, se, df, value - half, value + half)


def smoothed_variances(v: ArrayLike, kappa: ArrayLike, homes: ArrayLike) -> Floats:
    """ψ_v = κ_v·Σ(m-1)(v/κ)/Σ(m-1): one variance between homes, pooled over villages.

    A small village's own v is itself too uncertain to weigh by. v: (villages,) variances; kappa:
    κ = Σc_h², 1/(df + 1) of an estimate where df is over 1; homes: m, at least 2.

    >>> smoothed_variances([4.0, 18.0], [0.1, 0.25], [11, 6])
    array([ 5.06666667, 12.66666667])
    """
    variance, share = np.asarray(v, np.float64), np.asarray(kappa, np.float64)
    degrees = np.asarray(homes, np.float64) - 1
    pooled: Floats = share * (degrees @ (variance / share)) / degrees.sum()
    return pooled


def benchmarked(eblup: ArrayLike, direct: ArrayLike, adults: ArrayLike) -> Floats:
    """EBLUP + Σ N_v(y_v - EBLUP_v)/ΣN_v, so that the villages add up to the direct estimate.

    >>> benchmarked([40.0, 50.0], [38.0, 56.0], [300, 100])
    array([40., 50.])
    >>> benchmarked([40.0, 50.0], [40.0, 60.0], [300, 100])
    array([42.5, 52.5])
    """
    model, own = np.asarray(eblup, np.float64), np.asarray(direct, np.float64)
    weight = np.asarray(adults, np.float64)
    moved: Floats = model + weight @ (own - model) / weight.sum()
    return moved


def modelled(
    value: ArrayLike,
    v: ArrayLike,
    kappa: ArrayLike,
    homes: ArrayLike,
    adults: ArrayLike,
    *,
    covariates: ArrayLike | None = None,
) -> Modelled:
    """Every village on the scale 0-100 by the model: EBLUP ± 1.96√MSE, cut to the scale.

    value, v, kappa, homes, adults: (villages,), as `smoothed_variances` and `benchmarked`;
    covariates: (villages,) or (villages, k), from outside the sample: never π, which carries the
    errors of the same homes (intervals then covered 28 %). In the model are villages of at least
    three homes for which all of these are known; from 20 of them on, and if their homes vary at
    all. A covariate that says nothing beyond those before it is left out.

    >>> use = [20.0, 60.0] * 10
    >>> found = modelled(use, [100] * 20, [1 / 6] * 20, [6] * 20, [300] * 20)
    >>> found.value[:2].round(1), found.low[:2].round(1), found.high[:2].round(1)
    (array([24.8, 55.2]), array([ 7. , 37.5]), array([42.5, 73. ]))
    """
    own, variance, share, count, weight = (
        np.asarray(one, np.float64) for one in (value, v, kappa, homes, adults)
    )
    x = _design(len(own), covariates)
    used = np.isfinite(own) & np.isfinite(variance) & (count >= HOMES_FROM)
    used &= (share > 0) & (weight > 0) & np.isfinite(weight) & np.isfinite(x).all(axis=1)
    psi = np.zeros(len(own))
    if used.any():
        psi[used] = smoothed_variances(variance[used], share[used], count[used])
    used &= psi > 0
    result, mse = np.full(len(own), np.nan), np.full(len(own), np.nan)
    kept = _independent(x[used])
    if used.sum() < max(MODEL_FROM, kept.shape[1] + 3):
        return Modelled(result, mse, result, result, np.zeros(len(own), np.bool_), None)
    fit = fay_herriot(own[used], psi[used], kept[:, 1:])
    result[used] = benchmarked(fit.eblup, own[used], weight[used])
    mse[used] = fit.mse
    half = Z * np.sqrt(mse)
    return Modelled(
        value=np.clip(result, 0, 100),
        mse=mse,
        low=np.clip(result - half, 0, 100),
        high=np.clip(result + half, 0, 100),
        used=used,
        fit=fit,
    )


def _independent(x: Floats) -> Floats:
    """The columns that those before them do not already say."""
    if not len(x):
        return x
    rank = [np.linalg.matrix_rank(x[:, : i + 1]) for i in range(x.shape[1])]
    return x[:, np.diff(rank, prepend=0) > 0]
