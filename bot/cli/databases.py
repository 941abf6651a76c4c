"""`usegap db …`: the database itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.opening import BY, Problem, now, opened, progress, settings

app = typer.Typer(name="db", help="Upgrade, check and move the database.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the database to the tables of this version (a SQLite file is copied first)."""
    from surveys.store.upgrade import head, revision_of
    from surveys.store.upgrade import upgrade as bring_up

    url = settings().database_url
    if revision_of(url) is None and url.startswith("sqlite"):
        raise Problem("There is no database yet: `usegap run` or `villages import` makes it.")
    done = bring_up(url)
    typer.echo(f"The database {'is now' if done else 'was already'} at revision {head()}.")


@app.command()
def check() -> None:
    """Say whether the database can be read and is of this version."""
    from sqlalchemy import func, select

    from surveys.store.schema import Area

    with opened(settings()) as database, database.read() as session:
        villages = session.scalar(select(func.count()).where(Area.kind == "village"))
    typer.echo(f"The database is right; it has {villages} villages.")


@app.command()
def copy(
    sqlite: Annotated[str, typer.Argument(help="The SQLite file; the bot must be stopped.")],
    postgres: Annotated[
        str | None,
        typer.Argument(
            help="postgresql://host/name, new and upgraded; without it USEGAP_DATABASE_URL, where a"
            " password is better kept."
        ),
    ] = None,
) -> None:
    """Copy everything from SQLite into a new PostgreSQL database: from a laptop to the county."""
    from surveys.store.copying import copy as copy_all
    from surveys.store.database import file_of

    source = file_of(sqlite) if "://" in sqlite else Path(sqlite)
    if source is None:
        raise Problem("The first database must be a SQLite file: `usegap db copy usegap.db`.")
    target = postgres or settings().database_url
    with progress("Copying") as tell:
        total = copy_all(source, target, now(), tell, BY)
    typer.echo(f"{total:,} rows are copied, read back and compared; {source} is as it was.")
    typer.echo(
        "Start the bot on PostgreSQL with the same secret key (USEGAP_SECRET_KEY: what stands in"
        " usegap.key), and never again on the file."
    )


@app.command()
def restored() -> None:
    """After pg_restore: let nothing count that was shown since the backup was made."""
    from surveys.store.keys import anyone_at_work
    from surveys.store.restoring import leap_ahead

    with opened(settings()) as database, database.begin() as session:
        if anyone_at_work(session):
            raise Problem("A bot is at work on this database: stop it, and wait 15 seconds.")
        leap_ahead(session, now(), BY)
    typer.echo("Everybody is shown their question again with what they do next: start the bot.")
