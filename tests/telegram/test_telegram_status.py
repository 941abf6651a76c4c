"""/healthz, /readyz and /metrics: right about the program, silent about people."""

from __future__ import annotations

import asyncio
import re
import threading
from contextlib import asynccontextmanager

import aiohttp
import pytest
from sqlalchemy import event, text

from bot.application import run
from bot.demo.server import Telegram
from bot.inbox import Halted
from bot.metrics import Metrics
from bot.status import Status, Watched, answering
from surveys.store.upgrade import head
from tests.respondent.phones import PATIENCE, agree, at_work, finish, made
from tests.telegram.test_telegram_application import settings
from tests.telegram.test_telegram_webhook import free


class Receiver:
    """Receives until it is told to end, by an error or by itself."""

    def __init__(self):
        self.end = asyncio.Event()
        self.error = None

    async def run(self, intake):
        await self.end.wait()
        if self.error is not None:
            raise self.error


@asynccontextmanager
async def watching(database):
    """What watches: its answers, the receiver, and the word to stop."""
    receiver, stop, port = Receiver(), asyncio.Event(), free()
    watched = Watched(receiver)
    status = Status(database, Metrics(), watched, stop)
    async with answering(("127.0.0.1", port), status), aiohttp.ClientSession() as session:

        async def ask(path, method="GET"):
            async with session.request(method, f"http://127.0.0.1:{port}{path}") as response:
                return response.status, (await response.text()).strip()

        yield ask, watched, receiver, stop


async def test_ready_only_while_the_database_answers_and_is_of_this_version(database, monkeypatch):
    broken = slow = False
    looks, go_on = [], threading.Event()

    def at_begin(connection):
        looks.append(slow)
        if broken:
            raise OSError("no route to host 10.1.2.3, user usegap, password hunter2")
        if slow:
            go_on.wait(PATIENCE)

    event.listen(database._reading, "begin", at_begin)
    monkeypatch.setattr("bot.status.PATIENCE", PATIENCE)
    async with watching(database) as (ask, watched, _, stop):
        assert await ask("/readyz") == (503, "starting")
        running = asyncio.create_task(watched.run(None))
        await asyncio.sleep(0)
        assert await ask("/readyz") == (200, "ok")
        broken = True
        assert await ask("/readyz") == (503, "database")
        assert await ask("/healthz") == (200, "ok")
        broken, slow = False, True
        # However long it hangs: whoever asks is answered.
        monkeypatch.setattr("bot.status.PATIENCE", 0.05)
        answers = await asyncio.gather(ask("/readyz"), ask("/readyz"), ask("/healthz"))
        assert answers == [(503, "database"), (503, "database"), (200, "ok")]
        # While one look hangs there is no second: they would pile up.
        async with asyncio.timeout(PATIENCE):
            while True not in looks:
                await asyncio.sleep(0.01)
        assert looks.count(True) == 1
        slow = False
        monkeypatch.setattr("bot.status.PATIENCE", PATIENCE)
        go_on.set()
        assert await ask("/readyz") == (200, "ok")
        with database.begin() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        assert await ask("/readyz") == (503, "version")
        with database.begin() as session:
            session.execute(text(f"UPDATE alembic_version SET version_num = '{head()}'"))
        assert await ask("/readyz") == (200, "ok")
        stop.set()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert await ask("/readyz") == (503, "draining")
        assert await ask("/healthz") == (200, "ok")
        assert (await ask("/metrics"))[0] == 200
        assert (await ask("/"))[0] == 404
        assert (await ask("/metrics", "POST"))[0] == 405
        assert (await ask("/readyz", "HEAD")) == (503, "")


@pytest.mark.parametrize("error", [None, Halted("no more")])
async def test_not_well_once_nothing_comes_in_any_more(database, error):
    async with watching(database) as (ask, watched, receiver, _):
        receiver.error = error
        running = asyncio.create_task(watched.run(None))
        receiver.end.set()
        await asyncio.gather(running, return_exceptions=True)
        assert await ask("/healthz") == (503, "receiver")
        assert await ask("/readyz") == (503, "receiver")


async def test_while_polling_the_numbers_are_those_of_the_conversation(database_url, tmp_path):
    made(database_url)
    port = free()
    async with at_work(
        tmp_path, database_url, USEGAP_STATUS_LISTEN=f"127.0.0.1:{port}"
    ) as survey, aiohttp.ClientSession() as session:  # fmt: skip

        async def ask(path):
            async with session.get(f"http://127.0.0.1:{port}{path}") as response:
                return response.status, await response.text(), response.content_type

        for number in (88_123_456, 88_123_457):
            lan = survey.telegram.person(number, "en", "Wang Lan")
            await agree(lan)
            await finish(lan, text="a tractor of my own")
            await survey.quiet()
        assert (await ask("/healthz"))[:2] == (200, "ok\n")
        assert (await ask("/readyz"))[:2] == (200, "ok\n")
        status, told, kind = await ask("/metrics")
        assert (status, kind) == (200, "text/plain")
        counted = survey.telegram.counts
    found = {
        name: float(value)
        for name, value in re.findall(r"^(usegap_\S+) (\S+)$", told, re.MULTILINE)
    }
    # Each: /start, language, consent, A1, A3, B1, C1, G2; some by taps, some by words.
    assert found["usegap_updates_total"] == found['usegap_updates_handled_total{kind="tap"}'] + 10
    assert found['usegap_updates_handled_total{kind="text"}'] == 10
    assert found["usegap_answers_total"] == 2 * 5
    assert found['usegap_calls_total{method="sendMessage"}'] == counted["sendMessage"]
    assert found["usegap_updates_parked_total"] == found["usegap_updates_failed_total"] == 0
    assert found["usegap_telegram_429_total"] == 0
    assert 10 <= found["usegap_reply_seconds_count"] <= found["usegap_updates_total"]
    assert found["usegap_reply_seconds_sum"] < found["usegap_reply_seconds_count"] * 5
    assert "usegap_webhook_requests_total" not in found
    for hidden in ("88123456", "Lan", "tractor", survey.telegram.token, "LP01", "usegap.db"):
        assert hidden not in told


async def test_where_it_cannot_be_watched_it_does_not_start(tmp_path):
    async with Telegram() as telegram:
        place = telegram.url.removeprefix("http://")
        with pytest.raises(Halted, match=r"USEGAP_STATUS_LISTEN names .*another program listens"):
            await run(settings(tmp_path, telegram.url, USEGAP_STATUS_LISTEN=place))
