"""What goes out: rows of the outbox, sealed until they are done."""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Insert,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    update,
)  # fmt: skip
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from surveys.store.database import insert_into, kind_of
from surveys.store.schema import Base, Contact, Inbox, Outbox, Turn
from surveys.store.turns import give_notice, take_turn
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


@cache
def _put(kind: str) -> Insert | ReturningInsert[int]:
    statement = insert_into(kind, OUTBOX).values(_PUT).on_conflict_do_nothing()
    if kind == "sqlite":
        return statement
    # With RETURNING, PostgreSQL gets all rows in one statement; without, one statement a row. And
    # what is unsent is seen as of now: `take_turn` may have waited for who had the turn before.
    waits = OUTBOX.alias("waits")
    newest = (
        select(func.max(waits.c.id))
        .where(waits.c.lane == literal_column("outbox.lane"), waits.c.done_at.is_(None))
        .scalar_subquery()
    )
    return statement.returning(OUTBOX.c.id, newest)


def put(
    session: Session, vault: Vault, outgoings: Sequence[Outgoing], lane: str, now: datetime
) -> list[Queued]:
    """Queue messages for a lane, in order.

    A key that is there already belongs to the newer message from now on: the older one keeps the
    key with a suffix, "ask:7:3~<id>", still found as a message of interview 7.
    What another replica is to send (surveys.store.turns) does not come back; it is told.
    """
    if not outgoings:
        return []
    rows = [_row(vault, one, lane, now) for one in outgoings]
    sends = sum(one.method.startswith(SENDS) for one in outgoings)
    turn = take_turn(session, lane, sends)
    for row in rows:
        row["sender"] = turn.sender
    connection = session.connection()
    kind = kind_of(session)
    result = connection.execute(_put(kind), rows)
    newest, ids = 0, [row["id"] for row in rows]
    if kind == "sqlite":
        put_in = result.rowcount
    else:
        told = result.all()
        put_in, newest = len(told), max((row[1] or 0 for row in told), default=0)
        # Only these are ours: another program may have drawn the same number.
        ids = [row[0] for row in told]
    if put_in != len(rows) or newest > rows[0]["id"]:
        connection.execute(delete(OUTBOX).where(OUTBOX.c.id.in_(ids)))
        keys = [one.key for one in outgoings if one.key is not None]
        for old in connection.execute(
            select(OUTBOX.c.id, OUTBOX.c.key).where(OUTBOX.c.key.in_(keys))
        ).all():
            connection.execute(
                update(OUTBOX).where(OUTBOX.c.id == old.id).values(key=f"{old.key}~{old.id}")
            )
        if kind != "sqlite":
            # Another program's clock is ahead (what is said later has the greater number), or it
            # drew the same one.
            for row in rows:
                row["id"] = next_id(after=newest)
        connection.execute(insert(OUTBOX).values(_PUT), rows)
    if not turn.mine:
        if turn.sender is not None:
            give_notice(session, turn.sender, lane)
        return []
    return [
        Queued(row["id"], lane, None, one, after=newest)
        for row, one in zip(rows, outgoings, strict=True)
    ]


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
_UNSENT_OF_LANE = _UNSENT.where(OUTBOX.c.lane == bindparam("lane")).where(
    OUTBOX.c.sender == bindparam("me")
)


def unsent_rows(
    session: Session,
    vault: Vault,
    only: Sequence[int] | None = None,
    *,
    lane: str | None = None,
) -> list[Queued]:
    """What is still to be sent, oldest first: all, of these rows, or what this program is to send
    to a lane.
    """
    if lane is not None:
        given = {"lane": lane, "me": session.info.get("replica")}
        rows = session.connection().execute(_UNSENT_OF_LANE, given)
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


_ERASED = {"body": null(), "attachment": null(), "lane": null(), "error": null()}
_SENT = (
    update(OUTBOX)
    .where(OUTBOX.c.id == bindparam("sent"))
    .values(message_id=bindparam("message"), done_at=bindparam("now"), **_ERASED)
)
_FORGET = delete(OUTBOX).where(OUTBOX.c.id == bindparam("sent"), OUTBOX.c.key.is_(None))


def settle_sent(session: Session, sent: Iterable[tuple[int, int | None]], now: datetime) -> None:
    """Sent messages: those without a key leave no row, the others their key and message_id."""
    messages = dict(sent)
    if not messages:
        return
    connection = session.connection()
    rows = [{"sent": row, "message": message, "now": now} for row, message in messages.items()]
    connection.execute(_FORGET, rows)
    connection.execute(_SENT, rows)


def settle_failed(
    session: Session, outbox_id: int, error: str, retry_at: datetime | None, now: datetime
) -> None:
    """A message that could not be sent: to be tried again at a time, or (None) given up."""
    values: dict[str, Any] = {"tries": OUTBOX.c.tries + 1}
    values |= {"not_before": retry_at} if retry_at else {"done_at": now, **_ERASED}
    session.connection().execute(
        update(OUTBOX).where(OUTBOX.c.id == outbox_id).values(values | {"error": error})
    )


def is_waiting(session: Session, outbox_id: int) -> bool:
    """Whether a message is still to be sent."""
    waits = select(Outbox.id).where(Outbox.id == outbox_id, Outbox.done_at.is_(None))
    return session.scalar(waits) is not None


_NUMBERS = select(OUTBOX.c.key, OUTBOX.c.message_id).where(
    OUTBOX.c.key.in_(bindparam("keys", expanding=True)), OUTBOX.c.message_id.is_not(None)
)


def messages_with(session: Session, keys: Sequence[str]) -> dict[str, int]:
    """The message_ids under which the messages with these keys were sent, of those that were."""
    rows = session.connection().execute(_NUMBERS, {"keys": list(keys)})
    return {row.key: row.message_id for row in rows}


def note_message(
    session: Session, contact_id: int, key: str, message_id: int, now: datetime
) -> None:
    """Remember a message that a person sent, so that it can be taken out of the chat later."""
    row = {
        "id": next_id(), "key": key, "contact_id": contact_id, "created_at": now, "done_at": now,
        "message_id": message_id,
    }  # fmt: skip
    session.connection().execute(
        insert_into(kind_of(session), OUTBOX).on_conflict_do_nothing(), [row]
    )


def of_interview(interview_id: int) -> ColumnElement[bool]:
    """The outbox rows that belong to one interview: its questions, and what was answered."""
    return or_(
        Outbox.key.startswith(f"ask:{interview_id}:"),
        Outbox.key.startswith(f"heard:{interview_id}:"),
    )


def messages_of(session: Session, contact_id: int, interview_id: int) -> list[int]:
    """The message_ids of an interview in the chat of a contact, in the order sent."""
    rows = session.scalars(
        select(Outbox.message_id)
        .where(
            Outbox.contact_id == contact_id,
            Outbox.message_id.is_not(None),
            of_interview(interview_id),
        )
        .order_by(Outbox.message_id)
    )
    return [message for message in rows if message is not None]


def erase_messages(session: Session, contact_id: int, interview_ids: Iterable[int]) -> None:
    """Delete the outbox rows of some interviews of a contact."""
    for interview_id in interview_ids:
        session.execute(
            delete(Outbox).where(and_(Outbox.contact_id == contact_id, of_interview(interview_id)))
        )


def erase_lane(session: Session, lane: str) -> None:
    """Delete what waits to be sent to someone, and what they said in updates that were parked.

    Their updates that wait to be handled came later than what is being handled now, and are kept.
    """
    # Lanes are erased from what is done: the index of what waits finds them all.
    session.execute(delete(Outbox).where(Outbox.lane == lane, Outbox.done_at.is_(None)))
    session.execute(delete(Turn).where(Turn.lane == lane))
    parked = (Inbox.done_at.is_(None), Inbox.parked_at.is_not(None))
    session.execute(delete(Inbox).where(Inbox.lane == lane, *parked))
