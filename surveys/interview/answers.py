"""What a person typed: a value, a wish to go elsewhere, or why it cannot be read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from surveys.form.dates import written as moment_written
from surveys.interview import clocks, days, places
from surveys.interview.choosing import MOST_WORDS, chosen, ranked
from surveys.interview.numerals import DIGITS, number, plain, readable, written
from surveys.interview.searching import search
from surveys.interview.wishes import (
    COMMANDS,
    ENOUGH,
    FEWER,
    MORE,
    SEEN,
    Labelled,
    Read,
    Unread,
    Wish,
    wish,
    word,
)

__all__ = ["MOST_WORDS", "Labelled", "Read", "Unread", "Wish", "read", "readable", "search"]

TEXT_LIMIT = 10_000
"""Characters of one answer in words; below it the form's constraint decides."""


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

    `kind` is the question's type, or "repeat": one more instance? A choice is its position as
    shown, its label, a beginning or a part of the label that fits no other, or its value, where
    that is a word; of a range it is the number itself, within `bounds` (first, last, step).
    `today` is what "yesterday" is counted from, `now` gives times their zone. `appearance`:
    "numbers", "month-year", "year" change what is read.
    """
    text = readable(typed)
    if kind in ("text", "barcode"):
        return _words(text, appearance.split())
    if kind == "repeat":
        return _again(text)
    if kind == "acknowledge":
        wanted = None if word(text) in SEEN else wish(text)
        seen: Read | Unread = Read(("OK",)) if word(text) in SEEN else Unread("not_a_choice")
        return wanted or seen
    if choices and kind != "range":
        return ranked(choices, text) if kind == "rank" else chosen(kind, choices, text)
    wanted = wish(text)
    if wanted is not None:
        return wanted
    match kind:
        case "date":
            return _day(text, today, appearance.split())
        case "time":
            at = clocks.clock(text, now)
            return Unread("not_a_time") if at is None else Read((_zoned(at.isoformat(), now),))
        case "dateTime":
            return _moment(text, today, now)
        case "geopoint" | "geotrace" | "geoshape":
            return _places(kind, text)
        case "image" | "audio" | "video" | "file":
            return Unread("wrong_medium")
        case "select_one" | "select_multiple" | "rank":
            return Unread("not_a_choice")
        case "range":
            return _in_range(text, bounds)
        case _:
            return _number(kind, text)


def _words(text: str, appearances: Sequence[str]) -> Read | Wish | Unread:
    if text.lower() in COMMANDS:
        return Wish(COMMANDS[text.lower()])
    if len(text) > TEXT_LIMIT:
        return Unread("text_too_long")
    if not text:
        return Unread("required")
    if "numbers" in appearances:
        return _digits(text)
    return Read((text,))


_DIGITS = re.compile(r"[-+]?\d[\d.,-]*|[-+]?\.\d+")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")


def _digits(text: str) -> Read | Wish | Unread:
    """A text of digits: kept as typed, zeros in front too, but for blanks and thousands' commas."""
    wanted = wish(text)
    if wanted is not None:
        return wanted
    typed = re.sub(r"\s+", "", plain(text).replace("−", "-"))
    if typed and all(sign in DIGITS for sign in typed):
        typed = "".join(str(DIGITS[sign]) for sign in typed)
    if _THOUSANDS.fullmatch(typed):
        typed = typed.replace(",", "")
    return Read((typed,)) if _DIGITS.fullmatch(typed) else Unread("not_a_number")


def _again(text: str) -> Wish | Unread:
    said = word(text)
    if said in MORE:
        return Wish("add")
    if said in ENOUGH:
        return Wish("enough")
    if said in FEWER:
        return Wish("remove")
    # "OK" to "another one?" may be either.
    wanted = wish(text)
    return Unread("not_yes_or_no") if wanted is None or wanted.action == "done" else wanted


def _number(kind: str, text: str) -> Read | Unread:
    counted = number(text)
    if counted is None:
        return Unread("not_a_number")
    if kind == "integer" and counted != counted.to_integral_value():
        return Unread("not_a_whole_number")
    return Read((written(counted),))


_OF = re.compile(r"(.+?)\s*(?:/|out of|of)\s*(\d+(?:\.\d+)?)")
_POINTS = re.compile(r"\s*(?:分|级|points?|pts?|stars?|星|%)$")


def _in_range(text: str, bounds: tuple[str, str, str] | None) -> Read | Unread:
    """A number on the steps between two others; "7/10" where ten is the largest."""
    typed = plain(text)
    largest = None if bounds is None else max(Decimal(bounds[0]), Decimal(bounds[1]))
    shared = _OF.fullmatch(typed)
    if shared is not None and largest is not None and Decimal(shared[2]) == largest:
        typed = shared[1]
    counted = number(_POINTS.sub("", typed))
    if counted is None:
        return Unread("not_a_number")
    if bounds is not None:
        first, last, step = map(Decimal, bounds)
        if not min(first, last) <= counted <= max(first, last):
            return Unread("out_of_range")
        if step and (counted - first) % step:
            return Unread("between_steps")
    return Read((written(counted),))


def _day(text: str, today: date, appearances: Sequence[str]) -> Read | Unread:
    wanted = days.day
    if "year" in appearances:
        wanted = days.year
    elif "month-year" in appearances:
        wanted = days.month
    found = wanted(text, today)
    return Read((found.isoformat(),)) if found else Unread("not_a_date")


def _zoned(clock: str, now: datetime | None) -> str:
    """A time to the millisecond with the offset of `now`, as ODK writes it."""
    return f"{clock[:8]}.{(clock[9:] + '000')[:3]}{'' if now is None else moment_written(now)[23:]}"


def _moment(text: str, today: date, now: datetime | None) -> Read | Unread:
    found = clocks.moment(text, today, now)
    if found is None:
        return Unread("not_a_moment")
    zone = None if now is None else now.tzinfo
    try:
        aware = found.replace(tzinfo=zone) if found.tzinfo is None else found.astimezone(zone)
        return Read((moment_written(aware),))
    except (OverflowError, ValueError):
        return Unread("not_a_moment")


_FEWEST = {"geotrace": 2, "geoshape": 3}


def _places(kind: str, text: str) -> Read | Unread:
    """One place, or several of a line or an area, which ends where it began."""
    if kind == "geopoint":
        point = places.point(text)
        return Unread("not_a_place") if point is None else Read((point,))
    found = places.points(text)
    if not found:
        return Unread("not_a_place")
    if kind == "geoshape" and found[0] == found[-1] and len(found) > 1:
        found = found[:-1]
    if len(found) < _FEWEST[kind]:
        return Unread("not_enough_places")
    return Read(("; ".join([*found, found[0]] if kind == "geoshape" else found),))
