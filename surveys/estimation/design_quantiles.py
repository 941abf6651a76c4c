"""Quantiles of a design's domains with Woodruff's limits, as R's `survey::svyquantile`.

A quantile q is where the weighted distribution reaches p. The share of those at or under q has a
standard error; the limits of that share, read off the distribution, are the limits of q (Woodruff
1952). What stands between two values is a convention (Hyndman & Fan 1996), named as R's `qrule`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from surveys.estimation.design import Domains
from surveys.estimation.design_estimates import Degrees, Estimates, means
from surveys.estimation.frame import Bools, Floats, Ints
from surveys.estimation.intervals import logit_interval, t_quantile

Rule = Literal["math", "school", "hf4", "hf5", "hf6", "hf7", "hf8", "hf9"]
Interval = Literal["mean", "xlogit"]

PLACES: dict[Rule, tuple[float, float]] = {
    "hf4": (0, 0), "hf5": (1 / 2, 0), "hf6": (0, 1), "hf7": (1, -1), "hf8": (1 / 3, 1 / 3),
    "hf9": (3 / 8, 1 / 4),
}  # fmt: skip
"""a and b of the rules that interpolate: the value k stands at (W_k - a·w_k)/(W + b·w_n)."""
TIE = 1e-12
"""How near, as a share of W, a distribution's step has to be to count as met."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """A quantile of every domain; NaN where there is none."""

    value: Floats
    """(domains,)"""
    low: Floats
    high: Floats
    """(domains,) the 95 % limits; NaN where the share's limit is under 0 or over 1."""
    se: Floats
    """(domains,) the limits' distance ÷ 2t, as R's."""
    share: Estimates
    """The share of those at or under it."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The weighted distribution of one variable in each domain."""

    y: Floats
    """(rows,) ascending within its domain; the domains follow each other."""
    w: Floats
    """(rows,)"""
    reached: Floats
    """(rows,) W_k, the weights of the domain up to here."""
    of: Ints
    """(rows,) the domain."""
    size: Ints
    """(domains,) rows."""
    first: Ints
    """(domains,) where its rows begin."""
    whole: Floats
    """(domains,) W."""

    def at(self, p: Floats, rule: Rule) -> Floats:
        """(domains,) where p is reached; NaN for p outside of [0, 1] and for a domain without rows.

        >>> four = ladder(np.arange(4.0), np.ones(4), np.zeros(4, int), 1)
        >>> float(four.at(np.array([0.5]), "math")[0]), float(four.at(np.array([0.5]), "school")[0])
        (1.0, 1.5)
        """
        able = (self.size > 0) & (p >= 0) & (p <= 1)
        p = np.where(able, p, 0.0)
        found = self._step(p, rule) if rule in ("math", "school") else self._line(p, rule)
        return np.where(able, found, np.nan)

    def _step(self, p: Floats, rule: Rule) -> Floats:
        goal, near = p * self.whole, TIE * self.whole
        k = self._count(self.reached < (goal - near)[self.of])
        here = self._place(k)
        value = self.y[here]
        if rule == "school":
            met = np.abs(self.reached[here] - goal) <= near
            value = np.where(met, (value + self.y[self._place(k + 1)]) / 2, value)
        return value

    def _line(self, p: Floats, rule: Rule) -> Floats:
        a, b = PLACES[rule]
        last = self.w[self._place(self.size - 1)]
        with np.errstate(divide="ignore", invalid="ignore"):
            place = (self.reached - a * self.w) / (self.whole + b * last)[self.of]
        k = self._count(place <= p[self.of])
        below, above = self._place(np.maximum(k - 1, 0)), self._place(k)
        with np.errstate(divide="ignore", invalid="ignore"):
            part = (p - place[below]) / (place[above] - place[below])
        part = np.where((k > 0) & (above > below), part, 0.0)
        found: Floats = self.y[below] + part * (self.y[above] - self.y[below])
        return found

    def _count(self, rows: Bools) -> Ints:
        return np.bincount(self.of[rows], minlength=len(self.size)).astype(np.int64)

    def _place(self, k: Ints) -> Ints:
        """The row of each domain's k-th value, its last where there are fewer."""
        found: Ints = np.minimum(self.first + np.minimum(k, self.size - 1), len(self.y) - 1)
        return found


def ladder(y: Floats, w: Floats, of: Ints, count: int) -> Ladder:
    """The distribution of y, all known, with weights above 0. y, w, of: (rows,), at least one.

    >>> ladder(np.array([3.0, 1, 2]), np.array([1.0, 2, 3]), np.array([0, 0, 1]), 2).reached
    array([2., 3., 3.])
    """
    order = np.lexsort((y, of))
    y, w, of = y[order], w[order], of[order]
    size = np.bincount(of, minlength=count).astype(np.int64)
    first = np.cumsum(size) - size
    reached = np.empty(len(w))
    # Summed inside each domain, since differences of one long sum would miss ties. Domains of like
    # size lie side by side in a table.
    kinds = np.ceil(np.log2(np.maximum(size, 1))).astype(np.int64)
    for kind in np.unique(kinds[size > 0]):
        those = np.flatnonzero((kinds == kind) & (size > 0))
        step = np.arange(1 << int(kind))
        there = step < size[those, None]
        rows = np.where(there, first[those, None] + step, 0)
        reached[rows[there]] = np.cumsum(np.where(there, w[rows], 0.0), axis=1)[there]
    whole = np.where(size > 0, reached[np.maximum(first + size - 1, 0)], 0.0)
    return Ladder(y, w, reached, of, size, first, whole)


def quantiles(
    parts: Domains,
    y: Floats,
    p: float,
    *,
    rule: Rule = "math",
    interval: Interval = "mean",
    degrees: Degrees = "design",
) -> Quantiles:
    """Where p of each domain is reached, with limits; rows where y is NaN are as outside.

    y: (rows,). rule: R's `qrule`. interval: R's `interval.type`, how the share's limits are made:
    `mean`, t's; `xlogit`, t's on the logit.

    >>> from surveys.estimation.design import design, domains
    >>> everyone = domains(design(40), np.zeros(40, int), 1)
    >>> q = quantiles(everyone, np.arange(40.0), 0.5)
    >>> q.value, q.low, q.high
    (array([19.]), array([13.]), array([26.]))
    """
    inside = parts.inside
    of, w, at = parts.of_row[inside], parts.design.w[inside], y[inside]
    known = np.isfinite(at) & (w > 0)
    if not known.any():
        none = np.full(parts.count, np.nan)
        return Quantiles(none, none, none, none, means(parts, y, degrees))
    steps = ladder(at[known], w[known], of[known], parts.count)
    value = steps.at(np.full(parts.count, p), rule)
    under = np.full(len(y), np.nan)
    under[inside] = np.where(known, at <= value[of], np.nan)
    share = means(parts, under, degrees)
    low, high = (steps.at(limit, rule) for limit in _limits(share, interval))
    return Quantiles(value, low, high, (high - low) / (2 * t_quantile(share.df)), share)


def _limits(share: Estimates, interval: Interval) -> tuple[Floats, Floats]:
    if interval == "mean":
        half = t_quantile(share.df) * np.sqrt(share.v)
        return share.value - half, share.value + half
    low, high = logit_interval(share.value, share.v, share.n, share.df)
    edge = (share.value <= 0) | (share.value >= 1)
    return np.where(edge, np.nan, low), np.where(edge, np.nan, high)
