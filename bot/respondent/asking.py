"""What a question of each type asks people to do: tap, type, send."""

from __future__ import annotations

from bot.respondent.markup import plain
from bot.respondent.said import PLACES
from bot.texts import Speak, width
from surveys.interview.state import Prompt

COLUMNS = 28
"""What a phone shows of a button that fills the row; beyond it the label is cut."""
SEARCHED = 30
"""Of more choices one is found by typing a part of its name."""
DRAWN = frozenset({"signature", "draw", "annotate"})
"""Appearances of an image that a chat has no canvas for."""


def places_shown(prompt: Prompt) -> tuple[int, ...]:
    """The places in `choices` that have a button now."""
    if prompt.shown or prompt.search:
        return tuple(place for place in prompt.shown if place < len(prompt.choices))
    return tuple(range(len(prompt.choices)))


def numbered(prompt: Prompt) -> bool:
    """Whether the choices stand in the message, numbered, because buttons would cut them."""
    return any(width(plain(label)) > COLUMNS for _, label in prompt.choices)


def what_to_do(prompt: Prompt, say: Speak) -> str:
    """One or two short sentences, or nothing where the buttons say it; plain text."""
    if prompt.type == "rank":
        return say(
            "Tap them all in order, the first one first. Tap one again to take it back. Then Done."
        )
    if prompt.choices and len(prompt.choices) > SEARCHED:
        if prompt.type == "select_multiple":
            return say("Tap all that fit, or type a part of a name to find it. Then Done.")
        return say("Tap one, or type a part of its name to find it.")
    if prompt.type == "select_multiple":
        # The form's own hint says that several may fit; what it cannot know is our button.
        return say("Then tap Done.") if prompt.hint else say("Tap all that fit, then Done.")
    if prompt.choices:
        if numbered(prompt) and not prompt.hint:
            return say("Tap the number of your answer.")
        return ""
    return _typed(prompt, say) or _sent(prompt, say)


def _typed(prompt: Prompt, say: Speak) -> str:
    appearance = prompt.appearance.split()
    if prompt.type in ("integer", "decimal"):
        return say("Type a number.")
    if prompt.type == "range":
        return _within(prompt, say)
    if prompt.type == "date":
        if "year" in appearance:
            return say("Type a year, like 2026.")
        if "month-year" in appearance:
            return say("Type a month, like 2026-05.")
        return say("Type a date, like 2026-05-31.")
    if prompt.type == "time":
        return say("Type a time, like 14:30.")
    if prompt.type == "dateTime":
        return say("Type a day and a time, like 2026-05-31 14:30.")
    if prompt.type == "text":
        return say("Type a number.") if "numbers" in appearance else say("Type your answer.")
    return ""


def _within(prompt: Prompt, say: Speak) -> str:
    if prompt.bounds is None:
        return say("Type a number.")
    first, last, step = prompt.bounds
    if step == "1":
        return say("Type a whole number from {first} to {last}.").format(first=first, last=last)
    return say("Type a number from {first} to {last}, in steps of {step}.").format(
        first=first, last=last, step=step
    )


def _sent(prompt: Prompt, say: Speak) -> str:
    if prompt.type == "image":
        if DRAWN & set(prompt.appearance.split()):
            return say("Sign or draw it on paper, and send a photo of that.")
        return say("Send a photo.")
    if prompt.type == "audio":
        return say("Record a voice message, or send a sound.")
    if prompt.type == "video":
        return say("Send a video.")
    if prompt.type == "file":
        return say("Send a file.")
    if prompt.type == "barcode":
        return say("Send a photo of the code, or type what stands under it.")
    if prompt.type in PLACES:
        return _places(prompt, say)
    return ""


def _places(prompt: Prompt, say: Speak) -> str:
    between = "" if say.language == "zh" else " "
    if prompt.type == "geopoint":
        return say("Send the place.") + between + say("Or type it, like 30.2741 120.1551.")
    if prompt.type == "geotrace":
        how = say("Send places along the line, one after the other. Then tap All sent.")
    else:
        how = say("Send the corners of the area, one after the other. Then tap All sent.")
    return how + between + say("Or type them all: 30.27 120.15; 30.28 120.16")
