"""The submissions of a wave as the frame that estimates are made from, and its villages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.form.model import Form, Text
from surveys.store.areas import ids_of
from surveys.store.reviews import REJECTED
from surveys.store.schema import Area, Interview, Respondent

if TYPE_CHECKING:
    import pandas as pd

    from surveys.store.quality import Checked

Labels = Sequence[tuple[str, Mapping[str, str]]]
BATCH = 2000
"""Rows that are read at a time."""
_OWN = ("village", "home", "entry", "submission", "mode", "finished", "flags")


@dataclass(frozen=True, slots=True)
class Census:
    """What the estimates need of a village: columns as surveys.estimation.frame says."""

    code: str
    name: str
    area: tuple[str, ...]
    households: int | None
    adults: int | None
    adults_offline: int | None
    target: int | None
    ring: int | None
    latitude: float | None
    longitude: float | None


def finished_in(session: Session, wave_id: int) -> set[int]:
    """The villages where somebody finished, and was not rejected."""
    return set(
        session.scalars(
            select(Interview.area_id)
            .where(
                Interview.wave_id == wave_id,
                Interview.status == "finished",
                Interview.review != REJECTED,
            )
            .distinct()
        )
    )


def frame(
    session: Session,
    wave_id: int,
    area_ids: Collection[int],
    names: Collection[str],
    quality: Checked | None = None,
    *,
    rejected: Collection[str] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The finished submissions of some villages in a wave, and those villages.

    Both as `surveys.estimation.frame` says; of the form's nodes the columns `names`. `quality`:
    what was found in the wave (surveys.store.quality); without it the flags are those stored. What
    a review rejected is left out, but for these keys.
    """
    import pandas as pd

    villages = census(session, area_ids)
    asked = [name for name in dict.fromkeys(names) if name not in _OWN]
    columns: dict[str, list[Any]] = {name: [] for name in (*_OWN, *asked)}
    rows = session.execute(
        select(
            Interview.id,
            Interview.area_id,
            Respondent.household_id,
            Respondent.entry,
            Interview.key,
            Interview.mode,
            Interview.finished_at,
            Interview.flags,
            Interview.submission,
            Interview.review,
        )
        .join(Respondent, Respondent.id == Interview.respondent_id)
        .where(
            Interview.wave_id == wave_id,
            Interview.area_id.in_(area_ids),
            Interview.status == "finished",
            Interview.submission.is_not(None),
        )
        .order_by(Interview.id),
        execution_options={"yield_per": BATCH},
    )
    ids: list[int] = []
    despite = set(rejected)
    for row in rows:
        if row.review == REJECTED and row.key not in despite:
            continue
        ids.append(row.id)
        columns["village"].append(villages[row.area_id].code)
        columns["home"].append(row.household_id)
        columns["entry"].append(row.entry)
        columns["submission"].append(row.key)
        columns["mode"].append(row.mode or "self")
        columns["finished"].append(row.finished_at)
        columns["flags"].append("" if quality else " ".join(map(str, row.flags or ())))
        answered = by_name(row.submission)
        for name in asked:
            columns[name].append(answered.get(name, ""))
    few = {"village", "mode", "flags", *asked}
    found = pd.DataFrame(
        {
            name: pd.Categorical(values) if name in few else pd.Series(values, dtype=object)
            for name, values in columns.items()
        }
    )
    if quality is not None:
        found["flags"] = quality.texts(ids)
    found["finished"] = pd.to_datetime(found["finished"], utc=True)
    return found, table(villages.values())


def by_name(submission: Mapping[str, str]) -> dict[str, str]:
    """A submission's answers by the names of their questions, those in repeats left out: of these a
    person has several.

    >>> by_name({"/data/home/age": "40", "/data/person[1]": "", "/data/person[1]/age": "7"})
    {'age': '40'}
    """
    return {path.rpartition("/")[2]: value for path, value in submission.items() if "[" not in path}


def table(villages: Collection[Census]) -> pd.DataFrame:
    """Villages as a frame by code, as surveys.estimation.frame says."""
    import pandas as pd

    numbers = (
        "households", "adults", "adults_offline", "target", "ring", "latitude", "longitude",
    )  # fmt: skip
    found = pd.DataFrame(
        [(v.name, v.area, *(getattr(v, name) for name in numbers)) for v in villages],
        columns=["name", "area", *numbers],
        index=pd.Index([village.code for village in villages], dtype=object),
    )
    for name in numbers:
        found[name] = pd.to_numeric(found[name]).astype("float64")
    return found


def census(session: Session, area_ids: Collection[int]) -> dict[int, Census]:
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
            ring=village.ring,
            latitude=village.latitude,
            longitude=village.longitude,
        )
        for village in session.scalars(select(Area).where(Area.id.in_(area_ids)).order_by(Area.id))
    }


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
