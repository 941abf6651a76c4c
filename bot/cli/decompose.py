"""`usegap decompose`: the difference of two groups' means taken apart, from a CSV file."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.columns import Table, read_table
from bot.cli.estimate_output import WORDS, Shape
from bot.cli.opening import Problem, note
from bot.cli.several import Several

if TYPE_CHECKING:
    from surveys.estimation.frame import Bools, Ints
    from surveys.estimation.oaxaca import Decomposition
    from surveys.estimation.oaxaca_groups import Covariate, Persons
    from surveys.estimation.oaxaca_table import Row

CROSS = " × "
OTHERS = "others"
SMALL = 10
"""Kitagawa's cells with fewer rows in a group are told of."""


class Method(StrEnum):
    """How it is taken apart."""

    threefold = "threefold"
    twofold = "twofold"
    kitagawa = "kitagawa"


class Coefficients(StrEnum):
    """Whose coefficients explain in the two-fold."""

    other = "0"
    half = "0.5"
    reference = "1"
    neumark = "neumark"
    pooled = "pooled"


class Viewpoint(StrEnum):
    """Whose coefficients and means the three-fold begins from."""

    other = "other"
    reference = "reference"


class Errors(StrEnum):
    """What varies from sample to sample."""

    joint = "joint"
    separate = "separate"
    fixed = "fixed"


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that were named."""

    outcome: str
    group: str
    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    weight: str | None
    cluster: str | None

    @property
    def every(self) -> list[str]:
        """All that may be in the file; of `COL=VALUE` both readings."""
        measured = (self.outcome, *self.numbers)
        given = (self.group, *self.categories, self.weight, self.cluster)
        parts = (one.rpartition("=")[0] for one in measured)
        return [*measured, *parts, *(one for one in given if one is not None)]


def add_to(app: typer.Typer) -> None:
    """Put this command into the program."""
    app.command(cls=Several)(decompose)


def decompose(
    file: Annotated[Path, typer.Argument(help="A CSV file with a row for each person.")],
    *,
    outcome: Annotated[
        str, typer.Option(metavar="COL", help="A column of numbers, or COL=VALUE: what differs.")
    ],
    group: Annotated[str, typer.Option(metavar="COL", help="The column of the two groups.")],
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="VALUE", help="The group that the other is taken from; else the first."
        ),
    ] = None,
    covariate: Annotated[
        list[str] | None,
        typer.Option(metavar="COL…", help="A column of numbers, or COL=VALUE."),
    ] = None,
    categorical: Annotated[
        list[str] | None, typer.Option(metavar="COL…", help="A column of categories.")
    ] = None,
    weight: Annotated[str | None, typer.Option(metavar="COL", help="The weights.")] = None,
    cluster: Annotated[str | None, typer.Option(metavar="COL", help="Homes, say.")] = None,
    method: Annotated[
        Method, typer.Option(help="Oaxaca-Blinder in three or two parts, or Kitagawa.")
    ] = Method.threefold,
    coefficients: Annotated[
        Coefficients | None, typer.Option(help="Of the two-fold: the weight of the reference's.")
    ] = None,
    viewpoint: Annotated[
        Viewpoint | None, typer.Option(help="Of the three-fold: whose coefficients.")
    ] = None,
    normalise: Annotated[
        bool, typer.Option("--normalise", help="No category is left out (Gardeazabal & Ugidos).")
    ] = False,
    errors: Annotated[
        Errors,
        typer.Option(help="Means and coefficients vary together, apart, or only the latter."),
    ] = Errors.joint,
    no_suppress: Annotated[
        bool, typer.Option("--no-suppress", help="Show everything: for open data.")
    ] = False,
    format_: Annotated[Shape, typer.Option("--format", help="How to write it.")] = Shape.table,
) -> None:
    """Take the difference of two groups' means apart (Oaxaca-Blinder, Kitagawa)."""
    from surveys.estimation.oaxaca import composition_and_rate, three_fold, two_fold
    from surveys.estimation.oaxaca_groups import DecompositionError
    from surveys.estimation.oaxaca_table import table

    named = Columns(
        outcome, group, tuple(covariate or ()), tuple(categorical or ()), weight, cluster
    )
    _check(method, named, coefficients, viewpoint, normalise=normalise)
    data = _complete(read_table(file, named.every), named)
    other, names = _groups(data, group, reference)
    cells = method is Method.kitagawa
    covariates = _cells(data, named) if cells else _covariates(data, named)
    persons = _persons(data, named, other, covariates)
    if cells:
        _tell_of_small(persons)

    def taken() -> Decomposition:
        if method is Method.kitagawa:
            return composition_and_rate(persons, errors=errors.value)
        if method is Method.twofold:
            chosen = coefficients or Coefficients.other
            return two_fold(
                persons, coefficients=chosen.value, normalise=normalise, errors=errors.value
            )
        seen = viewpoint or Viewpoint.other
        return three_fold(persons, normalise=normalise, viewpoint=seen.value, errors=errors.value)

    try:
        found = taken()
    except DecompositionError as error:
        raise Problem(f"{data.name}: {error}") from None
    _write(table(found, persons, names, suppress=not no_suppress), format_)


def _check(
    method: Method,
    named: Columns,
    coefficients: Coefficients | None,
    viewpoint: Viewpoint | None,
    *,
    normalise: bool,
) -> None:
    if not named.numbers and not named.categories:
        raise typer.BadParameter("name at least one --covariate or --categorical.")
    if method is Method.kitagawa and (named.numbers or normalise):
        raise typer.BadParameter("kitagawa takes --categorical only: its cells.")
    if coefficients is not None and method is not Method.twofold:
        raise typer.BadParameter("--coefficients belongs to --method twofold.")
    if viewpoint is not None and method is not Method.threefold:
        raise typer.BadParameter("--viewpoint belongs to --method threefold.")


def _complete(data: Table, named: Columns) -> Table:
    """The rows that lack nothing; what is left out is told of."""
    import numpy as np

    kept = np.ones(len(data.rows), np.bool_)
    known = {one: np.isfinite(data.measured(one)) for one in (named.outcome, *named.numbers)}
    known |= {one: data.cells(one).given for one in (named.group, *named.categories)}
    if named.weight is not None:
        w = data.numbers(named.weight)
        if (w < 0).any():
            raise Problem(f"{data.name}: a weight is negative.")
        known[named.weight] = np.isfinite(w)
        kept &= w != 0
    if named.cluster is not None:
        data.whole(named.cluster)
    for name, there in known.items():
        lacks = int((~there).sum())
        if lacks:
            note(f"{lacks} rows without a value of {name} are left out.")
        kept &= there
    if not kept.any():
        raise Problem(f"{data.name}: no row has a value in all these columns.")
    return data.only(kept)


def _groups(data: Table, group: str, reference: str | None) -> tuple[Bools, tuple[str, str]]:
    codes, values = data.codes(group)
    first = values[0] if reference is None else reference.strip()
    if len(values) < 2:
        raise Problem(
            f"{data.name}: the column {group} has one value only: there is no other group."
        )
    if first not in values:
        raise Problem(f"{data.name}: no row of the column {group} has the value of --reference.")
    if len(values) > 2 and reference is None:
        raise Problem(
            f"{data.name}: the column {group} has {len(values)} values: name one by --reference,"
            " and all others are the other group."
        )
    other: Bools = codes != values.index(first)
    rest = next(one for one in values if one != first) if len(values) == 2 else OTHERS
    return other, (first, rest)


def _covariates(data: Table, named: Columns) -> list[Covariate]:
    from surveys.estimation.oaxaca_groups import Covariate, category

    found = [Covariate(name, data.measured(name)[:, None]) for name in named.numbers]
    return [*found, *(category(name, *data.codes(name)) for name in named.categories)]


def _cells(data: Table, named: Columns) -> list[Covariate]:
    """One category for each combination of values that there is."""
    import numpy as np

    from surveys.estimation.oaxaca_groups import category

    cell: Ints = np.zeros(len(data.rows), np.int64)
    called = [""]
    for name in named.categories:
        codes, values = data.codes(name)
        both = cell * len(values) + codes
        held, cell = np.unique(both, return_inverse=True)
        called = [
            CROSS.join(filter(None, (called[at // len(values)], values[at % len(values)])))
            for at in held
        ]
    return [category(CROSS.join(named.categories), cell, called)]


def _persons(data: Table, named: Columns, other: Bools, covariates: list[Covariate]) -> Persons:
    import numpy as np

    from surveys.estimation.oaxaca_groups import Persons

    rows = len(data.rows)
    return Persons(
        data.measured(named.outcome),
        other,
        covariates,
        data.numbers(named.weight) if named.weight else np.ones(rows),
        data.codes(named.cluster)[0] if named.cluster else np.arange(rows),
    )


def _tell_of_small(persons: Persons) -> None:
    cells = persons.covariates[0].columns
    small = (cells[persons.other].sum(axis=0) < SMALL) | (cells[~persons.other].sum(axis=0) < SMALL)
    if small.any():
        note(
            f"{int(small.sum())} of {len(small)} cells have under {SMALL} rows in a group: their"
            " means are unsure."
        )


def _write(rows: list[Row], shape: Shape) -> None:
    from surveys.estimation.oaxaca_table import Row

    if shape is Shape.table:
        _show(rows)
        return
    names = [field.name for field in fields(Row)]
    if shape is Shape.json:
        from json import JSONEncoder

        encode = JSONEncoder(ensure_ascii=False, allow_nan=False).encode
        lines = (encode({name: getattr(row, name) for name in names}) for row in rows)
        typer.echo("[\n" + ",\n".join(lines) + "\n]")
        return
    import csv

    sheet = csv.writer(sys.stdout, lineterminator="\n")
    sheet.writerow(names)
    sheet.writerows([getattr(row, name) for name in names] for row in rows)


def _show(rows: list[Row]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Sheet
    from rich.text import Text

    sheet = Sheet(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("part", "of"):
        sheet.add_column(name, overflow="fold")
    for name in ("estimate", "SE", "95 % from", "to", "n", "df", ""):
        sheet.add_column(name, justify="right" if name else "left")
    for row in rows:
        if row.suppressed == "few_in_category":
            continue
        of = row.group or row.covariate or ""
        numbers = (row.estimate, row.se, row.ci_low, row.ci_high)
        sheet.add_row(
            "" if row.covariate else row.part,
            Text(f"  = {row.category}" if row.category is not None else of),
            *("" if number is None else f"{number:.4g}" for number in numbers),
            *("" if count is None else str(count) for count in (row.n, row.df)),
            WORDS[row.suppressed] if row.suppressed else "",
        )
    # Redirected to a file there is no window that a row would have to fit into.
    Console(width=None if sys.stdout.isatty() else 160).print(sheet)
    if any(row.suppressed == "few_in_category" for row in rows):
        note(
            "No covariate is shown by itself: a category, or 0 or 1, has under 10 persons of 5"
            " clusters in a group."
        )
