"""Whose turn it is to handle and to write to a person, where several programs share a database.

`take_turn` comes first in the transaction around an update: it locks the person's row (two replicas
that hold something of the same person go one after the other), and says which replica sends what
will be said. That is the one that still has something unsent for them; else the one that asks, and
it learns how much of Telegram's limit of the chat others have used up. So the messages of a chat
stay in order, and its limit holds, without any of the replicas asking another.

`take_turns` does so for several people in one statement, and passes over those whose row somebody
else has: they must not hold up the others, and two programs that waited for each other's people
would wait for ever.

On SQLite there is one program: nothing is locked, and nothing written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, func, select, text
from sqlalchemy.orm import Session

from surveys.store.database import kind_of
from surveys.store.schema import Base

INBOX = Base.metadata.tables["inbox"]

PATIENCE = "100ms"
"""How long the transaction of several people waits for a row that another one has: then it fails,
and each of them is handled alone."""

_LIVE = "SELECT id FROM replica"
# Where somebody took the turn since this statement began (it waited for them, or they were just
# through), what they said is not seen here: who sends that sends this, too.
_HELD = f"""
    sender = CASE
        WHEN held.until IS DISTINCT FROM
            (SELECT seen.until FROM turn AS seen WHERE seen.lane = held.lane)
        THEN CASE WHEN held.sender IN ({_LIVE}) THEN held.sender ELSE '' END
        ELSE COALESCE(
            (SELECT CASE WHEN waits.sender IN ({_LIVE}) THEN waits.sender ELSE '' END
             FROM outbox AS waits
             WHERE waits.lane = held.lane AND waits.done_at IS NULL
             ORDER BY waits.id LIMIT 1),
            :me)
        END,
    until = GREATEST(held.until, clock_timestamp()) + make_interval(secs => :messages)
"""
_OWED = "EXTRACT(epoch FROM held.until - clock_timestamp())::float - :messages"
_OLDEST = """
    SELECT update_id FROM inbox
    WHERE inbox.lane = {} AND done_at IS NULL AND parked_at IS NULL
    ORDER BY update_id LIMIT 1
"""
_TAKE = text(
    f"""
    INSERT INTO turn AS held (lane, sender, until)
    VALUES (:lane, :me, clock_timestamp() + make_interval(secs => :messages))
    ON CONFLICT (lane) DO UPDATE SET {_HELD}
    RETURNING sender, {_OWED} AS owed, ({_OLDEST.format(":lane")}) AS oldest
    """
)
_TAKE_FREE = text(
    f"""
    WITH free AS MATERIALIZED (
        SELECT lane FROM turn WHERE lane = ANY(CAST(:lanes AS text[])) FOR UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE turn AS held SET {_HELD} FROM free WHERE held.lane = free.lane
        RETURNING held.lane, held.sender, {_OWED} AS owed
    )
    SELECT wanted.lane, taken.sender, taken.owed, ({_OLDEST.format("wanted.lane")}) AS oldest,
        EXISTS (SELECT FROM turn WHERE turn.lane = wanted.lane) AS there,
        (SELECT set_config('lock_timeout', :patience, true))
    FROM unnest(CAST(:lanes AS text[])) AS wanted (lane) LEFT JOIN taken USING (lane)
    """
)
_WAITING = (
    select(INBOX.c.lane, func.min(INBOX.c.update_id))
    .where(INBOX.c.lane.in_(bindparam("lanes", expanding=True)))
    .where(INBOX.c.done_at.is_(None), INBOX.c.parked_at.is_(None))
    .group_by(INBOX.c.lane)
)
_LONGER = text(
    "UPDATE turn SET until = until + make_interval(secs => :messages) WHERE lane = :lane"
)
NOTIFY = """
    SELECT count(pg_notify(told.channel, told.lanes))
    FROM unnest(CAST(:channels AS text[]), CAST(:told AS text[])) AS told (channel, lanes)"""
"""Gives `notices`, as soon as the transaction is committed."""
LANES = 100
"""Lanes in one notice: PostgreSQL takes 8,000 bytes, a lane is 64."""
_TURNS, _ME = "turns", "replica"


@dataclass(frozen=True, slots=True)
class Turn:
    """Who writes to a person."""

    sender: str | None
    """The replica; None: whichever comes first (there is none at work, or one has died)."""
    mine: bool
    """Whether that is the one whose session this is."""
    owed: float
    """Seconds until the chat may be sent as much at once again as a new one, without what is said
    in this turn. 0 where there is one program: it knows by itself."""
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
        return Turn(me, True, 0.0, None)
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
    turn = turns[lane] = _turn(row, me)
    return turn


def take_turns(session: Session, lanes: Sequence[str]) -> dict[str, Turn]:
    """Lock those of several people whom nobody else has locked, each for one message.

    From here on the transaction waits `PATIENCE` for any other row, and fails then. On SQLite all
    are given, with the oldest update that waits.
    """
    me: str | None = session.info.get(_ME)
    if kind_of(session) != "postgresql":
        rows = session.connection().execute(_WAITING, {"lanes": list(lanes)})
        oldest = {row[0]: row[1] for row in rows}
        return {lane: Turn(me, True, 0.0, oldest.get(lane)) for lane in lanes}
    turns: dict[str, Turn] = session.info.setdefault(_TURNS, {})
    given = {"lanes": list(lanes), "me": me or "", "messages": 1, "patience": PATIENCE}
    strangers = []
    for row in session.connection().execute(_TAKE_FREE, given):
        if row.sender is not None:
            turns[row.lane] = _turn(row, me)
        elif not row.there:
            strangers.append(row.lane)
    # Two programs that meet new people begin with the same one.
    return turns | {lane: take_turn(session, lane) for lane in sorted(strangers)}


def _turn(row: Row[Any], me: str | None) -> Turn:
    sender = row.sender or None
    return Turn(sender, sender == me, max(row.owed, 0.0), row.oldest)


def notices(told: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """What `NOTIFY` is given to tell other replicas whom they have something to say: (sender,
    lane).
    """
    lanes_of: dict[str, list[str]] = {}
    for sender, lane in told:
        lanes_of.setdefault(channel_of(sender), []).append(lane)
    # Each notice wakes a thread: what one program is told together is one, as far as it holds.
    found = [
        (channel, " ".join(lanes[start : start + LANES]))
        for channel, lanes in lanes_of.items()
        for start in range(0, len(lanes), LANES)
    ]
    return {"channels": [one[0] for one in found], "told": [one[1] for one in found]}


def channel_of(replica: str) -> str:
    """The channel of PostgreSQL on which a replica is told something."""
    return f"usegap_{replica}"
