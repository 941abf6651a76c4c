"""Villages, the areas above them, the waves that are open there, and what is counted by the day."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial

from sqlalchemy import ColumnElement, Insert, Table, func, select
from sqlalchemy.orm import Session

from surveys.store.database import at_the_end, insert_into, kind_of
from surveys.store.schema import Area, Base, Form, FormVersion, Household, Wave

DAILY: Table = Base.metadata.tables["daily_count"]


@dataclass(frozen=True, slots=True)
class VillageRow:
    """A village as it is stored."""

    area_id: int
    code: str
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class WaveRow:
    """A wave with the title of its form."""

    wave_id: int
    form_version_id: int
    form_title: str
    organisation: str
    contact: str
    retention_months: int
    closing_at: datetime | None
    """When it will be closed; nobody begins any more then."""


def village_by_code(session: Session, code: str) -> VillageRow | None:
    """The village with this code, letter case apart."""
    return _village(session, func.lower(Area.code) == code.lower())


def village_by_id(session: Session, area_id: int) -> VillageRow | None:
    """The village with this id."""
    return _village(session, Area.id == area_id)


def home_by_link(session: Session, link: str) -> tuple[VillageRow, str] | None:
    """The village and the household behind a family link."""
    household = session.execute(
        select(Household.id, Household.area_id).where(Household.link == link)
    ).one_or_none()
    if household is None:
        return None
    village = village_by_id(session, household.area_id)
    return None if village is None else (village, household.id)


def open_wave_at(session: Session, path: str) -> WaveRow | None:
    """The wave that is not closed of the nearest area at or above this path; of several there, the
    newest."""
    row = session.execute(
        select(
            Wave.id,
            Wave.form_version_id,
            Form.title,
            Wave.organisation,
            Wave.contact,
            Wave.retention_months,
            Wave.closing_at,
        )
        .join(Area, Area.id == Wave.area_id)
        .join(FormVersion, FormVersion.id == Wave.form_version_id)
        .join(Form, Form.id == FormVersion.form_id)
        .where(Wave.area_id.in_(ids_of(path)), Wave.closed_at.is_(None))
        .order_by(func.length(Area.path).desc(), Wave.opened_at.desc(), Wave.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else WaveRow(*row)


def paths_of(session: Session, area_ids: Collection[int]) -> dict[int, str]:
    """The paths of areas."""
    rows = session.execute(select(Area.id, Area.path).where(Area.id.in_(area_ids)))
    return {row.id: row.path for row in rows}


def villages_in(session: Session, path: str) -> list[int]:
    """The ids of the villages in an area, by code."""
    return list(
        session.scalars(
            select(Area.id)
            .where(Area.kind == "village", Area.path.startswith(path, autoescape=True))
            .order_by(Area.code)
        )
    )


def zone_name(session: Session, path: str) -> str | None:
    """The name of the time zone at a path: the nearest area's that has one."""
    return session.scalar(
        select(Area.time_zone)
        .where(Area.id.in_(ids_of(path)), Area.time_zone.is_not(None))
        .order_by(func.length(Area.path).desc())
        .limit(1)
    )


def poster_language(session: Session, path: str) -> str | None:
    """What the posters at a path are written in: as the nearest area has it."""
    return session.scalar(
        select(Area.language)
        .where(Area.id.in_(ids_of(path)), Area.language.is_not(None))
        .order_by(func.length(Area.path).desc())
        .limit(1)
    )


def target_of(session: Session, area_id: int) -> int | None:
    """A village's target. Its row is locked, so that two who finish at once count one after the
    other, and one of them sees the target reached."""
    return session.scalar(
        select(Area.target).where(Area.id == area_id).with_for_update(key_share=True)
    )


def add_to_day(session: Session, area_id: int, kind: str, day: date) -> None:
    """One more of this kind on this day.

    Written at the end of the transaction: a whole village may open its link at the same moment.
    """
    row = {"day": day, "area_id": area_id, "kind": kind, "count": 1}
    at_the_end(session, f"daily_count {day} {area_id:09} {kind}", partial(_count, row=row))


def _count(session: Session, *, row: Mapping[str, object]) -> None:
    session.connection().execute(_one_more(kind_of(session)), row)


@cache
def _one_more(kind: str) -> Insert:
    return insert_into(kind, DAILY).on_conflict_do_update(
        index_elements=[DAILY.c.day, DAILY.c.area_id, DAILY.c.kind],
        set_={"count": DAILY.c.count + 1},
    )


def reference_villages(session: Session, wave: Wave) -> list[int]:
    """The villages to compare with: those of the wave's reference area, else those flagged."""
    query = select(Area.id).where(Area.kind == "village").order_by(Area.id)
    if wave.reference_area_id is None:
        return list(session.scalars(query.where(Area.reference)))
    path = session.get_one(Area, wave.reference_area_id).path
    return list(session.scalars(query.where(Area.path.startswith(path, autoescape=True))))


def ids_of(path: str) -> list[int]:
    """The ids in a path, from the root: "/1/4/9/" -> [1, 4, 9]."""
    return [int(part) for part in path.split("/") if part]


def _village(session: Session, which: ColumnElement[bool]) -> VillageRow | None:
    row = session.execute(
        select(Area.id, Area.code, Area.name, Area.path).where(Area.kind == "village", which)
    ).one_or_none()
    return None if row is None else VillageRow(row.id, row.code or "", row.name, row.path)
