"""The gap and the chain of every village, as they are shown."""

from __future__ import annotations

from typing import Literal

import numpy as np

from surveys.estimation import suppression as shown
from surveys.estimation.decomposition import LinkSide, Side, chain, split
from surveys.estimation.estimates import Estimate, choose
from surveys.estimation.frame import CHAIN, Bools
from surveys.estimation.profile import Gap, Link, Withheld
from surveys.estimation.sample import Sample
from surveys.estimation.suppression import Bound, Reasons
from surveys.estimation.wave import Wave, bounds_of
from surveys.form.indicators import Indicator

LinkName = Literal["T", "C", "L", "P", "Q"]
LINKS: tuple[LinkName, ...] = ("T", "C", "L", "P", "Q")


def gap_figures(
    wave: Wave, village: Side | None, beside: Side | None
) -> tuple[list[Gap | None], list[Withheld]]:
    """The gap of every village with its split, or None and why."""
    none: list[Gap | None] = [None] * wave.count
    if wave.reference is None:
        return none, ["no_reference"] * wave.count
    if village is None or beside is None:
        return none, ["not_asked" if compared else "no_reference" for compared in wave.compared]
    why = shown.both_reasons(_direct(village.use), _direct(beside.use))
    why = np.where(wave.compared, why, "no_reference")
    parts = shown.adding_up(split(village, beside))
    known, known_beside = wave.own.known, bool(wave.reference.known[0])
    with np.errstate(invalid="ignore"):
        behind = beside.mean.value > village.mean.value
    bounds, behaviour = _bounds_of_gap(known, known_beside, behind)
    columns = [
        shown.figures(parts.total, why, bounds),
        shown.figures(parts.access, why, bounds),
        shown.figures(parts.behaviour, why, behaviour),
    ]
    gaps: list[Gap | None] = [
        None if one[0].withheld else Gap(*one) for one in zip(*columns, strict=True)
    ]
    return gaps, [one.withheld for one in columns[0]]


def chain_links(wave: Wave) -> tuple[list[tuple[Link, ...]], list[LinkName | None]]:
    """The links of every village's chain, and its weakest where one can be named."""
    links = [(name, wave.parts.chain[name]) for name in LINKS if name in wave.parts.chain]
    none: list[LinkName | None] = [None] * wave.count
    if not links:
        return [()] * wave.count, none
    bases = [wave.base(one) for _, one in links]
    own = [_link(wave.own, one, base) for (_, one), base in zip(links, bases, strict=True)]
    full = [whole for whole, _ in own]
    count = len(links)
    other = [shown.withheld(wave.count, "no_reference")] * count
    shortfalls, weakest = other, none
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
            both = shown.scores(first, shown.INDEX_FROM, bounds)
            users = shown.scores(second, shown.INDEX_FROM)
            other.append(wave.beside(both, users, full[k]))
            why = np.where(full[k], _direct(first)[0], _direct(second)[0])
            mine = choose(full[k], sides[0][k].both, sides[0][k].users)
            why = shown.both_reasons(_direct(mine), why)
            why = np.where(wave.compared, why, "no_reference")
            shortfalls.append(shown.figures(found.shortfalls[k], why, digits=1))
            reasons.append(why != "")
        named = ~np.any(reasons, axis=0) & (found.weakest >= 0) & (count == len(CHAIN))
        weakest = [
            links[k][0] if yes else None
            for k, yes in zip(found.weakest.tolist(), named.tolist(), strict=True)
        ]
    village = [
        shown.scores(
            choose(full[k], own[k][1].both, own[k][1].users),
            shown.INDEX_FROM,
            bounds_of(wave.own) if bases[k] == "zero" else None,
        )
        for k in range(count)
    ]
    rows = [
        tuple(
            Link(
                name, village[k][i], other[k][i], shortfalls[k][i],
                bases[k] if full[k][i] else "users",
            )
            for k, (name, _) in enumerate(links)
        )
        for i in range(wave.count)
    ]  # fmt: skip
    return rows, weakest


def _bounds_of_gap(
    known: Bools, known_beside: bool, behind: Bools
) -> tuple[list[Bound], list[Bound]]:
    """What the gap and its access part are, and the behaviour part; none if both sides are open.

    behind: where the village's users do less, so that behaviour grows with π.
    """
    total: list[Bound] = []
    behaviour: list[Bound] = []
    for here, lower in zip(known.tolist(), behind.tolist(), strict=True):
        if here == known_beside:
            total.append("")
        else:
            total.append("at_least" if known_beside else "at_most")
        open_side = not (here and known_beside)
        behaviour.append(("at_most" if lower else "at_least") if open_side else "")
    return total, behaviour


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


def _direct(estimate: Estimate) -> Reasons:
    return shown.reasons(estimate.n, estimate.homes, shown.DIRECT_FROM)
