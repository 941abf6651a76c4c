"""The whole program: it starts, answers, stops; what keeps it from starting is one sentence."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from bot.application import HANDLERS, run
from bot.demo.server import TOKEN, Telegram
from bot.inbox import Halted, Incoming
from bot.settings import Settings


def settings(tmp_path, api, **more):
    return Settings.read(
        {
            "USEGAP_TELEGRAM_API": api,
            "USEGAP_TELEGRAM_TOKEN": TOKEN,
            "USEGAP_DATABASE_URL": f"sqlite:///{tmp_path}/usegap.db",
            "USEGAP_ORGANISATION": "Bureau",
            "USEGAP_CONTACT": "Li Mei",
        }
        | more
    )


async def test_it_starts_answers_and_stops(tmp_path):
    async with Telegram(limits=False) as telegram:
        stop, started = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(
            run(settings(tmp_path, telegram.url), stop=stop, started=lambda _: started.set())
        )
        done, _ = await asyncio.wait(
            [running, asyncio.create_task(started.wait())],
            timeout=30, return_when=asyncio.FIRST_COMPLETED,
        )  # fmt: skip
        assert running not in done, running.exception()
        lan, wei = telegram.person(1, "en"), telegram.person(2, "zh-hans")
        await lan.send("/help")
        assert "/mydata" in (await lan.next_message(10)).text
        assert ("help", "what I can do") in lan.menu
        await wei.send("/start NOWHERE")
        assert await wei.next_message(10)
        await lan.send("/summary")
        not_known = (await lan.next_message(10)).text
        await lan.send("/anything")
        assert (await lan.next_message(10)).text == not_known
        await lan.send_in_group("/start")
        await lan.send_sticker()
        assert await lan.next_message(10)
        stop.set()
        await asyncio.wait_for(running, 15)
        assert telegram.refusals == []
        assert telegram.counts["sendMessage"] == 5


async def test_a_wrong_token_and_an_unreachable_server_are_one_sentence(tmp_path, monkeypatch):
    async def at_once(seconds):
        return None

    async with Telegram() as telegram:
        telegram.token = f"{TOKEN[:-1]}9"
        with pytest.raises(Halted, match="does not know this token"):
            await run(settings(tmp_path, telegram.url))
    monkeypatch.setattr("bot.application.asyncio.sleep", at_once)
    with pytest.raises(Halted) as halted:
        await run(settings(tmp_path, "http://127.0.0.1:9"))
    assert str(halted.value).startswith("http://127.0.0.1:9 cannot be reached")
    assert TOKEN not in str(halted.value)


async def test_a_file_that_is_no_database_is_one_sentence(tmp_path):
    (tmp_path / "usegap.db").write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(Halted, match="The database cannot be used"):
        await run(settings(tmp_path, "http://127.0.0.1:9"))


async def test_a_database_of_a_newer_version_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "usegap.db") as newer:
        newer.execute("CREATE TABLE alembic_version (version_num TEXT)")
        newer.execute("INSERT INTO alembic_version VALUES ('9999')")
    newer.close()
    with pytest.raises(Exception, match="newer version") as refused:
        await run(settings(tmp_path, "http://127.0.0.1:9"))
    assert type(refused.value).__name__ == "NewerDatabase"


@pytest.mark.parametrize(
    ("kind", "text", "handler"),
    [
        ("text", "/start V1", "start"),
        ("text", "/START@usegap_demo_bot V1", "start"),
        ("text", "/start admin-abc", "invite"),
        ("text", "/startle", "other command"),
        ("text", "2", "typed"),
        ("text", "not /start", "typed"),
        ("other", "", "typed"),
        ("tap", "i:1:2:b", "answer"),
        ("tap", "w:g:1", "who"),
        ("tap", "zzz", "other button"),
        ("tap", "", "other button"),
        ("group", "/start", "group"),
        ("edited", "/start", "edited"),
        ("blocked", "", "blocked"),
    ],
)
def test_each_update_has_its_handler(kind, text, handler):
    incoming = Incoming(1, kind, "lane", 1, "", text)
    assert next(one.name for one in HANDLERS if one.matches(incoming)) == handler
