"""The table of submissions: the form's columns and ours, read a batch at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, select

from surveys.export.answers import Column
from surveys.export.cells import tag
from surveys.export.design import ROWS, Design
from surveys.export.media import present
from surveys.export.own import AFTER, BEFORE, MARK, ours
from surveys.export.plan import Plan, batches
from surveys.export.table import Cell, Table, Variable
from surveys.form.model import MEDIA_TYPES
from surveys.store.database import Database
from surveys.store.quality import Checked
from surveys.store.schema import Interview, Respondent

Progress = Callable[[int, int], None]
"""Told how many submissions are done, of how many."""
Reading = Sequence[tuple[tuple[str, ...], Callable[[str], list[Cell]] | None, int]]
"""Of each question: its paths in a table, how its answers are read (None: as they are), how many
columns it has."""
_UNKNOWN: tuple[Cell, ...] = (None, None, 0, *[None] * (len(ROWS) - 3))
"""What is known of someone who is in no estimate: rejected, or too young."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What the rows are made from, beside the answers."""

    design: Design
    quality: Checked


def submissions(
    database: Database, plan: Plan, sources: Sources, progress: Progress | None = None
) -> Table:
    """Every submission of the plan, in the order in which they were finished.

    The rows are read from the database each time, some hundred at once; of somebody forgotten since
    the plan was made there is no row. `progress` is told of the first reading.
    """
    told = [progress]
    reading = [(one.asked.paths, one.reader(), len(one.variables)) for one in plan.of()]
    media = [path for one in plan.columns if one.types & MEDIA_TYPES for path in one.asked.paths]

    def rows() -> Iterator[Sequence[Sequence[Cell]]]:
        tell = told.pop() if told else None
        done = 0
        with database.read() as session:
            for ids in batches(plan.ids):
                found = {row.id: row for row in session.execute(_query(ids))}
                kept = present(session, found, media) if media else {}
                yield [
                    _cells(found[one], reading, plan, sources, kept.get(one, (0, 0)))
                    for one in ids
                    if one in found
                ]
                done += len(ids)
                if tell is not None:
                    tell(done, plan.submissions)

    return Table("submissions", variables(plan), rows, plan.submissions)


def _query(ids: Any) -> Any:
    return (
        select(
            Interview.id,
            Interview.key,
            Interview.area_id,
            Interview.form_version_id,
            Interview.mode,
            Interview.state,
            Interview.started_at,
            Interview.finished_at,
            Interview.review,
            Interview.submission,
            Respondent.household_id,
            Respondent.entry,
        )
        .join(Respondent, Respondent.id == Interview.respondent_id)
        .where(Interview.id.in_(ids))
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


_LANGUAGE = re.compile(r'"language": ("(?:[^"\\]|\\.)*")')
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


def _cells(
    row: Row[Any], reading: Reading, plan: Plan, sources: Sources, attachments: tuple[int, int]
) -> list[Cell]:
    cells: list[Cell] = [row.finished_at, *answers(row.submission, reading)]
    # Of someone who was forgotten, answers apart, no state is left.
    spoken = _LANGUAGE.search(row.state)
    language = json.loads(spoken[1]) if spoken else None
    ((flags, seconds),) = sources.quality.batch([row.id])
    place = sources.design.census[row.area_id]
    cells += [
        row.key,
        row.key,
        *attachments,
        row.review,
        plan.versions[row.form_version_id],
        place.code,
        place.name,
        *above(place.area),
        row.household_id,
        row.entry,
        *sources.design.rows.get(row.key, _UNKNOWN),
        row.mode,
        tag(language) if language else None,
        row.started_at,
        row.finished_at,
        round((row.finished_at - row.started_at).total_seconds()),
        None if seconds is None else round(seconds),
        " ".join(flags) or None,
    ]
    return cells


def above(area: Sequence[str]) -> tuple[str | None, str | None]:
    """What a village is in, and the county; area: the names from the programme down.

    >>> above(("Programme", "Qinghe", "Lishan"))
    ('Lishan', 'Qinghe')
    """
    return (area[-1] if area else None, area[1] if len(area) > 1 else None)
