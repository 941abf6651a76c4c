"""Who stopped in the middle and may be reminded of it: queries that take a session."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from surveys.store.people import persons_on_phone
from surveys.store.schema import Area, Contact, Interview, Job, Respondent, Wave

KIND = "remind"
"""Of the jobs that remind."""


@dataclass(frozen=True, slots=True)
class Times:
    """From when on something counts as long enough ago."""

    silent: datetime
    """Nothing heard since: they left."""
    again: datetime
    """Reminded of the same interview before this: once more is allowed …"""
    most: int
    """… where it was fewer than so many times."""
    contact: datetime
    """Reminded of anything through the same chat before this."""


@dataclass(frozen=True, slots=True)
class Left:
    """An interview that somebody left in the middle, and how to reach them."""

    interview_id: int
    contact_id: int
    lane: str
    address: bytes
    """Sealed."""
    language: str
    number: int
    """Of the person, among those of this chat."""
    persons: int
    """Who answer through this chat."""
    area_path: str
    village: str
    form_version_id: int
    state: str
    reminders: int


def chats_left(session: Session, area_ids: Collection[int], times: Times) -> dict[int, int]:
    """In how many chats somebody may be reminded, by village; where nobody, no entry.

    A chat counts in one village, that of the interview left last there.
    """
    rows = session.execute(
        select(Interview.area_id, Respondent.contact_id)
        .join_from(Interview, Respondent)
        .join(Contact, Contact.id == Respondent.contact_id)
        .join(Wave, Wave.id == Interview.wave_id)
        .where(Interview.area_id.in_(area_ids), *_may(times))
        .order_by(Interview.updated_at.desc(), Interview.id.desc())
    )
    first: dict[int, int] = {}
    for row in rows:
        first.setdefault(row.contact_id, row.area_id)
    found: dict[int, int] = {}
    for area_id in first.values():
        found[area_id] = found.get(area_id, 0) + 1
    return found


def left_in(session: Session, area_id: int, times: Times) -> list[Left]:
    """Those to remind in a village, one interview a chat: the one that was left last.

    Their chats are locked until the transaction ends, before it is looked what holds of them: who
    reminds at the same time, or answers, comes before or after.
    """
    theirs = (
        select(Respondent.contact_id)
        .join_from(Interview, Respondent)
        .join(Contact, Contact.id == Respondent.contact_id)
        .join(Wave, Wave.id == Interview.wave_id)
        .where(Interview.area_id == area_id, *_may(times))
    )
    locked = session.scalars(
        select(Contact.id)
        .where(Contact.id.in_(theirs))
        .order_by(Contact.id)
        .with_for_update(key_share=True)
    ).all()
    rows = session.execute(
        select(
            Interview.id, Respondent.contact_id, Contact.address_hash, Contact.address,
            Contact.language, Respondent.number, persons_on_phone(), Area.path, Area.name,
            Interview.form_version_id, Interview.state, Interview.reminders,
        )
        .join_from(Interview, Respondent)
        .join(Contact, Contact.id == Respondent.contact_id)
        .join(Wave, Wave.id == Interview.wave_id)
        .join(Area, Area.id == Interview.area_id)
        .where(Interview.area_id == area_id, Contact.id.in_(locked), *_may(times))
        .order_by(Interview.updated_at.desc(), Interview.id.desc())
    )  # fmt: skip
    found: dict[int, Left] = {}
    for row in rows:
        found.setdefault(row.contact_id, Left(*row))
    return list(found.values())


def count_reminder(session: Session, left: Left, now: datetime) -> bool:
    """Note that somebody is reminded; False where that was done meanwhile."""
    noted = session.connection().execute(
        update(Interview)
        .where(Interview.id == left.interview_id, Interview.reminders == left.reminders)
        .values(reminders=left.reminders + 1, reminded_at=now)
    )
    return noted.rowcount == 1


def ordered(session: Session, area_ids: Collection[int]) -> dict[int, datetime]:
    """The villages whose reminders are ordered and not sent yet, and when they go out."""
    rows = session.execute(
        select(Job.arguments, Job.due_at).where(Job.kind == KIND, Job.done_at.is_(None))
    )
    found: dict[int, datetime] = {}
    for row in rows:
        area_id = int(row.arguments["area_id"])
        if area_id in area_ids:
            found[area_id] = min(row.due_at, found.get(area_id, row.due_at))
    return found


def _may(times: Times) -> tuple[ColumnElement[bool], ...]:
    """Of an interview, its person's contact and its wave: may somebody be reminded?"""
    beside, theirs = aliased(Interview), aliased(Respondent)
    # Who is at it on this phone, or was reminded of another interview today, is left in peace.
    lately = (
        exists()
        .where(beside.respondent_id == theirs.id, theirs.contact_id == Contact.id)
        .where(or_(beside.updated_at >= times.silent, beside.reminded_at >= times.contact))
    )
    return (
        Interview.status.in_(("open", "stopped")),
        Interview.updated_at < times.silent,
        Interview.reminders < times.most,
        or_(Interview.reminded_at.is_(None), Interview.reminded_at < times.again),
        and_(Contact.blocked_at.is_(None), Contact.unreminded_at.is_(None)),
        Wave.closed_at.is_(None),
        ~lately,
    )
