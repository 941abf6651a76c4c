"""Joint rank intervals, on request: how far apart villages can be ranked at all.

Klein, Wright & Wieczorek 2020, *JRSS A* 183: if every village's interval holds the truth at once,
so does every village's interval of ranks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from surveys.estimation.frame import Floats, Ints


@dataclass(frozen=True, slots=True)
class Ranks:
    """(villages,) the first and last rank that a village may have; 1 is the highest value.

    0 for a village without an estimate.
    """

    best: Ints
    worst: Ints


def joint_intervals(
    value: ArrayLike, se: ArrayLike, df: ArrayLike, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Limits that hold all D true values at once: each a t interval at level^(1/D).

    value, se, df: (villages,), of independent estimates; infinite df take the normal. D counts the
    villages with all three; the others get NaN.

    >>> low, high = joint_intervals([50.0, 60.0], [2.0, 2.0], [np.inf, np.inf])
    >>> low.round(2), high.round(2)
    (array([45.53, 55.53]), array([54.47, 64.47]))
    """
    centre, error, degrees = (np.asarray(one, np.float64) for one in (value, se, df))
    known = np.isfinite(centre) & np.isfinite(error) & (degrees > 0)
    tail = (1 + level ** (1 / max(int(known.sum()), 1))) / 2
    normal = np.isinf(degrees)
    student = special.stdtrit(np.where(known & ~normal, degrees, 1.0), tail)
    half = np.where(known, np.where(normal, special.ndtri(tail), student) * error, np.nan)
    return centre - half, centre + half


def rank_intervals(value: ArrayLike, se: ArrayLike, df: ArrayLike, level: float = 0.95) -> Ranks:
    """From 1 + #{L_j > U_v} to D - #{U_j < L_v}, with [L, U] the joint intervals.

    Arguments as `joint_intervals`. The chance that all D true ranks lie in their intervals is at
    least `level`.

    >>> found = rank_intervals([50, 80, 52], [2, 2, 2], [np.inf] * 3)
    >>> found.best, found.worst
    (array([2, 1, 2]), array([3, 1, 3]))
    """
    low, high = joint_intervals(value, se, df, level)
    known = np.isfinite(low)
    count = int(known.sum())
    above = count - np.searchsorted(np.sort(low[known]), high, side="right")
    below = np.searchsorted(np.sort(high[known]), low, side="left")
    return Ranks(
        best=np.where(known, 1 + above, 0).astype(np.int64),
        worst=np.where(known, count - below, 0).astype(np.int64),
    )
