"""Waves as administrators see them: where, since when, how many answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, false, func, or_, select
from sqlalchemy.orm import Session

from surveys.store.areas import ids_of
from surveys.store.reviews import REJECTED
from surveys.store.schema import Area, Form, FormVersion, Interview, Wave


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
    closed_at: datetime | None
    finished: int
    """Submissions in those areas, without what a review rejected."""
    unfinished: int
    """Interviews there that are under way, or were stopped."""


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
        select(Wave.id, Wave.name, Area.id, Area.name, Area.path, Wave.opened_at, Wave.closed_at)
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


def open_at(session: Session, area_id: int) -> int | None:
    """The wave that is open in this very area."""
    return session.scalar(
        select(Wave.id)
        .where(Wave.area_id == area_id, Wave.closed_at.is_(None))
        .order_by(Wave.opened_at.desc(), Wave.id.desc())
        .limit(1)
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
