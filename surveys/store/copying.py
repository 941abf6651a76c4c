"""All that a SQLite database holds, moved to PostgreSQL: from a laptop to the county.

Both sides are read through `schema.py`, so that a time, a truth value, bytes or a document is the
same thing on both; afterwards every row is read back and compared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    Integer,
    Row,
    Table,
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)  # fmt: skip
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from surveys.store.audit import audit
from surveys.store.backup import Tell
from surveys.store.database import connect, file_of, url_of
from surveys.store.keys import anyone_at_work
from surveys.store.schema import Base, Basis, Pace, Replica, Standing, Turn
from surveys.store.standstill import Unfit, alone_with
from surveys.store.upgrade import HEAD, revision_of

ROWS = 1_000
"""Rows that are read and written at a time …"""
LARGE = {"attachment": 4, "outbox": 40}
"""… and of tables whose rows carry files."""
MOST = 2**256

Sums = dict[str, tuple[int, int]]
"""Of each table: how many rows, and the sum of their fingerprints, which order does not change."""


def copy(source: Path, target: str, now: datetime, tell: Tell, actor: str) -> int:
    """Copy every row of a SQLite file into an empty, upgraded PostgreSQL database; how many.

    One transaction there: all or nothing. The source is not changed, and nobody else may have it
    open. Raises `Unfit` where either is not what it should be, `AtWork` where a program is at work
    on the source.
    """
    place = url_of(target)
    if file_of(place) is not None:
        raise Unfit("The database to copy to must be PostgreSQL: give postgresql://host/name.")
    _check_source(source)
    if revision_of(target) != HEAD:
        raise Unfit(
            "The PostgreSQL database has not the tables yet: run `usegap db upgrade` on it."
        )
    writing = connect(place)
    try:
        with _read(source) as reading, writing.begin() as written:
            _check_target(written)
            tables = _tables()
            total = sum(
                reading.scalar(select(func.count()).select_from(one)) or 0 for one in tables
            )
            sums = _all_over(reading, written, tables, total, tell)
            _compare(sums, _sums(written, tables, total, tell))
            _number(reading, written, tables)
            with Session(written) as session:
                audit(session, actor, "copy", f"{total} rows", now)
                session.flush()
    finally:
        writing.dispose()
    return total


def _tables() -> Sequence[Table]:
    """What is copied, each after what it refers to; not who runs, and whose turn it is, nor
    numbers that are computed anew."""
    passing = {one.__tablename__ for one in (Replica, Turn, Pace, Basis, Standing)}
    return [one for one in Base.metadata.sorted_tables if one.name not in passing]


def _check_source(source: Path) -> None:
    if not source.is_file():
        raise Unfit(f"There is no database at {source}.")
    found = revision_of(f"sqlite:///{source}")
    if found != HEAD:
        older = found is not None and found < HEAD
        raise Unfit(
            f"{source} is of an older version: run `usegap db upgrade` on it first."
            if older
            else f"{source} is no database of this version of usegap."
        )


@contextmanager
def _read(source: Path) -> Iterator[Connection]:
    """A look at the source, for which nobody else had it open."""
    with alone_with(source):
        pass
    engine = connect(url_of(f"sqlite:///{source}"))
    try:
        # Begins as a writer does: a bot that is started meanwhile waits, and takes nothing in.
        with engine.connect() as connection, connection.begin() as transaction:
            yield connection
            transaction.rollback()
    finally:
        engine.dispose()


def _check_target(connection: Connection) -> None:
    tables = Base.metadata.sorted_tables
    names = ", ".join(f'"{one.name}"' for one in tables)
    connection.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))
    with Session(connection) as session:
        busy = anyone_at_work(session)
    filled = [
        one.name for one in tables if connection.scalar(select(exists(select(literal_column("1"))
        .select_from(one))))
    ]  # fmt: skip
    if busy or filled:
        raise Unfit(
            "The PostgreSQL database is not empty: make a new one, run `usegap db upgrade` on it,"
            " and start the bot only when everything is copied."
        )


def _all_over(
    reading: Connection, writing: Connection, tables: Sequence[Table], total: int, tell: Tell
) -> Sums:
    sums: Sums = {}
    done = 0
    for table in tables:
        later = _pointing_ahead(table)
        for rows in _rows_of(reading, table):
            clean = [{name: _taken(value) for name, value in row._mapping.items()} for row in rows]
            _add(sums, table, (tuple(one.values()) for one in clean))
            new = [one | dict.fromkeys(later) for one in clean] if later else clean
            try:
                writing.execute(insert(table), new)
            except DBAPIError as error:
                raise Unfit(
                    f"PostgreSQL does not take a row of the table {table.name}"
                    f" ({type(error.orig).__name__}): nothing was copied."
                ) from None
            done += len(rows)
            tell(done, 2 * total)
    for table in tables:
        for name in _pointing_ahead(table):
            _point(reading, writing, table, name)
    return sums


def _pointing_ahead(table: Table) -> list[str]:
    """Columns that refer to a table which comes later: filled in when everything is there."""
    return [
        key.parent.name
        for key in table.foreign_keys
        if key.constraint is not None and key.constraint.use_alter
    ]


def _point(reading: Connection, writing: Connection, table: Table, name: str) -> None:
    column, own = table.c[name], next(iter(table.primary_key))
    pairs = reading.execute(
        select(own.label("of"), column.label("at")).where(column.is_not(None)),
        execution_options={"yield_per": ROWS},
    )
    change = update(table).where(own == bindparam("of")).values({name: bindparam("at")})
    for some in pairs.partitions():
        writing.execute(change, [dict(one._mapping) for one in some])


def _rows_of(connection: Connection, table: Table) -> Iterator[Sequence[Row[Any]]]:
    """All rows, some at a time; areas from the root down, for each refers to the one above it."""
    order = [func.length(table.c.path)] if "path" in table.c and table.name == "area" else []
    found = connection.execute(
        select(table).order_by(*order, *table.primary_key),
        execution_options={"yield_per": LARGE.get(table.name, ROWS)},
    )
    yield from found.partitions()


def _taken(value: Any) -> Any:
    """The value as PostgreSQL takes it: it keeps no character 0, in texts or in documents."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, Mapping):
        return {_taken(name): _taken(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_taken(one) for one in value]
    return value


# Compared -------------------------------------------------------------------------------------


def _sums(connection: Connection, tables: Sequence[Table], total: int, tell: Tell) -> Sums:
    sums: Sums = {}
    done = total
    for table in tables:
        for rows in _rows_of(connection, table):
            _add(sums, table, (tuple(row) for row in rows))
            done += len(rows)
            tell(done, 2 * total)
    return sums


def _add(sums: Sums, table: Table, rows: Iterator[tuple[Any, ...]]) -> None:
    documents = [isinstance(column.type, JSON) for column in table.columns]
    count, sum_ = sums.get(table.name, (0, 0))
    for row in rows:
        line = repr([
            _canonical(value) if document else _plain(value)
            for value, document in zip(row, documents, strict=True)
        ])  # fmt: skip
        count += 1
        sum_ += int.from_bytes(hashlib.sha256(line.encode(errors="surrogatepass")).digest(), "big")
    sums[table.name] = count, sum_ % MOST


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return bytes(value) if isinstance(value, memoryview) else value


def _canonical(document: Any) -> str:
    """A document as text: PostgreSQL gives keys in another order, and 1.0 as it was or as 1."""

    def numbers(value: Any) -> Any:
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, dict):
            return {name: numbers(one) for name, one in value.items()}
        return [numbers(one) for one in value] if isinstance(value, list) else value

    return json.dumps(numbers(document), sort_keys=True)


def _compare(source: Sums, target: Sums) -> None:
    wrong = sorted(name for name in {*source, *target} if source.get(name) != target.get(name))
    if wrong:
        raise Unfit(
            f"What was copied reads differently in PostgreSQL ({', '.join(wrong)}):"
            " nothing was copied, the source is as it was."
        )


# Numbers go on --------------------------------------------------------------------------------


def _number(reading: Connection, writing: Connection, tables: Sequence[Table]) -> None:
    """Let the next id be the one that SQLite would have given: none is given twice."""
    rows = reading.execute(text("SELECT name, seq FROM sqlite_sequence"))
    given = {row.name: int(row.seq) for row in rows}
    for table in tables:
        own = list(table.primary_key)
        if len(own) != 1 or not isinstance(own[0].type, Integer) or own[0].foreign_keys:
            continue
        named = {"of": f'"{table.name}"', "own": own[0].name}
        sequence = writing.scalar(text("SELECT pg_get_serial_sequence(:of, :own)"), named)
        if sequence is None:
            continue
        largest = writing.scalar(select(func.max(own[0]))) or 0
        newest = max(largest, given.get(table.name, 0))
        writing.execute(
            text("SELECT setval(:s, :n, :used)"),
            {"s": sequence, "n": max(newest, 1), "used": newest > 0},
        )
