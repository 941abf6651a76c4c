"""Interviews: begun, finished, found, counted and erased (a turn of one: surveys.store.stepped)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.orm import Session

from surveys.store.outdated import drop_standing_of
from surveys.store.reviews import REJECTED
from surveys.store.schema import (
    Area,
    Attachment,
    Base,
    FormVersion,
    Household,
    Interview,
    InterviewEvent,
    Respondent,
)  # fmt: skip

INTERVIEW: Table = Base.metadata.tables["interview"]
EVENT: Table = Base.metadata.tables["interview_event"]
RESPONDENT: Table = Base.metadata.tables["respondent"]
WAVE: Table = Base.metadata.tables["wave"]
AREA: Table = Base.metadata.tables["area"]


def finish(session: Session, interview_id: int, submission: dict[str, str], now: datetime) -> None:
    """Keep the submission of an interview that has come to its end."""
    session.connection().execute(
        update(INTERVIEW)
        .where(INTERVIEW.c.id == interview_id)
        .values(submission=submission, flags=[], finished_at=now)
    )


def add_interview(session: Session, **values: Any) -> int:
    """A new interview; its id."""
    added = session.execute(insert(Interview).values(**values).returning(Interview.id))
    return added.scalar_one()


def version_of_form(session: Session, form_version_id: int) -> tuple[str, list[Any]]:
    """The XForm of a form version and its indicators as JSON."""
    row = session.execute(
        select(FormVersion.xform, FormVersion.indicators).where(FormVersion.id == form_version_id)
    ).one()
    return row.xform, row.indicators


def count_finished(session: Session, wave_id: int, area_id: int) -> int:
    """How many submissions a village has in a wave, those apart that a review rejected."""
    return (
        session.scalar(
            select(func.count()).where(
                Interview.wave_id == wave_id,
                Interview.area_id == area_id,
                Interview.status == "finished",
                Interview.review != REJECTED,
            )
        )
        or 0
    )


def contact_of(session: Session, interview_id: int) -> int | None:
    """The contact through whom the person of an interview answers."""
    return session.scalar(
        select(Respondent.contact_id).join(Interview).where(Interview.id == interview_id)
    )


def household_of(session: Session, interview_id: int) -> str | None:
    """The home of an interview."""
    return session.scalar(
        select(Respondent.household_id).join(Interview).where(Interview.id == interview_id)
    )


def interview_in(session: Session, respondent_id: str, wave_id: int) -> int | None:
    """The interview of a person in a wave."""
    return session.scalar(
        select(Interview.id).where(
            Interview.respondent_id == respondent_id, Interview.wave_id == wave_id
        )
    )


def number_of_person(session: Session, contact_id: int, interview_id: int) -> int | None:
    """The number of the person of an interview; None where it is not this contact's."""
    return session.scalar(
        select(Respondent.number)
        .join(Interview)
        .where(Interview.id == interview_id, Respondent.contact_id == contact_id)
    )


def latest_area(session: Session, contact_id: int) -> int | None:
    """The village of the interview that this contact was last at."""
    return session.scalar(
        select(Interview.area_id)
        .join(Respondent)
        .where(Respondent.contact_id == contact_id)
        .order_by(Interview.updated_at.desc(), Interview.id.desc())
        .limit(1)
    )


def abroad_since(session: Session, contact_id: int, consent_version: str) -> datetime | None:
    """The first time that somebody agreed through this contact, to this text of consent, that
    messages pass through computers abroad."""
    return session.scalar(
        select(func.min(Interview.abroad_at))
        .join(Respondent)
        .where(Respondent.contact_id == contact_id, Interview.consent_version == consent_version)
    )


def person_of_interview(session: Session, interview_id: int) -> tuple[str, int | None] | None:
    """The person of an interview, and the contact that leads to them, if any does."""
    row = session.execute(
        select(Respondent.id, Respondent.contact_id)
        .join(Interview)
        .where(Interview.id == interview_id)
    ).one_or_none()
    return None if row is None else (row.id, row.contact_id)


def about_persons(
    session: Session, respondent_ids: Sequence[str]
) -> tuple[int, int, tuple[str, ...]]:
    """How many interviews these persons finished, how many not, and the names of their villages."""
    rows = session.execute(
        select(Area.name, Interview.status)
        .join(Area, Area.id == Interview.area_id)
        .where(Interview.respondent_id.in_(respondent_ids))
        .order_by(Interview.id)
    ).all()
    finished = sum(row.status == "finished" for row in rows)
    return finished, len(rows) - finished, tuple(dict.fromkeys(row.name for row in rows))


def interviews_of(session: Session, respondent_ids: Sequence[str]) -> list[int]:
    """The ids of all interviews of these persons, in all waves, in the order they were begun."""
    return list(
        session.scalars(
            select(Interview.id)
            .where(Interview.respondent_id.in_(respondent_ids))
            .order_by(Interview.id)
        )
    )


def waves_of(session: Session, respondent_ids: Sequence[str]) -> int:
    """In how many waves these persons have an interview."""
    counted = select(func.count(Interview.wave_id.distinct()))
    return session.scalars(counted.where(Interview.respondent_id.in_(respondent_ids))).one()


def erase_interview(session: Session, interview_id: int) -> None:
    """Delete an interview with its log."""
    drop_standing_of(session, Interview.id == interview_id)
    session.execute(delete(Interview).where(Interview.id == interview_id))


def strip_finished(session: Session, respondent_ids: Sequence[str]) -> None:
    """Leave of these persons their submissions alone: no unfinished interview, no log and nothing
    measured by it, no state, no photo and no voice (which can name them), not when they were
    reminded.
    """
    theirs = Interview.respondent_id.in_(respondent_ids)
    session.execute(delete(Interview).where(theirs, Interview.status != "finished"))
    for table in (InterviewEvent, Attachment):
        session.execute(
            delete(table).where(table.interview_id.in_(select(Interview.id).where(theirs)))
        )
    session.execute(
        update(Interview)
        .where(theirs)
        .values(state="{}", reminders=0, reminded_at=None, measured=None)
    )


def without_interviews(session: Session, respondent_ids: Sequence[str]) -> list[str]:
    """Those of these persons who have no interview (any more)."""
    has = select(Interview.respondent_id).where(Interview.respondent_id.in_(respondent_ids))
    left = set(session.scalars(has))
    return [one for one in respondent_ids if one not in left]


@dataclass(frozen=True, slots=True)
class Kept:
    """One interview, as it is shown to the person whose it is."""

    number: int
    village: str
    interview_id: int | None
    form_version_id: int | None
    status: str | None
    state: str | None
    consent_version: str | None
    consented_at: datetime | None
    abroad_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    reminders: int | None
    reminded_at: datetime | None
    texts_erased_at: datetime | None
    events: int


def kept_of(session: Session, contact_id: int) -> list[Kept]:
    """All interviews of all persons of a contact, by person and time."""
    events = (
        select(func.count())
        .where(InterviewEvent.interview_id == Interview.id)
        .correlate(Interview)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Respondent.number, Area.name, Interview.id, Interview.form_version_id,
            Interview.status, Interview.state, Interview.consent_version, Interview.consented_at,
            Interview.abroad_at, Interview.started_at, Interview.finished_at, Interview.reminders,
            Interview.reminded_at, Interview.texts_erased_at,
        )
        .add_columns(events)
        .join(Household, Household.id == Respondent.household_id)
        .join(Area, Area.id == Household.area_id)
        .outerjoin(Interview, Interview.respondent_id == Respondent.id)
        .where(Respondent.contact_id == contact_id)
        .order_by(Respondent.number, Interview.started_at, Interview.id)
    )  # fmt: skip
    return [Kept(*row) for row in rows]
