"""k-anonymity: how coarse what could single somebody out must be, so that at least k look alike.

Sweeney 2002 (the model); all rows are coarsened alike (full-domain generalisation, Samarati 2001),
and the few that still stand out are left without these columns.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
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


def coarsened(levels: Levels, k: int = K) -> Coarsened:
    """The cheapest coarsening with which at most 5 in 100 rows stand out: fewer than k are alike.

    Of equally cheap ones the one in which fewest rows stand out, then the first in the order of
    `COST`. The same rows in another order are coarsened alike.

    >>> sex = ["f", "m"] * 5
    >>> age = [16, 16, 25, 25, 35, 35, 45, 45, 55, 55]
    >>> found = coarsened({"sex": [sex, [""] * 10], "age": [age, [""] * 10]})
    >>> dict(found.level), int(found.apart.sum())
    ({'age': 1, 'sex': 0}, 0)
    """
    names = [name for name in COST if name in levels]
    codes = {name: [_codes(values) for values in levels[name]] for name in names}
    best: tuple[Any, ...] | None = None
    for chosen in product(*(range(len(codes[name])) for name in names)):
        cost = sum(
            COST[name][_step(name, level, len(codes[name]))]
            for name, level in zip(names, chosen, strict=True)
        )
        if best is not None and cost > best[0]:
            continue
        sizes = sizes_of([codes[name][level] for name, level in zip(names, chosen, strict=True)])
        apart = sizes < k
        if apart.mean() > MOST_APART if len(apart) else False:
            continue
        rank = (cost, int(apart.sum()), chosen)
        if best is None or rank < best[:3]:
            best = (*rank, apart)
    if best is None:
        # Fewer than k rows in all: everything at its coarsest, and all of them stand out.
        coarsest = tuple(len(codes[name]) - 1 for name in names)
        rows = len(next(iter(codes.values()))[0]) if names else 0
        best = (0, 0, coarsest, np.ones(rows, np.bool_))
    return Coarsened(dict(zip(names, best[2], strict=True)), best[3])


def _step(name: str, level: int, count: int) -> int:
    """Which cost a level has: the coarsest always the last, however many there are."""
    return len(COST[name]) - 1 if level == count - 1 and level else level


def sizes_of(columns: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """(rows,) how many rows have the same values in all columns.

    >>> sizes_of([np.array([0, 0, 1]), np.array([0, 0, 0])]).tolist()
    [2, 2, 1]
    """
    key = columns[0]
    for one in columns[1:]:
        key = np.unique(key * (int(one.max(initial=0)) + 1) + one, return_inverse=True)[1]
    _, group, counts = np.unique(key, return_inverse=True, return_counts=True)
    sizes: NDArray[np.int64] = counts[group].astype(np.int64)
    return sizes


def _codes(values: Sequence[Hashable]) -> NDArray[np.int64]:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(one, len(numbers)) for one in values], np.int64)
