"""Answers are deleted when the time is over that people were promised when they agreed."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime

from sqlalchemy import and_, delete, exists, func, select
from sqlalchemy.orm import Session

from surveys.conduct.forget import sweep
from surveys.store.audit import audit
from surveys.store.database import Database
from surveys.store.schema import Interview, Respondent, Wave


def expire(database: Database, now: datetime) -> int:
    """Delete every interview older than its wave's retention; how many were deleted.

    Counted from the end of an interview, or from its last answer where it never ended. Respondents
    without any interview left go with it, and contacts without respondents (administrators stay).
    """
    with database.begin() as session:
        gone = sum(
            _expire_wave(session, wave_id, months_before(now, months))
            for wave_id, months in session.execute(select(Wave.id, Wave.retention_months)).all()
        )
        if gone:
            left = exists().where(Interview.respondent_id == Respondent.id)
            session.execute(delete(Respondent).where(~left))
            sweep(session)
            audit(session, "retention", "expire", f"{gone} interviews", now)
    return gone


def months_before(now: datetime, months: int) -> datetime:
    """The same day of the month, so many months ago (the month's last day where it is shorter)."""
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    day = min(now.day, monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day)


def _expire_wave(session: Session, wave_id: int, before: datetime) -> int:
    last = func.coalesce(Interview.finished_at, Interview.updated_at)
    old = and_(Interview.wave_id == wave_id, last < before)
    return len(session.execute(delete(Interview).where(old).returning(Interview.id)).all())
