"""The gap to a reference area, its exact split, and the chain of shortfalls.

Village and reference are different people: their variances add. Villages are (villages,) arrays,
the reference is one group, set beside all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from surveys.estimation.estimates import Estimate
from surveys.estimation.frame import Bools, Floats, Ints
from surveys.estimation.intervals import logit_interval, satterthwaite, t_quantile


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95 % limits, of every village."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Side:
    """π, ū and Ū of the villages, or of the reference."""

    online: Estimate
    mean: Estimate
    use: Estimate
    g: Floats

    @property
    def limits(self) -> tuple[Floats, Floats]:
        """π's limits: those of π/g on the logit, times g."""
        return online_limits(self.online, self.g)


@dataclass(frozen=True, slots=True)
class Split:
    """G = access + behaviour, in points of U."""

    total: Interval
    access: Interval
    behaviour: Interval


def online_limits(online: Estimate, g: Floats) -> tuple[Floats, Floats]:
    """π's limits, 0-1: the logit interval of π/g (at 1 Wilson's), times g."""
    low, high = logit_interval(online.value / g, online.v / g**2, online.n, online.df)
    return g * low, g * high


def split(village: Side, reference: Side) -> Split:
    """The gap in U, and how much of it goes with access, how much with behaviour.

    `G = (π_r - π)(ū_r + ū)/2 [access] + (π_r + π)/2·(ū_r - ū) [behaviour]`, exactly. The total and
    behaviour have t intervals by the delta method with Satterthwaite's df; access takes π's logit
    limits (MOVER; Zou & Donner 2008).
    """
    p, u = village.online.value, village.mean.value
    p_ref, u_ref = reference.online.value, reference.mean.value
    use, use_ref = village.use, reference.use
    total = p_ref * u_ref - p * u
    half = _half(use.v, use.df, use_ref.v, use_ref.df)

    mean_u, step_p = (u_ref + u) / 2, (p_ref - p) / 2
    access = 2 * step_p * mean_u
    down, up = _mover(village, -mean_u, step_p)
    down_ref, up_ref = _mover(reference, mean_u, step_p)

    mean_p, step_u = (p_ref + p) / 2, (u_ref - u) / 2
    behaviour = 2 * mean_p * step_u
    half_behaviour = _half(
        _variance(village, step_u, -mean_p), _fewest(village),
        _variance(reference, step_u, mean_p), _fewest(reference),
    )  # fmt: skip
    return Split(
        total=_cut(total, total - half, total + half),
        access=_cut(access, access - np.sqrt(down + down_ref), access + np.sqrt(up + up_ref)),
        behaviour=_cut(behaviour, behaviour - half_behaviour, behaviour + half_behaviour),
    )


def _half(v: Floats, df: Floats, v_ref: Floats, df_ref: Floats) -> Floats:
    half: Floats = t_quantile(satterthwaite(v, df, v_ref, df_ref)) * np.sqrt(v + v_ref)
    return half


def _cut(value: Floats, low: Floats, high: Floats) -> Interval:
    return Interval(value, np.clip(low, -100, 100), np.clip(high, -100, 100))


def _fewest(side: Side) -> Floats:
    return np.fmin(side.online.df, side.mean.df)


def _variance(side: Side, on_online: Floats, on_mean: Floats) -> Floats:
    """The variance of a·π + b·ū; not under 0 by rounding."""
    found = on_online**2 * side.online.v + on_mean**2 * side.mean.v
    found = found + 2 * on_online * on_mean * side.online.covariance(side.mean)
    return np.maximum(found, 0)


def _mover(side: Side, on_online: Floats, on_mean: Floats) -> tuple[Floats, Floats]:
    """The squared distances of a·π + b·ū to its lower and upper limit."""
    low, high = side.limits
    below, above = side.online.value - low, high - side.online.value
    spread = np.sqrt(side.online.v * side.mean.v)
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.where(spread > 0, side.online.covariance(side.mean) / spread, 0.0)
    b = on_mean * t_quantile(side.mean.df) * side.mean.se

    def squared(a: Floats) -> Floats:
        return np.maximum(a**2 + b**2 + 2 * r * a * b, 0)

    return (
        squared(on_online * np.where(on_online > 0, below, above)),
        squared(on_online * np.where(on_online > 0, above, below)),
    )


@dataclass(frozen=True, slots=True)
class LinkSide:
    """One link of the chain on one side."""

    both: Estimate
    """On the base asked for."""
    users: Estimate
    """Of users only: where one side has too few non-users."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Shortfalls of all villages, in the order of the links given."""

    shortfalls: tuple[Interval, ...]
    weakest: Ints
    """(villages,) index of the link that falls shortest, -1 where none can be named."""


def chain(
    village: Sequence[LinkSide],
    reference: Sequence[LinkSide],
    full: Sequence[Bools],
    sigma: Sequence[tuple[float, float]],
) -> Chain:
    """d_k = (ref_k - v_k)/σ_k of each link, and which is the weakest, if one can be named.

    full: of each link (villages,) whether both sides have the base asked for; sigma: the standard
    deviation between persons in the reference on that base, and of users only. σ is taken as it
    is. The largest is named if d_k - d_j > 0 for all others (one-sided t of the difference with
    Satterthwaite's df, Holm, 5 %).
    """
    links = range(len(village))
    groups = village[0].both.groups
    of = groups.of_home
    first = np.array([full[k] for k in links])
    scale = np.array([np.where(full[k], *sigma[k]) for k in links])
    scale = np.where(scale > 0, scale, np.nan)

    # The villages' z on the base of each link; the reference's on both, picked village by village.
    own_z = [
        np.where(first[k][of], village[k].both.z, village[k].users.z) / scale[k][of] for k in links
    ]
    both_z = np.array([one for side in reference for one in (side.both.z, side.users.z)])
    products = both_z @ both_z.T
    pick = np.array([np.where(first[k], 2 * k, 2 * k + 1) for k in links])

    def picked(sides: Sequence[LinkSide], name: str) -> Floats:
        return np.array(
            [
                np.where(first[k], getattr(side.both, name), getattr(side.users, name))
                for k, side in enumerate(sides)
            ]
        )

    d = (picked(reference, "value") - picked(village, "value")) / scale
    df, df_ref = picked(village, "df"), picked(reference, "df")
    few = (picked(village, "homes") < 2) | (picked(reference, "homes") < 2)

    def own(j: int, k: int) -> Floats:
        return groups.sums(own_z[j] * own_z[k])

    def other(j: int, k: int) -> Floats:
        found: Floats = products[pick[j], pick[k]] / (scale[j] * scale[k])
        return found

    shortfalls = []
    for k in links:
        half = _half(own(k, k), df[k], other(k, k), df_ref[k])
        half = np.where(few[k], np.nan, half)
        shortfalls.append(Interval(d[k], d[k] - half, d[k] + half))

    p = np.ones((len(village), len(village), groups.count))
    for j in links:
        for k in links:
            if j == k:
                continue
            v = own(j, j) + own(k, k) - 2 * own(j, k)
            v_ref = other(j, j) + other(k, k) - 2 * other(j, k)
            v, v_ref = np.maximum(v, 0), np.maximum(v_ref, 0)
            degrees = satterthwaite(v, np.fmin(df[j], df[k]), v_ref, np.fmin(df_ref[j], df_ref[k]))
            with np.errstate(divide="ignore", invalid="ignore"):
                t = (d[j] - d[k]) / np.sqrt(v + v_ref)
            p[j, k] = 1 - special.stdtr(degrees, np.where(few[j] | few[k], np.nan, t))
    return Chain(tuple(shortfalls), _weakest(d, p))


def _weakest(d: Floats, p: Floats) -> Ints:
    """The link whose difference to every other passes Holm's test at 5 %, or -1."""
    links, villages = d.shape
    unknown = np.isnan(d).any(axis=0)
    largest = np.argmax(np.where(np.isnan(d), -np.inf, d), axis=0)
    of_largest = p[largest, :, np.arange(villages)]
    others = np.sort(np.where(np.arange(links) == largest[:, None], -1.0, of_largest), axis=1)
    limits = 0.05 / np.arange(links - 1, 0, -1)
    passed = (others[:, 1:] <= limits).all(axis=1)
    return np.where(passed & ~unknown & (links > 1), largest, -1).astype(np.int64)
