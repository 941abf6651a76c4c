"""Labels as things to look for: exactly, by their beginning, by a part, by a near spelling."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

MOST_FOUND = 30
LONGEST_TYPED = 80
"""Characters of what is looked for; what comes behind is left out."""
NEAREST_LOOKED_AT = 120
"""Labels whose spelling is compared letter by letter."""

_BREAK = "\n"


@lru_cache(maxsize=1)
def _patterns() -> tuple[Any, Any, Any]:
    # Only who types instead of tapping needs it.
    import regex

    return (
        # Accents of Latin, Greek and Cyrillic letters, vowel points of Hebrew and Arabic: many
        # leave them out. The vowels of Indian scripts are letters.
        regex.compile(r"[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]+"),
        regex.compile(r"[^\p{L}\p{N}\p{M}\n]+"),
        regex.compile(r"[[\p{Nd}]--[0-9]]", regex.V1),
    )


def folded(text: str) -> str:
    """A text in small letters with one space between its words; without accents, width, signs.

    Lines stay lines. "Bogotá, D.C. ３" is "bogota d c 3".
    """
    accents, others, digits = _patterns()
    small = unicodedata.normalize("NFKD", text).casefold()
    if not small.isascii():
        small = unicodedata.normalize("NFC", accents.sub("", small))
        small = digits.sub(lambda found: str(unicodedata.decimal(found[0], found[0])), small)
    return _BREAK.join(line.strip() for line in others.sub(" ", small).split(_BREAK))


def letters(text: str) -> str:
    """A text without case, accents, width, spaces and signs."""
    return folded(text.replace(_BREAK, " ")).replace(" ", "")


class Labels:
    """The labels of one list, made ready to be searched."""

    def __init__(self, labels: Sequence[str]) -> None:
        lines = folded(_BREAK.join(label.replace(_BREAK, " ") for label in labels))
        self.spaced = lines.split(_BREAK) if labels else []
        self.bare = [line.replace(" ", "") for line in self.spaced]
        # One text for all: finding in it is quick, however many they are.
        self.text = _BREAK + _BREAK.join(self.bare) + _BREAK
        self.starts: list[int] = []
        start = 1
        for line in self.bare:
            self.starts.append(start)
            start += len(line) + 1
        self.starts.append(start)

    def _found(self, sought: str) -> Iterator[tuple[int, int]]:
        """The labels in which this stands, each once, and where in the text."""
        place = self.text.find(sought)
        while place >= 0:
            label = bisect_right(self.starts, place + (sought[0] == _BREAK)) - 1
            yield label, place
            place = self.text.find(sought, self.starts[label + 1] - 1)

    def exactly(self, bare: str) -> Iterator[int]:
        """The places of the labels that are this."""
        return (label for label, _ in self._found(_BREAK + bare + _BREAK))

    def begun(self, bare: str) -> Iterator[int]:
        """The places of the labels that begin with this; a number is no part of a longer one."""
        for label, _ in self._found(_BREAK + bare):
            behind = self.bare[label][len(bare) : len(bare) + 1]
            if not (bare[-1:].isdecimal() and behind.isdecimal()):
                yield label

    def having(self, bare: str) -> Iterator[int]:
        """The places of the labels in which this stands; a number is no part of a longer one."""
        for label, _ in self._found(bare):
            if not bare.isdecimal() or _apart(self.bare[label], bare):
                yield label

    def near(self, bare: str) -> list[int]:
        """The places of the labels with one or two letters wrong, the nearest first."""
        most = _typos(bare)
        if not most:
            return []
        candidates = {label for piece in _pieces(bare, most) for label, _ in self._found(piece)}
        pairs = {bare[place : place + 2] for place in range(len(bare) - 1)}
        likely = sorted(
            candidates,
            key=lambda label: (-sum(pair in self.bare[label] for pair in pairs), label),
        )
        found = []
        for label in likely[:NEAREST_LOOKED_AT]:
            wrong = _wrong(bare, self.bare[label], self._words(label), most)
            if wrong <= most:
                found.append((wrong, label))
        return [label for _, label in sorted(found)]

    def _words(self, label: int) -> list[int]:
        """Where words begin in a bare label; of scripts without spaces, everywhere."""
        if any(sign >= "\u2e80" for sign in self.bare[label][:3]):
            return list(range(len(self.bare[label])))
        found, start = [], 0
        for word in self.spaced[label].split(" "):
            found.append(start)
            start += len(word)
        return found

    def of_words(self, words: Sequence[str]) -> Iterator[int]:
        """The places of the labels in which all these words stand, in any order."""
        longest = max(words, key=len)
        for label, _ in self._found(longest):
            if all(word in self.bare[label] for word in words):
                yield label

    def by_word(self, bare: str) -> Iterator[int]:
        """The places of the labels of which a word begins with this."""
        for label in self.having(bare):
            if f" {bare}" in f" {self.spaced[label]}":
                yield label


@lru_cache(maxsize=16)
def labels_of(labels: tuple[str, ...]) -> Labels:
    """The labels made ready; those used lately are kept."""
    return Labels(labels)


def search(labels: Sequence[str], typed: str) -> list[int]:
    """The places of the labels that fit what was typed, the best first, at most `MOST_FOUND`.

    First those that are it, then those that begin with it, then those of which a word does, those
    that hold it, or all its words in another order; where there are none, those with a letter or
    two wrong. Case, accents, width, spaces and signs do not count.
    """
    spaced = folded(typed[:LONGEST_TYPED].replace(_BREAK, " "))
    bare = spaced.replace(" ", "")
    if not bare:
        return []
    ready = labels_of(tuple(labels))
    words = spaced.split(" ")
    found: dict[int, None] = {}
    for some in (
        ready.exactly(bare),
        ready.begun(bare),
        ready.by_word(bare),
        ready.having(bare),
        ready.of_words(words) if _telling(words) else (),
    ):
        for label in some:
            found[label] = None
            if len(found) == MOST_FOUND:
                return list(found)
    return list(found) or ready.near(bare)[:MOST_FOUND]


# Near spellings -------------------------------------------------------------------------------


def _telling(words: Sequence[str]) -> bool:
    """Whether words are several, and none is a letter that stands everywhere."""
    return len(words) > 1 and all(len(word) > 1 or word >= "\u2e80" for word in words)


def _typos(bare: str) -> int:
    """How many letters may be wrong."""
    if bare.isdecimal() or len(bare) < 3:
        return 0
    return 1 if len(bare) < 6 else 2


def _pieces(bare: str, typos: int) -> list[str]:
    """Parts of which one is right, however so many typos fall; two neighbours may be swapped."""
    size = len(bare)
    parts = typos + 1
    cuts = [size * part // parts for part in range(parts + 1)]
    whole = [bare[start:end] for start, end in pairwise(cuts)]
    within = [bare[start + (start > 0) : end - (end < size)] for start, end in pairwise(cuts)]
    return [*whole, *(piece for piece in within if len(piece) > 1)]


def _apart(key: str, number: str) -> bool:
    """Whether a number stands in a label, and not inside a longer one."""
    place = key.find(number)
    while place >= 0:
        before, behind = key[place - 1 : place], key[place + len(number) : place + len(number) + 1]
        if not before.isdecimal() and not behind.isdecimal():
            return True
        place = key.find(number, place + 1)
    return False


def _wrong(bare: str, key: str, starts: Sequence[int], most: int) -> int:
    """How many letters are wrong at least where this is read from one of the starts."""
    least = most + 1
    for start in starts:
        part = key[start : start + len(bare) + most]
        if len(part) + most >= len(bare):
            least = min(least, _typed_wrong(bare, part))
    return least


def _typed_wrong(bare: str, part: str) -> int:
    """Letters missing, too many, wrong or swapped with a neighbour in `bare`, against the beginning
    of `part` that is nearest (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(part) + 1))
    for place, sign in enumerate(bare, start=1):
        line = [place]
        for column, other in enumerate(part, start=1):
            cost = min(row[column] + 1, line[column - 1] + 1, row[column - 1] + (sign != other))
            if place > 1 and column > 1 and sign == part[column - 2] and other == bare[place - 2]:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, row = row, line
    return min(row)
