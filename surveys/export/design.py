"""What each submission and each village weighs in the profiles: the same numbers, not made anew.

They are made for some villages at a time: those raked together, whose editions wait for each other,
or that are the reference together, at once. What is kept of everybody are some fifty bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from surveys.export.flags import Flags, compared
from surveys.export.runs import Place, runs
from surveys.export.table import Cell
from surveys.form.indicators import Indicator, from_json
from surveys.store.areas import reference_villages
from surveys.store.forms import versions_of_wave
from surveys.store.margins import margins_for
from surveys.store.measured import read
from surveys.store.quality import Checked
from surveys.store.reports import held_by, newest
from surveys.store.schema import FormVersion, Wave
from surveys.store.submissions import Census, census, finished_in, frame

if TYPE_CHECKING:
    from surveys.estimation.computed import Computed
    from surveys.estimation.margins import Margins

ROWS = (
    "base_weight", "weight", "in_profile", "roster_x", "roster_no_phone", "phase", "visit_weight",
    "visit_adults", "raking_pool", "raking_sex_age", "raking_schooling",
)  # fmt: skip
"""The columns of a submission that come from here."""
VILLAGES = (
    "online_homes", "online_homes_known", "persons", "homes", "followup", "visited_homes",
    "visited_share", "raking_pool", "raking_place", "raking_size", "raking_deff",
)  # fmt: skip
"""The columns of a village that come from here."""


PHASES = (None, "answered", "visited")


@dataclass(frozen=True, slots=True)
class Weighed:
    """Of each submission of some villages what it weighs, by its interview's id, ascending."""

    ids: NDArray[np.int64]
    entry: NDArray[np.uint16]
    """1 / base_weight; 0: neither a user nor a non-user."""
    used: NDArray[np.bool_]
    weight: NDArray[np.float64]
    """This and what follows of who is `used`; NaN: nothing."""
    x: NDArray[np.float64]
    no_phone: NDArray[np.float64]
    phase: NDArray[np.int8]
    """Index into PHASES."""
    visits: NDArray[np.float64]
    """(2, submissions) visit_weight and visit_adults; (2, 0) where nobody was visited."""
    pool: NDArray[np.int32]
    codes: NDArray[np.int8]
    """(2, submissions); -1: none, as of `pool`."""

    def batch(self, ids: Sequence[int]) -> list[Sequence[Cell]]:
        """The columns of `ROWS` of some submissions."""
        wanted = np.asarray(ids, np.int64)
        if not len(self.ids):
            nothing: list[Cell] = [None] * len(ids)
            return [nothing, nothing, [0] * len(ids), *[nothing] * (len(ROWS) - 3)]
        at = np.minimum(np.searchsorted(self.ids, wanted), len(self.ids) - 1)
        there = self.ids[at] == wanted
        used = self.used[at] & there
        some = at[used]

        def known(values: NDArray[np.float64]) -> list[Cell]:
            return _known(_spread(values, used))

        def code(values: NDArray[Any]) -> list[Cell]:
            found = np.full(len(wanted), -1, np.int64)
            found[used] = values
            return _codes(found)

        visits = self.visits if self.visits.shape[1] else np.full((2, len(self.ids)), np.nan)
        phase = code(self.phase[some])
        return [
            [1 / one if one else None for one in np.where(there, self.entry[at], 0).tolist()],
            known(self.weight[some]),
            used.astype(int).tolist(),
            known(self.x[some]),
            known(self.no_phone[some]),
            [None if one is None else PHASES[int(one)] for one in phase],  # type: ignore[arg-type]
            known(visits[0][some]),
            known(visits[1][some]),
            code(self.pool[some]),
            code(self.codes[0][some]),
            code(self.codes[1][some]),
        ]


@dataclass(frozen=True, slots=True)
class Design:
    """Weights as the profiles of a wave have them."""

    rows: Weighed
    """Who is not in it is in no estimate at all."""
    villages: Mapping[str, tuple[Cell, ...]]
    """Code -> its cells of `VILLAGES`."""
    census: Mapping[int, Census]
    """Of each village with answers, by id."""
    reference: frozenset[int]
    raked: bool
    """Whether weights were raked anywhere in the wave."""


@dataclass(frozen=True, slots=True)
class _Wave:
    """What is the same for all villages of a wave."""

    id: int
    roles: Sequence[Indicator]
    reference: frozenset[int]
    places: Mapping[int, Census]
    margins: Margins
    over: bool


@dataclass
class _Found:
    """What was computed so far."""

    rows: list[Weighed] = field(default_factory=list)
    villages: list[dict[str, list[Cell]]] = field(default_factory=list)
    """Of each run, by code."""
    pools: list[Sequence[Place]] = field(default_factory=list)
    """Of each run the places of its pools."""
    raked: bool = False


def design(session: Session, wave_id: int) -> tuple[Design, Checked]:
    """The weights of everybody in a wave, as a profile computed now has them, and the flags.

    Of the whole wave, whatever is exported: villages are raked together, flags compare everybody.
    """
    wave = session.get_one(Wave, wave_id)
    indicators = from_json(session.get_one(FormVersion, wave.form_version_id).indicators)
    reference = frozenset(reference_villages(session, wave))
    together = finished_in(session, wave_id) | set(reference)
    known = _Wave(
        id=wave_id,
        # What a weight is made of are the roles alone; no score is read.
        roles=[replace(one, kind=None) for one in indicators if one.role is not None],
        reference=reference,
        places=census(session, together),
        margins=margins_for(session, together)[1],
        over=wave.closed_at is not None,
    )
    found = _Found()
    versions = versions_of_wave(session, wave_id)
    flags = Flags(wave_id, compared([one.indicators for one in versions]))
    places = {area_id: (*one.area, one.code) for area_id, one in known.places.items()}
    for some in runs(session, wave_id, places, known.margins, reference):
        _compute(session, known, some, found, flags)
    numbers = _numbers(list(places.values()), found.pools)
    at = VILLAGES.index("raking_pool")
    of_village: dict[str, tuple[Cell, ...]] = {}
    for cells, number in zip(found.villages, numbers, strict=True):
        for code, one in cells.items():
            pool = one[at]
            one[at] = None if pool is None else int(number[int(pool)])  # type: ignore[arg-type]
            of_village[code] = tuple(one)
    weights = _joined(found.rows, numbers)
    return Design(weights, of_village, known.places, reference, found.raked), flags.checked()


def _compute(
    session: Session, known: _Wave, area_ids: Sequence[int], found: _Found, flags: Flags
) -> None:
    """Add what some villages weigh, and what stands out there."""
    import pandas as pd

    from surveys.estimation.frame import answers, measures
    from surveys.estimation.villages import compute
    from surveys.estimation.weights import weights

    read_ones = read(session, known.id, area_ids)
    flags.add(session, area_ids, read_ones)
    villages = [one for one in area_ids if one in known.places]
    if not villages:
        return
    rows, places = frame(
        session, known.id, villages, [one.name for one in known.roles], rows=read_ones
    )
    reference = [known.places[one].code for one in sorted(known.reference.intersection(villages))]
    computed = compute(
        rows, places, known.roles, {}, reference,
        margins=known.margins,
        held=held_by(newest(session, known.id, villages), known.places),
        over=known.over,
    )  # fmt: skip
    at = pd.Index(read_ones.own["submission"]).get_indexer(pd.Index(rows["submission"]))
    ids = read_ones.own["id"].to_numpy(np.int64)[at]
    every = answers(rows, computed.codes, measures(known.roles, {}))
    base = weights(every)
    # A non-user weighs 1; of whom it is not known whether they are one weighs nothing.
    first = base.w + base.other
    entry = np.zeros(len(rows), np.uint16)
    entry[every.row[first > 0]] = np.rint(1 / first[first > 0]).astype(np.uint16)
    found.rows.append(_rows(computed, ids, entry))
    of_villages = map(list, _villages(computed))
    found.villages.append(dict(zip(computed.codes, of_villages, strict=True)))
    raking = computed.source.raking
    found.pools.append(() if raking is None else raking.place)
    found.raked |= raking is not None and bool((raking.pool >= 0).any())


def _rows(computed: Computed, ids: NDArray[np.int64], entry: NDArray[np.uint16]) -> Weighed:
    """What everybody weighs; ids, entry: (rows of the frame,)."""
    sample, raking = computed.own, computed.source.raking
    data, own, phases = sample.answers, sample.weights, sample.phases
    count = len(ids)

    def spread(values: Any, nothing: float, kind: Any) -> NDArray[Any]:
        wide = np.full(count, nothing, kind)
        wide[data.row] = values
        return wide

    weight = own.w + own.other
    phase, visits = np.zeros(count, np.int8), np.zeros((2, 0))
    if phases is not None:
        followed = phases.village[data.village[data.home]]
        visited = phases.visited[data.home]
        phase = spread(np.where(followed, 1 + visited, 0), 0, np.int8)
        stands = (phases.w, phases.adults[data.home])
        visits = np.stack(
            [spread(np.where(followed, one, np.nan), np.nan, np.float64) for one in stands]
        )
    none = np.full((2, count), -1, np.int8)
    return Weighed(
        ids=ids,
        entry=entry,
        used=spread(True, 0, np.bool_),
        weight=spread(np.where(weight == 0, np.nan, weight), np.nan, np.float64),
        x=spread(own.x, np.nan, np.float64),
        no_phone=spread(own.no_phone, np.nan, np.float64),
        phase=phase,
        visits=visits,
        pool=spread(-1 if raking is None else raking.pool, -1, np.int32),
        codes=none if raking is None else np.stack(
            [spread(one, -1, np.int8) for one in raking.codes]
        ),
    )  # fmt: skip


def _joined(parts: Sequence[Weighed], numbers: Sequence[NDArray[np.int32]]) -> Weighed:
    """All runs as one, pools by their numbers in the wave."""
    if not parts:
        none = np.zeros(0)
        return Weighed(
            none.astype(np.int64), none.astype(np.uint16), none.astype(np.bool_), none, none, none,
            none.astype(np.int8), np.zeros((2, 0)), none.astype(np.int32),
            np.zeros((2, 0), np.int8),
        )  # fmt: skip
    order = np.argsort(np.concatenate([one.ids for one in parts]))

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(one, name) for one in parts])[order]

    visited = any(one.visits.shape[1] for one in parts)
    visits = [
        one.visits if one.visits.shape[1] else np.full((2, len(one.ids)), np.nan)
        for one in parts
    ]  # fmt: skip
    pools = [
        np.append(number, -1)[one.pool].astype(np.int32)
        for one, number in zip(parts, numbers, strict=True)
    ]
    return Weighed(
        ids=column("ids"),
        entry=column("entry"),
        used=column("used"),
        weight=column("weight"),
        x=column("x"),
        no_phone=column("no_phone"),
        phase=column("phase"),
        visits=np.concatenate(visits, axis=1)[:, order] if visited else np.zeros((2, 0)),
        pool=np.concatenate(pools)[order],
        codes=np.concatenate([one.codes for one in parts], axis=1)[:, order],
    )


def _numbers(places: Sequence[Place], pools: Sequence[Sequence[Place]]) -> list[NDArray[np.int32]]:
    """Of each run the numbers of its pools in the whole wave: villages first, then what is above
    them, nearest first, each in the order of the villages (as `surveys.estimation.margins` does).
    """
    deepest = max(map(len, places), default=0)
    own = {place: at for at, place in enumerate(places)}
    first: dict[Place, int] = {}
    for at, place in enumerate(places):
        for depth in range(1, len(place)):
            first.setdefault(place[:depth], at)

    def order(place: Place) -> tuple[int, int]:
        if place in own:
            return 0, own[place]
        return 1 + deepest - len(place), first[place]

    every = sorted({(order(place), run, at) for run, one in enumerate(pools)
                    for at, place in enumerate(one)})  # fmt: skip
    numbers = [np.zeros(len(one), np.int32) for one in pools]
    for number, (_, run, at) in enumerate(every):
        numbers[run][at] = number
    return numbers


def _spread(values: NDArray[np.float64], rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    wide = np.full(len(rows), np.nan)
    wide[rows] = values
    return wide


def _villages(computed: Computed) -> list[tuple[Cell, ...]]:
    sample, raking = computed.own, computed.source.raking
    count = len(computed.codes)
    everybody = np.ones(len(sample.answers), np.bool_)
    nothing: list[Cell] = [None] * count
    pool, place, size, deff = nothing, nothing, nothing, nothing
    if raking is not None:
        pool = _codes(raking.of_village)
        place = [None if one is None else raking.place[int(one)][-1] for one in pool]  # type: ignore[arg-type]
        size = [None if one is None else int(raking.size[int(one)]) for one in pool]  # type: ignore[arg-type]
        deff = [None if one is None else float(raking.deff[int(one)]) for one in pool]  # type: ignore[arg-type]
    phases = sample.phases
    followed = [False] * count if phases is None else phases.village.tolist()
    columns = (
        sample.g.tolist(),
        sample.known.astype(int).tolist(),
        _whole(sample.persons(everybody)),
        _whole(sample.homes(everybody)),
        [int(yes) for yes in followed],
        _whole(sample.visited),
        nothing if phases is None else _known(phases.f),
        pool,
        place,
        size,
        deff,
    )
    return list(zip(*columns, strict=True))


def _known(values: Any) -> list[Cell]:
    return [None if one != one else one for one in values.tolist()]  # noqa: PLR0124 - NaN


def _codes(values: Any) -> list[Cell]:
    return [None if one < 0 else one for one in values.tolist()]


def _whole(values: Any) -> list[Cell]:
    return [int(one) for one in values.tolist()]
