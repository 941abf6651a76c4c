"""Indices and shares of every village, beside the reference area, as they are shown."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from surveys.estimation import suppression as shown
from surveys.estimation.estimates import Estimate, complement
from surveys.estimation.figures import Figures
from surveys.estimation.frame import NOT_ASSESSED, Bools, Floats, plain_label
from surveys.estimation.modelled import modelled_figures
from surveys.estimation.profile import IndexFigure, Share, Shares
from surveys.estimation.rare_figures import reaching
from surveys.estimation.sample import Sample
from surveys.estimation.wave import Wave, bounds_of
from surveys.form.indicators import Indicator

BASIC = "basic_skills"
BASIC_LABEL = {"en": "At least basic digital skills", "zh": "达到基本数字技能"}
BASIC_LEVELS = ("basic", "above")
OLDEST_GROUP = 75
"""The published share of people with basic skills is of those aged 16-74."""

Of = Literal["users", "non_users", "all"]


@dataclass(frozen=True, slots=True)
class Index:
    """An index of every village beside the reference area's on the same base."""

    indicator: Indicator
    label: dict[str, str]
    base: str
    full: Bools
    """(villages,) whether it is on that base; else of users only."""
    own: Figures
    beside: Figures

    def at(self, village: int) -> IndexFigure:
        """One village's."""
        one = self.indicator
        return IndexFigure(
            name=one.name,
            label=self.label,
            dimension=one.dimension,
            kind=one.kind or "score",
            base=self.base if self.full[village] else "users",
            village=self.own.at(village),
            reference=self.beside.at(village),
            higher_is_better=one.higher_is_better,
        )


@dataclass(frozen=True, slots=True)
class Listing:
    """The shares of all choices, or levels, of an indicator in every village."""

    name: str
    label: dict[str, str]
    of: Of
    full: Bools
    """(villages,) whether all adults could be meant; else users."""
    ladder: bool
    """Levels keep their order; choices stand by their shares."""
    levels: tuple[tuple[str, dict[str, str]], ...]
    columns: tuple[Figures, ...]

    def at(self, village: int) -> Shares:
        """One village's."""
        row = [
            Share(value, label, column.at(village))
            for (value, label), column in zip(self.levels, self.columns, strict=True)
        ]
        if not self.ladder:
            row.sort(key=_height)
        of: Of = "users" if self.of == "all" and not self.full[village] else self.of
        return Shares(self.name, self.label, of, tuple(row))


def index_figures(wave: Wave, indicator: Indicator) -> Index:
    """An index of every village beside the reference area's on the same base."""
    base = wave.base(indicator)
    y, name = wave.own.answers.scores[indicator.name], f"index/{indicator.name}"
    full, estimate = wave.own.by_base(base, y)
    own = _figures(indicator.kind, base, wave.own, y, (full, estimate))
    if indicator.kind == "score":
        own = modelled_figures(wave, name, estimate, own, full)
    else:
        own = reaching(wave.together, name, own, *_sides(wave.own, y, base, full))
    if wave.reference is None:
        beside = Figures.withheld(wave.count, "no_reference")
    else:
        y = wave.reference.answers.scores[indicator.name]
        area = wave.reference.by_base(base, y)
        on_base = _figures(indicator.kind, base, wave.reference, y, area)
        if not area[0][0]:
            on_base = Figures.withheld(1, "few_persons")
        users = wave.reference.by_base("users", y)
        of_users = _figures(indicator.kind, "users", wave.reference, y, users)
        beside = wave.beside(on_base, of_users, full)
    return Index(indicator, plain_label(indicator.label), base, full, own, beside)


def basic_figures(wave: Wave, ladder: Indicator) -> Index:
    """The share at least basic of all adults, from users aged 16-74."""
    base = wave.base(replace(ladder, base="zero"))

    def of(sample: Sample) -> Figures:
        y = _levels(wave, sample, ladder, BASIC_LEVELS)
        older = sample.answers.age >= OLDEST_GROUP
        found = _figures(
            "proportion", base, sample, np.where(older, np.nan, y),
            sample.by_base(base, np.where(older, np.nan, y)),
        )  # fmt: skip
        # The ladder is of all ages: the difference would be of few old people, here or elsewhere.
        left = (sample.weights.w > 0) & older & np.isfinite(y)
        return shown.coarsened(found, sample.persons(left) > 0)

    beside = (
        Figures.withheld(wave.count, "no_reference")
        if wave.reference is None
        else wave.beside(of(wave.reference))
    )
    basic = replace(ladder, name=BASIC, label=BASIC_LABEL, kind="proportion", higher_is_better=True)
    every = np.ones(wave.count, np.bool_)
    return Index(basic, BASIC_LABEL, base, every, of(wave.own), beside)


def share_rows(wave: Wave, indicator: Indicator) -> Listing:
    """The shares of all levels: a ladder in its order, choices by share."""
    sample, ladder = wave.own, wave.parts.ladder(indicator.name)
    base = wave.base(indicator)
    if ladder and base == "all":
        # What the ladder says of a non-user is fixed: not assessed.
        base = "zero"
    non_users = _of_non_users(sample, indicator)
    full = np.ones(wave.count, np.bool_)
    columns: list[Figures] = []
    levels = wave.parts.levels[indicator.name]
    if ladder and base == "users":
        levels = tuple(one for one in levels if one[0] != NOT_ASSESSED)
    for value, _ in levels:
        y = _levels(wave, sample, indicator, (value,))
        if non_users:
            yes, no = _counted(sample, y, sample.weights.other > 0)
            columns.append(shown.proportions(sample.of_others(y), yes, no))
        elif value == NOT_ASSESSED and ladder:
            no = sample.persons(sample.weights.w > 0)
            columns.append(
                shown.proportions(
                    complement(sample.online), _offline(sample), no,
                    bounds=bounds_of(sample, "at_least"),
                )
            )  # fmt: skip
        else:
            full, estimate = sample.by_base(base, y)
            columns.append(_figures("share", base, sample, y, (full, estimate)))
    of: Of = "non_users" if non_users else "users" if base == "users" else "all"
    return Listing(
        indicator.name, plain_label(indicator.label), of, full, ladder, levels, tuple(columns)
    )


def _of_non_users(sample: Sample, indicator: Indicator) -> bool:
    """Whether a list is for non-users: the reasons, or what was never put to a user."""
    answered = np.isfinite(sample.answers.choices[indicator.name].chose(0))
    asked = bool((answered & (sample.weights.other > 0)).any())
    return indicator.role == "reason" or (asked and not (answered & (sample.weights.w > 0)).any())


def _figures(
    kind: str | None,
    base: str,
    sample: Sample,
    y: Floats,
    found: tuple[Bools, Estimate],
) -> Figures:
    """An index as it is shown; found: as `Sample.by_base` gives it."""
    full, estimate = found
    bounds = bounds_of(sample) if base == "zero" else None
    if kind == "score":
        top = 100 * sample.g if base == "zero" else 100.0
        return shown.scores(estimate, shown.INDEX_FROM, bounds, top)
    yes, no = _sides(sample, y, base, full)
    return shown.proportions(estimate, yes, no, bounds=bounds)


def _levels(wave: Wave, sample: Sample, indicator: Indicator, wanted: Collection[str]) -> Floats:
    """(rows,) 1 where one of the levels was chosen, 0 where another, NaN where none."""
    choosing = sample.answers.choices[indicator.name]
    levels = [value for value, _ in wave.parts.levels[indicator.name]]
    columns = [choosing.chose(levels.index(value)) for value in wanted]
    chosen: Floats = np.max(columns, axis=0)
    return chosen


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


def _height(share: Share) -> float:
    """Where a share stands among others, by what is shown of it: the highest first."""
    figure = share.figure
    if figure.words:
        return 0.0 if figure.words == "few" else -100.0
    if figure.value is not None:
        return -figure.value
    if figure.low is None or figure.high is None:
        return 1.0
    return -(figure.low + figure.high) / 2
