"""Complementary suppression: what is hidden must not come back by subtraction.

Villages are the leaves of a tree of areas. What is known of an area and of its shown parts gives,
by subtraction, the sum of the rest. So the hidden rows below a shown area must be none, or at least
two that together pass the test of a row that is shown: 10 persons of 5 homes, in each of its
categories. Else the smallest shown row below is hidden too, and again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveys.estimation.frame import Bools, Ints

PERSONS, HOMES = 10, 5
"""That must stand behind what is shown, or behind what subtraction gives."""

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a tree of areas is shown."""

    leaves: Bools
    """(leaves,)"""
    areas: tuple[Bools, ...]
    """Of each level (areas,)"""


def passes(persons: Counts, homes: Counts) -> Bools:
    """Whether each row has 10 persons of 5 homes in every category. (rows, categories) each.

    >>> passes(np.array([[12, 10], [30, 9]]), np.array([[6, 5], [20, 9]]))
    array([ True, False])
    """
    enough = ((persons >= PERSONS) & (homes >= HOMES)).all(axis=1)
    return np.asarray(enough, np.bool_)


def nobody_or_enough(persons: Counts, homes: Counts) -> Bools:
    """Whether a remainder is of nobody, or passes. (rows, categories) each.

    >>> nobody_or_enough(np.array([[0], [3], [12]]), np.array([[0], [3], [12]]))
    array([ True, False,  True])
    """
    nobody = (persons == 0).all(axis=1)
    return np.asarray(nobody | passes(persons, homes), np.bool_)


def shown(  # noqa: PLR0917
    persons: Counts,
    homes: Counts,
    able: Bools,
    levels: Sequence[Ints],
    rest: tuple[Counts, Counts] | None = None,
    known: Bools | None = None,
) -> Shown:
    """Which leaves, and which areas above them, can be shown together.

    persons, homes: (leaves, categories) behind each row; able: (leaves,) which may be shown by
    themselves (they pass, and are precise or complete enough); levels: from the lowest up,
    (leaves,) the area of each leaf on that level, -1 for none; areas of one level lie whole in
    areas of the next; rest: persons and homes (leaves, 1)
    that are in no category, while the total is known: nobody, or enough; known: (leaves,) which
    were shown before with the same answers, so that hiding them hides nothing. A leaf without
    anybody counts as no row.

    >>> n = np.array([[40.0], [6], [30], [25]])
    >>> found = shown(n, n, passes(n, n), [np.zeros(4, int)])
    >>> found.leaves, found.areas
    (array([ True, False,  True, False]), (array([ True]),))
    """
    size = persons.sum(axis=1)
    there = size > 0
    left = (np.zeros((len(size), 1)), np.zeros((len(size), 1))) if rest is None else rest
    fixed = np.zeros(len(size), np.bool_) if known is None else known & there
    leaves = (able & there & nobody_or_enough(*left)) | fixed
    counts = [int(level.max(initial=-1)) + 1 for level in levels]

    def sound(chosen: Bools, level: Ints, count: int) -> tuple[Bools, Ints]:
        """(areas,) whether what is chosen below passes, and how many rows it is."""
        n, h, rows = _sums(persons, homes, chosen, level, count)
        n_left, h_left, _ = _sums(*left, chosen, level, count)
        return passes(n, h) & nobody_or_enough(n_left, h_left), rows

    areas = [sound(there, level, n)[0] for level, n in zip(levels, counts, strict=True)]
    while True:
        uncovered = there & ~leaves
        for number, (level, count) in enumerate(zip(levels, counts, strict=True)):
            area = areas[number]
            good, rows = sound(uncovered, level, count)
            bad = area & (rows > 0) & ~(good & (rows > 1))
            if bad.any():
                hide = _smallest(size, leaves & ~fixed, level, bad)
                leaves[hide] = False
                # Where no leaf is left to hide, the area itself gives way.
                areas[number] = area & (~bad | np.isin(np.arange(count), level[hide]))
                break
            uncovered &= ~_of(area, level)
        else:
            return Shown(leaves, tuple(areas))


def _of(area: Bools, level: Ints) -> Bools:
    """(leaves,) whether the area above is one of these."""
    found: Bools = np.append(area, False)[level]
    return found


def _sums(
    persons: Counts, homes: Counts, chosen: Bools, level: Ints, count: int
) -> tuple[Counts, Counts, Ints]:
    rows = np.flatnonzero(chosen & (level >= 0))
    n, h = np.zeros((count, persons.shape[1])), np.zeros((count, persons.shape[1]))
    np.add.at(n, level[rows], persons[rows])
    np.add.at(h, level[rows], homes[rows])
    return n, h, np.bincount(level[rows], minlength=count).astype(np.int64)


def _smallest(size: Counts, leaves: Bools, level: Ints, bad: Bools) -> Ints:
    """The smallest leaf that is shown below each of these areas; the first of equals."""
    below = np.flatnonzero(leaves & _of(bad, level))
    order = below[np.lexsort((below, size[below], level[below]))]
    return order[np.unique(level[order], return_index=True)[1]]
