"""Where and what is asked, and when: areas, questionnaires, waves, and what is wanted of each."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
    false,
)  # fmt: skip
from sqlalchemy.orm import Mapped, mapped_column

from surveys.store.schema.base import Base


class Area(Base):
    """A programme, county, township or village."""

    __tablename__ = "area"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    path: Mapped[str] = mapped_column(String(200), index=True)
    """The ids from the root to this one, "/1/4/9/": a subtree is a prefix."""
    kind: Mapped[str] = mapped_column(String(10))
    code: Mapped[str | None] = mapped_column(String(32), unique=True)
    """A village's, as in its link; letters, digits, "-" and "_"."""
    name: Mapped[str] = mapped_column(String(200))
    ring: Mapped[int | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    time_zone: Mapped[str | None] = mapped_column(String(64))
    """None: the parent's; at the root the setting's."""
    households: Mapped[int | None]
    adults: Mapped[int | None]
    adults_offline: Mapped[int | None]
    """Adults in homes where nobody is online, by the village office (METHOD.md: N0)."""
    target: Mapped[int | None]
    language: Mapped[str | None] = mapped_column(String(16))
    """What its poster is written in; None: the parent's, at the root the setting's."""
    reference: Mapped[bool] = mapped_column(default=False, server_default=false())
    __table_args__ = (
        UniqueConstraint("parent_id", "name", "kind"),
        CheckConstraint("kind IN ('programme','county','township','village')", name="kind"),
    )


class Margin(Base):
    """How many adults of an area are online, by one category (METHOD.md: raking)."""

    __tablename__ = "margin"
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), primary_key=True)
    variable: Mapped[str] = mapped_column(String(20), primary_key=True)
    """As in surveys.estimation.margins: sex_age, schooling."""
    category: Mapped[str] = mapped_column(String(40), primary_key=True)
    count: Mapped[float]
    """A census times a published rate need not be whole."""


class Form(Base):
    """An instrument."""

    __tablename__ = "form"
    id: Mapped[int] = mapped_column(primary_key=True)
    form_id: Mapped[str] = mapped_column(String(200), unique=True)
    title: Mapped[str] = mapped_column(Text)


class FormVersion(Base):
    """One immutable published version of a form."""

    __tablename__ = "form_version"
    id: Mapped[int] = mapped_column(primary_key=True)
    form_id: Mapped[int] = mapped_column(ForeignKey("form.id"))
    version: Mapped[str] = mapped_column(String(200))
    xform: Mapped[str] = mapped_column(Text)
    indicators: Mapped[list[Any]]
    published_at: Mapped[datetime]
    published_by: Mapped[str] = mapped_column(String(64))
    __table_args__ = (UniqueConstraint("form_id", "version"),)


class Wave(Base):
    """One round of one form in an area and all below it."""

    __tablename__ = "wave"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    form_version_id: Mapped[int] = mapped_column(ForeignKey("form_version.id"))
    """What new interviews begin with."""
    organisation: Mapped[str] = mapped_column(Text)
    contact: Mapped[str] = mapped_column(Text)
    retention_months: Mapped[int]
    reference_area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    opened_at: Mapped[datetime]
    closing_at: Mapped[datetime | None]
    """When it will be closed: from the order on nobody begins; who has begun may finish until then.
    None: nobody has ordered that."""
    closed_at: Mapped[datetime | None]
    """Since when nobody answers any more."""
    contacts_erased_at: Mapped[datetime | None]
    """When, after `closed_at`, the contacts were deleted that nobody may keep any longer."""


class Quota(Base):
    """How many finished interviews of one sex and age an area needs: no more are begun."""

    __tablename__ = "quota"
    id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    sex: Mapped[str] = mapped_column(String(8))
    """f, m, or "" for both."""
    age: Mapped[str] = mapped_column(String(8))
    """16-34, 35-54, 55-64, 65+ or "" for all."""
    most: Mapped[int]
    __table_args__ = (UniqueConstraint("wave_id", "area_id", "sex", "age"),)


class DailyCount(Base):
    """How many, by village and day, of what leaves no other trace (someone declined)."""

    __tablename__ = "daily_count"
    day: Mapped[date] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    count: Mapped[int]
