"""The transaction around updates: each is handled once, or not at all.

    settled = settle_together(database, vault, [Arrived(one, fresh=True)], handle, now)
    … acknowledge, and send what is in `settled.queued` …
    mark_sent(database, [(queued[0].outbox_id, message_id)], now)

`settle_together` opens one transaction for updates of different people. Each is marked done in the
inbox, or put there as done; one that is done already is passed over. `handle(session, taken)` does
its work and says what is to be said; all messages go into the outbox (sealed), and all of it is
committed at once. The rows written are returned, so that the sender need not read them again. Any
error rolls everything back and propagates; of one that was alone `note_failure` then counts the try
in a transaction of its own, and parks the update after the fifth. `settle` waits for the turn of
one person, where other programs are at work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from surveys.conduct.keepable import keepable
from surveys.store.ahead import look_ahead
from surveys.store.database import Database
from surveys.store.messages import (
    Outgoing,
    Queued,
    put,
    put_once,
    put_together,
    unsent_rows,
)
from surveys.store.sent import is_waiting, messages_with, settle_failed, settle_sent
from surveys.store.turns import Turn, take_turn, take_turns
from surveys.store.updates import (
    Taken,
    add_done,
    add_updates,
    claim,
    count_failure,
    oldest_of,
    waiting_updates,
)
from surveys.store.vault import Vault

__all__ = [
    "Arrived", "Queued", "Settled", "Taken", "lane_for", "mark_failed", "mark_sent",
    "message_ids_of", "note_failure", "queue", "queue_for", "settle", "settle_together",
    "still_wanted", "take_in", "taken_from", "unsent", "waiting",
]  # fmt: skip

SENDERS = ("message", "callback_query", "my_chat_member", "edited_message")


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

    Where an older one of the same person waits, whoever took it in, that one is handled in its
    place, and the first that is given back is False: it is to be called once more.
    """
    with database.begin() as session:
        # Only now is it known what waits: it may have been handled while the turn was waited for.
        take_turn(session, taken.lane)
        first = oldest_of(session, taken.lane)
        if first is not None and first < taken.update_id:
            older = waiting_updates(session, vault, only=[first])
            if older and claim(session, [first], now):
                return False, put(session, vault, handle(session, older[0]), taken.lane, now)
        if not claim(session, [taken.update_id], now):
            return True, []
        return True, put(session, vault, handle(session, taken), taken.lane, now)


@dataclass(frozen=True, slots=True)
class Arrived:
    """An update that is to be handled now."""

    taken: Taken
    fresh: bool = False
    """It is not in the inbox yet."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of several updates."""

    queued: tuple[tuple[Taken, list[Queued]], ...]
    """Those that were handled, and what is said to each."""
    waits: frozenset[int]
    """The ids of those that wait in the inbox: another one has their person's turn, or an older one
    of that person comes first."""


def settle_together(
    database: Database,
    vault: Vault,
    several: Sequence[Arrived],
    handle: Callable[[Session, Taken], Sequence[Outgoing]],
    now: datetime,
) -> Settled:
    """Take in those that are fresh, and handle all of them, in one commit: it is the commit, and
    each statement, that costs.

    Any error rolls everything back and propagates: one of them may be to blame, and whoever asked
    tries each alone (`settle`). Nobody waits here for a person whose turn somebody else has.
    """
    with database.begin() as session:
        first: dict[str, Arrived] = {}
        for one in sorted(several, key=lambda one: (one.taken.update_id, one.fresh)):
            first.setdefault(one.taken.lane, one)
        turns = take_turns(session, list(first))
        ready = [
            one
            for lane, one in first.items()
            if (turn := turns.get(lane)) is not None and not _others_first(one, turn)
        ]
        mine = claim(session, [one.taken.update_id for one in ready if not one.fresh], now)
        mine |= add_done(session, [one.taken.update_id for one in ready if one.fresh], now)
        at_once = {id(one) for one in ready}
        later = [one for one in several if id(one) not in at_once]
        waits = {one.taken.update_id for one in later if not one.fresh}
        waits |= add_updates(session, vault, [one.taken for one in later if one.fresh], now)
        said: list[tuple[str, Sequence[Outgoing]]] = []
        handled = [one.taken for one in ready if one.taken.update_id in mine]
        if len(handled) > 1:
            look_ahead(session, [one.lane for one in handled])
        for taken in handled:
            said.append((taken.lane, handle(session, taken)))
            # The next one is somebody else's: it sees the tables and no objects.
            session.flush()
            session.expunge_all()
        queued = put_together(session, vault, said, now)
    return Settled(tuple(zip(handled, queued, strict=True)), frozenset(waits))


def _others_first(one: Arrived, turn: Turn) -> bool:
    """Whether another update of this person is to be handled before, as far as is seen."""
    return turn.oldest is not None and (one.fresh or turn.oldest < one.taken.update_id)


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
    lanes: Sequence[str] | None = None,
) -> list[Queued]:
    """What is still to be sent, oldest first: all, of these rows of the outbox, or what this
    program is to send to some lanes.
    """
    with database.read() if lanes is None else database.glance() as session:
        return unsent_rows(session, vault, ids, lanes=lanes)


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
