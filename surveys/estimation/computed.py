"""A wave computed: what is shown, tables, and the profiles that are read off them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from surveys.estimation.area_profiles import areas_at
from surveys.estimation.bands import Bands, bands, moderated
from surveys.estimation.breakdowns import (
    CATEGORIES,
    Broken,
    Parts,
    Variable,
    breakdown,
    parts,
    shown_rows,
    valued,
)
from surveys.estimation.changes import ChangeColumns, change_columns
from surveys.estimation.decomposition import Side
from surveys.estimation.disclosure import HOMES, PERSONS, Shown, passes
from surveys.estimation.disclosure import shown as shown_together
from surveys.estimation.editions import BROKEN, Editions
from surveys.estimation.fingerprints import fingerprints
from surveys.estimation.frame import Bools, Floats, Ints
from surveys.estimation.headline import Headline, headline, margined
from surveys.estimation.margins import Place
from surveys.estimation.modelled import village_model
from surveys.estimation.profile import Band, VillageProfile
from surveys.estimation.sample import Sample
from surveys.estimation.source import Source
from surveys.estimation.standing import Standing, Together
from surveys.estimation.suppression import DIRECT_FROM
from surveys.estimation.table import About, Beside, Named, Table, table
from surveys.estimation.wave import Wave

BANDS: Mapping[int, Band] = {-1: "below", 0: "same", 1: "above"}


class Computed:
    """A wave, computed; profiles are read off it."""

    def __init__(  # noqa: PLR0917
        self,
        villages: pd.DataFrame,
        codes: Sequence[str],
        places: Sequence[Place],
        source: Source,
        reference: Ints,
        earlier: tuple[str, Computed] | None,
        found: Editions,
        keys: NDArray[np.object_],
        standing: Standing | None = None,
    ) -> None:
        """villages, codes, places: of those that are computed; areas can be had whose villages are
        all among them. reference: which of them are that. standing: the others of the wave.
        """
        self.villages, self.codes, self.places = villages, codes, places
        self.standing = standing
        self.source, self.reference, self.earlier = source, reference, earlier
        self.editions, self._keys = found, keys

    def held(self) -> pd.DataFrame:
        """Whose answers the editions hold now: the columns of `editions.HELD`."""
        told = {"told": self.shown.leaves} | {
            f"told_{name}": self.rows[name].leaves for name in CATEGORIES
        }
        found = self.editions.hold
        at = pd.Index(self.codes).get_indexer(pd.Index(found["village"]))
        return found.assign(**{name: leaves[at] for name, leaves in told.items()})

    def counted(self) -> pd.DataFrame:
        """Who is in the numbers: village, submission, home; whether in those of each breakdown."""
        data = self.source.data
        every = np.ones(len(data), np.bool_)
        return pd.DataFrame(
            {
                "village": np.array(self.codes, object)[data.village[data.home]],
                "submission": self._keys,
                "home": data.names[data.home],
                **{name: self.source.broken.get(name, every) for name in BROKEN},
            }
        )

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
        together, census = self.together, self.source.census
        return Wave(self.source.parts, self.own, self.beside, compared, census, together)

    @cached_property
    def together(self) -> Together:
        """With the villages that stand: what looks across villages is found from all."""
        compared = np.ones(len(self.codes), np.bool_)
        compared[self.reference] = False
        return Together(self.source.census, compared, self.standing)

    @cached_property
    def side(self) -> Side | None:
        """π, ū and Ū of every village: one pass over all rows, that each area would do again."""
        return self.wave.side(self.own)

    @cached_property
    def beside(self) -> Sample | None:
        """The reference area; None where it may not be shown."""
        if not self.reference_shown:
            return None
        return self.source.area(self.with_answers(self.reference))

    def with_answers(self, which: Ints) -> Ints:
        """Of some villages those where anybody is in the edition; where nobody is, all of them.

        Of the others an area says nothing, not even that their adults are not counted.
        """
        answered = self._answered[which]
        return which[answered] if answered.any() else which

    @cached_property
    def _answered(self) -> Bools:
        """(villages,) where anybody is in the edition."""
        found: Bools = self.persons > 0
        return found

    @cached_property
    def persons(self) -> Floats:
        """(villages,) in the edition."""
        return self.own.persons(np.ones(len(self.source.data), np.bool_))

    @cached_property
    def headline(self) -> Headline:
        """π, ū and Ū of every village, as they are shown."""
        return headline(self.wave, self.side)

    def both(self) -> None:
        """Find what the profiles of villages and those of areas both take, before either is made
        without the other.
        """
        _ = self.bands, self.rows, self.beside, self.modelled, self.inside

    # What is shown ------------------------------------------------------------------------------

    @cached_property
    def areas(self) -> list[Ints]:
        """From the lowest up: (all villages,) which area above each is in, -1 for none."""
        places = [
            *self.places,
            *(() if self.standing is None else places_of(self.standing.villages)),
        ]
        deepest = max((len(place) for place in places), default=1) - 1
        return [
            pd.factorize(
                pd.Series([place[:depth] if len(place) > depth else None for place in places])
            )[0].astype(np.int64)
            for depth in range(deepest, 0, -1)
        ]

    @cached_property
    def _levels(self) -> tuple[list[Ints], int | None]:
        """The areas with the reference area among them, and its level; None where it lies across
        areas.
        """
        return with_reference(self.areas, self.reference)

    @cached_property
    def shown(self) -> Shown:
        """Which villages and areas are shown at all."""
        return self._first(self._all_shown)

    @cached_property
    def _all_shown(self) -> Shown:
        homes = self.own.homes(np.ones(len(self.source.data), np.bool_))
        n, h = (
            self.together.of_all(name, one)[:, None]
            for name, one in (("persons", self.persons), ("homes", homes))
        )
        known, secret = self._told("told")
        able = passes(n, h) & ~secret
        return shown_together(n, h, able, self._levels[0], known=known)

    def _first(self, one: Shown) -> Shown:
        """Of the villages that are computed, and of all areas."""
        return replace(one, leaves=one.leaves[: len(self.codes)])

    def _told(self, name: str) -> tuple[Bools, Bools]:
        """(all villages,) whose row cannot be hidden any more, and whose cannot be shown yet."""
        one = self.editions
        known, secret = (
            np.isin(self.codes, list(some)) for some in (one.known[name], one.secret[name])
        )
        return self.together.told(name, known), self.together.hidden(name, secret)

    @cached_property
    def reference_shown(self) -> bool:
        """Whether the numbers of the reference area are shown."""
        level = self._levels[1]
        if level is None:
            # Across areas it is shown only where that says nothing new.
            hidden = self._answered & ~self.shown.leaves
            return bool(len(self.reference)) and not bool(hidden[self.reference].any())
        return bool(self.shown.areas[level][0])

    def area_shown(self, depth: int, village: int, of: Shown | None = None) -> bool:
        """Whether the area of a depth above a village is shown."""
        level = len(self.areas) - depth
        if self._levels[1] is not None and self._levels[1] <= level:
            level += 1
        number = int(self._levels[0][level][village])
        return bool((of or self.shown).areas[level][number])

    # Tables -------------------------------------------------------------------------------------

    @cached_property
    def table(self) -> Table:
        """The columns of all villages."""
        rows = {name: one.leaves for name, one in self.rows.items()}
        sides = self.side, self.headline
        return table(self.wave, *sides, self._broken(self.wave, rows), self._change)

    @cached_property
    def rows(self) -> dict[Variable, Shown]:
        """Which rows of each breakdown are shown."""
        return {name: self._rows(name) for name in CATEGORIES}

    def table_of(self, wave: Wave, rows: Mapping[Variable, Bools]) -> Table:
        """The columns of areas; rows: of each breakdown (areas,) whether it is shown."""
        side = wave.side(wave.own)
        return table(wave, side, headline(wave, side), self._broken(wave, rows))

    def _broken(self, wave: Wave, rows: Mapping[Variable, Bools]) -> tuple[Broken, ...]:
        use = wave.parts.use
        return () if use is None else tuple(
            breakdown(
                wave.own, wave.own.answers.scores[use.name], name,
                self.source.category(name, wave.own.answers), rows[name],
            )
            for name in CATEGORIES
            if name in wave.parts.roles
        )  # fmt: skip

    def _rows(self, variable: Variable) -> Shown:
        of, users = self.source.category(variable, self.own.answers), self.own.weights.w > 0
        if self.wave.parts.use is not None:
            use = self.own.answers.scores[self.wave.parts.use.name]
            of, users = valued(use, of), users & np.isfinite(use)
        known, secret = self._told(f"told_{variable}")
        able = self.together.of_all(f"{variable}/users", self.own.persons(users)) >= DIRECT_FROM
        able &= self._all_shown.leaves & ~secret
        behind = parts(self.own, of)
        every = Parts(
            *(
                np.column_stack(
                    [
                        self.together.of_all(f"{variable}/{name}/{at}", column)
                        for at, column in enumerate(part.T)
                    ]
                )
                for name, part in (("persons", behind.persons), ("homes", behind.homes))
            )
        )
        return self._first(shown_rows(every, able, self._levels[0], known))

    @cached_property
    def _change(self) -> ChangeColumns | None:
        if self.earlier is None:
            return None
        name, other = self.earlier
        sides = other.wave.side(other.own), self.side
        if sides[0] is None or sides[1] is None:
            return None
        homes = [
            pd.Index(pd.Series(one.source.data.village).astype(str) + " " + one.source.data.names)
            for one in (other, self)
        ]
        same = homes[0].get_indexer(homes[1]).astype(np.int64)
        return change_columns(name, sides[0], sides[1], same, other.shown.leaves)

    @cached_property
    def bands(self) -> Bands:
        """Every village against the mean of all others by U; those of the reference left out.

        (all villages,), those that are computed first.
        """
        side, together = self.side, self.together
        if side is None:
            nothing = np.full(len(together.compared), np.nan)
            return bands(nothing, nothing, nothing, nothing)
        one = together.direct("use", side.use)
        known = np.where(together.compared, one.value, np.nan)
        told = together.of_all("use/why", self.headline.use.why) == 0
        visited = together.of_all("visited", self.own.visited) > 0
        v, df = moderated(np.where(visited, np.nan, one.v), one.df, one.homes)
        # Visited homes have a variance of their own kind.
        v, df = (np.where(visited, a, b) for a, b in ((one.v, v), (one.df, df)))
        return bands(known, v, df, together.census.adults, told & self._all_shown.leaves)

    # Profiles -----------------------------------------------------------------------------------

    def village(self, code: str, about: About) -> VillageProfile:
        """The profile of a village. Raises KeyError for one that is not there."""
        at = self._at(code)
        return self.table.profile(at, self._named(at), about, self._stands_beside(at))

    def _stands_beside(self, at: int) -> Beside:
        told = self.bands
        return Beside(
            hidden=not bool(self.shown.leaves[at]),
            band=BANDS[int(told.band[at])] if told.compared[at] else None,
            compared=self._banded,
            margined=margined(self.source.raking, at, self._names[at], self.codes[at]),
        )

    @cached_property
    def _banded(self) -> int:
        return int(self.bands.compared.sum())

    def fingerprints(self, about: About, program: str) -> dict[str, str]:
        """Of each village that is shown, by its code: the same again, the same profile, whenever it
        is made (see surveys.estimation.fingerprints). program: what stands for its version.
        """
        persons, homes = (self.table.counts[name] for name in ("persons", "homes"))
        shown = self.shown.leaves & (persons >= PERSONS) & (homes >= HOMES)
        found = fingerprints(
            self.table,
            shown,
            [(self._named(at), self._stands_beside(at)) for at in range(len(self.codes))],
            [program, replace(about, computed_at="")],
        )
        return {
            code: one for code, one in zip(self.codes, found, strict=True) if one is not None
        }  # fmt: skip

    def area(self, place: Place, about: About, *, ranks: bool = False) -> VillageProfile:
        """The profile of an area above villages, by the names from the top down.

        ranks: whether its villages get rank intervals. Raises KeyError where there is none.
        """
        return self.areas_at([place], about, ranks=ranks)[place]

    def areas_at(
        self, places: Sequence[Place], about: About, *, ranks: bool = False
    ) -> dict[Place, VillageProfile]:
        """The profiles of areas of which none lies in another, computed together: see `area`."""
        return areas_at(self, places, about, BANDS, ranks=ranks)

    @cached_property
    def inside(self) -> dict[Place, Ints]:
        """Of every place above villages those that are in it."""
        found: dict[Place, list[int]] = {}
        for at, one in enumerate(self.places):
            for depth in range(1, len(one)):
                found.setdefault(one[:depth], []).append(at)
        return {place: np.array(some, np.int64) for place, some in found.items()}

    @cached_property
    def modelled(self) -> Bools:
        """(villages,) of which the model of U is made, with all of the wave."""
        side = self.side
        if side is None:
            return np.zeros(len(self.codes), np.bool_)
        direct = self.together.direct("use", side.use)
        used = village_model(self.together, direct, np.ones(len(direct.value), np.bool_)).used
        return used[: len(self.codes)]

    def _at(self, code: str) -> int:
        return self._places[code]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {code: at for at, code in enumerate(self.codes)}

    def _named(self, at: int) -> Named:
        target, households, adults = self._known[at]
        return Named(
            name=self._names[at],
            code=self.codes[at],
            area=self.places[at][:-1],
            kind="village",
            target=_count(target),
            households=_count(households),
            adults=_count(adults),
        )

    @cached_property
    def _names(self) -> list[str]:
        return self.villages["name"].astype(str).tolist()

    @cached_property
    def _known(self) -> list[list[float]]:
        """By columns: pandas makes a row of a table in as much time as a profile takes."""
        columns = self.villages[["target", "households", "adults"]]
        found: list[list[float]] = columns.to_numpy(np.float64).tolist()
        return found


def places_of(villages: pd.DataFrame) -> list[Place]:
    """Of each village the names of the areas above it from the top down, and its code."""
    return [
        (*map(str, area), str(code))
        for area, code in zip(villages["area"], villages.index, strict=True)
    ]


def with_reference(areas: Sequence[Ints], reference: Ints) -> tuple[list[Ints], int | None]:
    """Levels with the reference area where it lies whole between two of them, and its level.

    >>> township, county = np.array([0, 0, 1, 1]), np.zeros(4, int)
    >>> with_reference([township, county], np.array([2, 3]))[1]
    0
    >>> with_reference([township, county], np.array([0]))[1]
    0
    >>> print(with_reference([township, county], np.array([0, 2]))[1])
    None
    """
    if not len(reference) or not areas:
        return list(areas), None
    inside = np.full(len(areas[0]), -1, np.int64)
    inside[reference] = 0
    for level in range(len(areas) + 1):
        # Below it lie whole areas, above it is one that holds it all.
        below = areas[level - 1] if level else np.arange(len(inside))
        whole = not np.isin(below[inside < 0], below[reference]).any()
        within_one = level == len(areas) or len(set(areas[level][reference].tolist())) == 1
        if whole and within_one:
            return [*areas[:level], inside, *areas[level:]], level
    return list(areas), None


def _count(value: float | None) -> int | None:
    return None if pd.isna(value) else int(value)
