"""Several programs on one PostgreSQL: each person in order, and each update once."""

import asyncio
import random
import threading
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from bot import jobs, replicas
from bot.demo.server import Telegram
from bot.say import send
from surveys.conduct.settle import mark_sent, take_in
from surveys.store.database import Database
from surveys.store.jobs import DueJob, add_job, due_jobs, take_job
from surveys.store.messages import put
from surveys.store.notices import listen
from surveys.store.replicas import connected, enter, leave, new_id, take_over
from surveys.store.schema import Inbox, Outbox, Replica, Turn
from tests.own_time import in_own_time
from tests.telegram.programs import (
    PATIENCE,
    VAULT,
    die,
    message,
    program,
    texts,
    traces,
    until,
)  # fmt: skip


async def test_one_persons_updates_at_three_programs_at_once(shared):
    """Whichever order they are handled in, what is said stands in that order in the chat."""
    order = random.Random(7)
    people = range(101, 113)
    async with Telegram(limits=False) as telegram, AsyncExitStack() as stack:
        for person in people:
            await telegram.person(person, "en").send("hello")
        pumps = [await stack.enter_async_context(program(telegram, shared)) for _ in range(3)]
        number = 0
        for turn in range(8):
            batch = []
            for person in people:
                # A text and a tap, as it were: two at the same moment, each to another program.
                for pump in order.sample(pumps, 2):
                    number += 1
                    batch.append(pump.take([message(number, person, f"{person}-{number}")]))
            await asyncio.gather(*batch)
            if turn % 3 == 0:
                await asyncio.sleep(0.05)
        await until(lambda: all(len(texts(telegram, one)) >= 16 for one in people))
        for pump in pumps:
            await pump.lanes.idle()
            await pump.sender.idle()
        for person in people:
            handled = traces(shared, person)
            assert len(handled) == len(set(handled)) == 16
            assert texts(telegram, person) == handled
        # What waited at the same time was handled in the order of Telegram's numbers.
        assert sum(pump.sender.succeeded for pump in pumps) == 16 * len(people)
        assert sum(pump.sender.succeeded > 0 for pump in pumps) > 1


async def test_what_waits_is_handled_oldest_first_wherever_it_came_in(shared):
    async with (
        Telegram(limits=False) as telegram,
        program(telegram, shared) as one,
        program(telegram, shared) as two,
    ):
        await telegram.person(5, "en").send("hello")
        # Taken in and not yet handled, by one; then a newer one comes to the other.
        older = take_in(one.database, VAULT, [message(1, 5, "first"), message(2, 5, "second")],
                        one.desk.clock())  # fmt: skip
        await two.take([message(3, 5, "third")])
        await until(lambda: len(texts(telegram, 5)) == 3)
        assert texts(telegram, 5) == traces(shared, 5) == ["first", "second", "third"]
        one.lanes.put(older)
        await one.lanes.idle()
        assert len(traces(shared, 5)) == 3


async def test_what_a_killed_program_had_taken_on_is_done_by_another(shared, monkeypatch):
    monkeypatch.setattr(replicas, "BEAT", 0.05)
    monkeypatch.setattr(replicas, "DEAD", 10)
    monkeypatch.setattr(replicas, "LOST", replicas.LOST / 10)
    async with (
        Telegram(limits=False) as telegram,
        program(telegram, shared) as lost,
        program(telegram, shared) as other,
    ):
        for person in (5, 6):
            await telegram.person(person, "en").send("hello")
        telegram.fault("sendMessage", 502, 4, chat_id=5)
        await lost.take([message(1, 5, "one")])
        await until(lambda: lost.sender.waiting == 1)
        # While the one holds what is unsent, the other does not overtake it.
        await other.take([message(2, 5, "two")])
        await other.take([message(3, 6, "elsewhere")])
        await until(lambda: texts(telegram, 6) == ["elsewhere"])
        assert texts(telegram, 5) == []
        lost.lanes._closed = True
        await lost.take([message(4, 5, "three"), message(5, 6, "four")])
        await die(lost)
        await until(lambda: len(texts(telegram, 5)) == 3 and len(texts(telegram, 6)) == 2)
        assert texts(telegram, 5) == ["one", "two", "three"]
        assert texts(telegram, 6) == ["elsewhere", "four"]
        with other.database.read() as session:
            assert session.scalars(select(Replica.id)).all() == [other.database.replica]
        # Awake again, it sees that it was taken for dead, and begins anew without what it held.
        del lost._replica._look
        before = lost.database.replica
        await lost._replica.look()
        assert lost.database.replica != before


@in_own_time
async def test_who_stands_still_without_a_connection_is_gone_sooner(shared, monkeypatch):
    monkeypatch.setattr(replicas, "BEAT", 0.05)
    # By standing still alone nobody would be taken for dead here.
    monkeypatch.setattr(replicas, "DEAD", 1_000_000)
    other = Database(shared)
    with other.begin() as session:
        enter(session, "still")
        enter(session, "killed")
    ended = threading.Event()
    listening = threading.Thread(target=listen, args=(other, "still", ended, print))
    listening.start()

    async def until(left):
        async with asyncio.timeout(PATIENCE):
            while True:
                with other.read() as session:
                    there = set(session.scalars(select(Replica.id)))
                if there & {"still", "killed"} == left:
                    return
                await asyncio.sleep(0.05)

    async with Telegram() as telegram:
        try:
            with other.read() as session:
                while "still" not in connected(session):
                    session.rollback()
            async with program(telegram, shared):
                await until({"still"})
                ended.set()
                await until(set())
        finally:
            ended.set()
            listening.join()
            other.close()


@pytest.mark.parametrize("age", [0.2, 60.0])
async def test_who_starts_sends_at_once_what_a_killed_program_was_to_send(shared, monkeypatch, age):
    # Of a second look nobody hears in time.
    monkeypatch.setattr(replicas, "BEAT", 1_000)
    left = Database(shared)
    left.replica = "killed"
    with left.begin() as session:
        for name in ("killed", "there"):
            enter(session, name)
        session.execute(
            text("UPDATE replica SET seen_at = clock_timestamp() - make_interval(secs => :age)"),
            {"age": age},
        )
    ended = threading.Event()
    listening = threading.Thread(target=listen, args=(left, "there", ended, print))
    listening.start()
    try:
        async with Telegram(limits=False) as telegram:
            await telegram.person(5, "en").send("hello")
            with left.begin() as session:
                put(session, VAULT, [send(5, "left")], "lane", datetime.now(UTC))
            with left.read() as session:
                while "there" not in connected(session):
                    session.rollback()
            async with program(telegram, shared) as pump:
                await until(lambda: texts(telegram, 5) == ["left"])
                with left.read() as session:
                    there = set(session.scalars(select(Replica.id)))
                assert there == {"there", pump.database.replica}
    finally:
        ended.set()
        listening.join()
        left.close()


def test_what_is_said_first_is_sent_first_whoever_takes_over(shared):
    """The turn was given to nobody, while another one took over what had been said before."""
    one, other = Database(shared), Database(shared)
    for database in (one, other):
        database.replica = new_id()
        with database.begin() as session:
            enter(session, database.replica)
    nobody = Database(shared)
    with nobody.begin() as session:
        put(session, VAULT, [send(5, "first")], "lane", datetime.now(UTC))
    with one.begin() as session:
        (first,) = take_over(session, one.replica)
    with nobody.begin() as session:
        put(session, VAULT, [send(6, "elsewhere")], "another", datetime.now(UTC))
        put(session, VAULT, [send(5, "second")], "lane", datetime.now(UTC))
        session.execute(text("UPDATE outbox SET sender = NULL WHERE id <> :id"), {"id": first})
    with other.begin() as session:
        assert len(take_over(session, other.replica)) == 1
        assert take_over(session, other.replica) == []
    mark_sent(one, [(first, 1)], datetime.now(UTC))
    with other.begin() as session:
        assert len(take_over(session, other.replica)) == 1
    for database in (one, other, nobody):
        database.close()


async def test_who_takes_long_to_end_is_not_taken_for_dead(shared, monkeypatch):
    monkeypatch.setattr(replicas, "BEAT", 0.05)
    async with (
        Telegram(limits=False) as telegram,
        program(telegram, shared) as ending,
        program(telegram, shared) as other,
    ):
        for person in (5, 6):
            await telegram.person(person, "en").send("hello")
        telegram.fault("sendMessage", 502, 3, chat_id=5)
        await ending.take([message(1, 5, "one")])
        await until(lambda: ending.sender.waiting == 1)
        me, buried = ending.database.replica, []

        def bury(session, dead):
            buried.extend(dead)

        monkeypatch.setattr(replicas, "bury", bury)
        ending.stop.set()
        await until(ending.task.done)
        assert texts(telegram, 5) == ["one"]
        assert me not in [one.id for one in buried]
        await until(lambda: other._replica._live == [other.database.replica])


async def test_where_the_database_was_away_the_others_are_given_time_to_come_back(
    shared, monkeypatch
):
    async def by_hand(replica):
        await asyncio.Event().wait()

    monkeypatch.setattr(replicas.Replica, "run", by_hand)
    async with Telegram() as telegram, program(telegram, shared) as pump:

        def away(session, replica):
            raise OperationalError("UPDATE", {}, Exception("gone"))

        def there():
            with pump.database.read() as session:
                return "other" in session.scalars(select(Replica.id)).all()

        # The look at the start is over.
        await until(lambda: pump._replica._beats)
        with pump.database.begin() as session:
            enter(session, "other")
            session.execute(text("UPDATE replica SET seen_at = seen_at - interval '1 minute'"))
        with monkeypatch.context() as patch:
            patch.setattr(replicas, "beat", away)
            await pump._replica.look()
        for _ in range(replicas.BACK):
            await pump._replica.look()
            assert there()
        await pump._replica.look()
        assert not there()


async def test_a_program_that_ends_leaves_nothing_behind(shared):
    async with Telegram(limits=False) as telegram:
        await telegram.person(5, "en").send("hello")
        async with program(telegram, shared) as pump:
            await pump.take([message(1, 5, "here")])
            await until(lambda: texts(telegram, 5) == ["here"])
            await pump.sender.idle()
            jobs._tidy(pump.database)
            with pump.database.read() as session:
                # Nobody's contact: no row says who wrote of late.
                assert session.scalars(select(Turn.lane)).all() == []
        database = Database(shared)
        with database.read() as session:
            assert session.scalars(select(Replica.id)).all() == []
            assert session.scalars(select(Outbox.id).where(Outbox.done_at.is_(None))).all() == []
            assert (
                session.scalars(select(Inbox.update_id).where(Inbox.done_at.is_(None))).all() == []
            )
        database.close()


def test_a_job_is_taken_once_and_again_when_who_took_it_died(shared):
    one, two = Database(shared), Database(shared)
    for database in (one, two):
        database.replica = new_id()
        with database.begin() as session:
            enter(session, database.replica)
    desk_now = datetime(2026, 11, 28, tzinfo=UTC)
    with one.begin() as session:
        add_job(session, "profile", {}, desk_now)

    def due(database):
        with database.read() as session:
            return due_jobs(session, desk_now)

    def take(database, job) -> DueJob | None:
        with database.begin() as session:
            return take_job(session, job)

    (job,) = due(two)
    assert take(one, job).tries == 0
    assert take(two, job) is None
    assert due(two) == []
    with two.begin() as session:
        session.execute(text("DELETE FROM replica WHERE id = :one"), {"one": one.replica})
    (job,) = due(two)
    assert take(two, job).tries == 1
    # Who ends in the middle of it has not died over it.
    with two.begin() as session:
        leave(session, two.replica)
        enter(session, one.replica)
    (job,) = due(one)
    assert take(one, job).tries == 1
    one.close()
    two.close()
