"""A database is put back from a copy: what it has to be, and what must be told apart afterwards.

Whatever happened after the copy was made has happened to people all the same: later questions are
on their screens. Those must come to mean nothing, neither another question nor another person: so
numbers leap ahead of all that were given in the time that is lost, and interviews wait until their
person goes on, so that what is typed under a later question answers no earlier one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy import Table, bindparam, delete, select, text, update
from sqlalchemy.orm import Session

from surveys.store.audit import audit
from surveys.store.backup import HEADER, Tell, beside, check_sound, copy_to, put, sync_folder
from surveys.store.database import Database, kind_of
from surveys.store.keys import opens
from surveys.store.messages import written
from surveys.store.schema import Base, Interview, Replica, Turn
from surveys.store.standstill import Unfit, alone_with
from surveys.store.upgrade import HEAD, NewerDatabase, upgrade
from surveys.store.vault import Vault, WrongKey

LEAP = 1_000_000
"""More than can have been given out between a copy and its return; 2,000 such fit into an id."""
BATCH = 1_000


def restore(
    copy: Path,
    target: Path,
    *,
    key: Callable[[], bytes],
    now: datetime,
    tell: Tell,
    actor: str,
) -> Path | None:
    """Put a copy in the place of a SQLite database; where that one lies now, None if none was.

    The copy is not touched. `key` gives the secret key that what is sealed must open with. All is
    made ready beside the target first: where anything is wrong, nothing has changed. Raises
    `Unfit`, `NewerDatabase`, `vault.WrongKey` or, where a program is at work there, `AtWork`.
    """
    with copy.open("rb") as file:
        if file.read(len(HEADER)) != HEADER:
            raise Unfit(f"{copy} is no backup that `usegap backup` made.")
    if target.exists() and copy.samefile(target):
        raise Unfit(f"{copy} is the database itself: give a copy of it.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with beside(target) as new:
        try:
            copy_to(copy, new, tell, read_only=True)
        except sqlite3.DatabaseError:
            raise Unfit(f"{copy} cannot be read: take an older backup.") from None
        check_sound(new, copy)
        _check_version(new, copy)
        url = f"sqlite:///{new.absolute()}"
        upgrade(url)
        database = Database(url)
        try:
            with database.begin() as session:
                if opens(session, Vault(key())) is False:
                    raise WrongKey(
                        "The secret key does not fit this backup: it was made with another one."
                    )
                leap_ahead(session, now, actor)
        finally:
            database.close()
        with closing(sqlite3.connect(new, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
        aside = _put_aside(target)
        put(new, target)
    return aside


def leap_ahead(session: Session, now: datetime, actor: str) -> None:
    """After a database was put back: no button that was shown since the copy means anything.

    Whatever a person does next shows them the question at hand, under a number that nobody has
    seen; ids that buttons carry begin beyond all that were given. Programs that ran when the copy
    was made do not run now.
    """
    session.execute(delete(Replica))
    session.execute(delete(Turn))
    _leap_questions(session)
    for table in Base.metadata.sorted_tables:
        if table.dialect_options["sqlite"]["autoincrement"]:
            _leap_ids(session, table)
    audit(session, actor, "restore", "the database", now)


def _leap_questions(session: Session) -> None:
    unfinished = select(Interview.id, Interview.state).where(Interview.status != "finished")
    table = Base.metadata.tables["interview"]
    save = (
        update(table).where(table.c.id == bindparam("of")).values(
            state=bindparam("leapt"), status="stopped", version=table.c.version + 1
        )
    )  # fmt: skip
    last = 0
    while True:
        rows = session.execute(
            unfinished.where(Interview.id > last).order_by(Interview.id).limit(BATCH)
        ).all()
        if not rows:
            return
        last = rows[-1].id
        leapt = []
        for row in rows:
            document = json.loads(row.state)
            document["asked"] = document.get("asked", 0) + LEAP
            document["status"] = "stopped"
            leapt.append({"of": row.id, "leapt": written(document)})
        session.connection().execute(save, leapt)


def _leap_ids(session: Session, table: Table) -> None:
    if kind_of(session) == "postgresql":
        sequence = session.scalar(
            text("SELECT pg_get_serial_sequence(:of, 'id')"), {"of": f'"{table.name}"'}
        )
        given = session.scalar(text(f"SELECT last_value FROM {sequence}"))
        session.execute(text("SELECT setval(:s, :n)"), {"s": sequence, "n": given + LEAP})
        return
    named = {"of": table.name, "leap": LEAP}
    leapt = session.connection().execute(
        text("UPDATE sqlite_sequence SET seq = seq + :leap WHERE name = :of"), named
    )
    if not leapt.rowcount:
        session.execute(text("INSERT INTO sqlite_sequence VALUES (:of, :leap)"), named)


def _check_version(file: Path, named: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            row = None
    if row is None:
        raise Unfit(f"{named} is a database, but none of usegap's.")
    if row[0] > HEAD:
        raise NewerDatabase(
            f"{named} was made by a newer version of usegap: please install that version."
        )


def _put_aside(target: Path) -> Path | None:
    """Give the present database another name; a damaged one goes, too, with its log."""
    if not target.exists():
        for log in _logs(target):
            log.unlink(missing_ok=True)
        return None
    try:
        with alone_with(target) as connection:
            connection.execute("COMMIT")
            # The log goes into the file: one name is then all there is of it.
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.DatabaseError:
        pass  # it may be why it is replaced
    aside = target.with_name(f"{target.name}.before-restore")
    number = 2
    while aside.exists():
        aside = target.with_name(f"{target.name}.before-restore-{number}")
        number += 1
    target.replace(aside)
    for log in _logs(target):
        if log.exists():
            log.replace(aside.with_name(f"{aside.name}{log.name.removeprefix(target.name)}"))
    sync_folder(target.parent)
    return aside


def _logs(file: Path) -> list[Path]:
    return [file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm", "-journal")]
