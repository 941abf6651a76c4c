"""The secret key changes: everything that was sealed with the old one is sealed with the new."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from surveys.conduct.settle import lane_for
from surveys.store.audit import audit
from surveys.store.database import Database, leave_no_traces
from surveys.store.keys import (
    anyone_at_work,
    end_invites,
    keep_visit_key,
    opens,
    rehash,
    reseal,
)
from surveys.store.standstill import AtWork
from surveys.store.vault import Vault, WrongKey


class AlreadyRotated(Exception):  # noqa: N818
    """The new key opens this database: there is nothing to do."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What was done."""

    values: int
    """How many were sealed anew."""
    invites: int
    """That nobody had opened, and that work no more."""


def rotate(database: Database, old: Vault, new: Vault, now: datetime, *, by: str) -> Rotated:
    """Seal and hash everything anew, in one transaction: afterwards the new key opens the database,
    and until it is committed the old one. Audited.

    Raises `AtWork`, `AlreadyRotated`, or `WrongKey` where the old key does not open everything;
    then nothing has changed.
    """
    with database.begin() as session:
        if anyone_at_work(session):
            # It would go on with the old key.
            raise AtWork(
                "A bot is at work on this database: stop every `usegap run`, wait 15 seconds, and"
                " call this again."
            )
        fits = opens(session, old)
        if fits is False:
            if opens(session, new):
                raise AlreadyRotated
            raise WrongKey("The old key does not open this database: nothing was changed.")
        # What the old key sealed must not stand in SQLite's log for longer.
        leave_no_traces(session)
        values = reseal(session, old, new)
        keep_visit_key(session, old, new)
        rehash(session, old, new, lane_for)
        invites = end_invites(session, now)
        audit(session, by, "rotate key", f"{values} values, {invites} invites ended", now)
    return Rotated(values, invites)


def check(database: Database, vault: Vault) -> bool | None:
    """Whether a key opens this database; None where nothing is sealed in it yet."""
    with database.read() as session:
        return opens(session, vault)
