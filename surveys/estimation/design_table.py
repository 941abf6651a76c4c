"""The rows of `usegap estimate`: estimates of a design with their limits, and what is not shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from surveys.estimation.design import Degrees, Domains, Means, means
from surveys.estimation.frame import Floats
from surveys.estimation.intervals import (
    Z,
    effective_size,
    korn_graubard,
    logit_interval,
    t_quantile,
    wilson,
)
from surveys.estimation.suppression import DIRECT_FROM, FEW, HOMES_FROM, INDEX_FROM, Reasons, point

Kind = Literal["t", "wilson", "korn-graubard", "logit"]
Deff = Literal["replace", "finite"]
Size = Literal["capped", "svyciprop"]

LEVEL = 0.95
STEP = 0.05
"""To which the limits of an imprecise proportion are rounded outward."""
NOTHING = ("few_persons", "few_clusters", "complementary")
"""Reasons for which nothing is shown, the number of persons neither."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A column to estimate."""

    name: str
    y: Floats
    """(rows,) NaN where missing; 0 and 1 of a proportion."""
    proportion: bool


@dataclass(frozen=True, slots=True)
class Conventions:
    """How it is estimated and what is shown."""

    ci: Kind | None = None
    """The limits of proportions; None: Wilson's. A mean always has t's."""
    degrees: Degrees = "design"
    deff: Deff = "replace"
    size: Size = "capped"
    """n_eff of proportions: `capped`, at most n and at the design's t; `svyciprop`, as R's."""
    suppress: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """An estimate of a domain; None where there is no number."""

    domain: str | None
    measure: str
    estimate: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    level: float
    n: int | None
    n_eff: float | None
    deff: float | None
    df: float | None
    suppressed: str | None
    """`few_persons`, `few_clusters`, `complementary`, `too_few_for_this`, `few_on_a_side`,
    `imprecise`, or None."""
    missing: int | None
    """Rows of the domain that were left out because they have no value."""


def table(
    parts: Domains, names: Sequence[str | None], variables: Sequence[Variable], how: Conventions
) -> list[Row]:
    """A row for each variable and domain. names: (domains,).

    >>> from surveys.estimation.design import design, domains
    >>> everyone = domains(design(4), np.zeros(4, int), 1)
    >>> use = Variable("U", np.array([10.0, 20.0, 30.0, np.nan]), False)
    >>> row, = table(everyone, [None], [use], Conventions(suppress=False))
    >>> row.estimate, row.n, row.missing
    (20.0, 3, 1)
    >>> table(everyone, [None], [use], Conventions())[0].suppressed
    'few_persons'
    """
    return [row for one in variables for row in _rows(parts, names, one, how)]


def _rows(
    parts: Domains, names: Sequence[str | None], one: Variable, how: Conventions
) -> list[Row]:
    found = means(parts, one.y, how.degrees)
    n_eff = effective(found, one.proportion, how.size)
    low, high = limits(found, n_eff, one.proportion, how)
    why = np.full(parts.count, "", dtype="<U16")
    estimate = found.value
    if how.suppress:
        why = reasons(parts, found, one, n_eff)
        hidden = why != ""
        imprecise = why == "imprecise"
        estimate = np.where(hidden, np.nan, estimate)
        outward = (STEP * np.floor(low / STEP + 1e-9), STEP * np.ceil(high / STEP - 1e-9))
        low, high = (
            np.where(imprecise, np.clip(np.round(wide, 2), 0, 1), np.where(hidden, np.nan, exact))
            for wide, exact in zip(outward, (low, high), strict=True)
        )
    shown, some = why == "", ~np.isin(why, NOTHING)
    weighed = parts.inside & (parts.design.w > 0) & ~np.isfinite(one.y)
    missing = np.bincount(parts.of_row[weighed], minlength=parts.count)
    columns = (
        estimate,
        np.where(shown, np.sqrt(found.v), np.nan),
        low,
        high,
        np.where(some, found.n, np.nan),
        np.where(shown, n_eff, np.nan),
        np.where(shown, found.deff_replace if how.deff == "replace" else found.deff_finite, np.nan),
        np.where(some, found.df, np.nan),
        np.where(some, missing, np.nan),
    )
    numbers = zip(*(np.asarray(column, np.float64).tolist() for column in columns), strict=True)
    return [
        Row(name, one.name, _number(value), _number(se), _number(bottom), _number(top), LEVEL,
            _whole(n), _number(size), _number(deff), _number(df), reason or None, _whole(left))
        for name, reason, (value, se, bottom, top, n, size, deff, df, left)
        in zip(names, why.tolist(), numbers, strict=True)
    ]  # fmt: skip


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _whole(value: float) -> int | None:
    return int(value) if np.isfinite(value) else None


def effective(found: Means, proportion: bool, size: Size) -> Floats:
    """n_eff, (domains,): the persons of a simple random sample as precise as this one.

    A mean's is s²/v. A proportion's is min(n, p(1-p)/v)·(t_{n-1}/t_df)² (Korn & Graubard 1998), n
    at 0 and 1; with `svyciprop` p(1-p)/v alone, as R's `svyciprop` begins.

    >>> one = np.ones(1)
    >>> m = Means(one / 2, one / 200, 100 * one, 100 * one, 100 * one, one / 4, 99 * one)
    >>> effective(m, True, "capped"), effective(m, True, "svyciprop"), effective(m, False, "capped")
    (array([50.]), array([50.]), array([50.]))
    """
    if proportion and size == "capped":
        return effective_size(found.value, found.v, found.n, found.df)
    one = found.value * (1 - found.value) if proportion else found.spread
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: Floats = one / found.v
    return ratio


def limits(
    found: Means, n_eff: Floats, proportion: bool, how: Conventions
) -> tuple[Floats, Floats]:
    """The 95 % limits, (domains,) each; those of t are not cut to 0 and 1, as R's are not.

    With `svyciprop`, Wilson's has t_df where it has 1.96 else, and Korn & Graubard's n_eff the
    factor (t_{n-1}/t_df)².

    >>> one = np.ones(1)
    >>> m = Means(one / 2, one / 200, 100 * one, 100 * one, 100 * one, one / 4, 99 * one)
    >>> [float(limit[0].round(4)) for limit in limits(m, 50 * one, True, Conventions())]
    [0.3664, 0.6336]
    """
    kind = (how.ci or "wilson") if proportion else "t"
    quantile = t_quantile(found.df)
    if kind == "t":
        half = quantile * np.sqrt(found.v)
        return found.value - half, found.value + half
    if kind == "logit":
        return logit_interval(found.value, found.v, found.n, found.df)
    if kind == "wilson":
        own = (Z / quantile) ** 2 if how.size == "svyciprop" else 1.0
        return wilson(found.value, n_eff * own)
    own = (t_quantile(found.n - 1) / quantile) ** 2 if how.size == "svyciprop" else 1.0
    return korn_graubard(found.value, n_eff * own)


def reasons(parts: Domains, found: Means, one: Variable, n_eff: Floats) -> Reasons:
    """Why a domain's estimate is not shown, (domains,), "" where it is.

    Under 10 persons or 5 clusters nothing; a proportion only from 30 persons, with 3 on either
    side, if it is precise (NCHS 2017). So that what is hidden cannot be had by subtraction, the
    smallest domains shown are hidden with it until those hidden are two or more, of 10 persons and
    5 clusters together.
    """
    known = parts.inside & (parts.design.w > 0) & np.isfinite(one.y)
    yes = np.bincount(parts.of_row[known], one.y[known], minlength=parts.count)
    conditions = [found.n < INDEX_FROM, found.clusters < HOMES_FROM]
    choices = ["few_persons", "few_clusters"]
    if one.proportion:
        sides = np.minimum(yes, found.n - yes)
        conditions += [found.n < DIRECT_FROM, sides < FEW, ~point(found.value, n_eff)]
        choices += ["too_few_for_this", "few_on_a_side", "imprecise"]
    why: Reasons = np.select(conditions, choices, "").astype("<U16")
    if not (np.isin(why, NOTHING) & (found.n > 0)).any():
        return why
    for domain in np.argsort(found.n, kind="stable"):
        hidden = np.isin(why, (*NOTHING, "too_few_for_this")) & (found.n > 0)
        enough = found.n[hidden].sum() >= INDEX_FROM and found.clusters[hidden].sum() >= HOMES_FROM
        if enough and hidden.sum() > 1:
            break
        if found.n[domain] > 0 and not hidden[domain]:
            why[domain] = "complementary"
    return why
