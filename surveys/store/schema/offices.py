"""Who may do what, what they prepare, and what they did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)  # fmt: skip
from sqlalchemy.orm import Mapped, mapped_column

from surveys.store.schema.base import Base


class Administrator(Base):
    """A contact with rights."""

    __tablename__ = "administrator"
    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(
        ForeignKey("contact.id", ondelete="CASCADE"), unique=True
    )
    name: Mapped[bytes | None] = mapped_column(LargeBinary)
    """As Telegram gave it when they joined, or as they want it, encrypted: the team reads it."""
    created_at: Mapped[datetime]


class Grant(Base):
    """A role on an area and all below it."""

    __tablename__ = "grant"
    id: Mapped[int] = mapped_column(primary_key=True)
    administrator_id: Mapped[int] = mapped_column(
        ForeignKey("administrator.id", ondelete="CASCADE"), index=True
    )
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    role: Mapped[str] = mapped_column(String(12))
    __table_args__ = (
        UniqueConstraint("administrator_id", "area_id", "role"),
        CheckConstraint("role IN ('owner','area','helper','analyst','viewer')", name="role"),
    )


class Invite(Base):
    """A one-time link."""

    __tablename__ = "invite"
    id: Mapped[int] = mapped_column(primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    role: Mapped[str] = mapped_column(String(12))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Guess(Base):
    """How many codes that are none a person tried within an hour; erased when it is over."""

    __tablename__ = "guess"
    lane: Mapped[str] = mapped_column(String(64), primary_key=True)
    """The keyed hash of the person; "" for all together."""
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    """When it began."""
    count: Mapped[int]


class VisitKey(Base):
    """One row, once the secret key was changed: the ids of visited homes go on being made with
    what the first key gave, so that a list imported again finds its homes."""

    __tablename__ = "visit_key"
    id: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted with the present key."""


class Draft(Base):
    """What an administrator has sent or begun and not confirmed yet."""

    __tablename__ = "draft"
    contact_id: Mapped[int] = mapped_column(
        ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(20))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted."""
    made_at: Mapped[datetime]


class Audit(Base):
    """Who did what to what, when."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    """ "administrator 3", "respondent", "command line": never a name."""
    action: Mapped[str] = mapped_column(String(40))
    object: Mapped[str] = mapped_column(Text)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    """Where; None: of no area."""
