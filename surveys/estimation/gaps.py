"""The gap and the chain of every village, as they are shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.estimation import suppression as shown
from surveys.estimation.decomposition import Interval, LinkSide, Side, Split, chain, split
from surveys.estimation.estimates import Estimate, choose
from surveys.estimation.figures import BOUNDS, REASONS, Codes, Figures
from surveys.estimation.frame import CHAIN, Bools, Ints
from surveys.estimation.kitagawa import cells, kitagawa, side
from surveys.estimation.profile import Gap, Link, LinkName, Withheld
from surveys.estimation.sample import Sample
from surveys.estimation.wave import Wave, bounds_of
from surveys.form.indicators import Indicator

LINKS: tuple[LinkName, ...] = ("T", "C", "L", "P", "Q")
INSIDE = 1.0
"""How far, in points, the behaviour part of those of known age and schooling may be from all's."""


@dataclass(frozen=True, slots=True)
class GapColumns:
    """The gap of every village with its split."""

    total: Figures
    access: Figures
    behaviour: Figures
    composition: Figures
    rate: Figures

    def at(self, village: int) -> tuple[Gap | None, Withheld]:
        """One village's, or None and why."""
        why = REASONS[self.total.why[village]]
        if why:
            return None, why
        parts = (self.total, self.access, self.behaviour, self.composition, self.rate)
        return Gap(*(one.at(village) for one in parts)), ""


def gap_figures(wave: Wave, village: Side | None, beside: Side | None) -> GapColumns:
    """The gap of every village with its split, or why there is none."""
    if wave.reference is None or village is None or beside is None:
        none = Figures.withheld(
            wave.count, "no_reference" if wave.reference is None else "not_asked"
        )
        none = none.where(wave.compared, Figures.withheld(wave.count, "no_reference"))
        return GapColumns(none, none, none, none, none)
    why = shown.both_reasons(_direct(village.use), _direct(beside.use))
    why = _unless(wave.compared, why)
    parts = shown.adding_up(split(village, beside))
    known, known_beside = wave.own.known, bool(wave.reference.known[0])
    with np.errstate(invalid="ignore"):
        behind = beside.mean.value > village.mean.value
    bounds, behaviour = _bounds_of_gap(known, known_beside, behind)
    composition, rate = _inside_behaviour(wave, village, beside, parts.behaviour)
    return GapColumns(
        shown.figures(parts.total, why, bounds),
        shown.figures(parts.access, why, bounds),
        shown.figures(parts.behaviour, why, behaviour),
        composition,
        rate,
    )


def _inside_behaviour(
    wave: Wave, village: Side, beside: Side, behaviour: Interval
) -> tuple[Figures, Figures]:
    """Composition and rate: of villages and a reference with 50 users, of two cells at least.

    They are of users whose age and schooling are known: where these would make another behaviour
    part than all users do, there is nothing to show.
    """
    few = [shown.reasons(one.mean.n, one.mean.homes, shown.FULL_FROM) for one in (village, beside)]
    why = _unless(wave.compared, shown.both_reasons(*few))
    if not {"age", "schooling"} <= wave.parts.roles.keys():
        why = np.full(wave.count, REASONS.index("not_asked"), np.int8)
    if wave.reference is None or wave.parts.use is None or not (why == 0).any():
        nothing = Figures.of(np.full(wave.count, np.nan), why)
        return nothing, nothing
    name = wave.parts.use.name
    sides = [
        side(one, one.answers.scores[name], cells(one.answers.age, one.answers.schooling))
        for one in (wave.own, wave.reference)
    ]
    found = kitagawa(*sides)
    apart = ~(np.abs(found.behaviour - behaviour.value) <= INSIDE)
    apart |= ~np.isfinite(found.composition.value)
    too_few = REASONS.index("too_few_for_this")
    why = np.where((why == 0) & apart, too_few, why).astype(np.int8)
    # In whole points, too, the two make what is shown of behaviour.
    parts = shown.adding_up(Split(behaviour, found.composition, found.rate))
    return shown.figures(parts.access, why), shown.figures(parts.behaviour, why)


@dataclass(frozen=True, slots=True)
class ChainColumns:
    """The links of every village's chain, in order, and which is its weakest."""

    names: tuple[LinkName, ...]
    bases: tuple[str, ...]
    full: tuple[Bools, ...]
    village: tuple[Figures, ...]
    reference: tuple[Figures, ...]
    shortfalls: tuple[Figures, ...]
    weakest: Ints
    """(villages,) index into `names`; -1 where none can be named."""

    def at(self, village: int) -> tuple[tuple[Link, ...], LinkName | None]:
        """One village's links, and the weakest."""
        links = tuple(
            Link(
                name,
                self.village[k].at(village),
                self.reference[k].at(village),
                self.shortfalls[k].at(village),
                self.bases[k] if self.full[k][village] else "users",
            )
            for k, name in enumerate(self.names)
        )
        weakest = int(self.weakest[village])
        return links, self.names[weakest] if weakest >= 0 else None


def chain_links(wave: Wave) -> ChainColumns:
    """The links of every village's chain, and its weakest where one can be named."""
    links = [(name, wave.parts.chain[name]) for name in LINKS if name in wave.parts.chain]
    nobody = np.full(wave.count, -1, np.int64)
    if not links:
        return ChainColumns((), (), (), (), (), (), nobody)
    bases = [wave.base(one) for _, one in links]
    own = [_link(wave.own, one, base) for (_, one), base in zip(links, bases, strict=True)]
    full = [whole for whole, _ in own]
    count = len(links)
    other = [Figures.withheld(wave.count, "no_reference")] * count
    shortfalls, weakest = other, nobody
    if wave.reference is not None:
        area = [
            _link(wave.reference, one, base) for (_, one), base in zip(links, bases, strict=True)
        ]
        # The same base on both sides.
        full = [
            np.where(wave.compared, whole & enough[0], whole)
            for whole, (enough, _) in zip(full, area, strict=True)
        ]
        sigma = [
            _spread(wave.reference, one, base) for (_, one), base in zip(links, bases, strict=True)
        ]
        sides = [side for _, side in own], [side for _, side in area]
        found = chain(*sides, full, sigma)
        other, shortfalls, reasons = [], [], []
        for k in range(count):
            bounds = bounds_of(wave.reference) if bases[k] == "zero" else None
            first, second = sides[1][k].both, sides[1][k].users
            top = 100 * wave.reference.g if bases[k] == "zero" else 100.0
            both = shown.scores(first, shown.INDEX_FROM, bounds, top)
            users = shown.scores(second, shown.INDEX_FROM)
            other.append(wave.beside(both, users, full[k]))
            why = np.where(full[k], _direct(first)[0], _direct(second)[0])
            mine = choose(full[k], sides[0][k].both, sides[0][k].users)
            why = _unless(wave.compared, shown.both_reasons(_direct(mine), why))
            shortfalls.append(shown.figures(found.shortfalls[k], why, digits=1))
            reasons.append(why != 0)
        named = ~np.any(reasons, axis=0) & (count == len(CHAIN))
        weakest = np.where(named, found.weakest, -1)
    village = [
        shown.scores(
            choose(full[k], own[k][1].both, own[k][1].users),
            shown.INDEX_FROM,
            bounds_of(wave.own) if bases[k] == "zero" else None,
            100 * wave.own.g if bases[k] == "zero" else 100.0,
        )
        for k in range(count)
    ]
    return ChainColumns(
        tuple(name for name, _ in links), tuple(bases), tuple(full),
        tuple(village), tuple(other), tuple(shortfalls), weakest,
    )  # fmt: skip


def _unless(compared: Bools, why: Codes) -> Codes:
    none = REASONS.index("no_reference")
    return np.where(compared, why, none).astype(np.int8)


def _bounds_of_gap(known: Bools, known_beside: bool, behind: Bools) -> tuple[Codes, Codes]:
    """What the gap and its access part are, and the behaviour part; none if both sides are open.

    behind: where the village's users do less, so that behaviour grows with π.
    """
    most, least = BOUNDS.index("at_most"), BOUNDS.index("at_least")
    total = np.where(known == known_beside, 0, least if known_beside else most)
    behaviour = np.where(known & known_beside, 0, np.where(behind, most, least))
    return total.astype(np.int8), behaviour.astype(np.int8)


def _link(
    sample: Sample, indicator: Indicator, base: str, power: int = 1
) -> tuple[Bools, LinkSide]:
    y = sample.answers.scores[indicator.name] ** power
    users = sample.of_users(y)
    everybody = np.ones(sample.results.count, np.bool_)
    if base == "zero":
        return everybody, LinkSide(sample.of_all(y), users)
    if base == "users":
        return everybody, LinkSide(users, users)
    full, both = sample.of_both(y)
    return full, LinkSide(both, users)


def _spread(sample: Sample, indicator: Indicator, base: str) -> tuple[float, float]:
    """The standard deviation between persons of an area, on a base and of users only."""
    (_, first), (_, second) = (_link(sample, indicator, base, power) for power in (1, 2))
    found = [
        float(np.sqrt(max(square.value[0] - mean.value[0] ** 2, 0.0)))
        for mean, square in ((first.both, second.both), (first.users, second.users))
    ]
    return found[0], found[1]


def _direct(estimate: Estimate) -> Codes:
    return shown.reasons(estimate.n, estimate.homes, shown.DIRECT_FROM)
