"""Computed profiles: the newest of a place, and whose answers each edition holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from surveys.store.schema import Base, Report
from surveys.store.submissions import Census

if TYPE_CHECKING:
    import pandas as pd

    from surveys.estimation.profile import VillageProfile

AT_ONCE = 500
"""Documents that are read at a time."""

Members = Mapping[str, str]
"""Submission's key -> its home, and in which of the village's breakdowns it is; "gone" and what is
out because of them where its person was forgotten (see `surveys.estimation.editions`)."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A computed profile that is kept, and whose answers are in it; see `documents`."""

    report_id: int
    members: Members
    told: tuple[bool, ...]
    """Of each of `surveys.estimation.editions.TOLD` whether it was shown."""
    made_of: str | None
    """Its fingerprint (surveys.estimation.fingerprints), where it has one."""


class Made(NamedTuple):
    """A profile to keep."""

    area_id: int
    document: object
    """The profile, or what it is as a document."""
    members: Members
    told: tuple[bool, ...]
    made_of: str | None = None


def newest(
    session: Session, wave_id: int, area_ids: Collection[int] | None = None
) -> dict[int, Edition]:
    """The newest report of each place in a wave (None: of all places)."""
    last = select(func.max(Report.id)).where(Report.wave_id == wave_id)
    if area_ids is not None:
        last = last.where(Report.area_id.in_(area_ids))
    rows = session.execute(
        select(Report.id, Report.area_id, Report.members, Report.told, Report.made_of).where(
            Report.id.in_(last.group_by(Report.area_id))
        )
    ).all()
    # Reports of an earlier version of the program do not say it apart.
    older = documents(session, [row.id for row in rows if row.told is None])
    names = told_names()
    return {
        row.area_id: Edition(
            row.id,
            row.members or {},
            _told_of(older[row.id])
            if row.told is None
            else tuple(name in row.told.split() for name in names),
            row.made_of,
        )
        for row in rows
    }


def documents(session: Session, report_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The profiles of these reports, as they were kept."""
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(report_ids), AT_ONCE):
        some = report_ids[start : start + AT_ONCE]
        rows = session.execute(select(Report.id, Report.profile).where(Report.id.in_(some)))
        found.update({row.id: row.profile for row in rows})
    return found


def keep(session: Session, wave_id: int, made: Iterable[Made], now: datetime) -> None:
    """Keep computed profiles."""
    names = told_names()
    rows = [
        {
            "area_id": one.area_id, "wave_id": wave_id, "computed_at": now,
            "submissions": len(one.members), "profile": one.document,
            "members": dict(one.members), "made_of": one.made_of,
            "told": " ".join(compress(names, one.told)),
        }
        for one in made
    ]  # fmt: skip
    if rows:
        session.connection().execute(_KEEP, rows)


def made_again(session: Session, of: Mapping[int, str]) -> None:
    """These reports (by id) would come out of this, too, that is now there (fingerprints)."""
    if of:
        rows = [{"of": report_id, "now": one} for report_id, one in of.items()]
        session.connection().execute(_AGAIN, rows)


_REPORT = Base.metadata.tables["report"]
_KEEP = insert(_REPORT)
_AGAIN = (
    update(_REPORT).where(_REPORT.c.id == bindparam("of")).values(made_of=bindparam("now"))
)  # fmt: skip


def told_names() -> tuple[str, ...]:
    """What may be shown of a village: surveys.estimation.editions.TOLD."""
    from surveys.estimation.editions import TOLD

    return TOLD


def held_by(kept: Mapping[int, Edition], places: Mapping[int, Census]) -> pd.DataFrame:
    """Whose answers the villages' editions hold, as surveys.estimation.editions takes it."""
    import numpy as np
    import pandas as pd

    from surveys.estimation.editions import BROKEN, GONE, HELD, TOLD, nothing_held

    villages = {area_id: one for area_id, one in kept.items() if area_id in places}
    keys: list[str] = []
    homes: list[str] = []
    inside: list[str] = []
    for edition in villages.values():
        keys.extend(edition.members)
        for said in edition.members.values():
            home, _, rest = said.partition(" ")
            homes.append(home)
            inside.append(rest)
    if not keys:
        return nothing_held()
    codes, kinds = pd.factorize(np.array(inside, object))
    named = [set(kind.split()) for kind in kinds.tolist()]
    sizes = [len(one.members) for one in villages.values()]
    told = np.array([one.told for one in villages.values()], np.bool_)
    columns = {
        "village": np.repeat(np.array([places[one].code for one in villages], object), sizes),
        "submission": np.array(keys, object),
        "home": np.array(homes, object),
        **{
            name: np.array([name in one for one in named], np.bool_)[codes]
            for name in (*BROKEN, *GONE)
        },
        **{name: np.repeat(told[:, at], sizes) for at, name in enumerate(TOLD)},
    }
    return pd.DataFrame({name: columns[name] for name in HELD})


def told_in(profile: VillageProfile) -> tuple[bool, ...]:
    """Whether a village's row and its breakdowns are shown (surveys.estimation.editions.TOLD)."""
    return _told(profile.level, (one.variable for one in profile.breakdowns if not one.withheld))


def _told_of(profile: Mapping[str, Any]) -> tuple[bool, ...]:
    """The same of one that is kept."""
    broken = profile.get("breakdowns", ())
    return _told(profile["level"], (one["variable"] for one in broken if not one["withheld"]))


def _told(level: str, variables: Iterable[str]) -> tuple[bool, ...]:
    from surveys.estimation.editions import BROKEN

    shown = frozenset(variables)
    return level != "withheld", *(name in shown for name in BROKEN)
