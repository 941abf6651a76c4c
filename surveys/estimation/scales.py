"""A scale: several items that are to measure one thing; from how many persons on what is shown.

A use score is an index whose parts make it up (formative); α, ω and item response models are of
scales whose items all reflect one thing, as skills (S) and knowledge (K) do.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from surveys.estimation.frame import Bools, Floats

RELIABILITY_FROM = 200
"""Persons from whom on α, ω and what is said of single items are shown."""
ITEM_RESPONSE_FROM = 500
"""Persons from whom on a 2PL or graded response model and its fit are shown."""
DIFFERENTIAL_FROM = 200
"""Persons in each of the groups compared for differential item functioning (Zumbo 1999)."""

Kind = Literal["reliability", "item_response", "differential"]
Missing = Literal["listwise", "pairwise"]

_FROM: dict[Kind, int] = {
    "reliability": RELIABILITY_FROM,
    "item_response": ITEM_RESPONSE_FROM,
    "differential": DIFFERENTIAL_FROM,
}


class ScaleError(ValueError):
    """What makes a scale unusable; its text is one sentence without answers."""


def too_few(persons: float, kind: Kind) -> str | None:
    """Why a number is not to be shown, as a word for files; None where there are enough.

    persons: those whose answers are in it, for `differential` the smallest group.

    >>> too_few(199, "reliability"), too_few(499, "item_response"), too_few(500, "item_response")
    ('few_for_reliability', 'few_for_item_response', None)
    """
    return None if persons >= _FROM[kind] else f"few_for_{kind}"


def item_matrix(items: ArrayLike, least: int = 2) -> Floats:
    """(persons, items) as numbers, NaN where unanswered; who answered nothing stays in.

    ScaleError: under `least` items, or one that all who answered it answered alike.

    >>> item_matrix([[0, 1], [1, np.nan]])
    Traceback (most recent call last):
    surveys.estimation.scales.ScaleError: item 2 has the same answer from everybody
    """
    matrix = np.asarray(items, np.float64)
    if matrix.ndim != 2 or matrix.shape[1] < least:
        raise ScaleError(f"a scale needs at least {least} items")
    known = np.isfinite(matrix)
    low = np.where(known, matrix, np.inf).min(axis=0, initial=np.inf)
    high = np.where(known, matrix, -np.inf).max(axis=0, initial=-np.inf)
    alike = np.flatnonzero(~(high > low))
    if len(alike):
        raise ScaleError(f"item {alike[0] + 1} has the same answer from everybody")
    return matrix


def person_weights(weight: ArrayLike | None, persons: int) -> Floats:
    """(persons,) weights, of mean 1 over those above 0; 1 for each without weights.

    ScaleError: a weight under 0 or not finite, or none above 0.

    >>> person_weights([2, 6, 0], 3)
    array([0.5, 1.5, 0. ])
    """
    if weight is None:
        return np.ones(persons)
    w = np.asarray(weight, np.float64)
    counted: Bools = w > 0
    if not np.isfinite(w).all() or (w < 0).any() or not counted.any():
        raise ScaleError("weights are numbers of at least 0, some of them above it")
    scaled: Floats = w / w[counted].mean()
    return scaled
