"""Texts that remember which of their words are somebody's answers, and not the form's.

Whoever shows such a text as Markdown leaves the answers in it as they are. In every other way it is
the plain string.
"""

from __future__ import annotations

from collections.abc import Iterable

Spans = tuple[tuple[int, int], ...]


class Quoting(str):
    """A text with places in it, each from its first character to before its last, in order."""

    __slots__ = ("spans",)

    spans: Spans


def quoting(pieces: Iterable[tuple[str, bool]]) -> str:
    """One text of several, each with whether it is an answer; spans of those before are kept."""
    words: list[str] = []
    spans: list[tuple[int, int]] = []
    at = 0
    for piece, answer in pieces:
        if answer:
            spans.append((at, at + len(piece)))
        else:
            spans += [(at + first, at + last) for first, last in quoted_in(piece)]
        words.append(piece)
        at += len(piece)
    found = Quoting("".join(words))
    found.spans = tuple((first, last) for first, last in spans if last > first)
    return found if found.spans else str(found)


def quoted_in(text: str) -> Spans:
    """Where answers stand in a text."""
    return text.spans if isinstance(text, Quoting) else ()
