"""What each submission and each village weighs in the profiles: the same numbers, not made anew.

They are made for some villages at a time: those whose editions wait for each other, or that are the
reference together, at once; then all are raked, by what raking needs to know of them. What is kept
of everybody are some fifty bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.export.flags import Flags, compared
from surveys.export.giving_back import give_back
from surveys.export.kept import WEIGHED, Kept
from surveys.export.plan import numbers
from surveys.export.runs import Place, runs
from surveys.export.table import Cell
from surveys.form.indicators import Indicator, from_json
from surveys.store.areas import reference_villages
from surveys.store.forms import Version, versions_of_wave
from surveys.store.margins import margins_for
from surveys.store.measured import Rows, read
from surveys.store.reports import held_by, newest
from surveys.store.schema import FormVersion, Interview, Wave
from surveys.store.submissions import Census, census, finished_in, frame

if TYPE_CHECKING:
    from surveys.estimation.alike import Alike
    from surveys.estimation.computed import Computed
    from surveys.estimation.margins import Margins, Raking

VILLAGES = (
    "online_homes", "online_homes_known", "persons", "homes", "followup", "visited_homes",
    "visited_share", "raking_pool", "raking_place", "raking_size", "raking_deff",
)  # fmt: skip
"""The columns of a village that come from here."""
NOT_RAKED: tuple[Cell, ...] = (None,) * 4
"""The last four of a village that was not raked."""


TOGETHER = 30
"""Villages that are read at a time: of a submission 2 KB are in memory while it is read."""


AT_ONCE = 50_000
"""Submissions that get the weights of raking at a time."""


SELDOM = 10
"""Runs after which what was freed is given back: it costs twenty milliseconds each time."""


class Weighed:
    """Of each submission of a wave what it weighs, by its interview's id: some 26 bytes."""

    def __init__(self, ids: NDArray[np.int64]) -> None:
        """ids: of all finished interviews, ascending."""
        count = len(ids)
        self.ids = ids
        self.entry = np.zeros(count, np.uint16)
        """1 / base_weight; 0: neither a user nor a non-user, or in no estimate."""
        self.used = np.zeros(count, np.bool_)
        self.weight = np.full(count, np.nan)
        """This and what follows of who is `used`; NaN: nothing."""
        self.rosters: NDArray[np.unsignedinteger] = np.zeros((2, count), np.uint16)
        """roster_x and roster_no_phone: indices into `values`."""
        self.values = {float("nan"): 0}
        self.visits: NDArray[np.float64] | None = None
        """(2, submissions) visit_weight and visit_adults; None where nobody was visited."""
        self.phase = np.zeros(count, np.int8)
        """Index into `surveys.export.kept.PHASES`."""
        self.pool = np.full(count, -1, np.int32)
        self.codes = np.full((2, count), -1, np.int8)
        """-1: none, as of `pool`."""

    def at(self, ids: Any) -> NDArray[np.int64]:
        """Where some interviews stand."""
        found: NDArray[np.int64] = np.searchsorted(self.ids, ids)
        return found

    def roster(self, values: NDArray[np.float64]) -> NDArray[np.int32]:
        """Values of rosters, of which there are few, as indices."""
        found, at = np.unique(values[np.isfinite(values)], return_inverse=True)
        numbers = [self.values.setdefault(one, len(self.values)) for one in found.tolist()]
        if len(self.values) > np.iinfo(self.rosters.dtype).max:
            self.rosters = self.rosters.astype(np.uint32)
        wide = np.zeros(len(values), np.int32)
        wide[np.isfinite(values)] = np.array(numbers, np.int32)[at]
        return wide

    def rake(self, raking: Raking) -> None:
        """What everybody weighs after raking; `pool` says until then with whom they are alike."""
        for start in range(0, len(self.ids), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            which = self.pool[some].copy()
            known = which >= 0
            alike = which[known]
            weight, w = self.weight[some], raking.w[alike]
            weight[known] = np.where(w > 0, w, weight[known])
            self.pool[some][known] = raking.pool[alike]
            for own, codes in zip(self.codes, raking.codes, strict=True):
                own[some][known] = codes[alike]

    def records(self, ids: Sequence[int]) -> NDArray[Any]:
        """What some submissions weigh, as it is kept; of who is in no estimate zeros."""
        wanted = np.asarray(ids, np.int64)
        found = np.zeros(len(wanted), WEIGHED)
        if not len(self.ids):
            return found
        at = np.minimum(self.at(wanted), len(self.ids) - 1)
        there = self.ids[at] == wanted
        found["entry"] = np.where(there, self.entry[at], 0)
        used = np.flatnonzero(self.used[at] & there)
        some = at[used]
        found["used"][used] = True
        for name in ("weight", "phase", "pool"):
            found[name][used] = getattr(self, name)[some]
        for name in ("rosters", "codes"):
            found[name][used] = getattr(self, name)[:, some].T
        found["visits"][used] = np.nan if self.visits is None else self.visits[:, some].T
        return found


@dataclass(frozen=True, slots=True)
class Design:
    """Weights as the profiles of a wave have them."""

    villages: Mapping[str, tuple[Cell, ...]]
    """Code -> its cells of `VILLAGES`."""
    census: Mapping[int, Census]
    """Of each village with answers, by id."""
    reference: frozenset[int]
    raked: bool
    """Whether weights were raked anywhere in the wave."""


class Everybody:
    """What was computed of everybody in a wave, in memory until it is kept."""

    def __init__(self, weighed: Weighed, flags: Flags) -> None:
        self.weighed: Weighed | None = weighed
        """None once it is kept."""
        self.flags = flags

    def keep(self, ids: Sequence[int], folder: Path | None = None) -> Kept:
        """That of an export's submissions, in its order, on the disk; nothing stays in memory.

        folder: where it waits (None: the system's). Raises RuntimeError the second time.
        """
        if self.weighed is None:
            raise RuntimeError("what was computed is kept already")
        kept = Kept(ids, folder)
        kept.weigh(self.weighed)
        # Before flags are compared, which takes memory.
        self.weighed = None
        kept.flag(self.flags.checked())
        del self.flags
        return kept


@dataclass(frozen=True, slots=True)
class _Wave:
    """What is the same for all villages of a wave."""

    id: int
    versions: Sequence[Version]
    roles: Sequence[Indicator]
    reference: frozenset[int]
    places: Mapping[int, Census]
    margins: Margins
    over: bool
    names: Sequence[str]
    """Of the nodes that weights and flags read."""
    apart: Sequence[Place]
    """As `surveys.estimation.margins.told_apart`."""
    numbers: Mapping[str, int]
    """Of each village's code its place among those."""


@dataclass
class _Found:
    """What was computed so far."""

    rows: Weighed
    flags: Flags
    villages: dict[str, tuple[Cell, ...]] = field(default_factory=dict)
    """By code, without what raking adds."""
    alike: list[Alike] = field(default_factory=list)
    """Of each run."""


def design(session: Session, wave_id: int) -> tuple[Design, Everybody]:
    """The weights of a wave as a profile computed now has them, of its villages and of everybody.

    Of the whole wave, whatever is exported: villages are raked together, flags compare everybody.
    """
    from surveys.estimation.margins import told_apart

    wave = session.get_one(Wave, wave_id)
    indicators = from_json(session.get_one(FormVersion, wave.form_version_id).indicators)
    versions = versions_of_wave(session, wave_id)
    in_any = compared([one.indicators for one in versions])
    reference = frozenset(reference_villages(session, wave))
    together = finished_in(session, wave_id) | set(reference)
    there = census(session, together)
    places = {area_id: (*one.area, one.code) for area_id, one in there.items()}
    margins = margins_for(session, together)[1]
    apart, number = told_apart(list(places.values()), margins)
    known = _Wave(
        id=wave_id,
        versions=versions,
        # What a weight is made of are the roles alone; no score is read.
        roles=[replace(one, kind=None) for one in indicators if one.role is not None],
        reference=reference,
        places=there,
        margins=margins,
        over=wave.closed_at is not None,
        names=sorted({one.name for one in (*indicators, *in_any) if one.role is not None}),
        apart=apart,
        numbers=dict(zip((one[-1] for one in places.values()), number.tolist(), strict=True)),
    )
    ids = _finished(session, wave_id)
    flags = Flags(wave_id, versions, in_any, ids)
    found = _Found(Weighed(ids), flags)
    for run, some in enumerate(runs(session, wave_id, places, reference), 1):
        _compute(session, known, some, found)
        if not run % SELDOM:
            give_back()
    pools = _rake(found, known) if found.alike else {}
    of_village = {
        code: (*cells, *pools.get(code, NOT_RAKED)) for code, cells in found.villages.items()
    }
    raked = bool((found.rows.pool >= 0).any())
    return Design(of_village, known.places, reference, raked), Everybody(found.rows, flags)


def _rake(found: _Found, known: _Wave) -> dict[str, tuple[Cell, ...]]:
    """Rake everybody; by the code of each village of the wave what raking adds to its cells."""
    from surveys.estimation.alike import Alike
    from surveys.estimation.margins import raked_alike

    alike = Alike.together(found.alike)
    found.alike.clear()
    give_back()
    raking = raked_alike(alike, known.apart, known.margins)
    found.rows.rake(raking)
    cells = _pools(raking)
    return {code: cells[number] for code, number in known.numbers.items()}


def _finished(session: Session, wave_id: int) -> NDArray[np.int64]:
    """The ids of all finished interviews of a wave, ascending."""
    query = select(Interview.id).where(
        Interview.wave_id == wave_id, Interview.status == "finished"
    )  # fmt: skip
    ids = np.array(numbers(session, query), np.int64)
    ids.sort()
    return ids


def _compute(session: Session, known: _Wave, area_ids: Sequence[int], found: _Found) -> None:
    """Add what some villages weigh, and what stands out there."""
    import pandas as pd

    from surveys.estimation.frame import answers, measures
    from surveys.estimation.margins import alike_of
    from surveys.estimation.villages import compute
    from surveys.estimation.weights import weights

    read_ones = _read(session, known, area_ids)
    stored = found.flags.add(session, area_ids, read_ones)
    villages = [one for one in area_ids if one in known.places]
    if not villages:
        return
    rows, places = frame(
        session, known.id, villages, [one.name for one in known.roles], stored, rows=read_ones
    )
    reference = [known.places[one].code for one in sorted(known.reference.intersection(villages))]
    # Raked are all villages at once, when everybody is known.
    computed = compute(
        rows, places, known.roles, {}, reference,
        held=held_by(newest(session, known.id, villages), known.places),
        over=known.over,
    )  # fmt: skip
    row = pd.Index(read_ones.own["submission"]).get_indexer(pd.Index(rows["submission"]))
    ids = read_ones.own["id"].to_numpy(np.int64)[row]
    every = answers(rows, computed.codes, measures(known.roles, {}))
    base = weights(every)
    # A non-user weighs 1; of whom it is not known whether they are one weighs nothing.
    first = base.w + base.other
    some = first > 0
    found.rows.entry[found.rows.at(ids[every.row[some]])] = np.rint(1 / first[some])
    at = found.rows.at(ids[computed.own.answers.row])
    _put(computed, found.rows, at)
    found.villages.update(zip(computed.codes, _villages(computed), strict=True))
    if known.margins:
        number = np.array([known.numbers[code] for code in computed.codes], np.int64)
        alike, which = alike_of(computed.own.answers, computed.own.weights.w, number)
        found.rows.pool[at] = which + sum(len(one.w) for one in found.alike)
        found.alike.append(alike)


def _read(session: Session, known: _Wave, area_ids: Sequence[int]) -> Rows:
    """As `surveys.store.measured.read`, in smaller parts."""
    import pandas as pd

    own: list[pd.DataFrame] = []
    values: dict[str, list[Any]] = {}
    for start in range(0, len(area_ids), TOGETHER):
        those = area_ids[start : start + TOGETHER]
        some = read(session, known.id, those, known.versions, known.names)
        own.append(some.own)
        for name in some.values.columns:
            values.setdefault(name, []).append(some.values[name].array)
    order = np.argsort(np.concatenate([one["id"].to_numpy() for one in own]), kind="stable")
    together = {
        name: pd.api.types.union_categoricals(parts).take(order) for name, parts in values.items()
    }
    found = pd.concat(own, ignore_index=True).take(order).reset_index(drop=True)
    return Rows(found, pd.DataFrame(together, index=found.index))


def _put(computed: Computed, rows: Weighed, at: NDArray[np.int64]) -> None:
    """What everybody in the editions weighs before raking; at: their places."""
    sample = computed.own
    data, own, phases = sample.answers, sample.weights, sample.phases
    weight = own.w + own.other
    rows.used[at] = True
    rows.weight[at] = np.where(weight == 0, np.nan, weight)
    rosters = rows.roster(own.x), rows.roster(own.no_phone)
    rows.rosters[:, at] = rosters
    if phases is not None:
        if rows.visits is None:
            rows.visits = np.full((2, len(rows.ids)), np.nan)
        followed = phases.village[data.village[data.home]]
        rows.phase[at] = np.where(followed, 1 + phases.visited[data.home], 0)
        for place, one in enumerate((phases.w, phases.adults[data.home])):
            rows.visits[place][at] = np.where(followed, one, np.nan)


def _villages(computed: Computed) -> list[tuple[Cell, ...]]:
    """Of each village its cells of `VILLAGES` without what raking adds."""
    sample = computed.own
    count = len(computed.codes)
    everybody = np.ones(len(sample.answers), np.bool_)
    nothing: list[Cell] = [None] * count
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
    )
    return list(zip(*columns, strict=True))


def _pools(raking: Raking) -> list[tuple[Cell, ...]]:
    """Of each place that raking tells apart what it adds to the cells of a village."""
    of_pool = [
        (at, place[-1], int(size), float(deff))
        for at, (place, size, deff) in enumerate(
            zip(raking.place, raking.size.tolist(), raking.deff.tolist(), strict=True)
        )
    ]
    return [NOT_RAKED if one < 0 else of_pool[one] for one in raking.of_village.tolist()]


def _known(values: Any) -> list[Cell]:
    return [None if one != one else one for one in values.tolist()]  # noqa: PLR0124 - NaN


def _whole(values: Any) -> list[Cell]:
    return [int(one) for one in values.tolist()]
