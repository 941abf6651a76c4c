"""The transaction around one update: handled once, or not at all.

    taken = take_in(database, vault, updates, now)          # then, and only then, acknowledge
    done, queued = settle(database, vault, taken[0], handle, now)
    … send …
    mark_sent(database, [(queued[0].outbox_id, message_id)], now)

`settle` opens one transaction; if the inbox row is already done (or absent) nothing happens; else
it is marked done and emptied, `handle(session, taken)` does its work and says what is to be said,
each message goes into the outbox (sealed), and all of it is committed at once. The rows written
are returned, so that the sender need not read them again. Any error rolls everything back and
propagates; `note_failure` then counts the try in a transaction of its own, and parks the update
after the fifth.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from surveys.conduct.keepable import keepable
from surveys.store.database import Database, back_to_savepoint, drop_savepoint, savepoint
from surveys.store.messages import (
    Outgoing,
    Queued,
    is_waiting,
    messages_with,
    put,
    put_once,
    settle_failed,
    settle_sent,
    unsent_rows,
)
from surveys.store.turns import take_turn
from surveys.store.updates import (
    Taken,
    add_done,
    add_updates,
    claim,
    count_failure,
    oldest_of,
    reopen,
    waiting_updates,
)
from surveys.store.vault import Vault

__all__ = [
    "Queued", "Taken", "lane_for", "mark_failed", "mark_sent", "message_ids_of", "note_failure",
    "queue", "queue_for", "settle", "settle_together", "still_wanted", "take_in",
    "take_in_and_settle", "taken_from", "unsent", "waiting",
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


def taken_from(vault: Vault, update: dict[str, Any], received: float = 0.0) -> Taken:
    """An update and whose it is; `received`: when, by `time.monotonic`.

    What no database keeps is left out here, once: nobody's update may be one that cannot be taken
    in, for Telegram would send it again and again, and nothing that comes after it.
    """
    return Taken(update["update_id"], lane_for(vault, update), dict(keepable(update)), received)


def take_in(
    database: Database,
    vault: Vault,
    updates: Sequence[dict[str, Any]],
    now: datetime,
    received: float = 0.0,
) -> list[Taken]:
    """Keep a whole answer to getUpdates in one commit; only those not seen before come back."""
    taken = {update["update_id"]: taken_from(vault, update, received) for update in updates}
    if not taken:
        return []
    with database.begin() as session:
        fresh = add_updates(session, vault, list(taken.values()), now)
    return [one for one in taken.values() if one.update_id in fresh]


def waiting(
    database: Database,
    vault: Vault,
    limit: int | None = None,
    only: Sequence[int] | None = None,
) -> list[Taken]:
    """What a crash left: not done, not parked, in order; the first, or `only` these."""
    with database.read() as session:
        return waiting_updates(session, vault, limit=limit, only=only)


def settle(
    database: Database,
    vault: Vault,
    taken: Taken,
    handle: Callable[[Session, Taken], Sequence[Outgoing]],
    now: datetime,
) -> tuple[bool, list[Queued]]:
    """Handle one update in one transaction; nothing where it was handled before.

    Where an older one of the same person waits, which another replica took in, that one is handled
    in its place, and the first that is given back is False: it is to be called once more.
    """
    with database.begin() as session:
        oldest = take_turn(session, taken.lane).oldest
        if oldest is not None and oldest < taken.update_id:
            first = oldest_of(session, taken.lane)
            if first is not None and first < taken.update_id:
                older = waiting_updates(session, vault, only=[first])
                if older and claim(session, first, now):
                    return False, put(session, vault, handle(session, older[0]), taken.lane, now)
        if not claim(session, taken.update_id, now):
            return True, []
        return True, put(session, vault, handle(session, taken), taken.lane, now)


def settle_together(
    database: Database,
    vault: Vault,
    several: Sequence[Taken],
    handle: Callable[[Session, Taken], Sequence[Outgoing]],
    now: datetime,
) -> list[list[Queued] | Exception]:
    """Handle updates of different persons in one commit: on SQLite each waits for the disk.

    In the place of one whose handling failed stands its error; it alone is taken back. Not for
    PostgreSQL, where the persons would be locked one after the other.
    """
    done: list[list[Queued] | Exception] = []
    with database.begin() as session:
        for taken in several:
            savepoint(session)
            try:
                queued = (
                    put(session, vault, handle(session, taken), taken.lane, now)
                    if claim(session, taken.update_id, now)
                    else []
                )
                session.flush()
            except Exception as error:
                # Raised once more by who asked for this one.
                back_to_savepoint(session)
                done.append(error)
            else:
                done.append(queued)
            drop_savepoint(session)
    return done


def take_in_and_settle(
    database: Database,
    vault: Vault,
    taken: Taken,
    handle: Callable[[Session, Taken], Sequence[Outgoing]],
    now: datetime,
) -> tuple[list[Taken], list[Queued]]:
    """Take in an update that came alone and handle it in the same commit: half the work of two.

    Where handling fails, what it did is rolled back and the update is kept, waiting: it comes back
    as taken, to be handled like any other; so does one whose person has others waiting. Of one seen
    before nothing comes back.
    """
    try:
        return _take_in_and_settle(database, vault, taken, handle, now)
    except _Lost:
        # What fails in the middle of a flush takes the whole transaction with it.
        return take_in(database, vault, [taken.update], now, taken.received), []


class _Lost(Exception):  # noqa: N818
    """The transaction was rolled back as a whole."""


def _take_in_and_settle(
    database: Database,
    vault: Vault,
    taken: Taken,
    handle: Callable[[Session, Taken], Sequence[Outgoing]],
    now: datetime,
) -> tuple[list[Taken], list[Queued]]:
    with database.begin() as session:
        turn = take_turn(session, taken.lane)
        if turn.oldest is not None:
            fresh = add_updates(session, vault, [taken], now)
            return [taken] if fresh else [], []
        if not add_done(session, taken.update_id, now):
            return [], []
        savepoint(session)
        try:
            return [], put(session, vault, handle(session, taken), taken.lane, now)
        except Exception as error:
            # Whatever it was: the update waits, and the next try says what is wrong.
            log.info("an update could not be handled at once: %s", type(error).__name__)
            if not session.is_active:
                raise _Lost from None
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


def unsent(
    database: Database,
    vault: Vault,
    ids: Sequence[int] | None = None,
    *,
    lane: str | None = None,
) -> list[Queued]:
    """What is still to be sent, oldest first: all, of these rows of the outbox, or what this
    program is to send to a lane.
    """
    with database.read() as session:
        return unsent_rows(session, vault, ids, lane=lane)


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


def still_wanted(database: Database, outbox_id: int) -> bool:
    """Whether a message is still to be sent: it was neither taken back nor sent by another."""
    with database.read() as session:
        return is_waiting(session, outbox_id)


def message_ids_of(source: Database | Session, keys: Sequence[str]) -> dict[str, int]:
    """The message_ids of the messages with these keys, of those that were sent."""
    if isinstance(source, Session):
        return messages_with(source, keys)
    with source.read() as session:
        return messages_with(session, keys)
