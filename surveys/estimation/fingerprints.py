"""Whether a place's profile would say what it said before, found without making it.

A profile is read off columns. Of each place that is shown all that its profile is read off, as it
is shown (a count to 5 is a count to 5 here, what is hidden is not in it), is hashed: the same
fingerprint, the same document, and a fingerprint tells nothing that the document does not. Other
fingerprints may still give the same document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from surveys.estimation.breakdowns import Broken
from surveys.estimation.figures import Figures
from surveys.estimation.frame import MODES, Bools, Floats
from surveys.estimation.gaps import GapColumns
from surveys.estimation.table import COUNTED_FLAGS, Table

SIZE = 16
"""Bytes."""


def fingerprints(
    table: Table, shown: Bools, beside: Sequence[object], about: Sequence[object]
) -> list[str | None]:
    """Of each place of a table; None of those that are not `shown` (places,).

    beside: of each place what its profile says besides the table's columns; about: what all say.
    """
    found = _Gathered(len(shown))
    found.add("about", list(about))
    found.add("counts", _counts(table))
    found.add("known", table.wave.own.known)
    found.add("compared", table.wave.compared)
    found.add("reference", table.wave.reference is not None)
    for one in fields(table):
        if one.name not in {"wave", "counts", "gaps", "breakdowns"}:
            found.add(one.name, getattr(table, one.name))
    found.add("gaps", _gaps(table.gaps))
    found.add("breakdowns", [_broken(one) for one in table.breakdowns])
    same = repr(found.fixed).encode()
    rows = np.concatenate(found.columns, axis=1)
    return [
        blake2b(repr(said).encode() + row.tobytes(), digest_size=SIZE, key=_key(same)).hexdigest()
        if told
        else None
        for told, said, row in zip(shown.tolist(), beside, rows, strict=True)
    ]


def _key(same: bytes) -> bytes:
    return blake2b(same, digest_size=32).digest()


class _Gathered:
    """Arrays with a row a place as bytes, side by side, and all that is the same for every one."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.columns: list[NDArray[np.uint8]] = []
        self.fixed: list[object] = []

    def add(self, name: str, value: object) -> None:
        """Raises TypeError for what cannot be told to be the same another time."""
        self.fixed.append(name)
        if isinstance(value, np.ndarray):
            if len(value) != self.places or value.dtype == object:
                raise TypeError(f"{name}: no column of places")
            column = np.ascontiguousarray(value).reshape(self.places, -1)
            self.columns.append(column.view(np.uint8))
        elif is_dataclass(value) and not isinstance(value, type):
            for one in fields(value):
                self.add(one.name, getattr(value, one.name))
        elif isinstance(value, Mapping):
            for key, one in value.items():
                self.add(str(key), one)
        elif isinstance(value, list | tuple):
            self.fixed.append(len(value))
            for one in value:
                self.add(name, one)
        elif value is None or isinstance(value, str | int | float):
            self.fixed.append(value)
        else:
            raise TypeError(f"{name}: {type(value).__name__}")


def _counts(table: Table) -> dict[str, Floats]:
    """The counts as a profile gives them: parts of all persons to 5."""
    persons = table.counts["persons"]
    whole = {name: table.counts[name] for name in ("persons", "homes", "visited_homes")}
    parts = ("users", *MODES, *COUNTED_FLAGS)
    return whole | {name: _to_five(table.counts[name], persons) for name in parts}


def _to_five(count: Floats, of: Floats) -> Floats:
    """`suppression.to_five` of every place."""
    nearest = 5 * ((count + 2) // 5)
    found: Floats = np.where(nearest <= of, nearest, 5 * (of // 5))
    return found


def _gaps(gaps: GapColumns) -> list[Figures]:
    """Where there is no gap its parts are not told either."""
    told = gaps.total.why == 0
    parts = (gaps.access, gaps.behaviour, gaps.composition, gaps.rate)
    return [gaps.total, *(one.where(told, gaps.total) for one in parts)]


def _broken(one: Broken) -> Broken:
    told = one.why == 0
    none = Figures.withheld(len(told), "complementary")
    few = [_to_five(one.persons[:, k], one.users) for k in (0, 1)]
    return replace(
        one,
        persons=np.where(told[:, None], np.column_stack(few), 0),
        users=np.zeros(len(told)),
        use=(one.use[0].where(told, none), one.use[1].where(told, none)),
    )
