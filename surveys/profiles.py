"""From stored submissions to the profiles of villages, and how fieldwork goes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from surveys.estimation.profile import VillageProfile
from surveys.form.indicators import Indicator, from_json
from surveys.form.model import Form, Text
from surveys.form.xform import load
from surveys.store.areas import ids_of, zone_name
from surveys.store.database import Database
from surveys.store.margins import margins_for
from surveys.store.schema import (
    Area,
    DailyCount,
    FormVersion,
    Interview,
    Report,
    Respondent,
    Wave,
)

if TYPE_CHECKING:
    import pandas as pd

SILENT = timedelta(hours=24)
"""An open interview that nothing was heard of for so long counts as broken off."""

Labels = Sequence[tuple[str, Mapping[str, str]]]


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


@dataclass(frozen=True, slots=True)
class Census:
    """What the estimates need of the villages: columns as surveys.estimation.frame says."""

    code: str
    name: str
    area: tuple[str, ...]
    households: int | None
    adults: int | None
    adults_offline: int | None
    target: int | None


# Waves ------------------------------------------------------------------------------------------


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


# Profiles ---------------------------------------------------------------------------------------


def frame(
    session: Session, wave_id: int, area_ids: Collection[int], names: Collection[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The finished submissions of some villages in a wave, and those villages.

    Both as `surveys.estimation.frame` says; of the form's nodes the columns `names`.
    """
    import pandas as pd

    villages = _census(session, area_ids)
    columns: dict[str, list[Any]] = {
        name: [] for name in (*_OWN, *(name for name in names if name not in _OWN))
    }
    asked = [name for name in columns if name not in _OWN]
    for row in session.execute(
        select(
            Interview.area_id,
            Respondent.household_id,
            Respondent.entry,
            Interview.key,
            Interview.mode,
            Interview.finished_at,
            Interview.flags,
            Interview.submission,
        )
        .join(Respondent, Respondent.id == Interview.respondent_id)
        .where(
            Interview.wave_id == wave_id,
            Interview.area_id.in_(area_ids),
            Interview.status == "finished",
            Interview.submission.is_not(None),
        )
        .order_by(Interview.id)
    ):
        columns["village"].append(villages[row.area_id].code)
        columns["home"].append(row.household_id)
        columns["entry"].append(row.entry)
        columns["submission"].append(row.key)
        columns["mode"].append(row.mode or "self")
        columns["finished"].append(row.finished_at)
        columns["flags"].append(len(row.flags or ()))
        answered = {path.rpartition("/")[2]: value for path, value in row.submission.items()}
        for name in asked:
            columns[name].append(answered.get(name, ""))
    found = pd.DataFrame(columns)
    found["finished"] = pd.to_datetime(found["finished"], utc=True)
    found["flags"] = found["flags"].astype("int64")
    table = pd.DataFrame(
        [
            (v.name, v.area, v.households, v.adults, v.adults_offline, v.target)
            for v in villages.values()
        ],
        columns=["name", "area", "households", "adults", "adults_offline", "target"],
        index=pd.Index([village.code for village in villages.values()], dtype=object),
    )
    for name in ("households", "adults", "adults_offline", "target"):
        table[name] = pd.to_numeric(table[name]).astype("float64")
    return found, table


_OWN = ("village", "home", "entry", "submission", "mode", "finished", "flags")


def village_profiles(
    database: Database, wave_id: int, area_ids: Collection[int], now: datetime
) -> dict[str, VillageProfile]:
    """The profiles of those of these villages where somebody finished, by code.

    All are computed in one pass, with the reference villages of the programme. What is new is kept
    as a report; where nothing changed since the newest report, that one is given, with its date.
    """
    from surveys.estimation.profile import from_json as profile_from_json
    from surveys.estimation.profile import profiles, to_json

    with database.read() as session:
        answered = set(
            session.scalars(
                select(Interview.area_id)
                .where(
                    Interview.wave_id == wave_id,
                    Interview.area_id.in_(area_ids),
                    Interview.status == "finished",
                )
                .distinct()
            )
        )
        if not answered:
            return {}
        wave, indicators, form = _wave(session, wave_id)
        reference = _reference(session, wave)
        names = [one.name for one in indicators]
        together, margins = _margins(session, wave_id, answered | set(reference))
        data, villages = frame(session, wave_id, together, names)
        census = _census(session, answered | set(reference))
        codes = {area_id: census[area_id].code for area_id in sorted(answered)}
        beside = [census[area_id].code for area_id in reference]
        newest = _newest_reports(session, wave_id, answered)
        about = {
            "wave": wave.name,
            "form_id": form.id,
            "form_version": form.version,
            "computed_at": now.astimezone(_zone(session, wave.area_id)).isoformat("T", "seconds"),
            "reference_area": _reference_name(session, reference),
        }
    found = profiles(
        data, villages, indicators, labels_of(form), beside, about, set(codes.values()), margins
    )
    counts = data["village"].value_counts()
    fresh: list[Report] = []
    for area_id, code in codes.items():
        document = to_json(found[code])
        before = newest.get(area_id)
        if before is not None and _same(before, document):
            found[code] = profile_from_json(before)
        else:
            fresh.append(
                Report(
                    area_id=area_id,
                    wave_id=wave_id,
                    computed_at=now,
                    submissions=int(counts.get(code, 0)),
                    profile=document,
                )
            )
    if fresh:
        with database.begin() as session:
            session.add_all(fresh)
    return found


def _margins(
    session: Session, wave_id: int, area_ids: set[int]
) -> tuple[set[int], dict[tuple[str, ...], dict[str, dict[str, float]]]]:
    """These villages with those raked together with them where somebody finished; the margins."""
    beside, margins = margins_for(session, area_ids)
    if beside:
        finished = session.scalars(
            select(Interview.area_id)
            .where(Interview.wave_id == wave_id, Interview.status == "finished")
            .distinct()
        )
        beside.intersection_update(finished)
    return area_ids | beside, margins


def _same(before: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether two profiles say the same, the time they were computed at apart."""
    return before | {"computed_at": ""} == now | {"computed_at": ""}


def _newest_reports(
    session: Session, wave_id: int, area_ids: Collection[int]
) -> dict[int, dict[str, Any]]:
    last = (
        select(func.max(Report.id))
        .where(Report.wave_id == wave_id, Report.area_id.in_(area_ids))
        .group_by(Report.area_id)
    )
    rows = session.execute(select(Report.area_id, Report.profile).where(Report.id.in_(last)))
    return {row.area_id: row.profile for row in rows}


def _wave(session: Session, wave_id: int) -> tuple[Wave, tuple[Indicator, ...], Form]:
    wave = session.get_one(Wave, wave_id)
    version = session.get_one(FormVersion, wave.form_version_id)
    return wave, from_json(version.indicators), compiled(version.xform)


@lru_cache(maxsize=16)
def compiled(xform: str) -> Form:
    """A form version, compiled: a published one never changes."""
    return load(xform)


def labels_of(form: Form) -> dict[str, Labels]:
    """Of each question with choices: its values, each with its label by language."""
    return {
        question.name: [(choice.value, plain(choice.label)) for choice in question.choices.choices]
        for question in form.questions
        if question.choices is not None
    }


def plain(text: Text | None) -> dict[str, str]:
    """A text by language, with "…" where an answer would stand."""
    if text is None:
        return {}
    return {
        language: "".join(piece if isinstance(piece, str) else "…" for piece in pieces)
        for language, pieces in text.pieces.items()
    }


def _reference(session: Session, wave: Wave) -> list[int]:
    """The villages to compare with: those of the wave's reference area, else those flagged."""
    query = select(Area.id).where(Area.kind == "village").order_by(Area.id)
    if wave.reference_area_id is None:
        return list(session.scalars(query.where(Area.reference)))
    path = session.get_one(Area, wave.reference_area_id).path
    return list(session.scalars(query.where(Area.path.startswith(path, autoescape=True))))


def _reference_name(session: Session, reference: Sequence[int]) -> str:
    """One village's own name; of several, the name of the nearest area that holds them all."""
    if not reference:
        return ""
    paths = [
        ids_of(path)
        for path in session.scalars(select(Area.path).where(Area.id.in_(reference)))
    ]  # fmt: skip
    shared = [at[0] for at in zip(*paths, strict=False) if len(set(at)) == 1]
    return session.get_one(Area, shared[-1]).name


def _census(session: Session, area_ids: Collection[int]) -> dict[int, Census]:
    """Of each village what the estimates need of it, by id."""
    above = {
        row.id: row.name
        for row in session.execute(select(Area.id, Area.name).where(Area.kind != "village"))
    }
    return {
        village.id: Census(
            code=village.code or "",
            name=village.name,
            area=tuple(above[one] for one in ids_of(village.path)[:-1]),
            households=village.households,
            adults=village.adults,
            adults_offline=village.adults_offline,
            target=village.target,
        )
        for village in session.scalars(select(Area).where(Area.id.in_(area_ids)).order_by(Area.id))
    }


def _zone(session: Session, area_id: int) -> ZoneInfo:
    path = session.get_one(Area, area_id).path
    return ZoneInfo(zone_name(session, path) or "UTC")
