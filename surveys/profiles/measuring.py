"""Lines of measured values that are missing are written before profiles are made."""

from __future__ import annotations

from surveys.store.database import Database
from surveys.store.measured import SLOW, measure, unmeasured


def measure_all(database: Database, wave_id: int) -> int:
    """Write what estimates read of each submission of a wave that has no such line yet; how many.

    Some hundreds in a transaction, so that answers that come in meanwhile wait for none.
    """
    with database.read() as session:
        missing = unmeasured(session, wave_id)
    for start in range(0, len(missing), SLOW):
        with database.begin() as session:
            measure(session, wave_id, missing[start : start + SLOW])
    return len(missing)
