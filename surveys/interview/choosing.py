"""Choices named by what was typed: by position, label or a part of it, several, in an order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from itertools import islice

from surveys.interview.bands import in_band
from surveys.interview.numerals import chinese, plain
from surveys.interview.searching import Labels, labels_of, letters
from surveys.interview.wishes import Labelled, Read, Unread, Wish, wish

MOST_WORDS = 40
"""Of what is looked at as choices: more is a story."""

_SEPARATOR = re.compile(r"[\s,、;，。+&/|]+|和|跟|与|以及|还有|\band\b")
_PLACE = re.compile(
    r"(?:选?第|选|no\.?|number|#|\()?\s*(?P<place>\d{1,5}|[零〇一二两三四五六七八九十]{1,3})"
    r"\s*(?:个|项|条|号)?\s*[.):]?"
)


class _Several(Exception):  # noqa: N818 - no error: the search found more than one
    """More than one choice fits."""


def chosen(kind: str, choices: Labelled, text: str) -> Read | Wish | Unread:
    """One choice, or of anything but a select_one several."""
    keys = _Keys(choices)
    bare = letters(text)
    if not bare or next(keys.labels.exactly(bare), None) is None:
        wanted = wish(text)
        if wanted is not None:
            return wanted
    try:
        one = keys.in_band(text) if kind == "select_one" else None
        one = one or keys.one(text)
        several = (one,) if one is not None else _each(text, keys)
    except _Several:
        return Unread("ambiguous_choice")
    if not several:
        return Unread("not_a_choice")
    distinct = tuple(dict.fromkeys(several))
    if kind == "select_one" and len(distinct) > 1:
        return Unread("several_choices")
    return Read(distinct)


_ARROWS = re.compile(r"\s*(?:->|→|>|<|(?<=\d)-(?=\d))\s*")


def ranked(choices: Labelled, text: str) -> Read | Wish | Unread:
    """All choices in an order; the last one may be left out."""
    found = chosen("select_multiple", choices, text)
    if isinstance(found, Wish):
        return found
    keys = _Keys(choices)
    try:
        order = _each(text, keys) or _each(_ARROWS.sub(",", plain(text)), keys)
    except _Several:
        return Unread("ambiguous_choice")
    missing = [value for value, _ in choices if value not in order]
    if len(set(order)) < len(order) or len(missing) > 1 or not order:
        return Unread("not_ranked" if order else "not_a_choice")
    return Read((*order, *missing))


class _Keys:
    """The choices of one question, to be named."""

    def __init__(self, choices: Labelled) -> None:
        self.values = [value for value, _ in choices]
        self.shown = [label for _, label in choices]
        self.labels: Labels = labels_of(tuple(label for _, label in choices))

    @cached_property
    def _named(self) -> dict[str, list[int]]:
        """The places of values that are words, for those who know them."""
        found: dict[str, list[int]] = {}
        for place, value in enumerate(self.values):
            if len(value) > 1 and not value.isdecimal():
                found.setdefault(value.casefold(), []).append(place)
        return found

    def in_band(self, text: str) -> str | None:
        """The choice whose band holds the number that this is; positions come first."""
        if _place(text, len(self.values)) is not None:
            return None
        place = in_band(self.shown, text)
        return None if place is None else self.values[place]

    def one(self, text: str) -> str | None:
        """The one choice that this is, or None. Raises `_Several`."""
        bare = letters(text)
        if not bare:
            return None
        labels = self.labels
        place = _place(text, len(self.values))
        by_place = [] if place is None else [place - 1]
        if by_place and not _is_number(text):
            return self._only(by_place)
        exact = _two(labels.exactly(bare))
        if exact or by_place:
            begun = labels.begun(bare) if by_place and not exact else ()
            return self._only([*exact, *by_place, *_two(begun)])
        if bare in self._named:
            return self._only(self._named[bare])
        if len(bare) > 1:
            found = _two(labels.begun(bare)) or _two(labels.having(bare))
            if found:
                return self._only(found)
        return None

    def _only(self, places: Iterable[int]) -> str:
        found = {self.values[place] for place in places}
        if len(found) > 1:
            raise _Several
        return found.pop()


def _two(places: Iterable[int]) -> list[int]:
    """The first ones: two are as many as too many."""
    return list(islice(places, 2))


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


def _each(text: str, keys: _Keys) -> tuple[str, ...]:
    """Every choice in a list of them, or none if a part of it is no choice. Raises `_Several`.

    The longest run of words that is a choice is taken first, since labels hold separators too.
    """
    typed = plain(text)
    if typed.isdecimal() and len(typed) > 1 and len(keys.values) < 10:
        parts = [(place, place + 1) for place in range(len(typed))]
    else:
        parts = _parts(typed)
    if len(parts) > MOST_WORDS:
        return ()
    found: list[str] = []
    start = 0
    while start < len(parts):
        for end in range(len(parts), start, -1):
            value = keys.one(typed[parts[start][0] : parts[end - 1][1]])
            if value is not None:
                found.append(value)
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
