"""Brings a database to the tables of this version."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from surveys.store.database import connect, file_of, url_of

HEAD = "0009"
"""The newest migration. Kept here (a test compares it), so that a start need not import alembic."""


class NewerDatabase(Exception):  # noqa: N818
    """The database was made by a newer version of the program."""


def head() -> str:
    """The revision that this version works with."""
    return HEAD


def revision_of(url: str) -> str | None:
    """The revision of a database; None where there is none yet (no file, or no tables of ours)."""
    place = url_of(url)
    file = file_of(place)
    return None if file is not None and not file.exists() else _revision(place)


def revision_in(session: Session) -> str | None:
    """The same of a database that is open; raises what the database raises where it is empty."""
    found: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def upgrade(url: str) -> bool:
    """Run what is missing; False where nothing was. A new SQLite file is made where none is.

    A SQLite file with something in it is copied first, to "usegap.db.before-<revision>". Raises
    `NewerDatabase` where the database knows a revision that this version does not.
    """
    place = url_of(url)
    file = file_of(place)
    revision = revision_of(url)
    if revision == HEAD:
        return False

    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from alembic import command

    config = Config()
    config.set_main_option("script_location", str(migrations()).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise NewerDatabase(
            "This database was made by a newer version of usegap: please install that version,"
            " or restore the copy that was kept beside the database file."
        )
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        if revision is not None:
            keep_copy(file, file.with_name(f"{file.name}.before-{HEAD}"))
    engine = connect(place, foreign_keys=False)
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
    return True


def keep_copy(file: Path, copy: Path) -> None:
    """Copy a SQLite database as it stands, what is still in its journal included.

    Only its owner can read the copy. An older copy of that name is replaced.
    """
    copy.unlink(missing_ok=True)
    copy.touch(mode=0o600)
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def migrations() -> Path:
    """Where the migration scripts are: beside this file when installed, else in the checkout."""
    installed = Path(__file__).parent / "migrations"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "alembic"


def _revision(place: URL) -> str | None:
    engine = connect(place)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return found
    finally:
        engine.dispose()
