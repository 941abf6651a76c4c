"""Indices and shares of every village, beside the reference area, as they are shown."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Literal

import numpy as np

from surveys.estimation import suppression as shown
from surveys.estimation.estimates import Estimate, complement
from surveys.estimation.frame import NOT_ASSESSED, Bools, Floats, plain_label
from surveys.estimation.profile import Figure, IndexFigure, Share, Shares
from surveys.estimation.sample import Sample
from surveys.estimation.wave import Wave, bounds_of
from surveys.form.indicators import Indicator

BASIC = "basic_skills"
BASIC_LABEL = {"en": "At least basic digital skills", "zh": "达到基本数字技能"}
BASIC_LEVELS = ("basic", "above")
OLDEST_GROUP = 75
"""The published share of people with basic skills is of those aged 16-74."""

Of = Literal["users", "non_users", "all"]


def index_figures(wave: Wave, indicator: Indicator) -> list[IndexFigure]:
    """An index of every village beside the reference area's on the same base."""
    base = wave.base(indicator)
    y = wave.own.answers.scores[indicator.name]
    found = wave.own.by_base(base, y)
    full = found[0]
    own = _figures(indicator.kind, base, wave.own, y, found)
    if wave.reference is None:
        beside = shown.withheld(wave.count, "no_reference")
    else:
        y = wave.reference.answers.scores[indicator.name]
        area = wave.reference.by_base(base, y)
        on_base = _figures(indicator.kind, base, wave.reference, y, area)
        if not area[0][0]:
            on_base = shown.withheld(1, "few_persons")
        users = wave.reference.by_base("users", y)
        of_users = _figures(indicator.kind, "users", wave.reference, y, users)
        beside = wave.beside(on_base, of_users, full)
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


def basic_figures(wave: Wave, ladder: Indicator) -> list[IndexFigure]:
    """The share at least basic of all adults, from users aged 16-74."""
    base = wave.base(replace(ladder, base="zero"))

    def of(sample: Sample) -> list[Figure]:
        y = _levels(wave, sample, ladder, BASIC_LEVELS)
        y = np.where(sample.answers.age >= OLDEST_GROUP, np.nan, y)
        return _figures("proportion", base, sample, y, sample.by_base(base, y))

    own = of(wave.own)
    beside = (
        shown.withheld(wave.count, "no_reference")
        if wave.reference is None
        else wave.beside(of(wave.reference))
    )
    return [
        IndexFigure(BASIC, BASIC_LABEL, ladder.dimension, "proportion", base, one, other, True)
        for one, other in zip(own, beside, strict=True)
    ]


def share_rows(wave: Wave, indicator: Indicator) -> list[Shares]:
    """Of each village the shares of all levels: a ladder in its order, choices by share."""
    sample, ladder = wave.own, wave.parts.ladder(indicator.name)
    base = wave.base(indicator)
    if ladder and base == "all":
        # What the ladder says of a non-user is fixed: not assessed.
        base = "zero"
    non_users = _of_non_users(sample, indicator)
    full = np.ones(wave.count, np.bool_)
    figures: list[list[Figure]] = []
    levels = wave.parts.levels[indicator.name]
    if ladder and base == "users":
        levels = tuple(one for one in levels if one[0] != NOT_ASSESSED)
    for value, _ in levels:
        y = _levels(wave, sample, indicator, (value,))
        if non_users:
            estimate = sample.of_others(y)
            yes, no = _counted(sample, y, sample.weights.other > 0)
            figures.append(shown.proportions(estimate, yes, no))
        elif value == NOT_ASSESSED and ladder:
            no = sample.persons(sample.weights.w > 0)
            figures.append(
                shown.proportions(
                    complement(sample.online), _offline(sample), no,
                    bounds=bounds_of(sample, "at_least"),
                )
            )  # fmt: skip
        else:
            on_base = sample.by_base(base, y)
            full = on_base[0]
            figures.append(_figures("share", base, sample, y, on_base))
    label = plain_label(indicator.label)
    found = []
    for i in range(wave.count):
        row = [
            Share(value, name, column[i])
            for (value, name), column in zip(levels, figures, strict=True)
        ]
        if not ladder:
            row.sort(key=lambda one: -_height(one.figure))
        of: Of = "users"
        if non_users:
            of = "non_users"
        elif base != "users" and full[i]:
            of = "all"
        found.append(Shares(indicator.name, label, of, tuple(row)))
    return found


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
) -> list[Figure]:
    """An index as it is shown; found: as `Sample.by_base` gives it."""
    full, estimate = found
    bounds = bounds_of(sample) if base == "zero" else None
    if kind == "score":
        return shown.scores(estimate, shown.INDEX_FROM, bounds)
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


def _height(figure: Figure) -> float:
    """Where a share stands among others, by what is shown of it."""
    if figure.words:
        return 0.0 if figure.words == "few" else 100.0
    if figure.value is not None:
        return figure.value
    if figure.low is None or figure.high is None:
        return -1.0
    return (figure.low + figure.high) / 2
