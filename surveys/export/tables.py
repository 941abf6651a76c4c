"""The tables of an export, from which every kind of file is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING, Protocol

from surveys.export.design import VILLAGES, Design, design
from surveys.export.filters import Filters, choose
from surveys.export.media import Media, media
from surveys.export.own import OF_VILLAGES, ours
from surveys.export.plan import Plan, learned, plan
from surveys.export.repeats import RepeatTable, repeat_tables
from surveys.export.submissions import Progress, Shown, Sources, above, submissions
from surveys.export.table import Cell, Table
from surveys.form.indicators import Indicator
from surveys.store.database import Database
from surveys.store.submissions import census

if TYPE_CHECKING:
    from surveys.export.release import Release, Released

COUNTED = ("persons", "homes", "raking_pool", "raking_place", "raking_size",
           "raking_deff")  # fmt: skip
"""Columns of villages that a release does not have."""


class Again(Protocol):
    """Makes tables once more."""

    def __call__(self, *, apart: bool) -> Tables:
        """`apart`: whether half of the lines of CSV may be made by another process."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What an export holds, ready to be written in any format."""

    submissions: Table
    repeats: tuple[RepeatTable, ...]
    """None of a release."""
    villages: Table | None
    """None of a release in which the village is left out."""
    form_title: str
    form_id: str
    wave: str
    languages: tuple[str, ...]
    """The tags of the form's languages, the default first."""
    indicators: Mapping[str, Indicator]
    """Of each column that the form's sheet `indicators` has: its row there."""
    roles: Mapping[str, str]
    """Role -> the first column of a question that has it."""
    villages_withheld: int
    """Villages left out, because fewer than 10 persons or 5 homes answered there."""
    media: Media | None = None
    """What people sent as answers; None: it was not asked for."""
    released: Released | None = None
    """What was done so that it can be handed out; None: it is not to be."""
    guessed: bool = False
    """Whether the columns are taken from some of the submissions only: while lines of CSV are made
    it is seen whether all others fit."""
    again: Again | None = None
    """Makes the same tables, not guessed; without `media`."""

    @property
    def all(self) -> tuple[Table, ...]:
        """Every table, the submissions first."""
        more = (self.villages,) if self.villages else ()
        return (self.submissions, *(one.table for one in self.repeats), *more)


def tables(
    database: Database,
    filters: Filters,
    now: datetime,
    *,
    released: bool = False,
    unseal: Callable[[bytes], bytes] | None = None,
    progress: Progress | None = None,
    folder: Path | None = None,
) -> Tables:
    """The tables of what was asked for; `released`: so that they can be handed out.

    unseal: what opens the files that people sent as answers; without it they are left out, and of
    a release always.
    folder: where what was computed of each submission waits until it is written (None: the system's
    temporary folder, which may be in memory). Answers are read a batch at a time, whenever a table
    is. Raises NothingToExport.
    """
    with database.read() as session:
        made = plan(session, choose(session, filters, now), guess=not released)
        if released:
            from surveys.export.persons import standing
            from surveys.export.release import SECRET, release

            # Before weights, which are kept while a table is written, too.
            made, stand = standing(session, made, token_bytes(SECRET))
            around, everybody = design(session, made.chosen.wave_id)
            made, done, how = release(made, stand, raked=around.raked)
            kept = everybody.keep(made.ids, folder)
        places = census(session, made.chosen.area_ids)
    if released:
        sources = Sources(made, places, folder, (around, kept), how.singled)
        return _handed_out(database, made, sources, progress, done, how)
    found = _tables(database, made, Sources(made, places, folder), progress)
    sent = media(database, made, unseal) if unseal else None
    return replace(found, media=sent)


def _handed_out(  # noqa: PLR0917
    database: Database,
    plan: Plan,
    sources: Sources,
    progress: Progress | None,
    done: Released,
    how: Release,
    *,
    apart: bool = True,
) -> Tables:
    """The tables of a plan as they can be handed out."""

    def again(*, apart: bool) -> Tables:
        return _handed_out(database, plan, sources, progress, done, how, apart=apart)

    found = _tables(database, plan, sources, progress, apart=apart, shown=how.shown)
    places = None if done.level["village"] else villages(database, plan, sources, released=True)
    return replace(
        found, submissions=how.table(found.submissions), villages=places, released=done,
        again=again,
    )  # fmt: skip


def _tables(
    database: Database,
    plan: Plan,
    sources: Sources,
    progress: Progress | None,
    *,
    apart: bool = True,
    shown: Shown | None = None,
) -> Tables:
    """The tables of a plan, without what people sent."""

    def again(*, apart: bool) -> Tables:
        if not plan.guessed:
            return _tables(database, plan, sources, progress, apart=apart)
        with database.read() as session:
            sure = learned(session, plan)
        return _tables(database, sure, sources, progress, apart=apart)

    return Tables(
        submissions=submissions(database, plan, sources, progress, apart=apart, shown=shown),
        repeats=repeat_tables(database, plan),
        villages=villages(database, plan, sources),
        form_title=plan.titles[0],
        form_id=plan.titles[1],
        wave=plan.chosen.wave_name,
        languages=plan.languages,
        indicators={
            one.variable.name: one.indicator for one in plan.of() if one.indicator is not None
        },
        roles={
            role: one.variable.name
            for role, names in plan.roles.items()
            for one in reversed(plan.of())
            if one.name in names
        },
        villages_withheld=plan.villages_withheld,
        guessed=plan.guessed,
        again=again,
    )


def villages(
    database: Database, plan: Plan, sources: Sources, *, released: bool = False
) -> Table:  # fmt: skip
    """A row for each village of the export, with what its profile is made from.

    `released`: without how many answered: those who stand out could be counted by it.
    """
    names = [name for name in OF_VILLAGES if not (released and name in COUNTED)]

    def rows() -> Iterator[Sequence[Sequence[Cell]]]:
        design = sources.design(database)
        yield [_cells(area_id, design, names) for area_id in plan.chosen.area_ids]

    variables = tuple(ours()[name] for name in names)
    return Table("villages", variables, rows, len(plan.chosen.area_ids))


def _cells(area_id: int, design: Design, names: Sequence[str]) -> list[Cell]:
    place = design.census[area_id]
    known = dict(zip(VILLAGES, design.villages[place.code], strict=True))
    known |= {
        "village": place.code,
        "village_name": place.name,
        "reference": int(area_id in design.reference),
        "ring": place.ring,
        "households": place.households,
        "adults": place.adults,
        "adults_offline": place.adults_offline,
        "target": place.target,
    }
    known["township"], known["county"] = above(place.area)
    return [known[name] for name in names]
