"""Confidence intervals at 95 %, by their textbook names; every argument may be an array."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from surveys.estimation.frame import Floats

MANY = 64
"""From so many on it pays to look for equal ones first."""
Z = 1.959963984540054
"""The normal's 97.5th percentile: 1.96."""


def t_quantile(df: ArrayLike) -> Floats:
    """Student's 97.5th percentile; NaN where there are no degrees of freedom.

    >>> float(t_quantile(4).round(3)), t_quantile(np.full((2, 50), 4.0))[1, 3].round(3)
    (2.776, np.float64(2.776))
    """
    degrees = np.asarray(df, np.float64)
    if degrees.size < MANY:
        known = np.where(degrees > 0, degrees, np.nan)
        return np.asarray(special.stdtrit(known, 0.975), np.float64)
    # Villages share degrees of freedom more often than not, and each costs an iteration.
    some, which = np.unique(degrees, return_inverse=True)
    quantile = special.stdtrit(np.where(some > 0, some, np.nan), 0.975)
    return np.asarray(quantile[which].reshape(degrees.shape), np.float64)


def t_interval(
    value: ArrayLike, se: ArrayLike, df: ArrayLike, low: float, high: float
) -> tuple[Floats, Floats]:
    """value ± t(df)·se, cut to the scale [low, high].

    >>> [float(limit.round(2)) for limit in t_interval(90, 6, 4, 0, 100)]
    [73.34, 100.0]
    """
    centre, half = np.asarray(value, np.float64), t_quantile(df) * np.asarray(se)
    return np.clip(centre - half, low, high), np.clip(centre + half, low, high)


def effective_size(p: ArrayLike, v: ArrayLike, n: ArrayLike, df: ArrayLike) -> Floats:
    """n_eff = min(n, p(1-p)/v)·(t_{n-1}/t_df)²; the first factor is n at p = 0 and 1.

    p a share 0-1, v its variance, n persons (Korn & Graubard 1998).

    >>> float(effective_size(0.5, 0.005, 100, 99))
    50.0
    >>> float(effective_size(1.0, 0.0, 40, 39))
    40.0
    """
    share, variance = np.asarray(p, np.float64), np.asarray(v, np.float64)
    persons = np.asarray(n, np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        size = share * (1 - share) / variance
    edge = (share <= 0) | (share >= 1)
    first = np.where(edge, persons, np.fmin(persons, size))
    result: Floats = first * (t_quantile(persons - 1) / t_quantile(df)) ** 2
    return np.where(np.isnan(share), np.nan, result)


def wilson(p: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    """Wilson's score interval for a share p of n (Wilson 1927).

    >>> [float(limit.round(4)) for limit in wilson(0.2, 50)]
    [0.1124, 0.3304]
    >>> [float(limit) for limit in wilson(0.2, 1e-310)]
    [0.0, 1.0]
    """
    share, size = np.asarray(p, np.float64), np.asarray(n, np.float64)
    # Both times n, which may be as small as it likes.
    size = np.where(size > 0, size, np.nan)
    centre = (share * size + Z**2 / 2) / (size + Z**2)
    half = Z * np.sqrt(share * (1 - share) * size + Z**2 / 4) / (size + Z**2)
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def korn_graubard(p: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    """Clopper-Pearson's exact interval at the effective size n (Korn & Graubard 1998).

    >>> [float(limit.round(4)) for limit in korn_graubard(0.2, 50)]
    [0.1003, 0.3372]
    >>> [float(limit.round(4)) for limit in korn_graubard(0, 50)]
    [0.0, 0.0711]
    """
    share, size = np.asarray(p, np.float64), np.asarray(n, np.float64)
    yes = share * size
    no = size - yes
    with np.errstate(invalid="ignore"):
        low = np.where(yes > 0, special.betaincinv(np.where(yes > 0, yes, 1), no + 1, 0.025), 0)
        high = np.where(no > 0, special.betaincinv(yes + 1, np.where(no > 0, no, 1), 0.975), 1)
    unknown = np.isnan(yes)
    return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)


def logit_interval(
    p: ArrayLike, v: ArrayLike, n: ArrayLike, df: ArrayLike
) -> tuple[Floats, Floats]:
    """A share's t interval on the logit scale; at p = 0 or 1 Wilson's, with n_eff.

    >>> [float(limit.round(3)) for limit in logit_interval(0.8, 0.0025, 40, 30)]
    [0.679, 0.883]
    >>> [float(limit.round(3)) for limit in logit_interval(1.0, 0.0, 40, 39)]
    [0.912, 1.0]
    """
    share, variance = np.asarray(p, np.float64), np.asarray(v, np.float64)
    edge = (share <= 0) | (share >= 1)
    inner = np.where(edge, 0.5, share)
    half = t_quantile(df) * np.sqrt(variance) / (inner * (1 - inner))
    at_edge = wilson(share, effective_size(share, variance, n, df))
    return (
        np.where(edge, at_edge[0], special.expit(special.logit(inner) - half)),
        np.where(edge, at_edge[1], special.expit(special.logit(inner) + half)),
    )


def satterthwaite(v: ArrayLike, df: ArrayLike, v_other: ArrayLike, df_other: ArrayLike) -> Floats:
    """Degrees of freedom of the sum of two independent variances (Satterthwaite 1946).

    Where neither varies, the fewer.

    >>> float(satterthwaite(1, 10, 1, 10)), float(satterthwaite(0, 3, 0, 5))
    (20.0, 3.0)
    """
    one, two = np.asarray(v, np.float64), np.asarray(v_other, np.float64)
    first, second = np.asarray(df, np.float64), np.asarray(df_other, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        degrees = (one + two) ** 2 / (one**2 / first + two**2 / second)
    return np.where(one + two == 0, np.minimum(first, second), degrees)
