"""How fieldwork goes: which wave an area is in, and who has answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from surveys.store.areas import ids_of
from surveys.store.schema import Area, DailyCount, Interview, Wave

SILENT = timedelta(hours=24)
"""An open interview that nothing was heard of for so long counts as broken off."""


@dataclass(frozen=True, slots=True)
class VillageProgress:
    """How fieldwork goes in one village, in its newest wave."""

    area_id: int
    code: str
    name: str
    started: int
    """Agreed and began, whatever came of it."""
    finished: int
    broken_off: int
    """Stopped, or silent for more than 24 hours."""
    declined: int
    target: int | None


def latest_wave(session: Session, area_id: int) -> int | None:
    """The wave that an area takes part in: the open one nearest above it, else the newest there,
    else the newest anywhere below it; None where there never was one.
    """
    path = session.scalar(select(Area.path).where(Area.id == area_id))
    if path is None:
        return None
    at_or_above = Wave.area_id.in_(ids_of(path))
    below = Area.path.startswith(path, autoescape=True)
    return session.scalar(
        select(Wave.id)
        .join(Area, Area.id == Wave.area_id)
        .where(or_(at_or_above, below))
        .order_by(
            at_or_above.desc(),
            Wave.closed_at.is_(None).desc(),
            func.length(Area.path).desc(),
            Wave.opened_at.desc(),
            Wave.id.desc(),
        )
        .limit(1)
    )


def summary(
    session: Session,
    area_ids: Collection[int],
    wave_id: int | None = None,
    now: datetime | None = None,
) -> list[VillageProgress]:
    """A row for each of these villages, by name; `wave_id` None: each in its newest wave."""
    villages = session.scalars(
        select(Area)
        .where(Area.id.in_(area_ids), Area.kind == "village")
        .order_by(Area.name, Area.code)
    ).all()
    waves = {
        village.id: wave_id if wave_id is not None else latest
        for village, latest in zip(villages, _latest_waves(session, villages), strict=True)
    }
    silent = and_(
        Interview.status == "open", Interview.updated_at < (now or datetime.now(UTC)) - SILENT
    )
    counted = {
        (row.area_id, row.wave_id): row
        for row in session.execute(
            select(
                Interview.area_id,
                Interview.wave_id,
                func.count().label("started"),
                func.count().filter(Interview.status == "finished").label("finished"),
                func.count().filter(or_(Interview.status == "stopped", silent)).label("broken"),
            )
            .where(Interview.area_id.in_(area_ids))
            .group_by(Interview.area_id, Interview.wave_id)
        )
    }
    declined = _declined(session, waves)
    rows = []
    for village in villages:
        row = counted.get((village.id, waves[village.id] or 0))
        rows.append(
            VillageProgress(
                area_id=village.id,
                code=village.code or "",
                name=village.name,
                started=row.started if row else 0,
                finished=row.finished if row else 0,
                broken_off=row.broken if row else 0,
                declined=declined.get(village.id, 0),
                target=village.target,
            )
        )
    return rows


def _latest_waves(session: Session, villages: Sequence[Area]) -> list[int | None]:
    """`latest_wave` of each village, in one query."""
    waves = session.execute(
        select(Wave.id, Wave.area_id, Wave.closed_at, Wave.opened_at, func.length(Area.path))
        .join(Area, Area.id == Wave.area_id)
    ).all()  # fmt: skip

    def newest(village: Area) -> int | None:
        above = ids_of(village.path)
        own = [(w[2] is None, w[4], w[3], w[0]) for w in waves if w[1] in above]
        return max(own)[-1] if own else None

    return [newest(village) for village in villages]


def _declined(session: Session, waves: Mapping[int, int | None]) -> dict[int, int]:
    """How many said no since the wave of their village was opened."""
    opened = {
        row.id: row.opened_at.date()
        for row in session.execute(select(Wave.id, Wave.opened_at))
    }  # fmt: skip
    found: dict[int, int] = {}
    for row in session.execute(
        select(DailyCount.area_id, DailyCount.day, DailyCount.count.label("persons")).where(
            DailyCount.area_id.in_(waves), DailyCount.kind == "declined"
        )
    ):
        wave = waves[row.area_id]
        if wave is None or row.day >= opened[wave]:
            found[row.area_id] = found.get(row.area_id, 0) + row.persons
    return found
