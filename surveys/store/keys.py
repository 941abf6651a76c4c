"""What is sealed, and what is known by its keyed hash: opened with one key, closed with another.

`SEALED` names every column that holds something encrypted (a test compares it with the schema).
Hashes are made anew with what they were made from: a contact's from its address, an update's from
its sender, a message's from whom it goes to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from surveys.store.database import kind_of
from surveys.store.schema import Attachment, Base, Contact, Interview, Invite, Replica, VisitKey
from surveys.store.vault import Vault, WrongKey
from surveys.store.visits import VISITED

SEEN_WITHIN = timedelta(seconds=15)
"""A bot whose sign of life is younger is at work."""
AT_ONCE = 500
"""Rows that are held in memory; of files one."""
LaneOf = Callable[[Vault, Mapping[str, Any]], str]
"""The keyed hash of who sent an update (Telegram's JSON)."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column that holds something encrypted."""

    table: str
    column: str
    large: bool = False
    """Whether one value may take megabytes."""
    only: ColumnElement[bool] | None = None
    """Where the column holds plain values, too: which rows are sealed."""


SEALED = (
    Sealed("contact", "address"),
    Sealed("administrator", "name"),
    Sealed("draft", "body", large=True),
    Sealed("inbox", "body"),
    Sealed("outbox", "body"),
    Sealed("outbox", "attachment", large=True),
    Sealed("attachment", "file_id"),
    Sealed("attachment", "content", large=True, only=Attachment.interview_id.is_not(None)),
    Sealed("visit_key", "sealed"),
)


def opens(session: Session, vault: Vault) -> bool | None:
    """Whether a key opens what is sealed, by one value of each column; None: nothing is sealed.

    Raises `WrongKey` where it opens some of it alone.
    """
    found = [
        vault.fits(value)
        for one in SEALED
        if (value := next(_values(session, one, 1), None)) is not None
    ]
    if not found:
        return None
    if any(found) and not all(found):
        raise WrongKey(
            "Some of this database was sealed with one key and some with another: put back its"
            " last backup, or the key that it was made with."
        )
    return found[0]


def must_open(session: Session, vault: Vault) -> None:
    """Raise `WrongKey` where a key does not open this database: before anything is sealed with it,
    for what two keys have sealed could not be told apart again."""
    if opens(session, vault) is False:
        raise WrongKey(
            "The secret key does not open this database: `usegap key check` says which one does."
        )


def anyone_at_work(session: Session) -> bool:
    """Whether a bot runs on this database, by the database's clock; none begins until this
    transaction ends."""
    now = datetime.now(UTC)
    if kind_of(session) == "postgresql":
        session.execute(text("LOCK TABLE replica IN SHARE ROW EXCLUSIVE MODE"))
        now = session.scalars(select(func.clock_timestamp())).one()
    return any(now - seen < SEEN_WITHIN for seen in session.scalars(select(Replica.seen_at)))


def keep_visit_key(session: Session, old: Vault, new: Vault) -> None:
    """Homes that were visited go on being recognised by what the first key gave; after `reseal`."""
    visited = select(Interview.id).where(Interview.mode == VISITED).limit(1)
    if session.scalar(select(VisitKey.id)) is None and session.scalar(visited) is not None:
        session.execute(insert(VisitKey).values(id=1, sealed=new.seal(old.hash_key)))


def reseal(session: Session, old: Vault, new: Vault) -> int:
    """Open everything with one key and seal it with another; how many values.

    Raises `WrongKey` where one was sealed with neither of them.
    """
    count = 0
    for one in SEALED:
        table = Base.metadata.tables[one.table]
        change = _change(table, one.column)
        for rows in _rows(session, one):
            changed = [
                {"of": row.key, "to": new.seal(old.open(row.value))}
                for row in rows
            ]  # fmt: skip
            session.connection().execute(change, changed)
            count += len(changed)
    return count


def rehash(session: Session, old: Vault, new: Vault, lane_of: LaneOf) -> None:
    """Make every keyed hash anew; after `reseal`.

    Turns and counts of wrong codes last minutes: they are erased. So is who was at work: one that
    stood still meanwhile finds itself missing, and does not go on with the old key.
    """
    tables = Base.metadata.tables
    contact, inbox, outbox = tables["contact"], tables["inbox"], tables["outbox"]
    change = _change(contact, "address_hash")
    of_contact = Sealed("contact", "address")
    for rows in _rows(session, of_contact, contact.c.channel):
        made = [
            {"of": row.key, "to": new.fingerprint(f"{row.channel}:{new.open(row.value).decode()}")}
            for row in rows
        ]
        session.connection().execute(change, made)
    change = _change(inbox, "lane")
    for rows in _rows(session, Sealed("inbox", "body"), inbox.c.lane):
        made = [
            {"of": row.key, "to": lane_of(new, json.loads(new.open(row.value)))}
            for row in rows
            if row.lane is not None
        ]
        if made:
            session.connection().execute(change, made)
    known = select(Contact.address_hash).where(Contact.id == outbox.c.contact_id)
    session.execute(
        update(outbox)
        .where(outbox.c.lane.is_not(None), outbox.c.contact_id.is_not(None))
        .values(lane=known.scalar_subquery())
    )
    change = _change(outbox, "lane")
    nobodys = Sealed("outbox", "body", only=outbox.c.contact_id.is_(None))
    for rows in _rows(session, nobodys, outbox.c.lane):
        made = [
            {"of": row.key, "to": _lane_of_stranger(row.lane, new.open(row.value), old, new)}
            for row in rows
            if row.lane is not None
        ]
        if made:
            session.connection().execute(change, made)
    session.execute(delete(tables["turn"]))
    session.execute(delete(tables["guess"]))
    session.execute(delete(tables["replica"]))


def end_invites(session: Session, now: datetime) -> int:
    """Let invites that nobody has opened work no more: of their codes only hashes are known."""
    ended = session.scalars(
        update(Invite)
        .where(Invite.used_at.is_(None), Invite.expires_at > now)
        .values(used_at=now)
        .returning(Invite.id)
    )
    return len(ended.all())


def _lane_of_stranger(lane: str, body: bytes, old: Vault, new: Vault) -> str:
    """Where a message for someone who is no contact goes: by the chat, which is theirs alone."""
    whom = f"telegram:{json.loads(body).get('chat_id')}"
    # In a group the chat is another: a name of its own keeps its messages in order all the same.
    return new.fingerprint(whom if old.fingerprint(whom) == lane else f"before:{lane}")


def _change(table: Table, column: str) -> Any:
    key = table.primary_key.columns[0]
    return update(table).where(key == bindparam("of")).values({column: bindparam("to")})


def _rows(session: Session, one: Sealed, *beside: ColumnElement[Any]) -> Iterator[Any]:
    """All rows of a sealed column, some at a time in the order of their keys."""
    table = Base.metadata.tables[one.table]
    key, value = table.primary_key.columns[0], table.c[one.column]
    query = select(key.label("key"), value.label("value"), *beside).where(value.is_not(None))
    if one.only is not None:
        query = query.where(one.only)
    query = query.order_by(key).limit(1 if one.large else AT_ONCE)
    rows = session.connection().execute(query).all()
    while rows:
        yield rows
        rows = session.connection().execute(query.where(key > rows[-1].key)).all()


def _values(session: Session, one: Sealed, most: int) -> Iterator[bytes]:
    table = Base.metadata.tables[one.table]
    value = table.c[one.column]
    query = select(value).where(value.is_not(None)).limit(most)
    if one.only is not None:
        query = query.where(one.only)
    yield from session.scalars(query)
