"""What each submission and each village weighs in the profiles: the same numbers, not made anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from surveys.export.table import Cell
from surveys.form.indicators import from_json
from surveys.store.areas import reference_villages
from surveys.store.margins import margins_for
from surveys.store.reports import held_by, newest
from surveys.store.schema import FormVersion, Wave
from surveys.store.submissions import Census, census, finished_in, frame

if TYPE_CHECKING:
    from surveys.estimation.computed import Computed

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


@dataclass(frozen=True, slots=True)
class Design:
    """Weights as the profiles of a wave have them."""

    rows: Mapping[str, tuple[Cell, ...]]
    """Key -> its cells of `ROWS`; not there: in no estimate at all."""
    villages: Mapping[str, tuple[Cell, ...]]
    """Code -> its cells of `VILLAGES`."""
    census: Mapping[int, Census]
    """Of each village with answers, by id."""
    reference: frozenset[int]
    raked: bool
    """Whether weights were raked anywhere in the wave."""


def design(session: Session, wave_id: int) -> Design:
    """The weights of everybody in a wave, as a profile computed now has them.

    Of the whole wave, whatever is exported: villages are raked together.
    """
    from surveys.estimation.frame import answers, measures
    from surveys.estimation.villages import compute
    from surveys.estimation.weights import weights

    wave = session.get_one(Wave, wave_id)
    indicators = from_json(session.get_one(FormVersion, wave.form_version_id).indicators)
    # What a weight is made of are the roles alone; no score is read.
    roles = [replace(one, kind=None) for one in indicators if one.role is not None]
    reference = reference_villages(session, wave)
    together = finished_in(session, wave_id) | set(reference)
    _, margins = margins_for(session, together)
    found, villages = frame(session, wave_id, together, [one.name for one in roles])
    places = census(session, together)
    computed = compute(
        found,
        villages,
        roles,
        {},
        [places[area_id].code for area_id in reference],
        margins=margins,
        held=held_by(newest(session, wave_id), places),
        over=wave.closed_at is not None,
    )
    keys = found["submission"].to_numpy(object)
    every = answers(found, computed.codes, measures(roles, {}))
    base = weights(every)
    # A non-user weighs 1; of whom it is not known whether they are one weighs nothing.
    first = dict(zip(keys[every.row], (base.w + base.other).tolist(), strict=True))
    rest: tuple[Cell, ...] = (None, 0, *[None] * (len(ROWS) - 3))
    rows = {key: (w or None, *rest) for key, w in first.items()}
    for key, cells in zip(keys[computed.source.data.row], _rows(computed), strict=True):
        rows[key] = (first[key] or None, *cells)
    return Design(
        rows,
        dict(zip(computed.codes, _villages(computed), strict=True)),
        places,
        frozenset(reference),
        computed.source.raking is not None and bool((computed.source.raking.pool >= 0).any()),
    )


def _rows(computed: Computed) -> list[tuple[Cell, ...]]:
    """The cells of `ROWS` but the first, of everybody in the villages' editions."""
    sample, raking = computed.own, computed.source.raking
    data, own, phases = sample.answers, sample.weights, sample.phases
    nothing: list[Cell] = [None] * len(data)
    phase, stands, adults = nothing, nothing, nothing
    if phases is not None:
        followed = phases.village[data.village[data.home]].tolist()
        visited = phases.visited[data.home].tolist()
        of_person, of_home = phases.w.tolist(), phases.adults[data.home].tolist()
        phase = [
            ("visited" if one else "answered") if yes else None
            for yes, one in zip(followed, visited, strict=True)
        ]
        stands = [w if yes else None for yes, w in zip(followed, of_person, strict=True)]
        adults = [w if yes else None for yes, w in zip(followed, of_home, strict=True)]
    raked = [nothing] * 3
    if raking is not None:
        raked = [_codes(one) for one in (raking.pool, *raking.codes)]
    columns = (
        [w or None for w in (own.w + own.other).tolist()],
        [1] * len(data),
        _known(own.x),
        _known(own.no_phone),
        phase,
        stands,
        adults,
        *raked,
    )
    return list(zip(*columns, strict=True))


def _villages(computed: Computed) -> list[tuple[Cell, ...]]:
    import numpy as np

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
