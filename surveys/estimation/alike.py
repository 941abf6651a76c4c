"""Rows that raking cannot tell apart, as one row that says how many they are.

A hundred users of a village are some forty different ones by their categories and their weight;
those of a township are hardly more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveys.estimation.frame import Floats, Ints

Whole = NDArray[np.signedinteger]
"""Whole numbers that take no more memory than they need: of a county they may all be there."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Who are of one village, have the same categories and weigh the same."""

    village: Whole
    """(rows,) or the villages of one area that have no margins, as one."""
    codes: tuple[Whole, ...]
    """Of each variable of the margins (rows,) the category, -1 where it is missing."""
    w: Floats
    """(rows,) what each of them weighs before raking; 0: no user."""
    count: Whole
    """(rows,) how many they are."""

    @classmethod
    def of(
        cls, village: Ints, codes: Sequence[Ints], w: Floats, widths: Sequence[int]
    ) -> tuple[Alike, Ints]:
        """Of everybody (rows,), in the order of villages; and (rows,) with whom each is alike.

        widths: how many categories each variable has.

        >>> village, sex, w = np.zeros(3, int), np.array([0, 1, 0]), np.array([0.5, 1.0, 0.5])
        >>> found, which = Alike.of(village, [sex], w, [2])
        >>> found.codes[0].tolist(), found.w.tolist(), found.count.tolist(), which.tolist()
        ([0, 1], [0.5, 1.0], [2, 1], [0, 1, 0])
        """
        weights, at = np.unique(w, return_inverse=True)
        key = village
        for one, width in zip(codes, widths, strict=True):
            key = key * (width + 1) + one + 1
        key = key * max(len(weights), 1) + at
        _, first, which, count = np.unique(
            key, return_index=True, return_inverse=True, return_counts=True
        )
        small = tuple(one[first].astype(np.int8) for one in codes)
        return cls(village[first].astype(np.int32), small, w[first], count.astype(np.int32)), which

    @classmethod
    def together(cls, some: Sequence[Alike]) -> Alike:
        """Several as one, in their order."""
        village, w, count = (
            np.concatenate([getattr(one, name) for one in some])
            for name in ("village", "w", "count")
        )
        codes = (np.concatenate(ones) for ones in zip(*(one.codes for one in some), strict=True))
        return cls(village, tuple(codes), w, count)
