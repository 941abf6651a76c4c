"""What is done to submissions so that they can be handed out, some at a time.

What is to be done was decided before (`surveys.export.release`). Of the standard library alone, as
`surveys.export.reader`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Literal
from zoneinfo import ZoneInfo

from surveys.export.own_cells import Batch
from surveys.export.table import Cell

Deed = Literal["keep", "zero", "unless_singled", "day", "KEY", "household", "entry"]
"""It stays as it is · it is 0 · who stands out has none · it is a day, and who stands out has none
· it is a new id of a submission, a home, an entry."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """New ids in the place of those that the database has."""

    secret: bytes

    def key(self, key: str) -> str:
        """Of a submission."""
        found = self.of("KEY", key)
        parts = (found[:8], found[8:12], found[12:16], found[16:20], found[20:])
        return "uuid:" + "-".join(parts)

    def number(self, key: str) -> int:
        """The beginning of a submission's new id: 64 bits in the place of a key in memory."""
        return int(self.of("KEY", key)[:16], 16)

    def of(self, what: str, value: str) -> str:
        """Of anything."""
        text = f"{what} {value}".encode()
        return blake2b(text, key=self.secret, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Hiding:
    """What is done to the cells of columns of ours, and to the answers of who stands out."""

    fresh: Fresh
    zone: ZoneInfo
    """Of the days."""
    deeds: Mapping[int, Deed]
    """Of the columns that stay, by their place among ours."""
    key: int
    """The place of KEY."""
    unsaid: frozenset[str]
    """Paths of the questions that who stands out has no answer to."""

    def hidden(self, batch: Batch) -> Batch:
        """Some submissions as they can be handed out; `batch.singled` says who stands out."""
        keys: Sequence[Cell] = batch.own[self.key]
        made: dict[tuple[int, Deed], Sequence[Cell]] = {}
        own = []
        for place, deed in self.deeds.items():
            cells = batch.own[place]
            # What is the same under two names stays one sequence.
            same = (id(cells), deed)
            if same not in made:
                made[same] = self._done(deed, cells, keys, batch.singled)
            own.append(made[same])
        answers = [
            self._without(answer) if apart else answer
            for answer, apart in zip(batch.answers, batch.singled, strict=True)
        ]
        return Batch(answers, own, batch.there, batch.singled)

    def _done(
        self, deed: Deed, cells: Sequence[Cell], keys: Sequence[Cell], apart: Sequence[bool]
    ) -> Sequence[Cell]:
        if deed == "keep":
            return cells
        act = self.act(deed)
        return [
            act(cell, str(key), out) for cell, key, out in zip(cells, keys, apart, strict=True)
        ]  # fmt: skip

    def act(self, deed: Deed) -> Callable[[Cell, str, bool], Cell]:
        """What makes a cell of a cell, its row's key, and whether the row stands out."""
        return {
            "keep": lambda cell, key, apart: cell,
            "zero": lambda cell, key, apart: 0,
            "unless_singled": lambda cell, key, apart: None if apart else cell,
            "day": self._day,
            "KEY": lambda cell, key, apart: self.fresh.key(key),
            # A home whose village is known would give away that of one who stands out.
            "household": lambda cell, key, apart: self.fresh.of(
                "household", f"{cell} {key}" if apart else str(cell)
            ),
            "entry": lambda cell, key, apart: self.fresh.of(
                "entry", f"{cell} {key}" if apart else str(cell)
            ),
        }[deed]

    def _day(self, cell: Cell, key: str, apart: bool) -> Cell:
        # A text is in UTC (`surveys.export.own_cells`).
        at = datetime.fromisoformat(cell) if isinstance(cell, str) else cell
        if apart or not isinstance(at, datetime):
            return None
        return at.astimezone(self.zone).date()

    def _without(self, answers: str) -> str:
        said = json.loads(answers)
        return json.dumps({path: said[path] for path in said if path not in self.unsaid})
