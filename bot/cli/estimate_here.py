"""`usegap estimate` with the rows here: the grouped passes on pandas; or all rows at once.

The passes take what has sums. Quantiles, and weights raked to margins, need all rows at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bot.cli.columns import Table
from bot.cli.estimate_design import Columns, matched, sample_of

if TYPE_CHECKING:
    from surveys.estimation.design import Lonely
    from surveys.estimation.design_raking import Residuals
    from surveys.estimation.design_table import Conventions, Row, Variable
    from surveys.estimation.frame import Ints
    from surveys.estimation.passes import Frame, Rows


def rows_here(
    data: Table,
    columns: Columns,
    of_row: Ints,
    names: Sequence[str | None],
    variables: Sequence[Variable],
    *,
    lonely: Lonely,
    how: Conventions,
) -> list[Row]:
    """The table by grouped passes; raises `Problem` and `DesignError`.

    of_row: (rows,) the domain, -1 for none; variables: no quantiles.
    """
    from surveys.estimation.design_table import rows_of
    from surveys.estimation.passes_estimates import sampled
    from surveys.estimation.passes_table import Asked, estimated, totals

    rows, called = _rows(data, columns, of_row, variables)
    asked = [Asked(one.name, one.statistic) for one in variables]
    sample = sampled(
        rows, fpc=columns.fpc is not None, weight=columns.weight is not None, lonely=lonely,
        names=called,
    )  # fmt: skip
    made = estimated(sample, asked, totals(sample, asked), range(len(names)), how)
    return rows_of(made, [one.column for one in variables], names, how)


def _rows(
    data: Table, columns: Columns, of_row: Ints, variables: Sequence[Variable]
) -> tuple[Rows, list[str] | None]:
    """The columns of the passes, and what the strata are called."""
    import narwhals as nw
    import numpy as np
    import pandas as pd

    from surveys.estimation.design import NO_WEIGHT, DesignError
    from surveys.estimation.passes import Rows

    groups, called = data.codes(columns.strata) if columns.strata else (0, None)
    held: dict[str, object] = {"d": np.where(of_row < 0, np.nan, of_row), "h": groups}
    if columns.cluster:
        held["c"] = data.codes(columns.cluster)[0]
    if columns.weight:
        held["w"] = w = data.numbers(columns.weight)
        if (w < 0).any():
            raise DesignError(NO_WEIGHT)
    elif not columns.fpc:
        held["w"] = 1.0
    if columns.fpc:
        held["fpc"] = data.numbers(columns.fpc)
    for at, one in enumerate(variables):
        held[f"y{at}"] = one.y
        if one.x is not None:
            held[f"x{at}"] = one.x

    def send(table: pd.DataFrame) -> Frame:
        found: Frame = nw.from_native(table).lazy()
        return found

    frame = pd.DataFrame(held, index=range(len(of_row)), copy=False)
    return Rows(send(frame), columns.cluster is not None, lambda one: one, send), called


def rows_at_once(
    data: Table,
    columns: Columns,
    of_row: Ints,
    names: Sequence[str | None],
    variables: Sequence[Variable],
    *,
    lonely: Lonely,
    how: Conventions,
    margins: Mapping[str, Mapping[str, float]],
    file: str,
    residuals: Residuals,
) -> list[Row]:
    """The same table, and quantiles, of weights raked to `margins` where the `file` has any."""
    from surveys.estimation.design import domains
    from surveys.estimation.design_raking import raked
    from surveys.estimation.design_table import table

    sample = sample_of(data, columns, lonely)
    if margins:
        sample = raked(sample, matched(data, margins, file), residuals)
    return table(domains(sample, of_row, len(names)), names, variables, how)
