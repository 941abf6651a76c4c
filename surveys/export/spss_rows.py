"""The rows of a .sav file: as pyreadstat writes them, but some at a time.

A row is made of words of 8 bytes: a number is one, a text as many as its column's widest one needs.
Each eight words, compressed, have a word of eight bytes before them that say what they are (PSPP's
"Data Record"); only numbers and texts that these cannot say follow.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from surveys.export.columns import Column, Part

WORD = 8
MISSING = -sys.float_info.max
BLANKS = int.from_bytes(b" " * WORD, "little")
BIAS, FIRST, LAST = 100, -99, 151
"""Whole numbers from FIRST to LAST are said by their byte, BIAS more than the number."""
END, LITERAL, BLANK, EMPTY = 252, 253, 254, 255
"""The other bytes: the end of the file, a word that follows, eight blanks, no number; 0 says
nothing, behind the words of a row."""
SEGMENT, STORED = 255, 256
"""Of a text wider than a segment each 255 bytes stand in 256."""
WIDE = 252
"""So many of them count towards how many segments a column has."""
_SECONDS, _DAYS = 12_219_379_200, 141_428
"""From 14 October 1582 to 1970."""


class SpssRows:
    """Makes the rows of one file."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        widths = [_stored(one.widest) if one.is_text else WORD for one in columns]
        self._starts = [0, *accumulate(widths)]
        """Of each column its first byte in a row; and at the end how wide a row is."""
        self._words = self._starts[-1] // WORD
        numbers = [at for at, one in enumerate(columns) if not one.is_text]
        self._numbers = np.array(numbers, np.intp)
        self._at = np.array([self._starts[at] // WORD for at in numbers], np.intp)
        """The words of the numbers."""

    def rows(self, parts: Sequence[Part], *, last: bool) -> bytes:
        """Some rows, compressed; `last`: with the end of the file behind them."""
        count = len(parts[0])
        row = np.empty((count, self._starts[-1]), np.uint8)
        for at, (column, part) in enumerate(zip(self._columns, parts, strict=True)):
            if isinstance(part, list):
                start, end = self._starts[at : at + 2]
                row[:, start:end] = _text(part, column.widest, end - start)
        words = row.view("<u8")
        values = np.empty((count, len(self._at)))
        for place, at in enumerate(self._numbers):
            values[:, place] = _value(self._columns[at].variable.kind, parts[at])
        values[np.isnan(values)] = MISSING
        words[:, self._at] = values.view("<u8")
        return self._compressed(words, values, last=last)

    def _compressed(
        self, words: NDArray[np.uint64], values: NDArray[np.float64], *, last: bool
    ) -> bytes:
        # The library begins the next eight bytes even where a row ends with the ones before.
        blocks = self._words // WORD + 1
        said = np.zeros((len(words), blocks * WORD), np.uint8)
        said[:, : self._words] = np.where(words == BLANKS, BLANK, LITERAL)
        short = (values >= FIRST) & (values <= LAST) & (values == np.rint(values))
        numbers = np.full(values.shape, LITERAL, np.uint8)
        numbers[short] = (values[short] + BIAS).astype(np.uint8)
        numbers[values == MISSING] = EMPTY
        said[:, self._at] = numbers
        literal = said[:, : self._words] == LITERAL
        if last:
            said[-1, self._words] = END
        # How many words follow each eight bytes; and where these stand among all words.
        following = (said == LITERAL).reshape(-1, WORD).sum(axis=1)
        places = np.arange(len(following)) + np.cumsum(following) - following
        made = np.empty(len(following) + int(following.sum()), "<u8")
        is_said = np.zeros(len(made), np.bool_)
        is_said[places] = True
        made[is_said] = said.view("<u8").ravel()
        made[~is_said] = words[literal]
        return made.tobytes()


def _stored(width: int) -> int:
    """Bytes that the texts of a column take.

    >>> _stored(1), _stored(255), _stored(256), _stored(600)
    (8, 256, 264, 608)
    """
    segments = 1 if width <= SEGMENT else -(-width // WIDE)
    rest = width - (segments - 1) * WIDE
    return (segments - 1) * STORED + -(-rest // WORD) * WORD


def _text(texts: Sequence[bytes], widest: int, stored: int) -> NDArray[np.uint8]:
    """(rows, stored) texts with blanks behind them."""
    padded = b"".join(one.ljust(stored) for one in texts)
    row = np.frombuffer(padded, np.uint8).reshape(len(texts), stored)
    if widest <= SEGMENT:
        return row
    spread = np.full_like(row, ord(" "))
    for start in range(0, widest, SEGMENT):
        to = start // SEGMENT * STORED
        width = min(SEGMENT, stored - to)
        spread[:, to : to + width] = row[:, start : start + width]
    return spread


def _value(kind: str, part: Part) -> NDArray[np.float64]:
    """Numbers as SPSS has them: what is a time in seconds."""
    numbers = np.asarray(part, np.float64)
    if kind == "date":
        return (numbers + _DAYS) * 86_400
    if kind == "time":
        return numbers / 1e6
    if kind == "moment":
        return np.floor(numbers / 1000) + _SECONDS + numbers % 1000 / 1000
    return numbers
