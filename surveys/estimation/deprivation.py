"""Multidimensional deprivation (Alkire & Foster 2011): how many, how much, in what.

A person's score c is the weighted share of the items in which they are deprived. Who has c ≥ k is
deprived; only their lacks are counted. H is the share of such persons, A the mean c among them,
M0 = H·A = Σ_j ω_j·h_j, with h_j the share deprived in item j and deprived at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from surveys.estimation.estimates import Estimate, Groups, everyone, ratio
from surveys.estimation.frame import Floats, Ints

K = 1 / 3
"""The share of items from which on a person is deprived."""
ANSWERED = 2 / 3
"""The share of the items that must be known."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Persons; NaN for whom too little is known."""

    c: Floats
    """(rows,) the weighted share of items lacked, 0-1."""
    deprived: Floats
    """(rows,) 1 if c ≥ k, else 0."""
    censored: Floats
    """(rows,) c of the deprived, 0 of the others."""
    lacks: Floats
    """(rows, items) 1 where a deprived person lacks the item, else 0; NaN if unknown."""


@dataclass(frozen=True, slots=True)
class Deprivation:
    """H, A and M0 of every group, 0-1, with their errors home by home."""

    h: Estimate
    """The share of persons deprived."""
    a: Estimate
    """The share of items that the deprived lack; NaN where nobody is."""
    m0: Estimate
    """The adjusted headcount, H·A."""


def deprivation_scores(lacks: ArrayLike, weights: ArrayLike | None = None, k: float = K) -> Scores:
    """Who is deprived, from what each person lacks.

    lacks: (rows, items) 1 lacks, 0 does not, NaN unknown; weights: (items,) over 0, equal if not
    given; k: in (0, 1]. Of a person for whom some items are unknown the rest weigh more, so that
    weights still sum to 1; with under two thirds known (by weight) there is no score.

    ValueError: k or a weight out of its range.

    >>> found = deprivation_scores([[1, 1, 0], [0, 0, 1], [0, 0, 0], [np.nan, np.nan, 1]], k=0.5)
    >>> found.c.round(2), found.deprived
    (array([0.67, 0.33, 0.  ,  nan]), array([ 1.,  0.,  0., nan]))
    """
    lacking = np.asarray(lacks, np.float64)
    weight = np.ones(lacking.shape[1]) if weights is None else np.asarray(weights, np.float64)
    if not 0 < k <= 1 or not (weight > 0).all():
        raise ValueError("k must be over 0 and at most 1, weights over 0")
    weight = weight / weight.sum()
    asked = np.isfinite(lacking)
    known = asked @ weight
    with np.errstate(invalid="ignore", divide="ignore"):
        c = np.where(asked, lacking, 0.0) @ weight / known
    # Three items of nine are a third, whatever their weights add up to in binary.
    c = np.where(known >= ANSWERED - 1e-9, c, np.nan)
    deprived = np.where(np.isnan(c), np.nan, c >= k - 1e-9)
    return Scores(c, deprived, c * deprived, lacking * deprived[:, None])


def alkire_foster(groups: Groups, home: Ints, w: Floats, scores: Scores) -> Deprivation:
    """H, A and M0 of each group's persons with a score, with delete-a-home errors.

    home, w: (rows,), as `ratio`. A is the mean c of the deprived, who alone are its persons and
    homes; its value is M0/H.

    >>> one, w = Groups(np.array([0, 0, 0]), 1), np.ones(3)
    >>> found = alkire_foster(one, np.arange(3), w, deprivation_scores(np.eye(3), k=0.3))
    >>> found.h.value, found.a.value.round(3), found.m0.value.round(3)
    (array([1.]), array([0.333]), array([0.333]))
    """
    ones = np.ones(len(home))
    return Deprivation(
        h=ratio(groups, home, w, scores.deprived, ones),
        a=ratio(groups, home, w * (scores.deprived == 1), scores.c, ones),
        m0=ratio(groups, home, w, scores.censored, ones),
    )


def of_everyone(online: Estimate, users: Deprivation, others: Deprivation) -> Deprivation:
    """Base `all`: H and M0 are π·users + (1-π)·non-users, A = M0/H, by the chain rule.

    >>> one, home, w = Groups(np.array([0, 0]), 1), np.arange(2), np.ones(2)
    >>> online = ratio(one, home, w, w, np.array([2.0, 2.0]))
    >>> part = lambda lacks: alkire_foster(one, home, w, deprivation_scores(lacks))
    >>> found = of_everyone(online, part([[0, 0], [1, 0]]), part([[1, 1], [1, 1]]))
    >>> found.h.value, found.a.value.round(3), found.m0.value
    (array([0.75]), array([0.833]), array([0.625]))
    """
    h = everyone(online, users.h, others.h)
    m0 = everyone(online, users.m0, others.m0)
    a = replace(
        intensity(h, m0),
        n=users.a.n + others.a.n,
        # A home may hold both: those of the larger part are certain.
        homes=np.fmax(users.a.homes, others.a.homes),
    )
    return Deprivation(h=h, a=a, m0=m0)


def intensity(h: Estimate, m0: Estimate) -> Estimate:
    """A = M0/H by the chain rule; NaN where nobody is deprived.

    >>> one, home, w = Groups(np.array([0, 0]), 1), np.arange(2), np.ones(2)
    >>> found = alkire_foster(one, home, w, deprivation_scores([[1, 1], [1, 0]]))
    >>> intensity(found.h, found.m0).value
    array([0.75])
    """
    of = h.groups.of_home
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(h.value > 0, m0.value / h.value, np.nan)
        z = (m0.z - value[of] * h.z) / h.value[of]
    return replace(
        m0,
        value=value,
        z=np.where(np.isfinite(z), z, 0.0),
        df=np.where(np.isfinite(value), m0.df, np.nan),
    )


def contributions(m0: ArrayLike, shares: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """What each item adds to M0, as a share of it: ω_j·h_j/M0; the items of a group sum to 1.

    m0: (groups,); shares: (groups, items) h_j, the means of `Scores.lacks`; weights as
    `deprivation_scores`. They sum to 1 where every item is known of everyone. NaN where M0 is 0.

    >>> contributions([0.5, 0], [[0.75, 0.25], [0, 0]])
    array([[0.75, 0.25],
           [ nan,  nan]])
    """
    total, share = np.asarray(m0, np.float64), np.asarray(shares, np.float64)
    weight = np.ones(share.shape[1]) if weights is None else np.asarray(weights, np.float64)
    total = np.where(total > 0, total, np.nan)
    found: Floats = share * (weight / weight.sum()) / total[:, None]
    return found
