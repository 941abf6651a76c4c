"""What was computed of each submission of an export: on the disk, in the order of its rows.

Weights and flags are found of the whole wave at once, before the first row is written; while rows
are written nothing of them is in memory but those of a batch.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from surveys.export.own_cells import Computed
from surveys.export.table import Cell
from surveys.store.quality import names_of, names_with

if TYPE_CHECKING:
    from surveys.export.design import Weighed
    from surveys.store.quality import Checked

PHASES = (None, "answered", "visited")
RECORD = np.dtype([
    ("entry", np.uint16), ("used", np.bool_), ("weight", np.float64), ("rosters", np.int32, 2),
    ("visits", np.float64, 2), ("phase", np.int8), ("pool", np.int32), ("codes", np.int8, 2),
    ("marks", np.uint8), ("seconds", np.float32),
])  # fmt: skip
"""Of a submission, as `surveys.export.design.Weighed` has it, and its flags and active seconds."""
AT_ONCE = 50_000
"""Submissions that are written at a time."""


class _Named(dict[int, str | None]):
    """The flags of a byte of marks as one text."""

    def __missing__(self, marks: int) -> str | None:
        self[marks] = " ".join(names_of(marks)) or None
        return self[marks]


_NAMED = _Named()


class Kept:
    """What was computed of the submissions of an export. Gone with its last reader."""

    def __init__(self, ids: Sequence[int], weighed: Weighed, checked: Checked) -> None:
        """ids: of the export, in its order."""
        self._values = np.array(list(weighed.values))
        self._stored: Mapping[int, tuple[str, ...]] = checked.stored
        self._file = TemporaryFile()  # noqa: SIM115 - closed with the last reader
        weakref.finalize(self, self._file.close)
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            found = weighed.records(some)
            found["marks"], found["seconds"] = checked.found(some)
            self._file.write(found.tobytes())

    def batch(self, first: int, ids: Sequence[int], singled: Sequence[bool] = ()) -> Computed:
        """Of the submissions `ids`, which stand from `first` on in the export's order."""
        self._file.seek(first * RECORD.itemsize)
        found = np.frombuffer(self._file.read(len(ids) * RECORD.itemsize), RECORD)
        stored = self._stored
        flags: list[Cell] = [_NAMED[marks] for marks in found["marks"].tolist()]
        for place, one in enumerate(ids) if stored else ():
            if one in stored:
                flags[place] = " ".join(names_with(int(found["marks"][place]), stored[one])) or None
        seconds: list[Cell] = [
            None if one != one else round(one)  # noqa: PLR0124 - NaN
            for one in found["seconds"].tolist()
        ]
        return Computed(cells(found, self._values), seconds, flags, singled)


def cells(records: NDArray[Any], values: NDArray[np.float64]) -> list[Sequence[Cell]]:
    """The columns of `ROWS` of some submissions; values: those of rosters, by their number."""
    used = records["used"]

    def known(numbers: NDArray[np.float64]) -> list[Cell]:
        wide = np.where(used, numbers, np.nan).tolist()
        return [None if one != one else one for one in wide]  # noqa: PLR0124 - NaN

    def code(codes: NDArray[Any]) -> list[Cell]:
        return [None if one < 0 else one for one in np.where(used, codes, -1).tolist()]

    rosters, visits, codes = (records[name].T for name in ("rosters", "visits", "codes"))
    return [
        [1 / one if one else None for one in records["entry"].tolist()],
        known(records["weight"]),
        used.astype(int).tolist(),
        *(known(values[one]) for one in rosters),
        # Who is in no estimate has 0 there.
        [PHASES[one] for one in records["phase"].tolist()],
        *map(known, visits),
        code(records["pool"]),
        *map(code, codes),
    ]
