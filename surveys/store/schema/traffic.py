"""What came in and is to go out, and the programs that do it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    text,
)  # fmt: skip
from sqlalchemy.orm import Mapped, mapped_column

from surveys.store.schema.base import Base, Long


class Inbox(Base):
    """An update taken in."""

    __tablename__ = "inbox"
    update_id: Mapped[int] = mapped_column(Long, primary_key=True, autoincrement=False)
    lane: Mapped[str | None] = mapped_column(String(64))
    """The keyed hash of the person: updates of one lane are handled in order. Erased when done."""
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Telegram's JSON, encrypted; erased when done."""
    received_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    error: Mapped[str | None] = mapped_column(Text)
    """The class of the last error, never its text (which may carry an answer)."""
    done_at: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_inbox_waiting", "update_id", sqlite_where=text("done_at IS NULL"),
              postgresql_where=text("done_at IS NULL")),
        Index("ix_inbox_lane", "lane", "update_id", sqlite_where=text("done_at IS NULL"),
              postgresql_where=text("done_at IS NULL")),
    )  # fmt: skip


class Outbox(Base):
    """A message to send."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(Long, primary_key=True, autoincrement=False)
    """Grows with time (surveys.store.messages.next_id): messages of one lane are sent in order."""
    key: Mapped[str | None] = mapped_column(String(100), unique=True)
    """What makes it the same message (a report is sent once); what an edit refers to."""
    lane: Mapped[str | None] = mapped_column(String(64))
    contact_id: Mapped[int | None] = mapped_column(
        ForeignKey("contact.id", ondelete="CASCADE"), index=True
    )
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    """surveys.store.messages.Outgoing as encrypted JSON; erased once sent."""
    attachment: Mapped[bytes | None] = mapped_column(LargeBinary)
    """A file to send with it, encrypted; erased once sent."""
    sender: Mapped[str | None] = mapped_column(String(16))
    """The replica that sends it; None: whichever is first."""
    not_before: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    """Sent, or given up (then `error` says why)."""
    message_id: Mapped[int | None] = mapped_column(Long)
    __table_args__ = (
        Index("ix_outbox_waiting", "id", sqlite_where=text("done_at IS NULL"),
              postgresql_where=text("done_at IS NULL")),
        Index("ix_outbox_lane", "lane", sqlite_where=text("done_at IS NULL"),
              postgresql_where=text("done_at IS NULL")),
    )  # fmt: skip


class Replica(Base):
    """A running program; its row is gone when it ends, and grows old where it was killed."""

    __tablename__ = "replica"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    started_at: Mapped[datetime]
    """By the clock of the database, like `seen_at`: replicas may not agree on the time."""
    seen_at: Mapped[datetime]


class Pace(Base):
    """Telegram's limit over all replicas: one row (surveys.store.pace)."""

    __tablename__ = "pace"
    id: Mapped[int] = mapped_column(primary_key=True)
    free_at: Mapped[datetime]
    """When the next call were free if nothing was saved up; by the clock of the database."""
    paused_at: Mapped[datetime | None]
    """When Telegram asked for a pause, and …"""
    paused_until: Mapped[datetime | None]
    """… until when."""


class Turn(Base):
    """Whose turn it is to write to a person: while a replica sends to a chat, no other does."""

    __tablename__ = "turn"
    lane: Mapped[str] = mapped_column(String(64), primary_key=True)
    sender: Mapped[str] = mapped_column(String(16))
    until: Mapped[datetime]
    """When the chat may be sent as much at once again as a new one (Telegram's limit of a chat)."""


class Job(Base):
    """Work to be done apart from a chat's turn: a profile, an export."""

    __tablename__ = "job"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str | None] = mapped_column(String(100), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    arguments: Mapped[dict[str, Any]]
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    error: Mapped[str | None] = mapped_column(Text)
    taken_by: Mapped[str | None] = mapped_column(String(16))
    """The replica that is doing it."""
    done_at: Mapped[datetime | None]
