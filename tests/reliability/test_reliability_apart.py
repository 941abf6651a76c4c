"""Heavy work in a process of its own: what comes of it when it fails, hangs, is killed, or has to
end."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from bot.demo.server import TOKEN
from bot.desk import Desk
from bot.jobs import apart as module
from bot.jobs.apart import Apart, Failed, Stopped
from bot.jobs.parcels import NotYet
from bot.settings import Settings
from surveys.store.database import Database
from surveys.store.vault import Vault
from tests import heavy
from tests.heavy import at_work

KEY = "a key for tests, and only for tests"
NOW = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)


@asynccontextmanager
async def apart_from(database):
    settings = Settings.read({"USEGAP_SECRET_KEY": KEY, "USEGAP_TELEGRAM_TOKEN": TOKEN})
    desk = Desk(settings, Vault(KEY.encode()), "bot", lambda: NOW)
    stop = asyncio.Event()
    apart = Apart(database, desk, stop)
    try:
        yield apart, desk, stop
    finally:
        await apart.close()
        assert at_work() == {}


async def test_it_is_done_elsewhere_by_one_that_stands_back(database, capfd, monkeypatch):
    async with apart_from(database) as (apart, desk, _):
        given = await apart.run(heavy.where, "你好" * 500_000)
        (pid,) = at_work()
        same = desk.vault.fingerprint("x")
        assert given == ("你好" * 500_000, pid, module_nice(), 0, NOW, same)
        for secret in (KEY, TOKEN, database.url.render_as_string(hide_password=False)):
            assert secret.encode() not in at_work()[pid]
        # Its errors are known by their class alone, and it goes on after them.
        with pytest.raises(Failed) as failed:
            await apart.run(heavy.fail, "my secret answer")
        assert failed.value.name == "ValueError"
        until = NOW + timedelta(hours=9)
        with pytest.raises(NotYet) as put_off:
            await apart.run(heavy.night, until)
        assert put_off.value.until == until
        assert (await apart.run(heavy.where, "b"))[1] == pid
        # Killed, or hanging: a failure, and the next has another process.
        with pytest.raises(Failed, match="Died"):
            await apart.run(heavy.die)
        assert at_work() == {}
        other = (await apart.run(heavy.where, "c"))[1]
        assert other != pid
        monkeypatch.setattr(module, "LIMIT", timedelta(seconds=0.3))
        with pytest.raises(Failed, match="Late"):
            await apart.run(heavy.sleep, 60)
        assert at_work() == {}
    written = "".join(capfd.readouterr())
    assert "my secret answer" not in written
    assert KEY not in written


async def test_it_ends_with_the_program_and_when_there_is_nothing_to_do(sqlite_url, monkeypatch):
    database = Database(sqlite_url)
    monkeypatch.setattr(module, "IDLE", 0.2)
    async with apart_from(database) as (apart, _, stop):
        await apart.run(heavy.where, "a")
        (pid,) = at_work()
        # A stop of all processes goes to both: that is no failure.
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)
        async with asyncio.timeout(10):
            while at_work():
                await asyncio.sleep(0.02)
        sleeping = asyncio.create_task(apart.run(heavy.sleep, 60))
        async with asyncio.timeout(10):
            while not at_work():
                await asyncio.sleep(0.02)
        stop.set()
        with pytest.raises(Stopped):
            await asyncio.wait_for(sleeping, 5)
        assert at_work() == {}
        with pytest.raises(Stopped):
            await apart.run(heavy.where, "b")
    database.close()
    # However the program ends: its end of the pipe is closed.
    alone = subprocess.Popen([sys.executable, "-m", "bot.jobs.making"], stdin=subprocess.PIPE)
    alone.stdin.close()
    assert alone.wait(20) == 0


def module_nice():
    """What it stands back to, from where the tests stand."""
    return min(os.nice(0) + 10, 19)
