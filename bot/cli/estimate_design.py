"""The design, the margins and the domains of `usegap estimate`, from the columns of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from bot.cli.columns import Table, read_table
from bot.cli.opening import Problem, note

if TYPE_CHECKING:
    from surveys.estimation.design import Design, Lonely
    from surveys.estimation.design_raking import Margin
    from surveys.estimation.frame import Ints

MARGIN_COLUMNS = ("variable", "category", "count")
CROSS = " × "
"""Between the values of several columns that domains are crossed from."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of the design."""

    weight: str | None
    cluster: str | None
    strata: str | None
    fpc: str | None

    @property
    def named(self) -> list[str]:
        """Those that were named."""
        every = (self.weight, self.cluster, self.strata, self.fpc)
        return [one for one in every if one is not None]


def weighed(data: Table, columns: Columns) -> Table:
    """The rows that have a weight, and all else that the design needs; raises `Problem`."""
    if columns.weight is not None:
        given = data.cells(columns.weight).given
        if not given.any():
            raise Problem(f"{data.name}: the column {columns.weight} is empty.")
        if not given.all():
            note(f"{int((~given).sum())} rows without a weight are left out.")
            data = data.only(given)
    for column in (columns.cluster, columns.strata, columns.fpc):
        if column is not None:
            data.whole(column)
    return data


def sample_of(data: Table, columns: Columns, lonely: Lonely) -> Design:
    """The design of `weighed` rows; raises `Problem` and `DesignError`."""
    from surveys.estimation.design import design

    weight, cluster, strata, fpc = columns.weight, columns.cluster, columns.strata, columns.fpc
    groups, called = data.codes(strata) if strata else (None, None)
    return design(
        len(data.rows),
        weight=data.numbers(weight) if weight else None,
        cluster=data.codes(cluster)[0] if cluster else None,
        strata=groups,
        fpc=data.numbers(fpc) if fpc else None,
        lonely=lonely,
        names=called,
    )


def margins_of(file: Path) -> dict[str, dict[str, float]]:
    """Counts by variable and category, in the order of the file; raises `Problem`."""
    table = read_table(file, list(MARGIN_COLUMNS))
    for column in MARGIN_COLUMNS:
        table.whole(column)
    counts = table.numbers("count")
    found: dict[str, dict[str, float]] = {}
    lines = zip(table.values("variable"), table.values("category"), counts.tolist(), strict=True)
    for variable, category, count in lines:
        if not count > 0:
            raise Problem(f"{table.name}: {variable} {category} has a count that is not above 0.")
        if category in found.setdefault(variable, {}):
            raise Problem(f"{table.name}: {variable} {category} stands twice.")
        found[variable][category] = count
    return found


def matched(data: Table, known: Mapping[str, Mapping[str, float]], file: str) -> list[Margin]:
    """The margins beside the rows' categories; raises `Problem` where one side lacks one."""
    import numpy as np

    from surveys.estimation.design_raking import Margin

    found = []
    for variable, counts in known.items():
        data.whole(variable)
        codes, values = data.codes(variable)
        for one, others, where in ((values, counts, file), (counts, values, data.name)):
            lacking = [category for category in one if category not in others]
            if lacking:
                raise Problem(f"The category {lacking[0]} of {variable} is not in {where}.")
        found.append(Margin(variable, codes, np.array([counts[value] for value in values])))
    return found


def domains_of(data: Table, by: Sequence[str]) -> tuple[Ints, list[str | None]]:
    """Which of the columns' values each row has, -1 for none, crossed where the columns are
    several; and their names. Raises `Problem`.
    """
    import numpy as np

    of_row = np.zeros(len(data.rows), np.int64)
    names: list[str | None] = [None]
    for column in by:
        codes, values = data.codes(column)
        if not values:
            raise Problem(f"{data.name}: the column {column} is empty.")
        both = np.where((of_row < 0) | (codes < 0), -1, of_row * len(values) + codes)
        found, place = np.unique(both, return_inverse=True)
        gaps = int(found[0] < 0)
        of_row = place.astype(np.int64) - gaps
        names = [
            values[at % len(values)]
            if names[at // len(values)] is None
            else f"{names[at // len(values)]}{CROSS}{values[at % len(values)]}"
            for at in found[gaps:].tolist()
        ]
    outside = int((of_row < 0).sum())
    if outside:
        note(f"{outside} rows have no value of {' or '.join(by)}: they are in no domain.")
    if not names:
        raise Problem(f"{data.name}: no row has a value of each of {', '.join(by)}.")
    return of_row, names


def compared_with(names: list[str | None], compare: str | None) -> int | Literal["others"] | None:
    """The place of the domain that `--compare` names."""
    if compare is None or compare == "others":
        return "others" if compare else None
    if compare == "first":
        return 0
    if compare not in names:
        raise typer.BadParameter("--compare is first, others or a domain's name.")
    return names.index(compare)
