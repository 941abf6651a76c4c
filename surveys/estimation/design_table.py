"""The rows of `usegap estimate`: estimates of a design with their limits, and what is not shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from surveys.estimation.design import Domains
from surveys.estimation.design_differences import Differences, from_one, from_others
from surveys.estimation.design_estimates import (
    Degrees,
    Estimates,
    Statistic,
    means,
    ratios,
    totals,
)
from surveys.estimation.design_hidden import (
    NOTHING,
    Behind,
    Reasons,
    against_one,
    against_others,
    behind,
    behind_quantile,
    rest_hidden,
)
from surveys.estimation.design_quantiles import Interval, Rule, quantiles
from surveys.estimation.frame import Bools, Floats
from surveys.estimation.intervals import (
    Z,
    effective_size,
    korn_graubard,
    logit_interval,
    t_quantile,
    wilson,
)
from surveys.estimation.suppression import FEW

Statistics = Literal["mean", "proportion", "total", "ratio", "quantile"]
Kind = Literal["t", "wilson", "korn-graubard", "logit"]
Deff = Literal["replace", "finite"]
Size = Literal["capped", "svyciprop"]

LEVEL = 0.95
STEP = 0.05
"""To which the limits of an imprecise proportion are rounded outward."""


@dataclass(frozen=True, slots=True)
class Variable:
    """Something to estimate."""

    name: str
    y: Floats
    """(rows,) NaN where missing; 0 and 1 of a proportion."""
    statistic: Statistics = "mean"
    x: Floats | None = None
    """(rows,) of a ratio: what stands below."""
    p: float = 0.5
    """Of a quantile: the share that lies at or under it."""
    column: str = ""
    """Of a proportion of one value: the column that has it."""


@dataclass(frozen=True, slots=True)
class Conventions:
    """How it is estimated and what is shown."""

    ci: Kind = "wilson"
    """The limits of proportions; all else has t's, a quantile Woodruff's."""
    degrees: Degrees = "design"
    deff: Deff = "replace"
    size: Size = "capped"
    """n_eff of proportions: `capped`, at most n and at the design's t; `svyciprop`, as R's."""
    rule: Rule = "math"
    interval: Interval = "mean"
    suppress: bool = True
    compare: int | Literal["others"] | None = None
    """The domain that all others are compared with, or `others`: each with all others together."""


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
    against: str | None = None
    """Of a difference: the domain that was taken off, or `others`."""


@dataclass(frozen=True, slots=True)
class Column:
    """One statistic of all domains, (domains,) each, before anything is hidden."""

    name: str
    estimate: Floats
    se: Floats
    low: Floats
    high: Floats
    n: Floats
    n_eff: Floats
    deff: Floats
    df: Floats
    missing: Floats
    behind: Behind
    share: bool
    """Whether limits can stand without the estimate."""


def table(
    parts: Domains, names: Sequence[str | None], variables: Sequence[Variable], how: Conventions
) -> list[Row]:
    """A row for each variable and domain, and for each difference asked for. names: (domains,).

    >>> from surveys.estimation.design import design, domains
    >>> everyone = domains(design(4), np.zeros(4, int), 1)
    >>> use = Variable("U", np.array([10.0, 20.0, 30.0, np.nan]))
    >>> row, = table(everyone, [None], [use], Conventions(suppress=False))
    >>> row.estimate, row.n, row.missing
    (20.0, 3, 1)
    >>> table(everyone, [None], [use], Conventions())[0].suppressed
    'few_persons'
    """
    made = [_made(parts, one, how) for one in variables]
    return rows_of(made, [one.column for one in variables], names, how)


Made = tuple[Column, Differences | None]
"""A statistic of all domains, and its differences where they were asked for and can be made."""


def rows_of(
    made: Sequence[Made], sources: Sequence[str], names: Sequence[str | None], how: Conventions
) -> list[Row]:
    """The rows of what was estimated, hidden where it has to be.

    sources: of each statistic that is a proportion of one value, the column that has it; else "".
    """
    columns = [column for column, _ in made]
    for source in {one for one in sources if one}:
        same = [at for at, one in enumerate(sources) if one == source]
        several = rest_hidden([columns[at].behind for at in same])
        for at, who in zip(same, several, strict=True):
            columns[at] = replace(columns[at], behind=who)
    rows: list[Row] = []
    for column, (_, found) in zip(columns, made, strict=True):
        rows += _rows(column, names, [None] * len(names), column.behind.why, how.suppress)
        if found is not None and how.compare is not None:
            rows += _compared(column, found, names, how.compare, how.suppress)
    return rows


def _made(parts: Domains, one: Variable, how: Conventions) -> Made:
    if one.statistic == "quantile":
        return quantile_column(parts, one, how), None
    if one.statistic == "total":
        found = totals(parts, one.y, how.degrees)
    elif one.x is not None:
        found = ratios(parts, one.y, one.x, how.degrees)
    else:
        found = means(parts, one.y, how.degrees)
    n_eff = effective(found, one.statistic == "proportion", how.size)
    who = behind(found, n_eff if one.statistic == "proportion" else None)
    known = np.isfinite(one.y) & (np.isfinite(one.x) if one.x is not None else True)
    column = column_of(one.name, one.statistic, found, who, _missing(parts, known), how=how)
    return column, _differences(found, how.compare)


def _differences(found: Estimates, compare: int | Literal["others"] | None) -> Differences | None:
    if compare is None:
        return None
    return from_one(found, compare) if isinstance(compare, int) else from_others(found)


def column_of(
    name: str,
    statistic: Statistics,
    found: Statistic,
    who: Behind,
    missing: Floats,
    *,
    how: Conventions,
) -> Column:
    """A statistic with its sizes and limits; missing: (domains,) rows without a value."""
    share = statistic == "proportion"
    n_eff = effective(found, share, how.size)
    low, high = limits(found, n_eff, share, how)
    return Column(
        name, found.value, np.sqrt(found.v), low, high, found.n, n_eff,
        found.deff_replace if how.deff == "replace" else found.deff_finite, found.df,
        missing, who, share,
    )  # fmt: skip


def quantile_column(parts: Domains, one: Variable, how: Conventions) -> Column:
    """A quantile of each domain, with Woodruff's limits."""
    found = quantiles(parts, one.y, one.p, rule=how.rule, interval=how.interval,
                      degrees=how.degrees)  # fmt: skip
    share = found.share
    of, y = parts.of_row[parts.inside], one.y[parts.inside]
    known = share.known

    def beyond(limit: Floats, *, up: bool) -> Floats:
        far = y >= limit[of] if up else y <= limit[of]
        return np.bincount(of, known & far, minlength=parts.count).astype(np.float64)

    who = behind_quantile(share, beyond(found.value, up=False), beyond(found.value, up=True))
    low, high = found.low, found.high
    if how.suppress:
        low = np.where(beyond(low, up=False) < FEW, np.nan, low)
        high = np.where(beyond(high, up=True) < FEW, np.nan, high)
    return Column(
        one.name, found.value, found.se, low, high, share.n, effective(share, True, "svyciprop"),
        share.deff_replace if how.deff == "replace" else share.deff_finite, share.df,
        _missing(parts, np.isfinite(one.y)), who, False,
    )  # fmt: skip


def _missing(parts: Domains, known: Bools) -> Floats:
    weighed = parts.inside & (parts.design.w > 0) & ~known
    return np.bincount(parts.of_row[weighed], minlength=parts.count).astype(np.float64)


def _compared(
    column: Column,
    made: Differences,
    names: Sequence[str | None],
    compare: int | Literal["others"],
    suppress: bool,
) -> Iterator[Row]:
    if isinstance(compare, int):
        why = against_one(column.behind, compare)
        against = [names[compare]] * len(names)
        missing = column.missing + column.missing[compare]
    else:
        why = against_others(column.behind)
        against = ["others"] * len(names)
        missing = np.full(len(names), column.missing.sum())
    se, none = np.sqrt(made.v), np.full(len(names), np.nan)
    half = t_quantile(made.df) * se
    one = replace(
        column, name=f"difference({column.name})", estimate=made.value, se=se,
        low=made.value - half, high=made.value + half, n=made.n, n_eff=none, deff=none,
        df=made.df, missing=missing, share=False,
    )  # fmt: skip
    for at, row in enumerate(_rows(one, names, against, why, suppress)):
        if at != compare:
            yield row


def _rows(
    one: Column,
    names: Sequence[str | None],
    against: Sequence[str | None],
    why: Reasons,
    suppress: bool,
) -> Iterator[Row]:
    why = why if suppress else np.full(len(why), "")
    shown, some = why == "", ~np.isin(why, NOTHING)
    low, high = (np.where(shown, limit, np.nan) for limit in (one.low, one.high))
    if one.share:
        imprecise = why == "imprecise"
        outward = (STEP * np.floor(one.low / STEP + 1e-9), STEP * np.ceil(one.high / STEP - 1e-9))
        low, high = (
            np.where(imprecise, np.clip(np.round(wide, 2), 0, 1), limit)
            for wide, limit in zip(outward, (low, high), strict=True)
        )
    numbers = [
        _numbers(column)
        for column in (
            np.where(shown, one.estimate, np.nan), np.where(shown, one.se, np.nan), low, high,
            np.where(shown, one.n_eff, np.nan), np.where(shown, one.deff, np.nan),
            np.where(some, one.df, np.nan),
        )
    ]  # fmt: skip
    whole = [_whole(np.where(some, column, np.nan)) for column in (one.n, one.missing)]
    for at, reason in enumerate(why.tolist()):
        estimate, se, bottom, top, n_eff, deff, df = (column[at] for column in numbers)
        yield Row(
            names[at], one.name, estimate, se, bottom, top, LEVEL, whole[0][at], n_eff, deff, df,
            reason or None, whole[1][at], against[at],
        )  # fmt: skip


def _numbers(values: Floats) -> list[float | None]:
    known = np.isfinite(values).tolist()
    return [one if there else None for one, there in zip(values.tolist(), known, strict=True)]


def _whole(values: Floats) -> list[int | None]:
    return [None if one is None else int(one) for one in _numbers(values)]


def effective(found: Statistic, proportion: bool, size: Size) -> Floats:
    """n_eff, (domains,): the persons of a simple random sample as precise as this one.

    Of a mean, total or ratio n ÷ the design effect with replacement. Of a proportion
    min(n, p(1-p)/v)·(t_{n-1}/t_df)² (Korn & Graubard 1998), n at 0 and 1; with `svyciprop` p(1-p)/v
    alone, as R's `svyciprop` begins.

    >>> from surveys.estimation.design import design, domains
    >>> p = means(domains(design(5), np.zeros(5, int), 1), np.array([0.0, 0, 1, 1, 1]))
    >>> effective(p, True, "capped"), effective(p, True, "svyciprop"), effective(p, False, "capped")
    (array([4.]), array([4.]), array([5.]))
    """
    if proportion and size == "capped":
        return effective_size(found.value, found.v, found.n, found.df)
    with np.errstate(divide="ignore", invalid="ignore"):
        if proportion:
            ratio: Floats = found.value * (1 - found.value) / found.v
        else:
            ratio = found.n * found.simple / found.v
    # Without any variance there is no number to give.
    return np.where(np.isfinite(ratio), ratio, np.nan)


def limits(
    found: Statistic, n_eff: Floats, proportion: bool, how: Conventions
) -> tuple[Floats, Floats]:
    """The 95 % limits, (domains,) each; those of t are not cut to 0 and 1, as R's are not.

    With `svyciprop`, Wilson's has t_df where it has 1.96 else, and Korn & Graubard's n_eff the
    factor (t_{n-1}/t_df)², n being, as R's `nrow`, rows with and without a value: of the domain, or
    of all where weights were raked.

    >>> from surveys.estimation.design import design, domains
    >>> p = means(domains(design(100), np.zeros(100, int), 1), np.arange(100) % 2.0)
    >>> [float(limit[0].round(4)) for limit in limits(p, np.array([50.0]), True, Conventions())]
    [0.3664, 0.6336]
    """
    kind = how.ci if proportion else "t"
    quantile = t_quantile(found.df)
    if kind == "t":
        half = quantile * np.sqrt(found.v)
        return found.value - half, found.value + half
    if kind == "logit":
        return logit_interval(found.value, found.v, found.n, found.df)
    if kind == "wilson":
        own = (Z / quantile) ** 2 if how.size == "svyciprop" else 1.0
        return wilson(found.value, n_eff * own)
    if how.size == "capped":
        return korn_graubard(found.value, n_eff)
    return korn_graubard(found.value, n_eff * (t_quantile(found.rows - 1) / quantile) ** 2)
