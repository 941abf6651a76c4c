"""The messages of one chat that are not sent yet, and which of them goes first."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from surveys.conduct.settle import Queued
from surveys.store.messages import SENDS

CROWDED = 8
"""Calls that wait for a chat until its questions overtake the others: an answer makes three."""
STALE = 15.0
"""Seconds after which a tap is not answered any more: Telegram takes no answer to an old one, and
the phone has stopped waiting for it."""


@dataclass(slots=True)
class ChatLane:
    """The messages of one person that are not sent yet."""

    items: deque[Queued] = field(default_factory=deque)
    tries: int = 0
    seen: int = 0
    """How many calls had succeeded when the first one's troubles began."""
    turn: asyncio.Future[None] | None = None
    """The turn that is waited for, for the first one: it can wait."""
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    """That turn is there, or something was lined up that goes before it."""


def is_said(one: Queued) -> bool:
    """Whether it puts a message into the chat: what people wait for."""
    return one.outgoing.method.startswith(SENDS)


def overtaking(items: Iterable[Queued]) -> Queued | None:
    """The first message, where it may go before the edits and answers to taps that stand before
    it: not before an edit of its own key, which means the older message of that key."""
    passed: set[str | None] = set()
    for one in items:
        if is_said(one):
            return None if one.outgoing.key in passed - {None} else one
        passed.add(one.outgoing.edits)
    return None


def is_stale(one: Queued) -> bool:
    """Whether it answers a tap of long ago (ids are made of the time)."""
    if one.outgoing.method != "answerCallbackQuery":
        return False
    return time.time() - (one.outbox_id >> 8) / 1e6 > STALE


def line_up(items: deque[Queued], one: Queued) -> None:
    """Put one in its place: ids grow with time. The first may be on its way already."""
    place = len(items)
    while place > 1 and items[place - 1].outbox_id > one.outbox_id:
        place -= 1
    items.insert(place, one)
