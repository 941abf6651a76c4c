"""What Telegram refuses, in Telegram's words: texts, HTML, buttons, commands, files.

The sentences are those of the Bot API server (its `description`), so that a bot that reads them
meets here what it will meet there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TEXT = 4096
"""Characters of a message, after its entities are parsed."""
CAPTION = 1024
CALLBACK_DATA = 64
"""Bytes behind a button."""
BUTTONS = 100
NOTICE = 200
"""Characters of the answer to a tap."""
TAGS: Mapping[str, str] = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
    "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "tg-spoiler": "spoiler", "span": "spoiler", "a": "text_link", "code": "code", "pre": "pre",
    "blockquote": "blockquote", "tg-emoji": "custom_emoji",
}  # fmt: skip
ESCAPES: Mapping[str, str] = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}


class Refusal(Exception):  # noqa: N818
    """A call that is not carried out: HTTP status, Telegram's sentence, its parameters."""

    def __init__(self, sentence: str, code: int = 400, **parameters: int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.parameters = parameters


def bad(sentence: str) -> Refusal:
    """A 400."""
    return Refusal(f"Bad Request: {sentence}")


@dataclass(frozen=True, slots=True)
class Rich:
    """A text as it is shown, and what is bold or a link in it."""

    text: str
    entities: tuple[tuple[str, int, int, str], ...] = ()
    """(type, offset, length, address or ""), counted in UTF-16 code units as Telegram counts."""
    source: str = ""
    """As the bot wrote it."""

    def listed(self) -> list[dict[str, Any]]:
        """The entities as the Bot API lists them."""
        return [
            {"type": kind, "offset": offset, "length": length} | ({"url": url} if url else {})
            for kind, offset, length, url in self.entities
        ]


def units(text: str) -> int:
    """UTF-16 code units of a text."""
    return len(text.encode("utf-16-le")) // 2


def message_text(parameters: Mapping[str, Any]) -> Rich:
    """The text of a message; refuses an empty one, one over the limit, broken HTML."""
    rich = formatted(parameters.get("text"), parameters)
    if not rich.text:
        raise bad("message text is empty")
    if len(rich.text) > TEXT:
        raise bad("message is too long")
    return rich


def caption(parameters: Mapping[str, Any]) -> Rich:
    """The words under a file; none are allowed."""
    rich = formatted(parameters.get("caption"), parameters)
    if len(rich.text) > CAPTION:
        raise bad("message caption is too long")
    return rich


def formatted(given: object, parameters: Mapping[str, Any]) -> Rich:
    """A text in the format that `parse_mode` names: HTML or none."""
    source = "" if given is None else str(given)
    mode = str(parameters.get("parse_mode") or "")
    if mode.lower() == "html":
        return parse_html(source)
    if mode:
        # Telegram knows Markdown, too. We write HTML only, and a slip should be seen.
        raise bad("unsupported parse_mode")
    return Rich(source.strip(), (), source.strip())


def parse_html(source: str) -> Rich:
    """Telegram's HTML, as strictly as Telegram reads it.

    Raises the refusals of its parser ("can't parse entities: …", places in bytes).
    """
    return _HtmlReader(source).read()


_PIECE = re.compile(r"&(?:#(x[0-9a-fA-F]+|\d+)|([a-z]+));|<", re.I)
_TAG_NAME = re.compile(r"[^\s>]*")
_ATTRIBUTE = re.compile(r"""([^\s=>]*)(\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?\s*""")


class _HtmlReader:
    """One pass over a source: shown text, open tags, entities."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.place = 0
        self.shown: list[str] = []
        self.length = 0
        self.open: list[tuple[str, int, str]] = []
        self.entities: list[tuple[str, int, int, str]] = []

    def read(self) -> Rich:
        while found := _PIECE.search(self.source, self.place):
            self._show(self.source[self.place : found.start()])
            self.place = found.start()
            if found[0] == "<":
                self._tag()
            else:
                self._show(self._escape(found))
                self.place = found.end()
        self._show(self.source[self.place :])
        if self.open:
            raise self._error(
                f'Can\'t find end tag corresponding to start tag "{self.open[-1][0]}"'
            )
        return self._trimmed()

    def _show(self, text: str) -> None:
        self.shown.append(text)
        self.length += units(text)

    @staticmethod
    def _escape(found: re.Match[str]) -> str:
        number, name = found[1], found[2]
        if name is not None:
            # What Telegram does not know it shows as it stands.
            return ESCAPES.get(name, found[0])
        value = int(number[1:], 16) if number[0] in "xX" else int(number)
        shown = 0 < value < 0x110000 and not 0xD800 <= value < 0xE000
        return chr(value) if shown else found[0]

    def _error(self, sentence: str) -> Refusal:
        return bad(f"can't parse entities: {sentence}")

    def _bytes(self, place: int) -> int:
        return len(self.source[:place].encode())

    def _tag(self) -> None:
        begin = self.place
        where = f"at byte offset {self._bytes(begin)}"
        if self.source.startswith("</", begin):
            self._end_tag(begin, where)
            return
        name_found = _TAG_NAME.match(self.source, begin + 1)
        name = name_found[0].lower() if name_found else ""
        self.place = begin + 1 + len(name)
        if self.place >= len(self.source):
            raise self._error(f"Unclosed start tag {where}")
        if name not in TAGS:
            raise self._error(f'Unsupported start tag "{name}" {where}')
        attributes = self._attributes(name, where)
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise self._error(f'Tag "span" must have class "tg-spoiler" {where}')
        address = attributes.get("href", "") if name == "a" else ""
        self.open.append((name, self.length, address))

    def _attributes(self, name: str, where: str) -> dict[str, str]:
        attributes: dict[str, str] = {}
        while self.place < len(self.source) and self.source[self.place].isspace():
            self.place += 1
        while self.place < len(self.source) and self.source[self.place] != ">":
            found = _ATTRIBUTE.match(self.source, self.place)
            if found is None or not found[1]:
                raise self._error(f'Empty attribute name in the tag "{name}" {where}')
            if found[2] is None and found[1].lower() != "expandable":
                raise self._error(
                    "Expected equal sign in declaration of an attribute of the tag"
                    f' "{name}" {where}'
                )
            attributes[found[1].lower()] = found[3] or found[4] or found[5] or ""
            self.place = found.end()
        if self.place >= len(self.source):
            raise self._error(f'Unclosed start tag "{name}" {where}')
        self.place += 1
        return attributes

    def _end_tag(self, begin: int, where: str) -> None:
        if not self.open:
            raise self._error(f"Unexpected end tag {where}")
        end = self.source.find(">", begin)
        if end < 0:
            raise self._error(f"Unclosed end tag {where}")
        found = self.source[begin + 2 : end].strip().lower()
        name, start, address = self.open.pop()
        if found not in ("", name):
            raise self._error(
                f'Unmatched end tag {where}, expected "</{name}>", found "</{found}>"'
            )
        if self.length > start and (name != "a" or address):
            self.entities.append((TAGS[name], start, self.length - start, address))
        self.place = end + 1

    def _trimmed(self) -> Rich:
        whole = "".join(self.shown)
        text = whole.strip()
        cut, length = units(whole) - units(whole.lstrip()), units(text)
        entities = []
        for kind, start, size, address in self.entities:
            first, last = max(start - cut, 0), min(start + size - cut, length)
            if last > first:
                entities.append((kind, first, last - first, address))
        entities.sort(key=lambda entity: (entity[1], -entity[2]))
        return Rich(text, tuple(entities), self.source.strip())


def keyboard(given: object, *, edits: bool = False) -> list[list[dict[str, Any]]]:
    """The inline keyboard of a call, checked; [] where there is none.

    `edits`: only such a keyboard can be hung on a message that stands in the chat already.
    """
    markup = _markup(given)
    if edits and markup and "inline_keyboard" not in markup:
        raise bad("inline keyboard expected")
    rows = markup.get("inline_keyboard", [])
    if not isinstance(rows, list):
        raise bad('field "inline_keyboard" of the object must be of type Array')
    checked = []
    for row in rows:
        if not isinstance(row, list):
            raise bad('field "inline_keyboard" must be an Array of Arrays')
        if row:
            checked.append([_button(button) for button in row])
    if sum(len(row) for row in checked) > BUTTONS:
        raise bad("REPLY_MARKUP_TOO_LONG")
    return checked


def reply_keyboard(given: object) -> list[list[dict[str, Any]]] | None:
    """The keyboard in place of the phone's own, checked; [] takes it away, None changes nothing."""
    markup = _markup(given)
    if markup.get("remove_keyboard") is True:
        return []
    rows = markup.get("keyboard")
    if rows is None:
        return None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad('field "keyboard" of the object must be an Array of Arrays')
    wrong = "can't parse keyboard button: "
    for button in (button for row in rows for button in row):
        if not isinstance(button, dict) or not str(button.get("text", "")).strip():
            raise bad(f"{wrong}text can't be empty")
        unknown = set(button) - {"text", "request_location", "request_contact"}
        if unknown:
            raise bad(f"{wrong}{min(unknown)}")
    if not any(rows):
        raise bad("REPLY_MARKUP_EMPTY")
    return rows


def _markup(given: object) -> dict[str, Any]:
    if given is None or given == "":
        return {}
    markup = _parsed(given, "can't parse reply keyboard markup JSON object")
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    return markup


def _button(given: object) -> dict[str, Any]:
    wrong = "can't parse inline keyboard button: "
    if not isinstance(given, dict):
        raise bad(f"{wrong}expected an Object")
    label = given.get("text")
    if not isinstance(label, str):
        raise bad(f'{wrong}Can\'t find field "text"')
    if not label.strip():
        raise bad("BUTTON_TEXT_INVALID")
    if "callback_data" in given:
        data = given["callback_data"]
        if not isinstance(data, str) or not 1 <= len(data.encode()) <= CALLBACK_DATA:
            raise bad("BUTTON_DATA_INVALID")
        return {"text": label, "callback_data": data}
    if "url" in given:
        url = str(given["url"])
        if not re.fullmatch(r"(https?://|tg://)?[^\s/]+\.?\S*", url):
            raise bad("BUTTON_URL_INVALID")
        return {"text": label, "url": url}
    raise bad(f"{wrong}Text buttons are unallowed in the inline keyboard")


def commands(given: object) -> list[dict[str, str]]:
    """The list of commands of a menu, checked."""
    parsed = _parsed(given, "can't parse commands list JSON object")
    if not isinstance(parsed, list):
        raise bad("expected an Array of BotCommand")
    if len(parsed) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    checked = []
    for one in parsed:
        command = one.get("command") if isinstance(one, dict) else None
        what = one.get("description") if isinstance(one, dict) else None
        if not isinstance(command, str) or not re.fullmatch(r"/?[a-z0-9_]{1,32}", command):
            raise bad("BOT_COMMAND_INVALID")
        if not isinstance(what, str) or not 1 <= len(what.strip()) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        checked.append({"command": command.removeprefix("/"), "description": what.strip()})
    return checked


def scope(given: object) -> tuple[str, int]:
    """For whom a menu is: ("default", 0), ("all_private_chats", 0), ("chat", 17) …"""
    parsed = _parsed(given, "can't parse BotCommandScope JSON object") if given else {}
    if not isinstance(parsed, dict):
        raise bad("BotCommandScope must be an Object")
    kind = str(parsed.get("type", "default"))
    if kind in ("default", "all_private_chats", "all_group_chats", "all_chat_administrators"):
        return kind, 0
    if kind == "chat":
        return kind, whole_number(parsed.get("chat_id"), "chat_id is empty")
    raise bad("unsupported type specified")


def photo(content: bytes) -> None:
    """Refuse what Telegram's image reader refuses."""
    if not content:
        raise bad("file must be non-empty")
    if len(content) > 10 * 1024 * 1024:
        raise Refusal("Request Entity Too Large", 413)
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) > 24:
        width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
        if width + height > 10_000 or max(width, height) > 20 * min(width, height):
            raise bad("PHOTO_INVALID_DIMENSIONS")
    elif not content.startswith(b"\xff\xd8\xff"):
        raise bad("IMAGE_PROCESS_FAILED")


def document(content: bytes) -> None:
    """Refuse an empty file and one over 50 MB."""
    if not content:
        raise bad("file must be non-empty")
    if len(content) > 50 * 1024 * 1024:
        raise Refusal("Request Entity Too Large", 413)


def whole_number(given: object, missing: str) -> int:
    """A number that came as a number or as text."""
    if given is None or given == "":
        raise bad(missing)
    try:
        return int(str(given))
    except ValueError:
        raise bad(missing) from None


def _parsed(given: object, otherwise: str) -> object:
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except ValueError:
        raise bad(otherwise) from None
