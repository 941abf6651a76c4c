"""A wave from the frame to profiles: answers, weights, what is shown, tables, places.

computed = compute(frame, villages, indicators, choices, reference, margins=…)
computed.village("LP01", about)              # a village's profile
computed.area(("Programme", "He"), about)    # that of an area made of villages
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from surveys.estimation.bands import Bands, bands
from surveys.estimation.breakdowns import (
    CATEGORIES,
    Variable,
    breakdown,
    category,
    parts,
    shown_rows,
)
from surveys.estimation.changes import ChangeColumns, change_columns
from surveys.estimation.disclosure import Shown, passes
from surveys.estimation.disclosure import shown as shown_together
from surveys.estimation.followup import TwoPhase, two_phase
from surveys.estimation.frame import Answers, Bools, Floats, Ints, Measures, answers, measures
from surveys.estimation.headline import margined, margined_area
from surveys.estimation.margins import Margins, Place, Raking, raked
from surveys.estimation.profile import Band, Kind, VillageProfile
from surveys.estimation.sample import Sample, of_area, of_villages
from surveys.estimation.suppression import DIRECT_FROM
from surveys.estimation.table import About, Beside, Named, Table, table
from surveys.estimation.wave import Census, Wave
from surveys.estimation.weights import weights
from surveys.estimation.within import within
from surveys.form.indicators import Indicator

Choices = Mapping[str, Sequence[tuple[str, Mapping[str, str]]]]
BANDS: Mapping[int, Band] = {-1: "below", 0: "same", 1: "above"}
KINDS: tuple[Kind, ...] = ("programme", "county", "township")
"""What places are called from the top down."""


@dataclass(frozen=True, slots=True)
class Before:
    """The wave before, to say what has changed since."""

    wave: str
    frame: pd.DataFrame
    indicators: Sequence[Indicator]
    choices: Choices
    margins: Margins | None = None


def compute(
    frame: pd.DataFrame,
    villages: pd.DataFrame,
    indicators: Sequence[Indicator],
    choices: Choices,
    reference: Sequence[str],
    *,
    margins: Margins | None = None,
    before: Before | None = None,
) -> Computed:
    """All numbers of a wave's villages, in one pass over columns.

    `frame`, `villages`: see `surveys.estimation.frame`. `choices`: of each question its choices,
    (value, label by language). `reference`: the codes of the villages that make the reference area.
    `margins`: of online adults, by place (see `surveys.estimation.margins`).
    Raises ValueError for a code that `villages` does not have, or has twice, and for a frame
    without its own columns.
    """
    if not villages.index.is_unique:
        raise ValueError("a village's code stands twice")
    unknown = sorted(set(reference) - set(villages.index))
    if unknown:
        raise ValueError(f"no such village: {', '.join(unknown)}")
    codes = [str(code) for code in villages.index]
    at = pd.Index(codes).get_indexer(pd.Index(list(reference))).astype(np.int64)
    parts_of = measures(indicators, choices)
    data = answers(frame, codes, parts_of)
    census = _census(villages)
    places = [(*map(str, area), code) for area, code in zip(villages["area"], codes, strict=True)]
    raking = raked(data, weights(data).w, places, margins) if margins else None
    source = _Source(parts_of, data, census, raking)
    return Computed(villages, codes, places, source, at, before)


@dataclass(frozen=True, slots=True)
class _Source:
    """Everybody's answers, of which samples are taken."""

    parts: Measures
    data: Answers
    census: Census
    raking: Raking | None

    def villages(self) -> Sample:
        phases = two_phase(self.data, weights(self.data), self.census.households)
        one = self.census
        return of_villages(self.data, one.adults, one.offline, self.raking, phases)

    def area(self, which: Ints) -> Sample:
        """Some villages, by their places, as one area."""
        some, one = self.data.of(which.tolist()), self.census
        raking = self.raking
        if raking is not None:
            at = np.full(int(self.data.row.max(initial=-1)) + 1, -1, np.int64)
            at[self.data.row] = np.arange(len(self.data))
            raking = raking.rows(at[some.row], which)
        use = some.scores[self.parts.use.name] if self.parts.use is not None else None
        phases: TwoPhase | None = two_phase(some, weights(some), one.households[which])
        return of_area(some, one.adults[which], one.offline[which], use, raking, phases)


def _census(villages: pd.DataFrame) -> Census:
    def column(name: str) -> Floats:
        if name not in villages.columns:
            return np.full(len(villages), np.nan)
        return pd.to_numeric(villages[name]).to_numpy(np.float64, na_value=np.nan)

    return Census(*(column(name) for name in ("adults", "adults_offline", "households", "ring")))


class Computed:
    """A wave, computed; profiles are read off it."""

    def __init__(  # noqa: PLR0917
        self,
        villages: pd.DataFrame,
        codes: Sequence[str],
        places: Sequence[Place],
        source: _Source,
        reference: Ints,
        before: Before | None,
    ) -> None:
        self.villages, self.codes, self.places = villages, codes, places
        self.source, self.reference, self.before = source, reference, before

    # Samples ------------------------------------------------------------------------------------

    @cached_property
    def own(self) -> Sample:
        """Every village by itself."""
        return self.source.villages()

    @cached_property
    def wave(self) -> Wave:
        """The villages beside their reference area."""
        compared = np.ones(len(self.codes), np.bool_)
        compared[self.reference] = False
        return Wave(self.source.parts, self.own, self._beside, compared, self.source.census)

    @cached_property
    def _beside(self) -> Sample | None:
        return self.source.area(self.reference) if len(self.reference) else None

    # What is shown ------------------------------------------------------------------------------

    @cached_property
    def levels(self) -> list[Ints]:
        """From the lowest up: (villages,) which area above each is in; the reference area last."""
        deepest = max((len(place) for place in self.places), default=1) - 1
        found = [
            pd.factorize(
                pd.Series([place[:depth] if len(place) > depth else None for place in self.places])
            )[0].astype(np.int64)
            for depth in range(deepest, 0, -1)
        ]
        beside = np.full(len(self.codes), -1, np.int64)
        beside[self.reference] = 0
        return [*found, beside]

    @cached_property
    def shown(self) -> Shown:
        """Which villages and areas are shown at all."""
        everybody = np.ones(len(self.source.data), np.bool_)
        n, h = (one(everybody)[:, None] for one in (self.own.persons, self.own.homes))
        return shown_together(n, h, passes(n, h), self.levels)

    # Tables -------------------------------------------------------------------------------------

    @cached_property
    def table(self) -> Table:
        """The columns of all villages."""
        rows = {name: self._rows(name).leaves for name in CATEGORIES}
        return self._table(self.wave, rows, self._change)

    def _table(
        self, wave: Wave, rows: Mapping[Variable, Bools], change: ChangeColumns | None
    ) -> Table:
        use = wave.parts.use
        broken = () if use is None else tuple(
            breakdown(wave.own, wave.own.answers.scores[use.name], name, rows[name])
            for name in CATEGORIES
            if name in wave.parts.roles
        )  # fmt: skip
        return table(wave, broken, change)

    def _rows(self, variable: Variable) -> Shown:
        of = category(self.source.data, variable)
        users = self.own.persons(self.own.weights.w > 0)
        able = self.shown.leaves & (users >= DIRECT_FROM)
        return shown_rows(parts(self.own, of), able, self.levels)

    @cached_property
    def _change(self) -> ChangeColumns | None:
        if self.before is None:
            return None
        earlier = compute(
            self.before.frame, self.villages, self.before.indicators, self.before.choices, (),
            margins=self.before.margins,
        )  # fmt: skip
        sides = earlier.wave.side(earlier.own), self.wave.side(self.own)
        if sides[0] is None or sides[1] is None:
            return None
        keys = [pd.Series(one.source.data.village).astype(str) + " " for one in (earlier, self)]
        names = [
            pd.Index(key + one.source.data.names)
            for key, one in zip(keys, (earlier, self), strict=True)
        ]
        same = names[0].get_indexer(names[1]).astype(np.int64)
        return change_columns(self.before.wave, sides[0], sides[1], same)

    @cached_property
    def bands(self) -> Bands:
        """Every village against the mean of the others by U; those of the reference left out."""
        side = self.wave.side(self.own)
        if side is None:
            nothing = np.full(len(self.codes), np.nan)
            return bands(nothing, nothing, nothing, nothing)
        one = side.use
        known = np.where(self.wave.compared, one.value, np.nan)
        told = self.shown.leaves & (self.table.headline.use.why == 0)
        return bands(known, one.v, one.df, self.source.census.adults, told)

    # Profiles -----------------------------------------------------------------------------------

    def village(self, code: str, about: About) -> VillageProfile:
        """The profile of a village. Raises KeyError for one that is not there."""
        at = self._at(code)
        told = self.bands
        return self.table.profile(
            at,
            self._named(at),
            about,
            Beside(
                hidden=not bool(self.shown.leaves[at]),
                band=BANDS[int(told.band[at])] if told.compared[at] else None,
                compared=int(told.compared.sum()),
                margined=margined(
                    self.source.raking, at, str(self.villages["name"].iloc[at]), code
                ),
            ),
        )

    def area(self, place: Place, about: About, *, ranks: bool = False) -> VillageProfile:
        """The profile of an area above villages, by the names from the top down.

        ranks: whether its villages get rank intervals. Raises KeyError where there is none.
        """
        depth = len(place)
        inside = [
            at for at, one in enumerate(self.places) if len(one) > depth and one[:depth] == place
        ]
        if not inside:
            raise KeyError(place)
        which = np.array(inside, np.int64)
        level = len(self.levels) - 1 - depth
        number = int(self.levels[level][which[0]])
        own = self.source.area(which)
        compared = np.array([not set(inside) <= set(self.reference.tolist())])
        wave = Wave(
            self.source.parts, own, self._beside, compared, _whole(self.source.census, which)
        )
        rows = {
            name: np.array([bool(self._rows(name).areas[level][number])]) for name in CATEGORIES
        }
        found = self._table(wave, rows, None)
        hidden = not bool(self.shown.areas[level][number])
        villages = self.villages.iloc[inside]
        return found.profile(
            0,
            Named(
                name=place[-1],
                code="",
                area=place[:-1],
                kind=KINDS[min(depth, len(KINDS)) - 1],
                target=_total(villages["target"]),
                households=_total(villages["households"]),
                adults=_total(villages["adults"]),
            ),
            about,
            Beside(
                hidden=hidden,
                within=within(self, inside, own, BANDS, ranks=ranks),
                margined=margined_area(self.source.raking, inside, place[-1]),
            ),
        )

    def _at(self, code: str) -> int:
        if code not in self.villages.index:
            raise KeyError(code)
        return self.codes.index(code)

    def _named(self, at: int) -> Named:
        row = self.villages.iloc[at]
        return Named(
            name=str(row["name"]),
            code=self.codes[at],
            area=self.places[at][:-1],
            kind="village",
            target=_count(row["target"]),
            households=_count(row["households"]),
            adults=_count(row["adults"]),
        )


def _whole(census: Census, which: Ints) -> Census:
    """Some villages as one place; a sum of which a part is not known is not known."""
    adults, offline, households = (
        np.array([one[which].sum()]) for one in (census.adults, census.offline, census.households)
    )
    return Census(adults, offline, households, np.array([np.nan]))


def _total(column: pd.Series[float]) -> int | None:
    return None if column.isna().any() else int(column.sum())


def _count(value: float | None) -> int | None:
    return None if pd.isna(value) else int(value)


def profiles(  # noqa: PLR0917
    frame: pd.DataFrame,
    villages: pd.DataFrame,
    indicators: Sequence[Indicator],
    choices: Choices,
    reference: Sequence[str],
    about: Mapping[str, str],
    only: Collection[str] | None = None,
    margins: Margins | None = None,
) -> dict[str, VillageProfile]:
    """The profiles of all villages of a wave, or of `only` these: arguments, errors as `compute`.

    `about`: wave, form_id, form_version, computed_at, reference_area.
    """
    unknown = sorted(set(only or ()) - set(villages.index))
    if unknown:
        raise ValueError(f"no such village: {', '.join(unknown)}")
    computed = compute(frame, villages, indicators, choices, reference, margins=margins)
    said = about_of(about)
    wanted = computed.codes if only is None else [one for one in computed.codes if one in only]
    return {code: computed.village(code, said) for code in wanted}


def about_of(about: Mapping[str, str]) -> About:
    """What a profile says of itself, from texts by name."""
    return About(
        about["wave"], about["form_id"], about["form_version"], about["computed_at"],
        about.get("reference_area") or None,
    )  # fmt: skip
