"""What one program tells another: heard once it is committed, all of it, in order."""

import threading
import time

import pytest
from sqlalchemy import text

from surveys.store.notices import listen
from surveys.store.turns import LANES, NOTIFY, notices

PATIENCE = 10.0


def tell(session, told):
    session.connection().execute(text(NOTIFY), notices(told))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_every_lane_is_heard_by_who_is_told_and_only_what_is_committed(database):
    lanes = [f"{n:064x}" for n in range(2 * LANES + 50)]
    heard: dict[str, list[str]] = {"one": [], "other": []}
    stop = threading.Event()
    threads = []
    for replica, into in heard.items():
        there = threading.Event()
        given = (database, replica, stop, into.append, there.set)
        threads.append(threading.Thread(target=listen, args=given, daemon=True))
        threads[-1].start()
        assert there.wait(PATIENCE)
    try:
        with database.begin() as session:
            tell(session, [("one", "never")])
            session.connection().rollback()
        with database.begin() as session:
            tell(session, [])
            tell(session, [*(("one", lane) for lane in lanes), ("other", lanes[0])])
        until = time.monotonic() + PATIENCE
        # Each in a thread of its own: neither need be the first to hear.
        told = {"one": lanes, "other": lanes[:1]}
        while heard != told and time.monotonic() < until:
            time.sleep(0.01)
        assert heard == told
    finally:
        stop.set()
        for one in threads:
            one.join(PATIENCE)
