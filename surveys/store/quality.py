"""The submissions of a wave with their flags (surveys.estimation.quality)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.form.indicators import Indicator
from surveys.store.forms import Version, versions_of_wave
from surveys.store.measured import Rows, flagged, read
from surveys.store.schema import Area

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from surveys.estimation.frame import Ints
    from surveys.estimation.pace import Pace

_OWN = ("village", "home", "entry", "submission", "mode", "finished", "seconds", "same", "answered")
TAKEN = frozenset((*_OWN, "path", "flags"))
"""Names of the frame's own columns: a node that has one is not read."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What stands out in the submissions of a wave: some bytes each, however many there are."""

    ids: Ints
    """(submissions,) of their interviews, ascending."""
    marks: NDArray[np.uint8]
    """(submissions,) the flags found: bit n for the name n of `surveys.estimation.frame.FLAGS`."""
    seconds: NDArray[np.float32]
    """(submissions,) active seconds; NaN where there is no log."""
    stored: Mapping[int, tuple[str, ...]]
    """The flags that were stored, of the interviews that have any."""
    counts: pd.DataFrame
    """By village's code, as `surveys.estimation.quality.Quality.counts`."""
    pace: Pace
    """What speed was compared with."""

    def flags_of(self, interview_id: int) -> tuple[str, ...]:
        """The names of its flags, those stored last; none for an interview that is not there."""
        return self.batch([interview_id])[0][0]

    def seconds_of(self, interview_id: int) -> float | None:
        """Active seconds; None where there is no log, or no such interview."""
        return self.batch([interview_id])[0][1]

    def batch(self, ids: Sequence[int]) -> list[tuple[tuple[str, ...], float | None]]:
        """Of each of these interviews `flags_of` and `seconds_of`."""
        marks, seconds = self.found(ids)
        return [
            (self._names(one, mark), None if lasted != lasted else lasted)  # noqa: PLR0124 - NaN
            for one, mark, lasted in zip(ids, marks.tolist(), seconds.tolist(), strict=True)
        ]

    def found(self, ids: Sequence[int] | Ints) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Of each of these interviews its marks and seconds: 0 and NaN where it is not there."""
        import numpy as np

        wanted = np.asarray(ids, np.int64)
        if not len(self.ids):
            return np.zeros(len(wanted), np.uint8), np.full(len(wanted), np.nan, np.float32)
        at = np.minimum(np.searchsorted(self.ids, wanted), len(self.ids) - 1)
        there = self.ids[at] == wanted
        seconds = np.where(there, self.seconds[at], np.float32(np.nan))
        return np.where(there, self.marks[at], np.uint8(0)), seconds

    def flagged(self) -> list[int]:
        """The interviews with any flag, ascending."""
        import numpy as np

        return sorted({*self.ids[np.flatnonzero(self.marks)].tolist(), *self.stored})

    def texts(self, ids: Sequence[int] | Ints) -> pd.Categorical[str]:
        """Of each of these interviews the names of its flags as one text."""
        import numpy as np
        import pandas as pd

        marks, _ = self.found(ids)
        codes = marks.astype(np.int64)
        texts = [" ".join(names_of(mark)) for mark in range(int(codes.max(initial=0)) + 1)]
        if self.stored:
            of = {text: code for code, text in enumerate(texts)}
            for place in np.flatnonzero(np.isin(np.asarray(ids), list(self.stored))).tolist():
                text = " ".join(self._names(int(ids[place]), int(marks[place])))
                codes[place] = of.setdefault(text, len(of))
            texts = list(of)
        return pd.Categorical.from_codes(codes, pd.Index(texts, dtype=object))

    def _names(self, interview_id: int, marks: int) -> tuple[str, ...]:
        return names_with(marks, self.stored.get(interview_id, ()))


@cache
def names_of(marks: int) -> tuple[str, ...]:
    """The names of the flags that a byte of marks stands for.

    >>> names_of(0), names_of(0b1010)
    ((), ('speeding', 'duplicate'))
    """
    from surveys.estimation.frame import FLAGS

    return tuple(name for place, name in enumerate(FLAGS) if marks >> place & 1)


def names_with(marks: int, stored: Sequence[str]) -> tuple[str, ...]:
    """The same and behind them those that were stored, each once."""
    return tuple(dict.fromkeys((*names_of(marks), *stored)))


def checked(
    session: Session,
    wave_id: int,
    area_ids: Collection[int] | None = None,
    rows: Rows | None = None,
    *,
    pace: Pace | None = None,
    versions: Sequence[Version] | None = None,
) -> Checked:
    """The flags of a wave's finished submissions (None: of all its villages); rows: what was read
    of them, where it was; versions: of the wave, where they are known.

    Villages left out are not compared with: give all that the wave has, so that a submission has
    the same flags wherever it is looked at, or the pace that was found in all of them.
    """
    import numpy as np

    from surveys.estimation.frame import FLAGS
    from surveys.estimation.quality import quality

    if versions is None:
        versions = versions_of_wave(session, wave_id)
    found: dict[tuple[str, str | None], Indicator] = {}
    for one in (one for version in versions for one in version.indicators):
        # Of two versions' rows the newest stays.
        found.setdefault((one.name, one.role), one)
    indicators = tuple(found.values())
    read_ones = rows or read(session, wave_id, area_ids, versions)
    stored = {
        number: tuple(map(str, json.loads(flags)))
        for number, flags in flagged(read_ones).items()
    }  # fmt: skip
    result = quality(_frame(session, read_ones, indicators, stored), indicators, pace)
    bits = result.marks.to_numpy(np.uint8) @ (1 << np.arange(len(FLAGS), dtype=np.uint8))
    return Checked(
        read_ones.own["id"].to_numpy(np.int64),
        bits.astype(np.uint8),
        read_ones.own["seconds"].to_numpy(np.float32),
        stored,
        result.counts,
        result.pace,
    )


def _frame(
    session: Session,
    rows: Rows,
    indicators: Iterable[Indicator],
    stored: Mapping[int, tuple[str, ...]],
) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    own = rows.own
    codes, areas = pd.factorize(own["area"])
    called = dict(
        session.execute(select(Area.id, Area.code).where(Area.id.in_(areas.tolist()))).all()
    )
    villages = pd.Index([called[one] for one in areas.tolist()], dtype=object)
    paths, kinds = pd.factorize(own["path"])
    unknown = np.flatnonzero(kinds == -1)
    flags = np.zeros(len(own), np.int64)
    if stored:
        flags[np.isin(own["id"].to_numpy(), list(stored))] = 1
    roles = {o.name for o in indicators if o.role} & set(rows.values.columns)
    return pd.DataFrame(
        {
            "village": pd.Categorical.from_codes(codes, villages),
            **{name: own[name] for name in _OWN[1:]},
            "path": pd.Categorical.from_codes(
                np.where(np.isin(paths, unknown), -1, paths), pd.Index(kinds)
            ),
            "flags": flags,
            **{name: rows.values[name] for name in sorted(roles) if name not in TAKEN},
        }
    )
