"""Transactions and threads."""

import asyncio
import socket
import threading
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from surveys.store import database as store
from surveys.store.areas import add_to_day
from surveys.store.audit import audit
from surveys.store.database import (
    BUSY,
    Database,
    leave_no_traces,
)
from surveys.store.fieldwork import of_days
from surveys.store.jobs import add_job, due_jobs, finish_job, postpone_job
from surveys.store.schema import Area, Audit, Household, Job
from surveys.store.turns import take_turn

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def test_an_error_rolls_back_and_a_reader_cannot_write(database):
    def breaks():
        with database.begin() as session:
            audit(session, "nobody", "try", "nothing", NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        breaks()
    with pytest.raises(DBAPIError), database.read() as session:
        audit(session, "nobody", "try", "nothing", NOW)
    with database.begin() as session:
        audit(session, "nobody", "do", "something", NOW)
    with database.read() as session:
        assert session.scalars(select(Audit.action)).all() == ["do"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_reader_whose_connection_was_cut_while_it_rested_gets_another(database, monkeypatch):
    monkeypatch.setattr(store, "RESTED", 0.0)

    def whose():
        with database.read() as session:
            return session.scalar(text("SELECT pg_backend_pid()"))

    first = whose()
    assert whose() == first
    with database.begin() as session:
        assert session.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
    assert whose() != first


def test_a_database_that_says_nothing_is_away(monkeypatch):
    monkeypatch.setitem(store.SILENT, "connect_timeout", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        database = Database(f"postgresql://127.0.0.1:{silent.getsockname()[1]}/usegap")
        began = time.monotonic()
        with pytest.raises(OperationalError), database.begin():
            pass
        assert time.monotonic() - began < 30
        database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_whoever_stands_still_in_the_middle_holds_nobody_up_for_ever(database_url, monkeypatch):
    monkeypatch.setattr(store, "IDLE", "100ms")
    still, other = Database(database_url), Database(database_url)

    def stand_still():
        with still.begin() as first:
            take_turn(first, "lane")
            with other.begin() as second:
                second.execute(text("SET LOCAL lock_timeout = '20s'"))
                assert take_turn(second, "lane").sender is None
            audit(first, "nobody", "wake", "up", NOW)

    with pytest.raises(DBAPIError, match="idle-in-transaction"):
        stand_still()
    with other.read() as session:
        assert session.scalars(select(Audit.action)).all() == []
    still.close()
    other.close()


def test_a_commit_that_fails_leaves_nothing_behind(database, monkeypatch):
    dialect = database.engine.dialect

    def write(what):
        with database.begin() as session:
            audit(session, "nobody", "do", what, NOW)

    def full(connection):
        raise dialect.dbapi.OperationalError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(dialect, "do_commit", full)
        with pytest.raises(OperationalError):
            write("lost")
    # Nor a lock: another program writes at once.
    other = Database(database.url.render_as_string(False))
    with other.begin() as session:
        audit(session, "nobody", "do", "elsewhere", NOW)
    other.close()
    write("kept")
    with database.read() as session:
        assert session.scalars(select(Audit.object)).all() == ["elsewhere", "kept"]


def test_where_the_file_is_locked_the_error_is_the_librarys_own(sqlite_url, monkeypatch):
    monkeypatch.setattr("surveys.store.database.BUSY", 20)
    one, other = Database(sqlite_url), Database(sqlite_url)
    with one.begin(), pytest.raises(OperationalError, match="locked"), other.begin():
        pass
    with other.begin() as session:
        audit(session, "nobody", "do", "later", NOW)
    one.close()
    other.close()


def test_a_reader_sees_one_moment_while_a_writer_writes(database):
    with database.read() as reader:
        before = len(reader.scalars(select(Audit.id)).all())
        with database.begin() as writer:
            audit(writer, "nobody", "do", "something", NOW)
        assert len(reader.scalars(select(Audit.id)).all()) == before
    with database.read() as reader:
        assert len(reader.scalars(select(Audit.id)).all()) == before + 1


def test_times_come_back_in_utc_and_need_a_zone(database):
    beijing = NOW.astimezone(timezone(timedelta(hours=8)))
    with database.begin() as session:
        audit(session, "nobody", "do", "something", beijing)
    with database.read() as session:
        at = session.scalar(select(Audit.at))
    assert at == NOW
    assert at.utcoffset() == timedelta(0)
    with pytest.raises(StatementError), database.begin() as session:
        audit(session, "nobody", "do", "something", NOW.replace(tzinfo=None))


def test_foreign_keys_hold(database):
    with pytest.raises(DBAPIError), database.begin() as session:
        session.execute(insert(Household).values(id="h", area_id=404))


def test_an_error_never_repeats_the_values(database):
    with database.begin() as session:
        session.execute(insert(Area).values(path="/1/", kind="village", code="LP01", name="one"))
    with pytest.raises(DBAPIError) as raised, database.begin() as session:
        session.execute(
            insert(Area).values(path="/2/", kind="village", code="LP01", name="a secret answer")
        )
    assert "a secret answer" not in str(raised.value)


def test_work_runs_on_threads_of_its_own_and_raises_here(database):
    def name():
        return threading.current_thread().name

    async def run():
        names = {await database.in_thread(name) for _ in range(3)}
        assert all(one.startswith("usegap-write") for one in names)
        assert (await database.in_reader(name)).startswith("usegap-read")
        with pytest.raises(ZeroDivisionError):
            await database.in_thread(lambda: 1 // 0)
        results = await asyncio.gather(*(database.in_thread(_add, database, n) for n in range(20)))
        assert sorted(results) == list(range(20))

    asyncio.run(run())
    with database.read() as session:
        assert len(session.scalars(select(Audit.id)).all()) == 20


def test_who_counts_keeps_nobody_from_counting(database):
    """The row of a day is written at the end of a transaction, and locked no longer."""
    with database.begin() as session:
        area = Area(path="/1/", kind="village", code="LP01", name="Lower Pass")
        session.add(area)
        session.flush()
        village = area.id
    if database.engine.dialect.name == "postgresql":
        with database.begin() as first:
            add_to_day(first, village, "opened", NOW.date())
            with database.begin() as second:
                second.execute(text("SET LOCAL lock_timeout = '5s'"))
                add_to_day(second, village, "opened", NOW.date())
    with database.begin() as session:
        add_to_day(session, village, "opened", NOW.date())
        # Whoever reads it in the same transaction sees it.
        seen = of_days(session, ["opened", "declined"], {village: NOW.date()})
    counted = 3 if database.engine.dialect.name == "postgresql" else 1
    assert seen == {(village, "opened"): counted}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_is_short_waits_for_none_of_many_updates(database):
    """On PostgreSQL; SQLite has the one writer."""
    held = threading.Event()

    async def run():
        waiting = [asyncio.ensure_future(database.in_thread(held.wait, 30)) for _ in range(50)]
        try:
            async with asyncio.timeout(20):
                await database.in_front(_add, database, 1)
            assert not any(one.done() for one in waiting)
        finally:
            held.set()
            await asyncio.gather(*waiting)

    asyncio.run(run())


def _add(database, number):
    with database.begin() as session:
        audit(session, "nobody", "do", str(number), NOW)
    return number


def test_sqlite_keeps_what_it_committed_and_overwrites_what_it_deleted(sqlite_url):
    from surveys.store.database import Database

    database = Database(sqlite_url)
    with database.begin() as session:
        rules = {
            name: session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    database.close()
    assert rules == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_a_job_is_ordered_once_by_its_key_done_once_and_postponed(database):
    with database.begin() as session:
        assert add_job(session, "profile", {"area_id": 1}, NOW, key="target:1:1")
        assert not add_job(session, "profile", {"area_id": 1}, NOW, key="target:1:1")
        assert add_job(session, "export", {"contact_id": 1}, NOW)
        assert add_job(session, "export", {"contact_id": 2}, NOW + timedelta(hours=1))
        profile, export = due_jobs(session, NOW)
        assert (profile.kind, profile.arguments, profile.tries) == ("profile", {"area_id": 1}, 0)
        postpone_job(session, export.id, "OSError", NOW + timedelta(seconds=2), NOW)
        assert finish_job(session, profile.id, NOW)
        assert not finish_job(session, profile.id, NOW)
        assert due_jobs(session, NOW) == []
        assert not add_job(session, "profile", {"area_id": 1}, NOW, key="target:1:1")
        (again,) = due_jobs(session, NOW + timedelta(seconds=2))
        assert (again.id, again.tries) == (export.id, 1)
        postpone_job(session, export.id, "OSError", None, NOW)
        assert [job.id for job in due_jobs(session, NOW + timedelta(days=1))] != [export.id]
        assert session.scalar(select(Job.error).where(Job.id == export.id)) == "OSError"


def test_who_reads_for_long_holds_up_nobody_who_is_forgotten(sqlite_url):
    """An export reads for minutes; the log is shortened when it can be: nobody waits for that."""
    database = Database(sqlite_url)
    forgotten = threading.Event()

    def forget():
        with database.begin() as session:
            audit(session, "respondent", "forget", "one", NOW)
            leave_no_traces(session)
        forgotten.set()

    with database.read() as reading:
        assert reading.scalar(select(func.count()).select_from(Audit)) == 0
        thread = threading.Thread(target=forget)
        thread.start()
        # SQLite itself would wait for the reader as long as it waits for another writer.
        assert forgotten.wait(BUSY / 1000 / 3)
    thread.join()
    database.close()
