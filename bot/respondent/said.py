"""An answer as it is read in the chat: a place, a time, a photo, words."""

from __future__ import annotations

from bot.respondent.markup import plain
from bot.texts import Speak
from surveys.interview.shown import shown_value

CHOSEN = frozenset({"select_one", "select_multiple", "rank", "range"})
"""Types whose answers are read as the form's own words."""
PLACES = frozenset({"geopoint", "geotrace", "geoshape"})


def said(kind: str, value: str, say: Speak) -> str:
    """The answer to a question of this type, as plain text.

    `value` is what the engine shows of it: of choices their labels, else the value that is kept.
    """
    if kind in CHOSEN:
        return plain(value)
    if kind == "acknowledge":
        return say("OK")
    if kind == "image":
        return "📷 " + say("a photo")
    if kind == "audio":
        return "🎤 " + say("a recording")
    if kind == "video":
        return "🎬 " + say("a video")
    if kind == "file":
        return "📄 " + say("a file")
    if kind in ("time", "dateTime"):
        return shown_value(kind, value)
    if kind == "geopoint":
        return place(value)
    if kind in PLACES:
        return say.count("{n} place", "{n} places", len(_several(value)))
    return value


def place(value: str) -> str:
    """A geopoint ("30.27415 120.15515 0 12": degrees, metres; or with commas) as it is read."""
    words = value.replace(",", " ").split()
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return value
    if not 2 <= len(numbers) <= 4:
        return value
    shown = f"{_degrees(numbers[0])}, {_degrees(numbers[1])}"
    return f"{shown} (± {numbers[3]:.0f} m)" if len(numbers) == 4 and numbers[3] else shown


def _degrees(number: float) -> str:
    # Five decimals are one metre.
    return f"{number:.5f}".rstrip("0").rstrip(".")


def _several(value: str) -> list[str]:
    return [one for one in value.split(";") if one.strip()]
