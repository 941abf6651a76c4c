"""The submissions of a wave as CSV, a piece at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Row, Select, select

from surveys.export.cells import BOM, harmless, lines, moment, safe, tag
from surveys.export.plan import AFTER, BATCH, BEFORE, Plan, in_wave, named, plan
from surveys.store.database import Database
from surveys.store.quality import Checked, checked
from surveys.store.schema import Interview, Respondent


def submissions_csv(
    database: Database,
    wave_id: int,
    area_ids: Collection[int],
    *,
    bom: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[bytes]:
    """The finished submissions of these villages in a wave, piece by piece, header first.

    Flags are found in the whole wave, whatever is written. `progress` is told (submissions done,
    of how many).
    """
    with database.read() as session:
        made = plan(session, wave_id, area_ids)
        quality = checked(session, wave_id)
        yield BOM * bom + lines([_header(made)])
        rows = session.execute(
            _finished(made).order_by(Interview.finished_at, Interview.id),
            execution_options={"yield_per": BATCH},
        )
        done = 0
        for batch in rows.partitions():
            yield lines(_cells(row, made, quality) for row in batch)
            done += len(batch)
            if progress is not None:
                progress(done, made.submissions)


def _finished(made: Plan) -> Select[Any]:
    return (
        select(
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
        .where(*in_wave(made.wave_id, made.area_ids))
    )


def _header(made: Plan) -> list[str]:
    fields: list[str] = []
    for column in made.columns:
        fields.append(column.name)
        fields.extend(f"{column.name}/{value}" for value in column.values)
    return [*(made.own[name] for name in BEFORE), *fields, *(made.own[name] for name in AFTER)]


def _cells(row: Row[Any], made: Plan, quality: Checked) -> list[str]:
    submission: Mapping[str, str] = row.submission
    fields: list[str] = []
    for column in made.columns:
        value = submission.get(column.path, "")
        fields.append(safe(value, column.question))
        if column.values:
            chosen = value.split()
            fields.extend("" if not value else str(int(v in chosen)) for v in column.values)
    code, name, township = made.villages[row.area_id]
    user = named(submission, made.user) if made.user else "1"
    # Of someone who was forgotten, answers apart, no state is left.
    language = json.loads(row.state).get("language")
    weight = made.weights.get(row.entry, "1") if user == "1" else "1" if user == "0" else ""
    seconds = quality.seconds.get(row.key)
    return [
        moment(row.finished_at),
        *fields,
        row.key,
        row.key,
        row.review,
        harmless(made.versions[row.form_version_id]),
        code,
        harmless(name),
        harmless(township),
        row.household_id,
        row.entry,
        weight,
        row.mode or "",
        tag(language) if language else "",
        moment(row.started_at),
        moment(row.finished_at),
        str(round((row.finished_at - row.started_at).total_seconds())),
        "" if seconds is None else str(round(seconds)),
        harmless(" ".join(quality.flags.get(row.key, ()))),
    ]
