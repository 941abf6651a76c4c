"""The rows of `usegap estimate` from grouped passes, wherever the respondents are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from surveys.estimation.design_differences import Differences
from surveys.estimation.design_hidden import behind_counts
from surveys.estimation.design_table import (
    Conventions,
    Made,
    Statistics,
    column_of,
    effective,
)
from surveys.estimation.passes import Sums, parts
from surveys.estimation.passes_differences import from_one, from_others
from surveys.estimation.passes_estimates import Sampled, counts, grouped, missing, statistic

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Asked:
    """Something to estimate whose values are elsewhere: the variable i of the rows."""

    name: str
    statistic: Statistics = "mean"
    """All but a quantile, which has no sums."""

    @property
    def sums(self) -> Sums:
        """What it needs."""
        return Sums(ratio=self.statistic == "ratio", total=self.statistic == "total")


def totals(sample: Sampled, asked: Sequence[Asked]) -> pd.DataFrame:
    """The first pass: what each part of each domain has, by which the domains become known."""
    return parts(sample.rows, [each.sums for each in asked])


def estimated(
    sample: Sampled,
    asked: Sequence[Asked],
    found: pd.DataFrame,
    domains: Sequence[Any],
    how: Conventions,
) -> list[Made]:
    """Each variable of every domain. found: of `totals`; domains: its keys `d`, in order."""
    sums = [each.sums for each in asked]
    one = grouped(sample, sums, found, domains, compared=how.compare is not None)
    beside: Sequence[Differences | None] = [None] * len(asked)
    if how.compare == "others":
        beside = from_others(one, how.degrees)
    elif how.compare is not None:
        beside = from_one(one, how.compare, how.degrees)
    made: list[Made] = []
    for at, each in enumerate(asked):
        numbers = statistic(one, at, how.degrees)
        n_eff = None
        if each.statistic == "proportion":
            n_eff = effective(numbers, True, how.size)
        who = behind_counts(numbers, counts(one, at), n_eff)
        lacks = missing(one, at)
        column = column_of(each.name, each.statistic, numbers, who, lacks, how=how)
        made.append((column, beside[at]))
    return made
