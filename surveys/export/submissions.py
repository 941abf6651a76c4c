"""The table of submissions: the form's columns and ours, read a batch at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Text, bindparam, cast, func, select
from sqlalchemy.orm import Session

from surveys.export.answers import Column
from surveys.export.cells import tag
from surveys.export.design import Design
from surveys.export.frequencies import Counting
from surveys.export.media import present
from surveys.export.own import AFTER, BEFORE, MARK, ours
from surveys.export.plan import Plan, batches
from surveys.export.straight import Straight
from surveys.export.table import Cell, More, Table, Variable
from surveys.form.model import MEDIA_TYPES
from surveys.store.database import Database, kind_of
from surveys.store.quality import Checked
from surveys.store.schema import Interview, Respondent

Progress = Callable[[int, int], None]
"""Told how many submissions are done, of how many."""
Reading = Sequence[tuple[tuple[str, ...], Callable[[str], list[Cell]] | None, int]]
"""Of each question: its paths in a table, how its answers are read (None: as they are), how many
columns it has."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What the rows are made from, beside the answers."""

    design: Design
    quality: Checked


@dataclass(frozen=True, slots=True)
class _Batch:
    """Some submissions."""

    answers: Sequence[str]
    """As JSON text."""
    own: Sequence[Sequence[Cell]]
    """Our columns, of BEFORE and AFTER; what is the same in two is one sequence."""


def submissions(
    database: Database, plan: Plan, sources: Sources, progress: Progress | None = None
) -> Table:
    """Every submission of the plan, in the order in which they were finished.

    The rows are read from the database each time, some hundred at once; of somebody forgotten since
    the plan was made there is no row. `progress` is told of the first reading.
    """
    told = [progress]
    reading = [(one.asked.paths, one.reader(), len(one.variables)) for one in plan.of()]
    first = len(BEFORE)

    def read() -> Iterator[_Batch]:
        return _read(database, plan, sources, told.pop() if told else None)

    def rows() -> Iterator[Sequence[Sequence[Cell]]]:
        for batch in read():
            yield [
                [*own[:first], *answers(json.loads(text), reading), *own[first:]]
                for text, own in zip(batch.answers, zip(*batch.own, strict=True), strict=True)
            ]

    def lines(more: More, counting: Counting | None) -> Iterator[str]:
        straight = Straight(plan.of(), variables(plan), more, counting)
        for batch in read():
            yield straight.lines(batch.answers, batch.own)
        straight.count()

    return Table("submissions", variables(plan), rows, plan.submissions, lines=lines)


def _read(
    database: Database, plan: Plan, sources: Sources, progress: Progress | None
) -> Iterator[_Batch]:
    media = [path for one in plan.columns if one.types & MEDIA_TYPES for path in one.asked.paths]
    done = 0
    with database.read() as session:
        # Past the session: rows that are no objects are wrapped there once more.
        query, look = _query(session), session.connection().execute
        for ids in batches(plan.ids):
            found = {row[0]: row for row in look(query, {"ids": list(ids)}).all()}
            rows = [found[one] for one in ids if one in found]
            if rows:
                columns = list(zip(*rows, strict=True))
                sent = [(0, 0)] * len(rows)
                if media:
                    given = {row[0]: _Given(json.loads(row[-1])) for row in rows}
                    kept = present(session, given, media)
                    sent = [kept[row[0]] for row in rows]
                yield _Batch(columns[-1], _own(columns, plan, sources, sent))
            done += len(ids)
            if progress is not None:
                progress(done, plan.submissions)


@dataclass(frozen=True, slots=True)
class _Given:
    """What `present` looks at."""

    submission: dict[str, str]


_SPOKEN = 500
"""Characters of a state from where its language stands on."""


def _query(session: Session) -> Any:
    # A state is large; nothing else of it is wanted.
    place = func.strpos if kind_of(session) == "postgresql" else func.instr
    spoken = func.substr(Interview.state, place(Interview.state, '"language":'), _SPOKEN)
    return (
        select(
            Interview.id,
            Interview.key,
            Interview.area_id,
            Interview.form_version_id,
            Interview.mode,
            spoken,
            Interview.started_at,
            Interview.finished_at,
            Interview.review,
            Respondent.household_id,
            Respondent.entry,
            cast(Interview.submission, Text),
        )
        .join(Respondent, Respondent.id == Interview.respondent_id)
        .where(Interview.id.in_(bindparam("ids", expanding=True)))
    )


def variables(plan: Plan) -> tuple[Variable, ...]:
    """The columns: the day it came in, the form's, ours."""
    own = own_of(plan)
    return (
        *(own[name] for name in BEFORE), *fields(plan.of()), *(own[name] for name in AFTER)
    )  # fmt: skip


def own_of(plan: Plan) -> dict[str, Variable]:
    """Our columns by name, each marked where a question of the form has its name."""
    return apart((ours()[name] for name in (*BEFORE, *AFTER)), fields(plan.of()))


def fields(columns: Iterable[Column]) -> list[Variable]:
    """All columns of some questions."""
    return [variable for one in columns for variable in one.variables]


def apart(own: Iterable[Variable], asked: Iterable[Variable]) -> dict[str, Variable]:
    """Columns of ours by name, each marked where one of the form has its name."""
    taken = {one.name for one in asked}
    return {
        one.name: replace(one, name=MARK + one.name) if one.name in taken else one for one in own
    }


_LANGUAGE = re.compile(r'"language": ?("(?:[^"\\]|\\.)*")')
"""In a state as JSON: inside a text every quote has a backslash before it."""


def answers(submission: Mapping[str, str], reading: Reading, above: str = "") -> list[Cell]:
    """The cells of a submission, or of the instance of a repeat at a path, `above`."""
    cells: list[Cell] = []
    for paths, read, count in reading:
        # A version has just one of the paths.
        value = submission.get(above + paths[0])
        if not value and len(paths) > 1:
            value = next(filter(None, (submission.get(above + path) for path in paths)), None)
        if not value:
            cells.extend([None] * count)
        elif read is None:
            cells.append(value)
        else:
            cells.extend(read(value))
    return cells


def _own(
    columns: Sequence[Sequence[Any]],
    plan: Plan,
    sources: Sources,
    sent: Sequence[tuple[int, int]],
) -> list[Sequence[Cell]]:
    """Our columns, in the order of BEFORE and AFTER; columns: of the query."""
    ids, keys, areas, versions, modes, states, started, finished, reviews, homes, entries, _ = (
        columns
    )
    where = {one: _where(sources.design.census[one]) for one in set(areas)}
    seconds = [
        round((end - begin).total_seconds()) for begin, end in zip(started, finished, strict=True)
    ]
    found = sources.quality.batch(ids)
    present_, expected = zip(*sent, strict=True)
    return [
        finished, keys, keys, present_, expected, reviews,
        [plan.versions[one] for one in versions],
        *zip(*(where[one] for one in areas), strict=True),
        homes, entries, *sources.design.rows.batch(ids), modes,
        [_language(one) for one in states],
        started, finished, seconds,
        [None if lasted is None else round(lasted) for _, lasted in found],
        [" ".join(flags) or None for flags, _ in found],
    ]  # fmt: skip


def _language(state: str) -> str | None:
    # Of someone who was forgotten, answers apart, no state is left.
    spoken = _LANGUAGE.match(state)
    language = json.loads(spoken[1]) if spoken else None
    return tag(language) if language else None


def _where(village: Any) -> tuple[Cell, ...]:
    return (village.code, village.name, *above(village.area))


def above(area: Sequence[str]) -> tuple[str | None, str | None]:
    """What a village is in, and the county; area: the names from the programme down.

    >>> above(("Programme", "Qinghe", "Lishan"))
    ('Lishan', 'Qinghe')
    """
    return (area[-1] if area else None, area[1] if len(area) > 1 else None)
