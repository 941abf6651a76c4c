"""Answers are deleted when the time is over that people were promised when they agreed; what an
administrator sent and did not confirm, after a day."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta

from surveys.conduct.forget import sweep
from surveys.store.audit import audit
from surveys.store.database import Database, leave_no_traces
from surveys.store.drafts import erase_drafts_before
from surveys.store.guesses import erase_guesses
from surveys.store.interviews import erase_older, retention_of_waves
from surveys.store.people import erase_without_interviews

UNCONFIRMED = timedelta(hours=24)
"""How long a draft waits for its administrator."""


def expire(database: Database, now: datetime) -> int:
    """Delete every interview older than its wave's retention; how many were deleted.

    Counted from the end of an interview, or from its last answer where it never ended. Respondents
    without any interview left go with it, and contacts without respondents (administrators stay).
    Drafts that nobody confirmed within a day go, too.
    """
    with database.begin() as session:
        if erase_drafts_before(session, now - UNCONFIRMED):
            leave_no_traces(session)
        erase_guesses(session, before=now)
        gone = sum(
            erase_older(session, wave_id, months_before(now, months))
            for wave_id, months in retention_of_waves(session)
        )
        if gone:
            erase_without_interviews(session)
            sweep(session)
            audit(session, "retention", "expire", f"{gone} interviews", now)
    return gone


def months_before(now: datetime, months: int) -> datetime:
    """The same day of the month, so many months ago (the month's last day where it is shorter)."""
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    day = min(now.day, monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day)
