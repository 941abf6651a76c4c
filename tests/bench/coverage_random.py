"""Random samples: how often do 95 % intervals hold the truth of their village?

Every replicate is a village of its own. Coverage is of the village's own figures, with f = 0 (no
register of homes), so at 40 of some 150 homes it is too high by design.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from surveys.estimation.decomposition import online_limits
from surveys.estimation.frame import Answers
from surveys.estimation.intervals import effective_size, korn_graubard, t_interval, wilson
from surveys.estimation.margins import raked
from surveys.estimation.sample import Sample, of_villages
from surveys.estimation.suppression import INDEX_FROM, score_limits, scores
from surveys.estimation.weights import weights
from tests.bench.coverage_margins import margins_of, places
from tests.bench.coverage_population import ADULTS, Bools, Floats, Population, population
from tests.bench.coverage_sampling import Drawn, answers, by_homes, by_phones, with_family
from tests.bench.coverage_table import Row, Table, at_least, mean, percent, row

HOMES = (5, 12, 40)
TOGETHER = 20
"""Villages of a township, which are raked together."""
FORWARDED = 0.5
"""The chance that another phone of the home follows the family link."""
FEW = 100
"""Of fewer villages nothing is said."""
PROPORTIONS = {"pays": "44 %", "basic": "18 %", "above": "5 %"}

Limits = tuple[Floats, Floats]
Seen = dict[str, Floats | Bools]
"""Of a design and a number of homes, by what is looked at: (villages,), NaN where not shown."""


@dataclass(frozen=True, slots=True)
class Design:
    """A way in which homes come in, and how they are weighted."""

    name: str
    homes: tuple[int, ...] = HOMES
    goal: bool = True


DESIGNS = (
    Design("phones"),
    Design("homes"),
    Design("raked in the township"),
    Design("raked alone", (40,)),
    Design("family links"),
    Design("family links, if entries of their own", goal=False),
)
SAID = {
    "phones": "Each phone may come in, all alike; 1 or 2 users on it",
    "homes": "Homes reached at random, each phone there with a chance of 0.7",
    "raked in the township": (
        f"Young and schooled likelier to come in; {TOGETHER} villages raked to their online adults"
    ),
    "raked alone": "All alike, raked to the village's own margins, residuals in the errors",
    "family links": (
        "Half of the other phones follow the family link, in the entry of the phone that was first"
    ),
    "family links, if entries of their own": "The same, if each were an entry of its own",
}


def simulated(villages: int, seed: tuple[int, ...]) -> dict[tuple[str, int], Seen]:
    """One chunk of villages under every design."""
    rng = np.random.default_rng(seed)
    people = population(villages, rng)
    found = {}
    for design in DESIGNS:
        for homes in design.homes:
            found[design.name, homes] = _seen(people, _sample(people, design.name, homes, rng))
    return found


def _sample(people: Population, design: str, homes: int, rng: np.random.Generator) -> Sample:
    drawn = _drawn(people, design, homes, rng)
    found = answers(people, drawn)
    adults = np.full(people.villages, float(ADULTS))
    raking = None
    if design.startswith("raked"):
        together = TOGETHER if "township" in design else 1
        margins = margins_of(people, people.online, together)
        raking = raked(found, weights(found).w, places(people, together), margins)
    return of_villages(found, adults, people.offline, raking)


def _drawn(people: Population, design: str, homes: int, rng: np.random.Generator) -> Drawn:
    if design == "homes":
        return by_homes(people, homes, rng)
    if design == "raked in the township":
        young = np.select([people.age < 35, people.age < 55, people.age < 65], [2, 1.5, 1], 0.75)
        return by_phones(
            people, homes, rng, chance=young * np.where(people.schooling >= 3, 1.25, 1.0)
        )
    if design.startswith("family"):
        first = by_phones(people, homes, rng, shared=0.0)
        return with_family(people, first, FORWARDED, rng, joined="own" not in design)
    return by_phones(people, homes, rng)


def _seen(people: Population, sample: Sample) -> Seen:
    found: Seen = {}
    use = sample.answers.scores["use"]
    for name, one, truth, top in (
        ("ū", sample.of_users(use), people.of_users("use"), np.full(people.villages, 100.0)),
        ("Ū", sample.of_all(use), people.of_all("use"), 100 * sample.g),
    ):
        for way, limits in (
            ("logit", score_limits(one, top)),
            ("t", t_interval(one.value, one.se, one.df, 0, 100)),
        ):
            found[f"{name}, {way}"] = _holds(limits, truth)
            found[f"{name}, width of {way}"] = limits[1] - limits[0]
        found[f"{name}, bias"] = one.value - truth
        said = scores(one, INDEX_FROM, top=top)
        found[f"{name}, shown"] = said.why == 0
        found[f"{name}, as shown"] = np.where(
            said.why == 0, _holds((said.low, said.high), truth), np.nan
        )
    found["π"] = _holds(online_limits(sample.online, sample.g), people.share_online)
    found["π, bias"] = 100 * (sample.online.value - people.share_online)
    for name, share in _shares(sample.answers):
        for of, one, truth in (
            ("of users", sample.of_users(share), people.of_users(name)),
            ("of all", sample.of_all(share), people.of_all(name)),
        ):
            size = effective_size(one.value, one.v, one.n, one.df)
            found[f"{name} {of}, Wilson"] = _holds(wilson(one.value, size), truth)
            found[f"{name} {of}, Korn–Graubard"] = _holds(korn_graubard(one.value, size), truth)
    found["persons"] = sample.online.n
    return found


def _shares(found: Answers) -> Iterator[tuple[str, Floats]]:
    for name in PROPORTIONS:
        yield name, found.scores[name]


def _holds(limits: Limits, truth: Floats) -> Bools:
    held: Bools = (limits[0] <= truth) & (truth <= limits[1])
    return held


def tables(chunks: list[dict[tuple[str, int], Seen]]) -> list[Table]:
    """What all chunks together show."""
    found = []
    for design in DESIGNS:
        seen = {
            homes: {
                what: np.concatenate([chunk[design.name, homes][what] for chunk in chunks])
                for what in chunks[0][design.name, homes]
            }
            for homes in design.homes
        }
        title = f"{SAID[design.name]}: coverage in %"
        columns = tuple(f"{homes} homes" for homes in design.homes)
        found.append(Table(title, columns, tuple(_rows(design, seen))))
    return found


def _rows(design: Design, seen: dict[int, Seen]) -> Iterator[Row]:
    goal = at_least(94) if design.goal else None

    def cells(what: str) -> list[Floats | Bools]:
        return [one[what] for one in seen.values()]

    def coverage(title: str, what: str) -> Row:
        return row(title, [percent(one) for one in cells(what)], goal)

    def plain(title: str, what: str) -> Row:
        return row(title, [mean(one) for one in cells(what)])

    yield coverage("mean of users ū, logit", "ū, logit")
    yield coverage("use of all adults Ū, logit", "Ū, logit")
    yield coverage("share online π, logit", "π")
    yield plain("  bias of Ū, points", "Ū, bias")
    yield plain("  bias of π, points", "π, bias")
    if not design.goal:
        return
    for name, about in PROPORTIONS.items():
        yield coverage(f"proportion of users, {about}, Wilson", f"{name} of users, Wilson")
    yield coverage("proportion of users, 18 %, Korn–Graubard", "basic of users, Korn–Graubard")
    yield coverage("proportion of all adults, Wilson", "basic of all, Wilson")
    for name in ("ū", "Ū"):
        yield row(f"  {name}, if t were used", [percent(one) for one in cells(f"{name}, t")])
    yield plain("  width of Ū's interval", "Ū, width of logit")
    yield plain("  width of Ū's interval, if t were used", "Ū, width of t")
    shown = [one[np.isfinite(one)] for one in cells("Ū, as shown")]
    yield row(
        "  Ū as shown, in whole points", [percent(one) if len(one) > FEW else None for one in shown]
    )
    yield row("  villages that it is shown for", [percent(one) for one in cells("Ū, shown")])
    yield plain("  users who answered", "persons")
