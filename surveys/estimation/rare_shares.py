"""Shares of small villages where a direct one says 0 of n: the beta-binomial model.

Villages' true shares are Beta(μM, (1-μ)M); of n persons y say yes. All villages together say what
μ and M may be, a village's own answers then update what is expected of any. μ has a flat prior, M
the density m/(m + M)², m the mean n (Christiansen & Morris 1997, *JASA* 92). What is not known of μ
and M is in the intervals: with the likeliest values taken as known they covered 89 % (30 villages).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from surveys.estimation.frame import Bools, Floats

POINTS = 32
"""Of the grid, on each axis."""
ROUNDS = 6
"""Times that the grid closes in on where the posterior is."""
ON_MEAN, ON_SIZE = (-12.0, 12.0), (float(np.log(1e-2)), float(np.log(1e6)))
"""Where the first grid looks for logit μ and for log M."""
NODES = 256
"""Through which sums of log Γ are interpolated: with so many, to rounding."""


@dataclass(frozen=True, slots=True)
class BetaBinomial:
    """Villages by the model; NaN for those with nobody asked."""

    mean: float
    """μ, the share expected of a village of which nothing is known (posterior mean)."""
    value: Floats
    """(villages,) posterior mean of its share, never 0 or 1."""
    low: Floats
    high: Floats
    """(villages,) the 2.5th and 97.5th percentiles, of the beta with the posterior's mean and
    variance."""


def beta_binomial(yes: ArrayLike, asked: ArrayLike, wanted: Bools | None = None) -> BetaBinomial:
    """Shares by the model from yes of asked persons; either may be an effective, broken number.

    yes, asked: (villages,), 0 ≤ yes ≤ asked; wanted: (villages,) whose low and high are asked for,
    which take longest; NaN of the others.

    ValueError: fewer than three villages with anybody asked; yes outside 0 to asked.

    >>> found = beta_binomial([0, 3, 1, 6, 2, 0, 4, 9], [10, 12, 9, 14, 10, 6, 11, 12])
    >>> bool(0.05 < found.value[0] < found.value[2] < found.mean < found.value[7] < 9 / 12)
    True
    """
    y, n = np.asarray(yes, np.float64), np.asarray(asked, np.float64)
    used = (n > 0) & np.isfinite(y)
    told, of = y[used], n[used]
    if len(of) < 3 or (told < 0).any() or (told > of).any():
        raise ValueError("a model needs three villages, and yes between 0 and those asked")
    on_mean, on_size = np.linspace(*ON_MEAN, POINTS), np.linspace(*ON_SIZE, POINTS)
    likelihood = Likelihood.of(told, of)
    weight = likelihood.posterior(on_mean, on_size)
    for _ in range(ROUNDS):
        on_mean = _closer(on_mean, weight.max(axis=1))
        on_size = _closer(on_size, weight.max(axis=0))
        weight = likelihood.posterior(on_mean, on_size)

    weight = weight / weight.sum()
    mu = special.expit(on_mean)
    first, second = np.zeros(len(of)), np.zeros(len(of))
    # A village's share given (μ, M) is Beta(μM + y, (1-μ)M + n - y): its mean and mean square.
    for size, total, one, two in zip(
        np.exp(on_size), weight.sum(axis=0), mu @ weight, mu**2 @ weight, strict=True
    ):
        whole, centre = of + size, size * one + told * total
        first += centre / whole
        square = size**2 * two + 2 * size * one * told + told**2 * total
        second += (square + centre) / (whole * (whole + 1))
    persons = first * (1 - first) / (second - first**2) - 1
    value, low, high = (np.full(len(y), np.nan) for _ in range(3))
    value[used] = first
    limits = used if wanted is None else used & wanted
    share, as_of = first[limits[used]], persons[limits[used]]
    low[limits], high[limits] = (
        special.betaincinv(share * as_of, (1 - share) * as_of, tail) for tail in (0.025, 0.975)
    )
    return BetaBinomial(float(mu @ weight.sum(axis=1)), value, low, high)


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The beta-binomial log likelihood of all villages, quick at any (μ, M).

    It is Σ log B(a + y, b + n - y)/B(a, b) = f_y(log a) + f_{n-y}(log b) - f_n(log M), a = μM, b =
    (1-μ)M, f_k(u) = Σ log Γ(e^u + k)/Γ(e^u). These are functions of one number, analytic for |Im u|
    < π whatever k is, so that polynomials through Chebyshev's points give them to rounding (Berrut
    & Trefethen 2004, *SIAM Review* 46), and the villages are summed over once.
    """

    yes: Floats
    no: Floats
    asked: Floats
    """(nodes,) f at the nodes."""
    mean: float
    """Of the persons asked."""

    @staticmethod
    def of(y: Floats, n: Floats) -> Likelihood:
        """From y of n, (villages,) each."""
        return Likelihood(_sums(y), _sums(n - y), _sums(n), float(n.mean()))

    def posterior(self, on_mean: Floats, on_size: Floats) -> Floats:
        """The density of (logit μ, log M) over a grid, its highest value 1."""
        log_mu, log_rest = special.log_expit(on_mean)[:, None], special.log_expit(-on_mean)[:, None]
        log = _interpolated(self.yes, log_mu + on_size) + _interpolated(self.no, log_rest + on_size)
        log += (
            on_size - 2 * np.log(self.mean + np.exp(on_size)) - _interpolated(self.asked, on_size)
        )
        log += log_mu + log_rest
        density: Floats = np.exp(log - log.max())
        return density


def _nodes() -> Floats:
    """Chebyshev's points of the second kind over all that log a, log b and log M can be."""
    low, high = ON_SIZE[0] + special.log_expit(ON_MEAN[0]), ON_SIZE[1]
    turn = np.cos(np.pi * np.arange(NODES) / (NODES - 1))
    points: Floats = (low + high) / 2 - (high - low) / 2 * turn
    return points


def _sums(k: Floats) -> Floats:
    """(nodes,) Σ log Γ(e^u + k)/Γ(e^u) over villages."""
    several, times = np.unique(k, return_counts=True)
    a = np.exp(_nodes())
    found: Floats = np.array([times @ special.gammaln(one + several) for one in a])
    found -= times.sum() * special.gammaln(a)
    return found


def _interpolated(values: Floats, at: Floats) -> Floats:
    """The polynomial through the nodes' values, by the barycentric formula."""
    nodes = _nodes()
    sign = np.where(np.arange(NODES) % 2 == 0, 1.0, -1.0)
    sign[[0, -1]] /= 2
    off = at[..., None] - nodes
    off = np.where(off == 0, 1e-200, off)
    part = sign / off
    found: Floats = (part @ values) / part.sum(axis=-1)
    return found


def _closer(axis: Floats, density: Floats) -> Floats:
    """The axis from two points before to two after where anything is to be found."""
    there = np.flatnonzero(density > 1e-6)
    low, high = max(there[0] - 2, 0), min(there[-1] + 2, len(axis) - 1)
    return np.linspace(axis[low], axis[high], POINTS)
