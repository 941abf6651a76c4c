"""Codes that are none: how many were tried, by one person and by all, in this hour."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Table, delete, select
from sqlalchemy.orm import Session

from surveys.store.database import insert_into, kind_of
from surveys.store.schema import Base

GUESS: Table = Base.metadata.tables["guess"]
ALL = ""
"""The lane that counts everybody's."""


def guesses(session: Session, lane: str, now: datetime) -> int:
    """How many this person (`ALL`: everybody) tried in the hour of `now`."""
    query = select(GUESS.c.count).where(GUESS.c.lane == lane, GUESS.c.hour == _hour(now))
    return session.connection().execute(query).scalar() or 0


def count_guess(session: Session, lane: str, now: datetime) -> int:
    """One more, of this person and of everybody; how many everybody tried by now."""
    counts = [_count(session, one, now) for one in (lane, ALL)]
    return counts[1]


def erase_guesses(session: Session, *, before: datetime | None = None, lane: str = "") -> int:
    """Delete the counts of hours that were over at a time, or those of a person; how many."""
    which = GUESS.c.lane == lane if before is None else GUESS.c.hour < _hour(before)
    return session.connection().execute(delete(GUESS).where(which)).rowcount


def _count(session: Session, lane: str, now: datetime) -> int:
    row = {"lane": lane, "hour": _hour(now), "count": 1}
    statement = insert_into(kind_of(session), GUESS).values(row)
    counted = statement.on_conflict_do_update(
        index_elements=[GUESS.c.lane, GUESS.c.hour], set_={"count": GUESS.c.count + 1}
    )
    return int(session.connection().execute(counted.returning(GUESS.c.count)).scalar_one())


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)
