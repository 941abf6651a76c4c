"""What was computed of each submission of an export: on the disk, in the order of its rows.

Weights and flags are found of the whole wave at once, before the first row is written; while rows
are written nothing of them is in memory but those of a batch.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from surveys.export.giving_back import give_back
from surveys.export.own_cells import Computed
from surveys.export.table import Cell
from surveys.store.quality import names_of, names_with

if TYPE_CHECKING:
    from surveys.export.design import Weighed
    from surveys.store.quality import Checked

PHASES = (None, "answered", "visited")
WEIGHED = np.dtype([
    ("entry", np.uint16), ("used", np.bool_), ("weight", np.float64), ("rosters", np.int32, 2),
    ("visits", np.float64, 2), ("phase", np.int8), ("pool", np.int32), ("codes", np.int8, 2),
])  # fmt: skip
"""What a submission weighs, as `surveys.export.design.Weighed` has it."""
CHECKED = np.dtype([("marks", np.uint8), ("seconds", np.float32)])
"""Its flags and active seconds, as `surveys.store.quality.Checked` has them."""
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

    def __init__(self, ids: Sequence[int], folder: Path | None = None) -> None:
        """ids: of the export, in its order; folder: where it waits, made if it is not there (None:
        the system's temporary folder).
        """
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._ids = ids
        self._values = np.zeros(0)
        self._stored: Mapping[int, tuple[str, ...]] = {}
        self._weighed, self._checked = _Records(WEIGHED, folder), _Records(CHECKED, folder)

    def weigh(self, weighed: Weighed) -> None:
        """Keep what they weigh."""
        self._values = np.array(list(weighed.values))
        for start in range(0, len(self._ids), AT_ONCE):
            self._weighed.add(weighed.records(self._ids[start : start + AT_ONCE]))

    def flag(self, checked: Checked) -> None:
        """Keep what stands out."""
        self._stored = checked.stored
        for start in range(0, len(self._ids), AT_ONCE):
            some = self._ids[start : start + AT_ONCE]
            found = np.empty(len(some), CHECKED)
            found["marks"], found["seconds"] = checked.found(some)
            self._checked.add(found)
        # What all of it was computed from is freed by now.
        give_back()

    def batch(self, first: int, ids: Sequence[int], singled: Sequence[bool] = ()) -> Computed:
        """Of the submissions `ids`, which stand from `first` on in the export's order."""
        weighed = self._weighed.some(first, len(ids))
        found = self._checked.some(first, len(ids))
        stored = self._stored
        flags: list[Cell] = [_NAMED[marks] for marks in found["marks"].tolist()]
        for place, one in enumerate(ids) if stored else ():
            if one in stored:
                flags[place] = " ".join(names_with(int(found["marks"][place]), stored[one])) or None
        seconds: list[Cell] = [
            None if one != one else round(one)  # noqa: PLR0124 - NaN
            for one in found["seconds"].tolist()
        ]
        return Computed(cells(weighed, self._values), seconds, flags, singled)


class _Records:
    """Records in a file."""

    def __init__(self, kind: np.dtype[Any], folder: Path | None) -> None:
        self._kind = kind
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 - closed with the last reader
        weakref.finalize(self, self._file.close)

    def add(self, records: NDArray[Any]) -> None:
        self._file.write(records.tobytes())

    def some(self, first: int, count: int) -> NDArray[Any]:
        """So many from the first on."""
        self._file.seek(first * self._kind.itemsize)
        return np.frombuffer(self._file.read(count * self._kind.itemsize), self._kind)


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
