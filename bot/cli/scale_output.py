"""How `usegap scale` is written: tables, JSON, or CSV of one number a row."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

CSV_COLUMNS = ("part", "group", "item", "value", "quantity", "number")
LISTED = {"items": "item", "values": "value", "effects": "value"}
"""Lists of named rows: in CSV the name is a column."""
WORDS = {
    "few_for_reliability": "not shown: under 200 persons",
    "few_for_item_response": "not shown: under 500 persons",
    "few_for_differential": "not shown: fewer than two groups of 200 persons",
}


class Shape(StrEnum):
    """How it is written."""

    table = "table"
    json = "json"
    csv = "csv"


def write(found: dict[str, Any], shape: Shape) -> None:
    """Write all parts to the standard output."""
    if shape is Shape.json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2, allow_nan=False))
    elif shape is Shape.csv:
        import csv

        sheet = csv.writer(sys.stdout, lineterminator="\n")
        sheet.writerow(CSV_COLUMNS)
        for name in ("persons", "complete", "missing", "weighted"):
            sheet.writerow(["", "", "", "", name, _cell(found[name])])
        parts = [("reliability", found["reliability"]), ("model", found["model"] or {})]
        for part, holds in (*parts, *(("differential", one) for one in found["differential"])):
            for names, quantity, number in _numbers(holds, {"group": holds.get("group", "")}, ""):
                named = (names.get(one, "") for one in ("group", "item", "value"))
                sheet.writerow([part, *named, quantity, _cell(number)])
    else:
        _show(found)


def _numbers(
    holds: dict[str, Any], names: dict[str, str], before: str
) -> Iterator[tuple[dict[str, str], str, Any]]:
    """Every number below, with the names of what it is of, and its own."""
    for key, value in holds.items():
        if key in names or (key == "value" and "value" in names):
            continue
        if key in LISTED and value and isinstance(value[0], dict):
            for one in value:
                own = LISTED[key]
                yield from _numbers(one, {**names, own: str(one[own])}, before)
        elif isinstance(value, dict):
            yield from _numbers(value, names, f"{before}{key}.")
        elif isinstance(value, list):
            for at, one in enumerate(value, 1):
                yield names, f"{before}{key}.{at}", one
        else:
            yield names, before + key, value


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console

    # Redirected to a file there is no window that a row would have to fit into.
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    if found["persons"] is not None:
        console.print(f"{found['persons']} persons, {found['complete']} with all items.")
    _show_reliability(console, found["reliability"])
    if found["model"] is not None:
        _show_model(console, found["model"])
    for part in found["differential"]:
        _show_differential(console, part)


def _head(console: Console, title: str, part: dict[str, Any]) -> bool:
    """Whether there is something to show; else why not."""
    why = WORDS.get(part["suppressed"], part["problem"])
    console.print(f"\n{title}{f': {why}' if why else ''}", markup=False)
    return not why


def _sheet(console: Console, heads: Sequence[str], rows: Iterator[Sequence[str]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    sheet = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for at, name in enumerate(heads):
        sheet.add_column(name, justify="right" if at else "left", overflow="fold")
    for row in rows:
        sheet.add_row(*(Text(cell) for cell in row))
    console.print(sheet)


def _show_reliability(console: Console, part: dict[str, Any]) -> None:
    if not _head(console, "Reliability", part):
        return
    console.print(
        f"alpha {_figure(part['alpha'])} (95 % {_figure(part['ci_low'])} to"
        f" {_figure(part['ci_high'])}), standardized {_figure(part['standardized_alpha'])},"
        f" average r {_figure(part['average_r'])}"
    )
    omega = part["omega"]
    if omega["problem"]:
        console.print(f"omega: {omega['problem']}", markup=False)
    else:
        console.print(
            f"omega {_figure(omega['ml'])} (95 % {_figure(omega['ci_low'])} to"
            f" {_figure(omega['ci_high'])}), minres {_figure(omega['minres'])}"
        )
        for name in omega["at_bound"]:
            console.print(f"{name} leaves nothing of its own: read nothing into omega.")
    loadings = omega.get("loadings") or [None] * len(part["items"])
    heads = ("item", "n", "mean", "SD", "item-rest r", "alpha without", "loading")
    keys = ("mean", "sd", "item_rest", "alpha_without")
    _sheet(console, heads, (
        (row["item"], str(row["n"]), *(_figure(row[key]) for key in keys), _figure(loading))
        for row, loading in zip(part["items"], loadings, strict=True)
    ))  # fmt: skip


def _show_model(console: Console, part: dict[str, Any]) -> None:
    title = {"2pl": "Two-parameter logistic model", "grm": "Graded response model"}[part["model"]]
    if not _head(console, title, part):
        return
    console.print(
        f"log-likelihood {part['log_likelihood']:.2f}, AIC {part['aic']:.2f}, BIC"
        f" {part['bic']:.2f}, {part['points']} points"
    )
    if not part["converged"]:
        console.print("The search for the estimates did not end: do not use them.")
    if part["m2"]:
        console.print(
            "M2 {chi2:.2f} on {df} df, p {p:.3f}, RMSEA {rmsea:.3f}".format_map(part["m2"])
        )
    if part["errors"] == "robust":
        console.print("Errors are robust; there are no tests of fit for weighted answers.")
    heads = ("item", "discrimination", "SE", "difficulty", "SE", "S-X2", "df", "p")
    _sheet(console, heads, (
        (
            row["item"], _figure(row["slope"]),
            "at its limit" if row["at_limit"] else _figure(row["slope_se"]),
            *("  ".join(map(_figure, row[key])) for key in ("difficulties", "difficulties_se")),
            *_fit(row["s_x2"]),
        )
        for row in part["items"]
    ))  # fmt: skip


def _fit(test: dict[str, Any] | None) -> tuple[str, str, str]:
    return ("", "", "") if test is None else (
        _figure(test["chi2"]), str(test["df"]), f"{test['p']:.3f}"
    )  # fmt: skip


def _show_differential(console: Console, part: dict[str, Any]) -> None:
    if not _head(console, f"Differential item functioning by {part['group']}", part):
        return
    first, *others = (one["value"] for one in part["values"])
    console.print(
        f"log odds of a higher answer at the same score, {', '.join(others)} less {first}",
        markup=False,
    )
    heads = ("item", "log odds", "SE", "p uniform", "p non-uniform", "p both", "gain in R2",
             "Zumbo-Thomas", "Jodoin-Gierl")  # fmt: skip
    _sheet(console, heads, (
        (
            row["item"],
            *("  ".join(_figure(one[key]) for one in row["effects"]) for key in ("log_odds", "se")),
            *(_p(row[kind]) for kind in ("uniform", "nonuniform", "both")),
            *_classes(row["both"]),
        )
        for row in part["items"]
    ))  # fmt: skip
    console.print("p adjusted for the number of items (Benjamini and Hochberg)")


def _p(test: dict[str, Any] | None) -> str:
    p = None if test is None else test["p_adjusted"]
    return "" if p is None else f"{p:.3f}"


def _classes(test: dict[str, Any] | None) -> tuple[str, str, str]:
    if test is None:
        return ("", "", "")
    return _figure(test["delta_r2"]), test["zumbo_thomas"], test["jodoin_gierl"]


def _figure(number: float | None) -> str:
    return "" if number is None else f"{number:.3f}"
