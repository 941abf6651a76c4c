"""What a person typed: a value, a wish to go elsewhere, or why it cannot be read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from surveys.interview.numerals import chinese, day, number, plain, readable, written
from surveys.interview.state import Action, RefusalReason

__all__ = ["Labelled", "Read", "Unread", "Wish", "read", "readable"]

TEXT_LIMIT = 10_000
"""Characters of one answer in words; below it the form's constraint decides."""
MOST_WORDS = 40
"""Of what is looked at as choices: more is a story."""

Labelled = Sequence[tuple[str, str]]
"""Choices as shown: value and label."""


@dataclass(frozen=True, slots=True)
class Read:
    """One value; several for a select_multiple."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """The name of an action, typed instead of tapped."""

    action: Action


@dataclass(frozen=True, slots=True)
class Unread:
    """Why it cannot be taken."""

    reason: RefusalReason


WORDS: dict[Action, tuple[str, ...]] = {
    "back": ("back", "go back", "previous", "返回", "上一题", "上一步", "回去", "后退"),
    "skip": ("skip", "跳过", "略过"),
    "stop": ("stop", "quit", "pause", "停止", "停", "暂停", "退出", "不答了"),
    "done": ("done", "ok", "finished", "that's all", "完成", "好了", "选好了", "好", "确定"),
}
COMMANDS: dict[str, Action] = {"/back": "back", "/skip": "skip", "/stop": "stop"}
"""What stands for an action where any word may be the answer."""

_SEPARATOR = re.compile(r"[\s,、;，。+&/|]+|和|跟|与|以及|还有|\band\b")
_PLACE = re.compile(
    r"(?:选?第|选|no\.?|number|#|\()?\s*(?P<place>\d{1,3}|[零〇一二两三四五六七八九十]{1,3})"
    r"\s*(?:个|项|条|号)?\s*[.):]?"
)


def read(
    kind: str,
    choices: Labelled,
    typed: str,
    today: date,
    *,
    now: datetime | None = None,
    bounds: tuple[str, str, str] | None = None,
    appearance: str = "",
) -> Read | Wish | Unread:
    """What was typed in answer to a question of this type, with its choices in the order shown.

    A choice is its position as shown, its label, a beginning or a part of the label that fits no
    other, or its value, where that is a word. `today` is what "yesterday" is counted from.
    """
    text = readable(typed)
    if kind == "text":
        if text.lower() in COMMANDS:
            return Wish(COMMANDS[text.lower()])
        if len(text) > TEXT_LIMIT:
            return Unread("text_too_long")
        return Read((text,)) if text else Unread("required")
    if choices:
        return _choices(kind, choices, text)
    wish = _wish(text)
    if wish is not None:
        return wish
    if kind == "date":
        found = day(text, today)
        return Read((found.isoformat(),)) if found else Unread("not_a_date")
    counted = number(text)
    if counted is None:
        return Unread("not_a_number")
    if kind == "integer" and counted != counted.to_integral_value():
        return Unread("not_a_whole_number")
    return Read((written(counted),))


def _wish(text: str) -> Wish | None:
    word = plain(text).strip("/ .!。！")
    return next((Wish(action) for action, words in WORDS.items() if word in words), None)


class _Several(Exception):  # noqa: N818 - no error: the search found more than one
    """More than one choice fits."""


def _choices(kind: str, choices: Labelled, text: str) -> Read | Wish | Unread:
    bare = _letters(text)
    keys = [(value, _letters(label)) for value, label in choices]
    if not any(bare and bare == key for _, key in keys):
        wish = _wish(text)
        if wish is not None:
            return wish
    try:
        one = _one(text, keys)
    except _Several:
        return Unread("ambiguous_choice")
    if one is not None:
        return Read((one,))
    try:
        several = _each(text, keys)
    except _Several:
        return Unread("ambiguous_choice")
    if not several:
        return Unread("not_a_choice")
    if kind == "select_one" and len(several) > 1:
        return Unread("several_choices")
    return Read(several)


def _letters(text: str) -> str:
    """A text without case, width, spaces and punctuation."""
    return "".join(sign for sign in plain(text) if unicodedata.category(sign)[0] in "LNM")


def _one(text: str, keys: Labelled) -> str | None:
    """The one choice that this is, or None. Raises `_Several`."""
    bare = _letters(text)
    if not bare:
        return None
    place = _place(text, len(keys))
    by_place = {keys[place - 1][0]} if place is not None else set()
    exact = {value for value, key in keys if key == bare}
    explicit = by_place and not _is_number(text)
    if explicit:
        return _only(by_place)
    if exact or by_place:
        begun = {value for value, key in keys if by_place and _begins(key, bare)}
        return _only(exact | by_place | (begun if not exact else set()))
    named = {
        value
        for value, _ in keys
        if len(value) > 1 and not value.isdecimal() and value.casefold() == bare
    }
    if named:
        return _only(named)
    if len(bare) > 1:
        begun = {value for value, key in keys if _begins(key, bare)}
        if begun:
            return _only(begun)
        within = {value for value, key in keys if _within(key, bare)}
        if within:
            return _only(within)
    return None


def _only(found: set[str]) -> str:
    if len(found) > 1:
        raise _Several
    return next(iter(found))


def _is_number(text: str) -> bool:
    typed = plain(text)
    return typed.isdecimal() or chinese(typed) is not None


def _place(text: str, last: int) -> int | None:
    """The position that this names, of `last`."""
    found = _PLACE.fullmatch(plain(text))
    if found is None:
        return None
    sign = found["place"]
    if not sign.isdecimal() and len(sign) > 1 and "十" not in sign:
        return None
    place = int(sign) if sign.isdecimal() else chinese(sign)
    return int(place) if place is not None and 1 <= place <= last else None


def _begins(key: str, bare: str) -> bool:
    return key.startswith(bare) and not (bare[-1].isdecimal() and key[len(bare) :][:1].isdecimal())


def _within(key: str, bare: str) -> bool:
    if not bare.isdecimal():
        return bare in key
    return re.search(rf"(?<!\d){bare}(?!\d)", key) is not None


def _each(text: str, keys: Labelled) -> tuple[str, ...]:
    """Every choice in a list of them, or none if a part of it is no choice. Raises `_Several`.

    The longest run of words that is a choice is taken first, since labels hold separators too.
    """
    folded = plain(text)
    if folded.isdecimal() and len(folded) > 1 and len(keys) < 10:
        parts = [(place, place + 1) for place in range(len(folded))]
    else:
        parts = _parts(folded)
    if len(parts) > MOST_WORDS:
        return ()
    found: dict[str, None] = {}
    start = 0
    while start < len(parts):
        for end in range(len(parts), start, -1):
            value = _one(folded[parts[start][0] : parts[end - 1][1]], keys)
            if value is not None:
                found[value] = None
                start = end
                break
        else:
            return ()
    return tuple(found)


def _parts(text: str) -> list[tuple[int, int]]:
    """Where the words between separators stand."""
    found = []
    start = 0
    for separator in (*_SEPARATOR.finditer(text), None):
        end = len(text) if separator is None else separator.start()
        if end > start:
            found.append((start, end))
        start = len(text) if separator is None else separator.end()
    return found


def search(labels: Sequence[str], typed: str) -> list[int]:
    """The places of the labels in which what was typed stands."""
    bare = _letters(typed)
    return [place for place, label in enumerate(labels) if bare and bare in _letters(label)]
