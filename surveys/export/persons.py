"""How the persons of a release stand among the others: some twenty bytes of each are kept."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from surveys.export.anonymity import coarsened
from surveys.export.answers import Column
from surveys.export.coarsening import LEVELS, places
from surveys.export.dependence import Conditions, computed_from
from surveys.export.hiding import Fresh
from surveys.export.plan import Plan, batches
from surveys.export.questions import bare
from surveys.export.table import Cell
from surveys.store.schema import Interview
from surveys.store.submissions import census

ASKED = ("sex", "age", "schooling")
"""Roles of the questions that could single somebody out, beside the village."""


@dataclass(frozen=True, slots=True)
class Told:
    """What everybody said of one kind."""

    values: Sequence[str]
    of: NDArray[np.unsignedinteger]
    """Of each row the number of its value."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How everybody stands among the others; in the order of their new ids."""

    fresh: Fresh
    numbers: NDArray[np.uint64]
    """Of each key the number that its row is found by, ascending (`Fresh.number`)."""
    apart: NDArray[np.bool_]
    """Who could be singled out even so."""
    asked: Mapping[str, Told]
    """Role -> answers."""
    levels: Mapping[str, Sequence[Sequence[Cell]]]
    """Role -> at each level what stands for each answer of `asked`."""
    level: Mapping[str, int]
    """At which level sex, age, schooling and village are."""
    by_role: Mapping[str, Sequence[Column]]
    computed: set[str]
    """The paths of what is computed from what was coarsened."""
    telling: set[str]
    """The paths of the questions of which having been asked would tell."""

    @property
    def coarsest(self) -> Mapping[str, int]:
        """At which level each is left out altogether."""
        return {name: len(values) - 1 for name, values in self.levels.items()}

    def row(self, key: str) -> int:
        """The place of a key's row in the arrays."""
        return int(np.searchsorted(self.numbers, np.uint64(self.fresh.number(key))))


class _Values:
    """Values, each with a number, and of each row the number."""

    def __init__(self) -> None:
        self.values: dict[Any, int] = {}
        self._of = array("i")

    def add(self, value: Any) -> None:
        """Of the next row."""
        self._of.append(self.values.setdefault(value, len(self.values)))

    def of(self) -> NDArray[np.unsignedinteger]:
        """Of each row the number, in few bytes."""
        few = np.min_scalar_type(len(self.values))
        found: NDArray[np.unsignedinteger] = np.array(self._of, few)
        return found


def standing(session: Session, plan: Plan, secret: bytes) -> tuple[Plan, Standing]:
    """How everybody of a plan stands among the others; and the plan in the order of their new ids.

    Reads every submission.

    secret: of 32 random bytes; the ids of two releases with the same secret are the same.
    """
    by_role = {
        role: [column for column in plan.of() if column.name in plan.roles.get(role, ())]
        for role in ASKED
    }
    # Of others in the home, too, asked in a repeat.
    names = {name for role in ASKED for name in plan.roles.get(role, ())}
    paths = {path for column in plan.columns if column.name in names for path in paths_of(column)}
    computed = computed_from(plan.forms, paths)
    conditions = Conditions(plan.forms, paths | computed)
    fresh = Fresh(secret)
    given, numbers, ids = _read(session, plan, by_role, conditions, fresh)
    said = {role: list(given[role].values) for role in ASKED if role in given}
    villages = list(given["village"].values)
    where = {one: (*it.area, it.code) for one, it in census(session, villages).items()}
    levels: dict[str, list[list[Cell]]] = {
        role: LEVELS[role](answers) for role, answers in said.items()
    }
    levels["village"] = places([where[one] for one in villages])
    of = {name: one.of() for name, one in given.items()}
    # What they were read into is not needed any more.
    given.clear()
    found = coarsened(levels, places=of)
    order = np.argsort(numbers)
    ordered = replace(plan, ids=array("q", ids[order].tobytes()))
    return ordered, Standing(
        fresh=fresh,
        numbers=numbers[order],
        apart=found.apart[order],
        asked={role: Told(said[role], of[role][order]) for role in said},
        levels=levels,
        level=found.level,
        by_role=by_role,
        computed=computed,
        telling=conditions.telling(),
    )


def _read(
    session: Session,
    plan: Plan,
    by_role: Mapping[str, Sequence[Column]],
    conditions: Conditions,
    fresh: Fresh,
) -> tuple[dict[str, _Values], NDArray[np.uint64], NDArray[np.int64]]:
    """Of everybody the answers to each role, and the village; the number of the key; the id.

    conditions: shown all answers.
    """
    paths = {
        role: list(dict.fromkeys(path for one in columns for path in one.asked.paths))
        for role, columns in by_role.items()
        if columns
    }
    found = {role: _Values() for role in (*paths, "village")}
    numbers, ids = array("Q"), array("q")
    query = (
        select(Interview.id, Interview.key, Interview.area_id, Interview.submission)
        .where(Interview.id.in_(bindparam("ids", expanding=True)))
        .order_by(Interview.finished_at, Interview.id)
    )
    # Past the session, as in `surveys.export.plan`.
    look = session.connection().execute
    for some in batches(plan.ids):
        for one, key, area_id, submission in look(query, {"ids": list(some)}).all():
            ids.append(one)
            numbers.append(fresh.number(key))
            found["village"].add(area_id)
            for role, those in paths.items():
                found[role].add(next(filter(None, map(submission.get, those)), ""))
            conditions.see(submission)
    return found, np.array(numbers, np.uint64), np.array(ids, np.int64)


def paths_of(column: Column) -> set[str]:
    """Where its question stands in any version, as forms say it."""
    return {bare(path) for path in column.asked.paths}
