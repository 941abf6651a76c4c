"""All that is said of a scale, as plain values for JSON; what too few carry is left out here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from surveys.estimation.differential import Comparison, Match, Unanswered, differential
from surveys.estimation.frame import Bools, Floats, Ints
from surveys.estimation.item_fit import ItemFit, grouped_fit, limited_fit, summed_fit
from surveys.estimation.item_response import POINTS, ItemResponse, item_response
from surveys.estimation.reliability import Alpha, alpha_of, moments, omega_of
from surveys.estimation.scales import (
    ITEM_RESPONSE_FROM,
    Missing,
    ScaleError,
    person_weights,
    too_few,
)

Part = dict[str, Any]

LEVEL = 0.95
COUNTED_FROM = 10
"""Persons from whom on it is said how many they are."""


@dataclass(frozen=True, slots=True)
class ScaleConventions:
    """How a scale is described; the defaults are those of psych and ltm."""

    missing: Missing = "pairwise"
    """listwise: only persons who answered every item, in everything. pairwise: α and ω of pairs of
    items, models of all answers, scores as the mean of what was answered."""
    model: Literal["2pl", "grm", "none"] | None = None
    """None: 2pl where all items have two values, else grm."""
    equal_slopes: bool = False
    points: int = POINTS
    match: Match = "total"
    purify: bool = False
    suppress: bool = True


@dataclass(frozen=True, slots=True)
class Grouping:
    """A variable by which items may function otherwise."""

    name: str
    of_row: Ints
    """(persons,) 0 to groups - 1, -1 for none."""
    values: Sequence[str]


def scale_table(
    names: Sequence[str],
    items: Floats,
    weight: Floats | None = None,
    groupings: Sequence[Grouping] = (),
    how: ScaleConventions | None = None,
) -> Part:
    """Reliability, item response model and differential functioning of a scale.

    items: (persons, items), NaN where unanswered; weight: (persons,). Each part has `suppressed`,
    null or why it is not shown, and `problem`, null or why it could not be computed. The keys are
    explained in docs/scales.md.

    ScaleError: an item that all answered alike, a 2pl of items with more than two values.

    >>> x = np.array([[0.0, 0, 1], [0, 1, 1], [1, 0, 0], [1, 1, 1]] * 60)
    >>> found = scale_table(["a", "b", "c"], x)
    >>> found["persons"], found["reliability"]["n"], found["model"]["suppressed"]
    (240, 240.0, 'few_for_item_response')
    """
    how = how or ScaleConventions()
    counted: Bools = person_weights(weight, len(items)) > 0
    known = np.isfinite(items) & counted[:, None]
    whole = known.all(axis=1)
    used = whole if how.missing == "listwise" else known.any(axis=1)
    persons, x = int(used.sum()), items[used]
    w = None if weight is None else weight[used]
    _varied(names, x)
    reliability = _part(persons, "reliability", how)
    if reliability["suppressed"] is None:
        _attempt(reliability, lambda: _reliability(names, x, w, how))
    return {
        "items": list(names),
        "persons": persons if persons >= COUNTED_FROM or not how.suppress else None,
        "complete": int(whole.sum()) if persons >= COUNTED_FROM or not how.suppress else None,
        "missing": how.missing,
        "weighted": weight is not None,
        "reliability": reliability,
        "model": _model(names, x, w, how),
        "differential": [
            _differential(names, x, w, Grouping(one.name, one.of_row[used], one.values), how)
            for one in groupings
        ],
    }


def _varied(names: Sequence[str], x: Floats) -> None:
    for name, column in zip(names, x.T, strict=True):
        if len(np.unique(column[np.isfinite(column)])) < 2:
            raise ScaleError(f"{name} has the same answer from everybody")


def _part(persons: float, kind: Any, how: ScaleConventions) -> Part:
    return {"suppressed": too_few(persons, kind) if how.suppress else None, "problem": None}


def _attempt(part: Part, make: Any) -> None:
    try:
        part.update(make())
    except ScaleError as error:
        part["problem"] = str(error)


def _plain(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None


def _row(values: Floats) -> list[float | None]:
    return [_plain(one) for one in values]


def _reliability(names: Sequence[str], x: Floats, w: Floats | None, how: ScaleConventions) -> Part:
    together = moments(x, w, how.missing)
    alpha = alpha_of(together)
    omega: Part = {"problem": None}
    _attempt(omega, lambda: _omega(names, together))
    return {
        "n": alpha.n,
        "alpha": alpha.raw,
        "se": alpha.se,
        "ci_low": alpha.low,
        "ci_high": alpha.high,
        "level": LEVEL,
        "standardized_alpha": alpha.standardized,
        "average_r": alpha.average_r,
        "median_r": alpha.median_r,
        "omega": omega,
        "items": [_item(name, alpha, at) for at, name in enumerate(names)],
    }


def _item(name: str, alpha: Alpha, at: int) -> Part:
    return {
        "item": name,
        "n": int(alpha.answered[at]),
        "mean": _plain(alpha.mean[at]),
        "sd": _plain(alpha.sd[at]),
        "item_rest": _plain(alpha.item_rest[at]),
        "item_total": _plain(alpha.item_total[at]),
        "alpha_without": _plain(alpha.raw_without[at]),
        "standardized_alpha_without": _plain(alpha.standardized_without[at]),
    }


def _omega(names: Sequence[str], together: Any) -> Part:
    ml = omega_of(together)
    least = omega_of(together, method="minres", total="remainder", standardized=True)
    sd = np.sqrt(together.covariance.diagonal())
    return {
        "ml": ml.value,
        "se": _plain(ml.se),
        "ci_low": _plain(ml.low),
        "ci_high": _plain(ml.high),
        "ml_observed": omega_of(together, total="observed").value,
        "minres": least.value,
        "chi2": ml.factor.chi2,
        "df": ml.factor.df,
        "converged": ml.factor.converged and least.factor.converged,
        "at_bound": [
            name for at, name in enumerate(names)
            if ml.factor.at_bound[at] or least.factor.at_bound[at]
        ],
        "loadings": _row(ml.factor.loading / sd),
        "loadings_minres": _row(least.factor.loading),
    }  # fmt: skip


def _model(names: Sequence[str], x: Floats, w: Floats | None, how: ScaleConventions) -> Part | None:
    if how.model == "none":
        return None
    values = [np.unique(column[np.isfinite(column)]) for column in x.T]
    wide = [name for name, one in zip(names, values, strict=True) if len(one) > 2]
    if how.model == "2pl" and wide:
        raise ScaleError(f"{wide[0]} has more than two values: 2pl is for items with two, else grm")
    part = _part(len(x), "item_response", how)
    part["model"] = how.model or ("grm" if wide else "2pl")
    if part["suppressed"] is not None:
        return part

    def make() -> Part:
        fit = item_response(x, w, equal_slopes=how.equal_slopes, points=how.points)
        return _fitted(names, values, w, fit, how)

    _attempt(part, make)
    return part


def _fitted(
    names: Sequence[str],
    values: list[Floats],
    w: Floats | None,
    fit: ItemResponse,
    how: ScaleConventions,
) -> Part:
    weighted = fit.patterns.weighted
    complete = fit.patterns.weight[fit.patterns.complete].sum()
    tested = not weighted and complete >= (ITEM_RESPONSE_FROM if how.suppress else 2)
    none = ItemFit(*np.full((3, len(names)), np.nan))
    summed = summed_fit(fit) if tested else none
    grouped = none if weighted or fit.intercept.shape[1] > 1 else grouped_fit(fit)
    whole = limited_fit(fit) if tested else None
    return {
        "equal_slopes": fit.equal_slopes,
        "points": fit.points,
        "n": fit.persons,
        "parameters": fit.parameters,
        "log_likelihood": fit.log_likelihood,
        "aic": fit.aic,
        "bic": fit.bic,
        "converged": fit.converged,
        "errors": "observed" if w is None else "robust",
        "m2": None if whole is None or not whole.df else {
            "n": whole.persons, "chi2": whole.m2, "df": whole.df, "p": whole.p,
            "rmsea": whole.rmsea,
        },
        "items": [
            {
                "item": name,
                "values": values[at].tolist(),
                "slope": float(fit.slope[at]),
                "slope_se": _plain(fit.slope_se[at]),
                "intercepts": _row(fit.intercept[at, : len(values[at]) - 1]),
                "intercepts_se": _row(fit.intercept_se[at, : len(values[at]) - 1]),
                "difficulties": _row(fit.difficulty[at, : len(values[at]) - 1]),
                "difficulties_se": _row(fit.difficulty_se[at, : len(values[at]) - 1]),
                "at_limit": bool(fit.at_limit[at]),
                "s_x2": _test(summed, at),
                "grouped_x2": _test(grouped, at),
            }
            for at, name in enumerate(names)
        ],
    }  # fmt: skip


def _test(found: ItemFit, at: int) -> Part | None:
    if np.isnan(found.df[at]):
        return None
    return {"chi2": float(found.chi2[at]), "df": int(found.df[at]), "p": float(found.p[at])}


def _differential(
    names: Sequence[str], x: Floats, w: Floats | None, by: Grouping, how: ScaleConventions
) -> Part:
    counts = np.bincount(by.of_row[by.of_row >= 0], minlength=len(by.values))
    shown = np.array([
        count > 0 and not (how.suppress and too_few(count, "differential")) for count in counts
    ], bool)  # fmt: skip
    part = _part(0 if shown.sum() < 2 else np.inf, "differential", how)
    part = {"group": by.name, **part}
    if part["suppressed"] is not None:
        return part
    place = np.append(np.where(shown, np.cumsum(shown) - 1, -1), -1)[by.of_row]
    values = [value for value, one in zip(by.values, shown, strict=True) if one]
    unanswered: Unanswered = "listwise" if how.missing == "listwise" else "prorated"

    def make() -> Part:
        found = differential(x, place, w, match=how.match, unanswered=unanswered, purify=how.purify)
        step = 5 if how.suppress else 1
        return {
            "match": how.match,
            "purified": how.purify,
            "settled": found.settled,
            # To 5: with the number of all persons, exact ones would tell how few are left out.
            "values": [
                {"value": value, "n": int(step * np.round(n / step))}
                for value, n in zip(values, found.persons, strict=True)
            ],
            "items": [
                {
                    "item": name,
                    "n": int(found.n[at]),
                    "anchor": bool(found.anchors[at]),
                    "effects": [
                        {"value": value, "log_odds": _plain(effect), "se": _plain(se)}
                        for value, effect, se in zip(
                            values[1:], found.effect[at], found.effect_se[at], strict=True
                        )
                    ],
                    "both": _compared(found.both, at),
                    "uniform": _compared(found.uniform, at),
                    "nonuniform": _compared(found.nonuniform, at),
                }
                for at, name in enumerate(names)
            ],
        }

    _attempt(part, make)
    return part


def _compared(found: Comparison, at: int) -> Part | None:
    if np.isnan(found.delta_r2[at]):
        return None
    values = {
        name: _plain(column[at])
        for name, column in asdict(found).items() if name != "df"
    }  # fmt: skip
    return {
        **values,
        "df": found.df,
        "zumbo_thomas": found.zumbo_thomas[at],
        "jodoin_gierl": found.jodoin_gierl[at],
    }
