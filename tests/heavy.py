"""Pieces of heavy work for tests: what `bot.jobs.apart` is given is found by its module."""

import os
import signal
import time
from pathlib import Path

from sqlalchemy import func, select

from bot.jobs.parcels import NotYet
from surveys.store.schema import Wave


def where(word, database, desk):
    """Which process does this, how it stands back, and that it has what it needs."""
    print("A library that prints must not disturb.")
    with database.read() as session:
        waves = session.scalar(select(func.count()).select_from(Wave))
    return word, os.getpid(), os.nice(0), waves, desk.clock(), desk.vault.fingerprint("x")


def fail(word, database, desk):
    """An error whose text must not be seen."""
    raise ValueError(word)


def night(until, database, desk):
    """Not now."""
    raise NotYet(until)


def sleep(seconds, database, desk):
    """Something that takes its time."""
    time.sleep(seconds)


def die(database, desk):
    """As the kernel does it where memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


def at_work():
    """The processes that do heavy work for this one, by id, with their command lines."""
    found = {}
    for one in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((one / "stat").read_text().rpartition(")")[2].split()[1])
            line = (one / "cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if parent == os.getpid() and b"bot.jobs.making" in line:
            found[int(one.name)] = line
    return found
