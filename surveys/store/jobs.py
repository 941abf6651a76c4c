"""Work to be done apart from a chat's turn: rows that a loop looks at."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, case, delete, null, or_, select, update
from sqlalchemy.orm import Session

from surveys.store.database import insert_into, kind_of
from surveys.store.schema import Base, Job, Replica

JOB: Table = Base.metadata.tables["job"]


@dataclass(frozen=True, slots=True)
class DueJob:
    """A job whose time has come."""

    id: int
    kind: str
    arguments: dict[str, Any]
    tries: int


def add_job(
    session: Session,
    kind: str,
    arguments: dict[str, Any],
    due_at: datetime,
    *,
    key: str | None = None,
) -> bool:
    """Order a piece of work; False where one with this key was ordered before, done or not."""
    row = {"kind": kind, "arguments": arguments, "due_at": due_at, "key": key, "tries": 0}
    statement = insert_into(kind_of(session), JOB).values(row).on_conflict_do_nothing()
    return session.execute(statement.returning(JOB.c.id)).one_or_none() is not None


def due_jobs(
    session: Session, now: datetime, limit: int = 20, *, only: Collection[str] = (),
    without: Collection[str] = (),
) -> list[DueJob]:  # fmt: skip
    """The jobs that are due and that no other replica is doing, the longest waiting first.

    only, without: kinds of jobs; all where neither is given.
    """
    kinds: list[ColumnElement[bool]] = [_free(session.info.get("replica"))]
    if only:
        kinds.append(Job.kind.in_(only))
    if without:
        kinds.append(Job.kind.not_in(without))
    rows = session.execute(
        select(Job.id, Job.kind, Job.arguments, Job.tries)
        .where(Job.done_at.is_(None), Job.due_at <= now, *kinds)
        .order_by(Job.due_at, Job.id)
        .limit(limit)
    )
    return [DueJob(*row) for row in rows]


def take_job(session: Session, job: DueJob) -> DueJob | None:
    """Keep a job from the other replicas; None where one was faster.

    Where whoever had taken it has died over it, that counts as a failed try.
    """
    me = session.info.get("replica")
    died = case((or_(JOB.c.taken_by.is_(None), JOB.c.taken_by == me), 0), else_=1)
    tries = session.connection().execute(
        update(JOB)
        .where(JOB.c.id == job.id, JOB.c.done_at.is_(None), _free(me))
        .values(taken_by=me, tries=JOB.c.tries + died)
        .returning(JOB.c.tries)
    )
    found = tries.scalar()
    return None if found is None else replace(job, tries=found)


def _free(me: str | None) -> ColumnElement[bool]:
    """What nobody at work is doing but oneself."""
    return or_(
        JOB.c.taken_by.is_(None), JOB.c.taken_by == me, JOB.c.taken_by.not_in(select(Replica.id))
    )


def finish_job(session: Session, job_id: int, now: datetime) -> bool:
    """A job is done; False where it was done already (another replica was faster).

    A job with a key stays as a row, so that it is not ordered again; one without leaves nothing.
    """
    done = session.connection().execute(
        update(JOB)
        .where(JOB.c.id == job_id, JOB.c.done_at.is_(None))
        .values(done_at=now, error=null(), taken_by=null())
    )
    session.execute(delete(JOB).where(JOB.c.id == job_id, JOB.c.key.is_(None)))
    return bool(done.rowcount)


def postpone_job(
    session: Session, job_id: int, error: str, later: datetime | None, now: datetime
) -> None:
    """A job failed: to be tried again `later`, or (None) given up, with the error's class kept.

    One that another replica has done meanwhile stays done.
    """
    session.execute(
        update(Job)
        .where(Job.id == job_id, Job.done_at.is_(None))
        .values(
            tries=Job.tries + 1,
            error=error,
            taken_by=None,
            due_at=Job.due_at if later is None else later,
            done_at=now if later is None else None,
        )
    )


def put_off(session: Session, job_id: int, until: datetime) -> None:
    """A job's time has not come: it is due later, which is no failure."""
    session.execute(update(Job).where(Job.id == job_id).values(due_at=until, taken_by=None))


def erase_jobs(session: Session, contact_id: int) -> None:
    """Delete what a contact had ordered."""
    session.execute(delete(Job).where(Job.arguments["contact_id"].as_integer() == contact_id))
