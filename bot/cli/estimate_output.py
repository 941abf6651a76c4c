"""How the rows of `usegap estimate` are written: a table, JSON, or CSV."""

from __future__ import annotations

import sys
from dataclasses import fields
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from surveys.estimation.design_table import Row

WORDS = {
    "few_persons": "not shown: under 10 persons",
    "few_clusters": "not shown: under 5 clusters",
    "complementary": "not shown: another could be had by subtraction",
    "too_few_for_this": "not shown: this needs 30 persons",
    "few_on_a_side": "not shown: under 3 persons on a side",
    "imprecise": "imprecise: limits only",
}


class Shape(StrEnum):
    """How the estimates are written."""

    table = "table"
    json = "json"
    csv = "csv"


def write(rows: list[Row], shape: Shape) -> None:
    """Write all rows to the standard output."""
    if shape is Shape.table:
        _show(rows)
        return
    from surveys.estimation.design_table import Row

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
    by = any(row.domain is not None for row in rows)
    heads = ("estimate", "SE", "95 % from", "to", "n", "n_eff", "deff", "df", "")
    for name in (*(("domain",) if by else ()), "measure"):
        sheet.add_column(name, overflow="fold")
    for name in heads:
        sheet.add_column(name, justify="right" if name else "left")
    for row in rows:
        numbers = (row.estimate, row.se, row.ci_low, row.ci_high)
        domain = row.domain or ""
        sheet.add_row(
            *((Text(f"{domain} − {row.against}" if row.against else domain),) if by else ()),
            Text(row.measure),
            *(_figure(number) for number in numbers),
            "" if row.n is None else str(row.n),
            _figure(row.n_eff, "%.1f"),
            _figure(row.deff, "%.2f"),
            _figure(row.df, "%.0f"),
            WORDS[row.suppressed] if row.suppressed else "",
        )
    # Redirected to a file there is no window that a row would have to fit into.
    Console(width=None if sys.stdout.isatty() else 200).print(sheet)


def _figure(number: float | None, shape: str = "%.4g") -> str:
    return "" if number is None else shape % number
