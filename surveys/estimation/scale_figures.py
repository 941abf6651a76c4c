"""How well the items of an area's scales hang together: α and ω, from 200 persons."""

from __future__ import annotations

import numpy as np

from surveys.estimation.frame import Answers, Floats, Ints, Measures, plain_label
from surveys.estimation.profile import Figure, Scale
from surveys.estimation.reliability import alpha_of, moments, omega_of
from surveys.estimation.sample import Sample
from surveys.estimation.scales import ScaleError, too_few
from surveys.estimation.suppression import to_five


def scale_figures(parts: Measures, sample: Sample) -> list[tuple[Scale, ...]]:
    """Of each area every score that is a scale with known items: of users who answered all of them.

    U is none: what people do need not hang together (a formative index).
    """
    answers, person = sample.answers, sample.person
    area = sample.results.of_home[answers.home]
    order = np.argsort(area, kind="stable")
    ends = np.searchsorted(area[order], np.arange(1, sample.results.count))
    return [
        tuple(
            _scale(parts, answers, person, name, rows)
            for name in parts.items
            if name in answers.scores
        )
        for rows in np.split(order, ends)
    ]


def _scale(parts: Measures, answers: Answers, weight: Floats, name: str, rows: Ints) -> Scale:
    label = next((plain_label(one.label) for one in parts.indices if one.name == name), {})
    items = np.column_stack([answers.scores[one.name][rows] for one in parts.items[name]])
    # Not who weighs nothing in the area's means: users of villages without a roster.
    person = weight[rows]
    users = person > 0
    whole = users & np.isfinite(items).all(axis=1)
    persons = int(whole.sum())
    count = to_five(persons, int(users.sum()))
    if too_few(persons, "reliability"):
        none = Figure(None, withheld="too_few_for_this")
        return Scale(name, label, count, none, none)
    try:
        found = moments(items[whole], person[whole])
        alpha, omega = alpha_of(found), omega_of(found)
    except ScaleError:
        # An item that nobody, or everybody, gets right does not vary with the others.
        none = Figure(None, withheld="imprecise")
        return Scale(name, label, count, none, none)
    return Scale(
        name,
        label,
        count,
        _figure(alpha.raw, alpha.low, alpha.high),
        _figure(omega.value, omega.low, omega.high),
    )


def _figure(value: float, low: float, high: float) -> Figure:
    """Two decimals, cut to 0 and 1."""
    if not np.isfinite([value, low, high]).all():
        return Figure(None, withheld="imprecise")
    value, low, high = (float(np.round(np.clip(one, 0, 1), 2)) for one in (value, low, high))
    return Figure(value, low, high)
