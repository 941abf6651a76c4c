"""A copy of a SQLite database, made while programs write to it, and held to be sound.

PostgreSQL is copied by its own pg_dump.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from surveys.store.database import BUSY
from surveys.store.standstill import Unfit

Tell = Callable[[int, int], None]
"""Is told (done, of how many)."""
PAGES = 2_000
"""Pages between two words on how far it is: 8 MB."""
HEADER = b"SQLite format 3\0"
PRIVATE = 0o600


def back_up(source: Path, target: Path, tell: Tell) -> None:
    """Copy a database as it is at this moment; `target` is there when it is whole, or not at all.

    Writers go on meanwhile: the copy is of one moment, the one when it began. Only its owner can
    read it. A file of that name is replaced. Raises `Unfit` where the copy is not sound.
    """
    with beside(target) as new:
        copy_to(source, new, tell)
        check_sound(new, source)
        put(new, target)


def copy_to(source: Path, target: Path, tell: Tell, *, read_only: bool = False) -> None:
    """Copy a database, what stands in its log included, into one file without a log."""
    where = f"{source.absolute().as_uri()}?mode=ro" if read_only else os.fspath(source)
    with (
        closing(sqlite3.connect(where, uri=read_only, isolation_level=None)) as reading,
        closing(sqlite3.connect(target, isolation_level=None)) as writing,
    ):
        reading.execute(f"PRAGMA busy_timeout = {BUSY}")
        # One look for the whole copy: else it begins again with every answer that comes in.
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        reading.backup(
            writing, pages=PAGES, progress=lambda _, left, total: tell(total - left, total)
        )
        reading.execute("COMMIT")
        writing.execute("PRAGMA journal_mode = DELETE")


def check_sound(file: Path, named: Path) -> None:
    """Read a whole database, its indexes and its references. Raises `Unfit`, about `named`."""
    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            right = connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",)
            if right and connection.execute("PRAGMA foreign_key_check").fetchone() is None:
                return
    except sqlite3.DatabaseError:
        pass
    raise Unfit(f"{named} is damaged: take an older backup.")


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """An empty file next to another, for its owner only; gone in the end, if it is still there."""
    new = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
    try:
        yield new
    finally:
        for left in new.parent.glob(f"{new.name}*"):
            left.unlink(missing_ok=True)


def put(new: Path, target: Path) -> None:
    """Give a finished file its name, so that it lasts through a power cut."""
    with new.open("rb") as file:
        os.fsync(file.fileno())
    new.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Let the names in a folder last, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
