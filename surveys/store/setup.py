"""How far the setting up of an area is: one look at all that a survey needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from surveys.store.areas import ids_of, zone_name
from surveys.store.schema import (
    Administrator,
    Area,
    Form,
    FormVersion,
    Grant,
    Interview,
    Margin,
    Wave,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is in an area and below it."""

    villages: int
    places: int
    """Townships, or counties, that have villages."""
    without_adults: int
    """Villages of which it is not known how many adults live there."""
    references: int
    """Villages that all others are compared with, anywhere."""
    form: tuple[str, str] | None
    """Title and version of what was published last."""
    wave: tuple[str, str, datetime] | None
    """Of the wave that the area's villages are in: its name, the form's version, since when."""
    ending: bool
    """Nobody begins any more in that wave."""
    waves_below: int
    """Open waves of areas below."""
    begun: int
    """Interviews in all waves."""
    team: int
    """Administrators of the area and below."""
    margins: int
    """Areas that have margins."""
    zone: str
    """The name of the area's time zone, or ""."""


def standing(session: Session, path: str) -> Standing:
    """How far it is with the area at a path."""
    below = Area.path.startswith(path, autoescape=True)
    villages, places, known = session.execute(
        select(func.count(), func.count(Area.parent_id.distinct()), func.count(Area.adults)).where(
            Area.kind == "village", below
        )
    ).one()
    form = session.execute(
        select(Form.title, FormVersion.version)
        .join(FormVersion, FormVersion.form_id == Form.id)
        .order_by(FormVersion.published_at.desc(), FormVersion.id.desc())
        .limit(1)
    ).one_or_none()
    wave = session.execute(
        select(Wave.name, FormVersion.version, Wave.opened_at, Wave.closing_at)
        .join(Area, Area.id == Wave.area_id)
        .join(FormVersion, FormVersion.id == Wave.form_version_id)
        .where(Wave.area_id.in_(ids_of(path)), Wave.closed_at.is_(None))
        .order_by(func.length(Area.path).desc(), Wave.opened_at.desc(), Wave.id.desc())
        .limit(1)
    ).one_or_none()
    return Standing(
        villages=villages,
        places=places,
        without_adults=villages - known,
        references=_count(session, select(Area.id).where(Area.reference)),
        form=None if form is None else (form[0], form[1]),
        wave=None if wave is None else (wave[0], wave[1], wave[2]),
        ending=wave is not None and wave[3] is not None,
        waves_below=_count(
            session,
            select(Wave.id)
            .join(Area, Area.id == Wave.area_id)
            .where(below, Area.path != path, Wave.closed_at.is_(None)),
        ),
        begun=_count(
            session, select(Interview.id).join(Area, Area.id == Interview.area_id).where(below)
        ),
        team=_count(
            session,
            select(Administrator.id)
            .join(Grant, Grant.administrator_id == Administrator.id)
            .join(Area, Area.id == Grant.area_id)
            .where(below)
            .distinct(),
        ),
        margins=_count(
            session,
            select(Margin.area_id).join(Area, Area.id == Margin.area_id).where(below).distinct(),
        ),
        zone=zone_name(session, path) or "",
    )


def any_owner(session: Session) -> bool:
    """Whether anybody can invite to the whole programme."""
    top = select(Area.id).where(Area.parent_id.is_(None))
    return (
        _count(session, select(Grant.id).where(Grant.role == "owner", Grant.area_id.in_(top))) > 0
    )


def _count(session: Session, rows: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(rows.subquery())) or 0
