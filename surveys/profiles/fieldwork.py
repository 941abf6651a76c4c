"""How fieldwork goes: which wave an area is in, and who has answered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from surveys.profiles.pace import WINDOW, Outlook, Prospect, outlook
from surveys.store.areas import ids_of, zone_name
from surveys.store.fieldwork import Counts, WaveAt, counts, newest_waves, of_days, wave_at
from surveys.store.schema import Area, Wave

SILENT = timedelta(hours=24)
"""An open interview that nothing was heard of for so long counts as broken off."""
QUIET = timedelta(days=3)
"""A village in which nobody answered anything for so long has gone quiet."""


@dataclass(frozen=True, slots=True)
class VillageProgress:
    """How fieldwork goes in one village, in its newest wave."""

    area_id: int
    code: str
    name: str
    path: str
    above: str
    """The name of the area that it is in."""
    zone: ZoneInfo
    wave: WaveAt | None
    """None: there never was one."""
    target: int | None
    opened: int
    """How often the link was opened by someone who had not begun."""
    declined: int
    started: int
    """Agreed and began, whatever came of it."""
    visited: int
    """Of those started: homes drawn by lot and visited, who needed no link."""
    finished: int
    stopped: int
    silent: int
    """Open, and nothing heard for more than 24 hours."""
    recent: int
    """Finished in the last 7 days, visited homes apart."""
    pace: float | None
    """The same by day; None where the wave is closed or younger than 3 days."""
    prospect: Prospect
    """What is to be said of the end: see `surveys.profiles.pace.Outlook`."""
    expected: date | None
    """When the target is reached at this pace, by the village's clock; None unless `on`."""
    last_answer: datetime | None
    """When somebody last answered anything."""
    quiet: bool
    """Nobody answered anything for 3 days, though the wave is open and the target not reached."""

    @property
    def broken_off(self) -> int:
        """Stopped, or silent for more than 24 hours."""
        return self.stopped + self.silent

    @property
    def under_way(self) -> int:
        """Begun, and heard of within 24 hours."""
        return self.started - self.finished - self.broken_off

    @property
    def share(self) -> float:
        """Of the target, 0 to 1; where there is none, 1 if anybody finished."""
        if not self.target:
            return 1.0 if self.finished else 0.0
        return min(self.finished / self.target, 1.0)


@dataclass(frozen=True, slots=True)
class Part:
    """An area that some of the villages lie in."""

    name: str
    rows: tuple[VillageProgress, ...]

    @property
    def finished(self) -> int:
        """Persons who finished there."""
        return sum(row.finished for row in self.rows)

    @property
    def target(self) -> int | None:
        """The sum of the targets; None where one of them is not known."""
        targets = [row.target for row in self.rows]
        return sum(one for one in targets if one) if all(targets) else None

    @property
    def share(self) -> float:
        """Of all its targets: what one village has above its own does not help another."""
        target = self.target
        if not target:
            return 1.0 if self.finished else 0.0
        return sum(min(row.finished, row.target or 0) for row in self.rows) / target


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
    now = now or datetime.now(UTC)
    villages = session.scalars(
        select(Area)
        .where(Area.id.in_(area_ids), Area.kind == "village")
        .order_by(Area.name, Area.code)
    ).all()
    waves = (
        newest_waves(session, villages)
        if wave_id is None
        else [wave_at(session, wave_id)] * len(villages)
    )
    names = _names(session, {village.parent_id for village in villages})
    counted = counts(
        session, area_ids, silent_since=now - SILENT, recent_since=now - timedelta(days=WINDOW)
    )

    @cache
    def zone(parent_path: str) -> ZoneInfo:
        return ZoneInfo(zone_name(session, parent_path) or "UTC")

    zones = [
        ZoneInfo(village.time_zone) if village.time_zone else zone(_above(village.path))
        for village in villages
    ]
    since = {
        village.id: wave.opened_at.astimezone(zone).date() if wave else date.min
        for village, wave, zone in zip(villages, waves, zones, strict=True)
    }
    days = of_days(session, ("opened", "declined"), since)
    rows = []
    for village, wave, there in zip(villages, waves, zones, strict=True):
        row = counted.get((village.id, wave.id), Counts()) if wave else Counts()
        ahead = _outlook(village, wave, row, now.astimezone(there))
        rows.append(
            VillageProgress(
                area_id=village.id,
                code=village.code or "",
                name=village.name,
                path=village.path,
                above=names.get(village.parent_id or 0, ""),
                zone=there,
                wave=wave,
                target=village.target,
                opened=days.get((village.id, "opened"), 0),
                declined=days.get((village.id, "declined"), 0),
                started=row.started,
                visited=row.visited,
                finished=row.finished,
                stopped=row.stopped,
                silent=row.silent,
                recent=row.recent,
                pace=ahead.pace,
                prospect=ahead.prospect,
                expected=ahead.expected,
                last_answer=row.last_heard,
                quiet=_quiet(wave, row, ahead, now),
            )
        )
    return rows


def furthest_behind_first(rows: Iterable[VillageProgress]) -> list[VillageProgress]:
    """The villages in the order in which they need somebody."""
    return sorted(rows, key=lambda row: (row.share, -((row.target or 0) - row.finished)))


def behind(rows: Collection[VillageProgress]) -> list[VillageProgress]:
    """The villages that lag, furthest behind first: not reached at this pace, or with less than
    half of the share of its target that all have together. Nobody lags in the first days.
    """
    aimed = [row for row in rows if row.target]
    together = Part("", tuple(aimed)).share
    return [
        row
        for row in furthest_behind_first(aimed)
        if row.prospect == "never"
        or (row.prospect in ("early", "on") and row.pace is not None and row.share < together / 2)
    ]


def parts_of(session: Session, rows: Sequence[VillageProgress], most: int) -> list[Part]:
    """The areas right above these villages, each with its villages, furthest behind first; where
    they are more than `most`, the areas above those. Empty where all lie in one.
    """
    paths = {row.area_id: ids_of(row.path) for row in rows}
    # From the township up, at the root none is left: all lie in that.
    for up in range(2, max(map(len, paths.values()), default=0)):
        found: dict[int, list[VillageProgress]] = {}
        for row in rows:
            path = paths[row.area_id]
            found.setdefault(path[max(len(path) - up, 0)], []).append(row)
        if len(found) <= 1:
            return []
        if len(found) <= most:
            names = _names(session, found)
            made = [Part(names[one], tuple(some)) for one, some in found.items()]
            return sorted(made, key=lambda part: part.share)
    return []


def names_above(session: Session, rows: Iterable[VillageProgress]) -> dict[int, str]:
    """The names of all areas that these villages lie in, by id."""
    return _names(session, {one for row in rows for one in ids_of(row.path)[:-1]})


def _outlook(village: Area, wave: WaveAt | None, row: Counts, now: datetime) -> Outlook:
    if wave is None:
        return Outlook("closed", None, None)
    # While it is ending nobody begins: nothing can be said of a pace.
    over = wave.closed_at or (now if wave.closing_at else None)
    return outlook(
        row.finished, row.recent, village.target, opened=wave.opened_at, closed=over, now=now
    )


def _quiet(wave: WaveAt | None, row: Counts, ahead: Outlook, now: datetime) -> bool:
    if wave is None or ahead.prospect in ("reached", "closed"):
        return False
    return max(wave.opened_at, row.last_heard or wave.opened_at) < now - QUIET


def _above(path: str) -> str:
    """The path of the area above: "/1/4/9/" -> "/1/4/"."""
    return path.rstrip("/").rpartition("/")[0] + "/"


def _names(session: Session, area_ids: Iterable[int | None]) -> dict[int, str]:
    rows = session.execute(
        select(Area.id, Area.name).where(Area.id.in_([one for one in area_ids if one is not None]))
    )
    return {row.id: row.name for row in rows}
