"""Villages as an administrator calls them: by a part of the name, by the code, by a button."""

from __future__ import annotations

from collections.abc import Sequence

from bot.say import Button
from bot.texts import LIMIT, Speak
from surveys.store.administrators import Village

AT_ONCE = 12
"""Villages that fit a phone's screen as buttons."""
NAME = 40
"""Characters of a village's name on a button: phones cut what is longer."""
DATA = 64
"""Bytes that a button carries."""


def called(reachable: Sequence[Village], part: str) -> list[Village]:
    """The villages with this in their name, or with this code; all of them for ""."""
    return [
        village
        for village in reachable
        if part in village.name.casefold() or part == village.code.casefold()
    ]


def choices(
    found: Sequence[Village], start: int, part: str, say: Speak, prefix: str = "a"
) -> list[list[Button]]:
    """A page of villages as buttons, from the one numbered `start`.

    A village's button carries "<prefix>:p:<area>", one that turns the page
    "<prefix>:n:<from>:<part>".
    """
    start = max(min(start, len(found) - 1), 0)
    rows: list[list[Button]] = [
        [(short(village.name), f"{prefix}:p:{village.area_id}")]
        for village in found[start : start + AT_ONCE]
    ]
    return [*rows, *pages(f"{prefix}:n", part, start, AT_ONCE, len(found), say=say)]


def pages(
    stem: str, part: str, start: int, at_once: int, count: int, *, say: Speak
) -> list[list[Button]]:
    """The buttons that turn from the page that begins at `start` to the one before and the one
    after: "<stem>:<from>:<part>". None of them where all fits one page."""
    turn: list[Button] = []
    if start:
        turn.append(("◀", f"{stem}:{max(start - at_once, 0)}:{part}"))
    if start + at_once < count:
        turn.append((say("More") + " ▶", f"{stem}:{start + at_once}:{part}"))
    # A part too long for a button finds few villages, and more of the name finds fewer.
    turn = [(label, data) for label, data in turn if len(data.encode()) <= DATA]
    return [turn] if turn else []


def short(name: str) -> str:
    """A name as a button has room for it."""
    return name if len(name) <= NAME else name[: NAME - 1] + "…"


def messages(head: str, lines: Sequence[str]) -> list[str]:
    """Lines under a head, in as many messages as they need."""
    parts = [head]
    for line in lines:
        if len(parts[-1]) + len(line) + 2 > LIMIT - 100:
            parts.append(line)
        else:
            parts[-1] += "\n\n" + line
    return parts
