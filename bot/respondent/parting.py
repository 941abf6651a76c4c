"""A long text in several messages: cut between paragraphs and sentences, no tag left open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from itertools import groupby

ROOM = 4000
"""Characters of one message, a little below the 4,096 that Telegram takes."""

_PIECE = re.compile(r"<(/?)([a-z]+)[^<>]*>|&(?:lt|gt|amp|quot|#\d+);|[^<&]|[<&]", re.S)
_ENDS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"[。！？；]|[.!?…؟۔][\"'”’»)]*(?=\s)"),
    re.compile(r"[,;:،؛、，](?=\s)|[、，]"),
    re.compile(r"\s"),
)
"""Where a text may end, the best first."""


def length(html: str) -> int:
    """What Telegram counts of a text: UTF-16 units without tags and escapes, so never too few."""
    shown = unescape(re.sub(r"<[^<>]*>", "", html))
    return len(shown) + sum(letter > "\uffff" for letter in shown)


def parts(html: str, room: int = ROOM) -> list[str]:
    """Our HTML (tags in small letters, closed in order) in messages of at most `room` units; what
    is styled over a cut is styled on both sides of it."""
    if length(html) <= room:
        return [html]
    signs = list(_signs(html))
    shown = "".join(sign for sign, _, _ in signs)
    found = []
    start = 0
    while start < len(signs):
        end = _end(shown, start, room)
        part = _written(signs[start:end])
        if part.strip():
            found.append(part)
        start = end
        while start < len(signs) and shown[start].isspace():
            start += 1
    return found


def _signs(html: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Each sign as it is shown and as it is written, with the tags that are open around it."""
    around: tuple[str, ...] = ()
    for piece in _PIECE.finditer(html):
        if piece[2] is None:
            yield unescape(piece[0])[:1], piece[0], around
        elif piece[1]:
            around = around[:-1]
        else:
            around = (*around, piece[0])


def _written(signs: list[tuple[str, str, tuple[str, ...]]]) -> str:
    while signs and signs[-1][0].isspace():
        signs.pop()
    words = []
    for around, same in groupby(signs, key=lambda sign: sign[2]):
        ends = [f"</{re.split('[ >]', tag[1:], maxsplit=1)[0]}>" for tag in reversed(around)]
        words += [*around, *(written for _, written, _ in same), *ends]
    return "".join(words)


def _end(shown: str, start: int, room: int) -> int:
    """Where a message that begins at `start` ends."""
    end, units = start, 0
    while end < len(shown):
        units += 2 if shown[end] > "\uffff" else 1
        if units > room:
            break
        end += 1
    if end == len(shown):
        return end
    for pattern in _ENDS:
        # A message is filled to the half at least, or it would be many.
        found = [one.end() for one in pattern.finditer(shown, start + (end - start) // 2, end)]
        if found:
            return found[-1]
    return end
