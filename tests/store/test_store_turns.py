"""Who sends to a person, where two programs have something for them at the same moment."""

import threading
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from bot.say import send
from surveys.conduct.settle import mark_sent
from surveys.store.database import Database
from surveys.store.messages import put
from surveys.store.replicas import enter
from surveys.store.turns import take_turn
from surveys.store.vault import Vault

NOW = datetime(2026, 11, 29, tzinfo=UTC)
VAULT = Vault(b"k" * 32)
LANE = "lane"
LONG = 20
BLOCKED = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
"""Connections that wait for somebody's lock."""


@pytest.fixture
def programs(database_url):
    """Two of them on one database."""
    both = [Database(database_url) for _ in range(2)]
    for name, one in zip(("one", "two"), both, strict=True):
        with one.begin() as session:
            enter(session, name)
        one.replica = name
    yield both
    for one in both:
        one.close()


def say(database, words):
    with database.begin() as session:
        turn = take_turn(session, LANE)
        return turn, put(session, VAULT, [send(1, words)], LANE, NOW)


def until_somebody_waits(database):
    ends = time.monotonic() + LONG
    while time.monotonic() < ends:
        # As it is now: a transaction sees what it saw first.
        with database.begin() as session:
            if session.scalar(BLOCKED):
                return
    raise TimeoutError


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("known", [True, False])
def test_who_waited_for_the_turn_leaves_the_sending_to_who_had_it(database, programs, known):
    one, two = programs
    if known:
        [first] = say(one, "before")[1]
        mark_sent(one, [(first.outbox_id, 1)], NOW)
    found = []
    with one.begin() as session:
        take_turn(session, LANE)
        waits = threading.Thread(target=lambda: found.append(say(two, "second")))
        waits.start()
        until_somebody_waits(database)
        [first] = put(session, VAULT, [send(1, "first")], LANE, NOW)
    waits.join(LONG)
    [(turn, queued)] = found
    assert (turn.sender, turn.mine, queued) == ("one", False, [])
    # Once that is sent, whoever asks sends.
    with database.begin() as session:
        session.execute(text("UPDATE outbox SET done_at = :now"), {"now": NOW})
    turn, queued = say(two, "third")
    assert (turn.sender, len(queued)) == ("two", 1)
