"""Lines of measured values that are missing are written before profiles are made."""

from __future__ import annotations

from time import sleep

from surveys.profiles.computed_wave import wave_before
from surveys.store.database import Database, kind_of
from surveys.store.measured import measure, unmeasured
from surveys.store.schema import Wave

AT_ONCE = 200
"""Lines in a transaction: while it lasts nobody else writes to SQLite."""
PAUSE = 0.12
"""Seconds between two: who waits for SQLite looks every tenth of a second whether it is free, and
would else find it taken by the next one for as long as there are any."""


def measured(database: Database, wave_id: int) -> int:
    """See that what is read of a wave, and of the one before, has been written down; how many
    lines were not."""
    with database.read() as session:
        before = wave_before(session, session.get_one(Wave, wave_id))
    return sum(
        measure_all(database, one) for one in (wave_id, before.id if before else None) if one
    )


def measure_all(database: Database, wave_id: int) -> int:
    """Write what estimates read of each submission of a wave that has no such line yet; how many.

    Some hundreds in a transaction, so that answers that come in meanwhile do not wait for all.
    """
    with database.read() as session:
        missing = unmeasured(session, wave_id)
        alone = kind_of(session) == "sqlite"
    for start in range(0, len(missing), AT_ONCE):
        with database.begin() as session:
            measure(session, wave_id, missing[start : start + AT_ONCE])
        if alone:
            sleep(PAUSE)
    return len(missing)
