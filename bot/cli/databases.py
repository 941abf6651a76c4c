"""`usegap db …`: the database itself."""

from __future__ import annotations

import typer

from bot.cli.opening import Problem, opened, settings

app = typer.Typer(name="db", help="Upgrade and check the database.", no_args_is_help=True)


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
