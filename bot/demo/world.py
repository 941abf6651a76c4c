"""The people of the local Bot API server, their phones, and what stands on the screens.

A person sends, taps, blocks; the bot's calls change what the person sees. Everything is in memory.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.demo.delivering import Delivering
from bot.demo.floods import Floods
from bot.demo.shelf import PHOTO, SeenFile, Shelf
from bot.demo.strict import TEXT, Rich, units
from bot.demo.updates import Updates

PATIENCE = 30.0
"""Seconds that a person waits unless told otherwise."""
OTHER: dict[str, dict[str, Any]] = {
    "sticker": {"file_id": "s", "file_unique_id": "s", "type": "regular", "width": 512,
                "height": 512, "is_animated": False, "is_video": False},
    "location": {"latitude": 28.0, "longitude": 109.0},
    "document": {"file_id": "d", "file_unique_id": "d", "file_name": "notes.txt"},
    "contact": {"phone_number": "+8600000", "first_name": "A"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SeenMessage:
    """A message as it stands on the screen now."""

    message_id: int
    from_bot: bool
    text: str
    """The words, of a file those under it."""
    html: str
    """The words as the bot wrote them."""
    rows: tuple[tuple[tuple[str, str], ...], ...]
    """The buttons: what is read on each, and the data or the address behind it."""
    file: SeenFile | None
    date: int
    edits: int
    """How often the bot changed it."""

    @property
    def buttons(self) -> list[tuple[str, str]]:
        """The buttons of all rows, in reading order."""
        return [button for row in self.rows for button in row]


@dataclass(slots=True)
class Stored:
    """A message of a chat, as the server keeps it."""

    message_id: int
    from_bot: bool
    rich: Rich
    keyboard: list[list[dict[str, Any]]]
    file: SeenFile | None
    date: int
    edits: int = 0

    def seen(self) -> SeenMessage:
        """What the person sees of it."""
        rows = tuple(
            tuple((one["text"], one.get("callback_data") or one.get("url", "")) for one in row)
            for row in self.keyboard
        )
        return SeenMessage(
            self.message_id, self.from_bot, self.rich.text, self.rich.source, rows, self.file,
            self.date, self.edits,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tap:
    """A tap that the bot may answer."""

    person: Person
    at: float


@dataclass(slots=True)
class World:
    """All that one bot can meet."""

    username: str
    bot_id: int
    updates: Updates = field(default_factory=Updates)
    delivering: Delivering = field(init=False)
    floods: Floods = field(default_factory=Floods)
    people: dict[int, Person] = field(default_factory=dict)
    files: Shelf = field(default_factory=Shelf)
    taps: dict[str, Tap] = field(default_factory=dict)
    menus: dict[tuple[str, int, str], list[dict[str, str]]] = field(default_factory=dict)
    """(kind of scope, chat or 0, language or "") -> commands."""
    tap_seconds: float = 60.0
    """How long a tap can be answered."""
    _message_id: int = 0
    _tap_id: int = 4_000_000_000

    def __post_init__(self) -> None:
        self.delivering = Delivering(self.updates)

    def me(self) -> dict[str, Any]:
        """The bot as a user."""
        return {"id": self.bot_id, "is_bot": True, "first_name": "Usegap",
                "username": self.username}  # fmt: skip

    def next_message_id(self) -> int:
        """Message ids grow over all private chats of a bot."""
        self._message_id += 1
        return self._message_id

    def next_tap(self, person: Person) -> str:
        """The id of a new tap."""
        self._tap_id += 1
        self.taps[str(self._tap_id)] = Tap(person, time.monotonic())
        return str(self._tap_id)


class Person:
    """Someone with a phone, and their private chat with the bot."""

    def __init__(self, world: World, id: int, language_code: str = "", name: str = "") -> None:
        self.id = id
        self.language_code = language_code
        self.name = name or f"Person {id}"
        self.opened = False
        """Whether the bot may write: the person wrote first."""
        self.blocked = False
        self.deactivated = False
        self.notices: list[str] = []
        """What the bot said in answer to taps."""
        self.alerts: list[str] = []
        """Of these, those that stood until they were closed."""
        self.reply_keyboard: tuple[str, ...] = ()
        """What is read on the buttons in place of the phone's keyboard."""
        self.taps_answered = 0
        self._world = world
        self._keyboard_of = 0
        self._messages: dict[int, Stored] = {}
        self._unread: deque[int] = deque()
        self._changed: list[int] = []
        self._waiting: list[asyncio.Future[None]] = []

    # What is on the screen -------------------------------------------------------------------

    @property
    def messages(self) -> list[SeenMessage]:
        """The chat from top to bottom: both sides, as it looks now."""
        return [stored.seen() for stored in self._messages.values()]

    @property
    def last(self) -> SeenMessage:
        """The bot's newest message; `LookupError` where it said nothing."""
        for stored in reversed(self._messages.values()):
            if stored.from_bot:
                return stored.seen()
        raise LookupError("the bot has said nothing")

    def now(self, message: SeenMessage | int) -> SeenMessage:
        """How a message looks now; `LookupError` where it was deleted."""
        return self._messages[_id(message)].seen()

    @property
    def menu(self) -> list[tuple[str, str]]:
        """The commands that Telegram shows this person, with their descriptions."""
        for kind, chat in (("chat", self.id), ("all_private_chats", 0), ("default", 0)):
            for language in (self.language_code[:2], ""):
                found = self._world.menus.get((kind, chat, language))
                if found:
                    return [(one["command"], one["description"]) for one in found]
        return []

    def read_all(self) -> None:
        """Everything up to now is read: `next_message` waits for what comes from here on."""
        self._unread.clear()

    async def next_message(self, timeout: float = PATIENCE) -> SeenMessage:
        """The bot's next message that was not yet given by this; raises `TimeoutError`."""
        async with asyncio.timeout(timeout):
            while True:
                while self._unread:
                    stored = self._messages.get(self._unread.popleft())
                    if stored is not None:
                        return stored.seen()
                await self.change()

    async def wait_for(
        self, wanted: Callable[[SeenMessage], bool], timeout: float = PATIENCE
    ) -> SeenMessage:
        """The newest message of the bot that fits, as soon as there is one."""
        async with asyncio.timeout(timeout):
            while True:
                for stored in reversed(self._messages.values()):
                    if stored.from_bot and wanted(seen := stored.seen()):
                        return seen
                await self.change()

    async def change(self) -> None:
        """Wait until the bot does anything in this chat."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    # What the person does --------------------------------------------------------------------

    async def send(self, text: str) -> int:
        """Type a text; gives its message_id. Telegram sends a long one as several messages."""
        parts = [text[at : at + TEXT] for at in range(0, len(text), TEXT)]
        message_id = 0
        for part in parts:
            content: dict[str, Any] = {"text": part}
            if part.startswith("/"):
                length = units(part.split(maxsplit=1)[0])
                content["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
            message_id = await self._say(content, Rich(part, (), part))
        return message_id

    async def send_other(self, what: str) -> int:
        """Send something that is no text: "sticker", "voice", "photo", "location" …"""
        if what in ("photo", "voice", "audio", "video", "video_note", "animation"):
            return await self.send_media(what, PHOTO if what == "photo" else b"a sound, a film")
        return await self._say({what: OTHER.get(what, {})}, Rich("", (), ""))

    async def send_photo(self, content: bytes = PHOTO, caption: str = "") -> int:
        """Send a photo, as it is (Telegram would make it smaller)."""
        return await self.send_media("photo", content, caption=caption)

    async def send_voice(self, content: bytes) -> int:
        """Send a voice message."""
        return await self.send_media("voice", content)

    async def send_media(
        self, kind: str, content: bytes, filename: str = "", *, caption: str = ""
    ) -> int:
        """Send a file of a kind: photo, voice, audio, video, video_note, animation, document."""
        file = self._world.files.add(kind, filename, content)
        return await self._say({}, Rich(caption, (), caption), file)

    async def send_file(self, filename: str, content: bytes, caption: str = "") -> int:
        """Send a document, of any size; gives its message_id."""
        return await self.send_media("document", content, filename, caption=caption)

    async def send_location(self, latitude: float, longitude: float, accuracy: float = 0.0) -> int:
        """Send where one is, or a place on the map; gives its message_id."""
        place = {"latitude": latitude, "longitude": longitude}
        if accuracy:
            place["horizontal_accuracy"] = accuracy
        return await self._say({"location": place}, Rich("", (), ""))

    async def send_sticker(self) -> int:
        """Send a sticker."""
        return await self.send_other("sticker")

    async def edit(self, message_id: int, text: str) -> None:
        """Change a message of one's own."""
        stored = self._messages[message_id]
        stored.rich = Rich(text, (), text)
        body = self.raw(stored) | {"edit_date": int(time.time())}
        self._world.updates.push("edited_message", body)
        await asyncio.sleep(0)

    async def send_in_group(self, text: str) -> None:
        """Write in a group where the bot is, too."""
        chat = {"id": -1_000_000 - self.id, "type": "group", "title": "Village"}
        body = {"message_id": 1, "from": self.user(), "chat": chat, "date": int(time.time())}
        self._world.updates.push("message", body | {"text": text})
        await asyncio.sleep(0)

    async def tap(self, message: SeenMessage, button: str | int) -> str:
        """Tap a button of a message as `message` shows it, even if it is gone since; gives its id.

        The button is known by its place, its label or its data; `LookupError` if it is not there.
        """
        data = _data_of(message, button)
        stored = self._messages.get(message.message_id)
        tap_id = self._world.next_tap(self)
        body: dict[str, Any] = {
            "id": tap_id, "from": self.user(), "chat_instance": str(self.id), "data": data,
        }  # fmt: skip
        if stored is not None:
            body["message"] = self.raw(stored)
        else:
            # What Telegram says of a message that it can no longer show to the bot.
            body["message"] = {"message_id": message.message_id, "date": 0, "chat": self.chat()}
        self._world.updates.push("callback_query", body)
        await asyncio.sleep(0)
        return tap_id

    async def tap_and_see(
        self, message: SeenMessage, button: str | int, timeout: float = PATIENCE
    ) -> SeenMessage:
        """Tap, and wait for what follows on the screen.

        Gives the same message where it still has buttons after the bot changed it (a toggle) or
        where the tap was answered by a notice alone; else the next new message.
        """
        self._changed.clear()
        self._unread.clear()
        notices = len(self.notices)
        await self.tap(message, button)
        async with asyncio.timeout(timeout):
            while True:
                own = self._messages.get(message.message_id)
                noticed = any(self.notices[notices:])
                if own is not None and own.keyboard:
                    if message.message_id in self._changed or noticed:
                        return own.seen()
                elif noticed and own is not None and not self._unread:
                    return own.seen()
                if self._unread:
                    return await self.next_message(timeout)
                await self.change()

    async def block(self) -> None:
        """Block the bot."""
        self.blocked = True
        self._member("member", "kicked")
        await asyncio.sleep(0)

    async def unblock(self) -> None:
        """Let the bot in again."""
        self.blocked = False
        self._member("kicked", "member")
        await asyncio.sleep(0)

    # What the server does --------------------------------------------------------------------

    def user(self) -> dict[str, Any]:
        """The person as a User."""
        user: dict[str, Any] = {"id": self.id, "is_bot": False, "first_name": self.name}
        if self.language_code:
            user["language_code"] = self.language_code
        return user

    def chat(self) -> dict[str, Any]:
        """The private chat as a Chat."""
        return {"id": self.id, "type": "private", "first_name": self.name}

    def raw(self, stored: Stored) -> dict[str, Any]:
        """A message as the Bot API gives it."""
        body: dict[str, Any] = {
            "message_id": stored.message_id,
            "from": self._world.me() if stored.from_bot else self.user(),
            "chat": self.chat(),
            "date": stored.date,
        }
        words, marks = (
            ("text", "entities") if stored.file is None else ("caption", "caption_entities")
        )
        if stored.rich.text:
            body[words] = stored.rich.text
        if stored.rich.entities:
            body[marks] = stored.rich.listed()
        if stored.file is not None:
            body |= stored.file.raw()
        if stored.keyboard:
            body["reply_markup"] = {"inline_keyboard": stored.keyboard}
        if stored.edits:
            body["edit_date"] = stored.date
        return body

    def receive(
        self, rich: Rich, keyboard: list[list[dict[str, Any]]], file: SeenFile | None = None
    ) -> Stored:
        """A new message of the bot."""
        stored = Stored(self._world.next_message_id(), True, rich, keyboard, file, int(time.time()))
        self._messages[stored.message_id] = stored
        self._unread.append(stored.message_id)
        self.changed(stored.message_id)
        return stored

    def offer(self, rows: list[list[dict[str, Any]]] | None, message_id: int) -> None:
        """A keyboard in place of the phone's own came with a message, or it was taken away."""
        if rows is not None:
            self.reply_keyboard = tuple(str(button["text"]) for row in rows for button in row)
            self._keyboard_of = message_id

    def find(self, message_id: int) -> Stored | None:
        """A message of the chat."""
        return self._messages.get(message_id)

    def delete(self, message_id: int) -> bool:
        """Take a message out of the chat."""
        found = self._messages.pop(message_id, None) is not None
        if found:
            if message_id == self._keyboard_of:
                # Telegram's apps show a keyboard as long as the message that brought it is there.
                self.reply_keyboard = ()
            self.changed(message_id)
        return found

    def notice(self, text: str, *, alert: bool = False) -> None:
        """The bot answered a tap."""
        self.taps_answered += 1
        if text:
            self.notices.append(text)
        if text and alert:
            self.alerts.append(text)
        self.changed(None)

    def changed(self, message_id: int | None) -> None:
        """Wake whoever waits at this phone."""
        if message_id is not None:
            self._changed.append(message_id)
            if len(self._changed) > 1000:
                del self._changed[:500]
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(None)

    async def _say(self, content: dict[str, Any], rich: Rich, file: SeenFile | None = None) -> int:
        if self.blocked:
            raise ValueError("someone who blocked the bot unblocks it before writing")
        self.opened = True
        stored = Stored(self._world.next_message_id(), False, rich, [], file, int(time.time()))
        self._messages[stored.message_id] = stored
        self._world.updates.push("message", self.raw(stored) | content)
        # The bot, in the same loop in tests, is to have its turn.
        await asyncio.sleep(0)
        return stored.message_id

    def _member(self, old: str, new: str) -> None:
        self._world.updates.push(
            "my_chat_member",
            {
                "chat": self.chat(),
                "from": self.user(),
                "date": int(time.time()),
                "old_chat_member": {"user": self._world.me(), "status": old},
                "new_chat_member": {"user": self._world.me(), "status": new, "until_date": 0},
            },
        )


def edited(stored: Stored, rich: Rich, keyboard: list[list[dict[str, Any]]]) -> bool:
    """Change a message; False where nothing would be different."""
    same_text = (rich.text, rich.entities) == (stored.rich.text, stored.rich.entities)
    if same_text and keyboard == stored.keyboard:
        return False
    stored.rich = replace(rich)
    stored.keyboard = keyboard
    stored.edits += 1
    return True


def _id(message: SeenMessage | int) -> int:
    return message if isinstance(message, int) else message.message_id


def _data_of(message: SeenMessage, button: str | int) -> str:
    if isinstance(button, int):
        return message.buttons[button][1]
    for label, data in message.buttons:
        if button in (label, data):
            return data
    raise LookupError("this message shows no such button")
