"""Profiles that were computed, and to whom they go."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)  # fmt: skip
from sqlalchemy.orm import Mapped, mapped_column

from surveys.store.schema.base import Base


class Report(Base):
    """A computed profile."""

    __tablename__ = "report"
    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    computed_at: Mapped[datetime]
    submissions: Mapped[int]
    profile: Mapped[dict[str, Any]]
    members: Mapped[dict[str, Any] | None]
    """Whose answers are in it: submission's key -> home. A new edition needs enough others."""
    told: Mapped[str | None] = mapped_column(String(40))
    """What of the profile was shown: names of `surveys.estimation.editions.TOLD`; null before."""
    made_of: Mapped[str | None] = mapped_column(String(32))
    """Of a village that is shown: surveys.estimation.fingerprints; while it is the same now, so is
    the profile."""
    __table_args__ = (Index("ix_report_area_wave", "area_id", "wave_id"),)


class Basis(Base):
    """What the numbers of a wave that stand rest on, besides the answers of each village."""

    __tablename__ = "basis"
    wave_id: Mapped[int] = mapped_column(
        ForeignKey("wave.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    made_of: Mapped[str] = mapped_column(String(32))
    """A hash of it: with another one nothing stands."""
    names: Mapped[list[Any]]
    """Of the numbers of each village, in their order."""
    pace: Mapped[dict[str, Any]]
    """How long interviews typically take, by groups of all villages: seconds."""


class Standing(Base):
    """Numbers of a village that stand until something of it changes (surveys.store.standing)."""

    __tablename__ = "standing"
    wave_id: Mapped[int] = mapped_column(
        ForeignKey("wave.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    area_id: Mapped[int] = mapped_column(
        ForeignKey("area.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    stamp: Mapped[str] = mapped_column(String(32))
    """A hash of what they are made of that is the village's own: with anything else it is
    another."""
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id", ondelete="CASCADE"), index=True)
    """Its profile."""
    told: Mapped[str] = mapped_column(String(40))
    """What of it is shown, as the report's."""
    numbers: Mapped[bytes] = mapped_column(LargeBinary)
    """What models and bands of all villages take of it: float64, one behind the other."""
    later: Mapped[bool]
    """Whether it was computed after all villages were."""


class Schedule(Base):
    """What an administrator has chosen about the profiles of an area that come without asking."""

    __tablename__ = "schedule"
    id: Mapped[int] = mapped_column(primary_key=True)
    administrator_id: Mapped[int] = mapped_column(
        ForeignKey("administrator.id", ondelete="CASCADE"), index=True
    )
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    active: Mapped[bool]
    """Of a kind without a row, surveys.store.schedules.UNASKED says whether it comes."""
    weekday: Mapped[int | None]
    """Of a weekly one: 0 Monday … 6 Sunday, in the area's time zone …"""
    hour: Mapped[int | None]
    """… and the hour there."""
    due_at: Mapped[datetime | None]
    """Of an active weekly one: when it is next."""
    created_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("administrator_id", "area_id", "kind"),
        CheckConstraint("kind IN ('weekly','target','closed')", name="kind"),
        # A number is never given twice: the keys of what was ordered carry it.
        {"sqlite_autoincrement": True},
    )


class Delivery(Base):
    """A profile on its way to an administrator: made once, whatever happens."""

    __tablename__ = "delivery"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(100), unique=True)
    """What makes it the same delivery: why, to whom, where, when."""
    administrator_id: Mapped[int] = mapped_column(
        ForeignKey("administrator.id", ondelete="CASCADE"), index=True
    )
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    reason: Mapped[str] = mapped_column(String(10))
    """asked, weekly, target, closed."""
    profile: Mapped[dict[str, Any] | None]
    """What its reader knows since, so that the next can say what changed; None: nobody had
    finished, or there are newer ones."""
    finished: Mapped[int]
    """How many interviews were finished there."""
    messages: Mapped[int]
    """How many; their keys in the outbox, which says what became of them, are
    "delivery:<id>:<0 …>"."""
    made_at: Mapped[datetime]
    # A number is never given twice: buttons carry it, and the keys of messages.
    __table_args__ = (
        Index("ix_delivery_administrator_area", "administrator_id", "area_id"),
        {"sqlite_autoincrement": True},
    )
