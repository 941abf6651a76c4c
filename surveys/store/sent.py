"""What became of messages, and under which numbers they stand in a chat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, null, or_, select, text, update
from sqlalchemy.orm import Session

from surveys.store.database import insert_into, kind_of
from surveys.store.messages import OUTBOX, next_id
from surveys.store.schema import Outbox

_ERASED = {"body": null(), "attachment": null(), "lane": null(), "error": null()}
_SENT = (
    update(OUTBOX)
    .where(OUTBOX.c.id == bindparam("sent"))
    .values(message_id=bindparam("message"), done_at=bindparam("now"), **_ERASED)
)
_FORGET = delete(OUTBOX).where(OUTBOX.c.id == bindparam("sent"), OUTBOX.c.key.is_(None))
# All of them in one statement, where each has a price of its own.
_SETTLE_SENT = text(
    f"""
    WITH sent AS (
        SELECT * FROM unnest(CAST(:sent AS bigint[]), CAST(:messages AS bigint[]))
            AS sent (id, message_id)
    ), gone AS (
        DELETE FROM outbox USING sent WHERE outbox.id = sent.id AND outbox.key IS NULL
    )
    UPDATE outbox SET message_id = sent.message_id, done_at = :now,
        {", ".join(f"{name} = NULL" for name in _ERASED)}
    FROM sent WHERE outbox.id = sent.id AND outbox.key IS NOT NULL
    """
)


def settle_sent(session: Session, sent: Iterable[tuple[int, int | None]], now: datetime) -> None:
    """Sent messages: those without a key leave no row, the others their key and message_id."""
    messages = dict(sent)
    if not messages:
        return
    connection = session.connection()
    if kind_of(session) == "postgresql":
        given = {"sent": list(messages), "messages": list(messages.values()), "now": now}
        connection.execute(_SETTLE_SENT, given)
        return
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
