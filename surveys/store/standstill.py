"""Whether a program is at work on a database, so that nothing is taken from under it.

SQLite's own locks say it exactly: whoever has a file in write-ahead mode open holds a lock on it.
Elsewhere the programs' rows say it: surveys.store.keys.anyone_at_work.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


class AtWork(Exception):  # noqa: N818
    """A program is at work on a database; its text is one sentence for the operator."""


class Unfit(Exception):  # noqa: N818
    """A file or a database is not what it should be; its text is one sentence for the operator."""


@contextmanager
def alone_with(file: Path) -> Iterator[sqlite3.Connection]:
    """A SQLite file that nobody else has open, and can open meanwhile.

    Raises `AtWork` where somebody has, `sqlite3.DatabaseError` where it is no database.
    """
    with closing(sqlite3.connect(file, timeout=1.0, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            raise AtWork(
                f"A program has {file} open: stop the bot (and whatever else reads it) first."
            ) from None
        yield connection
