"""Users by sex, by age and by schooling: two categories each, never crossed.

A row (a village and a variable) is shown whole or not: 10 persons of 5 homes in each category.
Users of whom the variable is not known are a remainder that subtraction would give: there must be
nobody, or as many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from surveys.estimation import suppression as shown
from surveys.estimation.decomposition import Interval
from surveys.estimation.disclosure import Shown, passes
from surveys.estimation.disclosure import shown as shown_together
from surveys.estimation.estimates import Estimate
from surveys.estimation.figures import REASONS, Codes, Figures, reason
from surveys.estimation.frame import Answers, Bools, Floats, Ints
from surveys.estimation.intervals import t_quantile
from surveys.estimation.margins import SCHOOLING
from surveys.estimation.profile import Breakdown, Group
from surveys.estimation.sample import Sample

OLDER_FROM = 55
Variable = Literal["sex", "age", "schooling"]
CATEGORIES: dict[Variable, tuple[str, str]] = {
    "sex": ("f", "m"),
    "age": ("to54", "from55"),
    "schooling": ("junior", "above"),
}


def category(answers: Answers, variable: Variable) -> Ints:
    """(rows,) 0 or 1, -1 where it is not known.

    Schooling codes over 9 (rather not say) are not known.
    """
    if variable == "sex":
        return answers.sex
    values = answers.age if variable == "age" else answers.schooling
    known = values >= 0 if variable == "age" else (values >= 0) & (values < 10)
    upper = values >= (OLDER_FROM if variable == "age" else SCHOOLING[1])
    return np.where(known, upper, -1).astype(np.int64)


def valued(use: Floats, of: Ints) -> Ints:
    """(rows,) the category of those with a use score.

    >>> valued(np.array([50.0, np.nan]), np.array([1, 1]))
    array([ 1, -3])
    """
    return np.where(np.isfinite(use), of, -3)


@dataclass(frozen=True, slots=True)
class Parts:
    """How many stand in each part of each place's users: both categories, and the rest."""

    persons: Floats
    """(places, 3)"""
    homes: Floats
    """(places, 3)"""


def parts(sample: Sample, of: Ints) -> Parts:
    """Of users by category (rows,), -1 the rest; any other code is in no number.

    -2 is not of this edition; a user without a use score is in no mean, nor in its test.
    """
    users = sample.weights.w > 0
    chosen = [users & (of == code) for code in (0, 1, -1)]
    return Parts(
        np.column_stack([sample.persons(one) for one in chosen]),
        np.column_stack([sample.homes(one) for one in chosen]),
    )


def shown_rows(
    of_villages: Parts, able: Bools, levels: Sequence[Ints], known: Bools
) -> Shown:  # fmt: skip
    """Which villages' rows, and which areas', can be shown together.

    able: (villages,) where the village itself is shown, with enough users for a mean; known: which
    were shown before with the same answers.
    """
    n, h = of_villages.persons, of_villages.homes
    able = able & passes(n[:, :2], h[:, :2])
    return shown_together(n[:, :2], h[:, :2], able, levels, (n[:, 2:], h[:, 2:]), known)


@dataclass(frozen=True, slots=True)
class Broken:
    """A breakdown of every place."""

    variable: Variable
    persons: Floats
    """(places, 2)"""
    users: Floats
    """(places,)"""
    use: tuple[Figures, Figures]
    difference: Figures
    why: Codes
    """Why a row is not shown."""

    def at(self, place: int) -> Breakdown:
        """One place's."""
        why = REASONS[self.why[place]]
        groups = () if why else self._groups(place)
        return Breakdown(self.variable, groups, self.difference.at(place), why)

    def _groups(self, place: int) -> tuple[Group, ...]:
        names = CATEGORIES[self.variable]
        most = int(self.users[place])
        return tuple(
            Group(name, shown.to_five(int(self.persons[place, k]), most), self.use[k].at(place))
            for k, name in enumerate(names)
        )


def breakdown(sample: Sample, use: Floats, variable: Variable, of: Ints, rows: Bools) -> Broken:
    """ū of both categories of every place, and their difference.

    of: (rows,) categories as `parts`; rows: (places,) which are shown.
    """
    of = valued(use, of)
    behind, mean = parts(sample, of), sample.of_users(use)
    means = [sample.of_users(np.where(of == code, use, np.nan)) for code in (0, 1)]
    few = [
        shown.reasons(behind.persons[:, k], behind.homes[:, k], shown.INDEX_FROM) for k in (0, 1)
    ]
    why = shown.both_reasons(
        shown.both_reasons(*few), shown.reasons(mean.n, mean.homes, shown.DIRECT_FROM)
    )
    why = np.where(rows, why, np.where(why != 0, why, reason("complementary"))).astype(np.int8)
    columns = [shown.scores(one, shown.INDEX_FROM) for one in means]
    return Broken(
        variable,
        behind.persons[:, :2],
        behind.persons.sum(axis=1),
        (columns[0], columns[1]),
        shown.figures(_difference(means[0], means[1]), why),
        why,
    )


def _difference(one: Estimate, other: Estimate) -> Interval:
    """The second less the first; homes may be in both."""
    v = one.v + other.v - 2 * one.covariance(other)
    value = other.value - one.value
    half = t_quantile(np.fmin(one.df, other.df)) * np.sqrt(np.maximum(v, 0))
    return Interval(value, np.clip(value - half, -100, 100), np.clip(value + half, -100, 100))
