"""A wave computed in one pass, with what editions held of it before and whose answers they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.estimation.profile import VillageProfile
from surveys.form.indicators import Indicator
from surveys.form.indicators import from_json as indicators_from_json
from surveys.form.model import Form
from surveys.store.areas import ids_of, reference_villages, zone_name
from surveys.store.forms import compiled, lists_of
from surveys.store.margins import margins_for
from surveys.store.measured import read
from surveys.store.quality import checked
from surveys.store.reports import Edition, held_by, newest
from surveys.store.reviews import editions_of, rejected_in
from surveys.store.schema import Area, FormVersion, Wave
from surveys.store.submissions import Census, census, finished_in, frame, labels_of

if TYPE_CHECKING:
    import pandas as pd

    from surveys.estimation.computed import Computed
    from surveys.estimation.editions import Editions
    from surveys.estimation.pace import Pace
    from surveys.estimation.standing import Standing
    from surveys.estimation.table import About
    from surveys.estimation.villages import Before


@dataclass(frozen=True, slots=True)
class Among:
    """Some villages of a wave: only they are computed."""

    villages: frozenset[int]
    """With them the reference area, and all that are raked with one of them."""
    areas: frozenset[int]
    """Areas whose villages are all among them, that may be asked for."""
    standing: Standing
    """All others of the wave."""
    pace: Pace
    """How long interviews take in all of them."""


@dataclass(frozen=True, slots=True)
class Round:
    """A wave (or some villages of it) as it is computed, and what was kept of it before."""

    wave_id: int
    rows: pd.DataFrame
    census: Mapping[int, Census]
    ids: Mapping[str, int]
    """Of each village, by its code."""
    kept: Mapping[int, Edition]
    computed: Computed
    editions: Editions
    about: About
    organisation: str
    contact: str
    whose: Mapping[str, Mapping[str, str]]
    """Village's code -> whose answers its edition holds: key -> home and breakdowns."""
    counted: Mapping[str, Mapping[str, str]]
    """Who is in the numbers of each village, by its code: key -> home."""
    answered: Mapping[str, tuple[int, int]]
    """Village's code -> persons who have answered there by now, and homes."""
    inside: Mapping[tuple[str, ...], Sequence[str]]
    """Of each place above villages, by its names from the top, the codes of those in it."""
    areas: dict[tuple[str, ...], VillageProfile]
    """The profiles of areas, as far as they are computed."""
    rejected: Mapping[str, int]
    """Village's code -> how many of its submissions a review rejected."""
    there: frozenset[str]
    """The submissions of which nobody asked to be forgotten."""
    over: bool
    """Whether the wave is closed."""
    reference: frozenset[str]
    """The codes of its villages."""
    pace: Pace
    """What the speed of interviews was compared with."""

    def in_numbers(self, codes: Collection[str]) -> dict[str, str]:
        """Who is in the numbers of an area made of these villages: key -> home."""
        found: dict[str, str] = {}
        for code in codes:
            found |= self.counted.get(code, {})
        return found

    def stands(self, code: str) -> bool:
        """Whether what was published of a village stands, whatever has changed around it.

        Someone of it was forgotten; or of its reference, or of the wave before, and it has no new
        edition: then only that would show.
        """
        earlier = self.computed.earlier
        around = self.editions.frozen & self.reference
        before = earlier is not None and code in earlier[1].editions.frozen
        still = code not in self.editions.advanced and (bool(around) or before)
        return code in self.editions.frozen or still


def computed_round(
    session: Session, wave_id: int, now: datetime, among: Among | None = None
) -> Round:
    """Read a wave, with what editions held of it, and compute it; `now` dates new ones.

    among: only these villages, of a wave that is open and has none before it.
    """
    from surveys.estimation.leaving import Rejected as RejectedAnswers
    from surveys.estimation.table import About
    from surveys.estimation.villages import compute

    wave, indicators, form = _wave(session, wave_id)
    reference = reference_villages(session, wave)
    only = None if among is None else among.villages
    together = finished_in(session, wave_id, only) | set(reference)
    _, margins = margins_for(session, together)
    names = [one.name for one in indicators]
    kept = newest(session, wave_id, None if among is None else among.villages | among.areas)
    rejected = rejected_in(session, wave_id)
    still = _still_held(session, wave_id, rejected, kept)
    together |= {rejected[key] for key in still.keys}
    everybody = read(session, wave_id, only)
    pace = None if among is None else among.pace
    quality = checked(session, wave_id, only, rows=everybody, pace=pace)
    rows, villages = frame(
        session, wave_id, together, names, quality, rejected=still.keys, rows=everybody
    )
    places = census(session, together)
    past = {places[area_id].code: told for area_id, told in still.past.items()}
    computed = compute(
        rows,
        villages,
        indicators,
        labels_of(form),
        [places[area_id].code for area_id in reference],
        margins=margins,
        before=_wave_before(session, wave, together) if among is None else None,
        held=held_by(kept, places),
        rejected=RejectedAnswers(still.keys, past),
        over=wave.closed_at is not None,
        standing=None if among is None else among.standing,
    )
    at = now.astimezone(_zone(session, wave.area_id)).isoformat("T", "seconds")
    return Round(
        wave_id=wave_id,
        rows=rows,
        census=places,
        ids={place.code: area_id for area_id, place in places.items()},
        kept=kept,
        computed=computed,
        editions=computed.editions,
        about=About(
            wave.name, form.id, form.version, at, reference_name(session, reference) or None
        ),
        organisation=wave.organisation,
        contact=wave.contact,
        whose=_whose(computed),
        counted=_by_village(computed.counted()),
        answered=_answered(rows),
        inside=_insides(places.values()),
        areas={},
        rejected=Counter(places[one].code for one in rejected.values() if one in places),
        there=frozenset(rows["submission"].to_numpy(object)) | rejected.keys(),
        over=wave.closed_at is not None,
        reference=frozenset(places[area_id].code for area_id in reference),
        pace=quality.pace,
    )


@dataclass(frozen=True, slots=True)
class _StillHeld:
    """What a review rejected of that which editions hold."""

    keys: frozenset[str]
    past: Mapping[int, Sequence[Mapping[str, str]]]
    """Of the villages of these: the members of all their editions."""


def _still_held(
    session: Session, wave_id: int, rejected: Mapping[str, int], kept: Mapping[int, Edition]
) -> _StillHeld:
    """What is in no edition yet never comes into one; the rest is in it until it can leave."""
    keys = frozenset(
        key for key, area_id in rejected.items() if area_id in kept and key in kept[area_id].members
    )
    past = {
        area_id: editions_of(session, wave_id, area_id)
        for area_id in {rejected[key] for key in keys}
    }
    return _StillHeld(keys, past)


def _whose(computed: Computed) -> dict[str, dict[str, str]]:
    """Whose answers the edition of each village holds."""
    held = computed.held()
    return _by_village(held, home_and(held))


def _by_village(rows: pd.DataFrame, said: Sequence[str] | None = None) -> dict[str, dict[str, str]]:
    """Of each village: submission's key -> what is said of it, its home where nothing is given."""
    import numpy as np
    import pandas as pd

    codes, villages = pd.factorize(rows["village"])
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(1, len(villages)))
    keys = rows["submission"].to_numpy(object)[order].tolist()
    texts = rows["home"].to_numpy(object) if said is None else np.array(said, object)
    texts = texts[order].tolist()
    bounds = [0, *ends.tolist(), len(keys)]
    return {
        str(village): dict(zip(keys[start:end], texts[start:end], strict=True))
        for village, start, end in zip(villages, bounds, bounds[1:], strict=False)
    }


def home_and(held: pd.DataFrame) -> list[str]:
    """A home, and in which breakdowns its person is, as a report keeps it: of each row."""
    import numpy as np

    from surveys.estimation.editions import BROKEN, GONE

    names = (*BROKEN, *GONE)
    kinds = np.zeros(len(held), np.int64)
    for place, name in enumerate(names):
        kinds |= held[name].to_numpy(bool).astype(np.int64) << place
    suffix = [
        "".join(f" {name}" for place, name in enumerate(names) if kind >> place & 1)
        for kind in range(1 << len(names))
    ]
    return [
        home + suffix[kind]
        for home, kind in zip(held["home"].to_numpy(object), kinds.tolist(), strict=True)
    ]


def _answered(rows: pd.DataFrame) -> dict[str, tuple[int, int]]:
    grouped = rows.groupby("village", observed=True)["home"]
    sizes, homes = grouped.size(), grouped.nunique()
    return {
        str(code): (persons, several)
        for code, persons, several in zip(
            sizes.index, sizes.tolist(), homes.reindex(sizes.index).tolist(), strict=True
        )
    }


def _insides(places: Collection[Census]) -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for place in places:
        for depth in range(1, len(place.area) + 1):
            found.setdefault(place.area[:depth], []).append(place.code)
    return found


def wave_before(session: Session, wave: Wave) -> Wave | None:
    """The wave before in the same area, or in one that it is part of."""
    path = session.get_one(Area, wave.area_id).path
    return session.scalar(
        select(Wave)
        .where(
            Wave.area_id.in_(ids_of(path)),
            Wave.opened_at < wave.opened_at,
            Wave.closed_at.is_not(None),
        )
        .order_by(Wave.opened_at.desc(), Wave.id.desc())
        .limit(1)
    )


def _wave_before(session: Session, wave: Wave, villages: Collection[int]) -> Before | None:
    from surveys.estimation.villages import Before

    earlier = wave_before(session, wave)
    if earlier is None:
        return None
    _, indicators, form = _wave(session, earlier.id)
    names = [one.name for one in indicators]
    kept = newest(session, earlier.id)
    # Of a wave that is over no more editions are made for what is rejected now.
    still = _still_held(session, earlier.id, rejected_in(session, earlier.id), kept)
    rows, _ = frame(session, earlier.id, villages, names, rejected=still.keys)
    held = held_by(kept, census(session, villages))
    _, margins = margins_for(session, set(villages))
    return Before(earlier.name, rows, indicators, labels_of(form), margins, held)


def _wave(session: Session, wave_id: int) -> tuple[Wave, tuple[Indicator, ...], Form]:
    wave = session.get_one(Wave, wave_id)
    version = session.get_one(FormVersion, wave.form_version_id)
    lists = lists_of(session, version.id, version.xform)
    return wave, indicators_from_json(version.indicators), compiled(version.xform, lists)


def reference_name(session: Session, reference: Sequence[int]) -> str:
    """One village's own name; of several, the name of the nearest area that holds them all."""
    if not reference:
        return ""
    paths = [
        ids_of(path)
        for path in session.scalars(select(Area.path).where(Area.id.in_(reference)))
    ]  # fmt: skip
    shared = [at[0] for at in zip(*paths, strict=False) if len(set(at)) == 1]
    return session.get_one(Area, shared[-1]).name


def _zone(session: Session, area_id: int) -> ZoneInfo:
    path = session.get_one(Area, area_id).path
    return ZoneInfo(zone_name(session, path) or "UTC")
