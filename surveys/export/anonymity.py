"""k-anonymity: how coarse what could single somebody out must be, so that at least k look alike.

Sweeney 2002 (the model); all rows are coarsened alike (full-domain generalisation, Samarati 2001),
and the few that still stand out are left without these columns.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

K = 5
"""So many rows at least have each combination."""
MOST_APART = 0.05
"""The share of rows that may stand out, rather than coarsening all the others."""
COST: Mapping[str, tuple[int, ...]] = {
    "age": (0, 1, 2, 4), "schooling": (0, 1, 2, 4), "village": (0, 3, 6, 9), "sex": (0, 5),
}  # fmt: skip
"""What each step of coarsening costs: age and schooling go first, then the place, sex last."""

Levels = Mapping[str, Sequence[Sequence[Hashable]]]
"""Of each quasi-identifier its values at each level, the finest first; the last is one for all."""


@dataclass(frozen=True, slots=True)
class Coarsened:
    """How coarse each quasi-identifier is, and which rows stand out even so."""

    level: Mapping[str, int]
    apart: NDArray[np.bool_]
    """(rows,)"""


def coarsened(
    levels: Levels, k: int = K, places: Mapping[str, NDArray[np.integer[Any]]] | None = None
) -> Coarsened:
    """The cheapest coarsening with which at most 5 in 100 rows stand out: fewer than k are alike.

    Of equally cheap ones the one in which fewest rows stand out, then the first in the order of
    `COST`. The same rows in another order are coarsened alike. `places`: where each row's value
    stands among those of `levels`, for each quasi-identifier; without it each is a row's.

    >>> sex = ["f", "m"] * 5
    >>> age = [16, 16, 25, 25, 35, 35, 45, 45, 55, 55]
    >>> found = coarsened({"sex": [sex, [""] * 10], "age": [age, [""] * 10]})
    >>> dict(found.level), int(found.apart.sum())
    ({'age': 1, 'sex': 0}, 0)
    """
    names = [name for name in COST if name in levels]
    codes = {name: [_codes(values) for values in levels[name]] for name in names}
    if places is None:
        places = {name: np.arange(len(codes[name][0])) for name in names}
    kinds = _alike(codes[name][0][places[name]] for name in names)
    rows = len(kinds.of)
    # Of each kind of row one, for whatever is coarser than the finest.
    at = {name: places[name][kinds.first] for name in names}
    best: tuple[Any, ...] | None = None
    costs = {
        chosen: sum(
            COST[name][_step(name, level, len(codes[name]))]
            for name, level in zip(names, chosen, strict=True)
        )
        for chosen in product(*(range(len(codes[name])) for name in names))
    }
    for chosen in sorted(costs, key=costs.__getitem__):
        if best is not None and costs[chosen] > best[0]:
            break
        columns = [
            codes[name][level][at[name]] for name, level in zip(names, chosen, strict=True)
        ]  # fmt: skip
        few = _sizes(columns, kinds.counts) < k
        apart = int(kinds.counts[few].sum())
        if rows and apart / rows > MOST_APART:
            continue
        rank = (costs[chosen], apart, chosen)
        if best is None or rank < best[:3]:
            best = (*rank, few)
    if best is None:
        # Fewer than k rows in all: everything at its coarsest, and all of them stand out.
        coarsest = tuple(len(codes[name]) - 1 for name in names)
        best = (0, 0, coarsest, np.ones(len(kinds.counts), np.bool_))
    return Coarsened(dict(zip(names, best[2], strict=True)), best[3][kinds.of])


def _step(name: str, level: int, count: int) -> int:
    """Which cost a level has: the coarsest always the last, however many there are."""
    return len(COST[name]) - 1 if level == count - 1 and level else level


@dataclass(frozen=True, slots=True)
class _Alike:
    """Rows that have the same values in all columns."""

    first: NDArray[np.int64]
    """Of each kind of row the first one."""
    of: NDArray[np.int32]
    """(rows,) of which kind each is."""
    counts: NDArray[np.int64]
    """Of each kind how many rows there are."""


def _alike(columns: Iterable[NDArray[np.int32]]) -> _Alike:
    """
    >>> found = _alike(np.array(one) for one in ([7, 7, 9, 7], [1, 2, 1, 1]))
    >>> found.first.tolist(), found.of.tolist(), found.counts.tolist()
    ([0, 1, 2], [0, 1, 2, 0], [2, 1, 1])
    """
    key = _keys(columns)
    # As `np.unique` does, with half of the memory: there may be a million rows.
    order = np.argsort(key, kind="stable")
    key = key[order]
    begins = np.ones(len(key), np.bool_)
    np.not_equal(key[1:], key[:-1], out=begins[1:])
    del key
    of = np.empty(len(order), np.int32)
    of[order] = np.cumsum(begins, dtype=np.int32) - 1
    starts = np.flatnonzero(begins)
    return _Alike(order[starts], of, np.diff(starts, append=len(order)))


def _sizes(columns: Iterable[NDArray[np.int32]], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """(kinds,) how many rows have the same values in all columns.

    >>> _sizes([np.array([0, 0, 1]), np.array([0, 0, 0])], np.array([3, 1, 2])).tolist()
    [4, 4, 2]
    """
    key = _keys(columns)
    if int(key.max(initial=0)) > 4 * len(key):
        key = np.unique(key, return_inverse=True)[1]
    sizes: NDArray[np.int64] = np.bincount(key, counts)[key].astype(np.int64)
    return sizes


def _keys(columns: Iterable[NDArray[np.int32]]) -> NDArray[np.int64]:
    """(rows,) one number for the values in all columns, which are not negative."""
    key: NDArray[np.int64] | None = None
    for one in columns:
        if key is None:
            key = one.astype(np.int64)
            continue
        most = int(one.max(initial=0)) + 1
        if int(key.max(initial=0)) >= np.iinfo(np.int64).max // most - 1:
            key = np.unique(key, return_inverse=True)[1]
        key *= most
        key += one
    return np.zeros(0, np.int64) if key is None else key


def _codes(values: Sequence[Hashable]) -> NDArray[np.int32]:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(one, len(numbers)) for one in values], np.int32)
