"""The tables of repeats: a row for each instance, read from submissions a batch at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from surveys.export.own import OF_REPEATS, of_repeats, ours
from surveys.export.plan import Instances, Plan, batches
from surveys.export.questions import marked, within
from surveys.export.submissions import Reading, answers, apart, fields
from surveys.export.table import Cell, Table, Variable
from surveys.store.database import Database
from surveys.store.schema import Interview

LINKS = ("SubmissionDate", "KEY", "ReviewState", "FormVersion")
"""What a row of `RepeatTable.linked` says of its submission, behind three numbers."""
_NUMBER = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class RepeatTable:
    """The table of a repeat, and how its rows hang together with others."""

    table: Table
    linked: Table
    """With these behind the form's columns instead of ours: the row's number, that of its parent's
    row and of its submission, from 1, and `LINKS` of the submission."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One instance."""

    cells: list[Cell]
    own: tuple[str, str]
    """PARENT_KEY and KEY."""
    links: tuple[Cell, ...]


def repeat_tables(database: Database, plan: Plan) -> tuple[RepeatTable, ...]:
    """A table for each repeat, those inside another one, too; empty where nobody has an instance.

    Rows stand in the order of their submissions, then of their numbers. Each reading of a table
    reads all submissions.
    """
    return tuple(_table(database, plan, one) for one in plan.repeats)


def _table(database: Database, plan: Plan, repeat: Instances) -> RepeatTable:
    columns = plan.of(repeat.repeat.table)
    asked = fields(columns)
    own = apart((of_repeats()[name] for name in OF_REPEATS), asked)
    reading = [
        (
            tuple(f"/{within(path)}" for path in one.asked.paths),
            one.reader.cells(),
            len(one.variables),
        )
        for one in columns
    ]
    whole = Table(
        repeat.repeat.table,
        (*asked, *own.values()),
        lambda: (
            [[*row.cells, *row.own] for row in batch]
            for batch in _rows(database, plan, repeat, reading)
        ),
        repeat.count,
        repeat.repeat.label,
        repeat.repeat.parent,
    )
    linked = replace(
        whole,
        variables=(*asked, *(Variable(name, "integer", {}) for name in ("row", "above", "of")),
                   *(ours()[name] for name in LINKS)),
        rows=lambda: (
            [[*row.cells, *row.links] for row in batch]
            for batch in _rows(database, plan, repeat, reading)
        ),
    )  # fmt: skip
    return RepeatTable(whole, linked)


def _rows(
    database: Database, plan: Plan, repeat: Instances, reading: Reading
) -> Iterator[list[_Row]]:
    parent = next((one for one in plan.repeats if one.repeat.table == repeat.repeat.parent), None)
    place = 0
    with database.read() as session:
        for ids in batches(plan.ids):
            found = {
                row.id: row
                for row in session.execute(
                    select(
                        Interview.id, Interview.key, Interview.finished_at, Interview.review,
                        Interview.form_version_id, Interview.submission,
                    ).where(Interview.id.in_(ids))
                )
            }  # fmt: skip
            batch: list[_Row] = []
            for one in ids:
                if one in found:
                    batch += _of_one(found[one], place, plan, repeat, parent, reading)
                place += 1
            yield batch


def _of_one(  # noqa: PLR0917 - the names speak
    row: Any, place: int, plan: Plan, repeat: Instances, parent: Instances | None, reading: Reading
) -> Iterator[_Row]:
    """The rows of one submission, which is the `place`-th, from 0."""
    above = {"": place + 1} if parent is None else _numbered(row.submission, parent, place)
    known = (row.finished_at, row.key, row.review, plan.versions[row.form_version_id])
    for path, number in _numbered(row.submission, repeat, place).items():
        outer = _outer(path)
        yield _Row(
            answers(row.submission, reading, path),
            (_key(row.key, outer), _key(row.key, path)),
            (number, above.get(outer), place + 1, *known),
        )


def _numbered(submission: Mapping[str, str], repeat: Instances, place: int) -> dict[str, int]:
    """Path of an instance -> the number of its row, from 1; of one submission, in their order."""
    paths = set(repeat.repeat.paths)
    found = [path for path in submission if path.endswith("]") and marked(path) in paths]
    # A database may keep the keys of a JSON document in an order of its own.
    found.sort(key=_order)
    return {path: number for number, path in enumerate(found, repeat.first[place] + 1)}


def _outer(path: str) -> str:
    """The instance around an instance; "" for none.

    >>> _outer("/data/person[2]/g/visit[1]"), _outer("/data/g/person[2]")
    ('/data/person[2]', '')
    """
    inside = path[: path.rindex("[")]
    return inside[: inside.rfind("]") + 1]


def _order(path: str) -> list[int]:
    return [int(one) for one in _NUMBER.findall(path)]


def _key(key: str, path: str) -> str:
    """As ODK Central writes it: "uuid:…/home/person[1]"; path: of an instance, "" of none."""
    return "/".join([key, *path.split("/")[2:]])
