"""How fieldwork goes, counted: interviews by village and wave, and what is kept by the day."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from surveys.store.areas import ids_of
from surveys.store.database import do_last
from surveys.store.reviews import REJECTED
from surveys.store.schema import Area, DailyCount, Interview, Wave
from surveys.store.visits import VISITED


@dataclass(frozen=True, slots=True)
class WaveAt:
    """A wave, as fieldwork in it is told."""

    id: int
    name: str
    opened_at: datetime
    closing_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Interviews of one village in one wave."""

    started: int = 0
    finished: int = 0
    stopped: int = 0
    silent: int = 0
    """Open, and nothing heard since a time."""
    visited: int = 0
    """Of those started: homes drawn by lot and visited."""
    recent: int = 0
    """Finished since a time, visited homes apart."""
    last_heard: datetime | None = None
    """When somebody last answered anything, visited homes apart."""


def newest_waves(session: Session, villages: Sequence[Area]) -> list[WaveAt | None]:
    """The wave of each village: the open one nearest above it, else the newest there."""
    waves = session.execute(
        select(
            Wave.id, Wave.name, Wave.opened_at, Wave.closing_at, Wave.closed_at, Wave.area_id,
            func.length(Area.path).label("depth"),
        ).join(Area, Area.id == Wave.area_id)
    ).all()  # fmt: skip

    def newest(village: Area) -> WaveAt | None:
        above = ids_of(village.path)
        own = [row for row in waves if row.area_id in above]
        if not own:
            return None
        best = max(own, key=lambda w: (w.closed_at is None, w.depth, w.opened_at, w.id))
        return WaveAt(best.id, best.name, best.opened_at, best.closing_at, best.closed_at)

    return [newest(village) for village in villages]


def wave_at(session: Session, wave_id: int) -> WaveAt | None:
    """One wave."""
    row = session.execute(
        select(Wave.id, Wave.name, Wave.opened_at, Wave.closing_at, Wave.closed_at).where(
            Wave.id == wave_id
        )
    ).one_or_none()
    return None if row is None else WaveAt(*row)


def counts(
    session: Session, area_ids: Collection[int], *, silent_since: datetime, recent_since: datetime
) -> dict[tuple[int, int], Counts]:
    """The interviews of some villages, by village and wave."""
    own = Interview.mode.is_distinct_from(VISITED)
    finished = Interview.status == "finished"
    silent = and_(Interview.status == "open", Interview.updated_at < silent_since)
    recent = and_(finished, own, Interview.finished_at >= recent_since)
    rows = session.execute(
        select(
            Interview.area_id,
            Interview.wave_id,
            func.count(),
            func.count().filter(finished),
            func.count().filter(Interview.status == "stopped"),
            func.count().filter(silent),
            func.count().filter(Interview.mode == VISITED),
            func.count().filter(recent),
            func.max(Interview.updated_at).filter(own),
        )
        .where(Interview.area_id.in_(area_ids), Interview.review != REJECTED)
        .group_by(Interview.area_id, Interview.wave_id)
    )
    return {(row[0], row[1]): Counts(*row[2:]) for row in rows}


def modes(session: Session, area_id: int, wave_id: int) -> dict[str, int]:
    """How those who finished in a village answered: by mode, the most first; "" is unknown."""
    rows = session.execute(
        select(Interview.mode, func.count())
        .where(
            Interview.area_id == area_id,
            Interview.wave_id == wave_id,
            Interview.status == "finished",
            Interview.review != REJECTED,
        )
        .group_by(Interview.mode)
    )
    found = {row[0] or "": row[1] for row in rows}
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def of_days(
    session: Session, kinds: Collection[str], since: Mapping[int, date]
) -> dict[tuple[int, str], int]:
    """What was counted by the day in some villages, each since a day of its own: by village and
    kind."""
    found: dict[tuple[int, str], int] = {}
    do_last(session)
    for row in session.execute(
        select(DailyCount.area_id, DailyCount.day, DailyCount.kind, DailyCount.count.label("times"))
        .where(DailyCount.area_id.in_(since), DailyCount.kind.in_(kinds))
    ):  # fmt: skip
        if row.day >= since[row.area_id]:
            key = (row.area_id, row.kind)
            found[key] = found.get(key, 0) + row.times
    return found
