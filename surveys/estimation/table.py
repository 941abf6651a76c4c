"""All numbers of a wave's places (villages, or one area) in columns, and each place's profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from surveys.estimation import suppression as shown
from surveys.estimation.breakdowns import Broken
from surveys.estimation.changes import ChangeColumns
from surveys.estimation.decomposition import Side
from surveys.estimation.depth import (
    DeprivationColumns,
    InequalityColumns,
    deprivation_columns,
    inequality_columns,
)
from surveys.estimation.figures import Figures
from surveys.estimation.frame import FLAGS, MODES, Bools, Floats, Ints
from surveys.estimation.gaps import ChainColumns, GapColumns, chain_links, gap_figures
from surveys.estimation.headline import (
    GRADES,
    Headline,
    Margined,
    benchmarks,
    grades,
    headline_beside,
    missing_users,
    phones,
)
from surveys.estimation.indices import Index, Listing, basic_figures, index_figures, share_rows
from surveys.estimation.profile import Band, Benchmark, Figure, Kind, VillageProfile, Within
from surveys.estimation.wave import Wave


@dataclass(frozen=True, slots=True)
class About:
    """What a profile says of itself."""

    wave: str
    form_id: str
    form_version: str
    computed_at: str
    reference_area: str | None


@dataclass(frozen=True, slots=True)
class Named:
    """What is known of a place besides its answers."""

    name: str
    code: str
    area: tuple[str, ...]
    kind: Kind
    target: int | None
    households: int | None
    adults: int | None


@dataclass(frozen=True, slots=True)
class Beside:
    """What of a place's profile is found by looking at others, or at another wave."""

    hidden: bool = False
    """Enough answered, but with it something else that is hidden could be had."""
    band: Band | None = None
    compared: int = 0
    within: Within | None = None
    margined: Margined = field(default_factory=Margined)


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of figures; every one has a row a place."""

    wave: Wave
    counts: Mapping[str, Floats]
    headline: Headline
    beside: Headline
    phones: Figures
    missing: Figures
    grades: Ints
    """(places,) index into GRADES, -1 for none."""
    indices: tuple[Index, ...]
    listings: tuple[Listing, ...]
    gaps: GapColumns
    chain: ChainColumns
    benchmarks: tuple[Benchmark, ...]
    breakdowns: tuple[Broken, ...]
    deprivation: DeprivationColumns | None
    inequality: InequalityColumns | None
    change: ChangeColumns | None

    def level(self, place: int) -> shown.Level:
        """The row of METHOD's table by all who answered."""
        return shown.level(self._count("persons", place), self._count("homes", place))

    def _count(self, name: str, place: int) -> int:
        return int(self.counts[name][place])

    def _parts(self, names: tuple[str, ...], place: int) -> dict[str, int]:
        """Parts of all who answered, those that round to nothing left out."""
        persons = self._count("persons", place)
        found = {name: shown.to_five(self._count(name, place), persons) for name in names}
        return {name: count for name, count in found.items() if count}

    def profile(self, place: int, named: Named, about: About, beside: Beside) -> VillageProfile:
        """The profile of one place; of a hidden one only who answered."""
        level = self.level(place)
        complementary = beside.hidden and level != "withheld"
        hidden = beside.hidden or level == "withheld"
        none = Figure(None, withheld="complementary")

        def at(column: Figures) -> Figure:
            return none if complementary else column.at(place)

        persons, users = self._count("persons", place), self._count("users", place)
        gap, no_gap = self.gaps.at(place)
        links, weakest = self.chain.at(place)
        used, grade = beside.margined, int(self.grades[place])
        own, other = self.headline, self.beside
        compared = self.wave.reference is not None and bool(self.wave.compared[place])
        return VillageProfile(
            village=named.name,
            code=named.code,
            area=named.area,
            wave=about.wave,
            form_id=about.form_id,
            form_version=about.form_version,
            computed_at=about.computed_at,
            reference_area=about.reference_area if compared else None,
            persons=persons,
            users=0 if hidden else shown.to_five(users, persons),
            homes=self._count("homes", place),
            by_mode={} if hidden else self._parts(MODES, place),
            target=named.target,
            households=named.households,
            adults=named.adults,
            offline_known=bool(self.wave.own.known[place]),
            without_phone=at(self.phones),
            level="withheld" if hidden else level,
            grade=None if hidden or grade < 0 else GRADES[grade],
            missing_users=at(self.missing),
            online=at(own.online),
            use_of_users=at(own.of_users),
            use=at(own.use),
            reference_online=other.online.at(place),
            reference_use_of_users=other.of_users.at(place),
            reference_use=other.use.at(place),
            indices=() if complementary else tuple(one.at(place) for one in self.indices),
            shares=() if complementary else tuple(one.at(place) for one in self.listings),
            gap=None if complementary else gap,
            gap_withheld="complementary" if complementary else no_gap,
            chain=() if complementary else links,
            weakest=None if hidden else weakest,
            benchmarks=self.benchmarks,
            flags={} if hidden else self._parts(COUNTED_FLAGS, place),
            margins=() if hidden else used.variables,
            margins_of="" if hidden else used.place,
            deff=None if hidden else used.deff,
            kind=named.kind,
            complementary=complementary,
            followup=0 if hidden else self._count("visited_homes", place),
            band=None if hidden else beside.band,
            compared=0 if hidden else beside.compared,
            breakdowns=() if hidden else tuple(one.at(place) for one in self.breakdowns),
            change=None if hidden or self.change is None else self.change.at(place),
            inequality=None if hidden or self.inequality is None else self.inequality.at(place),
            deprivation=None if hidden or self.deprivation is None else self.deprivation.at(place),
            within=None if hidden else beside.within,
        )


COUNTED_FLAGS = ("flagged", *FLAGS, "rosters_differ", "rosters_short")


def table(
    wave: Wave,
    village: Side | None,
    head: Headline,
    breakdowns: tuple[Broken, ...] = (),
    change: ChangeColumns | None = None,
) -> Table:
    """Everything of a wave's places; village, head: π, ū and Ū of each, which take a pass over all
    rows, and as they are shown.
    """
    beside = wave.side(wave.reference)
    indices = [index_figures(wave, one) for one in wave.parts.indices]
    indices += [
        basic_figures(wave, one) for one in wave.parts.shares if wave.parts.ladder(one.name)
    ]
    counts = _counts(wave)
    return Table(
        wave=wave,
        counts=counts,
        headline=head,
        beside=headline_beside(wave, beside),
        phones=phones(wave),
        missing=missing_users(wave, counts["users"]),
        grades=grades(village, wave.own.visited, head.use),
        indices=tuple(indices),
        listings=tuple(share_rows(wave, one) for one in wave.parts.shares),
        gaps=gap_figures(wave, village, beside),
        chain=chain_links(wave),
        benchmarks=benchmarks(wave.parts),
        breakdowns=breakdowns,
        deprivation=deprivation_columns(wave),
        inequality=inequality_columns(wave),
        change=change,
    )


def _counts(wave: Wave) -> dict[str, Floats]:
    """How many persons and homes of every place, and of what kinds."""
    own, data = wave.own, wave.own.answers
    by_mode: dict[str, Bools] = {name: data.mode == i for i, name in enumerate(MODES)}
    kinds = {"persons": np.ones(len(data), np.bool_), "users": data.user == 1}
    return {
        name: own.persons(chosen) for name, chosen in (kinds | by_mode | dict(data.flags)).items()
    } | {
        "homes": own.results.sums(np.ones(data.homes, np.bool_)),
        "rosters_differ": own.results.sums(own.weights.differ),
        "rosters_short": own.results.sums(own.weights.short),
        "visited_homes": own.visited,
    }
