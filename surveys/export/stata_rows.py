"""The rows of a .dta file: as pyreadstat writes them, but some at a time.

Each column has the bytes that the file's head says (Stata's "dta_118"); texts longer than that
stand behind the rows, and a row has their number.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import IO

import numpy as np
from numpy.typing import NDArray

from surveys.export.columns import Column, Part, Texts

DOUBLE, WHOLE, LONG_TEXT = 65_526, 65_528, 32_768
"""Types of a column; less than these, a text of so many bytes."""
MISSING_WHOLE = 2_147_483_621
"""The missing value “.”; .a to .z are the numbers after it …"""
MISSING, STEP = 0x7FE0_0000_0000_0000, 1 << 40
"""… and as doubles, by their bits, each STEP after the other."""
TEXT_WITH_END = 130
"""How what stands behind the rows is written: as UTF-8, with a zero at its end."""
_DAYS, _SECONDS = 3_653, 315_619_200
"""From 1960 to 1970."""


class StataRows:
    """Makes the rows of one file."""

    def __init__(
        self, columns: Sequence[Column], types: Sequence[int], letters: Sequence[Mapping[int, str]]
    ) -> None:
        """types: of each column, as the head has it; letters: of codes that are missing values."""
        self._columns = columns
        self._letters = letters
        self._types = types
        names = {DOUBLE: "<f8", WHOLE: "<i4", LONG_TEXT: "<u8"}
        self._row = np.dtype([(f"{at}", names.get(one, f"S{one}")) for at, one in enumerate(types)])
        self.width = self._row.itemsize
        """Bytes of a row."""

    def rows(self, parts: Sequence[Part], first: int, behind: IO[bytes]) -> bytes:
        """Some rows; first: how many came before; behind: where long texts go."""
        made = np.zeros(len(parts[0]), self._row)
        for at, (column, part) in enumerate(zip(self._columns, parts, strict=True)):
            if not isinstance(part, list):
                made[f"{at}"] = self._numbers(at, _value(column.variable.kind, part))
            elif self._types[at] != LONG_TEXT:
                made[f"{at}"] = part
            else:
                made[f"{at}"] = _long(part, at + 1, first, behind)
        return made.tobytes()

    def _numbers(self, at: int, numbers: NDArray[np.float64]) -> NDArray[np.int64 | np.float64]:
        empty = np.isnan(numbers)
        # 0: “.”, 1: .a, and so on; -1: a number.
        missing = np.where(empty, 0, -1)
        for code, letter in self._letters[at].items():
            missing[numbers == code] = ord(letter) - ord("a") + 1
        gone = missing >= 0
        if self._types[at] == WHOLE:
            return np.where(gone, MISSING_WHOLE + missing, np.where(empty, 0, numbers)).astype("i8")
        bits = MISSING + missing[gone] * STEP
        made = numbers.copy()
        made[gone] = bits.view(np.float64)
        return made


def _value(kind: str, part: Part) -> NDArray[np.float64]:
    """Numbers as Stata has them: days, and times in milliseconds."""
    numbers = np.asarray(part, np.float64)
    if kind == "date":
        return numbers + _DAYS
    if kind == "time":
        return numbers / 1e6 * 1000
    if kind == "moment":
        whole = (np.floor(numbers / 1000) + _SECONDS) * 1000
        return whole + numbers % 1000 / 1000 * 1000
    return numbers


def _long(texts: Texts, column: int, first: int, behind: IO[bytes]) -> list[int]:
    """What stands in the rows for long texts, which are written behind them; 0 for none."""
    found = []
    for row, text in enumerate(texts, first + 1):
        if not text:
            found.append(0)
            continue
        found.append(row << 16 | column)
        head = struct.pack("<3sIQBI", b"GSO", column, row, TEXT_WITH_END, len(text) + 1)
        behind.write(head + text + b"\0")
    return found
