"""Several programs on one PostgreSQL: Telegram's limits hold over all of them together."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot import replicas
from bot.demo.server import Telegram
from bot.limits import OVERALL, SPARE
from bot.shared_bucket import SharedBucket
from surveys.store.database import Database
from surveys.store.pace import Pace
from tests.own_time import in_own_time
from tests.telegram.programs import (
    message,
    program,
    texts,
    traces,
    until,
)  # fmt: skip


async def test_whoever_sends_next_to_a_chat_knows_what_others_have_sent(shared):
    """What somebody wrote is answered by the program that it came to, as soon as nothing older is
    to be sent; a chat's limit is that of the chat and not of each program."""
    async with Telegram(limits=True) as telegram, AsyncExitStack() as stack:
        await telegram.person(7, "en").send("hello")
        pumps = [
            await stack.enter_async_context(program(telegram, shared, limits=True))
            for _ in range(3)
        ]
        for number in range(1, 8):
            pump = pumps[number % 3]
            await pump.take([message(number, 7, f"n{number}")])
            await until(lambda: len(texts(telegram, 7)) == number)  # noqa: B023 - at once
            await pump.sender.idle()
        assert [s for _, s in telegram.refusals if "Too Many" in s] == []
        assert texts(telegram, 7) == traces(shared, 7)
        assert [pump.sender.succeeded for pump in pumps] == [2, 3, 2]


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
