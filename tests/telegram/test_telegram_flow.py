"""From a person's phone into the database and back, over real HTTP: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import logging
import sqlite3

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bot.demo.server import Telegram
from bot.desk import Desk, now
from bot.inbox import INVALID, TWICE, Halted, Incoming, Poller, read
from bot.limits import CHAT, CHAT_BURST
from bot.logs import Secretless
from bot.pump import Pump
from bot.request import TelegramBot
from bot.say import edit, send, tapped
from bot.settings import Settings
from surveys.conduct.people import know
from surveys.conduct.settle import take_in
from surveys.store.audit import audit
from surveys.store.database import Database
from surveys.store.schema import Audit, Contact, Inbox, Outbox
from tests.own_time import in_own_time
from tests.telegram.programs import PATIENCE, VAULT, nothing_beside, pump_at_work


@pytest.fixture
def database(sqlite_url):
    opened = Database(sqlite_url)
    yield opened
    opened.close()


def echo(session, incoming: Incoming, desk):
    """Answers with what came in, and leaves a trace of it in the same transaction."""
    audit(session, "test", incoming.kind, incoming.text or incoming.what, desk.clock())
    if incoming.kind == "tap":
        return [*tapped(incoming), edit(incoming.chat_id, "edited", message_id=incoming.message_id)]
    return [send(incoming.chat_id, incoming.text or incoming.what, [[("go", "go")]])]


def sorry(session, incoming, desk):
    return [send(incoming.chat_id, "sorry")]


def pumping(telegram, database, handle=echo, **options):
    return pump_at_work(telegram, database, handle, sorry, pauses=(0.01,), **options)


def traces(database):
    with database.read() as session:
        return list(session.scalars(select(Audit.object).order_by(Audit.id)))


def said(person):
    return [message.text for message in person.messages if message.from_bot]


async def settled(telegram, pump):
    """Everything handled, sent, marked, and acknowledged."""
    async with asyncio.timeout(PATIENCE):
        while True:
            await pump.lanes.idle()
            await pump.sender.idle()
            if not len(telegram.world.updates) and not pump.lanes.waiting:
                await pump.sender.idle()
                return
            await asyncio.sleep(0.01)


async def test_a_message_and_a_tap_there_and_back(database):
    async with Telegram() as telegram, pumping(telegram, database) as pump:
        lan = telegram.person(5, "zh")
        await lan.send("你好")
        message = await lan.next_message(PATIENCE)
        assert message.text == "你好"
        await lan.tap(message, "go")
        await lan.wait_for(lambda seen: seen.text == "edited", PATIENCE)
        await lan.send_sticker()
        assert (await lan.next_message(PATIENCE)).text == "sticker"
        await settled(telegram, pump)
        assert lan.taps_answered == 1
        assert traces(database) == ["你好", "go", "sticker"]
        with database.read() as session:
            assert session.scalars(select(Inbox.body)).all() == [None] * 3
            assert session.scalars(select(Outbox.id)).all() == []


async def test_many_persons_each_in_order_and_each_once(database):
    async with Telegram(limits=False) as telegram, pumping(telegram, database) as pump:
        people = [telegram.person(number) for number in range(1, 21)]
        telegram.fault("sendMessage", "cut", 5)
        telegram.fault("getUpdates", 502, 2)
        for turn in range(10):
            for person in people:
                await person.send(f"{person.id}-{turn}")
            await asyncio.sleep(0.01)
            telegram.redeliver(15)
        await settled(telegram, pump)
        for person in people:
            assert said(person) == [f"{person.id}-{turn}" for turn in range(10)]
        assert len(traces(database)) == 200


async def test_nothing_is_acknowledged_before_it_is_committed(database):
    async with Telegram() as telegram:
        bot = TelegramBot(telegram.token, telegram.url)
        await bot.connect()
        failures = [3]
        handed, kept = [], asyncio.Event()

        class Intake:
            full = False

            async def take(self, updates):
                # Not yet committed: Telegram must still hold every one of them.
                assert len(telegram.world.updates) >= len(updates)
                if failures[0]:
                    failures[0] -= 1
                    raise OperationalError("INSERT", {}, sqlite3.OperationalError("disk is full"))
                kept.set()
                handed.extend(take_in(database, VAULT, updates, now()))

            async def room(self):
                return

        await telegram.person(1).send("precious")
        poller = Poller(bot, first_pause=0.01)
        polling = asyncio.create_task(poller.run(Intake()))
        await kept.wait()
        while len(telegram.world.updates):
            await asyncio.sleep(0.01)
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        await bot.disconnect()
        assert [one.update["message"]["text"] for one in handed] == ["precious"]
        assert telegram.counts["getUpdates"] >= 4


@in_own_time
async def test_the_database_was_away_and_then_one_poll_fails(database):
    """Each is waited for by itself: nobody stands still for longer, because both were away."""
    async with Telegram() as telegram:
        bot = TelegramBot(telegram.token, telegram.url)
        await bot.connect()
        loop, away, kept = asyncio.get_running_loop(), [True], []

        class Intake:
            full = False

            async def take(self, updates):
                if away[0]:
                    raise OperationalError("INSERT", {}, sqlite3.OperationalError("gone"))
                kept.extend(updates)

            async def room(self):
                return

        await telegram.person(1).send("hello")
        polling = asyncio.create_task(Poller(bot).run(Intake()))
        await asyncio.sleep(60)
        back = loop.time()
        away[0] = False
        telegram.fault("getUpdates", 502, 3)
        while not kept:
            await asyncio.sleep(0.1)
        # At most ten for the database, and then a half, one and two for Telegram.
        assert loop.time() - back < 15
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        await bot.disconnect()


@in_own_time
async def test_who_floods_waits_alone(database):
    """A thousand messages of one person, among them one of each of ten others; Telegram's limits
    hold on both sides."""
    async with Telegram() as telegram:
        flooder, others = telegram.person(1), [telegram.person(2 + n) for n in range(10)]
        for number in range(1000):
            await flooder.send(f"f{number}")
            if number % 100 == 99:
                await others[number // 100].send("one question")
        async with pumping(telegram, database, limits=True) as pump:
            # All of it is taken in before the second one is handled: only the order counts.
            pump.lanes._parallel = 0
            while pump.lanes.waiting < 999:
                await asyncio.sleep(0.01)
            began = asyncio.get_running_loop().time()
            pump.lanes._parallel = 1
            pump.lanes._go()
            for other in others:
                assert (await other.next_message(PATIENCE)).text == "one question"
            # Their replies wait for none of those that the flooder's chat may not be sent yet.
            seconds = asyncio.get_running_loop().time() - began
            assert len(said(flooder)) <= CHAT_BURST + seconds * CHAT + 1
            await pump.lanes.idle()
            assert len(said(flooder)) < 500
            assert pump.sender.waiting > 500
            pump.patience = 0.0
        assert telegram.refusals == []
    order = traces(database)
    assert set(order[1:11]) == {"one question"}
    assert [text for text in order if text != "one question"] == [f"f{n}" for n in range(1000)]


async def test_an_update_that_fails_five_times_is_parked_and_its_person_told(database, caplog):
    tries = []

    def fail(session, incoming, desk):
        if incoming.text == "my secret answer":
            tries.append(incoming.update_id)
            audit(session, "test", "half", "done", desk.clock())
            raise ValueError(f"cannot read {incoming.text}")
        return echo(session, incoming, desk)

    async with Telegram() as telegram, pumping(telegram, database, fail) as pump:
        lan = telegram.person(1)
        await lan.send("my secret answer")
        await lan.send("after it")
        await lan.wait_for(lambda message: message.text == "after it", PATIENCE)
        await settled(telegram, pump)
        assert said(lan) == ["sorry", "after it"]
        # With others as it came, and once more; five times alone.
        assert 5 <= len(tries) <= 7
        assert pump.lanes.parked == 1
        assert traces(database) == ["after it"]
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


async def test_what_a_stop_left_is_done_by_the_next_start(database):
    async with Telegram(limits=False) as telegram:
        lan = telegram.person(1)
        telegram.fault("sendMessage", 500, 1_000_000, chat_id=1)
        async with pumping(telegram, database) as pump:
            for number in range(5):
                await lan.send(str(number))
            while len(telegram.world.updates) or pump.lanes.waiting:
                await asyncio.sleep(0.01)
            # As SIGKILL would: no draining.
            pump.patience = 0.0
        late = {"update_id": 999_999, "message": lan.raw(lan.find(1)) | {"text": "late"}}
        take_in(database, VAULT, [late], now())
        telegram._faults.clear()
        async with pumping(telegram, database) as pump:
            await lan.wait_for(lambda message: message.text == "late", PATIENCE)
            await settled(telegram, pump)
        assert said(lan) == ["0", "1", "2", "3", "4", "late"]
        assert traces(database) == ["0", "1", "2", "3", "4", "late"]


async def test_whoever_blocked_the_bot_is_remembered(database):
    def acquainted(session, incoming, desk):
        know(session, VAULT, incoming.lane, str(incoming.chat_id), "en", desk.clock())
        if incoming.kind == "blocked":
            return []
        return [send(incoming.chat_id, text) for text in ("a", "b")]

    async with Telegram() as telegram, pumping(telegram, database, acquainted) as pump:
        lan = telegram.person(1)
        await lan.send("hello")
        lan.blocked = True
        await settled(telegram, pump)
        with database.read() as session:
            assert session.scalars(select(Contact.blocked_at)).one() is not None
            assert session.scalars(select(Outbox.id)).all() == []


@pytest.mark.parametrize(("status", "sentence"), [(401, INVALID), (409, TWICE)])
async def test_polling_ends_with_one_sentence_when_it_makes_no_sense(database, status, sentence):
    async with Telegram() as telegram:
        telegram.fault("getUpdates", status)
        bot = TelegramBot(telegram.token, telegram.url)
        await bot.connect()
        desk = Desk(Settings.read({}), VAULT, "usegap_demo_bot")
        pump = Pump(database, desk, bot, echo, sorry)
        with pytest.raises(Halted, match=sentence[:20]):
            await asyncio.wait_for(pump.run(asyncio.Event(), nothing_beside), PATIENCE)
        await bot.disconnect()


async def test_the_token_is_in_no_log_whatever_goes_wrong(database, caplog):
    caplog.set_level(logging.DEBUG)
    async with Telegram() as telegram:
        token = telegram.token
        bot = TelegramBot(token, telegram.url)
        async with bot:
            logging.warning("%r %s %r", bot, bot, bot._short)
            await telegram.person(1).send("hi")
            for what in ("cut", 502, "timeout"):
                telegram.fault("sendMessage", what)
                try:
                    await bot.call("sendMessage", {"chat_id": 1, "text": "x"}, timeout=0.2)
                except Exception:
                    logging.exception("sending failed")
        elsewhere = TelegramBot(token, "http://127.0.0.1:1")
        await elsewhere.connect()
        for api in (elsewhere, TelegramBot(token, "http://[bad")):
            try:
                await api.connect()
                await api.call("getMe", {}, timeout=1)
            except Exception:
                logging.exception("calling failed")
            await api.disconnect()
    assert "sending failed" in caplog.text
    assert token not in caplog.text
    assert token.partition(":")[2] not in caplog.text


def test_a_secret_in_any_record_is_hidden(capsys):
    handler = logging.StreamHandler()
    handler.addFilter(Secretless("123:abcdefgh-secret"))
    log = logging.getLogger("secretless")
    log.propagate = False
    log.addHandler(handler)
    try:
        log.error("at %s", "https://x/bot123:abcdefgh-secret/getMe")
        try:
            raise ValueError("abcdefgh-secret")
        except ValueError:
            log.exception("oh")
    finally:
        log.removeHandler(handler)
    written = capsys.readouterr().err
    assert "https://x/bot<token>/getMe" in written
    assert "ValueError: <token>" in written
    assert "abcdefgh" not in written


USER = {"id": 7, "language_code": "zh-hans"}
PRIVATE = {"id": 7, "type": "private"}
MESSAGE = {"message_id": 3, "from": USER, "chat": PRIVATE, "date": 0}


@pytest.mark.parametrize(
    ("update", "kind", "text", "what"),
    [
        ({"message": {**MESSAGE, "text": "/start V1"}}, "text", "/start V1", ""),
        ({"message": {**MESSAGE, "sticker": {}}}, "other", "", "sticker"),
        ({"message": {**MESSAGE, "venue": {}, "location": {}}}, "other", "", "venue"),
        ({"message": {**MESSAGE, "animation": {}, "document": {}}}, "other", "", "animation"),
        ({"message": {**MESSAGE, "pinned_message": {}}}, "other", "", ""),
        ({"edited_message": {**MESSAGE, "text": "x"}}, "edited", "x", ""),
        ({"message": {**MESSAGE, "chat": {"id": -1, "type": "group"}, "text": "x"}}, "group", "",
         ""),
        ({"callback_query": {"id": "9", "from": USER, "message": MESSAGE, "data": "i:1"}}, "tap",
         "i:1", ""),
        ({"callback_query": {"id": "9", "from": USER, "data": "i:1"}}, "tap", "i:1", ""),
        ({"my_chat_member": {"from": USER, "chat": PRIVATE,
                             "new_chat_member": {"status": "kicked"}}}, "blocked", "", ""),
        ({"my_chat_member": {"from": USER, "chat": PRIVATE,
                             "new_chat_member": {"status": "member"}}}, "unblocked", "", ""),
    ],
)  # fmt: skip
def test_updates_are_read(update, kind, text, what):
    incoming = read({"update_id": 1} | update, "lane")
    assert (incoming.kind, incoming.text, incoming.what) == (kind, text, what)
    assert incoming.language == "zh-hans"
    assert incoming.chat_id == (-1 if kind == "group" else 7)
    assert incoming.callback_id == ("9" if kind == "tap" else None)


def test_an_update_of_a_kind_not_asked_for_is_passed_over():
    assert read({"update_id": 1, "poll": {}}, "lane") is None
