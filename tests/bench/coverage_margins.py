"""Margins of a simulated population, as `surveys.estimation.margins` takes them."""

from __future__ import annotations

import numpy as np

from surveys.estimation.margins import AGES, SCHOOLING, VARIABLES, Margins, Place
from tests.bench.coverage_population import Bools, Population


def places(people: Population, together: int) -> list[Place]:
    """The place of each village; so many villages make a township."""
    townships = [f"T{village // together}" for village in range(people.villages)]
    return [(township, f"V{village}") for village, township in enumerate(townships)]


def margins_of(people: Population, who: Bools, together: int) -> Margins:
    """How many of `who` each township has, by sex × age and by schooling."""
    count = people.villages // together
    township = people.village // together
    age = np.searchsorted(AGES, people.age, side="right") - 1
    codes = (
        people.sex * len(AGES) + age,
        np.searchsorted(SCHOOLING, people.schooling, side="right"),
    )
    found: dict[Place, dict[str, dict[str, float]]] = {}
    for variable, code in zip(VARIABLES, codes, strict=True):
        size = len(variable.categories)
        cell = (township * size + code)[who]
        persons = np.bincount(cell, minlength=count * size).reshape(count, size)
        for place, row in enumerate(persons.astype(np.float64).tolist()):
            counts = dict(zip(variable.categories, row, strict=True))
            found.setdefault((f"T{place}",), {})[variable.name] = counts
    return found
