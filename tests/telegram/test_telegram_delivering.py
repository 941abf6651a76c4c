"""The local server sends updates to a webhook as Telegram does: in order, again, not too many."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from aiohttp import web

from bot.demo.server import Telegram
from bot.request import TelegramBot


class Listener:
    """A webhook that keeps what it gets, and answers as it is told."""

    def __init__(self):
        self.got = []
        self.secrets = set()
        self.answers = {}
        """Of a text: statuses of the next answers, with a Retry-After or without; then 200."""
        self.hold = asyncio.Event()
        self.hold.set()
        self.under_way = 0
        self.most = 0

    async def __call__(self, request):
        self.secrets.add(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        update = await request.json()
        self.got.append(update)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.hold.wait()
        self.under_way -= 1
        answers = self.answers.get(update.get("message", {}).get("text"))
        if not answers:
            return web.Response()
        status, later = answers.pop(0)
        return web.Response(status=status, headers={"Retry-After": later} if later else None)

    @property
    def texts(self):
        return [update["message"]["text"] for update in self.got if "message" in update]


@asynccontextmanager
async def listening(**options):
    """A bot, a server with a webhook that is set, and what it got."""
    listener = Listener()
    runner = web.ServerRunner(web.Server(listener))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/here"
    async with Telegram(limits=False) as telegram:
        telegram.world.delivering.pace = 0.01
        bot = TelegramBot(telegram.token, telegram.url)
        await bot.connect()
        try:
            await bot.call("setWebhook", {"url": url, "secret_token": "s", **options})
            yield telegram, bot, listener
        finally:
            await bot.disconnect()
            await runner.cleanup()


async def until(true):
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.005)


async def test_in_order_for_one_person_and_as_many_at_once_as_asked_for():
    async with listening(max_connections=3) as (telegram, bot, listener):
        people = [telegram.person(number, "en") for number in range(1, 6)]
        listener.hold.clear()
        for text in ("1", "2"):
            for person in people:
                await person.send(text)
        await until(lambda: len(listener.got) == 3)
        await asyncio.sleep(0.05)
        assert listener.texts == ["1", "1", "1"], "no second before the first is taken"
        assert (await bot.call("getWebhookInfo", {}))["pending_update_count"] == 10
        listener.hold.set()
        await until(lambda: not len(telegram.world.updates))
        assert listener.most == 3
        assert listener.secrets == {"s"}
        for person in people:
            mine = [one for one in listener.got if one["message"]["from"]["id"] == person.id]
            assert [one["message"]["text"] for one in mine] == ["1", "2"]


async def test_what_one_person_writes_and_taps_is_under_way_at_once():
    async with listening() as (telegram, bot, listener):
        person = telegram.person(1, "en")
        await person.send("hello")
        await until(lambda: not len(telegram.world.updates))
        buttons = {"inline_keyboard": [[{"text": "a", "callback_data": "a"}]]}
        await bot.call("sendMessage", {"chat_id": 1, "text": "?", "reply_markup": buttons})
        listener.hold.clear()
        await person.tap(person.last, "a")
        await person.send("and")
        await until(lambda: listener.under_way == 2)
        assert {kind for one in listener.got[1:] for kind in one} == {
            "update_id", "message", "callback_query"
        }  # fmt: skip
        listener.hold.set()


async def test_sent_again_until_it_is_taken_and_the_other_lanes_go_on():
    async with listening() as (telegram, bot, listener):
        listener.answers = {"a": [(500, ""), (503, "7"), (404, "")]}
        slow, quick = telegram.person(1, "en"), telegram.person(2, "en")
        began = asyncio.get_running_loop().time()
        await slow.send("a")
        await slow.send("b")
        await until(lambda: len(listener.got) == 2)
        await quick.send("quick")
        await until(lambda: not len(telegram.world.updates))
        # At once; then 7 s because the webhook said so; then 2 s: all of it times 0.01.
        assert asyncio.get_running_loop().time() - began >= 0.09
        assert listener.texts == ["a", "a", "quick", "a", "a", "b"]
        info = await bot.call("getWebhookInfo", {})
        assert info["last_error_message"] == "Wrong response from the webhook: 404 Not Found"


async def test_nothing_is_sent_to_a_webhook_that_was_deleted_and_polling_gets_what_waited():
    async with listening(allowed_updates=["message"]) as (telegram, bot, listener):
        person = telegram.person(1, "en")
        listener.hold.clear()
        await person.send("1")
        await until(lambda: listener.under_way == 1)
        await bot.call("deleteWebhook", {})
        listener.hold.set()
        await person.send("2")
        await person.block()
        updates = await bot.call("getUpdates", {})
        assert [one["message"]["text"] for one in updates] == ["1", "2"]
        assert listener.texts == ["1"]
        assert (await bot.call("getWebhookInfo", {}))["url"] == ""
        await bot.call("deleteWebhook", {"drop_pending_updates": True})
        assert await bot.call("getUpdates", {}) == []


async def test_replicas_behind_one_webhook_get_updates_in_turn():
    async with listening() as (telegram, _, listener), listening() as (other, _, second):
        here = telegram.world.delivering
        there = other.world.delivering.target.url.split("/")[2]
        here.behind = (here.target.url.split("/")[2], there)
        for number in range(10):
            await telegram.person(number + 1, "en").send(str(number))
        await until(lambda: not len(telegram.world.updates))
        assert len(listener.got) == len(second.got) == 5


async def test_lost_answers_and_redelivery_bring_an_update_again():
    async with listening() as (telegram, _, listener):
        telegram.fault("webhook", "cut_after", 2)
        await telegram.person(1, "en").send("1")
        await until(lambda: not len(telegram.world.updates))
        assert listener.texts == ["1", "1", "1"]
        assert telegram.redeliver(1) == 1
        await until(lambda: len(listener.got) == 4)


async def test_a_tap_that_nobody_fetched_in_time_is_gone():
    async with Telegram(limits=False) as telegram:
        bot = TelegramBot(telegram.token, telegram.url)
        await bot.connect()
        person = telegram.person(1, "en")
        await person.send("hello")
        buttons = {"inline_keyboard": [[{"text": "a", "callback_data": "a"}]]}
        await bot.call("sendMessage", {"chat_id": 1, "text": "?", "reply_markup": buttons})
        await person.tap(person.last, "a")
        await person.send("and")
        telegram.world.updates.tap_seconds = 0.0
        found = await bot.call("getUpdates", {})
        await bot.disconnect()
        assert [one["message"]["text"] for one in found] == ["hello", "and"]
