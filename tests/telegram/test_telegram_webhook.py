"""The webhook: who does not know the secret learns nothing; 200 means committed."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from contextlib import asynccontextmanager

import aiohttp
import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from bot.demo.delivering import Target
from bot.demo.server import Telegram
from bot.inbox import WEBHOOK, Halted, Poller
from bot.metrics import Metrics
from bot.request import TelegramBot
from bot.webhook import PURPOSE, SECRET_HEADER, Webhook, update_in, warn_unless_set
from surveys.store.schema import Contact, Inbox, InterviewEvent
from surveys.store.vault import Vault
from tests.respondent.phones import PATIENCE, agree, at_work, finish, made, of, say
from tests.telegram.test_telegram_flow import VAULT, pumping, said, settled, traces

SECRET = VAULT.token(PURPOSE)
URL = "https://bot.example.org/a%20place"
UPDATE = (
    b'{"update_id": 1, "message": {"message_id": 1, "date": 0, "text": "kept",'
    b' "from": {"id": 7}, "chat": {"id": 7, "type": "private"}}}'
)


class Intake:
    """Takes in what it is given, unless it is told to fail."""

    def __init__(self):
        self.taken = []
        self.full = False
        self.fails = None

    async def take(self, updates):
        if self.fails is not None:
            raise self.fails
        self.taken += updates

    async def room(self):
        return


@asynccontextmanager
async def listening(intake, metrics=None):
    """A webhook at work; gives a function that sends it a request: (status, headers, body)."""
    webhook = Webhook(("127.0.0.1", 0), URL, SECRET, metrics)
    running = asyncio.create_task(webhook.run(intake))
    while not webhook.port:
        await asyncio.sleep(0.001)
    base = f"http://127.0.0.1:{webhook.port}"

    async with aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as session:

        async def send(body=b"{}", *, secret=SECRET, path="/a%20place", method="POST", **more):
            headers = ({} if secret is None else {SECRET_HEADER: secret}) | more
            async with session.request(
                method, base + path, data=body, headers=headers
            ) as response:  # fmt: skip
                return response.status, response.headers, await response.read()

        yield send
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        with pytest.raises(aiohttp.ClientConnectorError):
            await send()


async def test_who_does_not_know_the_secret_learns_nothing():
    intake, metrics = Intake(), Metrics()
    almost = ["", SECRET[:-1], f"{SECRET}x", f"{SECRET[:-1]}{'a' if SECRET[-1] != 'a' else 'b'}",
              SECRET.swapcase(), f" {SECRET[1:]}", "é", SECRET.encode().hex()]  # fmt: skip
    answers = set()
    async with listening(intake, metrics) as send:
        for secret in [None, *almost]:
            for path, method in [("/a%20place", "POST"), ("/elsewhere", "POST"), ("/", "GET")]:
                status, headers, body = await send(
                    b'{"update_id": 1}', secret=secret, path=path, method=method
                )
                told = tuple((k, v) for k, v in headers.items() if k != "Date")
                answers.add((status, told, body))
        assert answers == {(401, (("Server", "usegap"), ("Content-Length", "0")), b"")}
        assert intake.taken == []
        assert (await send(b'{"update_id": 1}'))[0] == 200
        assert (await send(b'{"update_id": 1}', path="/elsewhere"))[0] == 404
        assert (await send(None, method="GET"))[0] == 405
    assert intake.taken == [{"update_id": 1}]
    count = metrics.registry.get_sample_value
    assert count("usegap_webhook_requests_total", {"status": "401"}) == 27
    assert count("usegap_webhook_requests_total", {"status": "200"}) == 1


async def test_what_is_no_update_is_refused_and_what_nobody_asked_for_is_taken():
    intake = Intake()
    async with listening(intake) as send:
        for body in (b"", b"{", b"[]", b"7", b'{"update_id": "1"}', b'{"update_id": true}',
                     b'{"update_id": -1}', b'{"update_id": 1e3}', b"\xff\xfe", b"[" * 500_000,
                     b'{"update_id": 9223372036854775808}', b'{"message": {}}'):  # fmt: skip
            assert (await send(body))[0] == 400, body[:40]
        assert (await send(b"no gzip", **{"Content-Encoding": "gzip", "Connection": "close"}))[
            0
        ] == 400
        large = b'{"update_id": 1, "x": "' + b"x" * 1024 * 1024 + b'"}'
        assert (await send(large))[0] == 413
        assert intake.taken == []
        assert (await send(b'{"update_id": 5, "poll_answer": {}}'))[0] == 200
        assert (await send(large[: 1024 * 1024 - 10] + b'"}'))[0] == 200
    assert [one["update_id"] for one in intake.taken] == [5, 1]
    assert update_in(b'{"update_id": 9223372036854775807}') is not None


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01 my secret answer\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nX-Telegram-Bot-Api-Secret-Token: my secret\0\r\n\r\n",
        b"POST /my-secret HTTP/1.1\r\nHost: x\r\nX: " + b"my secret " * 2000 + b"\r\n\r\n",
        f"POST /a%20place HTTP/1.1\r\nHost: x\r\n{SECRET_HEADER}: {SECRET}\r\n".encode()
        + b"Transfer-Encoding: chunked\r\n\r\nmy secret answer\r\n",
    ],
)
async def test_what_strangers_send_is_in_no_log(sent, caplog):
    caplog.set_level(logging.DEBUG)
    webhook, intake = Webhook(("127.0.0.1", 0), URL, SECRET), Intake()
    running = asyncio.create_task(webhook.run(intake))
    while not webhook.port:
        await asyncio.sleep(0.001)
    reader, writer = await asyncio.open_connection("127.0.0.1", webhook.port)
    writer.write(sent)
    assert (await asyncio.wait_for(reader.read(), PATIENCE)).split()[1] == b"400"
    writer.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert intake.taken == []
    assert "secret" not in caplog.text
    assert SECRET not in caplog.text
    assert "Traceback" not in caplog.text


async def test_telegram_is_told_when_to_come_again(caplog):
    intake = Intake()
    away = OperationalError("INSERT", {"answer": "my secret answer"}, Exception("gone"))
    async with listening(intake) as send:
        intake.full = True
        status, headers, _ = await send(b'{"update_id": 1}')
        assert (status, headers["Retry-After"]) == (503, "1")
        intake.full, intake.fails = False, away
        for _ in range(3):
            status, headers, body = await send(b'{"update_id": 1}')
            assert (status, headers["Retry-After"], body) == (503, "5", b"")
        warned = [one for one in caplog.records if one.levelno >= logging.WARNING]
        assert len(warned) == 1
        assert "OperationalError" in caplog.text
        intake.fails = ValueError("my secret answer")
        assert (await send(b'{"update_id": 1}'))[0] == 500
        intake.fails = None
        assert (await send(b'{"update_id": 1}'))[0] == 200
    assert "secret" not in caplog.text
    assert len(intake.taken) == 1


async def test_200_comes_only_after_the_commit(database, monkeypatch):
    dialect = database.engine.dialect
    commit = dialect.do_commit
    began, committed, go_on = [], [], threading.Event()

    def slow(connection):
        began.append(True)
        go_on.wait(PATIENCE)
        if fail:
            raise dialect.dbapi.OperationalError("disk full")
        commit(connection)
        committed.append(True)

    async with Telegram(limits=False) as telegram:
        telegram.person(7).opened = True
        webhook = Webhook(("127.0.0.1", 0), URL, SECRET)
        async with pumping(telegram, database, receiver=webhook) as pump:
            while not webhook.port:
                await asyncio.sleep(0.01)
            await settled(telegram, pump)
            address = f"http://127.0.0.1:{webhook.port}/a%20place"
            async with aiohttp.ClientSession(headers={SECRET_HEADER: SECRET}) as session:
                for fail, status in ((True, 503), (False, 200)):
                    began.clear()
                    committed.clear()
                    go_on.clear()
                    monkeypatch.setattr(dialect, "do_commit", slow)
                    sent = asyncio.create_task(session.post(address, data=UPDATE))
                    while not began:
                        await asyncio.sleep(0.01)
                    assert not sent.done()
                    go_on.set()
                    async with await sent as response:
                        assert response.status == status
                        assert bool(committed) is not fail
                    monkeypatch.setattr(dialect, "do_commit", commit)
                    with database.read() as look:
                        kept = look.scalar(select(func.count()).where(Inbox.update_id == 1))
                    assert kept == (not fail)
            await settled(telegram, pump)
        assert said(telegram.person(7)) == ["kept"]
    assert traces(database) == ["kept"]


async def test_while_the_database_is_away_telegram_comes_again_and_each_is_kept_once(
    database, caplog
):  # fmt: skip
    away = False

    def gone(connection):
        if away:
            raise OperationalError("BEGIN", {}, Exception("gone"))

    event.listen(database.engine, "begin", gone, insert=True)
    async with Telegram(limits=False) as telegram:
        telegram.world.delivering.pace = 0.01
        webhook = Webhook(("127.0.0.1", 0), URL, SECRET)
        async with pumping(telegram, database, receiver=webhook) as pump:
            while not webhook.port:
                await asyncio.sleep(0.01)
            url = f"http://127.0.0.1:{webhook.port}/a%20place"
            telegram.world.delivering.begin(Target(url, SECRET))
            people = [telegram.person(number) for number in range(1, 6)]
            await people[0].send("before")
            await settled(telegram, pump)
            away = True
            for person in people:
                await person.send("1")
                await person.send("2")
            while telegram.world.delivering.error is None:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            assert len(telegram.world.updates) == 10
            assert telegram.world.delivering.error[1].endswith("503 Service Unavailable")
            away = False
            # And half of the answers get lost on their way: they come again, too.
            telegram.fault("webhook", "cut_after", 5)
            await settled(telegram, pump)
            telegram.redeliver(10)
            await asyncio.sleep(0.1)
            await settled(telegram, pump)
            for person in people[1:]:
                assert said(person) == ["1", "2"]
            assert said(people[0]) == ["before", "1", "2"]
    event.remove(database.engine, "begin", gone)
    assert sorted(traces(database)) == ["1"] * 5 + ["2"] * 5 + ["before"]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Inbox)) == 11
    assert caplog.text.count("Telegram is told to come again") == 1


async def test_what_is_under_way_is_answered_when_it_ends_and_nobody_is_let_in():
    class Slow(Intake):
        async def take(self, updates):
            begun.set()
            await go_on.wait()
            self.taken += updates

    begun, go_on, intake = asyncio.Event(), asyncio.Event(), Slow()
    webhook = Webhook(("127.0.0.1", 0), URL, SECRET)
    running = asyncio.create_task(webhook.run(intake))
    while not webhook.port:
        await asyncio.sleep(0.001)
    address = f"http://127.0.0.1:{webhook.port}/a%20place"
    async with aiohttp.ClientSession(headers={SECRET_HEADER: SECRET}) as session:
        sent = asyncio.create_task(session.post(address, data=b'{"update_id": 1}'))
        await begun.wait()
        running.cancel()
        async with asyncio.timeout(PATIENCE):
            while listens(webhook.port):
                await asyncio.sleep(0.01)
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.post(address, data=b'{"update_id": 2}')
        go_on.set()
        async with await sent as response:
            assert response.status == 200
    await asyncio.gather(running, return_exceptions=True)
    assert intake.taken == [{"update_id": 1}]


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (None, "another program listens there"),
        (("no.such.host.invalid", 1), "there is no such address"),
        (("192.0.2.1", 8080), "this machine has no such address"),
    ],
)
async def test_where_it_cannot_listen_is_one_sentence(place, why):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        webhook = Webhook(place or taken.getsockname(), URL, SECRET)
        with pytest.raises(Halted, match=why) as halted:
            await webhook.run(Intake())
    assert str(halted.value).startswith("USEGAP_LISTEN names ")


async def test_a_poller_and_a_webhook_do_not_share_a_bot(caplog):
    async with Telegram() as telegram:
        bot = TelegramBot(telegram.token, telegram.url)
        await bot.connect()
        try:
            await warn_unless_set(bot, URL)
            polling = asyncio.create_task(Poller(bot).run(Intake()))
            await asyncio.sleep(0.1)
            # The poll that waits is ended, and so is the next program that polls.
            await bot.call("setWebhook", {"url": "https://127.0.0.1:9/elsewhere"})
            for one in (polling, Poller(bot).run(Intake())):
                with pytest.raises(Halted, match="usegap webhook delete"):
                    await asyncio.wait_for(one, PATIENCE)
            await warn_unless_set(bot, URL)
            await warn_unless_set(bot, "https://127.0.0.1:9/elsewhere")
        finally:
            await bot.disconnect()
    warned = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert [record.getMessage() for record in warned] == [
        "Telegram sends this bot's messages nowhere: run `usegap webhook set`",
        "Telegram sends this bot's messages to another address: run `usegap webhook set`",
    ]
    assert "\n" not in WEBHOOK


# The whole program -----------------------------------------------------------------------------


def free():
    """A port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def listens(port):
    """Whether somebody does, there."""
    with socket.socket() as knocking:
        return knocking.connect_ex(("127.0.0.1", port)) == 0


@asynccontextmanager
async def receiving(folder, url):
    """The program behind a webhook that is set, and where it says how it is."""
    port, status = free(), free()
    webhook = f"http://127.0.0.1:{port}/telegram"
    async with at_work(
        folder, url, USEGAP_WEBHOOK_URL=webhook, USEGAP_LISTEN=f"127.0.0.1:{port}",
        USEGAP_STATUS_LISTEN=f"127.0.0.1:{status}",
    ) as survey:  # fmt: skip
        secret = Vault(survey.settings.secret_key.encode()).token(PURPOSE)
        while not listens(port):
            await asyncio.sleep(0.01)
        survey.telegram.world.delivering.pace = 0.01
        survey.telegram.world.delivering.begin(Target(webhook, secret))
        yield survey, f"http://127.0.0.1:{status}"


async def numbers(address):
    """What /metrics says."""
    async with aiohttp.ClientSession() as session, session.get(f"{address}/metrics") as response:
        lines = (await response.text()).splitlines()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")
    }


async def test_a_whole_interview_over_the_webhook(database_url, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    made(database_url)
    async with receiving(tmp_path, database_url) as (survey, status):
        lan = survey.telegram.person(88_123_456, "en", "Wang Lan")
        await agree(lan)
        await finish(lan, text="a tractor of my own")
        await survey.quiet()
        assert survey.telegram.counts["getUpdates"] == 0
        assert survey.telegram.world.delivering.error is None
        async with asyncio.timeout(PATIENCE):
            # What waits is counted once a second.
            while (told := await numbers(status))["usegap_outbox_waiting"]:
                await asyncio.sleep(0.02)
    updates = told["usegap_updates_total"]
    assert updates == told['usegap_webhook_requests_total{status="200"}'] >= 7
    handled = {kind: told.get(f'usegap_updates_handled_total{{kind="{kind}"}}', 0)
               for kind in ("tap", "text")}  # fmt: skip
    assert sum(handled.values()) == updates
    assert handled["text"] == 5
    counted = survey.telegram.counts
    for method in ("sendMessage", "editMessageText"):
        assert told.get(f'usegap_calls_total{{method="{method}"}}', 0) == counted[method]
    assert told["usegap_reply_seconds_count"] >= handled["text"]
    assert told["usegap_inbox_waiting"] == told["usegap_outbox_waiting"] == 0
    # Nothing of a person in them; the secret in no log.
    everything = repr(told) + caplog.text
    secret = survey.telegram.world.delivering.target.secret
    for hidden in ("88123456", "Lan", "tractor", survey.telegram.token, secret):
        assert hidden not in everything


async def test_a_tap_and_a_text_of_one_person_at_the_same_moment(database_url, tmp_path):
    made(database_url)
    async with receiving(tmp_path, database_url) as (survey, _):
        people = [survey.telegram.person(number, "en") for number in range(1, 9)]
        for person in people:
            await agree(person)
        await survey.quiet()
        survey.telegram.world.delivering.at_once = 0
        for number, person in enumerate(people):
            question = person.last
            both = [person.tap(question, of(question, "I myself")), person.send("34")]
            for one in both if number % 2 else reversed(both):
                await one
        await survey.quiet()
        assert survey.telegram.world.delivering.at_once >= 2
        for person in people:
            # The tap counts, whichever came first; the words are an answer to what was asked then.
            answered = given(survey, person)
            assert answered in (["A1"], ["A1", "A3"])
            if answered == ["A1"]:
                assert "How old are you?" in person.last.text
                await say(person, "34")
            await person.wait_for(lambda seen: "What did you do online?" in seen.text)
        await survey.quiet()
        assert all(given(survey, person) == ["A1", "A3"] for person in people)


def given(survey, person):
    """The questions that a person has answered, in order."""
    lane = Vault(survey.settings.secret_key.encode()).fingerprint(f"telegram:{person.id}")
    answered = (
        select(InterviewEvent.node)
        .join(Contact, Contact.current_interview_id == InterviewEvent.interview_id)
        .where(Contact.address_hash == lane, InterviewEvent.kind == "answered")
        .order_by(InterviewEvent.id)
    )
    with survey.database.read() as session:
        return [node.rpartition("/")[2] for node in session.scalars(answered)]
