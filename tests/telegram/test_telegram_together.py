"""What comes together is handled together, and nobody is held up by anybody else."""

import asyncio
import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bot import together
from bot.say import send
from bot.together import Together
from surveys.conduct.settle import settle, taken_from, unsent, waiting
from surveys.store.audit import audit
from surveys.store.schema import Audit
from surveys.store.vault import Vault

VAULT = Vault(b"k" * 32)
NOW = datetime(2026, 11, 28, tzinfo=UTC)
PATIENCE = 20


def fresh(number, person):
    message = {"message_id": number, "from": {"id": person}, "chat": {"id": person}, "text": "x"}
    return taken_from(VAULT, {"update_id": number, "message": message})


def traces(database):
    with database.read() as session:
        return session.scalars(select(Audit.object).order_by(Audit.id)).all()


def answer(session, taken):
    audit(session, "test", "handled", str(taken.update_id), NOW)
    return [send(1, str(taken.update_id))]


async def test_one_that_fails_undoes_none_of_the_others(database):
    said = []

    def breaks(session, taken):
        if taken.update_id == 2:
            raise ArithmeticError
        return answer(session, taken)

    going = Together(database, VAULT, breaks, said.extend, lambda: NOW)
    # Of the person of the one that fails another one comes behind it.
    assert await going.handle_fresh([fresh(n, n % 5) for n in (1, 2, 3, 7)]) == ["waits"] * 4
    assert traces(database) == said == []
    # One by one now, as the lanes do it.
    for taken in waiting(database, VAULT):
        if taken.update_id in (1, 3):
            done, queued = settle(database, VAULT, taken, answer, NOW)
            assert done
            said += queued
    assert traces(database) == ["1", "3"]
    assert sorted(one.outbox_id for one in unsent(database, VAULT)) == sorted(
        one.outbox_id for one in said
    )
    failed, behind = waiting(database, VAULT)
    assert (failed.update_id, behind.update_id) == (2, 7)
    assert await going.handle(failed) == await going.handle(behind) == "waits"
    with pytest.raises(ArithmeticError):
        settle(database, VAULT, failed, breaks, NOW)
    assert await going.handle_fresh([fresh(1, 1), fresh(7, 2)]) == ["known"] * 2


@pytest.fixture
def commits(monkeypatch):
    """How many updates each commit is for."""
    commits = []
    settle = together.settle_together

    def counted(database, vault, several, *given):
        commits.append(len(several))
        return settle(database, vault, several, *given)

    monkeypatch.setattr(together, "settle_together", counted)
    return commits


async def test_what_came_during_a_commit_goes_into_the_next_one(database, commits):
    going = Together(database, VAULT, answer, lambda queued: None, lambda: NOW)
    first = asyncio.create_task(going.handle_fresh([fresh(1, 1)]))
    while not commits:
        await asyncio.sleep(0)
    done = await asyncio.gather(*(going.handle_fresh([fresh(n, n)]) for n in range(2, 150)))
    assert await first == ["handled"]
    assert done == [["handled"]] * 148
    assert len(traces(database)) == 149
    assert commits[0] == 1
    assert max(commits) == together.MOST


async def test_where_several_come_the_next_wait_for_more(database, commits, monkeypatch):
    monkeypatch.setattr(together, "ENOUGH", 4)
    go_on = threading.Event()

    def waits(session, taken):
        if taken.update_id in (1, 3, 8):
            go_on.wait(PATIENCE)
            go_on.clear()
        return answer(session, taken)

    going = Together(database, VAULT, waits, lambda queued: None, lambda: NOW)

    def come(*numbers):
        return asyncio.create_task(going.handle_fresh([fresh(n, n) for n in numbers]))

    async def after(count):
        async with asyncio.timeout(PATIENCE):
            while len(commits) < count:
                await asyncio.sleep(0.001)

    monkeypatch.setattr(together, "MOMENT", 10 * PATIENCE)
    async with asyncio.timeout(PATIENCE):
        # What comes while one alone is on its way waits for that alone.
        alone = come(1)
        await after(1)
        several = come(2, 3)
        await asyncio.sleep(0)
        go_on.set()
        assert await alone == ["handled"]
        await after(2)
        # These came during a commit of several: until there are enough, or for a moment.
        early = come(4), come(5)
        await asyncio.sleep(0)
        go_on.set()
        await several
        late = come(6)
        await asyncio.sleep(0.05)
        assert commits == [1, 2]
        assert not any(one.done() for one in (*early, late))
        await come(7)
        await asyncio.gather(*early, late)
        assert commits == [1, 2, 4]

        monkeypatch.setattr(together, "MOMENT", 0.01)
        several = come(8, 9)
        await after(4)
        alone = come(10)
        await asyncio.sleep(0)
        go_on.set()
        assert await alone == await come(11) == ["handled"]
        assert await several == ["handled"] * 2
    assert len(traces(database)) == 11


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_one_that_takes_long_holds_up_nobody(database, monkeypatch):
    monkeypatch.setattr(together, "SLOW", 0.05)
    began, go_on, tries = threading.Event(), threading.Event(), []

    def slowly(session, taken):
        if taken.update_id == 1:
            began.set()
            go_on.wait(PATIENCE)
            tries.append(1)
            if len(tries) == 1:
                raise ArithmeticError
        return answer(session, taken)

    going = Together(database, VAULT, slowly, lambda queued: None, lambda: NOW)
    first = asyncio.create_task(going.handle_fresh([fresh(1, 1)]))
    while not began.is_set():
        await asyncio.sleep(0.001)
    try:
        async with asyncio.timeout(PATIENCE):
            behind = asyncio.create_task(going.handle_fresh([fresh(4, 1)]))
            # Those that come with it, and those that come when it alone is left.
            for numbers in ((2, 3), (5, 6)):
                several = [fresh(n, n) for n in numbers]
                assert await going.handle_fresh(several) == ["handled"] * 2
        assert not first.done()
    finally:
        go_on.set()
    # It failed meanwhile, and what its person sent after it was not handled before it.
    assert await first == await behind == ["waits"]
    for taken in waiting(database, VAULT):
        assert await going.handle(taken) == "handled"
    assert traces(database) == ["2", "3", "5", "6", "1", "4"]


async def test_what_came_before_is_not_overtaken_where_the_database_went_away(
    database, monkeypatch
):
    """It is there again a moment later: either all of a person's updates are taken in, or none."""
    away = [2]

    def sometimes(work):
        def done(*given):
            if away[0]:
                away[0] -= 1
                raise OperationalError("INSERT", {}, Exception("gone"))
            return work(*given)

        return done

    for name in ("settle_together", "take_in"):
        monkeypatch.setattr(together, name, sometimes(getattr(together, name)))
    monkeypatch.setattr(together, "MOST", 1)
    going = Together(database, VAULT, answer, lambda queued: None, lambda: NOW)
    came = [fresh(1, 1), fresh(2, 2), fresh(3, 1)]
    first, other, second = await going.handle_fresh(came)
    assert isinstance(first, OperationalError)
    assert second is first
    assert other == "handled"
    # They come once more, as Telegram was not told that they are safe.
    assert await going.handle_fresh(came) == ["handled", "known", "waits"]
    assert traces(database) == ["2", "1"]


async def test_a_commit_whose_answer_is_lost_is_not_done_again(database, monkeypatch):
    settled = together.settle_together

    def lost(*given):
        settled(*given)
        raise OperationalError("COMMIT", {}, Exception("gone"))

    said = []
    monkeypatch.setattr(together, "settle_together", lost)
    going = Together(database, VAULT, answer, said.extend, lambda: NOW)
    assert await going.handle_fresh([fresh(1, 1), fresh(2, 2)]) == ["known"] * 2
    assert traces(database) == ["1", "2"]
    assert said == waiting(database, VAULT) == []
    # What is said is in the table: whoever is to send it looks there (bot.replicas).
    assert len(unsent(database, VAULT)) == 2


async def test_nobody_waits_for_ever_whatever_goes_wrong(database):
    def say(queued):
        raise LookupError

    going = Together(database, VAULT, answer, say, lambda: NOW)
    async with asyncio.timeout(PATIENCE):
        (error,) = await going.handle_fresh([fresh(1, 1)])
        assert isinstance(error, LookupError)
        assert await going.handle_fresh([fresh(1, 1)]) == ["known"]
