"""What comes together is handled together, and nobody is held up by anybody else."""

import asyncio
import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from bot import together
from bot.say import send
from bot.together import Together
from surveys.conduct.settle import Arrived, taken_from, unsent, waiting
from surveys.store.audit import audit
from surveys.store.schema import Audit
from surveys.store.vault import Vault

VAULT = Vault(b"k" * 32)
NOW = datetime(2026, 11, 28, tzinfo=UTC)
PATIENCE = 20


def fresh(number, person):
    message = {"message_id": number, "from": {"id": person}, "chat": {"id": person}, "text": "x"}
    return Arrived(taken_from(VAULT, {"update_id": number, "message": message}), fresh=True)


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
    done = await going.handle_fresh([fresh(n, n % 5) for n in (1, 2, 3, 7)])
    assert done == ["handled", "waits", "handled", "waits"]
    assert sorted(traces(database)) == ["1", "3"]
    assert sorted(one.outgoing.payload["text"] for one in said) == ["1", "3"]
    assert sorted(one.outbox_id for one in unsent(database, VAULT)) == sorted(
        one.outbox_id for one in said
    )
    failed, behind = waiting(database, VAULT)
    assert (failed.update_id, behind.update_id) == (2, 7)
    with pytest.raises(ArithmeticError):
        await going.handle(failed)
    assert await going.handle_fresh([fresh(1, 1), fresh(7, 2)]) == ["known"] * 2


async def test_what_came_during_a_commit_goes_into_the_next_one(database, monkeypatch):
    commits = []
    settle = together.settle_together

    def counted(database, vault, several, *given):
        commits.append(len(several))
        return settle(database, vault, several, *given)

    monkeypatch.setattr(together, "settle_together", counted)
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
            assert await going.handle_fresh([fresh(2, 2), fresh(3, 3)]) == ["handled"] * 2
        assert not first.done()
    finally:
        go_on.set()
    # It failed meanwhile, and what its person sent after it was not handled before it.
    assert await first == await behind == ["waits"]
    for taken in waiting(database, VAULT):
        assert await going.handle(taken) == "handled"
    assert traces(database) == ["2", "3", "1", "4"]
