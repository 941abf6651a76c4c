"""The profiles of areas above villages, read off tables of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from surveys.estimation.census import Census
from surveys.estimation.disclosure import Shown
from surveys.estimation.frame import Bools, Ints
from surveys.estimation.headline import margined_area
from surveys.estimation.margins import Place
from surveys.estimation.profile import Band, Kind, VillageProfile
from surveys.estimation.scale_figures import scale_figures
from surveys.estimation.table import About, Beside, Named
from surveys.estimation.wave import Wave
from surveys.estimation.within import within

if TYPE_CHECKING:
    from surveys.estimation.computed import Computed

KINDS: tuple[Kind, ...] = ("programme", "county", "township")
"""What places are called from the top down."""


def areas_at(
    computed: Computed,
    places: Sequence[Place],
    about: About,
    bands: Mapping[int, Band],
    *,
    ranks: bool = False,
) -> dict[Place, VillageProfile]:
    """The profiles of areas, by their names from the top down; none of them lies in another.

    All villages of an area must be among those that are computed. ranks: whether they get rank
    intervals. Raises KeyError where there is no such area.
    """
    source = computed.source
    insides = [computed.inside[place] for place in places]
    own = source.areas([computed.with_answers(one) for one in insides])
    reference = set(computed.reference.tolist())
    compared = np.array([not set(one.tolist()) <= reference for one in insides])
    wave = Wave(source.parts, own, computed.beside, compared, _whole(source.census, insides))

    def told(of: Shown) -> Bools:
        return np.array(
            [
                computed.area_shown(len(place), int(one[0]), of)
                for place, one in zip(places, insides, strict=True)
            ]
        )

    shown, scales = told(computed.shown), scale_figures(source.parts, own)
    found = computed.table_of(wave, {name: told(one) for name, one in computed.rows.items()})
    return {
        place: found.profile(
            number,
            _named(computed.villages.iloc[inside], place),
            about,
            Beside(
                hidden=not bool(shown[number]),
                within=within(computed, inside.tolist(), scales[number], bands, ranks=ranks),
                margined=margined_area(source.raking, inside.tolist(), place[-1]),
            ),
        )
        for number, (place, inside) in enumerate(zip(places, insides, strict=True))
    }


def _named(villages: pd.DataFrame, place: Place) -> Named:
    return Named(
        name=place[-1],
        code="",
        area=place[:-1],
        kind=KINDS[min(len(place), len(KINDS)) - 1],
        target=_total(villages["target"]),
        households=_total(villages["households"]),
        adults=_total(villages["adults"]),
    )


def _whole(census: Census, areas: Sequence[Ints]) -> Census:
    """Some villages as one place each; a sum of which a part is not known is not known."""
    adults, offline, households = (
        np.array([one[which].sum() for which in areas])
        for one in (census.adults, census.offline, census.households)
    )
    return Census(adults, offline, households, np.full(len(areas), np.nan))


def _total(column: pd.Series[float]) -> int | None:
    return None if column.isna().any() else int(column.sum())
