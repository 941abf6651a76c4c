"""What another program has for this one to send: told by PostgreSQL as soon as it is committed.

Nothing rests on it: what is not heard (the connection was cut) is found in the table a little
later.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy.exc import SQLAlchemyError

from surveys.store.database import Database
from surveys.store.replicas import CONNECTION
from surveys.store.turns import channel_of

TURN_ROUND = 0.5
"""Seconds after which it is looked whether to stop."""
AGAIN = 0.25
"""Seconds until a connection that was cut is made anew: whoever has none looks dead."""


def listen(
    database: Database,
    replica: str,
    stop: threading.Event,
    hear: Callable[[str], None],
    there: Callable[[], object] = lambda: None,
) -> None:
    """Hand the lanes that there is something to send to `hear`, until `stop` is set.

    In a thread of its own. `there` is called whenever it listens from now on.
    """
    while not stop.is_set():
        try:
            _listen(database, replica, stop, hear, there)
        except (psycopg.Error, SQLAlchemyError):
            stop.wait(AGAIN)


def _listen(
    database: Database,
    replica: str,
    stop: threading.Event,
    hear: Callable[[str], None],
    there: Callable[[], object],
) -> None:
    pooled = database.engine.raw_connection()
    connection = pooled.driver_connection
    if not isinstance(connection, psycopg.Connection):
        pooled.close()
        raise TypeError("only PostgreSQL gives notice")
    # Its own from here on: a connection that listens is of no use to anybody else.
    pooled.detach()
    try:
        connection.rollback()
        connection.autocommit = True
        # By this name others see that the program is there (surveys.store.replicas.connected).
        name = CONNECTION + replica
        connection.execute("SELECT set_config('application_name', %s, false)", (name,))
        connection.execute(SQL("LISTEN {}").format(Identifier(channel_of(replica))))
        there()
        while not stop.is_set():
            for notice in connection.notifies(timeout=TURN_ROUND):
                for lane in notice.payload.split():
                    hear(lane)
                if stop.is_set():
                    break
    finally:
        connection.close()
