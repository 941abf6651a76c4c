"""What comes in: rows of the inbox, sealed until they are done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam, case, delete, null, or_, select, text, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from surveys.store.database import insert_into, kind_of
from surveys.store.messages import written
from surveys.store.schema import Base, Inbox
from surveys.store.vault import Vault

INBOX: Table = Base.metadata.tables["inbox"]
TRIES = 5
"""After so many failures an update is parked."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An update that is in the inbox and not done."""

    update_id: int
    lane: str
    update: dict[str, Any]
    received: float = 0.0
    """When it came in, by `time.monotonic`; 0: not known."""


@cache
def _take(kind: str) -> ReturningInsert[int]:
    # Made once, like every statement that an answer needs: building costs more than executing.
    statement = insert_into(kind, INBOX).on_conflict_do_nothing()
    return statement.returning(INBOX.c.update_id)


def add_updates(session: Session, vault: Vault, taken: Sequence[Taken], now: datetime) -> set[int]:
    """Keep updates; the ids of those that were not there before."""
    if not taken:
        return set()
    rows = [
        {
            "update_id": one.update_id,
            "lane": one.lane,
            "body": vault.seal(written(one.update).encode()),
            "received_at": now,
        }
        for one in taken
    ]
    statement = _take(kind_of(session))
    return set(session.connection().execute(statement, rows).scalars())


# However many, one statement, the same each time.
_DONE = text(
    "INSERT INTO inbox (update_id, received_at, done_at)"
    " SELECT update_id, :now, :now FROM unnest(CAST(:ids AS bigint[])) AS done (update_id)"
    " ON CONFLICT DO NOTHING RETURNING update_id"
)


def add_done(session: Session, update_ids: Sequence[int], now: datetime) -> set[int]:
    """Updates that are handled in this very transaction; those that were not there before."""
    if not update_ids:
        return set()
    if kind_of(session) == "postgresql":
        given = {"ids": list(update_ids), "now": now}
        return set(session.connection().execute(_DONE, given).scalars())
    rows = [{"update_id": one, "received_at": now, "done_at": now} for one in update_ids]
    return set(session.connection().execute(_take(kind_of(session)), rows).scalars())


def waiting_updates(
    session: Session, vault: Vault, *, limit: int | None = None, only: Sequence[int] | None = None
) -> list[Taken]:
    """What is neither done nor parked, in order of update_id: the first, or `only` these."""
    wanted = [] if only is None else [Inbox.update_id.in_(only)]
    rows = session.execute(
        select(Inbox.update_id, Inbox.lane, Inbox.body)
        .where(Inbox.done_at.is_(None), Inbox.parked_at.is_(None), *wanted)
        .order_by(Inbox.update_id)
        .limit(limit)
    )
    return [
        Taken(row.update_id, row.lane or "", json.loads(vault.open(row.body)))
        for row in rows
        if row.body is not None
    ]


_OLDEST = (
    select(INBOX.c.update_id)
    .where(INBOX.c.lane == bindparam("lane"), INBOX.c.done_at.is_(None))
    .where(INBOX.c.parked_at.is_(None))
    .order_by(INBOX.c.update_id)
    .limit(1)
)


def oldest_of(session: Session, lane: str) -> int | None:
    """Of what a person's updates wait to be handled the first; None: none waits."""
    found: int | None = session.connection().execute(_OLDEST, {"lane": lane}).scalar()
    return found


_CLAIM = (
    update(INBOX)
    .where(INBOX.c.update_id.in_(bindparam("ids", expanding=True)), INBOX.c.done_at.is_(None))
    .where(INBOX.c.parked_at.is_(None))
    .values(done_at=bindparam("now"), body=null(), lane=null())
    .returning(INBOX.c.update_id)
)


def claim(session: Session, update_ids: Sequence[int], now: datetime) -> set[int]:
    """Mark updates done and erase what they said; those that were not done, parked or never taken
    in.

    First of all in its transaction: it locks the rows, so that whoever comes second finds them
    done.
    """
    if not update_ids:
        return set()
    given = {"ids": list(update_ids), "now": now}
    return set(session.connection().execute(_CLAIM, given).scalars())


def count_failure(session: Session, update_id: int, error: str, now: datetime) -> bool:
    """One more failed try of an update; True when it has just been parked for good."""
    tries = session.scalar(
        update(INBOX)
        .where(INBOX.c.update_id == update_id, INBOX.c.done_at.is_(None))
        .where(INBOX.c.parked_at.is_(None))
        .values(
            tries=INBOX.c.tries + 1,
            error=error,
            parked_at=case((INBOX.c.tries + 1 >= TRIES, now), else_=null()),
        )
        .returning(INBOX.c.tries)
    )
    return tries is not None and tries >= TRIES


def prune_inbox(session: Session, before: datetime) -> int:
    """Delete what was done or parked before a time: nobody will ever send it again.

    Telegram keeps what is not acknowledged for 24 hours.
    """
    old = or_(INBOX.c.done_at < before, INBOX.c.parked_at < before)
    return session.connection().execute(delete(INBOX).where(old)).rowcount
