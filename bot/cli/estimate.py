"""`usegap estimate`: estimates with their errors, of data collected elsewhere."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.columns_parquet import read_file
from bot.cli.estimate_design import (
    Columns,
    compared_with,
    domains_of,
    margins_of,
    weighed,
)
from bot.cli.estimate_elsewhere import rows_elsewhere
from bot.cli.estimate_engines import Engine, source
from bot.cli.estimate_here import rows_at_once, rows_here
from bot.cli.estimate_output import Shape, write
from bot.cli.estimate_wanted import Wanted, columns_of, variables_of
from bot.cli.opening import Problem
from bot.cli.several import Several


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
    average = "average"
    certainty = "certainty"
    remove = "remove"


class Deff(StrEnum):
    """What the design effect compares with."""

    with_replacement = "replace"
    finite = "finite"


class Size(StrEnum):
    """How the effective size of a proportion is taken."""

    capped = "capped"
    svyciprop = "svyciprop"


class Rule(StrEnum):
    """What stands between two values of a distribution."""

    math = "math"
    school = "school"
    hf4 = "hf4"
    hf5 = "hf5"
    hf6 = "hf6"
    hf7 = "hf7"
    hf8 = "hf8"
    hf9 = "hf9"


class Interval(StrEnum):
    """Limits of the share at or under a quantile."""

    mean = "mean"
    xlogit = "xlogit"


def add_to(app: typer.Typer) -> None:
    """Put this command into the program."""
    app.command(cls=Several)(estimate)


def estimate(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="CSV or Parquet with a row for each person, or a Parquet folder."
        ),
    ],
    *,
    measure: Annotated[
        list[str] | None, typer.Option(metavar="COL…", help="A column of numbers: its mean.")
    ] = None,
    proportion: Annotated[
        list[str] | None,
        typer.Option(metavar="COL…", help="A column of 0 and 1, or COL=VALUE: its share."),
    ] = None,
    total: Annotated[
        list[str] | None,
        typer.Option(metavar="COL…", help="A column of numbers, or COL=VALUE: its sum."),
    ] = None,
    ratio: Annotated[
        list[str] | None,
        typer.Option(metavar="COL/COL…", help="The sum of one column by that of another."),
    ] = None,
    quantile: Annotated[
        list[str] | None,
        typer.Option(metavar="COL…", help="A column of numbers, or COL=SHARE: its quantiles."),
    ] = None,
    at: Annotated[
        list[float] | None,
        typer.Option(metavar="SHARE…", help="Which quantiles; without it 0.5, the median."),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="COL…", help="Estimate for each value; of several, crossed."),
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(
            metavar="first|others|VALUE", help="Also the difference of each domain from this one."
        ),
    ] = None,
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
    qrule: Annotated[Rule, typer.Option(help="Of quantiles: R's qrule.")] = Rule.math,
    interval: Annotated[
        Interval, typer.Option(help="Limits of quantiles: R's interval.type.")
    ] = Interval.mean,
    engine: Annotated[
        Engine, typer.Option(help="What reads and adds up; duckdb and spark hold no rows here.")
    ] = Engine.pandas,
    no_suppress: Annotated[
        bool, typer.Option("--no-suppress", help="Show everything: for open data.")
    ] = False,
    format_: Annotated[Shape, typer.Option("--format", help="How to write it.")] = Shape.table,
) -> None:
    """Estimate means, shares, totals, ratios and quantiles, with their errors, from a CSV file."""
    from surveys.estimation.design import DesignError
    from surveys.estimation.design_table import Conventions

    wanted = Wanted(
        tuple(measure or ()), tuple(proportion or ()), tuple(total or ()), tuple(ratio or ()),
        tuple(quantile or ()), tuple(at or ()),
    )  # fmt: skip
    wanted.check()
    if compare is not None and not by:
        raise typer.BadParameter("--compare needs --by.")
    columns = Columns(weight, cluster, strata, fpc)
    how = Conventions(
        ci=ci.value, degrees=df.value, deff=deff.value, size=n_eff.value, rule=qrule.value,
        interval=interval.value, suppress=not no_suppress,
    )  # fmt: skip
    if engine is not Engine.pandas:
        if margins:
            raise Problem(
                "Raking needs all rows in one place: take --margins with --engine pandas."
            )
        try:
            with source(engine, file) as rows_there:
                rows = rows_elsewhere(
                    rows_there,
                    wanted,
                    by or [],
                    columns,
                    lonely=lonely.value,
                    how=how,
                    compare=compare,
                )
        except DesignError as error:
            raise Problem(str(error)) from None
        write(rows, format_)
        return
    known = margins_of(margins) if margins else {}
    data = read_file(Path(file), [*(by or ()), *columns.named, *known, *columns_of(wanted)])
    data = weighed(data, columns)
    of_row, names = domains_of(data, by or [])
    how = replace(how, compare=compared_with(names, compare))
    variables = variables_of(data, wanted)
    try:
        if known or wanted.quantiles:
            rows = rows_at_once(
                data, columns, of_row, names, variables, lonely=lonely.value, how=how,
                margins=known, file=str(margins), residuals=residuals.value,
            )  # fmt: skip
        else:
            rows = rows_here(data, columns, of_row, names, variables, lonely=lonely.value, how=how)
    except DesignError as error:
        raise Problem(str(error)) from None
    write(rows, format_)
