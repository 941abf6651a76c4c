"""What every command begins with: settings, the database, somewhere to say how far it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.settings import Settings

if TYPE_CHECKING:
    from surveys.store.database import Database

BY = "command line"
"""Who it was, in the audit table."""


class Problem(Exception):  # noqa: N818
    """Something that the person at the keyboard can mend; its text is one sentence."""


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def settings(*need: str) -> Settings:
    """The settings of the environment; raises `SettingsError` where one of `need` is empty."""
    found = Settings.read(os.environ, need)
    for warning in found.warnings:
        note(warning)
    return found


def note(text: str) -> None:
    """Say something beside the results: on the error stream, so that results can be redirected."""
    import typer

    typer.echo(text, err=True)


@contextmanager
def opened(found: Settings, *, create: bool = False) -> Iterator[Database]:
    """The database, migrated. Where there is none: made if `create`, else a `Problem`.

    PostgreSQL is upgraded by `usegap db upgrade` alone: other replicas may be running on it.
    """
    from surveys.store.database import Database, file_of
    from surveys.store.upgrade import NewerDatabase, head, revision_of, upgrade

    url = found.database_url
    revision = revision_of(url)
    file = file_of(url)
    if revision is None and not create:
        place = f"at {file}" if file else "there"
        raise Problem(
            f"There is no database {place} yet: run `usegap villages import FILE.csv` first,"
            " or set USEGAP_DATABASE_URL."
        )
    if revision is not None and revision > head() and file is None:
        raise NewerDatabase(
            "This database was made by a newer version of usegap: please install that version."
        )
    if revision is not None and revision != head() and file is None:
        raise Problem("This database is of an older version: run `usegap db upgrade` first.")
    if revision != head() and upgrade(url) and revision is not None:
        note("The database was upgraded; its copy from before lies beside it.")
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the error stream, to be told (done, of how many); gone when all is done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None)

        def tell(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        yield tell


@contextmanager
def busy(what: str) -> Iterator[None]:
    """A sign of life on the error stream while something runs whose end cannot be foreseen."""
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def bot_name(found: Settings, given: str | None) -> str:
    """The bot's user name for links: as given, else as Telegram says."""
    if given:
        return given.removeprefix("https://t.me/").lstrip("@")
    if not found.token:
        found = settings("USEGAP_TELEGRAM_TOKEN")
    from bot.cli.calling import call

    otherwise = ", or name the bot yourself by --bot NAME"
    return str(call(found, "getMe", {}, otherwise)["username"])


def content_of(file: Path) -> bytes:
    """What a file holds; a `Problem` where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise Problem(f"{file} cannot be read: {(error.strerror or 'error').lower()}.") from None
