"""The buttons under a question.

Behind each stands "i:<interview>:<seq>:" and what it means: the place of a choice from 0, a letter
of `ACTIONS`, "p" and a page from 0, or a word of `QUICK` that stands for what could be typed.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.respondent.asking import numbered, places_shown
from bot.respondent.markup import plain
from bot.respondent.said import PLACES
from bot.say import Button
from bot.texts import Speak, width
from surveys.interview.state import Action, Prompt

ACTIONS: Mapping[str, Action] = {
    "d": "done", "b": "back", "s": "skip", "x": "stop", "a": "add", "e": "enough", "r": "remove",
    "h": "explain",
}  # fmt: skip
QUICK = ("today", "yesterday", "now")
NUMBERS_IN_A_ROW = 4
SHORT, SHORT_IN_A_ROW = 4, 5
"""Columns of a number of a range, of which so many stand in a row."""
MOST_BUTTONS = 88
"""Choices that get a button; Telegram takes 100 buttons in all. The others are typed."""
CIRCLED = 20
"""Up to it Unicode has numbers in circles from 1 on."""
BARE = frozenset({"year", "month-year"})
"""Appearances of a date without its day."""


def keyboard(prompt: Prompt, interview: str, say: Speak) -> list[list[Button]]:
    """The buttons of a question: a row a choice, or numbers where a phone would cut the labels."""
    stem = f"i:{interview}:{prompt.seq}:"
    rows = [*_choices(prompt, stem), *_pages(prompt, stem, say), *_own(prompt, stem, say)]
    if prompt.guidance:
        rows.append([("❓ " + say("More about this"), stem + "h")])
    control: list[Button] = []
    if prompt.can_go_back:
        control.append(("◀ " + say("Back"), stem + "b"))
    if not prompt.required and prompt.type != "repeat":
        control.append((say("Skip") + " ▶", stem + "s"))
    control.append(("⏸ " + say("Stop"), stem + "x"))
    rows.append(control)
    return rows


def sign(prompt: Prompt, value: str) -> str:
    """What stands before a choice: whether it is taken, of a rank as which."""
    if prompt.type == "select_multiple":
        return "☑ " if value in prompt.selected else "☐ "
    if prompt.type == "rank":
        return order(prompt, value) or "○ "
    return "● " if value in prompt.selected else ""


def order(prompt: Prompt, value: str) -> str:
    """Of a rank: as which this choice was tapped, with a space behind it; "" if it was not."""
    if value not in prompt.selected:
        return ""
    place = prompt.selected.index(value)
    return f"{chr(ord('①') + place)} " if place < CIRCLED else f"({place + 1}) "


def _choices(prompt: Prompt, stem: str) -> list[list[Button]]:
    places = places_shown(prompt)
    if prompt.choices and numbered(prompt):
        numbers = [
            (f"{sign(prompt, prompt.choices[place][0])}{place + 1}", f"{stem}{place}")
            for place in places[:MOST_BUTTONS]
        ]
        return _rows(numbers, NUMBERS_IN_A_ROW)
    labels = []
    for place in places[:MOST_BUTTONS]:
        value, label = prompt.choices[place]
        labels.append((f"{sign(prompt, value)}{plain(label) or value}", f"{stem}{place}"))
    if prompt.type == "range" and all(width(label) <= SHORT for label, _ in labels):
        return _rows(labels, SHORT_IN_A_ROW)
    return _rows(labels, 1)


def _pages(prompt: Prompt, stem: str, say: Speak) -> list[list[Button]]:
    rows: list[list[Button]] = []
    if prompt.pages > 1:
        turn: list[Button] = []
        if prompt.page > 0:
            turn.append((f"‹ {prompt.page}", f"{stem}p{prompt.page - 1}"))
        if prompt.page < prompt.pages - 1:
            turn.append((f"{prompt.page + 2} ›", f"{stem}p{prompt.page + 1}"))
        rows.append(turn)
    if prompt.search:
        rows.append([(say("Show all"), f"{stem}p0")])
    return rows


def _own(prompt: Prompt, stem: str, say: Speak) -> list[list[Button]]:
    """The buttons that only a question of this type has."""
    appearance = set(prompt.appearance.split())
    rows: list[list[Button]] = []
    if prompt.type == "repeat":
        rows.append([("➕ " + say("Yes"), stem + "a"), (say("No"), stem + "e")])
    elif prompt.type == "acknowledge":
        rows.append([("✅ " + say("OK"), stem + "d")])
    elif prompt.type == "date" and not BARE & appearance:
        rows.append([(say("Today"), stem + "today"), (say("Yesterday"), stem + "yesterday")])
    elif prompt.type in ("time", "dateTime"):
        rows.append([(say("Now"), stem + "now")])
    elif prompt.type in ("select_multiple", "rank"):
        rows.append([("✅ " + say("Done"), stem + "d")])
    elif prompt.type in PLACES - {"geopoint"}:
        rows.append([("✅ " + say("All sent"), stem + "d")])
    if prompt.can_remove:
        rows.append([("🗑 " + say("Remove the last one"), stem + "r")])
    return rows


def _rows(buttons: list[Button], across: int) -> list[list[Button]]:
    return [buttons[start : start + across] for start in range(0, len(buttons), across)]
