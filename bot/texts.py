"""What the bot says, in the person's language: gettext catalogues, English as written here.

`_ = speak("zh")` gives a function from an English sentence to the sentence to say; placeholders are
filled afterwards with `.format`. Sentences for people stand where they are used.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from gettext import NullTranslations

from surveys.reports.catalogue import load

LANGUAGES: dict[str, str] = {"zh": "中文", "en": "English"}
"""The languages the bot speaks, as their speakers name them."""

LIMIT = 4096
"""Telegram's limit for one message, in characters."""


@dataclass(frozen=True, slots=True)
class Speak:
    """One language."""

    language: str
    catalogue: NullTranslations

    def __call__(self, sentence: str) -> str:
        """The sentence in this language."""
        return self.catalogue.gettext(sentence)

    def count(self, one: str, many: str, n: int) -> str:
        """The sentence for `n` things, with {n} filled in."""
        return self.catalogue.ngettext(one, many, n).format(n=n)

    def day(self, moment: datetime, now: datetime) -> str:
        """A day as people write it, "3 May", with its year where that is not this one's.

        Both in the zone of whom it is said to.
        """
        from babel.dates import format_skeleton

        locale = "en_GB" if self.language == "en" else self.language
        fields = "MMMd" if moment.year == now.year else "yMMMd"
        return format_skeleton(fields, moment, locale=locale)

    def moment(self, moment: datetime, now: datetime) -> str:
        """A day and a time to come: "today 15:00", "tomorrow 15:00", "3 May, 15:00".

        Both in the zone of whom it is said to.
        """
        say, away = self, (moment.date() - now.date()).days
        text = {0: say("today {time}"), 1: say("tomorrow {time}")}.get(away, say("{day}, {time}"))
        return text.format(day=self.day(moment, now), time=f"{moment:%H:%M}")


@cache
def speak(language: str) -> Speak:
    """The language with this tag, or English."""
    tag = language_tag(language) or "en"
    return Speak(tag, load("bot", tag))


def language_tag(code: str) -> str:
    """One of `LANGUAGES` for what a phone calls its language ("zh-hans" -> "zh"), or ""."""
    tag = code.lower().replace("_", "-").split("-", maxsplit=1)[0]
    return tag if tag in LANGUAGES else ""


def written_in(text: str) -> str:
    """The language of `LANGUAGES` that a text's letters tell, or "": Chinese alone does."""
    return "zh" if any("\u4e00" <= letter <= "\u9fff" for letter in text) else ""


def escape(text: str) -> str:
    """Text made safe inside Telegram's HTML."""
    return html.escape(text, quote=False)


@lru_cache(maxsize=4096)
def width(text: str) -> int:
    """Columns that a text takes on a screen: two for a Chinese character."""
    return sum(0 if unicodedata.combining(letter) else 2 if wide(letter) else 1 for letter in text)


def wide(letter: str) -> bool:
    """Whether a character takes two columns."""
    return unicodedata.east_asian_width(letter) in "WF"


def split(text: str, limit: int = LIMIT) -> Iterator[str]:
    """A long plain text in parts of at most `limit` characters, cut at line ends where it can."""
    while len(text) > limit:
        cut = text.rfind("\n", limit // 2, limit)
        cut = cut if cut > 0 else limit
        yield text[:cut]
        text = text[cut:].lstrip("\n")
    if text:
        yield text
