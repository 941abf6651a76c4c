"""Numbers for what stands in the rows of an array: by hashing and marking, where NumPy sorts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def present(codes: Ints, count: int) -> Ints:
    """Those of the numbers 0 to count - 1 that stand in codes, ascending.

    >>> present(np.array([3, 0, 3]), 5)
    array([0, 3])
    """
    return np.flatnonzero(_marked(codes, count))


def renumbered(codes: Ints) -> Ints:
    """Numbers from 0 on in the place of some that leave gaps, in the same order.

    >>> renumbered(np.array([7, 2, 7, 4]))
    array([2, 0, 2, 1])
    """
    there = _marked(codes, int(codes.max(initial=-1)) + 1)
    return (np.cumsum(there) - 1)[codes]


def ranked(values: NDArray[np.generic]) -> tuple[Ints, NDArray[np.generic]]:
    """(rows,) the rank of each value among the different ones, and these, ascending.

    >>> ranked(np.array([30, 10, 30]))
    (array([1, 0, 1]), array([10, 30]))
    """
    codes, kinds = pd.factorize(values)
    order = np.argsort(kinds)
    rank = np.empty(len(kinds), np.int64)
    rank[order] = np.arange(len(kinds))
    return rank[codes], kinds[order]


def paired(outer: Ints, inner: Ints) -> tuple[Ints, Ints]:
    """(rows,) the rank of (outer, inner) among the different pairs, and the outer of each pair.

    >>> paired(np.array([1, 0, 1]), np.array([5, 9, 5]))
    (array([1, 0, 1]), array([0, 1]))
    """
    wide = int(inner.max(initial=0)) + 1
    rank, pairs = ranked(outer * wide + inner)
    return rank, pairs.astype(np.int64) // wide


def firsts(ascending: Ints) -> Ints:
    """Where each number stands first, of those that ascend.

    >>> firsts(np.array([2, 2, 5]))
    array([0, 2])
    """
    return np.flatnonzero(np.diff(ascending, prepend=-1))


def _marked(codes: Ints, count: int) -> NDArray[np.bool_]:
    there = np.zeros(count, np.bool_)
    there[codes] = True
    return there
