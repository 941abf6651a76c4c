"""`usegap margins …`: how many adults are online, by sex, age and schooling."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.opening import BY, content_of, now, opened, settings

app = typer.Typer(
    name="margins", help="Import known numbers of online adults.", no_args_is_help=True
)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A CSV file: area, variable, category, count")],
) -> None:
    """Import known numbers of online adults, to which profiles weigh those who answered."""
    from surveys.publish.margins import import_margins

    content = content_of(file)
    with opened(settings()) as database, database.begin() as session:
        done = import_margins(session, content, now(), by=BY)
    areas = "1 area has" if done.areas == 1 else f"{done.areas} areas have"
    typer.echo(f"{areas} margins from this file; {done.taken_away} were taken away.")
