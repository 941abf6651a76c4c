"""`usegap deliveries`: which profiles were sent to administrators, and which did not arrive."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.opening import opened, settings

if TYPE_CHECKING:
    from surveys.store.deliveries import Line


class Shape(StrEnum):
    """How the lines are written."""

    table = "table"
    csv = "csv"
    json = "json"


def add_to(app: typer.Typer) -> None:
    """Put this command into the program."""
    app.command()(deliveries)


def deliveries(
    area: Annotated[
        str | None,
        typer.Option(help="County, County/Township, or a village's code; without it, everything."),
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Those alone that did not arrive.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many lines, the newest first.")] = 100,
    format_: Annotated[Shape, typer.Option("--format", help="How to write them.")] = Shape.table,
) -> None:
    """Which profiles were sent: when, why, of which area, to administrators by their number."""
    from surveys.export.cells import harmless
    from surveys.publish import find_area
    from surveys.store.deliveries import lines, not_made

    with opened(settings()) as database, database.read() as session:
        path = find_area(session, area).path
        broken = not_made(session, path, limit=limit)
        found = lines(session, path, failed=failed, limit=limit)
        found += [line for line in broken if not failed or line.state == "not made"]
    found.sort(key=lambda line: line.made_at, reverse=True)
    rows = [_row(line) for line in found[:limit]]
    if format_ is Shape.json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    elif format_ is Shape.csv:
        text = io.StringIO()
        names = ["at", "reason", "area", "administrator", "state", "sent", "error"]
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: harmless(cell) for key, cell in row.items()} for row in rows)
        typer.echo(text.getvalue(), nl=False)
    else:
        for row in rows:
            typer.echo("  ".join(filter(None, row.values())))


def _row(line: Line) -> dict[str, str]:
    who = "" if line.administrator_id is None else f"administrator {line.administrator_id}"
    return {
        "at": _utc(line.made_at),
        "reason": line.reason,
        "area": line.area,
        "administrator": who,
        "state": line.state,
        "sent": _utc(line.at),
        "error": line.error,
    }


def _utc(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
