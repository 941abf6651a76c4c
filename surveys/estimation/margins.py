"""Known margins of online adults, and the pool in which each village is raked to them.

A place is the names from the programme down to an area, and for a village its code at the end. A
village is raked by itself where each category of its margins has 20 users. Else it is raked with
its township (or what above it has margins): all its users to its margins, which are the sum of its
villages' where none are given. Categories that are still too few join neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from surveys.estimation.alike import Alike, Whole
from surveys.estimation.frame import SEXES, Answers, Bools, Floats, Ints
from surveys.estimation.raking import FEWEST, Calibration, Margin, calibration, merged, rake

Place = tuple[str, ...]
Margins = Mapping[Place, Mapping[str, Mapping[str, float]]]
"""Place -> variable -> category -> how many online adults."""

AGES = (16, 35, 55, 65)
"""Where the age groups of the margins begin."""
AT_ONCE = 50
"""Pools that are raked at a time, so that it takes no more memory where there are more."""
ROWS_AT_ONCE = 50_000
"""Rows that are counted at a time, for the same reason."""
SCHOOLING = (2, 3)
"""From which schooling on: junior secondary, above."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the margins: categories by run, in an order in which neighbours can join."""

    name: str
    runs: tuple[tuple[str, ...], ...]

    @property
    def categories(self) -> tuple[str, ...]:
        """All of them, run by run."""
        return tuple(category for run in self.runs for category in run)


VARIABLES = (
    Variable(
        "sex_age",
        tuple(tuple(f"{sex} {age}" for age in ("16-34", "35-54", "55-64", "65+")) for sex in SEXES),
    ),
    Variable("schooling", (("primary", "junior", "above"),)),
)


@dataclass(frozen=True, slots=True)
class Raking:
    """The weights of users after raking, and what they were raked to."""

    w: Floats
    """(rows,) 0 for anyone but a user."""
    base: Floats
    """(rows,) before."""
    pool: Whole
    """(rows,) -1 where not raked."""
    codes: tuple[Whole, ...]
    """Of each variable (rows,) the category as it was joined, -1 where missing."""
    size: Ints
    """(pools,) users raked."""
    deff: Floats
    """(pools,) Kish's n·Σw²/(Σw)²."""
    variables: tuple[tuple[str, ...], ...]
    """(pools) the names of the variables used."""
    place: tuple[Place, ...]
    """(pools)"""
    of_village: Ints
    """(villages,) its pool, -1 for none."""

    def rows(self, chosen: Ints, villages: Ints) -> Raking:
        """The same of some rows and villages, by position."""
        return Raking(
            self.w[chosen], self.base[chosen], self.pool[chosen],
            tuple(one[chosen] for one in self.codes),
            self.size, self.deff, self.variables, self.place, self.of_village[villages],
        )  # fmt: skip

    def calibration(self, group: Ints) -> Calibration | None:
        """For estimates of these groups (rows,): see `surveys.estimation.raking.calibration`."""
        pool, *codes = (one.astype(np.int64) for one in (self.pool, *self.codes))
        return calibration(pool, codes, self.base, self.size, group)


def categories(answers: Answers) -> tuple[Ints, ...]:
    """Of each variable (rows,) the category of the row, -1 where it is missing."""
    sex, age, schooling = answers.sex, answers.age, answers.schooling
    group = np.searchsorted(AGES, age, side="right") - 1
    both = np.isfinite(age) & (sex >= 0) & (group >= 0)
    level = np.searchsorted(SCHOOLING, schooling, side="right")
    known = (schooling >= 0) & (schooling < 10)
    return (
        np.where(both, sex * len(AGES) + group, -1).astype(np.int64),
        np.where(known, level, -1).astype(np.int64),
    )


def raked(answers: Answers, w: Floats, places: Sequence[Place], margins: Margins) -> Raking:
    """Rake the users of every village in its pool.

    w: (rows,) weights, 0 for anyone but a user; places: of each village. Villages without margins,
    and pools that cannot be raked, keep their weights and have no pool.
    """
    apart, number = told_apart(places, margins)
    alike, which = alike_of(answers, w, number)
    return raked_alike(alike, apart, margins).rows(which, number)


def told_apart(places: Sequence[Place], margins: Margins) -> tuple[list[Place], Ints]:
    """Places that raking tells apart, and (villages,) the number of each: a village with margins by
    itself, those right below an area that have none as one, without a code.

    >>> found, number = told_apart([("C", "a"), ("C", "b"), ("C", "c")], {("C", "b"): {}})
    >>> found, number
    ([('C', ''), ('C', 'b')], array([0, 1, 0]))
    """
    numbers: dict[Place, int] = {}
    found = [
        numbers.setdefault(place if place in margins else (*place[:-1], ""), len(numbers))
        for place in places
    ]
    return list(numbers), np.array(found, np.int64)


def alike_of(answers: Answers, w: Floats, number: Ints) -> tuple[Alike, Ints]:
    """What raking needs of the rows, as `surveys.estimation.alike.Alike.of` has it; number:
    (villages,) of each that in `told_apart`.
    """
    widths = [len(one.categories) for one in VARIABLES]
    return Alike.of(number[answers.village[answers.home]], categories(answers), w, widths)


def raked_alike(alike: Alike, places: Sequence[Place], margins: Margins) -> Raking:
    """As `raked`; rows are those of `alike`, places as `told_apart`."""
    of_row, codes, w, count = alike.village, alike.codes, alike.w, alike.count
    users = w > 0
    levels = _levels(places)
    choice, found = _chosen(alike, levels, margins)
    w_new, pool_of_row = w.copy(), np.full(len(w), -1, np.int32)
    codes_new = [np.full(len(w), -1, np.int8) for _ in VARIABLES]
    of_village = np.full(len(places), -1, np.int64)
    size: list[Ints] = [np.zeros(0, np.int64)]
    deff: list[Floats] = [np.zeros(0)]
    variables: list[tuple[str, ...]] = []
    named: list[Place] = []
    for up, needed in _some_at_a_time(choice, [pool for pool, _ in levels]):
        (pool, _), targets = levels[up], found[up]
        chosen = choice == up
        number = np.full(len(levels[up][1]) + 1, -1, np.int64)
        number[needed] = np.arange(len(needed))
        rows = np.flatnonzero(users & (number[pool] >= 0)[of_row])
        at = number[pool[of_row[rows]]]
        tables = [
            _joined(one[rows], at, count[rows], target[needed], variable)
            for one, target, variable in zip(codes, targets, VARIABLES, strict=True)
        ]
        result = rake(w[rows], at, tables, len(needed), count[rows])
        used = np.stack([np.isfinite(one.target).any(1) for one in tables])
        good = result.converged & used.any(0) & np.isfinite(result.deff)
        taken = chosen[of_row[rows]] & good[at]
        here, first = rows[taken], len(named)
        w_new[here] = result.w[taken]
        pool_of_row[here] = at[taken] + first
        for new, one in zip(codes_new, tables, strict=True):
            new[here] = one.codes[taken]
        villages = np.flatnonzero(chosen & (number[pool] >= 0))
        of_village[villages] = np.where(
            good[number[pool[villages]]], number[pool[villages]] + first, -1
        )
        size.append(np.bincount(at, count[rows], minlength=len(needed)).astype(np.int64))
        deff.append(result.deff)
        variables.extend(
            tuple(one.name for one, yes in zip(VARIABLES, column, strict=True) if yes)
            for column in used.T.tolist()
        )
        named.extend(levels[up][1][one] for one in needed.tolist())
    return Raking(
        w_new, w, pool_of_row, tuple(codes_new), np.concatenate(size), np.concatenate(deff),
        tuple(variables), tuple(named), of_village,
    )  # fmt: skip


def _chosen(
    alike: Alike, levels: Sequence[tuple[Ints, list[Place]]], margins: Margins
) -> tuple[Ints, list[list[Floats]]]:
    """(villages,) on which level each is raked, -1 for none; and of each level, of each variable,
    (pools, categories) what its pools are raked to.
    """
    places = levels[0][1]
    own = [_given(places, variable, margins) for variable in VARIABLES]
    choice = np.full(len(places), -1)
    found = []
    for up, (pool, keys) in enumerate(levels):
        targets = own
        if up > 0:
            below = np.array(
                [len(place) == len(keys[one]) + 1 for place, one in zip(places, pool, strict=True)]
            )
            targets = [
                _or_sums(_given(keys, variable, margins), of_village, pool, below)
                for variable, of_village in zip(VARIABLES, own, strict=True)
            ]
        found.append(targets)
        able = np.any([np.isfinite(one).any(1) for one in targets], axis=0)[pool] & (pool >= 0)
        if up == 0:
            able &= _enough(alike, targets)
        choice = np.where((choice < 0) & able, up, choice)
    # Nothing above has margins: the village's own, its small categories joined.
    given = np.any([np.isfinite(one).any(1) for one in own], axis=0)
    return np.where((choice < 0) & given, 0, choice), found


def _levels(places: Sequence[Place]) -> list[tuple[Ints, list[Place]]]:
    """The villages, then what is above them, nearest first: (villages,) the pool of each, -1 for
    none, and the pools' places.
    """
    found = [(np.arange(len(places)), list(places))]
    for depth in range(max(map(len, places), default=1) - 1, 0, -1):
        numbers: dict[Place, int] = {}
        pool = [
            numbers.setdefault(place[:depth], len(numbers)) if len(place) > depth else -1
            for place in places
        ]
        found.append((np.array(pool, np.int64), list(numbers)))
    return found


def _some_at_a_time(choice: Ints, pools: Sequence[Ints]) -> Iterator[tuple[int, Ints]]:
    """The levels that are chosen, and of each the pools in which anybody is raked, some at a time:
    they have nothing to do with each other.
    """
    for up in sorted({*choice[choice >= 0].tolist()}):
        needed = np.unique(pools[up][choice == up])
        for start in range(0, len(needed), AT_ONCE):
            yield up, needed[start : start + AT_ONCE]


def _given(places: Sequence[Place], variable: Variable, margins: Margins) -> Floats:
    """(pools, categories) persons; NaN where the place has no such margin."""
    target = np.full((len(places), len(variable.categories)), np.nan)
    for row, place in enumerate(places):
        known = margins.get(place, {}).get(variable.name)
        if known:
            target[row] = [known.get(category, 0.0) for category in variable.categories]
    return target


def _or_sums(given: Floats, own: Floats, pool: Ints, below: Bools) -> Floats:
    """What is given of the pools, else the sum of several villages' margins where all have one.

    below: (villages,) which are right below their pool; only a pool of such is summed.
    """
    under = pool >= 0
    sums = np.zeros(given.shape)
    # NaN of one village makes the sum NaN: then it is not known.
    np.add.at(sums, pool[under], np.where(below[:, None], own, np.nan)[under])
    several = np.bincount(pool[under], minlength=len(given)) > 1
    return np.where(np.isfinite(given), given, np.where(several[:, None], sums, np.nan))


def _enough(alike: Alike, targets: Sequence[Floats]) -> Bools:
    """(villages,) whether each category of its own margins has 20 users."""
    enough = np.ones(len(targets[0]), np.bool_)
    users = np.where(alike.w > 0, alike.count, 0)
    for one, target in zip(alike.codes, targets, strict=True):
        counts = np.zeros(target.shape)
        for start in range(0, len(users), ROWS_AT_ONCE):
            some = slice(start, start + ROWS_AT_ONCE)
            counts += _counts(one[some], alike.village[some], users[some], target.shape)
        # A category in which there is nobody and nobody answered is none.
        nobody = (counts == 0) & (target == 0)
        enough &= ((counts >= FEWEST) & (target > 0) | np.isnan(target) | nobody).all(1)
    return enough


def _counts(codes: Whole, pool: Whole, count: Whole, shape: tuple[int, ...]) -> Floats:
    known = codes >= 0
    key = pool[known] * shape[1] + codes[known]
    found = np.bincount(key, count[known], minlength=shape[0] * shape[1]).astype(np.float64)
    return found.reshape(shape)


def _joined(codes: Whole, pool: Ints, many: Whole, target: Floats, variable: Variable) -> Margin:
    """The margin with small categories joined; of one category it is none."""
    count = target.shape[1]
    shape = (len(target), len(variable.runs), count // len(variable.runs))
    users = _counts(codes, pool, many, target.shape)
    into = merged(users.reshape(shape), target.reshape(shape)).reshape(target.shape)
    several = into.max(1) > 0
    sums = np.zeros(target.shape)
    np.add.at(sums, (np.arange(len(target))[:, None], into), np.nan_to_num(target))
    there = several[:, None] & (np.arange(count) <= into.max(1)[:, None])
    kept = (codes >= 0) & several[pool]
    return Margin(np.where(kept, into[pool, codes], -1), np.where(there, sums, np.nan))
