"""What is queued goes out: in order, within the limits, again after a failure, or given up."""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import OperationalError

from bot.demo.server import Telegram
from bot.ledger import DatabaseLedger
from bot.limits import OwnBucket
from bot.outbox import STUCK, Outgoing, Queued, Sender
from bot.request import TelegramBot
from surveys.store.messages import next_id
from tests.own_time import in_own_time

PATIENCE = 30


def time():
    """Seconds by the clock of the loop."""
    return asyncio.get_running_loop().time()


class Ledger:
    """A ledger in memory."""

    def __init__(self):
        self.marks, self.failures, self.lost, self.keys, self.commits = {}, [], [], {}, 0

    async def sent(self, marks):
        self.commits += 1
        self.marks |= dict(marks)

    async def failed(self, outbox_id, error, retry_at):
        self.failures.append((outbox_id, error, retry_at))

    async def message_id_of(self, key):
        return self.keys.get(key)

    async def unreachable(self, lane):
        self.lost.append(lane)


def clock():
    return datetime(2026, 11, 28, tzinfo=UTC) + timedelta(seconds=time())


@asynccontextmanager
async def sending(people=1, *, limits=False, **options):
    async with Telegram(limits=limits) as telegram:
        bot = TelegramBot(telegram.token, telegram.url)
        await bot.connect()
        ledger = Ledger()
        options = {"first_pause": 0.02, "bucket": OwnBucket() if limits else None} | options
        sender = Sender(bot, ledger, clock, **options)
        chats = [telegram.person(number + 1) for number in range(people)]
        for person in chats:
            await person.send("/start")
        try:
            yield telegram, sender, ledger, chats
        finally:
            await sender.close(0.1)
            await bot.disconnect()


class Queue:
    """Makes outbox rows with growing ids."""

    def __init__(self):
        self.last = 0

    def _row(self, outgoing, **more):
        self.last += 1
        return Queued(self.last, f"lane{outgoing.chat_id}", None, outgoing, **more)

    def send(self, chat, text, key=None, **more):
        payload = {"chat_id": chat, "text": text, "parse_mode": "HTML"}
        return self._row(Outgoing("sendMessage", payload, chat, key=key), **more)

    def edit(self, chat, text, edits):
        payload = {"chat_id": chat, "text": text}
        return self._row(Outgoing("editMessageText", payload, chat, edits=edits))


def said(person):
    return [message.text for message in person.messages if message.from_bot]


@in_own_time
async def test_edits_find_the_message_that_was_sent_under_their_key():
    async with sending() as (telegram, sender, ledger, (person,)):
        queue = Queue()
        ledger.keys["old"] = (await person_message(telegram, person)).message_id
        sender.put([queue.send(1, "q1", "ask:1"), queue.edit(1, "q1 ✓", "ask:1")])
        sender.put([queue.edit(1, "nobody", "never"), queue.edit(1, "before ✓", "old")])
        await sender.idle()
        assert said(person) == ["before ✓", "q1 ✓"]
        assert ledger.marks[1] == person.last.message_id
        assert [failure[:2] for failure in ledger.failures] == [(3, "never sent")]


async def person_message(telegram, person):
    bot = TelegramBot(telegram.token, telegram.url)
    await bot.connect()
    await bot.call("sendMessage", {"chat_id": person.id, "text": "before"})
    await bot.disconnect()
    return person.last


@in_own_time
async def test_order_holds_through_every_kind_of_failure():
    async with sending(3) as (telegram, sender, ledger, people):
        queue = Queue()
        for what in ("cut", 502, 500, 504):
            telegram.fault("sendMessage", what, 2)
        rows = [queue.send(chat.id, str(number)) for number in range(20) for chat in people]
        sender.put(rows)
        await sender.idle()
        for person in people:
            assert said(person) == [str(number) for number in range(20)]
        assert set(ledger.marks) == {row.outbox_id for row in rows}
        assert not ledger.failures
        assert ledger.commits < 10


@in_own_time
async def test_a_429_is_waited_for_by_its_chat_alone():
    async with sending(2) as (telegram, sender, _, (one, two)):
        queue, began = Queue(), time()
        telegram.fault("sendMessage", 429, retry_after=1, chat_id=1)
        sender.put([queue.send(1, "a"), queue.send(1, "b"), queue.send(2, "c")])
        await two.wait_for(lambda message: message.text == "c", PATIENCE)
        assert time() - began < 0.1
        await sender.idle()
        assert said(one) == ["a", "b"]
        assert 1 <= time() - began < 1.5
        assert len(telegram.refusals) == 1


@in_own_time
async def test_a_second_chats_429_stops_everything_for_a_while():
    async with sending(3) as (telegram, sender, _, people):
        queue, began = Queue(), time()
        for chat in (1, 2):
            telegram.fault("sendMessage", 429, retry_after=1, chat_id=chat)
        sender.put([queue.send(1, "a"), queue.send(2, "a")])
        await asyncio.sleep(0.2)
        assert len(telegram.refusals) == 2
        sender.put([queue.send(3, "a")])
        await people[2].wait_for(lambda message: message.text == "a", PATIENCE)
        assert 1 <= time() - began < 1.5
        await sender.idle()
        assert [said(person) for person in people] == [["a"]] * 3
        assert len(telegram.refusals) == 2


@in_own_time
async def test_telegrams_limits_are_never_met():
    async with sending(40, limits=True) as (telegram, sender, _, people):
        queue, began = Queue(), time()
        sender.put([queue.send(person.id, "hello") for person in people])
        sender.put([queue.send(1, str(number)) for number in range(6)])
        await sender.idle()
        assert telegram.refusals == []
        # 46 messages at 28 a second, the first 28 at once; 7 in one chat, 4 of them at once.
        assert 2.7 <= time() - began < 3.5
        assert said(people[0]) == ["hello", *map(str, range(6))]


@in_own_time
async def test_questions_overtake_edits_when_many_calls_wait():
    async with sending(40, limits=True) as (_, sender, _, people):
        queue = Queue()
        sender.put([queue.send(person.id, "q1", f"k{person.id}") for person in people])
        await sender.idle()
        for person in people:
            person.read_all()
        for person in people:
            chat = person.id
            sender.put([queue.edit(chat, "q1 ✓", f"k{chat}"), queue.send(chat, "q2")])
        # Nothing is saved up: from here on 28 a second.
        sender._pace._bucket._left = 0.0
        while sum(person.last.text == "q2" for person in people) < 30:
            await asyncio.sleep(0.02)
        edited = sum(person.messages[1].text == "q1 ✓" for person in people)
        assert 5 <= edited <= 15
        await sender.idle()
        assert all(said(person) == ["q1 ✓", "q2"] for person in people)


class Asked(OwnBucket):
    """The bucket of others: to know, one has to ask."""

    def __init__(self):
        super().__init__()
        self.asked = []
        self.broken = False

    def at_once(self, spare):
        return False

    async def take(self, spare, most=1):
        self.asked.append((time(), spare, most))
        await asyncio.sleep(0.001)
        if self.broken:
            raise ZeroDivisionError
        return await super().take(spare, most)


@in_own_time
async def test_a_question_goes_before_what_stands_in_the_queue_already():
    bucket = Asked()
    async with sending(1, limits=True, bucket=bucket) as (_, sender, _, (person,)):
        queue = Queue()
        sender.put([queue.send(1, "q1", "k")])
        await sender.idle()
        # Others have the bucket: whoever can wait waits.
        bucket._left = 0.0
        bucket.rate = 1.0
        sender.put([queue.edit(1, "q1 ✓", "k")])
        await asyncio.sleep(0.5)
        began = time()
        sender.put([queue.send(1, "q2")])
        while person.last.text != "q2":
            await asyncio.sleep(0.05)
        assert time() - began < 1.5
        assert person.messages[1].text == "q1"
        bucket.rate = 28.0
        await sender.idle()
        assert said(person) == ["q1 ✓", "q2"]


@in_own_time
async def test_who_can_wait_asks_seldom():
    bucket = Asked()
    async with sending(40, limits=True, bucket=bucket) as (_, sender, _, people):
        queue = Queue()
        sender.put([queue.send(person.id, "q1", f"k{person.id}") for person in people])
        await sender.idle()
        await asyncio.sleep(1)
        bucket._left, bucket._at = 5.0, time()
        bucket.asked.clear()
        began = time()
        sender.put([queue.edit(person.id, "q1 ✓", f"k{person.id}") for person in people])
        await asyncio.sleep(0.14)
        # Of the five one can be had; then nobody asks for a while, and one asks for all.
        assert [(spare, most) for _, spare, most in bucket.asked] == [(4, 40), (4, 39)]
        await sender.idle()
        # This bucket gives one at a time, and is asked again at once where it gave.
        assert len(bucket.asked) <= 40 + (time() - began) / 0.15 + 1


@in_own_time
async def test_a_fault_of_the_bucket_is_logged_by_those_who_wait_and_by_nobody_else(
    caplog, monkeypatch
):
    monkeypatch.setattr("bot.outbox.LONGEST_PAUSE", 0.1)
    bucket = Asked()
    async with sending(1, limits=True, bucket=bucket) as (_, sender, _, (person,)):
        bucket.broken = True
        sender.put([Queue().send(1, "hello")])
        await asyncio.sleep(0.05)
        bucket.broken = False
        await sender.idle()
        await person.wait_for(lambda message: message.text == "hello", PATIENCE)
    gc.collect()
    assert [one.getMessage().partition(":")[0] for one in caplog.records] == [
        "sending to someone stopped, and goes on later"
    ]


@in_own_time
async def test_who_tapped_on_and_on_gets_the_question_before_the_answers_to_the_taps():
    async with sending() as (telegram, sender, _, (person,)):
        queue = Queue()
        sender.put([queue.send(1, "q1", "k")])
        await sender.idle()
        telegram.fault("editMessageText", 500, 3)
        edits = [queue.edit(1, f"q1 {number}", "k") for number in range(12)]
        sender.put([*edits, queue.send(1, "q2")])
        await person.wait_for(lambda message: message.text == "q2", PATIENCE)
        assert person.messages[1].text == "q1"
        await sender.idle()
        assert said(person) == ["q1 11", "q2"]


@in_own_time
async def test_a_tap_of_long_ago_is_not_answered_any_more():
    """Telegram would refuse it, and people wait for their questions behind it."""
    async with sending() as (telegram, sender, ledger, _):
        taps = [
            Queued(next_id() - (seconds * 1_000_000 << 8), "lane1", None,
                   Outgoing("answerCallbackQuery", {"callback_query_id": str(seconds)}, 1))
            for seconds in (60, 20, 5)
        ]  # fmt: skip
        sender.put(taps)
        await sender.idle()
        assert [method for method, _ in telegram.refusals] == ["answerCallbackQuery"]
        assert set(ledger.marks) | {row for row, *_ in ledger.failures} == {
            one.outbox_id for one in taps
        }


class Slow:
    """A database that counts how often it is asked."""

    def __init__(self):
        self.asked = []

    async def in_front(self, function, database, keys):
        self.asked.append(keys)
        await asyncio.sleep(0.1)
        if "away" in keys:
            raise OperationalError("", {}, Exception())
        return {key: int(key) for key in keys if key.isdecimal()}


@in_own_time
async def test_numbers_of_messages_are_asked_for_together():
    database = Slow()
    ledger = DatabaseLedger(database, clock)
    first = asyncio.ensure_future(ledger.message_id_of("1"))
    await asyncio.sleep(0.05)
    gone = asyncio.ensure_future(ledger.message_id_of("2"))
    others = [asyncio.ensure_future(ledger.message_id_of(key)) for key in ("2", "3", "none")]
    await asyncio.sleep(0)
    # Who is not waiting any more takes nothing away from the others.
    gone.cancel()
    assert await asyncio.gather(first, *others) == [1, 2, 3, None]
    assert database.asked == [("1",), ("2", "3", "none")]
    both = await asyncio.gather(
        ledger.message_id_of("away"), ledger.message_id_of("4"), return_exceptions=True
    )
    assert [type(one) for one in both] == [OperationalError] * 2
    assert await ledger.message_id_of("5") == 5


@in_own_time
async def test_broken_html_is_said_plainly_and_other_refusals_are_given_up():
    async with sending() as (telegram, sender, ledger, (person,)):
        queue = Queue()
        sender.put([queue.send(1, "<b>1 &lt; 2</i> <u>x"), queue.send(1, ""), queue.send(1, "on")])
        sender.put([queue.edit(1, "on", "k"), queue.send(1, "k", "k"), queue.edit(1, "k", "k")])
        await sender.idle()
        assert said(person) == ["1 < 2 x", "on", "k"]
        assert [(number, error) for number, error, _ in ledger.failures] == [
            (2, "Message text is empty"), (4, "never sent"),
        ]  # fmt: skip
        assert set(ledger.marks) == {1, 3, 5, 6}
        assert telegram.counts["editMessageText"] == 0


@in_own_time
async def test_whoever_blocked_the_bot_gets_nothing_more():
    async with sending(2) as (_, sender, ledger, (person, other)):
        queue = Queue()
        await person.block()
        sender.put([queue.send(1, "a"), queue.send(1, "b"), queue.send(2, "c")])
        await sender.idle()
        assert ledger.lost == ["lane1"]
        assert set(ledger.marks) == {1, 2, 3}
        assert said(other) == ["c"]


@in_own_time
async def test_one_message_that_never_works_does_not_hold_up_the_others(monkeypatch):
    monkeypatch.setattr("bot.outbox.LONGEST_PAUSE", 0.02)
    async with sending(2) as (telegram, sender, ledger, (person, other)):
        queue = Queue()
        telegram.fault("sendDocument", 500, 10_000)
        payload = {"chat_id": 1}
        poison = Outgoing("sendDocument", payload, 1, field="document", attachment=b"x")
        sender.put([queue._row(poison), queue.send(1, "behind")])
        await asyncio.sleep(1)
        meanwhile = [f"meanwhile {number}" for number in range(STUCK)]
        sender.put([queue.send(2, text) for text in meanwhile[:-1]])
        await asyncio.sleep(20)
        # It may yet be chance: much goes wrong, and one message has had bad luck.
        assert ledger.failures == said(person) == []
        sender.put([queue.send(2, meanwhile[-1])])
        await sender.idle()
        assert (said(person), said(other)) == (["behind"], meanwhile)
        ((outbox_id, error, retry_at),) = ledger.failures
        assert (outbox_id, error) == (1, "NetworkError")
        assert retry_at > clock() + timedelta(minutes=5)


@in_own_time
async def test_while_the_database_is_away_no_edit_is_put_off(monkeypatch):
    """Others go out meanwhile; it is not this message that is wrong."""
    async with sending(2) as (_, sender, ledger, (person, other)):
        queue, away = Queue(), [True]
        sender.alone = False
        ledger.keys["k"] = 0

        async def asked(key):
            if away[0]:
                raise OperationalError("SELECT", {}, Exception("gone"))
            return ledger.marks[1]

        ledger.message_id_of = asked
        sender.put([queue.send(1, "q1", "k")])
        await sender.idle()
        sender.put([queue.edit(1, "q1 ✓", "k")])
        for number in range(20):
            sender.put([queue.send(2, f"n{number}")])
            await asyncio.sleep(3)
        away[0] = False
        await asyncio.sleep(11)
        assert said(person) == ["q1 ✓"]
        assert ledger.failures == []
        assert len(said(other)) == 20


@in_own_time
async def test_a_message_for_later_waits():
    async with sending() as (_, sender, _, (person,)):
        queue = Queue()
        later = clock() + timedelta(seconds=0.3)
        sender.put([queue.send(1, "later", not_before=later), queue.send(1, "now")])
        await person.wait_for(lambda message: message.text == "later", PATIENCE)
        assert said(person) == ["now", "later"]
        assert clock() >= later


@in_own_time
async def test_an_outage_is_one_line_in_the_log(caplog):
    caplog.set_level("INFO")
    async with sending(3, first_pause=0.01) as (telegram, sender, _, people):
        queue = Queue()
        telegram.fault("sendMessage", "cut", 12)
        sender.put([queue.send(person.id, "a") for person in people])
        await sender.idle()
        lines = [record.message for record in caplog.records if record.name == "bot.outbox"]
        assert len(lines) == 2
        assert lines[0].startswith("messages cannot be sent")
        assert lines[1] == "messages go out again"


@in_own_time
async def test_an_error_nobody_thought_of_delays_one_person_and_loses_nothing(monkeypatch):
    monkeypatch.setattr("bot.outbox.LONGEST_PAUSE", 0.05)
    async with sending(2) as (_, sender, ledger, (person, other)):
        queue = Queue()
        once = [RuntimeError("unforeseen")]

        async def message_id_of(key):
            if once:
                raise once.pop()

        ledger.message_id_of = message_id_of
        sender.put([queue.edit(1, "x", "k"), queue.send(1, "after"), queue.send(2, "else")])
        await other.wait_for(lambda message: message.text == "else", PATIENCE)
        sender.put([queue.send(1, "later")])
        await sender.idle()
        assert said(person) == ["after", "later"]
