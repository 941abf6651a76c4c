"""Telegram's limit over several programs: one row of PostgreSQL is the bucket that all draw from.

The row holds one moment: when the next call is free if nothing was saved up (the generic cell rate
algorithm of ITU-T I.371, annex A, in its virtual scheduling form). By the clock of the database:
machines may not agree on the time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import SQLAlchemyError

from surveys.store.database import Database

_NOW, _SECOND = "clock_timestamp()", "interval '1 second'"
# Never later than one call from now: else a clock that is set back stops everything.
_FREE = f"least(greatest(free_at, {_NOW} - :saved * {_SECOND}), {_NOW} + :each * {_SECOND})"
_PAUSED = f"coalesce(paused_at <= {_NOW} AND {_NOW} < paused_until, false)"
# How many are there: one where the next is free now, and one more for each that was saved up.
_MANY = (
    f"least(:most, 1 + floor(extract(epoch FROM {_NOW} - {_FREE} - :spare * {_SECOND}) / :each))"
)
_TAKE = text(
    f"WITH before AS (SELECT id, {_MANY} AS many FROM pace FOR UPDATE),"
    f" taken AS (UPDATE pace SET free_at = {_FREE} + many * :each * {_SECOND} FROM before"
    f" WHERE NOT {_PAUSED} AND many > 0 RETURNING many)"
    " SELECT coalesce((SELECT many FROM taken), 0), extract(epoch FROM"
    f" CASE WHEN {_PAUSED} THEN paused_until ELSE {_FREE} + :spare * {_SECOND} END - {_NOW})"
    " FROM pace"
)
_PAUSE = text(
    f"UPDATE pace SET paused_at = {_NOW}, paused_until = {_NOW} + :seconds * {_SECOND}"
    f" WHERE NOT {_PAUSED} OR paused_until < {_NOW} + :seconds * {_SECOND}"
)
_BEGIN = text("INSERT INTO pace (id, free_at) VALUES (1, :at) ON CONFLICT DO NOTHING")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Pace:
    """The bucket, asked on a connection of its own; of one thread at a time."""

    def __init__(self, database: Database, rate: float) -> None:
        """`rate` in calls a second; as many may be saved up. PostgreSQL only."""
        self._engine = database.engine
        self._rate = rate
        self._connection: Connection | None = None

    def take(self, spare: int, most: int = 1) -> tuple[int, float]:
        """Take as many calls as there are, `most` at the most, and leave `spare` of those that are
        saved up.

        How many were taken; where none was, the seconds until one can be. Raises SQLAlchemyError.
        """
        each = 1 / self._rate
        given: dict[str, Any] = {
            "each": each, "saved": 1 - each, "spare": spare * each, "most": most,
        }  # fmt: skip
        row = self._do(_TAKE, given)
        if row is None:
            self._do(_BEGIN, {"at": LONG_AGO})
            row = self._do(_TAKE, given)
        if row is None:
            # Emptied that very moment; it is there at the next look.
            return 0, each
        taken, wait = row
        return (int(taken), 0.0) if taken else (0, max(float(wait), 0.001))

    def pause(self, seconds: float) -> None:
        """No program calls for so long. Raises SQLAlchemyError."""
        self._do(_PAUSE, {"seconds": seconds})

    def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _do(self, statement: TextClause, given: dict[str, Any]) -> tuple[Any, ...] | None:
        try:
            if self._connection is None:
                self._connection = self._engine.connect().execution_options(
                    isolation_level="AUTOCOMMIT"
                )
            found = self._connection.execute(statement, given)
            row = found.one_or_none() if found.returns_rows else None
            return None if row is None else tuple(row)
        except SQLAlchemyError:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.invalidate()
                connection.close()
            raise
