"""Answers to the items of a scale as the patterns that occur, each with its weight.

Persons with the same answers are one row: a likelihood costs as much as there are patterns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from surveys.estimation.frame import Bools, Floats, Ints
from surveys.estimation.scales import item_matrix, person_weights


@dataclass(frozen=True, slots=True)
class Patterns:
    """The patterns of answers that occur."""

    code: Ints
    """(patterns, items) the category from 0 in the order of the values; -1 unanswered."""
    weight: Floats
    """(patterns,) Σw of the persons with this pattern, w of mean 1."""
    squared: Floats
    """(patterns,) Σw²."""
    of_row: Ints
    """(persons,) each person's pattern; -1 without any answer, or without weight."""
    categories: Ints
    """(items,) how many values each item takes."""
    one_hot: sparse.csr_array
    """(patterns, all items' categories) 1 where answered."""

    @property
    def first(self) -> Ints:
        """(items,) where each item's categories begin among all of them."""
        return np.cumsum(self.categories) - self.categories

    @property
    def complete(self) -> Bools:
        """(patterns,) whether every item is answered."""
        return np.asarray((self.code >= 0).all(axis=1), np.bool_)

    @property
    def weighted(self) -> bool:
        """Whether persons weigh differently."""
        return not np.allclose(self.weight, self.squared)

    @property
    def persons(self) -> int:
        """Persons counted."""
        return int((self.of_row >= 0).sum())


def patterns(items: ArrayLike, weight: ArrayLike | None = None, least: int = 3) -> Patterns:
    """Count the patterns of answers.

    items: (persons, items), NaN where unanswered; weight: (persons,). A value nobody has is no
    category: 1, 2, 4 are three. ScaleError: under `least` items, alike answers, bad weights.

    >>> found = patterns([[0, 1, 1], [1, 0, np.nan], [0, 1, 1], [1, 1, 0]])
    >>> found.code
    array([[ 0,  1,  1],
           [ 1,  0, -1],
           [ 1,  1,  0]])
    >>> found.weight, found.of_row
    (array([2., 1., 1.]), array([0, 1, 0, 2]))
    """
    raw = np.asarray(items, np.float64)
    w = person_weights(weight, len(raw))
    counted = (w > 0) & np.isfinite(raw).any(axis=1) if raw.ndim == 2 else w > 0
    matrix = item_matrix(raw[counted], least)
    code = np.full(matrix.shape, -1, np.int64)
    categories = np.zeros(matrix.shape[1], np.int64)
    for item, column in enumerate(matrix.T):
        known = np.isfinite(column)
        values, code[known, item] = np.unique(column[known], return_inverse=True)
        categories[item] = len(values)
    found, place = np.unique(code, axis=0, return_inverse=True)
    of_row = np.full(len(raw), -1, np.int64)
    of_row[counted] = place.ravel()
    used = w[counted]
    first = np.cumsum(categories) - categories
    rows, columns = np.nonzero(found >= 0)
    at = first[columns] + found[rows, columns]
    one_hot = sparse.csr_array(
        (np.ones(len(at)), (rows, at)), shape=(len(found), int(categories.sum()))
    )
    return Patterns(
        code=found,
        weight=np.bincount(place.ravel(), used, minlength=len(found)).astype(np.float64),
        squared=np.bincount(place.ravel(), used**2, minlength=len(found)).astype(np.float64),
        of_row=of_row,
        categories=categories,
        one_hot=one_hot,
    )


def pairs(found: Patterns, rows: slice) -> sparse.csr_array:
    """(rows, categories²) 1 where two items' answers occur together: in a·categories + b, a ≤ b.

    An answer also occurs together with itself.

    >>> found = patterns([[0, 1, 1], [1, 0, np.nan], [0, 1, 1], [1, 1, 0]])
    >>> pairs(found, slice(1, 2)).indices
    array([ 7,  8, 14], dtype=int32)
    """
    total = int(found.categories.sum())
    code = found.code[rows]
    at = np.where(code >= 0, code + found.first, -1)
    one, other = np.triu_indices(code.shape[1])
    answered = (at[:, one] >= 0) & (at[:, other] >= 0)
    columns = (at[:, one] * total + at[:, other])[answered]
    ends = np.concatenate([[0], np.cumsum(answered.sum(axis=1))])
    return sparse.csr_array(
        (np.ones(len(columns)), columns.astype(np.int32), ends.astype(np.int32)),
        shape=(len(code), total**2),
    )
