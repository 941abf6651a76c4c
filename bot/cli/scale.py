"""`usegap scale`: whether items measure one thing, of data collected elsewhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.columns import Table, read_table
from bot.cli.opening import Problem, note
from bot.cli.scale_output import Shape, write
from bot.cli.several import Several

if TYPE_CHECKING:
    from surveys.estimation.scale_table import Grouping

POINTS_FROM, POINTS_TO = 5, 101


class Model(StrEnum):
    """Item response models."""

    two_parameters = "2pl"
    graded = "grm"
    none = "none"


class Missing(StrEnum):
    """Who is counted where answers are missing."""

    listwise = "listwise"
    pairwise = "pairwise"


class Match(StrEnum):
    """What persons of different groups are matched on."""

    total = "total"
    rest = "rest"


def add_to(app: typer.Typer) -> None:
    """Put this command into the program."""
    app.command(cls=Several)(scale)


def scale(
    file: Annotated[Path, typer.Argument(help="A CSV file with a row for each person.")],
    *,
    item: Annotated[
        list[str], typer.Option(metavar="COL…", help="A column of numbers, or COL=VALUE.")
    ],
    group: Annotated[
        list[str] | None,
        typer.Option(metavar="COL…", help="Do items function otherwise by this column?"),
    ] = None,
    weight: Annotated[str | None, typer.Option(metavar="COL", help="The weights.")] = None,
    model: Annotated[
        Model | None, typer.Option(help="Without it 2pl, or grm if an item has over two values.")
    ] = None,
    equal_slopes: Annotated[
        bool, typer.Option("--equal-slopes", help="One discrimination for all items.")
    ] = False,
    points: Annotated[
        int, typer.Option(min=POINTS_FROM, max=POINTS_TO, help="Of the quadrature.")
    ] = 21,
    missing: Annotated[
        Missing, typer.Option(help="Who counts: with all items, or with what they answered.")
    ] = Missing.pairwise,
    match: Annotated[
        Match, typer.Option(help="Groups are compared at the same sum: of all items, or the rest.")
    ] = Match.total,
    purify: Annotated[
        bool, typer.Option("--purify", help="Items that function otherwise leave the sum.")
    ] = False,
    no_suppress: Annotated[
        bool, typer.Option("--no-suppress", help="Show everything: for open data.")
    ] = False,
    format_: Annotated[Shape, typer.Option("--format", help="How to write it.")] = Shape.table,
) -> None:
    """Tell from a CSV file how well several items measure one thing."""
    import numpy as np

    from surveys.estimation.scale_table import ScaleConventions, scale_table
    from surveys.estimation.scales import ScaleError

    twice = [one for at, one in enumerate(item) if one in item[:at]]
    if twice:
        raise typer.BadParameter(f"the item {twice[0]} is named twice.")
    if len(item) < 2:
        raise typer.BadParameter("a scale needs at least two --item.")
    by = list(group or ())
    columns = [*item, *(one.rpartition("=")[0] for one in item), *by, *([weight] if weight else [])]
    data = read_table(file, columns)
    if weight:
        data = _weighed(data, weight)
    items = np.column_stack([data.measured(one) for one in item])
    silent = int((~np.isfinite(items).any(axis=1)).sum())
    if silent:
        note(f"{silent} rows without any of the items are left out.")
    how = ScaleConventions(
        missing=missing.value, model=model.value if model else None, equal_slopes=equal_slopes,
        points=points, match=match.value, purify=purify, suppress=not no_suppress,
    )  # fmt: skip
    try:
        found = scale_table(
            item, items, data.numbers(weight) if weight else None, _groupings(data, by), how
        )
    except ScaleError as error:
        raise Problem(f"{data.name}: {error}.") from None
    for row in found["reliability"].get("items", ()):
        if (row["item_rest"] or 0) < 0:
            note(f"{row['item']} runs against the other items: is it asked the other way round?")
    write(found, format_)


def _weighed(data: Table, weight: str) -> Table:
    given = data.cells(weight).given
    if not given.all():
        note(f"{int((~given).sum())} rows without a weight are left out.")
    if not given.any():
        raise Problem(f"{data.name}: the column {weight} is empty.")
    return data.only(given)


def _groupings(data: Table, by: list[str]) -> list[Grouping]:
    from surveys.estimation.scale_table import Grouping

    found = []
    for name in by:
        of_row, values = data.codes(name)
        outside = int((of_row < 0).sum())
        if outside:
            note(f"{outside} rows have no value of {name}: they are in none of its groups.")
        found.append(Grouping(name, of_row, values))
    return found
