"""Several programs on one PostgreSQL: each person in order, each update once, one limit for all."""

import asyncio
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from bot import jobs, replicas
from bot.demo.server import Telegram
from bot.desk import Desk
from bot.limits import OVERALL, SPARE
from bot.pump import Pump
from bot.request import TelegramBot
from bot.say import send, tapped
from bot.settings import Settings
from bot.shared_bucket import SharedBucket
from surveys.conduct.settle import mark_sent, take_in
from surveys.store.audit import audit
from surveys.store.database import Database
from surveys.store.jobs import DueJob, add_job, due_jobs, take_job
from surveys.store.messages import put
from surveys.store.notices import listen
from surveys.store.pace import Pace
from surveys.store.replicas import connected, enter, leave, new_id, take_over
from surveys.store.schema import Audit, Inbox, Outbox, Replica, Turn
from surveys.store.vault import Vault
from tests.databases import _empty as empty
from tests.own_time import in_own_time

VAULT = Vault(b"k" * 32)
PATIENCE = 60


@pytest.fixture
def shared(request):
    """A database of PostgreSQL, migrated and empty."""
    url = request.getfixturevalue("_migrated_postgres")
    empty(url)
    return url


class Never:
    """Nothing comes in by itself: the test hands it to whichever replica it likes."""

    async def run(self, intake):
        await asyncio.Event().wait()


async def nothing_beside(database, desk, hand_over, stop):
    await stop.wait()


def answer(session, incoming, desk):
    """Says what came in, and leaves a trace of it in the same transaction."""
    audit(session, "test", str(incoming.chat_id), incoming.text, desk.clock())
    return [
        *tapped(incoming),
        send(incoming.chat_id, incoming.text, key=f"said:{incoming.update_id}"),
    ]


def nothing_said(session, incoming, desk):
    return []


@asynccontextmanager
async def program(telegram, url, handle=answer, limits=False):
    """One replica, with connections of its own."""
    database = Database(url)
    bot = TelegramBot(telegram.token, telegram.url)
    await bot.connect()
    settings = Settings.read({"USEGAP_TELEGRAM_TOKEN": telegram.token})
    desk = Desk(settings, VAULT, "usegap_demo_bot")
    pump = Pump(database, desk, bot, handle, nothing_said, receiver=Never(), limits=limits)
    stop = asyncio.Event()
    running = asyncio.create_task(pump.run(stop, nothing_beside))
    while database.replica is None:
        await asyncio.sleep(0.01)
    pump.task, pump.stop = running, stop
    try:
        yield pump
    finally:
        stop.set()
        await asyncio.gather(running, return_exceptions=True)
        await bot.disconnect()
        database.close()


async def die(pump):
    """As kill -9: nothing is drained, nothing is said of it."""
    pump._replica._ended.set()
    pump.sender.let_go()
    pump.sender._closed = True
    pump.lanes._closed = True
    frozen = asyncio.get_running_loop().create_future()

    async def never():
        await frozen

    pump._replica._look = never
    pump._replica.leave = lambda: asyncio.sleep(0)


def message(number, person, said):
    sender = {"id": person, "first_name": "A", "is_bot": False}
    chat = {"id": person, "type": "private"}
    part = {"message_id": number, "from": sender, "chat": chat, "date": 1, "text": said}
    return {"update_id": number, "message": part}


def texts(telegram, person):
    return [one.text for one in telegram.person(person).messages if one.from_bot]


async def until(true):
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.02)


def traces(url, person):
    database = Database(url)
    with database.read() as session:
        rows = session.scalars(
            select(Audit.object).where(Audit.action == str(person)).order_by(Audit.id)
        ).all()
    database.close()
    return list(rows)


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


async def test_telegrams_limits_hold_over_all_programs_together(shared, monkeypatch):
    """30 calls a second over all, and a chat's: whoever oversteps is told 429 by the server."""
    monkeypatch.setattr(replicas, "BEAT", 0.25)
    async with Telegram(limits=True) as telegram, AsyncExitStack() as stack:
        pumps = [
            await stack.enter_async_context(program(telegram, shared, limits=True))
            for _ in range(3)
        ]
        people = range(201, 246)
        number = 0
        for person in (*people, 300):
            await telegram.person(person, "en").send("hello")
        for turn in range(3):
            for person in people:
                number += 1
                await pumps[(person + turn) % 3].take([message(number, person, f"n{number}")])
        # One who is quicker than a chat may be written to, at all three in turn.
        for turn in range(9):
            number += 1
            await pumps[turn % 3].take([message(number, 300, f"n{number}")])
        total = 3 * len(people) + 9
        await until(lambda: telegram.counts["sendMessage"] >= total)
        assert [s for _, s in telegram.refusals if "Too Many" in s] == []
        assert texts(telegram, 300) == traces(shared, 300)


def test_all_programs_draw_from_one_bucket(shared):
    databases = [Database(shared) for _ in range(4)]
    paces = [Pace(database, OVERALL) for database in databases]

    def draw(pace):
        taken, until = 0, time.monotonic() + 1.5
        while time.monotonic() < until:
            some, wait = pace.take(0, 3)
            taken += some
            assert bool(some) != bool(wait)
            time.sleep(wait)
        return taken

    began = time.monotonic()
    # Where the others leave it, one may have all that is saved up.
    half = int(OVERALL) // 2
    assert [paces[0].take(0) for _ in range(half)] == [(1, 0)] * half
    assert paces[0].take(0, half) == (half, 0)
    with ThreadPoolExecutor(len(paces)) as threads:
        taken = sum(threads.map(draw, paces))
    assert 0 < taken <= OVERALL * (time.monotonic() - began) + 1
    # What edits leave is there for whoever has a question.
    time.sleep(0.3)
    one, other = paces[:2]
    while one.take(SPARE, 3)[0]:
        pass
    assert other.take(0, SPARE + 3)[0] in (SPARE, SPARE + 1)
    one.pause(60)
    one.pause(1)
    assert 50 < other.take(0)[1] <= 60
    # The database's clock is set back by a day: neither the pause nor what was taken holds.
    with databases[0].begin() as session:
        moments = ("free_at", "paused_at", "paused_until")
        later = ", ".join(f"{one} = {one} + interval '1 day'" for one in moments)
        session.execute(text(f"UPDATE pace SET {later}"))
    assert other.take(0)[1] <= 2 / OVERALL
    for pace, database in zip(paces, databases, strict=True):
        pace.close()
        database.close()


@in_own_time
async def test_without_the_database_each_has_an_even_part(shared, monkeypatch):
    database, asked = Database(shared), []
    bucket = SharedBucket(database)
    bucket.shared_by(4)
    assert await bucket.take(0) == (1, 0)

    def away(pace, spare, most):
        asked.append(spare)
        raise OperationalError("UPDATE", {}, Exception("gone"))

    with monkeypatch.context() as patch:
        patch.setattr(Pace, "take", away)
        assert [await bucket.take(0) for _ in range(7)] == [(1, 0)] * 7
        assert (await bucket.take(0))[1] == pytest.approx(1 / 7, abs=0.01)
        # It is not asked for every call whether it is back.
        assert asked == [0]
        await asyncio.sleep(1)
        assert await bucket.take(0) == (1, 0)
        assert asked == [0, 0]
        await asyncio.sleep(1)
    assert await bucket.take(SPARE) == (1, 0)
    await bucket.close()
    database.close()


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
