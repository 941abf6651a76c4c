"""`usegap audit`: who did what, when."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from bot.cli.opening import opened, settings


class Shape(StrEnum):
    """How the lines are written."""

    table = "table"
    csv = "csv"
    json = "json"


def add_to(app: typer.Typer) -> None:
    """Put this command into the program."""
    app.command()(audit)


def audit(
    area: Annotated[
        str | None, typer.Option(help="County or County/Township; without it, everything.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day (UTC).")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many lines, the newest first.")] = 100,
    format_: Annotated[Shape, typer.Option("--format", help="How to write them.")] = Shape.table,
) -> None:
    """Who did what to what, and when: administrators by their number, never a name."""
    from surveys.export.cells import harmless
    from surveys.publish import find_area
    from surveys.store.audit import audited

    with opened(settings()) as database, database.read() as session:
        path = find_area(session, area).path
        first = None if since is None else since.replace(tzinfo=UTC)
        lines = audited(session, [path], limit=limit, since=first)
    rows = [
        {"at": f"{line.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}
        | {key: value for key, value in asdict(line).items() if key not in ("id", "at")}
        for line in lines
    ]
    if format_ is Shape.json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    names = ["at", "actor", "action", "object", "area"]
    if format_ is Shape.csv:
        text = io.StringIO()
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: harmless(text) for key, text in row.items()} for row in rows)
        typer.echo(text.getvalue(), nl=False)
        return
    for row in rows:
        typer.echo("  ".join(filter(None, (row[name] for name in names))))
