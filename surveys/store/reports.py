"""Computed profiles: the newest of a place, and whose answers each edition holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from surveys.store.schema import Base, Report
from surveys.store.submissions import Census

if TYPE_CHECKING:
    import pandas as pd

Members = Mapping[str, str]
"""Submission's key -> its home, and in which of the village's breakdowns it is; "gone" and what is
out because of them where its person was forgotten (see `surveys.estimation.editions`)."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A computed profile and whose answers are in it."""

    profile: dict[str, Any]
    members: Members


def newest(
    session: Session, wave_id: int, area_ids: Collection[int] | None = None
) -> dict[int, Edition]:
    """The newest report of each place in a wave (None: of all places)."""
    last = select(func.max(Report.id)).where(Report.wave_id == wave_id)
    if area_ids is not None:
        last = last.where(Report.area_id.in_(area_ids))
    rows = session.execute(
        select(Report.area_id, Report.profile, Report.members).where(
            Report.id.in_(last.group_by(Report.area_id))
        )
    )
    return {row.area_id: Edition(row.profile, dict(row.members or {})) for row in rows}


def keep(
    session: Session,
    wave_id: int,
    made: Iterable[tuple[int, dict[str, Any], Members]],
    now: datetime,
) -> None:
    """Keep computed profiles: place, document, members."""
    rows = [
        {
            "area_id": area_id, "wave_id": wave_id, "computed_at": now,
            "submissions": len(members), "profile": document, "members": dict(members),
        }
        for area_id, document, members in made
    ]  # fmt: skip
    if rows:
        session.connection().execute(_KEEP, rows)


_KEEP = insert(Base.metadata.tables["report"])


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
    told = np.array([_told(one.profile) for one in villages.values()], np.bool_)
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


def _told(profile: Mapping[str, Any]) -> tuple[bool, ...]:
    """Whether a village's row and its breakdowns were shown (surveys.estimation.editions.TOLD)."""
    from surveys.estimation.editions import BROKEN

    shown = {one["variable"] for one in profile.get("breakdowns", ()) if not one["withheld"]}
    return profile["level"] != "withheld", *(name in shown for name in BROKEN)
