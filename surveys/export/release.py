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

import numpy as np
from numpy.typing import NDArray

from surveys.export.anonymity import K
from surveys.export.answers import Column
from surveys.export.coarsening import banded
from surveys.export.hiding import Deed, Fresh, Hiding
from surveys.export.own import BEFORE
from surveys.export.persons import ASKED, Standing, Told, paths_of
from surveys.export.plan import Plan
from surveys.export.reader import Reader
from surveys.export.submissions import Shown, own_of, variables
from surveys.export.table import Cell, Table, Variable
from surveys.export.wording import say

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
IDS: Mapping[str, Deed] = {
    "meta-instanceID": "KEY", "KEY": "KEY", "household": "household", "entry": "entry",
}  # fmt: skip
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


class Release:
    """What is done to the table of submissions so that it can be handed out."""

    def __init__(
        self,
        columns: Mapping[str, _Column],
        work: _Work,
        shown: Shown | None,
        singled: NDArray[np.int64],
    ) -> None:
        """columns: by their names before; what is not in it is left out."""
        self._columns = columns
        self._work = work
        self.shown = shown
        """How lines of CSV are made; None where they are to be made of the rows, cell by cell."""
        self.singled = singled
        """The ids of who could be singled out even so, ascending."""

    def table(self, whole: Table) -> Table:
        """The table of which rows can be handed out, as can lines that were made as `shown` says.

        whole: with rows as they are.
        """
        work = self._work
        kept = [
            (place, self._columns[one.name])
            for place, one in enumerate(whole.variables)
            if one.name in self._columns
        ]
        variables = tuple(one.variable for _, one in kept)
        key_at = [one.name for one in whole.variables].index(work.key)
        acts = [(place, work.act(one)) for place, one in kept]

        def rows() -> Iterator[Sequence[Sequence[Cell]]]:
            for batch in whole.rows():
                done = []
                for row in batch:
                    key = str(row[key_at])
                    at = work.stand.row(key)
                    done.append([act(row[place], key, at) for place, act in acts])
                yield done

        shown = self.shown is not None and self.shown.variables == variables
        lines = whole.lines if shown else None
        return Table(whole.name, variables, rows, whole.count, lines=lines)


def release(plan: Plan, stand: Standing, *, raked: bool) -> tuple[Plan, Released, Release]:
    """The plan of the rows that are handed out, what is done, and what does it to their table.

    plan: in the order of `stand`; raked: whether weights were raked anywhere in the wave.
    """
    level = stand.level
    out = int(stand.apart.sum())
    hidden = out >= K
    coarse = {
        role: _Coarse(list(stand.levels[role][level[role]]), stand.asked[role])
        for role in stand.asked
        if 0 < level[role] < stand.coarsest[role]
    }
    gone = {role for role in stand.asked if level[role] == stand.coarsest[role]}
    unfit = raked and (
        level["village"] > 0 or level.get("sex", 0) > 0 or level.get("age", 0) > 1
        or level.get("schooling", 0) > 1
    )  # fmt: skip
    columns, left = _of_questions(plan, stand, coarse, gone)
    columns |= _of_ours(plan, level["village"], weight=not unfit, raked=raked)
    key = own_of(plan)["KEY"].name
    hiding = _hiding(plan, columns, key, stand.fresh)
    every = np.array(plan.ids, np.int64)
    ids = plan.ids if hidden else array("q", every[~stand.apart].tobytes())
    done = Released(
        rows=len(ids),
        level=level,
        coarsest=stand.coarsest,
        blanked=out if hidden else 0,
        withheld=0 if hidden else out,
        questions_left_out=left,
        repeats_left_out=tuple(one.repeat.table for one in plan.repeats),
        weight_left_out=unfit,
    )
    shown = _shown(plan, stand, columns, coarse, hiding)
    how = Release(columns, _Work(stand, key, coarse, hiding), shown, np.sort(every[stand.apart]))
    return replace(plan, ids=ids, repeats=()), done, how


# What is done to each column --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that is handed out."""

    variable: Variable
    deed: Deed
    role: str = ""
    """Of a question that is coarsened."""


@dataclass(frozen=True, slots=True)
class _Coarse:
    """Coarsened answers."""

    values: list[Cell]
    """What stands for each answer, by its number …"""
    told: Told
    """… and of each row the number."""

    def of(self, row: int) -> Cell:
        """What stands in a row."""
        return self.values[int(self.told.of[row])]

    @property
    def bands(self) -> dict[str, Cell]:
        """What stands for each answer."""
        return dict(zip(self.told.values, self.values, strict=True))


@dataclass(frozen=True, slots=True)
class _Work:
    stand: Standing
    key: str
    """What the column KEY is called."""
    coarse: Mapping[str, _Coarse]
    hiding: Hiding

    def act(self, column: _Column) -> Callable[[Cell, str, int], Cell]:
        """What makes a cell of a cell, its row's key, and its row's place in the arrays."""
        apart = self.stand.apart
        if column.role:
            coarse = self.coarse[column.role]
            return lambda cell, key, row: None if apart[row] else coarse.of(row)
        act = self.hiding.act(column.deed)
        return lambda cell, key, row: act(cell, key, bool(apart[row]))


def _hiding(plan: Plan, columns: Mapping[str, _Column], key: str, fresh: Fresh) -> Hiding:
    own = [one.name for one in own_of(plan).values()]
    unsaid = {
        path
        for column in plan.of()
        if _deed(columns, column) == "unless_singled"
        for path in column.asked.paths
    }
    deeds = {place: columns[name].deed for place, name in enumerate(own) if name in columns}
    return Hiding(fresh, plan.chosen.zone, deeds, own.index(key), frozenset(unsaid))


def _deed(columns: Mapping[str, _Column], column: Column) -> Deed | None:
    """What is done to a question; None: it is left out."""
    found = columns.get(column.variable.name)
    return None if found is None else found.deed


def _shown(
    plan: Plan,
    stand: Standing,
    columns: Mapping[str, _Column],
    coarse: Mapping[str, _Coarse],
    hiding: Hiding,
) -> Shown | None:
    """How lines of CSV are made; None where a role has several columns or is no single answer: the
    coarsened answer then stands in all of them.
    """
    of = stand.by_role
    if any(len(of[role]) > 1 or of[role][0].shape != "one" for role in coarse):
        return None
    readers: list[Reader] = []
    for column in plan.of():
        name = column.variable.name
        if name not in columns:
            continue
        reader, made = column.reader, columns[name]
        if made.role:
            bands = coarse[made.role].bands
            reader = replace(reader, variables=(made.variable,), bands=bands)
        readers.append(reader)
    kept = tuple(columns[one.name].variable for one in variables(plan) if one.name in columns)
    own = list(own_of(plan).values())
    before = [one for one in own[: len(BEFORE)] if one.name in columns]
    return Shown(readers, kept, len(before), hiding)


def _of_questions(
    plan: Plan, stand: Standing, coarse: Mapping[str, _Coarse], gone: set[str]
) -> tuple[dict[str, _Column], tuple[str, ...]]:
    any_coarse = any(stand.level[one] for one in stand.asked)
    role_of = {column.name: role for role, those in stand.by_role.items() for column in those}
    roster = {name for role in ROSTER for name in plan.roles.get(role, ())}
    columns: dict[str, _Column] = {}
    left: list[str] = []
    for column in plan.of():
        one = column.variable
        deed: Deed | None = "keep"
        role, coarsened_as = role_of.get(column.name), ""
        if role is not None:
            deed = None if role in gone else "unless_singled"
            if role in coarse:
                one, coarsened_as = banded(one, role, coarse[role].values), role
        elif not _handed_out(column, roster) or paths_of(column) & stand.computed:
            deed = None
        elif paths_of(column) & stand.telling:
            deed = None if any_coarse else "unless_singled"
        if deed is None:
            if role is None:
                left.append(column.asked.inside.replace("/", "-"))
            continue
        for part in (one, *column.variables[1:]):
            columns[part.name] = _Column(part, deed, coarsened_as)
    return columns, tuple(left)


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


def _of_ours(plan: Plan, village: int, *, weight: bool, raked: bool) -> dict[str, _Column]:
    columns: dict[str, _Column] = {}
    for name, variable in own_of(plan).items():
        if name in LEFT_OUT or name in PLACES[village] or (name == "weight" and not weight):
            continue
        if name in WITH_VILLAGE and village:
            continue
        one = variable
        deed: Deed = "keep"
        if name in PLACES[-1] or name in WITH_VILLAGE or (name == "weight" and raked):
            deed = "unless_singled"
        if name in IDS:
            deed = IDS[name]
        if name == "SubmissionDate":
            label = say("The day on which the interview was finished")
            one, deed = replace(variable, kind="date", label=label), "day"
        if name in ATTACHED:
            deed = "zero"
        columns[one.name] = _Column(one, deed)
    return columns
