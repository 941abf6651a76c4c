"""The local Bot API server refuses what Telegram refuses, in its words; and its people can play."""

from __future__ import annotations

import asyncio
import json
import struct
import subprocess
import sys
import zlib
from contextlib import asynccontextmanager

import aiohttp
import pytest
from telegram import BotCommand, BotCommandScopeChat, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)

from bot.demo.server import TOKEN, Telegram
from bot.demo.strict import Refusal, parse_html
from bot.request import Attached, FileTooLarge, TelegramBot
from tests.own_time import in_own_time

CHAT = 7


def png(width=2, height=2):
    def chunk(kind, content):
        return (struct.pack(">I", len(content)) + kind + content
                + struct.pack(">I", zlib.crc32(kind + content)))  # fmt: skip

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + b"\0" * width for _ in range(height)))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@asynccontextmanager
async def talking(**options):
    async with Telegram(**options) as telegram:
        bot = TelegramBot(telegram.token, telegram.url)
        await bot.connect()
        try:
            person = telegram.person(CHAT, "zh-hans", "Lan")
            await person.send("/start")
            yield telegram, bot, person
        finally:
            await bot.disconnect()


def keyboard(*buttons):
    return {"inline_keyboard": [list(buttons)]}


TEXT = {"chat_id": CHAT, "text": "hello"}
HTML = {"chat_id": CHAT, "parse_mode": "HTML"}
REFUSED = [
    ("sendMessage", {"text": "hello"}, "Chat_id is empty"),
    ("sendMessage", {"chat_id": 99, "text": "hello"}, "Chat not found"),
    ("sendMessage", {"chat_id": CHAT}, "Message text is empty"),
    ("sendMessage", {"chat_id": CHAT, "text": " \n "}, "Message text is empty"),
    ("sendMessage", {"chat_id": CHAT, "text": "x" * 4097}, "Message is too long"),
    ("sendMessage", {**TEXT, "parse_mode": "Mark"}, "Unsupported parse_mode"),
    ("sendMessage", {**HTML, "text": "<b></b>"}, "Message text is empty"),
    ("sendMessage", {**HTML, "text": "é <p>x</p>"},
     'Can\'t parse entities: unsupported start tag "p" at byte offset 3'),
    ("sendMessage", {**HTML, "text": "1 < 2"},
     'Can\'t parse entities: unsupported start tag "" at byte offset 2'),
    ("sendMessage", {**HTML, "text": "<b>x"},
     'Can\'t parse entities: can\'t find end tag corresponding to start tag "b"'),
    ("sendMessage", {**HTML, "text": "<b><i>x</b></i>"},
     'Can\'t parse entities: unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
    ("sendMessage", {**HTML, "text": "x</b>"},
     "Can't parse entities: unexpected end tag at byte offset 1"),
    ("sendMessage", {**HTML, "text": "x <a href"},
     "Can't parse entities: expected equal sign in declaration of an attribute of the tag \"a\""
     " at byte offset 2"),
    ("sendMessage", {**TEXT, "reply_markup": keyboard({"text": "a", "callback_data": "网" * 22})},
     "Button_data_invalid"),
    ("sendMessage", {**TEXT, "reply_markup": keyboard({"text": "a", "callback_data": ""})},
     "Button_data_invalid"),
    ("sendMessage", {**TEXT, "reply_markup": keyboard({"text": "a"})},
     "Can't parse inline keyboard button: text buttons are unallowed in the inline keyboard"),
    ("sendMessage", {**TEXT, "reply_markup": keyboard({"callback_data": "x"})},
     'Can\'t parse inline keyboard button: can\'t find field "text"'),
    ("sendMessage", {**TEXT, "reply_markup": {"inline_keyboard": [{"text": "a"}]}},
     'Field "inline_keyboard" must be an array of arrays'),
    ("sendMessage", {**TEXT, "reply_markup": "{"},
     "Can't parse reply keyboard markup json object"),
    ("sendMessage",
     {**TEXT, "reply_markup": keyboard(*[{"text": "a", "callback_data": "x"}] * 101)},
     "Reply_markup_too_long"),
    ("editMessageText", {**TEXT, "message_id": 99}, "Message to edit not found"),
    ("editMessageText", {**TEXT}, "Message identifier is not specified"),
    ("editMessageText", {**TEXT, "message_id": 1}, "Message can't be edited"),
    ("deleteMessage", {"chat_id": CHAT, "message_id": 99}, "Message to delete not found"),
    ("deleteMessages", {"chat_id": CHAT, "message_ids": []},
     "Message identifiers are not specified"),
    ("answerCallbackQuery", {"callback_query_id": "1"},
     "Query is too old and response timeout expired or query id is invalid"),
    ("sendPhoto", {"chat_id": CHAT}, "There is no photo in the request"),
    ("sendDocument", {"chat_id": CHAT, "document": "nowhere"},
     "Wrong file identifier/http url specified"),
    ("setMyCommands", {"commands": [{"command": "Big", "description": "x"}]},
     "Bot_command_invalid"),
    ("setMyCommands", {"commands": [{"command": "big", "description": ""}]},
     "Bot_command_description_invalid"),
    ("setWebhook", {"url": "http://example.org"},
     "Bad webhook: an https url must be provided for webhook"),
    ("setWebhook", {"url": "https://"}, "Invalid webhook url specified"),
    ("setWebhook", {"url": "https://example.org:8444"},
     "Bad webhook: webhook can be set up only on ports 80, 88, 443 or 8443"),
    ("setWebhook", {"url": "https://example.org", "secret_token": "a+b"},
     "Secret token contains unallowed characters"),
    ("setWebhook", {"url": "https://example.org", "secret_token": "a" * 257},
     "Secret token is too long"),
    ("setWebhook", {"url": "https://example.org", "allowed_updates": "message"},
     "Can't parse allowed_updates json object"),
]  # fmt: skip


@in_own_time
async def test_every_refusal_reads_as_telegrams():
    async with talking(limits=False) as (telegram, bot, person):
        before = len(person.messages)
        for method, payload, sentence in REFUSED:
            with pytest.raises(BadRequest) as refused:
                await bot.call(method, payload)
            assert refused.value.message.lower() == sentence.lower(), (method, payload)
        assert len(person.messages) == before
        assert len(telegram.refusals) == len(REFUSED)


@in_own_time
async def test_what_is_just_inside_the_limits_is_taken():
    async with talking(limits=False) as (_, bot, person):
        # 4,096 after entities are parsed: the tags and escapes do not count.
        await bot.call("sendMessage", {**HTML, "text": "<b>&lt;" + "网" * 4095 + "</b>"})
        assert person.last.text == "<" + "网" * 4095
        button = {"text": "a", "callback_data": "x" * 64}
        sent = await bot.call("sendMessage", {**TEXT, "reply_markup": keyboard(button)})
        assert sent["reply_markup"]["inline_keyboard"] == [[button]]
        assert person.last.buttons == [("a", "x" * 64)]


@in_own_time
async def test_an_edit_must_change_something():
    async with talking(limits=False) as (_, bot, person):
        markup = keyboard({"text": "a", "callback_data": "x"})
        sent = await bot.call("sendMessage", {**HTML, "text": "<b>a</b> b", "reply_markup": markup})
        same = {**HTML, "text": "<b>a</b> b", "message_id": sent["message_id"]}
        with pytest.raises(BadRequest, match="Message is not modified: specified new message"):
            await bot.call("editMessageText", {**same, "reply_markup": markup})
        await bot.call("editMessageText", {**same, "text": "a b", "reply_markup": markup})
        assert person.last.buttons == [("a", "x")]
        await bot.call("editMessageText", {**same, "text": "a b"})
        assert person.last.buttons == []
        assert person.last.edits == 2


@in_own_time
async def test_the_library_works_against_it_with_files_and_menus():
    async with talking(limits=False) as (_, bot, person), bot:
        assert bot.username == "usegap_demo_bot"
        sent = await bot.send_photo(CHAT, png(), caption="<i>a</i>", parse_mode="HTML")
        assert person.last.file.content == png()
        assert sent.caption_entities[0].type == "italic"
        document = await bot.send_document(CHAT, b"a,b\n", filename="a.csv")
        file = await bot.get_file(document.document.file_id)
        assert bytes(await file.download_as_bytearray()) == b"a,b\n"
        with pytest.raises(BadRequest, match="Photo_invalid_dimensions"):
            await bot.send_photo(CHAT, png(50, 1))
        with pytest.raises(BadRequest, match="Image_process_failed"):
            await bot.send_photo(CHAT, b"nothing to see")
        with pytest.raises(BadRequest, match="Message caption is too long"):
            await bot.send_photo(CHAT, png(), caption="x" * 1025)
        await bot.set_my_commands([BotCommand("help", "帮助")], language_code="zh")
        await bot.set_my_commands([BotCommand("help", "help")])
        assert person.menu == [("help", "帮助")]
        await bot.set_my_commands([BotCommand("summary", "s")], scope=BotCommandScopeChat(CHAT))
        assert person.menu == [("summary", "s")]
        button = InlineKeyboardButton("go", callback_data="g")
        await bot.send_message(CHAT, "go?", reply_markup=InlineKeyboardMarkup([[button]]))
        tap = await person.tap(person.last, "go")
        await bot.answer_callback_query(tap, "gone")
        assert person.notices == ["gone"]
        assert await bot.delete_messages(CHAT, [1, 2, 999])


@in_own_time
async def test_our_way_of_sending_a_file():
    async with talking(limits=False) as (_, bot, person):
        payload = {"chat_id": CHAT, "caption": "名单", "reply_markup": keyboard(
            {"text": "a", "callback_data": "x"})}  # fmt: skip
        attached = Attached("document", "名单.csv", "值\n".encode())
        await bot.call("sendDocument", payload, attached=attached)
        assert person.last.text == "名单"
        assert person.last.buttons == [("a", "x")]
        assert (person.last.file.filename, person.last.file.content.decode()) == (
            "名单.csv",
            "值\n",
        )


@in_own_time
async def test_a_file_that_someone_sends_can_be_fetched_for_an_hour():
    async with talking(limits=False) as (telegram, bot, person):
        clock = [0.0]
        telegram.world.files.clock = lambda: clock[0]
        await person.send_file("村庄.csv", "编码\n".encode(), "the list")
        sent = (await bot.call("getUpdates", {}))[-1]["message"]
        assert sent["caption"] == "the list"
        assert sent["document"]["file_name"] == "村庄.csv"
        assert sent["document"]["file_size"] == 7
        file_id = sent["document"]["file_id"]
        assert await bot.download(file_id, 7) == "编码\n".encode()
        with pytest.raises(FileTooLarge):
            await bot.download(file_id, 6)
        with pytest.raises(BadRequest, match="Wrong file_id"):
            await bot.download("nothing", 7)
        telegram.fault("download", 502)
        with pytest.raises(NetworkError):
            await bot.download(file_id, 7)
        # The library's own way, and a path that was good an hour ago.
        file = await bot.get_file(file_id)
        assert bytes(await file.download_as_bytearray()) == "编码\n".encode()
        clock[0] = 3600.0
        with pytest.raises(InvalidToken, match="Not Found"):
            await file.download_as_bytearray()
        assert await bot.download(file_id, 7) == "编码\n".encode()
        # A person can send what a bot cannot fetch.
        await person.send_file("film.mp4", bytes(20 * 1024 * 1024 + 1))
        large = (await bot.call("getUpdates", {}))[-1]["message"]["document"]["file_id"]
        with pytest.raises(FileTooLarge):
            await bot.download(large, 2**40)
        assert telegram.refusals[-1] == ("getFile", "Bad Request: file is too big")
        # Another bot's token opens nothing.
        path = (await bot.call("getFile", {"file_id": file_id}))["file_path"]
        async with aiohttp.ClientSession() as session:
            for token, status in ((TOKEN, 200), (f"{TOKEN[:-1]}9", 401), ("1:x", 404)):
                async with session.get(f"{telegram.url}/file/bot{token}/{path}") as answer:
                    assert answer.status == status


@in_own_time
async def test_wrong_tokens_and_methods():
    async with Telegram() as telegram:
        for token, sentence in ((f"{TOKEN[:-1]}9", "Unauthorized"), ("1:x", "Not Found")):
            bot = TelegramBot(token, telegram.url)
            await bot.connect()
            with pytest.raises(InvalidToken, match=sentence):
                await bot.call("getMe", {})
            await bot.disconnect()
    async with talking() as (_, bot, _):
        with pytest.raises(InvalidToken, match="Not Found: method not found"):
            await bot.call("sendNothing", {})


@in_own_time
async def test_a_blocked_or_unknown_person_cannot_be_written_to():
    async with talking(limits=False) as (telegram, bot, person):
        telegram.person(8)
        with pytest.raises(BadRequest, match="Chat not found"):
            await bot.call("sendMessage", {"chat_id": 8, "text": "hello"})
        await person.block()
        with pytest.raises(Forbidden, match="bot was blocked by the user"):
            await bot.call("sendMessage", TEXT)
        await person.unblock()
        await bot.call("sendMessage", TEXT)
        person.deactivated = True
        with pytest.raises(Forbidden, match="user is deactivated"):
            await bot.call("sendMessage", TEXT)
        updates = await bot.call("getUpdates", {})
        states = [one["my_chat_member"]["new_chat_member"]["status"] for one in updates[1:]]
        assert states == ["kicked", "member"]


@in_own_time
async def test_updates_wait_until_they_are_confirmed():
    async with talking() as (telegram, bot, person):
        for text in "ab":
            await person.send(text)
        first = await bot.call("getUpdates", {"limit": 2})
        again = await bot.call("getUpdates", {"limit": 2})
        assert first == again
        assert [one["message"]["text"] for one in first] == ["/start", "a"]
        rest = await bot.call("getUpdates", {"offset": first[-1]["update_id"] + 1})
        assert [one["message"]["text"] for one in rest] == ["b"]
        assert telegram.redeliver(1) == 1
        back = await bot.call("getUpdates", {"offset": rest[-1]["update_id"] + 1})
        assert [one["message"]["text"] for one in back] == ["a"]
        await bot.call(
            "getUpdates",
            {"offset": rest[-1]["update_id"] + 1, "allowed_updates": ["callback_query"]},
        )
        await person.send("not asked for")
        assert await bot.call("getUpdates", {"offset": rest[-1]["update_id"] + 1}) == []


@in_own_time
async def test_a_long_poll_waits_and_a_second_one_ends_it():
    async with talking() as (_, bot, person):
        start = await bot.call("getUpdates", {})
        waiting = {"offset": start[-1]["update_id"] + 1, "timeout": 20}
        first = asyncio.create_task(bot.call("getUpdates", waiting, timeout=30))
        await asyncio.sleep(0.1)
        assert not first.done()
        await person.send("now")
        assert (await first)[0]["message"]["text"] == "now"
        waiting["offset"] += 1
        first = asyncio.create_task(bot.call("getUpdates", waiting, timeout=30))
        await asyncio.sleep(0.1)
        second = asyncio.create_task(bot.call("getUpdates", waiting, timeout=30))
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await first
        await person.send("again")
        assert len(await second) == 1
        await bot.call("setWebhook", {"url": "https://bot.invalid/x"})
        with pytest.raises(Conflict, match="webhook is active"):
            await bot.call("getUpdates", {})


@in_own_time
async def test_who_floods_is_told_how_long_to_wait():
    async with talking() as (telegram, bot, _):
        with pytest.raises(RetryAfter) as refused:  # noqa: PT012
            for _ in range(8):
                await bot.call("sendMessage", TEXT)
        assert 5 <= telegram.counts["sendMessage"] <= 6
        wait = float(getattr(refused.value.retry_after, "seconds", refused.value.retry_after))
        assert 1 <= wait <= 2
        await asyncio.sleep(wait)
        await bot.call("sendMessage", TEXT)
        people = [telegram.person(100 + number) for number in range(40)]
        for one in people:
            await one.send("hello")
        with pytest.raises(RetryAfter):  # noqa: PT012
            for one in people:
                await bot.call("sendMessage", {"chat_id": one.id, "text": "x"})
        assert not people[39].messages[1:]


@in_own_time
async def test_faults_are_what_they_say():
    async with talking(limits=False) as (telegram, bot, person):
        telegram.fault("sendMessage", "cut")
        telegram.fault("sendMessage", 502)
        telegram.fault("sendMessage", "timeout")
        telegram.fault("sendMessage", "cut_after")
        for expected in (NetworkError, NetworkError, TimedOut, NetworkError):
            with pytest.raises(expected):
                await bot.call("sendMessage", TEXT, timeout=0.5)
        assert [one.text for one in person.messages if one.from_bot] == ["hello"]


@in_own_time
async def test_a_person_reads_the_screen():
    async with talking(limits=False) as (_, bot, person):
        toggle = keyboard({"text": "☐ a", "callback_data": "t"})
        toggled = keyboard({"text": "☑ a", "callback_data": "t"})
        await bot.call("sendMessage", {**TEXT, "reply_markup": toggle})
        message = await person.next_message(1)
        with pytest.raises(TimeoutError):
            await person.next_message(0.05)
        seeing = asyncio.create_task(person.tap_and_see(message, "☐ a", 2))
        await asyncio.sleep(0.05)
        change = {**TEXT, "message_id": message.message_id, "reply_markup": toggled}
        await bot.call("editMessageText", change)
        assert (await seeing).buttons == [("☑ a", "t")]
        with pytest.raises(LookupError):
            await person.tap(person.last, "☐ a")
        await person.tap(message, "☐ a")
        await person.send("网" * 10_000)
        updates = await bot.call("getUpdates", {})
        assert [len(one["message"]["text"]) for one in updates[-3:]] == [4096, 4096, 1808]
        taps = [one["callback_query"]["data"] for one in updates if "callback_query" in one]
        assert taps == ["t", "t"]


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("a &amp; b &nbsp; &#x4e2d;", "a & b &nbsp; 中", []),
        ("  <b>😀a</b>  ", "😀a", [("bold", 0, 3, "")]),
        ("<b>a<i>b</i></b>", "ab", [("bold", 0, 2, ""), ("italic", 1, 1, "")]),
        ('<a href="https://x.y/?a=1&amp;b">z</a>', "z",
         [("text_link", 0, 1, "https://x.y/?a=1&amp;b")]),
        ('<span class="tg-spoiler">s</span>', "s", [("spoiler", 0, 1, "")]),
        ("<blockquote expandable>q</blockquote>", "q", [("blockquote", 0, 1, "")]),
        ("<B>x</b>", "x", [("bold", 0, 1, "")]),
    ],
)  # fmt: skip
def test_html_is_read_as_telegram_reads_it(source, text, entities):
    rich = parse_html(source)
    assert rich.text == text
    assert list(rich.entities) == entities


@pytest.mark.parametrize(
    "source", ["<b", "<b x", "<span>x</span>", "</b", "<b>x</b", '<a ="x">y</a>']
)
def test_broken_html_is_refused(source):
    with pytest.raises(Refusal, match="can't parse entities"):
        parse_html(source)


async def test_alone_in_a_process_it_is_driven_over_http():
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.demo.server"], stdout=subprocess.PIPE, text=True
    )
    try:
        where = json.loads(process.stdout.readline())
        bot = TelegramBot(where["token"], where["url"])
        await bot.connect()
        async with aiohttp.ClientSession() as session:

            async def control(verb, **given):
                async with session.post(f"{where['url']}/control/{verb}", json=given) as answer:
                    return await answer.json()

            await control("person", person=CHAT, language_code="zh")
            await control("send", person=CHAT, text="/start")
            await bot.call("sendMessage", {**TEXT, "reply_markup": keyboard(
                {"text": "a", "callback_data": "x"})})  # fmt: skip
            shown = await control("next", person=CHAT)
            assert shown["text"] == "hello"
            await control("tap", person=CHAT, message_id=shown["message_id"], button="a")
            updates = await bot.call("getUpdates", {})
            assert updates[-1]["callback_query"]["data"] == "x"
            assert (await control("counts"))["counts"]["sendMessage"] == 1
            assert (await control("tap", person=CHAT, message_id=1, button=3))["error"]
        await bot.disconnect()
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
