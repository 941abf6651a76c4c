"""`usegap estimate`: means and proportions with their errors, of data collected elsewhere."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand

from bot.cli.columns import Table, read_table
from bot.cli.opening import Problem, note

if TYPE_CHECKING:
    from surveys.estimation.design import Design
    from surveys.estimation.design_raking import Margin
    from surveys.estimation.design_table import Conventions, Row, Variable

MARGIN_COLUMNS = ("variable", "category", "count")


class Limits(StrEnum):
    """Confidence intervals of proportions."""

    t = "t"
    wilson = "wilson"
    korn_graubard = "korn-graubard"
    logit = "logit"


class Degrees(StrEnum):
    """Whose degrees of freedom."""

    design = "design"
    domain = "domain"


class Residuals(StrEnum):
    """What raking takes out of the error."""

    rake = "rake"
    calibrate = "calibrate"


class Lonely(StrEnum):
    """What a stratum with one cluster adds to the error."""

    fail = "fail"
    adjust = "adjust"
    certainty = "certainty"


class Deff(StrEnum):
    """What the design effect compares with."""

    with_replacement = "replace"
    finite = "finite"


class Size(StrEnum):
    """How the effective size of a proportion is taken."""

    capped = "capped"
    svyciprop = "svyciprop"


class Shape(StrEnum):
    """How the estimates are written."""

    table = "table"
    json = "json"
    csv = "csv"


class Several(TyperCommand):
    """Takes `--measure A B` after the file as `--measure A --measure B`."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """What click makes of the arguments, those of a list given one by one."""
        spread: list[str] = []
        option, file_seen = "", False
        for at, one in enumerate(args):
            before = args[at - 1] if at else ""
            if one.startswith("-"):
                option = one if one in ("--measure", "--proportion") else ""
                spread.append(one)
            elif option and file_seen and before != option:
                spread += [option, one]
            else:
                file_seen |= not before.startswith("--") or before == "--no-suppress"
                spread.append(one)
        return super().parse_args(ctx, spread)


def add_to(app: typer.Typer) -> None:
    """Put this command into the program."""
    app.command(cls=Several)(estimate)


def estimate(
    file: Annotated[Path, typer.Argument(help="A CSV file with a row for each person.")],
    *,
    measure: Annotated[
        list[str] | None, typer.Option(metavar="COL…", help="A column of numbers: its mean.")
    ] = None,
    proportion: Annotated[
        list[str] | None,
        typer.Option(metavar="COL…", help="A column of 0 and 1, or COL=VALUE: its share."),
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="COL", help="Estimate for each value.")] = None,
    weight: Annotated[str | None, typer.Option(metavar="COL", help="The weights.")] = None,
    cluster: Annotated[str | None, typer.Option(metavar="COL", help="Homes, say.")] = None,
    strata: Annotated[str | None, typer.Option(metavar="COL", help="Strata.")] = None,
    fpc: Annotated[
        str | None,
        typer.Option(metavar="COL", help="Clusters in the stratum, or the share sampled."),
    ] = None,
    margins: Annotated[
        Path | None, typer.Option(help="Rake to a CSV of variable, category, count.")
    ] = None,
    residuals: Annotated[
        Residuals, typer.Option(help="Of raking: R's rake or calibrate.")
    ] = Residuals.rake,
    ci: Annotated[Limits, typer.Option(help="Limits of proportions.")] = Limits.wilson,
    df: Annotated[Degrees, typer.Option(help="Degrees of freedom: whose.")] = Degrees.design,
    deff: Annotated[
        Deff, typer.Option(help="Against a simple sample with replacement, or without (finite).")
    ] = Deff.with_replacement,
    n_eff: Annotated[
        Size, typer.Option("--n-eff", help="Of proportions: at most n, or as R's svyciprop.")
    ] = Size.capped,
    lonely: Annotated[
        Lonely, typer.Option(help="A stratum with one cluster: R's survey.lonely.psu.")
    ] = Lonely.fail,
    no_suppress: Annotated[
        bool, typer.Option("--no-suppress", help="Show everything: for open data.")
    ] = False,
    format_: Annotated[Shape, typer.Option("--format", help="How to write it.")] = Shape.table,
) -> None:
    """Estimate means and proportions, with their errors, from a CSV file."""
    from surveys.estimation.design import DesignError
    from surveys.estimation.design_table import Conventions

    names, shares = list(measure or ()), list(proportion or ())
    if not names and not shares:
        raise typer.BadParameter("name at least one --measure or --proportion.")
    known = _margins(margins) if margins else {}
    columns = [one for one in (by, weight, cluster, strata, fpc, *known) if one is not None]
    wanted = [*names, *shares, *(one.rpartition("=")[0] for one in shares)]
    data = read_table(file, [*columns, *wanted])
    if weight is not None:
        data = _weighed(data, weight)
    how = Conventions(
        ci=ci.value, degrees=df.value, deff=deff.value, size=n_eff.value,
        suppress=not no_suppress,
    )  # fmt: skip
    try:
        one = _design(data, weight=weight, cluster=cluster, strata=strata, fpc=fpc, lonely=lonely)
        if known:
            from surveys.estimation.design_raking import raked

            one = raked(one, _matched(data, known, str(margins)), residuals.value)
        rows = _rows(data, one, by, _variables(data, names, shares), how)
    except DesignError as error:
        raise Problem(str(error)) from None
    _write(rows, format_)


def _weighed(data: Table, weight: str) -> Table:
    given = data.given(weight)
    if not given.any():
        raise Problem(f"{data.name}: the column {weight} is empty.")
    if not given.all():
        note(f"{int((~given).sum())} rows without a weight are left out.")
    return data.only(given)


def _design(
    data: Table,
    *,
    weight: str | None,
    cluster: str | None,
    strata: str | None,
    fpc: str | None,
    lonely: Lonely,
) -> Design:
    from surveys.estimation.design import design

    for column in (cluster, strata, fpc):
        if column is not None:
            data.whole(column)
    groups, called = data.codes(strata) if strata else (None, None)
    return design(
        len(data.frame),
        weight=data.numbers(weight) if weight else None,
        cluster=data.codes(cluster)[0] if cluster else None,
        strata=groups,
        fpc=data.numbers(fpc) if fpc else None,
        lonely=lonely.value,
        names=called,
    )


def _margins(file: Path) -> dict[str, dict[str, float]]:
    """Counts by variable and category, in the order of the file."""
    table = read_table(file, list(MARGIN_COLUMNS))
    for column in MARGIN_COLUMNS:
        table.whole(column)
    counts = table.numbers("count")
    found: dict[str, dict[str, float]] = {}
    lines = zip(table.texts("variable"), table.texts("category"), counts.tolist(), strict=True)
    for variable, category, count in lines:
        if not count > 0:
            raise Problem(f"{table.name}: {variable} {category} has a count that is not above 0.")
        if category in found.setdefault(variable, {}):
            raise Problem(f"{table.name}: {variable} {category} stands twice.")
        found[variable][category] = count
    return found


def _matched(data: Table, known: dict[str, dict[str, float]], file: str) -> list[Margin]:
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


def _variables(data: Table, names: list[str], shares: list[str]) -> list[Variable]:
    import numpy as np

    from surveys.estimation.design_table import Variable

    variables = [Variable(name, data.numbers(name), False) for name in names]
    variables += [Variable(name, data.shares(name), True) for name in shares]
    for variable in variables:
        if variable.proportion and not (variable.y == 1).any():
            note(f"No row has {variable.name}: is that how it is written?")
        lacks = int((~np.isfinite(variable.y)).sum())
        if lacks:
            note(f"{lacks} rows without a value of {variable.name} are left out of it.")
    return variables


def _rows(
    data: Table, one: Design, by: str | None, variables: list[Variable], how: Conventions
) -> list[Row]:
    import numpy as np

    from surveys.estimation.design import domains
    from surveys.estimation.design_table import table

    if by is None:
        return table(domains(one, np.zeros(len(data.frame), np.int64), 1), [None], variables, how)
    of_row, labels = data.codes(by)
    if not labels:
        raise Problem(f"{data.name}: the column {by} is empty.")
    outside = int((of_row < 0).sum())
    if outside:
        note(f"{outside} rows have no value of {by}: they are in no domain.")
    return table(domains(one, of_row, len(labels)), labels, variables, how)


def _write(rows: list[Row], shape: Shape) -> None:
    if shape is Shape.json:
        written = [asdict(row) for row in rows]
        typer.echo(json.dumps(written, ensure_ascii=False, indent=2, allow_nan=False))
        return
    if shape is Shape.csv:
        import csv

        from surveys.estimation.design_table import Row

        sheet = csv.writer(sys.stdout, lineterminator="\n")
        sheet.writerow([field.name for field in fields(Row)])
        sheet.writerows(
            ["" if cell is None else cell for cell in asdict(row).values()] for row in rows
        )
        return
    _show(rows)


def _show(rows: list[Row]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Sheet
    from rich.text import Text

    sheet = Sheet(box=box.SIMPLE_HEAD, pad_edge=False)
    by = any(row.domain is not None for row in rows)
    heads = ("estimate", "SE", "95 % from", "to", "n", "n_eff", "deff", "df", "")
    for name in (*(("domain",) if by else ()), "measure"):
        sheet.add_column(name, overflow="fold")
    for name in heads:
        sheet.add_column(name, justify="right" if name else "left")
    for row in rows:
        numbers = (row.estimate, row.se, row.ci_low, row.ci_high)
        sheet.add_row(
            *((Text(row.domain or ""),) if by else ()),
            Text(row.measure),
            *(_figure(number) for number in numbers),
            "" if row.n is None else str(row.n),
            _figure(row.n_eff, "%.1f"),
            _figure(row.deff, "%.2f"),
            _figure(row.df, "%.0f"),
            WORDS[row.suppressed] if row.suppressed else "",
        )
    # Redirected to a file there is no window that a row would have to fit into.
    Console(width=None if sys.stdout.isatty() else 160).print(sheet)


def _figure(number: float | None, shape: str = "%.4g") -> str:
    return "" if number is None else shape % number


WORDS = {
    "few_persons": "not shown: under 10 persons",
    "few_clusters": "not shown: under 5 clusters",
    "complementary": "not shown: another could be had by subtraction",
    "too_few_for_this": "not shown: a share needs 30 persons",
    "few_on_a_side": "not shown: under 3 persons on a side",
    "imprecise": "imprecise: limits only",
}
