"""Who answers, and what: contacts apart from the answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)  # fmt: skip
from sqlalchemy.orm import Mapped, mapped_column

from surveys.store.schema.base import Base, Long


class Contact(Base):
    """Someone reachable. The only table that could name a person."""

    __tablename__ = "contact"
    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    address: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted."""
    address_hash: Mapped[str] = mapped_column(String(64), unique=True)
    language: Mapped[str] = mapped_column(String(16))
    blocked_at: Mapped[datetime | None]
    unreminded_at: Mapped[datetime | None]
    """When they asked not to be reminded of interviews that they left."""
    panel_at: Mapped[datetime | None]
    """When they agreed to be written to in later waves; None: the contact goes with its wave."""
    panel_declined_at: Mapped[datetime | None]
    """When they said no to that."""
    current_interview_id: Mapped[int | None] = mapped_column(
        ForeignKey("interview.id", use_alter=True, ondelete="SET NULL"), index=True
    )
    """The interview that this chat is at."""
    created_at: Mapped[datetime]
    # A number is never given twice: one of someone forgotten must not come to mean someone else.
    __table_args__ = ({"sqlite_autoincrement": True},)


class Household(Base):
    """A home."""

    __tablename__ = "household"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    link: Mapped[str | None] = mapped_column(String(32), unique=True)
    """What a family link carries; made when someone finishes."""


class Respondent(Base):
    """A person who answers."""

    __tablename__ = "respondent"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    household_id: Mapped[str] = mapped_column(ForeignKey("household.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(
        ForeignKey("contact.id", ondelete="SET NULL"), index=True
    )
    entry: Mapped[str] = mapped_column(String(32), index=True)
    """The sampling unit (METHOD.md §2): one phone in one home, with the phones that came by its
    family link. Random; outlives the contact."""
    number: Mapped[int]
    """Of the persons who answer through this contact: what the phone's holder knows them by."""
    created_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("contact_id", "number"),)


class Interview(Base):
    """A respondent in a wave; when finished, the submission."""

    __tablename__ = "interview"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(41), unique=True)
    """ODK's KEY: "uuid:…"."""
    respondent_id: Mapped[str] = mapped_column(
        ForeignKey("respondent.id", ondelete="CASCADE"), index=True
    )
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    form_version_id: Mapped[int] = mapped_column(ForeignKey("form_version.id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    mode: Mapped[str | None] = mapped_column(String(10))
    status: Mapped[str] = mapped_column(String(10))
    consent_version: Mapped[str] = mapped_column(String(16))
    consented_at: Mapped[datetime]
    abroad_at: Mapped[datetime | None]
    """When it was agreed to, on this phone and to the same text, that messages pass through
    Telegram's computers abroad; None: to a text that did not ask that apart, or nothing does."""
    state: Mapped[str] = mapped_column(Text)
    """surveys.interview.state as JSON text: read and written whole, never queried."""
    version: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    started_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    submission: Mapped[dict[str, Any] | None]
    """{path: value} of what was relevant at the end, computed nodes included."""
    flags: Mapped[list[Any] | None]
    review: Mapped[str] = mapped_column(String(12), default="received", server_default="received")
    reminders: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """How often its person was reminded of it since it was begun."""
    reminded_at: Mapped[datetime | None]
    texts_erased_at: Mapped[datetime | None]
    """When what was said in own words was erased from it."""
    measured: Mapped[str | None] = mapped_column(Text)
    """Of the submission what estimates and flags read, in short; None: to be read from it."""
    __table_args__ = (
        UniqueConstraint("respondent_id", "wave_id"),
        Index("ix_interview_wave_area", "wave_id", "area_id", "status"),
        # All that estimates read stands in it: SQLite keeps a row's 20 KB of answers in line, and
        # goes through them for each column behind them. PostgreSQL keeps such aside by itself.
        Index(
            "ix_interview_read", "wave_id", "status", "area_id", "review", "form_version_id",
            "finished_at", "mode", "key", "respondent_id", "flags", "measured",
            info={"only": "sqlite"},
        ).ddl_if(dialect="sqlite"),
        # What has grown old is found by when it was begun, which never changes: an index on
        # when it was answered last would be written with every answer.
        Index("ix_interview_wave_id_started_at", "wave_id", "started_at"),
        # Which form versions a wave has, and what was rejected in it, is asked of a million.
        Index("ix_interview_wave_id_form_version_id", "wave_id", "form_version_id"),
        # All that is read of these: only so does SQLite leave the index above for it.
        Index("ix_interview_rejected", "wave_id", "status", "review", "area_id", "key",
              sqlite_where=text("review = 'rejected'"),
              postgresql_where=text("review = 'rejected'")),
        Index("ix_interview_texts", "started_at", sqlite_where=text("texts_erased_at IS NULL"),
              postgresql_where=text("texts_erased_at IS NULL")),
        CheckConstraint("status IN ('open','stopped','finished')", name="status"),
        {"sqlite_autoincrement": True},
    )  # fmt: skip


class InterviewEvent(Base):
    """The append-only log of an interview."""

    __tablename__ = "interview_event"
    id: Mapped[int] = mapped_column(Long, primary_key=True)
    interview_id: Mapped[int] = mapped_column(
        ForeignKey("interview.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(12))
    node: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    update_id: Mapped[int | None] = mapped_column(Long)


class Attachment(Base):
    """A photo, a sound, a video or a file: of an answer, or shown with a form's questions."""

    __tablename__ = "attachment"
    id: Mapped[int] = mapped_column(primary_key=True)
    interview_id: Mapped[int | None] = mapped_column(ForeignKey("interview.id", ondelete="CASCADE"))
    form_version_id: Mapped[int | None] = mapped_column(
        ForeignKey("form_version.id", ondelete="CASCADE")
    )
    node: Mapped[str | None] = mapped_column(Text)
    """Of an interview: which question it answers, "/data/home[2]/photo"."""
    name: Mapped[str] = mapped_column(Text)
    """Of an answer: made by us, so that it names nobody; of a form: as the form says."""
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    """Bytes; until it is fetched as many as Telegram says, 0 where it does not."""
    state: Mapped[str] = mapped_column(String(8))
    file_id: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Telegram's, of what is still to be fetched, encrypted; erased when that is over."""
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of an answer encrypted: photos and voices can name people."""
    sha256: Mapped[str | None] = mapped_column(String(64))
    """Of a form's content."""
    sent_as: Mapped[dict[str, Any] | None]
    """Of a form: {bot's name: Telegram's file_id}, so that it is uploaded once."""
    taken_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("interview_id", "node"),
        UniqueConstraint("form_version_id", "name"),
        CheckConstraint("state IN ('waiting','fetched','failed')", name="state"),
        CheckConstraint("(interview_id IS NULL) <> (form_version_id IS NULL)", name="owner"),
        # A number is never given twice: jobs and messages carry it.
        {"sqlite_autoincrement": True},
    )
