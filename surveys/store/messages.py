"""What goes out: rows of the outbox, sealed until they are done."""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Table,
    bindparam,
    delete,
    insert,
    select,
    text,
    update,
)  # fmt: skip
from sqlalchemy.orm import Session

from surveys.store.database import insert_into, kind_of, unnested
from surveys.store.schema import Base, Contact, Inbox, Outbox
from surveys.store.schema import Turn as TurnRow
from surveys.store.turns import NOTIFY, Turn, notices, take_turn
from surveys.store.vault import Vault

OUTBOX: Table = Base.metadata.tables["outbox"]
written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""JSON text, by one encoder: `json.dumps` makes a new one each time."""
SENDS = ("send", "copy", "forward")
"""How methods begin that put a message into a chat: what Telegram's limit of a chat counts."""
ORDERED = ("job:", "delivery:")
"""How the keys of messages begin that carry what an administrator ordered, or is to be told: they
are taken back with the role."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One Bot API call to make for one chat."""

    method: str
    """"sendMessage", "editMessageText", "answerCallbackQuery", "sendDocument" …"""
    payload: Mapping[str, Any]
    """Its parameters as Telegram's JSON names them, chat_id included where the method has one."""
    chat_id: int
    key: str | None = None
    """Unique where the message must not be sent twice, or is edited later: "ask:<id>:<seq>"."""
    edits: str | None = None
    """The key of the message that this edits; its message_id is filled in when sent. If that
    message was never sent, this call is dropped."""
    field: str | None = None
    """The parameter that carries the attachment: "document", "photo"."""
    filename: str | None = None
    attachment: bytes | None = None
    shows: int | None = None
    """In place of it: the id of an attachment that is kept, read when this is sent."""


@dataclass(frozen=True, slots=True)
class Queued:
    """A row of the outbox that is still to be sent."""

    outbox_id: int
    lane: str
    contact_id: int | None
    """Known where it was queued for a contact or read again; None straight from a turn."""
    outgoing: Outgoing
    tries: int = 0
    not_before: datetime | None = None
    received: float = 0.0
    """When the update came in that it answers, by `time.monotonic`; 0: not known."""
    after: int = 0
    """The id of the message of its lane that is to be sent before it, queued by another transaction
    (another program's, perhaps); 0: none is known of."""
    owed: float = field(default=0.0, compare=False)
    """Seconds until its chat may be sent as much at once again as a new one, when it was queued: so
    much of Telegram's limit other programs may have used up."""

    @property
    def edits(self) -> str | None:
        """The key of the message that this edits."""
        return self.outgoing.edits


_lock = threading.Lock()
_last = 0
_PROCESS = secrets.randbelow(1 << 8)


def _another_process() -> None:
    global _PROCESS  # noqa: PLW0603 - of this process alone
    _PROCESS = secrets.randbelow(1 << 8)


os.register_at_fork(after_in_child=_another_process)


def next_id(after: int = 0) -> int:
    """An id for an outbox row, above `after`: grows with time in one process, and differs between
    processes.

    Microseconds and 8 bits of the process, 63 bits in all until the year 3111. Made here, because a
    database gives ids back only at the price of one statement a row, or without their order.
    """
    global _last  # noqa: PLW0603 - one counter a process is the point
    with _lock:
        _last = max(_last + 1, time.time_ns() // 1000, (after >> 8) + 1)
        return _last << 8 | _PROCESS


_PUT: dict[str, Any] = {
    "contact_id": select(Contact.id)
    .where(Contact.address_hash == bindparam("whose"))
    .scalar_subquery()
}
_PUT_ON_SQLITE = insert_into("sqlite", OUTBOX).values(_PUT).on_conflict_do_nothing()
_COLUMNS = {
    "id": "bigint", "key": "text", "lane": "text", "body": "bytea", "attachment": "bytea",
    "sender": "text",
}  # fmt: skip
# However many rows, one statement, the same each time. And what is unsent is seen as of now:
# `take_turn` may have waited for who had the turn before.
_PUT_ON_POSTGRESQL = text(
    f"""
    WITH new AS (
        SELECT * FROM {unnested(_COLUMNS | {"edits": "text"})}
            AS new ({", ".join(_COLUMNS)}, edits)
    ), put AS (
        INSERT INTO outbox ({", ".join(_COLUMNS)}, contact_id, created_at)
        SELECT {", ".join(f"new.{name}" for name in _COLUMNS)}, contact.id, :now
        FROM new LEFT JOIN contact ON contact.address_hash = new.lane
        ON CONFLICT DO NOTHING
        RETURNING id, lane
    )
    SELECT put.id, (
            SELECT max(waits.id) FROM outbox AS waits
            WHERE waits.lane = put.lane AND waits.done_at IS NULL),
        edited.message_id, ({NOTIFY})
    FROM put JOIN new ON new.id = put.id LEFT JOIN outbox AS edited ON edited.key = new.edits
    """
)

_NOTICE = text(NOTIFY)


def put(
    session: Session, vault: Vault, outgoings: Sequence[Outgoing], lane: str, now: datetime
) -> list[Queued]:
    """Queue messages for a lane, in order.

    A key that is there already belongs to the newer message from now on: the older one keeps the
    key with a suffix, "ask:7:3~<id>", still found as a message of interview 7.
    What another replica is to send (surveys.store.turns) does not come back; it is told.
    """
    return put_together(session, vault, [(lane, outgoings)], now)[0]


def put_together(
    session: Session, vault: Vault, said: Sequence[tuple[str, Sequence[Outgoing]]], now: datetime
) -> list[list[Queued]]:
    """The same for several lanes, each with what is said to it."""
    prepared = [
        _prepared(session, vault, lane, outgoings, now) if outgoings else None
        for lane, outgoings in said
    ]
    rows = [row for one in prepared if one is not None for row in one[1]]
    told = [
        (one[0].sender, lane)
        for (lane, _), one in zip(said, prepared, strict=True)
        if one is not None and not one[0].mine and one[0].sender is not None
    ]
    put_in = _put(session, rows, told, now)
    queued: list[list[Queued]] = []
    for (lane, outgoings), one in zip(said, prepared, strict=True):
        if one is None:
            queued.append([])
            continue
        turn, rows = one
        found = [put_in.get(row["id"]) for row in rows]
        newest = _in_place(session, rows, found)
        lined_up = [
            Queued(row["id"], lane, None, _edited(outgoing, there), after=newest, owed=turn.owed)
            for row, outgoing, there in zip(rows, outgoings, found, strict=True)
        ]
        queued.append(lined_up if turn.mine else [])
    return queued


def _prepared(
    session: Session, vault: Vault, lane: str, outgoings: Sequence[Outgoing], now: datetime
) -> tuple[Turn, list[dict[str, Any]]]:
    """Who sends to a lane, and the rows of what is said to it."""
    turn = take_turn(session, lane, sum(one.method.startswith(SENDS) for one in outgoings))
    return turn, [_row(vault, one, lane, now) | {"sender": turn.sender} for one in outgoings]


@dataclass(frozen=True, slots=True)
class _There:
    """A row that was put in."""

    newest: int
    """The newest unsent one that its lane had before; 0: none."""
    edits: int | None
    """The message_id of what it edits, if that was sent."""


def _edited(outgoing: Outgoing, there: _There | None) -> Outgoing:
    """With the message that it edits, where that is known already: what is said in this transaction
    under the same key is another one."""
    if there is None or there.edits is None or "message_id" in outgoing.payload:
        return outgoing
    return replace(outgoing, payload={**outgoing.payload, "message_id": there.edits})


def _in_place(session: Session, rows: list[dict[str, Any]], found: Sequence[_There | None]) -> int:
    """See to it that what is said to one lane is in the table, all of it, as the last of the lane;
    the number of the one before (0: none). found: of each row what became of it (None: its key or
    its number is there already)."""
    newest = max((one.newest for one in found if one is not None), default=0)
    if None in found or newest > rows[0]["id"]:
        # Only these are ours: another program may have drawn the same number.
        ours = [row["id"] for row, one in zip(rows, found, strict=True) if one is not None]
        _put_again(session, rows, ours, newest)
    return newest


def _put(
    session: Session,
    rows: Sequence[dict[str, Any]],
    told: Sequence[tuple[str, str]],
    now: datetime,
) -> dict[int, _There]:
    """Put rows in; those that were, by id.

    told: which other programs have something to send to whom (surveys.store.turns.notices).
    """
    if not rows:
        return {}
    connection = session.connection()
    if kind_of(session) == "sqlite":
        if connection.execute(_PUT_ON_SQLITE, list(rows)).rowcount == len(rows):
            return {row["id"]: _ALONE for row in rows}
        there = select(OUTBOX.c.id).where(OUTBOX.c.id.in_([row["id"] for row in rows]))
        return dict.fromkeys(connection.execute(there).scalars(), _ALONE)
    given = {name: [row[name] for row in rows] for name in (*_COLUMNS, "edits")}
    put = connection.execute(_PUT_ON_POSTGRESQL, given | notices(told) | {"now": now}).all()
    if told and not put:
        # All of them are to be put in anew: they are told of nevertheless.
        connection.execute(_NOTICE, notices(told))
    return {row[0]: _There(row[1] or 0, row[2]) for row in put}


_ALONE = _There(0, None)
"""On SQLite the sender knows by itself what it has sent."""


def _put_again(
    session: Session, rows: Sequence[dict[str, Any]], ours: Sequence[int], newest: int
) -> None:
    """Put in the rows of one lane, of which not all went in, or not as the last."""
    connection = session.connection()
    connection.execute(delete(OUTBOX).where(OUTBOX.c.id.in_(ours)))
    keys = [row["key"] for row in rows if row["key"] is not None]
    for old in connection.execute(
        select(OUTBOX.c.id, OUTBOX.c.key).where(OUTBOX.c.key.in_(keys))
    ).all():
        connection.execute(
            update(OUTBOX).where(OUTBOX.c.id == old.id).values(key=f"{old.key}~{old.id}")
        )
    if kind_of(session) != "sqlite":
        # Another program's clock is ahead (what is said later has the greater number), or it
        # drew the same one.
        for row in rows:
            row["id"] = next_id(after=newest)
    connection.execute(insert(OUTBOX).values(_PUT), list(rows))


def waits(session: Session, key: str, since: datetime) -> bool:
    """Whether the message with this key is on its way since then, and not put off for later."""
    there = select(OUTBOX.c.id).where(
        OUTBOX.c.key == key,
        OUTBOX.c.done_at.is_(None),
        OUTBOX.c.not_before.is_(None),
        OUTBOX.c.created_at <= since,
    )
    return session.connection().execute(there).first() is not None


def put_once(
    session: Session,
    vault: Vault,
    outgoings: Sequence[Outgoing],
    *,
    lane: str,
    contact_id: int | None,
    now: datetime,
) -> list[Queued]:
    """Queue messages whose keys are not there yet; the others were queued before."""
    keys = [one.key for one in outgoings if one.key is not None]
    known = set(session.scalars(select(Outbox.key).where(Outbox.key.in_(keys)))) if keys else set()
    fresh = [one for one in outgoings if one.key is None or one.key not in known]
    return [
        Queued(queued.outbox_id, lane, contact_id, queued.outgoing)
        for queued in put(session, vault, fresh, lane, now)
    ]


def _row(vault: Vault, one: Outgoing, lane: str, now: datetime) -> dict[str, Any]:
    body: dict[str, Any] = {
        "method": one.method, "payload": one.payload, "chat_id": one.chat_id
    }  # fmt: skip
    for name in ("edits", "field", "filename", "shows"):
        value = getattr(one, name)
        if value is not None:
            body[name] = value
    return {
        "id": next_id(),
        "key": one.key,
        "lane": lane,
        "whose": lane,
        "edits": one.edits,
        "body": vault.seal(written(body).encode()),
        "attachment": None if one.attachment is None else vault.seal(one.attachment),
        "created_at": now,
    }


_UNSENT = (
    select(
        OUTBOX.c.id, OUTBOX.c.key, OUTBOX.c.lane, OUTBOX.c.contact_id, OUTBOX.c.body,
        OUTBOX.c.attachment, OUTBOX.c.tries, OUTBOX.c.not_before,
    )
    .where(OUTBOX.c.done_at.is_(None), OUTBOX.c.body.is_not(None))
    .order_by(OUTBOX.c.id)
)  # fmt: skip
_UNSENT_OF_LANES = _UNSENT.where(OUTBOX.c.lane.in_(bindparam("lanes", expanding=True))).where(
    OUTBOX.c.sender == bindparam("me")
)


def unsent_rows(
    session: Session,
    vault: Vault,
    only: Sequence[int] | None = None,
    *,
    lanes: Sequence[str] | None = None,
) -> list[Queued]:
    """What is still to be sent, oldest first: all, of these rows, or what this program is to send
    to some lanes.
    """
    if lanes is not None:
        given = {"lanes": list(lanes), "me": session.info.get("replica")}
        rows = session.connection().execute(_UNSENT_OF_LANES, given)
    else:
        unsent = _UNSENT if only is None else _UNSENT.where(OUTBOX.c.id.in_(only))
        rows = session.connection().execute(unsent)
    found = []
    for row in rows:
        attachment = None if row.attachment is None else vault.open(row.attachment)
        body = json.loads(vault.open(row.body or b""))
        outgoing = Outgoing(**body, key=row.key, attachment=attachment)
        found.append(
            Queued(row.id, row.lane or "", row.contact_id, outgoing, row.tries, row.not_before)
        )
    return found


def erase_lane(session: Session, lane: str) -> None:
    """Delete what waits to be sent to someone, and what they said in updates that were parked.

    Their updates that wait to be handled came later than what is being handled now, and are kept.
    """
    # Lanes are erased from what is done: the index of what waits finds them all.
    session.execute(delete(Outbox).where(Outbox.lane == lane, Outbox.done_at.is_(None)))
    session.execute(delete(TurnRow).where(TurnRow.lane == lane))
    parked = (Inbox.done_at.is_(None), Inbox.parked_at.is_not(None))
    session.execute(delete(Inbox).where(Inbox.lane == lane, *parked))
