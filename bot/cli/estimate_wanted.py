"""What `usegap estimate` is asked for: names of columns, and what to make of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from bot.cli.columns import Table
from bot.cli.opening import Problem, note

if TYPE_CHECKING:
    from surveys.estimation.design_table import Variable


@dataclass(frozen=True, slots=True)
class Wanted:
    """As they were written."""

    measures: tuple[str, ...]
    proportions: tuple[str, ...]
    totals: tuple[str, ...]
    ratios: tuple[str, ...]
    quantiles: tuple[str, ...]
    shares: tuple[float, ...]
    """Of the quantiles that name none themselves."""

    def check(self) -> None:
        """A sentence where nothing is asked for, or what cannot be."""
        if not (self.measures or self.proportions or self.totals or self.ratios or self.quantiles):
            raise typer.BadParameter(
                "name at least one --measure, --proportion, --total, --ratio or --quantile."
            )
        if self.shares and not self.quantiles:
            raise typer.BadParameter("--at needs --quantile.")
        if not all(0 < share < 1 for share in self.shares):
            raise typer.BadParameter("--at takes shares between 0 and 1, as 0.25.")


def columns_of(wanted: Wanted) -> list[str]:
    """All that could be a column's name in what was written, `COL=VALUE` and `COL/COL` split."""
    one = [*wanted.measures, *wanted.proportions, *wanted.totals, *wanted.quantiles]
    one += [side for ratio in wanted.ratios for pair in splits(ratio) for side in pair]
    return [*one, *(name.rpartition("=")[0] for name in one if "=" in name)]


def variables_of(data: Table, wanted: Wanted) -> list[Variable]:
    """What to estimate, in the order of the options; raises `Problem`."""
    from surveys.estimation.design_table import Variable

    found = [Variable(name, data.numbers(name)) for name in wanted.measures]
    for name in wanted.proportions:
        column, value = data.value_of(name)
        y = data.shares(name)
        if value is not None and not (y == 1).any():
            note(f"No row has {name}: is that how it is written?")
        found.append(Variable(name, y, "proportion", column="" if value is None else column))
    found += [Variable(f"total({name})", data.measured(name), "total") for name in wanted.totals]
    for name in wanted.ratios:
        above, below = _sides(data, name)
        found.append(Variable(name, data.measured(above), "ratio", data.measured(below)))
    for name, share in _quantiles(data, wanted):
        y = data.numbers(name)
        found.append(Variable(f"quantile({name}, {share:g})", y, "quantile", p=share))
    _count_missing(found)
    return found


def _count_missing(variables: list[Variable]) -> None:
    import numpy as np

    for one in variables:
        lacks = ~np.isfinite(one.y)
        if one.x is not None:
            lacks |= ~np.isfinite(one.x)
        if lacks.any():
            note(f"{int(lacks.sum())} rows without a value of {one.name} are left out of it.")


def splits(ratio: str) -> list[tuple[str, str]]:
    """At each slash: names of columns can have one themselves, as Kobo's `group/name`."""
    parts = ratio.split("/")
    return [
        ("/".join(parts[:at]).strip(), "/".join(parts[at:]).strip()) for at in range(1, len(parts))
    ]


def _sides(data: Table, ratio: str) -> tuple[str, str]:
    pairs = splits(ratio)
    able = [pair for pair in pairs if all(data.value_of(side)[0] in data.columns for side in pair)]
    if len(able) > 1:
        raise Problem(f"{ratio} can be split into two columns in more than one way.")
    if not pairs:
        raise typer.BadParameter("--ratio takes two columns, as COL/COL.")
    if not able and len(pairs) == 1:
        for side in pairs[0]:
            data.cells(data.value_of(side)[0])
    if not able:
        raise Problem(f"{data.name} has no two columns that make {ratio}.")
    return able[0]


def _quantiles(data: Table, wanted: Wanted) -> list[tuple[str, float]]:
    found = []
    for name in wanted.quantiles:
        column, share = data.value_of(name)
        if share is None:
            found += [(column, one) for one in wanted.shares or (0.5,)]
            continue
        try:
            one = float(share)
        except ValueError:
            one = 0.0
        if not 0 < one < 1:
            raise typer.BadParameter("--quantile takes a share between 0 and 1, as COL=0.25.")
        found.append((column, one))
    return found
