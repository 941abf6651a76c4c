"""An export to be handed out: nobody in it can be singled out by sex, age, schooling and village.

What could is coarsened until at least 5 rows have each combination (surveys.export.anonymity). And
nothing else may give it away: ids are new and only of this export, rows stand in their order; times
are days; free texts, numbers that people typed, places, photos, the language, and what is computed
from or asked by what was coarsened are left out. So are repeats: a roster of ages and sexes is as
good as a name.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.export.anonymity import K, coarsened
from surveys.export.answers import Column
from surveys.export.coarsening import LEVELS, banded, places
from surveys.export.dependence import Conditions, computed_from
from surveys.export.design import Design
from surveys.export.plan import Plan, batches
from surveys.export.questions import bare
from surveys.export.submissions import own_of
from surveys.export.table import Cell, Table, Variable
from surveys.export.wording import say
from surveys.store.schema import Interview

ASKED = ("sex", "age", "schooling")
"""Roles of the questions that could single somebody out, beside the village."""
CHOSEN = frozenset({"select_one", "select_multiple", "rank", "acknowledge"})
"""Questions answered by choosing."""
ROSTER = ("adults", "no_phone", "online_adults")
"""Roles of the numbers that stay."""
LEFT_OUT = frozenset({
    "in_profile", "raking_pool", "raking_sex_age", "raking_schooling", "language", "started",
    "finished", "duration", "active_seconds",
})  # fmt: skip
"""Columns of ours that a release never has."""
ATTACHED = ("AttachmentsPresent", "AttachmentsExpected")
"""Columns that are 0: nothing is attached."""
IDS = ("meta-instanceID", "KEY", "household", "entry")
PLACES: tuple[tuple[str, ...], ...] = (
    (), ("village", "village_name"), ("village", "village_name", "township"),
    ("village", "village_name", "township", "county"),
)  # fmt: skip
"""Which columns go at each level of the village."""
WITH_VILLAGE = ("SubmissionDate", "phase", "visit_weight", "visit_adults")
"""Columns that may tell the village: days of fieldwork, weights made of its homes."""
SECRET = 32
"""Bytes of the key of the new ids; it is kept nowhere."""


@dataclass(frozen=True, slots=True)
class Released:
    """What was done so that an export can be handed out."""

    rows: int
    """How many it has."""
    level: Mapping[str, int]
    """How coarse sex, age, schooling, village are; a role that the form does not have is not in
    it, and was not looked at."""
    coarsest: Mapping[str, int]
    """At which level the column is left out altogether."""
    blanked: int
    """Rows that stood out even so: their sex, age, schooling and place are left empty."""
    withheld: int
    """Rows that stood out and were too few to hide among each other: left out."""
    questions_left_out: tuple[str, ...]
    repeats_left_out: tuple[str, ...]
    """What their tables are called."""
    weight_left_out: bool

    @property
    def unchecked(self) -> tuple[str, ...]:
        """The roles that the form does not have."""
        return tuple(role for role in ASKED if role not in self.level)


@dataclass(frozen=True, slots=True)
class _Persons:
    """What the rows of an export are told apart by."""

    ids: array[int]
    numbers: array[int]
    """Of each key the number that rows are put in order and found again by (`_Fresh.number`)."""
    areas: list[tuple[str, ...]]
    """Of each its areas from the programme down, and the village's code."""
    asked: Mapping[str, list[str]]
    """Role -> answers."""


def release(
    session: Session, plan: Plan, design: Design, secret: bytes
) -> tuple[Plan, Released, Callable[[Table], Table]]:
    """The plan with the rows in another order, what is done, and what does it to their table.

    secret: of 32 random bytes; the ids of two releases with the same secret are the same.
    """
    by_role = {
        role: [column for column in plan.of() if column.name in plan.roles.get(role, ())]
        for role in ASKED
    }
    # Of others in the home, too, asked in a repeat.
    names = {name for role in ASKED for name in plan.roles.get(role, ())}
    paths = {path for column in plan.columns if column.name in names for path in _paths(column)}
    computed = computed_from(plan.forms, paths)
    conditions = Conditions(plan.forms, paths | computed)
    fresh = _Fresh(secret)
    persons = _persons(session, plan, design, by_role, conditions, fresh)
    levels: dict[str, list[list[Cell]]] = {
        role: LEVELS[role](answers) for role, answers in persons.asked.items()
    }
    levels["village"] = places(persons.areas)
    found = coarsened(levels)
    apart = found.apart
    hidden = int(apart.sum()) >= K
    numbers = np.array(persons.numbers, np.uint64)
    every = np.argsort(numbers)
    order = every if hidden else every[~apart[every]]
    level = found.level
    coarse = {
        role: levels[role][level[role]]
        for role in persons.asked
        if 0 < level[role] < len(levels[role]) - 1
    }
    gone = {role for role in persons.asked if level[role] == len(levels[role]) - 1}
    telling = conditions.telling()
    unfit = design.raked and (
        level["village"] > 0 or level.get("sex", 0) > 0 or level.get("age", 0) > 1
        or level.get("schooling", 0) > 1
    )  # fmt: skip
    actions, left = _of_questions(
        plan, by_role, computed, telling, coarse, gone, any(level[one] for one in persons.asked)
    )
    actions |= _of_ours(plan, level["village"], weight=not unfit, raked=design.raked)
    work = _Work(
        numbers=numbers[every],
        rows=every,
        key=own_of(plan)["KEY"].name,
        apart=apart,
        coarse=coarse,
        fresh=fresh,
        zone=plan.chosen.zone,
    )
    told = Released(
        rows=len(order),
        level=level,
        coarsest={name: len(values) - 1 for name, values in levels.items()},
        blanked=int(apart.sum()) if hidden else 0,
        withheld=0 if hidden else int(apart.sum()),
        questions_left_out=left,
        repeats_left_out=tuple(one.repeat.table for one in plan.repeats),
        weight_left_out=unfit,
    )
    ids = array("q", (persons.ids[row] for row in order))
    return replace(plan, ids=ids, repeats=()), told, lambda table: _released(table, actions, work)


def _persons(  # noqa: PLR0917
    session: Session,
    plan: Plan,
    design: Design,
    by_role: Mapping[str, Sequence[Column]],
    conditions: Conditions,
    fresh: _Fresh,
) -> _Persons:
    asked: dict[str, list[str]] = {role: [] for role, columns in by_role.items() if columns}
    found = _Persons(array("q"), array("Q"), [], asked)
    where = {area_id: (*one.area, one.code) for area_id, one in design.census.items()}
    same: dict[str, str] = {}
    for ids in batches(plan.ids):
        rows = session.execute(
            select(Interview.id, Interview.key, Interview.area_id, Interview.submission)
            .where(Interview.id.in_(ids))
            .order_by(Interview.finished_at, Interview.id)
        )
        for row in rows:
            found.ids.append(row.id)
            found.numbers.append(fresh.number(row.key))
            found.areas.append(where[row.area_id])
            for role, answers in asked.items():
                paths = (path for column in by_role[role] for path in _paths(column))
                value = next(filter(None, (row.submission.get(path) for path in paths)), "")
                answers.append(same.setdefault(value, value))
            conditions.see(row.submission)
    return found


def _paths(column: Column) -> set[str]:
    """Where its question stands in any version, as forms say it."""
    return {bare(path) for path in column.asked.paths}


# What is done to each column --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Work:
    numbers: Any
    """Of every key its number, in order …"""
    rows: Any
    """… and its row's place in the arrays."""
    key: str
    """What the column KEY is called."""
    apart: Any
    coarse: Mapping[str, list[Cell]]
    fresh: _Fresh
    zone: ZoneInfo

    def row(self, key: str) -> int:
        """The place of a key's row in the arrays."""
        return int(self.rows[np.searchsorted(self.numbers, np.uint64(self.fresh.number(key)))])


@dataclass(frozen=True, slots=True)
class _Fresh:
    """New ids in the place of those that the database has."""

    secret: bytes

    def key(self, key: str) -> str:
        """Of a submission."""
        found = self.of("KEY", key)
        parts = (found[:8], found[8:12], found[12:16], found[16:20], found[20:])
        return "uuid:" + "-".join(parts)

    def number(self, key: str) -> int:
        """The beginning of a submission's new id: 64 bits in the place of a key in memory."""
        return int(self.of("KEY", key)[:16], 16)

    def of(self, what: str, value: str) -> str:
        """Of anything."""
        text = f"{what} {value}".encode()
        return blake2b(text, key=self.secret, digest_size=16).hexdigest()


Action = Callable[[Cell, int, str, _Work], Cell]
"""Of a cell, its row's place, its row's key: what stands there."""
Actions = Mapping[str, tuple[Variable, Action]]
"""By the column's name before; what is not in it is left out."""


def _keep(cell: Cell, row: int, key: str, work: _Work) -> Cell:
    return cell


def _none(cell: Cell, row: int, key: str, work: _Work) -> Cell:
    return 0


def _unless_apart(cell: Cell, row: int, key: str, work: _Work) -> Cell:
    return None if work.apart[row] else cell


def _day(cell: Cell, row: int, key: str, work: _Work) -> Cell:
    if work.apart[row] or not isinstance(cell, datetime):
        return None
    return cell.astimezone(work.zone).date()


def _new(what: str) -> Action:
    def act(cell: Cell, row: int, key: str, work: _Work) -> Cell:
        if what == "KEY":
            return work.fresh.key(key)
        # A home whose village is known would give away that of one who stands out.
        return work.fresh.of(what, f"{cell} {key}" if work.apart[row] else str(cell))

    return act


def _coarse(role: str) -> Action:
    def act(cell: Cell, row: int, key: str, work: _Work) -> Cell:
        return None if work.apart[row] else work.coarse[role][row]

    return act


def _of_questions(  # noqa: PLR0917
    plan: Plan,
    by_role: Mapping[str, Sequence[Column]],
    computed: set[str],
    telling: set[str],
    coarse: Mapping[str, list[Cell]],
    gone: set[str],
    any_coarse: bool,
) -> tuple[dict[str, tuple[Variable, Action]], tuple[str, ...]]:
    role_of = {column.name: role for role, columns in by_role.items() for column in columns}
    roster = {name for role in ROSTER for name in plan.roles.get(role, ())}
    actions: dict[str, tuple[Variable, Action]] = {}
    left: list[str] = []
    for column in plan.of():
        one = column.variable
        action: Action | None = _keep
        role = role_of.get(column.name)
        if role is not None:
            action = None if role in gone else _unless_apart
            if role in coarse:
                one, action = banded(one, role, coarse[role]), _coarse(role)
        elif not _handed_out(column, roster) or _paths(column) & computed:
            action = None
        elif _paths(column) & telling:
            action = None if any_coarse else _unless_apart
        if action is None:
            if role is None:
                left.append(column.asked.inside.replace("/", "-"))
            continue
        actions[one.name] = (one, action)
        for part in column.variables[1:]:
            actions[part.name] = (part, action)
    return actions, tuple(left)


def _handed_out(column: Column, roster: set[str]) -> bool:
    """Whether a question can be handed out at all: a choice, or a number of the profile."""
    one = column.indicator
    # What was typed in one version stays here with all of them.
    if column.types <= CHOSEN:
        return column.asked.listed
    if column.types == {"calculate"}:
        measured = one is not None and (one.kind is not None or one.role == "user")
        return measured and column.variable.kind != "text"
    return column.types == {"integer"} and column.name in roster


def _of_ours(
    plan: Plan, village: int, *, weight: bool, raked: bool
) -> dict[str, tuple[Variable, Action]]:
    actions: dict[str, tuple[Variable, Action]] = {}
    for name, variable in own_of(plan).items():
        if name in LEFT_OUT or name in PLACES[village] or (name == "weight" and not weight):
            continue
        if name in WITH_VILLAGE and village:
            continue
        one = variable
        action: Action = _keep
        if name in PLACES[-1] or name in WITH_VILLAGE or (name == "weight" and raked):
            action = _unless_apart
        if name in IDS:
            action = _new("KEY" if name in ("KEY", "meta-instanceID") else name)
        if name == "SubmissionDate":
            label = say("The day on which the interview was finished")
            one, action = replace(variable, kind="date", label=label), _day
        if name in ATTACHED:
            action = _none
        actions[one.name] = (one, action)
    return actions


def _released(table: Table, actions: Actions, work: _Work) -> Table:
    kept = [
        (place, *actions[one.name])
        for place, one in enumerate(table.variables)
        if one.name in actions
    ]
    key_at = [one.name for one in table.variables].index(work.key)

    def rows() -> Iterator[Sequence[Sequence[Cell]]]:
        for batch in table.rows():
            done = []
            for row in batch:
                key = str(row[key_at])
                at = work.row(key)
                done.append([act(row[place], at, key, work) for place, _, act in kept])
            yield done

    return Table(table.name, tuple(one for _, one, _ in kept), rows, table.count)
