"""`usegap backup` and `restore`: a SQLite database kept elsewhere, and put back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.opening import BY, Problem, now, progress, settings


def add_to(app: typer.Typer) -> None:
    """Put these commands into the program."""
    app.command()(backup)
    app.command()(restore)


def backup(
    file: Annotated[Path, typer.Argument(help="Where to: a file that is made.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file of that name.")] = False,
) -> None:
    """Copy the database to a file while the bot runs (SQLite)."""
    import sqlite3

    from surveys.store.backup import back_up

    found = settings()
    source = _sqlite(
        found.database_url, 'pg_dump --format=custom --file=FILE "$USEGAP_DATABASE_URL"'
    )
    if not source.is_file():
        raise Problem(f"There is no database at {source}: set USEGAP_DATABASE_URL.")
    if file.is_dir():
        raise Problem(f"{file} is a folder: name a file in it.")
    if file.exists() and (file.samefile(source) or not force):
        what = "is the database itself" if file.samefile(source) else "is there already"
        raise Problem(f"{file} {what}: name another file{'' if force else ', or add --force'}.")
    try:
        with progress("Copying") as tell:
            back_up(source, file, tell)
    except sqlite3.Error as error:
        raise Problem(f"The database cannot be copied to {file}: {error}.") from None
    size = file.stat().st_size / 1e6
    typer.echo(f"The database is in {file} ({size:,.1f} MB), whole and readable by you only.")
    typer.echo("Keep the secret key too, elsewhere: without it nobody in there can be written to.")


def restore(
    file: Annotated[Path, typer.Argument(help="What `usegap backup` made.")],
) -> None:
    """Put a backup in the place of the database (SQLite); the bot must be stopped."""
    import sqlite3

    from bot.settings import key_of
    from surveys.store import restoring

    found = settings()
    target = _sqlite(
        found.database_url, 'pg_restore --no-owner --dbname="$USEGAP_DATABASE_URL" FILE'
    )
    if not file.is_file():
        raise Problem(f"There is no file {file}.")
    try:
        with progress("Reading") as tell:
            aside = restoring.restore(
                file, target, key=lambda: key_of(found, target, create=False),
                now=now(), tell=tell, actor=BY,
            )  # fmt: skip
    except sqlite3.Error as error:
        raise Problem(f"{file} cannot be put back to {target}: {error}.") from None
    typer.echo(f"{target} is now as {file} has it: start the bot again.")
    if aside is not None:
        typer.echo(f"The database from before is in {aside}: delete it when all is well.")


def _sqlite(url: str, instead: str) -> Path:
    """The file of the database; a `Problem` that says what to do `instead` on PostgreSQL."""
    from surveys.store.database import file_of

    file = file_of(url)
    if file is None:
        raise Problem(f"PostgreSQL has its own command for that: {instead} (docs/operate.md).")
    return file
