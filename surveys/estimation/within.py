"""What the profile of an area says of its villages: side by side, never ranked unasked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from surveys.estimation.frame import Bools
from surveys.estimation.profile import Band, Figure, Place, Scale, Within
from surveys.estimation.ranks import rank_intervals
from surveys.estimation.small_areas import HOMES_FROM, gradient, smoothed_variances

if TYPE_CHECKING:
    from surveys.estimation.computed import Computed

RINGS_FROM = 5
"""Villages that a gradient takes, of two rings at least."""


def within(
    computed: Computed,
    villages: Sequence[int],
    scales: tuple[Scale, ...],
    bands: Mapping[int, Band],
    *,
    ranks: bool,
) -> Within:
    """The villages of an area that are shown, the gradient over all of them, and its scales.

    villages: their places.
    """
    told = [at for at in villages if computed.shown.leaves[at]]
    places = [_place(computed, at, bands) for at in told]
    if ranks:
        places = _ranked(computed, told, places)
    inside = np.zeros(len(computed.codes), np.bool_)
    inside[list(villages)] = True
    return Within(
        villages=tuple(places),
        gradient=_gradient(computed, inside & computed.wave.compared),
        modelled=int((computed.modelled & inside).sum()),
        scales=scales,
    )


def _place(computed: Computed, at: int, bands: Mapping[int, Band]) -> Place:
    one, told = computed.headline, computed.bands
    return Place(
        code=computed.codes[at],
        name=str(computed.villages["name"].iloc[at]),
        persons=int(computed.persons[at]),
        use=one.use.at(at),
        online=one.online.at(at),
        band=bands[int(told.band[at])] if told.compared[at] else None,
        latitude=_degrees(computed, "latitude", at),
        longitude=_degrees(computed, "longitude", at),
    )


def _degrees(computed: Computed, name: str, at: int) -> float | None:
    """Where a village lies; None where that is not known, or the frame of villages has no such
    column."""
    if name not in computed.villages:
        return None
    degrees = float(computed.villages[name].iloc[at])
    return degrees if np.isfinite(degrees) else None


def _ranked(computed: Computed, told: Sequence[int], places: Sequence[Place]) -> list[Place]:
    """With the ranks by U, 1 the highest, that each may have among those whose U is shown."""
    side = computed.side
    if side is None:
        return list(places)
    at = np.array(told, np.int64)
    ranked = computed.wave.compared[at] & (computed.headline.use.why[at] == 0)
    value = np.where(ranked, side.use.value[at], np.nan)
    found = rank_intervals(value, side.use.se[at], side.use.df[at])
    return [
        replace(place, ranks=(int(best), int(worst))) if best else place
        for place, best, worst in zip(places, found.best, found.worst, strict=True)
    ]


def _gradient(computed: Computed, inside: Bools) -> Figure | None:
    """U by ring outward, over the villages of three homes and more whose ring is known."""
    side, ring = computed.side, computed.source.census.ring
    if side is None:
        return None
    one = side.use
    used = inside & np.isfinite(ring) & np.isfinite(one.v) & (one.homes >= HOMES_FROM)
    psi = np.zeros(len(ring))
    if used.any():
        psi[used] = smoothed_variances(one.v[used], 1 / (one.df[used] + 1), one.homes[used])
    used &= psi > 0
    if used.sum() < RINGS_FROM or len(np.unique(ring[used])) < 2:
        return None
    slope = gradient(one.value[used], psi[used], ring[used])
    value, low, high = (
        float(np.round(number, 1)) for number in (slope.value, slope.low, slope.high)
    )
    return Figure(value, low, high)
