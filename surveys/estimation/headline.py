"""π, ū and Ū, who is missing from them, and how far they are to be trusted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from surveys.estimation import suppression as shown
from surveys.estimation.decomposition import Interval, Side
from surveys.estimation.figures import Figures, reason
from surveys.estimation.frame import Floats, Ints, Measures, plain_label
from surveys.estimation.indices import BASIC
from surveys.estimation.margins import Place, Raking
from surveys.estimation.modelled import modelled_figures
from surveys.estimation.profile import Benchmark
from surveys.estimation.sample import Sample, without_phone
from surveys.estimation.wave import Wave, bounds_of
from surveys.form.indicators import Indicator

Grade = Literal["A", "B", "C"]
GRADES: tuple[Grade, ...] = ("A", "B", "C")
HALF_A, HALF_B = 5, 10
"""How far Ū's interval may reach to each side, in points."""


@dataclass(frozen=True, slots=True)
class Headline:
    """π, ū and Ū of every place."""

    online: Figures
    of_users: Figures
    use: Figures


def headline(wave: Wave, side: Side | None) -> Headline:
    """Of every village; those with few persons by the model."""
    found = _direct(wave, wave.own, side)
    if side is None:
        return found
    return Headline(
        modelled_figures(
            wave, "online", side.online, found.online, scale=100.0, limits=(1.0, 99.0)
        ),
        found.of_users,
        modelled_figures(wave, "use", side.use, found.use),
    )


def headline_beside(wave: Wave, side: Side | None) -> Headline:
    """Of the reference area, beside every village."""
    if wave.reference is None:
        none = Figures.withheld(wave.count, "no_reference")
        return Headline(none, none, none)
    found = _direct(wave, wave.reference, side)
    return Headline(*(wave.beside(one) for one in (found.online, found.of_users, found.use)))


def _direct(wave: Wave, sample: Sample, side: Side | None) -> Headline:
    count, bounds = sample.results.count, bounds_of(sample)
    none = Figures.withheld(count, "not_asked")
    online = shown.online(sample.online, sample.g, bounds) if wave.rosters else none
    if side is None:
        return Headline(online, none, none)
    return Headline(
        online,
        shown.scores(side.mean, shown.DIRECT_FROM),
        shown.scores(side.use, shown.INDEX_FROM, bounds, 100 * sample.g),
    )


def phones(wave: Wave) -> Figures:
    """The share of adults without a phone of their own, in the homes reached."""
    if not wave.rosters or "no_phone" not in wave.parts.roles:
        return Figures.withheld(wave.count, "not_asked")
    one, sums = wave.own.weights, wave.own.results.sums
    without = sums(np.nan_to_num(one.without))
    others = sums(np.nan_to_num(one.adults - one.without))
    return shown.proportions(without_phone(wave.own), without, others, shown.INDEX_FROM)


def missing_users(wave: Wave, users: Floats) -> Figures:
    """10·π·(1 - r), r = users answered/(πN): points off Ū for each 10 that they are lower.

    Where silent homes were visited there is nothing left to guess. users: (places,).
    """
    if not wave.rosters:
        return Figures.withheld(wave.count, "not_asked")
    sample, adults = wave.own, wave.census.adults
    online = sample.online
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.maximum(10 * (online.value - users / adults), 0)
    why = shown.reasons(online.n, online.homes, shown.INDEX_FROM)
    unknown = ~(adults > 0) | (sample.visited > 0)
    why = np.where((why == 0) & unknown, reason("not_asked"), why).astype(np.int8)
    found = shown.figures(Interval(off, off, off), why, bounds_of(sample))
    return Figures.of(found.value, found.why, bound=found.bound)


def grades(side: Side | None, followed: Floats, use: Figures) -> Ints:
    """A: Ū is good to 5 points, and homes that kept silent were visited; B to 10; else C.

    followed: (places,) homes visited; use: Ū as it is shown, which may be modelled. (places,) index
    into GRADES, -1 for none.
    """
    if side is None:
        return np.full(len(followed), -1, np.int64)
    half = (use.high - use.low) / 2
    known = (use.why == 0) & np.isfinite(half)
    best = np.select([(half <= HALF_A) & (followed > 0), half <= HALF_B], [0, 1], 2)
    return np.where(known, best, -1).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Margined:
    """To which margins a place's users were weighed."""

    variables: tuple[str, ...] = ()
    place: str = ""
    """The name of the place that the margins are of."""
    deff: float | None = None
    """Kish's factor of those raked together."""


def margined(raking: Raking | None, village: int, name: str, code: str) -> Margined:
    """What was used for a village, by its place in the raking."""
    pool = -1 if raking is None else int(raking.of_village[village])
    if raking is None or pool < 0:
        return Margined()
    place: Place = raking.place[pool]
    deff = float(np.round(raking.deff[pool], 1))
    return Margined(raking.variables[pool], name if place[-1] == code else place[-1], deff)


def margined_area(raking: Raking | None, villages: Sequence[int], name: str) -> Margined:
    """What was used for the villages of an area: every variable that some were weighed by."""
    if raking is None:
        return Margined()
    pools = {int(raking.of_village[village]) for village in villages} - {-1}
    used = dict.fromkeys(one for pool in sorted(pools) for one in raking.variables[pool])
    return Margined(tuple(used), name if used else "")


def benchmarks(parts: Measures) -> tuple[Benchmark, ...]:
    """Published figures, each with the name of the quantity that it stands beside."""
    found = []
    for one in parts.benchmarks:
        if one.reference is not None:
            found.append(
                _benchmark(_beside(one, parts), one.reference, plain_label(one.label), one)
            )
        labels = dict(parts.levels.get(one.name, ()))
        found += [
            _benchmark(f"{one.name}/{choice}", value, labels[choice], one)
            for choice, value in one.reference_choices.items()
            if choice in labels
        ]
    return tuple(found)


def _beside(one: Indicator, parts: Measures) -> str:
    if one.role == "user":
        return "pi"
    return BASIC if one.name in parts.levels and parts.ladder(one.name) else one.name


def _benchmark(beside: str, value: float, label: dict[str, str], one: Indicator) -> Benchmark:
    years = re.findall(r"\b(?:19|20)\d\d\b", one.reference_source)
    return Benchmark(
        beside, value, label, one.reference_source, years[0] if years else "",
        plain_label(one.reference_sources),
    )  # fmt: skip
