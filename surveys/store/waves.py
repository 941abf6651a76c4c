"""Waves as administrators see them: where, since when, how many answered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, false, func, or_, select, update
from sqlalchemy.orm import Session

from surveys.store.areas import ids_of
from surveys.store.people import persons_on_phone
from surveys.store.reviews import REJECTED
from surveys.store.schema import (
    Area,
    Contact,
    Form,
    FormVersion,
    Inbox,
    Interview,
    Respondent,
    Wave,
)  # fmt: skip

ACTIVE = timedelta(days=7)
"""Who was not heard of for longer is no more in the middle of an interview: they left it."""


@dataclass(frozen=True, slots=True)
class WaveOverview:
    """A wave, and what of it lies in some areas."""

    wave_id: int
    name: str
    area_id: int
    area: str
    path: str
    """Of the area."""
    opened_at: datetime
    closing_at: datetime | None
    """When it will be closed."""
    closed_at: datetime | None
    finished: int
    """Submissions in those areas, without what a review rejected."""
    unfinished: int
    """Interviews there that are under way, or were stopped."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An interview that somebody is in the middle of, and how to reach them."""

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
    village: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What residents read before they agree, and what they are asked."""

    organisation: str
    contact: str
    retention_months: int


@dataclass(frozen=True, slots=True)
class NewestForm:
    """The form version published last."""

    title: str
    version: str


def waves_at(session: Session, paths: Sequence[str], most: int) -> list[WaveOverview]:
    """The newest waves at, above or below some areas, those open first; counted in them alone."""
    above = {one for path in paths for one in ids_of(path)}
    inside = or_(false(), *(Area.path.startswith(path, autoescape=True) for path in paths))
    waves = session.execute(
        select(
            Wave.id,
            Wave.name,
            Area.id,
            Area.name,
            Area.path,
            Wave.opened_at,
            Wave.closing_at,
            Wave.closed_at,
        )
        .join(Area, Area.id == Wave.area_id)
        .where(or_(inside, Area.id.in_(above)))
        .order_by(Wave.closed_at.is_(None).desc(), Wave.opened_at.desc(), Wave.id.desc())
        .limit(most)
    ).all()
    finished = Interview.status == "finished"
    counted = {
        row.wave_id: row
        for row in session.execute(
            select(
                Interview.wave_id,
                func.count().filter(and_(finished, Interview.review != REJECTED)).label("done"),
                func.count().filter(~finished).label("unfinished"),
            )
            .join(Area, Area.id == Interview.area_id)
            .where(Interview.wave_id.in_([row[0] for row in waves]), inside)
            .group_by(Interview.wave_id)
        )
    }
    return [
        WaveOverview(
            *row,
            finished=counted[row[0]].done if row[0] in counted else 0,
            unfinished=counted[row[0]].unfinished if row[0] in counted else 0,
        )
        for row in waves
    ]


def open_at(session: Session, area_id: int, *, lock: bool = False) -> Wave | None:
    """The wave of this very area that is not closed; `lock`: nobody else changes it meanwhile."""
    query = (
        select(Wave)
        .where(Wave.area_id == area_id, Wave.closed_at.is_(None))
        .order_by(Wave.opened_at.desc(), Wave.id.desc())
        .limit(1)
    )
    return session.scalar(query.with_for_update() if lock else query)


def ends_at(session: Session, wave_id: int) -> datetime | None:
    """When a wave will be closed; None where that is not ordered, or it was done."""
    return session.scalar(
        select(Wave.closing_at).where(Wave.id == wave_id, Wave.closed_at.is_(None))
    )


def unheard(session: Session, until: datetime) -> bool:
    """Whether something that came in up to a time is still to be handled."""
    return (
        session.scalar(
            select(Inbox.update_id)
            .where(Inbox.done_at.is_(None), Inbox.parked_at.is_(None), Inbox.received_at <= until)
            .limit(1)
        )
        is not None
    )


def villages_under_way(session: Session, wave_id: int, since: datetime) -> list[int]:
    """The villages where somebody has begun in a wave, not finished, and was heard of since."""
    return list(
        session.scalars(select(Interview.area_id).where(_in_the_middle(wave_id, since)).distinct())
    )


def under_way(session: Session, wave_id: int, area_id: int, since: datetime) -> list[UnderWay]:
    """Those in a village who have begun in a wave and were heard of since, one interview a chat:
    the one that was answered last. Without who blocked the bot or wants no reminders."""
    rows = session.execute(
        select(
            Interview.id, Respondent.contact_id, Contact.address_hash, Contact.address,
            Contact.language, Respondent.number, persons_on_phone(), Area.name,
        )
        .join_from(Interview, Respondent)
        .join(Contact, Contact.id == Respondent.contact_id)
        .join(Area, Area.id == Interview.area_id)
        .where(
            _in_the_middle(wave_id, since),
            Interview.area_id == area_id,
            Contact.blocked_at.is_(None),
            Contact.unreminded_at.is_(None),
        )
        .order_by(Interview.updated_at.desc(), Interview.id.desc())
        .with_for_update(of=Contact, key_share=True)
    )  # fmt: skip
    found: dict[int, UnderWay] = {}
    for row in rows:
        found.setdefault(row.contact_id, UnderWay(*row))
    return list(found.values())


def note_told(session: Session, interview_ids: Collection[int], now: datetime) -> None:
    """Their persons were written to: reminders keep their distance from that."""
    session.execute(
        update(Interview).where(Interview.id.in_(interview_ids)).values(reminded_at=now)
    )


def _in_the_middle(wave_id: int, since: datetime) -> ColumnElement[bool]:
    return and_(
        Interview.wave_id == wave_id,
        Interview.status.in_(("open", "stopped")),
        Interview.updated_at >= since,
    )


def asked_before(session: Session, path: str) -> Asked | None:
    """Who asked in the wave opened last at an area or above it."""
    row = session.execute(
        select(Wave.organisation, Wave.contact, Wave.retention_months)
        .where(Wave.area_id.in_(ids_of(path)))
        .order_by(Wave.opened_at.desc(), Wave.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Asked(*row)


def newest_form(session: Session) -> NewestForm | None:
    """The form version that a new wave would begin with."""
    row = session.execute(
        select(Form.title, FormVersion.version)
        .join(Form, Form.id == FormVersion.form_id)
        .order_by(FormVersion.published_at.desc(), FormVersion.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else NewestForm(*row)


def villages_with_answers(session: Session, wave_id: int) -> int:
    """In how many villages somebody finished, and was not rejected."""
    return (
        session.scalar(
            select(func.count(Interview.area_id.distinct())).where(
                Interview.wave_id == wave_id,
                Interview.status == "finished",
                Interview.review != REJECTED,
            )
        )
        or 0
    )
