"""Whose turn it is to handle and to write to a person, where several programs share a database.

`take_turn` comes first in the transaction around an update: it locks the person's row (two replicas
that hold something of the same person go one after the other), and says which replica sends what
will be said. That is the one that still has something unsent for them, or that wrote so lately that
Telegram's limit of the chat is not used up again; else the one that asks. So the messages of a chat
stay in order, and its limit holds, without any of the replicas asking another.

On SQLite there is one program: nothing is locked, and nothing written.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from surveys.store.database import kind_of

_LIVE = "SELECT id FROM replica"
_TAKE = text(
    f"""
    INSERT INTO turn AS held (lane, sender, until)
    VALUES (:lane, :me, clock_timestamp() + make_interval(secs => :messages))
    ON CONFLICT (lane) DO UPDATE SET
        sender = COALESCE(
            (SELECT CASE WHEN waits.sender IN ({_LIVE}) THEN waits.sender ELSE '' END
             FROM outbox AS waits
             WHERE waits.lane = held.lane AND waits.done_at IS NULL
             ORDER BY waits.id LIMIT 1),
            CASE WHEN held.until > clock_timestamp() AND held.sender IN ({_LIVE})
                 THEN held.sender ELSE excluded.sender END),
        until = GREATEST(held.until, clock_timestamp()) + make_interval(secs => :messages)
    RETURNING sender, (
        SELECT update_id FROM inbox
        WHERE lane = :lane AND done_at IS NULL AND parked_at IS NULL
        ORDER BY update_id LIMIT 1) AS oldest
    """
)
_LONGER = text(
    "UPDATE turn SET until = until + make_interval(secs => :messages) WHERE lane = :lane"
)
_NOTICE = text("SELECT pg_notify(:channel, :lane)")
_TURNS, _ME = "turns", "replica"


@dataclass(frozen=True, slots=True)
class Turn:
    """Who writes to a person."""

    sender: str | None
    """The replica; None: whichever comes first (there is none at work, or one has died)."""
    mine: bool
    """Whether that is the one whose session this is."""
    oldest: int | None
    """Which update of this person waited the longest to be handled when the turn was asked for; it
    may have been handled before the turn came. None: none did."""


def take_turn(session: Session, lane: str, messages: int = 1) -> Turn:
    """Lock a person until the transaction ends, and see who writes to them.

    messages: how many messages will be said, as far as known; each counts a second of the chat's
    limit.
    """
    me: str | None = session.info.get(_ME)
    if kind_of(session) != "postgresql":
        return Turn(me, True, None)
    turns: dict[str, Turn] = session.info.setdefault(_TURNS, {})
    known = turns.get(lane)
    if known is not None:
        if messages > 1:
            given = {"lane": lane, "messages": messages - 1}
            session.connection().execute(_LONGER, given)
        return known
    row = (
        session.connection()
        .execute(_TAKE, {"lane": lane, "me": me or "", "messages": messages})
        .one()
    )
    turn = Turn(row.sender or None, (row.sender or None) == me, row.oldest)
    turns[lane] = turn
    return turn


def give_notice(session: Session, sender: str, lane: str) -> None:
    """Tell another replica, once this transaction is committed, whom it has something to say."""
    session.connection().execute(_NOTICE, {"channel": channel_of(sender), "lane": lane})


def channel_of(replica: str) -> str:
    """The channel of PostgreSQL on which a replica is told something."""
    return f"usegap_{replica}"
