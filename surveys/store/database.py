"""The engine, sessions, SQLite's rules, and threads.

    database = Database(url)
    with database.begin() as session: …      # one write transaction (BEGIN IMMEDIATE on SQLite)
    with database.read() as session: …       # a read-only look, beside the writer
    await database.in_thread(function, *arguments)    # on the writer's thread (or pool)
    await database.in_reader(function, *arguments)    # heavy reading, beside the writer

`Database` owns its threads; `close()` ends them. The functions it runs open their own transaction.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import is_dataclass
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import orjson
from sqlalchemy import Connection, Engine, Executable, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InvalidatePoolError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

P = ParamSpec("P")
T = TypeVar("T")

WRITERS = 8
"""Threads that write to PostgreSQL; SQLite has one writer by its nature."""
FRONT = 2
"""Threads for what must not wait behind many updates; on SQLite there is the one writer."""
READERS = 2
BUSY = 30_000
"""Milliseconds that SQLite waits for another writer (a command line beside the running bot)."""

SILENT = {
    "connect_timeout": 10,
    "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}  # fmt: skip
"""When PostgreSQL is taken for away that does not even refuse (its machine is off, a firewall drops
what is sent): in seconds, the last in milliseconds. The system would wait for hours, and everybody
with it whose answers are in that commit. Who names one of them in the URL knows better."""
RESTED = 1.0
"""Seconds after which a reader's connection is tried before it is used: it may have been cut."""
IDLE = "60s"
"""After which PostgreSQL ends the transaction of a program that stands still in the middle of it,
or cannot be reached any more: others wait for whose turn it has."""

A_MOMENT = 100
"""Milliseconds that the shortening of the log waits for readers."""

_ERASED = "someone was forgotten"
_LAST = "to be done last"


class UnknownDatabase(ValueError):  # noqa: N818
    """A database URL that is neither SQLite's nor PostgreSQL's."""


class Database:
    """One database: its engines and the threads that use them."""

    def __init__(self, url: str) -> None:
        """Prepare, without connecting; raises `UnknownDatabase` for an unusable URL."""
        self.url = url_of(url)
        self.engine = connect(self.url)
        self._reading = connect(self.url, read_only=True)
        alone = self.engine.dialect.name == "sqlite"
        self._writers = ThreadPoolExecutor(1 if alone else WRITERS, "usegap-write")
        self._front = self._writers if alone else ThreadPoolExecutor(FRONT, "usegap-front")
        self._readers = ThreadPoolExecutor(READERS, "usegap-read")
        self.replica: str | None = None
        """What this program is called among several; None: it sends nothing (the command line)."""

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One write transaction: committed at the end, rolled back on any error."""
        with _session(self.engine, self.replica) as session:
            yield session
        if _ERASED in session.info and self.engine.dialect.name == "sqlite":
            self._shorten_log()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent look; writing in it is an error of the database."""
        with _session(self._reading, self.replica) as session:
            yield session

    @contextmanager
    def glance(self) -> Iterator[Session]:
        """One look with one statement: on PostgreSQL no transaction is begun and ended for it."""
        if self.engine.dialect.name == "sqlite":
            with self.read() as session:
                yield session
            return
        with (
            self._reading.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
            Session(connection, info={"replica": self.replica}) as session,
        ):
            yield session

    async def in_thread(
        self, function: Callable[P, T], /, *arguments: P.args, **named: P.kwargs
    ) -> T:
        """Run a unit of work on a writer's thread; what it raises is raised here."""
        call = partial(function, *arguments, **named)
        return await asyncio.get_running_loop().run_in_executor(self._writers, call)

    async def in_front(
        self, function: Callable[P, T], /, *arguments: P.args, **named: P.kwargs
    ) -> T:
        """Run a short unit of work that waits for none of those given to `in_thread`: that
        something was sent, that the program is alive. On SQLite it waits for its turn."""
        call = partial(function, *arguments, **named)
        return await asyncio.get_running_loop().run_in_executor(self._front, call)

    async def in_reader(
        self, function: Callable[P, T], /, *arguments: P.args, **named: P.kwargs
    ) -> T:
        """Run a long piece of reading and computing beside the writers."""
        call = partial(function, *arguments, **named)
        return await asyncio.get_running_loop().run_in_executor(self._readers, call)

    def _shorten_log(self) -> None:
        """Write SQLite's log into the file and cut it: what was deleted still stands in it.

        As far as readers let it; else the next one to be forgotten takes it along.
        """
        connection = self.engine.raw_connection()
        cursor = connection.cursor()
        try:
            # It waits for everyone who reads, an export for minutes, and all answers with it.
            cursor.execute(f"PRAGMA busy_timeout = {A_MOMENT}")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {BUSY}")
            connection.close()

    def close(self) -> None:
        """End the threads when their work is done, and all connections."""
        self._writers.shutdown()
        self._front.shutdown()
        self._readers.shutdown()
        self.engine.dispose()
        self._reading.dispose()


@contextmanager
def _session(engine: Engine, replica: str | None) -> Iterator[Session]:
    """A session inside a transaction of the engine: half the price of a session's own."""
    with (
        engine.begin() as connection,
        Session(connection, expire_on_commit=False, info={"replica": replica}) as session,
    ):
        yield session
        do_last(session)
        session.flush()


def url_of(url: str) -> URL:
    """The URL with the driver we use: "sqlite:///path" or "postgresql://…" (psycopg 3)."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # from None: the text of the original error repeats the URL, with its password.
        raise UnknownDatabase(
            "The database URL cannot be read. Give sqlite:///usegap.db or postgresql://host/name."
        ) from None
    kind = parsed.get_backend_name()
    if kind in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    if kind == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed.set(drivername="sqlite")
    raise UnknownDatabase(
        "The database must be a SQLite file or PostgreSQL:"
        " give sqlite:///usegap.db or postgresql://host/name."
    )


def file_of(url: str | URL) -> Path | None:
    """The file of a SQLite database; None for PostgreSQL."""
    parsed = url_of(url) if isinstance(url, str) else url
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def connect(url: URL, *, read_only: bool = False, foreign_keys: bool = True) -> Engine:
    """An engine with our rules.

    PostgreSQL: READ COMMITTED (readers: REPEATABLE READ, so that two queries agree). SQLite: see
    the comments; `foreign_keys=False` is for migrations, which rebuild tables.
    """
    if url.get_backend_name() == "postgresql":
        options = (
            {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            if read_only
            else {"isolation_level": "READ COMMITTED"}
        )
        engine = create_engine(
            url,
            connect_args={name: one for name, one in SILENT.items() if name not in url.query},
            pool_size=(READERS if read_only else WRITERS + FRONT) + 1,
            hide_parameters=True,
            json_serializer=_json,
            execution_options=options,
        )
        if read_only:
            # A writer whose connection was cut is tried again by its lane; a reader has no lane.
            _look_after(engine)

        @event.listens_for(engine, "connect")
        def end_what_stands_still(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
            # Readers compute between two statements, and nobody waits for them.
            if not read_only:
                connection.cursor().execute(f"SET idle_in_transaction_session_timeout = '{IDLE}'")
                connection.commit()

        return engine
    engine = create_engine(
        url,
        hide_parameters=True,
        json_serializer=_json,
        pool_size=READERS + 1,
        # Sessions here always end by commit or rollback: a second rollback is a call for nothing.
        pool_reset_on_return=None,
    )

    @event.listens_for(engine, "connect")
    def set_rules(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        # None: the driver begins no transactions by itself; `begin` below says which kind.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY}")
        cursor.execute("PRAGMA journal_mode = WAL")
        # FULL: a commit is on the disk before Telegram is told that we have the update.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        # What was deleted is overwritten: forgotten means gone from the file, too.
        cursor.execute("PRAGMA secure_delete = ON")
        if read_only:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "begin")
    def begin_now(connection: Connection) -> None:
        # IMMEDIATE: a transaction that turns into a writer half-way fails instead of waiting.
        # Past SQLAlchemy, which would spend more on it than SQLite; so we say what it would say.
        try:
            connection.connection.cursor().execute(begin)
        except sqlite3.Error as error:
            raise OperationalError(begin, None, error) from error

    @event.listens_for(engine, "checkin")
    def leave_nothing_open(connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        # A commit that fails (a full disk) leaves its transaction, and the lock on the file.
        if connection is not None and connection.in_transaction:
            connection.rollback()

    return engine


def _json(document: object) -> str:
    """A document as a column keeps it. Of data classes, which are many and large, by way of C;
    others as they always were: exports cut their texts (surveys.export.pieces)."""
    return orjson.dumps(document).decode() if is_dataclass(document) else json.dumps(document)


def _look_after(engine: Engine) -> None:
    """See to it that a connection that rested is still there: one that is not is made anew."""

    @event.listens_for(engine, "checkin")
    def rests(connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        entry.info["rests"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def goes_on(
        connection: DBAPIConnection, entry: ConnectionPoolEntry, _: PoolProxiedConnection
    ) -> None:
        since = entry.info.pop("rests", None)
        if since is not None and time.monotonic() - since > RESTED:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise InvalidatePoolError from error


def leave_no_traces(session: Session) -> None:
    """Someone is forgotten in this transaction: once committed, nothing of it stays in a log."""
    session.info[_ERASED] = True


def at_the_end(session: Session, place: str, write: Callable[[Session], None]) -> None:
    """Write this last in the transaction: it locks a row that many want at the same moment, and
    each of them then waits for a commit only, and not for all that another one does besides.

    `place` names the row: of several one is locked after the other in the order of their names.
    """
    session.info.setdefault(_LAST, []).append((place, write))


def do_last(session: Session) -> None:
    """Write now what was to be written last: whoever reads it in this transaction has to see it."""
    waiting = session.info.pop(_LAST, [])
    for _, write in sorted(waiting, key=itemgetter(0)):
        write(session)


def kind_of(session: Session) -> str:
    """ "sqlite" or "postgresql"."""
    return session.get_bind().dialect.name


def insert_into(kind: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT, in the words of this kind of database."""
    return postgresql.insert(table) if kind == "postgresql" else sqlite.insert(table)


def unnested(columns: Mapping[str, str]) -> str:
    """PostgreSQL's rows of arrays, one a column: their names in the statement, and their types.

    >>> unnested({"ids": "int", "names": "text"})
    'unnest(CAST(:ids AS int[]), CAST(:names AS text[]))'
    """
    arrays = (f"CAST(:{name} AS {kind}[])" for name, kind in columns.items())
    return f"unnest({', '.join(arrays)})"


def rows_of(session: Session, query: Executable, size: int) -> Iterator[Sequence[Any]]:
    """The rows of a query, so many at a time, and on SQLite as its driver gives them: of a million
    narrow ones SQLAlchemy's take as long as all else. Nothing is made of their types there.
    """
    session.flush()
    if kind_of(session) == "postgresql":
        look = session.connection().execute(query, execution_options={"yield_per": size})
        yield from look.partitions()
        return
    # Nothing is read ahead where it is not asked for: the first row is still to come.
    found = session.connection().execute(query)
    try:
        while found.cursor is not None and (some := found.cursor.fetchmany(size)):
            yield some
    finally:
        found.close()
