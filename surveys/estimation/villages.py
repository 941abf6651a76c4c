"""All villages of a wave in one pass: frame, weights, estimates, what is shown, profiles."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from surveys.estimation import suppression as shown
from surveys.estimation.decomposition import Interval, LinkSide, Side, chain, split
from surveys.estimation.estimates import Estimate, choose, complement
from surveys.estimation.frame import (
    CHAIN,
    MODES,
    NOT_ASSESSED,
    Bools,
    Floats,
    Measures,
    answers,
    measures,
    plain_label,
)  # fmt: skip
from surveys.estimation.intervals import t_quantile
from surveys.estimation.profile import (
    Benchmark,
    Figure,
    Gap,
    IndexFigure,
    Link,
    Share,
    Shares,
    VillageProfile,
    Withheld,
)  # fmt: skip
from surveys.estimation.sample import Sample, of_area, of_villages, without_phone
from surveys.estimation.suppression import Bound, Reasons
from surveys.form.indicators import Indicator

BASIC = "basic_skills"
BASIC_LABEL = {"en": "At least basic digital skills", "zh": "达到基本数字技能"}
BASIC_LEVELS = ("basic", "above")
OLDEST_GROUP = 75
"""The published share of people with basic skills is of those aged 16-74."""

Of = Literal["users", "non_users", "all"]
LinkName = Literal["T", "C", "L", "P", "Q"]
LINKS: tuple[LinkName, ...] = ("T", "C", "L", "P", "Q")


def profiles(
    frame: pd.DataFrame,
    villages: pd.DataFrame,
    indicators: Sequence[Indicator],
    choices: Mapping[str, Sequence[tuple[str, Mapping[str, str]]]],
    reference: Sequence[str],
    about: Mapping[str, str],
    only: Collection[str] | None = None,
) -> dict[str, VillageProfile]:
    """The profiles of all villages of a wave: see `surveys.estimation.profile.profiles`."""
    if not villages.index.is_unique:
        raise ValueError("a village's code stands twice")
    unknown = sorted({*reference, *(only or ())} - set(villages.index))
    if unknown:
        raise ValueError(f"no such village: {', '.join(unknown)}")
    parts = measures(indicators, choices)
    table = villages if only is None else villages.loc[[c for c in villages.index if c in only]]
    codes = [str(code) for code in table.index]
    own = of_villages(answers(frame, codes, parts), *_census(table))
    beside: Sample | None = None
    if reference:
        found = answers(frame, list(reference), parts)
        use = found.scores[parts.use.name] if parts.use is not None else None
        beside = of_area(found, *_census(villages.loc[list(reference)]), use)
    wave = _Wave(parts, own, beside, np.array([code not in set(reference) for code in codes]))
    return wave.profiles(table, codes, about)


def _census(villages: pd.DataFrame) -> tuple[Floats, Floats]:
    adults = pd.to_numeric(villages["adults"]).to_numpy(np.float64, na_value=np.nan)
    return adults, pd.to_numeric(villages["adults_offline"]).to_numpy(np.float64, na_value=np.nan)


@dataclass(frozen=True, slots=True)
class _Wave:
    """One computation: villages (`own`) beside one reference area."""

    parts: Measures
    own: Sample
    reference: Sample | None
    compared: Bools
    """(villages,) False for a village of the reference area itself."""

    @property
    def count(self) -> int:
        return self.own.groups.count

    def profiles(
        self, table: pd.DataFrame, codes: Sequence[str], about: Mapping[str, str]
    ) -> dict[str, VillageProfile]:
        """The profiles by code."""
        own, data = self.own, self.own.answers
        everybody = np.ones(len(data), np.bool_)
        persons = _whole(own.persons(everybody))
        users = _whole(own.persons(data.user == 1))
        homes = np.bincount(data.village, minlength=self.count).tolist()
        by_mode = [_whole(own.persons(data.mode == i)) for i in range(len(MODES))]
        flags = {
            "flagged": _whole(own.persons(data.flags > 0)),
            "rosters_differ": _whole(own.groups.sums(own.weights.differ.astype(np.float64))),
            "rosters_short": _whole(own.groups.sums(own.weights.short.astype(np.float64))),
        }
        phones = self._phones()
        village, beside = self._side(own), self._side(self.reference)
        online, of_users, use = self._headline(own, village)
        online_beside, of_users_beside, use_beside = self._headline_beside(beside)
        indices = [self._index(one) for one in self.parts.indices]
        indices.extend(self._basic(one) for one in self.parts.shares if self.parts.ladder(one.name))
        shares = [self._shares(one) for one in self.parts.shares]
        gaps, no_gap = self._gap(village, beside)
        links, weakest = self._chain()
        missing = self._missing_users(table, users)
        grades = self._grades(village)
        benchmarks = _benchmarks(self.parts)

        found: dict[str, VillageProfile] = {}
        for i, (code, row) in enumerate(zip(codes, table.to_dict("records"), strict=True)):
            level = shown.level(persons[i], homes[i])
            hidden = level == "withheld"
            found[code] = VillageProfile(
                village=str(row["name"]),
                code=code,
                area=tuple(str(name) for name in row["area"]),
                wave=about["wave"],
                form_id=about["form_id"],
                form_version=about["form_version"],
                computed_at=about["computed_at"],
                reference_area=(about.get("reference_area") or None)
                if self.reference is not None and self.compared[i]
                else None,
                persons=persons[i],
                users=0 if hidden else shown.to_five(users[i], persons[i]),
                homes=homes[i],
                by_mode={}
                if hidden
                else {
                    mode: shown.to_five(counts[i], persons[i])
                    for mode, counts in zip(MODES, by_mode, strict=True)
                },
                target=_count(row["target"]),
                households=_count(row["households"]),
                adults=_count(row["adults"]),
                offline_known=bool(own.known[i]),
                without_phone=phones[i],
                level=level,
                grade=grades[i],
                missing_users=missing[i],
                online=online[i],
                use_of_users=of_users[i],
                use=use[i],
                reference_online=online_beside[i],
                reference_use_of_users=of_users_beside[i],
                reference_use=use_beside[i],
                indices=tuple(one[i] for one in indices),
                shares=tuple(one[i] for one in shares),
                gap=gaps[i],
                gap_withheld=no_gap[i],
                chain=links[i],
                weakest=weakest[i],
                benchmarks=benchmarks,
                flags={}
                if hidden
                else {name: shown.to_five(counts[i], persons[i]) for name, counts in flags.items()},
            )
        return found

    # The parts of a profile: each a list with one entry a village.

    @property
    def _rosters(self) -> bool:
        return {"user", "adults", "online_adults"} <= self.parts.roles.keys()

    def _base(self, indicator: Indicator) -> str:
        """The base asked for; users only where the form has no roster to say who is missing."""
        return indicator.base if self._rosters else "users"

    def _side(self, sample: Sample | None) -> Side | None:
        """π, ū and Ū; None where the form does not ask for them."""
        if sample is None or self.parts.use is None or not self._rosters:
            return None
        y = sample.answers.scores[self.parts.use.name]
        return Side(sample.online, sample.of_users(y), sample.of_all(y), sample.g)

    def _headline(self, sample: Sample, side: Side | None) -> tuple[list[Figure], ...]:
        """π, ū and Ū of each result of a sample."""
        count, bounds = sample.results.count, _bounds(sample)
        none = shown.withheld(count, "not_asked")
        online = shown.online(sample.online, sample.g, bounds) if self._rosters else none
        if side is None:
            return online, none, none
        return (
            online,
            shown.scores(side.mean, shown.DIRECT_FROM),
            shown.scores(side.use, shown.INDEX_FROM, bounds),
        )

    def _headline_beside(self, side: Side | None) -> tuple[list[Figure], ...]:
        if self.reference is None:
            return (shown.withheld(self.count, "no_reference"),) * 3
        return tuple(self._beside(one) for one in self._headline(self.reference, side))

    def _beside(self, area: Sequence[Figure], other: Sequence[Figure] = (), full: Bools | None = None
                ) -> list[Figure]:  # fmt: skip
        """The area's figure beside each village: the first where `full`, else the other."""
        no_reference = Figure(None, withheld="no_reference")
        return [
            no_reference if not compared else area[0] if full is None or full[i] else other[0]
            for i, compared in enumerate(self.compared.tolist())
        ]

    def _phones(self) -> list[Figure]:
        if not self._rosters or "no_phone" not in self.parts.roles:
            return shown.withheld(self.count, "not_asked")
        one, sums = self.own.weights, self.own.groups.sums
        without = sums(np.nan_to_num(one.without))
        others = sums(np.nan_to_num(one.adults - one.without))
        return shown.proportions(without_phone(self.own), without, others, shown.INDEX_FROM)

    def _index(self, indicator: Indicator) -> list[IndexFigure]:
        base = self._base(indicator)
        y = self.own.answers.scores[indicator.name]
        full, estimate = self.own.by_base(base, y)
        own = self._figures(indicator.kind, base, self.own, estimate, y, full)
        if self.reference is None:
            beside = shown.withheld(self.count, "no_reference")
        else:
            y = self.reference.answers.scores[indicator.name]
            enough, area = self.reference.by_base(base, y)
            on_base = self._figures(indicator.kind, base, self.reference, area, y, enough)
            if not enough[0]:
                on_base = shown.withheld(1, "few_persons")
            users = self.reference.of_users(y)
            of_users = self._figures(indicator.kind, "users", self.reference, users, y, enough)
            beside = self._beside(on_base, of_users, full)
        label = plain_label(indicator.label)
        return [
            IndexFigure(
                name=indicator.name,
                label=label,
                dimension=indicator.dimension,
                kind=indicator.kind or "score",
                base=base if whole else "users",
                village=own[i],
                reference=beside[i],
                higher_is_better=indicator.higher_is_better,
            )
            for i, whole in enumerate(full.tolist())
        ]

    def _figures(
        self,
        kind: str | None,
        base: str,
        sample: Sample,
        estimate: Estimate,
        y: Floats,
        full: Bools,
    ) -> list[Figure]:
        """An index as it is shown; `full`: where the base asked for could be used."""
        bounds = _bounds(sample) if base == "zero" else None
        if kind == "score":
            return shown.scores(estimate, shown.INDEX_FROM, bounds)
        yes, no = _sides(sample, y, base, full)
        return shown.proportions(estimate, yes, no, bounds=bounds)

    def _basic(self, ladder: Indicator) -> list[IndexFigure]:
        """The share at least basic of all adults, from users aged 16-74."""
        base = self._base(replace(ladder, base="zero"))

        def of(sample: Sample) -> list[Figure]:
            y = self._levels(sample, ladder, BASIC_LEVELS)
            y = np.where(sample.answers.age >= OLDEST_GROUP, np.nan, y)
            full, estimate = sample.by_base(base, y)
            return self._figures("proportion", base, sample, estimate, y, full)

        own = of(self.own)
        beside = (
            shown.withheld(self.count, "no_reference")
            if self.reference is None
            else self._beside(of(self.reference))
        )
        return [
            IndexFigure(BASIC, BASIC_LABEL, ladder.dimension, "proportion", base, one, other, True)
            for one, other in zip(own, beside, strict=True)
        ]

    def _levels(self, sample: Sample, indicator: Indicator, wanted: Collection[str]) -> Floats:
        """(rows,) 1 where one of the levels was chosen, 0 where another, NaN where none."""
        choosing = sample.answers.choices[indicator.name]
        levels = [value for value, _ in self.parts.levels[indicator.name]]
        columns = [choosing.chose(levels.index(value)) for value in wanted]
        chosen: Floats = np.max(columns, axis=0)
        return chosen

    def _shares(self, indicator: Indicator) -> list[Shares]:
        """Of each village the shares of all levels: a ladder in its order, choices by share."""
        sample, ladder = self.own, self.parts.ladder(indicator.name)
        base = self._base(indicator)
        if ladder and base == "all":
            # What the ladder says of a non-user is fixed: not assessed.
            base = "zero"
        full = np.ones(self.count, np.bool_)
        figures: list[list[Figure]] = []
        levels = self.parts.levels[indicator.name]
        if ladder and base == "users":
            levels = tuple(one for one in levels if one[0] != NOT_ASSESSED)
        for value, _ in levels:
            y = self._levels(sample, indicator, (value,))
            if indicator.role == "reason":
                estimate = sample.of_others(y)
                yes, no = _counted(sample, y, sample.weights.other > 0)
                figures.append(shown.proportions(estimate, yes, no))
            elif value == NOT_ASSESSED and ladder:
                no = sample.persons(sample.weights.w > 0)
                figures.append(
                    shown.proportions(
                        complement(sample.online), _offline(sample), no,
                        bounds=_bounds(sample, "at_least"),
                    )
                )  # fmt: skip
            else:
                full, estimate = sample.by_base(base, y)
                figures.append(self._figures("share", base, sample, estimate, y, full))
        label = plain_label(indicator.label)
        found = []
        for i in range(self.count):
            row = [
                Share(value, name, column[i])
                for (value, name), column in zip(levels, figures, strict=True)
            ]
            if not ladder:
                row.sort(key=lambda one: -_height(one.figure))
            of: Of = "users"
            if indicator.role == "reason":
                of = "non_users"
            elif base != "users" and full[i]:
                of = "all"
            found.append(Shares(indicator.name, label, of, tuple(row)))
        return found

    def _gap(
        self, village: Side | None, beside: Side | None
    ) -> tuple[list[Gap | None], list[Withheld]]:
        none: list[Gap | None] = [None] * self.count
        if self.reference is None:
            return none, ["no_reference"] * self.count
        if village is None or beside is None:
            return none, ["not_asked" if compared else "no_reference" for compared in self.compared]
        why = shown.both_reasons(_direct(village.use), _direct(beside.use))
        why = np.where(self.compared, why, "no_reference")
        parts = shown.adding_up(split(village, beside))
        known, known_beside = self.own.known, bool(self.reference.known[0])
        with np.errstate(invalid="ignore"):
            behind = beside.mean.value > village.mean.value
        bounds, behaviour = _gap_bounds(known, known_beside, behind)
        columns = [
            shown.figures(parts.total, why, bounds),
            shown.figures(parts.access, why, bounds),
            shown.figures(parts.behaviour, why, behaviour),
        ]
        gaps: list[Gap | None] = [
            None if one[0].withheld else Gap(*one) for one in zip(*columns, strict=True)
        ]
        return gaps, [one.withheld for one in columns[0]]

    def _chain(self) -> tuple[list[tuple[Link, ...]], list[LinkName | None]]:
        links = [(name, self.parts.chain[name]) for name in LINKS if name in self.parts.chain]
        none: list[LinkName | None] = [None] * self.count
        if not links:
            return [()] * self.count, none
        bases = [self._base(one) for _, one in links]
        own = [_link(self.own, one, base) for (_, one), base in zip(links, bases, strict=True)]
        full = [whole for whole, _ in own]
        count = len(links)
        other = [shown.withheld(self.count, "no_reference")] * count
        shortfalls, weakest = other, none
        if self.reference is not None:
            area = [
                _link(self.reference, one, base)
                for (_, one), base in zip(links, bases, strict=True)
            ]
            # The same base on both sides.
            full = [
                np.where(self.compared, whole & enough[0], whole)
                for whole, (enough, _) in zip(full, area, strict=True)
            ]
            sigma = [
                _spread(self.reference, one, base)
                for (_, one), base in zip(links, bases, strict=True)
            ]
            sides = [side for _, side in own], [side for _, side in area]
            found = chain(*sides, full, sigma)
            other, shortfalls, reasons = [], [], []
            for k in range(count):
                bounds = _bounds(self.reference) if bases[k] == "zero" else None
                first, second = sides[1][k].both, sides[1][k].users
                both = shown.scores(first, shown.INDEX_FROM, bounds)
                users = shown.scores(second, shown.INDEX_FROM)
                other.append(self._beside(both, users, full[k]))
                why = np.where(full[k], _direct(first)[0], _direct(second)[0])
                mine = choose(full[k], sides[0][k].both, sides[0][k].users)
                why = shown.both_reasons(_direct(mine), why)
                why = np.where(self.compared, why, "no_reference")
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
                _bounds(self.own) if bases[k] == "zero" else None,
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
            for i in range(self.count)
        ]  # fmt: skip
        return rows, weakest

    def _missing_users(self, table: pd.DataFrame, users: Sequence[int]) -> list[Figure]:
        """10·π·(1 - r), r = users answered/(πN): points off Ū for each 10 that they are lower."""
        if not self._rosters:
            return shown.withheld(self.count, "not_asked")
        online = self.own.online
        adults = _census(table)[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            off = np.maximum(10 * (online.value - np.array(users) / adults), 0)
        why = shown.reasons(online.n, online.homes, shown.INDEX_FROM)
        why = np.where((why == "") & ~(adults > 0), "not_asked", why)
        bounds = _bounds(self.own)
        return [
            Figure(None, withheld=one.withheld) if one.withheld else Figure(one.value, bound=bound)
            for one, bound in zip(shown.figures(Interval(off, off, off), why), bounds, strict=True)
        ]

    def _grades(self, side: Side | None) -> list[Literal["A", "B", "C"] | None]:
        """B: Ū's interval reaches at most 10 points to each side; else C (A: with a follow-up)."""
        if side is None:
            return [None] * self.count
        half = t_quantile(side.use.df) * side.use.se
        why = shown.reasons(side.use.n, side.use.homes, shown.INDEX_FROM)
        known = (why == "") & np.isfinite(half)
        return [
            ("B" if width <= 10 else "C") if yes else None
            for yes, width in zip(known.tolist(), half.tolist(), strict=True)
        ]


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


def _bounds(sample: Sample, bound: Bound = "at_most") -> list[Bound]:
    """π, and what it is a factor of, is "at most" where adults offline are not known."""
    return ["" if known else bound for known in sample.known.tolist()]


def _gap_bounds(known: Bools, known_beside: bool, behind: Bools) -> tuple[list[Bound], list[Bound]]:
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


def _counted(sample: Sample, y: Floats, among: Bools) -> tuple[Floats, Floats]:
    return sample.persons(among & (y == 1)), sample.persons(among & (y == 0))


def _offline(sample: Sample) -> Floats:
    """Adults of the homes reached who are not online, by their rosters."""
    one = sample.weights
    return sample.results.sums(np.nan_to_num(one.adults - one.online))


def _sides(sample: Sample, y: Floats, base: str, full: Bools) -> tuple[Floats, Floats]:
    """The persons on each side of a proportion."""
    yes, no = _counted(sample, y, sample.weights.w > 0)
    if base == "zero":
        return yes, no + _offline(sample)
    if base == "all":
        more = _counted(sample, y, sample.weights.other > 0)
        return yes + np.where(full, more[0], 0), no + np.where(full, more[1], 0)
    return yes, no


def _height(figure: Figure) -> float:
    """Where a share stands among others, by what is shown of it."""
    if figure.words:
        return 0.0 if figure.words == "few" else 100.0
    if figure.value is not None:
        return figure.value
    if figure.low is None or figure.high is None:
        return -1.0
    return (figure.low + figure.high) / 2


def _whole(counts: Floats) -> list[int]:
    return [int(one) for one in counts.tolist()]


def _count(value: float | None) -> int | None:
    return None if pd.isna(value) else int(value)


def _benchmarks(parts: Measures) -> tuple[Benchmark, ...]:
    """Published figures, each with the name of the quantity that it stands beside."""
    found = []
    for one in parts.benchmarks:
        beside = one.name
        if one.role == "user":
            beside = "pi"
        elif one.name in parts.levels and parts.ladder(one.name):
            beside = BASIC
        years = re.findall(r"(?:19|20)\d\d", one.reference_source)
        found.append(
            Benchmark(
                beside, one.reference or 0.0, plain_label(one.label), one.reference_source,
                years[-1] if years else "",
            )
        )  # fmt: skip
    return tuple(found)
