"""The transaction around one update: handled once, or not at all.

    taken = take_in(database, vault, updates, now)          # then, and only then, acknowledge
    queued = settle(database, vault, taken[0], handle, now)
    … send …
    mark_sent(database, [(queued[0].outbox_id, message_id)], now)

`settle` opens one transaction; if the inbox row is already done (or absent) nothing happens; else
it is marked done and emptied, `handle(session)` does its work and says what is to be said, each
message goes into the outbox (sealed), and all of it is committed at once. The rows written are
returned, so that the sender need not read them again. Any error rolls everything back and
propagates; `note_failure` then counts the try in a transaction of its own, and parks the update
after the fifth.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from surveys.store.database import Database, back_to_savepoint, savepoint
from surveys.store.messages import (
    Outgoing,
    Queued,
    Taken,
    add_done,
    add_updates,
    claim,
    count_failure,
    lane_of,
    message_of,
    put,
    put_once,
    reopen,
    settle_failed,
    settle_sent,
    unsent_rows,
    waiting_updates,
)
from surveys.store.vault import Vault

__all__ = [
    "Queued", "Taken", "lane_for", "mark_failed", "mark_sent", "message_id_of", "note_failure",
    "queue", "queue_for", "settle", "take_in", "take_in_and_settle", "unsent", "waiting",
]  # fmt: skip

SENDERS = ("message", "callback_query", "my_chat_member", "edited_message")


log = logging.getLogger(__name__)


class Addressed(Protocol):
    """Someone to whom messages can be queued (surveys.store.administrators.Addressee)."""

    @property
    def contact_id(self) -> int: ...
    @property
    def lane(self) -> str: ...


# In -------------------------------------------------------------------------------------------


def lane_for(vault: Vault, update: Mapping[str, Any]) -> str:
    """The lane of whoever sent an update: the keyed hash of "telegram:<user id>" (0: nobody)."""
    for kind in SENDERS:
        part = update.get(kind)
        if isinstance(part, dict):
            sender = part.get("from")
            if isinstance(sender, dict):
                return vault.fingerprint(f"telegram:{sender.get('id', 0)}")
    return vault.fingerprint("telegram:0")


def take_in(
    database: Database, vault: Vault, updates: Sequence[dict[str, Any]], now: datetime
) -> list[Taken]:
    """Keep a whole answer to getUpdates in one commit; only those not seen before come back."""
    taken = {
        update["update_id"]: Taken(update["update_id"], lane_for(vault, update), update)
        for update in updates
    }
    if not taken:
        return []
    with database.begin() as session:
        fresh = add_updates(session, vault, list(taken.values()), now)
    return [one for one in taken.values() if one.update_id in fresh]


def waiting(database: Database, vault: Vault) -> list[Taken]:
    """What a crash left: not done, not parked, in order of update_id."""
    with database.read() as session:
        return waiting_updates(session, vault)


def settle(
    database: Database,
    vault: Vault,
    taken: Taken | int,
    handle: Callable[[Session], Sequence[Outgoing]],
    now: datetime,
) -> list[Queued]:
    """Handle one update in one transaction; nothing where it was handled before."""
    with database.begin() as session:
        if isinstance(taken, int):
            update_id, lane = taken, lane_of(session, taken) or ""
        else:
            update_id, lane = taken.update_id, taken.lane
        if not claim(session, update_id, now):
            return []
        return put(session, vault, handle(session), lane, now)


def take_in_and_settle(
    database: Database,
    vault: Vault,
    update: dict[str, Any],
    handle: Callable[[Session, Taken], Sequence[Outgoing]],
    now: datetime,
) -> tuple[list[Taken], list[Queued]]:
    """Take in an update that came alone and handle it in the same commit: half the work of two.

    Where handling fails, what it did is rolled back and the update is kept, waiting: it comes back
    as taken, to be handled like any other. Of one seen before nothing comes back.
    """
    taken = Taken(update["update_id"], lane_for(vault, update), update)
    with database.begin() as session:
        if not add_done(session, taken.update_id, now):
            return [], []
        savepoint(session)
        try:
            return [], put(session, vault, handle(session, taken), taken.lane, now)
        except Exception as error:
            # Whatever it was: the update waits, and the next try says what is wrong.
            log.info("an update could not be handled at once: %s", type(error).__name__)
            back_to_savepoint(session)
            reopen(session, vault, taken)
            return [taken], []


def note_failure(database: Database, update_id: int, error: str, now: datetime) -> bool:
    """An update could not be handled; True when it was just parked, at the fifth time.

    `error` is the class of the error alone: its text may carry what someone answered.
    """
    with database.begin() as session:
        return count_failure(session, update_id, error, now)


# Out ------------------------------------------------------------------------------------------


def queue(
    session: Session,
    vault: Vault,
    outgoings: Sequence[Outgoing],
    *,
    lane: str,
    contact_id: int | None,
    now: datetime,
) -> list[Queued]:
    """Queue messages in a transaction of the caller; a key already there is not queued again."""
    return put_once(session, vault, outgoings, lane=lane, contact_id=contact_id, now=now)


def queue_for(
    session: Session, vault: Vault, one: Addressed, outgoings: Sequence[Outgoing], now: datetime
) -> list[Queued]:
    """The same for an administrator."""
    return queue(session, vault, outgoings, lane=one.lane, contact_id=one.contact_id, now=now)


def unsent(database: Database, vault: Vault, limit: int) -> list[Queued]:
    """What a crash left to be sent, oldest first."""
    with database.read() as session:
        return unsent_rows(session, vault, limit)


def mark_sent(database: Database, sent: Iterable[tuple[int, int | None]], now: datetime) -> None:
    """Messages that are sent: (outbox id, Telegram's message_id if it has one), in one commit."""
    with database.begin() as session:
        settle_sent(session, sent, now)


def mark_failed(
    database: Database, outbox_id: int, error: str, retry_at: datetime | None, now: datetime
) -> None:
    """A message that was not sent: to be tried again at `retry_at`, or given up (None)."""
    with database.begin() as session:
        settle_failed(session, outbox_id, error, retry_at, now)


def message_id_of(source: Database | Session, key: str) -> int | None:
    """The message_id of the message with this key, where it was sent."""
    if isinstance(source, Session):
        return message_of(source, key)
    with source.read() as session:
        return message_of(session, key)
