"""Which submissions an export is to hold: places, wave, days, versions of the form, review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, Self, get_args
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from surveys.store.areas import ids_of, zone_name
from surveys.store.schema import Area, FormVersion, Interview, Wave

Review = Literal["received", "approved", "hasIssues", "rejected"]
REVIEWS: tuple[Review, ...] = get_args(Review)
KEPT: tuple[Review, ...] = ("received", "approved", "hasIssues")
"""Without a word on it, what was rejected stays out."""


class NothingToExport(Exception):  # noqa: N818
    """There is no such wave, or no such version of its form; the text says which."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What was asked for; what is empty leaves everything in."""

    area_ids: tuple[int, ...]
    """Areas of any kind: all villages in them."""
    wave: str = ""
    """By its name; "": the newest there."""
    since: date | None = None
    """The first day, in the area's time zone, on which an interview was finished …"""
    until: date | None = None
    """… and the last."""
    form_versions: tuple[str, ...] = ()
    reviews: tuple[Review, ...] = KEPT

    def to_json(self) -> dict[str, Any]:
        """As a job keeps it."""
        days = {"since": self.since, "until": self.until}
        return asdict(self) | {name: day and day.isoformat() for name, day in days.items()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """What `to_json` wrote."""
        days = {
            name: date.fromisoformat(document[name]) if document[name] else None
            for name in ("since", "until")
        }
        lists = {
            name: tuple(document[name]) for name in ("area_ids", "form_versions", "reviews")
        }  # fmt: skip
        return cls(**{**document, **days, **lists})


@dataclass(frozen=True, slots=True)
class Chosen:
    """Filters as they are asked of the database."""

    wave_id: int
    wave_name: str
    form_id: int
    area_ids: tuple[int, ...]
    """Villages."""
    zone: ZoneInfo
    """The time zone of the (first) area: of its days."""
    since: datetime | None
    until: datetime | None
    """Not included."""
    version_ids: tuple[int, ...] | None
    """None: all."""
    reviews: tuple[Review, ...]

    def conditions(self) -> list[ColumnElement[bool]]:
        """What an interview must be like to be exported."""
        return [*self.anywhere(Interview), Interview.area_id.in_(self.area_ids)]

    def anywhere(self, of: type[Interview]) -> list[ColumnElement[bool]]:
        """The same but for its village; of: the table, or another name for it."""
        found = [
            of.wave_id == self.wave_id,
            of.status == "finished",
            # What was measured was submitted, and stands in the index: no row is looked at.
            or_(of.measured.is_not(None), of.submission.is_not(None)),
            of.review.in_(self.reviews),
        ]
        if self.since is not None:
            found.append(of.finished_at >= self.since)
        if self.until is not None:
            found.append(of.finished_at < self.until)
        if self.version_ids is not None:
            found.append(of.form_version_id.in_(self.version_ids))
        return found


def choose(session: Session, filters: Filters, now: datetime) -> Chosen:
    """The filters with ids in the place of names.

    Raises NothingToExport where no such wave was opened in these areas, or the wave's form has no
    such version.
    """
    areas = {
        row.id: row.path
        for row in session.execute(
            select(Area.id, Area.path).where(Area.id.in_(filters.area_ids))
        )
    }  # fmt: skip
    paths = [areas[one] for one in filters.area_ids if one in areas]
    wave_id, villages = _wave(session, paths, now, filters.wave)
    if wave_id is None:
        if filters.wave:
            raise NothingToExport(f"No wave called “{filters.wave}” was opened there.")
        raise NothingToExport("No wave was opened there yet: there is nothing to export.")
    wave = session.get_one(Wave, wave_id)
    form_id = session.get_one(FormVersion, wave.form_version_id).form_id
    versions = {
        row.version: row.id
        for row in session.execute(
            select(FormVersion.id, FormVersion.version).where(FormVersion.form_id == form_id)
        )
    }
    unknown = [one for one in filters.form_versions if one not in versions]
    if unknown:
        raise NothingToExport(f"The wave's form has no version {', '.join(unknown)}.")
    zone = ZoneInfo(zone_name(session, paths[0]) or "UTC")
    end = None if filters.until is None else filters.until + timedelta(days=1)
    return Chosen(
        wave_id=wave_id,
        wave_name=wave.name,
        form_id=form_id,
        area_ids=tuple(villages),
        zone=zone,
        since=_midnight(filters.since, zone),
        until=_midnight(end, zone),
        version_ids=tuple(versions[one] for one in filters.form_versions) or None,
        reviews=filters.reviews,
    )


def newest_wave(session: Session, area_id: int, now: datetime) -> tuple[int | None, list[int]]:
    """Of all waves that an area's villages took part in the one opened last, and those villages."""
    return _wave(session, [session.get_one(Area, area_id).path], now, "")


def _wave(
    session: Session, paths: list[str], now: datetime, name: str
) -> tuple[int | None, list[int]]:
    """The wave opened last in some areas (of this name, letter case apart), and their villages."""
    inside = or_(*(Area.path.startswith(path, autoescape=True) for path in paths))
    villages = list(
        session.scalars(select(Area.id).where(Area.kind == "village", inside).order_by(Area.id))
    )
    above = {one for path in paths for one in ids_of(path)}
    waves = session.execute(
        select(Wave.id, Wave.name)
        .join(Area, Area.id == Wave.area_id)
        .where(Wave.area_id.in_(above) | inside, Wave.opened_at <= now)
        .order_by(Wave.opened_at.desc(), Wave.id.desc())
    )
    wanted = name.strip().casefold()
    found = (row.id for row in waves if not wanted or row.name.strip().casefold() == wanted)
    return next(found, None), villages


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return None if day is None else datetime.combine(day, time.min, zone)
