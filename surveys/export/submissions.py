"""The table of submissions: the form's columns and ours, read a batch at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from surveys.export.cells import tag
from surveys.export.design import ROWS, Design
from surveys.export.own import AFTER, BEFORE, MARK, of_submissions
from surveys.export.plan import Plan, batches
from surveys.export.table import Cell, Kind, Table, Variable
from surveys.store.database import Database
from surveys.store.quality import Checked
from surveys.store.schema import Interview, Respondent

Progress = Callable[[int, int], None]
"""Told how many submissions are done, of how many."""
_Reading = Sequence[tuple[str, Callable[[str], Cell] | None, tuple[str, ...]]]
"""Of each question: its path, how its answers are read, the choices with a column of their own."""
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
    reading = [(one.path, READ.get(one.variable.kind), one.chosen) for one in plan.columns]

    def rows() -> Iterator[Sequence[Sequence[Cell]]]:
        tell = told.pop() if told else None
        done = 0
        with database.read() as session:
            for ids in batches(plan.ids):
                found = {row.id: row for row in session.execute(_query(ids))}
                yield [_cells(found[one], reading, plan, sources) for one in ids if one in found]
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
    """The columns: the day it came in, the form's, ours.

    A question with several answers has one column with all of them and one for each choice.
    """
    own = ours(plan)
    return (*(own[name] for name in BEFORE), *_fields(plan), *(own[name] for name in AFTER))


def ours(plan: Plan) -> dict[str, Variable]:
    """Our columns by name, each marked where a question of the form has its name."""
    taken = {one.name for one in _fields(plan)}
    return {
        name: replace(one, name=MARK + name if name in taken else name)
        for name, one in of_submissions().items()
    }


def _fields(plan: Plan) -> Iterator[Variable]:
    for column in plan.columns:
        yield column.variable
        yield from split(column.variable)


def split(variable: Variable) -> Iterator[Variable]:
    """The columns of the choices of a question with several answers: 1 chosen, 0 not."""
    if variable.question == "select_multiple":
        for value in variable.values:
            yield replace(
                variable, name=f"{variable.name}/{value.value}", kind="yes_no", label=value.label,
                values=(), constraint="",
            )  # fmt: skip


READ: Mapping[Kind, Callable[[str], Cell]] = {
    "integer": int, "yes_no": int, "decimal": float, "date": date.fromisoformat,
}  # fmt: skip
"""An answer as its column's kind (it fits, see surveys.export.kinds); of other kinds as it is."""
_LANGUAGE = re.compile(r'"language": ("(?:[^"\\]|\\.)*")')
"""In a state as JSON: inside a text every quote has a backslash before it."""


def _cells(row: Row[Any], reading: _Reading, plan: Plan, sources: Sources) -> list[Cell]:
    answers: Mapping[str, str] = row.submission
    cells: list[Cell] = [row.finished_at]
    for path, read, chosen in reading:
        value = answers.get(path)
        if not value:
            cells.extend([None] * (1 + len(chosen)))
            continue
        cells.append(value if read is None else read(value))
        if chosen:
            several = value.split()
            cells.extend([int(one in several) for one in chosen])
    # Of someone who was forgotten, answers apart, no state is left.
    spoken = _LANGUAGE.search(row.state)
    language = json.loads(spoken[1]) if spoken else None
    seconds = sources.quality.seconds.get(row.key)
    place = sources.design.census[row.area_id]
    cells += [
        row.key,
        row.key,
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
        " ".join(sources.quality.flags.get(row.key, ())) or None,
    ]
    return cells


def above(area: Sequence[str]) -> tuple[str | None, str | None]:
    """What a village is in, and the county; area: the names from the programme down.

    >>> above(("Programme", "Qinghe", "Lishan"))
    ('Lishan', 'Qinghe')
    """
    return (area[-1] if area else None, area[1] if len(area) > 1 else None)
