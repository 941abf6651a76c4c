"""The submissions of a wave as the frame that estimates are made from, and its villages."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.form.model import Form, Text
from surveys.store.areas import ids_of
from surveys.store.measured import Rows, read
from surveys.store.reviews import REJECTED
from surveys.store.schema import Area, Interview

if TYPE_CHECKING:
    import pandas as pd

    from surveys.store.quality import Checked

Labels = Sequence[tuple[str, Mapping[str, str]]]


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


def finished_in(
    session: Session, wave_id: int, area_ids: Collection[int] | None = None
) -> set[int]:
    """The villages (None: of all; else of these) where somebody finished, and was not rejected."""
    query = (
        select(Interview.area_id)
        .where(
            Interview.wave_id == wave_id,
            Interview.status == "finished",
            Interview.review != REJECTED,
        )
        .distinct()
    )
    return set(
        session.scalars(query if area_ids is None else query.where(Interview.area_id.in_(area_ids)))
    )


def frame(
    session: Session,
    wave_id: int,
    area_ids: Collection[int],
    names: Collection[str],
    quality: Checked | None = None,
    *,
    rejected: Collection[str] = (),
    rows: Rows | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The finished submissions of some villages in a wave, and those villages.

    Both as `surveys.estimation.frame` says; of the form's nodes the columns `names`. `quality`:
    what was found in the wave (surveys.store.quality); without it the flags are those stored. What
    a review rejected is left out, but for these keys.
    """
    import numpy as np
    import pandas as pd

    villages = census(session, area_ids)
    found = rows or read(session, wave_id, area_ids)
    own = found.own
    places = pd.Index(list(villages)).get_indexer(pd.Index(own["area"]))
    kept = np.flatnonzero(
        (places >= 0)
        & (~own["rejected"].to_numpy() | own["submission"].isin(list(rejected)).to_numpy())
    )
    own = own.take(kept)
    if quality is not None:
        flags = quality.texts(own["id"].to_numpy())
    else:
        texts = own["stored"].map(lambda stored: " ".join(map(str, json.loads(stored) or ())))
        flags = pd.Categorical(texts)
    codes = pd.Index([village.code for village in villages.values()], dtype=object)
    columns = {
        "village": pd.Categorical.from_codes(places[kept], codes),
        **{name: own[name].array for name in ("home", "entry", "submission")},
        "mode": pd.Categorical(own["mode"]),
        "finished": own["finished"].dt.tz_localize("UTC").array,
        "flags": flags,
    }
    nothing = pd.Categorical.from_codes(np.zeros(len(own), np.int8), pd.Index([""], dtype=object))
    for name in names:
        if name not in columns:
            there = name in found.values.columns
            columns[name] = found.values[name].array.take(kept) if there else nothing
    return pd.DataFrame(columns), table(villages.values())


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
        for village in session.execute(
            select(
                Area.id, Area.code, Area.name, Area.path, Area.households, Area.adults,
                Area.adults_offline, Area.target, Area.ring, Area.latitude, Area.longitude,
            )
            .where(Area.id.in_(area_ids))
            .order_by(Area.id)
        )
    }  # fmt: skip


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
