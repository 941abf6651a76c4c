"""What someone learns who knows of every number shown whose answers it is made of."""

from collections.abc import Collection, Iterable
from itertools import combinations

import numpy as np


def smallest_told(sets: Iterable[Collection[str]]) -> int:
    """The fewest people whose answers linear algebra tells something of, from sums over these sets.

    Of groups of people whom no set tells apart: one, the sum of two, or the difference of two.
    """
    known = sorted({frozenset(one) for one in sets} - {frozenset()}, key=sorted)
    groups: dict[tuple[bool, ...], set[str]] = {}
    for person in frozenset().union(*known):
        groups.setdefault(tuple(person in one for one in known), set()).add(person)
    people = list(groups.values())
    rows = np.array(list(groups), float).T
    _, sizes, basis = np.linalg.svd(rows)
    basis = basis[: int((sizes > 1e-9).sum())]
    small = [at for at, group in enumerate(people) if len(group) < 10]
    fewest = min(len(one) for one in known)
    for these in (*((at,) for at in small), *combinations(small, 2)):
        for signs in ((1, 1), (1, -1)):
            target = np.zeros(len(people))
            target[list(these)] = signs[: len(these)]
            if np.abs(target - basis.T @ (basis @ target)).max() < 1e-8:
                fewest = min(fewest, sum(len(people[at]) for at in these))
    return fewest
