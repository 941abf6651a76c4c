"""Several programs on one database: who is at work, and what one that died had taken on.

A replica writes its row anew every few seconds; one whose row does not change while another's own
beats go through is dead, whatever the clocks say. What it had taken on is then anyone's.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, delete, func, insert, null, or_, select, text, update
from sqlalchemy.orm import Session

from surveys.store.database import kind_of
from surveys.store.schema import Base, Contact, Replica

REPLICA = Base.metadata.tables["replica"]
OUTBOX = Base.metadata.tables["outbox"]
INBOX = Base.metadata.tables["inbox"]
JOB = Base.metadata.tables["job"]
TURN = Base.metadata.tables["turn"]
TAKING_OVER, STARTING, ERASING = 7_001, 7_002, 7_003
"""Numbers of PostgreSQL's advisory locks."""
CONNECTION = "usegap-replica-"
"""What the connection on which a replica listens is called, before the replica's id."""
LANES = 500
"""Lanes that are taken over at a time."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A replica, as another one sees it."""

    id: str
    seen_at: datetime
    age: float = 0.0
    """Seconds since then, by the clock of the database (PostgreSQL)."""


def new_id() -> str:
    """A name for a replica."""
    return secrets.token_hex(6)


def _clock(session: Session) -> ColumnElement[datetime] | datetime:
    # On one machine there is one clock; of several machines the database's counts.
    return func.clock_timestamp() if kind_of(session) == "postgresql" else datetime.now(UTC)


def enter(session: Session, replica: str) -> None:
    """A program begins its work."""
    at = _clock(session)
    session.execute(insert(REPLICA).values(id=replica, started_at=at, seen_at=at))


def beat(session: Session, replica: str) -> list[Seen] | None:
    """It is still at work: who else is; None where it was taken for dead meanwhile."""
    still = session.connection().execute(
        update(REPLICA).where(REPLICA.c.id == replica).values(seen_at=_clock(session))
    )
    if not still.rowcount:
        return None
    if kind_of(session) != "postgresql":
        return [Seen(*row) for row in session.execute(select(Replica.id, Replica.seen_at))]
    age = func.extract("epoch", _clock(session) - REPLICA.c.seen_at)
    rows = session.execute(select(REPLICA.c.id, REPLICA.c.seen_at, age))
    return [Seen(row[0], row[1], float(row[2])) for row in rows]


def leave(session: Session, replica: str) -> None:
    """It ends: what it had taken on is free at once."""
    session.execute(delete(REPLICA).where(REPLICA.c.id == replica))
    session.execute(
        update(OUTBOX)
        .where(OUTBOX.c.sender == replica, OUTBOX.c.done_at.is_(None))
        .values(sender=null())
    )
    # It did not die over them: no try is counted (surveys.store.jobs.take_job).
    session.execute(update(JOB).where(JOB.c.taken_by == replica).values(taken_by=null()))


def bury(session: Session, dead: Collection[Seen]) -> None:
    """Take replicas for dead that have not moved since they were seen so."""
    for one in dead:
        session.execute(
            delete(REPLICA).where(REPLICA.c.id == one.id, REPLICA.c.seen_at == one.seen_at)
        )


def bury_all(session: Session, but: str) -> None:
    """On SQLite one program runs at a time: whatever else is noted was killed."""
    session.execute(delete(REPLICA).where(REPLICA.c.id != but))


def alone_at_start(session: Session) -> None:
    """Of several programs that start at the same moment, one after the other sets up."""
    if kind_of(session) == "postgresql":
        session.execute(text(f"SELECT pg_advisory_xact_lock({STARTING})"))


def alone_erasing(session: Session) -> None:
    """Of several programs that erase what is due, one step of one of them at a time: of two that
    erase two people of one home, neither would see that nobody is left in it."""
    if kind_of(session) == "postgresql":
        session.execute(text(f"SELECT pg_advisory_xact_lock({ERASING})"))


def take_over(session: Session, replica: str) -> list[int]:
    """Make what nobody at work sends one's own, whole lanes at a time; the ids, oldest first.

    Of a lane to which another one at work has still something to send it is left until that is
    done: what was said first is sent first.
    """
    if kind_of(session) == "postgresql":
        mine = session.scalar(text(f"SELECT pg_try_advisory_xact_lock({TAKING_OVER})"))
        if not mine:
            return []
    nobodys = _nobodys()
    before = OUTBOX.alias()
    others = select(before.c.id).where(
        before.c.lane == OUTBOX.c.lane, before.c.done_at.is_(None), before.c.sender != replica,
        before.c.sender.in_(select(REPLICA.c.id)),
    )  # fmt: skip
    lanes = session.scalars(
        select(OUTBOX.c.lane)
        .where(nobodys, ~others.exists())
        .group_by(OUTBOX.c.lane)
        .order_by(func.min(OUTBOX.c.id))
        .limit(LANES)
    ).all()
    if not lanes:
        return []
    # Another one may have queued for such a lane since: it finds the lane held from now on.
    taken = session.scalars(
        update(OUTBOX)
        .where(nobodys, or_(OUTBOX.c.lane.in_(lanes), OUTBOX.c.lane.is_(None)))
        .values(sender=replica)
        .returning(OUTBOX.c.id)
    )
    return sorted(taken)


def any_of_nobody(session: Session) -> bool:
    """Whether something waits that nobody at work sends."""
    return session.scalar(select(OUTBOX.c.id).where(_nobodys()).limit(1)) is not None


def _nobodys() -> ColumnElement[bool]:
    return and_(
        OUTBOX.c.done_at.is_(None),
        or_(OUTBOX.c.sender.is_(None), OUTBOX.c.sender.not_in(select(REPLICA.c.id))),
    )


def unsent_of(session: Session, replica: str, most: int) -> list[int]:
    """The ids of what a replica is to send, oldest first."""
    rows = session.scalars(
        select(OUTBOX.c.id)
        .where(OUTBOX.c.done_at.is_(None), OUTBOX.c.sender == replica)
        .order_by(OUTBOX.c.id)
        .limit(most)
    )
    return list(rows)


def stuck(
    session: Session, before: datetime, failed_before: datetime, *, number: int, of: int, most: int
) -> Sequence[int]:
    """Updates that were taken in before a time and are not handled; oldest first.

    Those of which a try has failed only if they came before `failed_before`: they are being tried.
    Lanes are shared out: of `of` replicas the one numbered `number` (from 0) is told its part.
    """
    mine: list[ColumnElement[bool]] = []
    if of > 1:
        mine = [func.abs(func.hashtext(INBOX.c.lane)) % of == number]
    rows = session.scalars(
        select(INBOX.c.update_id)
        .where(INBOX.c.done_at.is_(None), INBOX.c.parked_at.is_(None), *mine)
        .where(
            INBOX.c.received_at < before,
            or_(INBOX.c.tries == 0, INBOX.c.received_at < failed_before),
        )
        .order_by(INBOX.c.update_id)
        .limit(most)
    )
    return rows.all()


def forget_turns(session: Session) -> None:
    """Delete turns that are over, and at once those of people who are nobody's contact (any more):
    no row stays that says who wrote of late.
    """
    waiting = select(OUTBOX.c.lane).where(OUTBOX.c.done_at.is_(None), OUTBOX.c.lane.is_not(None))
    over = or_(TURN.c.until < _clock(session), TURN.c.lane.not_in(select(Contact.address_hash)))
    session.execute(delete(TURN).where(over, TURN.c.lane.not_in(waiting)))


def connected(session: Session) -> frozenset[str]:
    """The replicas whose connection is there; a killed one's is closed by its system at once."""
    rows = session.scalars(
        text(
            "SELECT application_name FROM pg_stat_activity"
            " WHERE datname = current_database() AND starts_with(application_name, :prefix)"
        ),
        {"prefix": CONNECTION},
    )
    return frozenset(name.removeprefix(CONNECTION) for name in rows)


def dead_among(
    before: Mapping[str, tuple[datetime, int]], now: Sequence[Seen], beats: int
) -> tuple[dict[str, tuple[datetime, int]], list[Seen]]:
    """Who has not moved for so many beats of one's own.

    `before`: of each replica its `seen_at` and for how many beats it has stood; gives the same as
    of now, and the dead.

    >>> at = datetime(2026, 1, 1)
    >>> known, dead = dead_among({}, [Seen("a", at)], beats=2)
    >>> known, dead = dead_among(known, [Seen("a", at)], beats=2)
    >>> dead_among(known, [Seen("a", at)], beats=2)[1][0].id
    'a'
    """
    stood: dict[str, tuple[datetime, int]] = {}
    for one in now:
        at, count = before.get(one.id, (one.seen_at, -1))
        stood[one.id] = (one.seen_at, count + 1 if at == one.seen_at else 0)
    return stood, [one for one in now if stood[one.id][1] >= beats]
