"""One answer: load the interview and its form version, step, save with a version check, log."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from surveys.conduct.attachments import keep_attachments
from surveys.conduct.forget import drop_interview
from surveys.conduct.forms import Loaded, form_of, loaded_form, zone_of
from surveys.conduct.quotas import filled
from surveys.form.model import Form
from surveys.interview.engine import step, submission
from surveys.interview.state import (
    Closed,
    Effect,
    Event,
    Finished,
    Interview,
    Logged,
    from_json,
    to_json,
)
from surveys.store.areas import add_to_day, target_of
from surveys.store.interviews import count_finished, finish, household_of
from surveys.store.jobs import add_job
from surveys.store.measured import keep_measured
from surveys.store.messages import written
from surveys.store.people import household_in
from surveys.store.quotas import TURNED_AWAY, Cell
from surveys.store.stepped import Conflict, InterviewRow, Line, Lines, Written, load, log, save

__all__ = ["Conflict", "Gone", "Turn", "WaveClosed", "advance", "form_of"]


class Gone(Exception):  # noqa: N818
    """There is no such interview (any more)."""


class WaveClosed(Exception):  # noqa: N818
    """The wave of this interview takes no more answers."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one event did to one interview."""

    interview_id: int
    contact_id: int | None
    area_id: int
    wave_id: int
    form: Form
    interview: Interview
    effects: tuple[Effect, ...]
    kept: bool
    """False: the form's role `exclude` ended it (too young), or a quota: the interview is deleted,
    and the person with it if they did not answer in another wave."""
    full: Cell | None = None
    """The quota that ended it: there are enough answers from such people."""
    household_id: str | None = None
    """Where a quota ended it: the home, if somebody is left in it."""
    form_version_id: int = 0
    """Of the form: what it shows is kept under it."""


def advance(
    session: Session,
    interview_id: int,
    event: Event | Callable[[Form, Interview], Event],
    now: datetime,
    update_id: int | None,
) -> Turn:
    """Step one interview (`now` in UTC; it is turned into the village's zone).

    Writes the state (version-checked: `Conflict`), the log, the mode, what was attached (and orders
    that it be fetched, or that a barcode in it be read); at the end the submission,
    and, when the village has reached its target, a job "profile" (key "target:<wave>:<area>").
    Raises `Gone` where the interview does not exist; a closed wave raises `WaveClosed`.
    """
    row = load(session, interview_id)
    if row is None:
        raise Gone
    if row.closed_at is not None and row.closed_at <= now:
        raise WaveClosed
    loaded = loaded_form(session, row.form_version_id)
    form = loaded.form
    before = from_json(json.loads(row.state))
    if callable(event):
        event = event(form, before)
    after, effects = step(form, before, event, now.astimezone(zone_of(session, row.area_path)))
    lines = [Line(one.kind, one.path, one.value) for one in effects if isinstance(one, Logged)]
    said = Lines(row.id, lines, now, update_id)
    kept, ended = True, None
    if after != before:
        full = filled(session, row, loaded, before, after)
        if full is not None:
            return _turned_away(session, row, loaded, after, effects, full, now)
        mode = after.answers.get(loaded.mode) or row.mode if loaded.mode else row.mode
        save(session, Written(row, written(to_json(after)), after.status, mode, said))
        if after.status == "finished" != row.status:
            ended = _finish(session, row, loaded, after, now)
            kept = ended is not None
    else:
        log(session, [said])
    if kept:
        keep_attachments(session, row, loaded, before, after, effects, now, update_id)
    if ended is not None:
        keep_measured(session, row.id, loaded.layout, ended)
    return Turn(
        row.id,
        row.contact_id,
        row.area_id,
        row.wave_id,
        form,
        after,
        effects,
        kept,
        form_version_id=row.form_version_id,
    )


def _turned_away(  # noqa: PLR0917
    session: Session,
    row: InterviewRow,
    loaded: Loaded,
    interview: Interview,
    effects: tuple[Effect, ...],
    full: Cell,
    now: datetime,
) -> Turn:
    """The turn that a quota ends: nothing is kept but that it happened on this day."""
    home = household_of(session, row.id)
    drop_interview(session, row.contact_id, row.respondent_id, row.id)
    day = now.astimezone(zone_of(session, row.area_path)).date()
    add_to_day(session, row.area_id, TURNED_AWAY, day)
    left = home is not None and household_in(session, home, row.area_id)
    return Turn(
        row.id,
        row.contact_id,
        row.area_id,
        row.wave_id,
        loaded.form,
        interview,
        (*(one for one in effects if isinstance(one, Closed)), Finished()),
        kept=False,
        full=full,
        household_id=home if left else None,
        form_version_id=row.form_version_id,
    )


def _finish(
    session: Session, row: InterviewRow, loaded: Loaded, interview: Interview, now: datetime
) -> dict[str, str] | None:
    """The submission; None where it is not kept."""
    values = dict(submission(loaded.form, interview))
    if loaded.exclude is not None and values.get(loaded.exclude) == "1":
        drop_interview(session, row.contact_id, row.respondent_id, row.id)
        return None
    if loaded.instance_id is not None:
        # KEY and instanceID are one in ODK; the engine's own is no wider than the seed.
        values[loaded.instance_id] = row.key
    finish(session, row.id, values, now)
    target = target_of(session, row.area_id)
    if target is not None and count_finished(session, row.wave_id, row.area_id) >= target:
        # The key lets it be ordered once, even if two who finish at once step over the target.
        arguments = {"area_id": row.area_id, "wave_id": row.wave_id, "reason": "target"}
        add_job(
            session, "profile", arguments, now.astimezone(UTC),
            key=f"target:{row.wave_id}:{row.area_id}",
        )  # fmt: skip
    return values
