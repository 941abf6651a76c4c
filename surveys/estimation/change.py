"""Differences between waves and between areas.

A home that answers in both waves answers much alike: its z in the first is taken from its z in the
second, so that what both waves share is not counted as change (METHOD §4). Areas have no home in
common: their variances add.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.estimation.decomposition import Interval
from surveys.estimation.estimates import Estimate, Groups
from surveys.estimation.frame import Floats, Ints
from surveys.estimation.intervals import satterthwaite, t_interval


@dataclass(frozen=True, slots=True)
class Difference:
    """One estimate less another that has no home in common with it."""

    value: Floats
    """(groups,)"""
    v: Floats
    """(groups,) the variance; NaN with under two homes on a side."""
    df: Floats
    """(groups,)"""
    n: Floats
    homes: Floats
    """(groups,) persons and homes behind it: of the side that has fewer."""


def change(before: Estimate, after: Estimate, same: Ints) -> Estimate:
    """`after` less `before` of each group (a village): an estimate over the homes of both waves.

    The groups are the same on both sides, in the same order; the homes are each wave's own. same:
    (homes of the second wave,) the index of that home in the first, -1 for a new one. A home that
    has moved to another group is another home. z_h is that of the second wave less that of the
    first, 0 in a wave that the home is not in; df, n and homes are those of the wave with fewer.
    The homes of the result are those of the second wave, then those that only the first has. Raises
    ValueError where a home of the first wave is named twice, or is not there.

    >>> from surveys.estimation.estimates import ratio
    >>> mean = lambda y: ratio(Groups(np.zeros(len(y), int), 1), np.arange(len(y)),
    ...                        np.ones(len(y)), np.array(y), np.ones(len(y)))
    >>> before, after = mean([10.0, 30, 50]), mean([14.0, 34, 54])
    >>> moved = change(before, after, np.array([0, 1, 2]))
    >>> moved.value.round(6), moved.v.round(6)
    (array([4.]), array([0.]))
    >>> change(before, after, np.array([-1, -1, -1])).v.round(1)
    array([266.7])
    """
    old, new = before.groups.of_home, after.groups.of_home
    named = same[same >= 0]
    if (named >= len(old)).any() or len(np.unique(named)) < len(named):
        raise ValueError("a home of the first wave is named twice, or is not there")
    stayed = same >= 0
    stayed[stayed] = old[named] == new[stayed]
    gone = np.ones(len(old), np.bool_)
    gone[same[stayed]] = False
    z = np.concatenate([after.z, -before.z[gone]])
    present = np.concatenate([after.present, before.present[gone]])
    here = np.flatnonzero(stayed)
    z[here] -= before.z[same[stayed]]
    present[here] |= before.present[same[stayed]]
    return Estimate(
        value=after.value - before.value,
        z=z,
        df=np.minimum(before.df, after.df),
        n=np.minimum(before.n, after.n),
        homes=np.minimum(before.homes, after.homes),
        present=present,
        groups=Groups(np.concatenate([new, old[gone]]), after.groups.count),
    )


def difference(one: Estimate | Difference, other: Estimate | Difference) -> Difference:
    """`one` less `other`, of areas that have no home in common; df by Satterthwaite.

    Either may be of one group, set beside all groups of the other. A difference may be one of two
    changes: of the reference and of each village, that is of the gap.

    >>> from surveys.estimation.estimates import ratio
    >>> mean = lambda y: ratio(Groups(np.zeros(len(y), int), 1), np.arange(len(y)),
    ...                        np.ones(len(y)), np.array(y), np.ones(len(y)))
    >>> found = difference(mean([60.0, 80, 100]), mean([10.0, 30, 50]))
    >>> found.value, found.v.round(1), found.df
    (array([50.]), array([266.7]), array([4.]))
    """
    return Difference(
        value=one.value - other.value,
        v=one.v + other.v,
        df=satterthwaite(one.v, one.df, other.v, other.df),
        n=np.minimum(one.n, other.n),
        homes=np.minimum(one.homes, other.homes),
    )


def interval(found: Estimate | Difference, low: float = -100, high: float = 100) -> Interval:
    """The t interval at 95 %, cut to a scale: of a difference of scores or of percent ±100.

    >>> one = np.array([4.0])
    >>> of = interval(Difference(one, one, np.array([10.0]), 30 * one, 20 * one))
    >>> of.low.round(2), of.high.round(2)
    (array([-0.46]), array([8.46]))
    """
    bottom, top = t_interval(found.value, np.sqrt(found.v), found.df, low, high)
    return Interval(found.value, bottom, top)
