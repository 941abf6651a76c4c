"""Flags of a whole wave, found some villages at a time: in some bytes a submission.

Most flags are found among the answers of a person, a home or a village. Speed alone is compared
with everybody, so of everybody are kept: seconds, how it was answered and whether online, and what
was asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from surveys.form.indicators import Indicator
from surveys.store.forms import Version
from surveys.store.measured import Rows
from surveys.store.quality import Checked, checked

TO_MS = 1000
AT_ONCE = 50_000
"""Submissions that are compared at a time."""


class _Codes(dict[Any, int]):
    """Numbers for what is the same, in the order in which it is met."""

    def all(self, values: NDArray[Any]) -> NDArray[np.int32]:
        """Of each value its number."""
        found, at = np.unique(values, return_inverse=True)
        return self._numbers(found.tolist())[at]

    def pairs(self, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int32]:
        """Of each two values their number; one: small and not negative."""
        found, at = np.unique(other, return_inverse=True)
        both, place = np.unique(one * len(found) + at, return_inverse=True)
        pairs = zip((both // len(found)).tolist(), found[both % len(found)].tolist(), strict=True)
        return self._numbers(pairs)[place]

    def _numbers(self, values: Iterable[Any]) -> NDArray[np.int32]:
        return np.array([self.setdefault(one, len(self)) for one in values], np.int32)


class Flags:
    """The flags of the villages that were looked at so far."""

    def __init__(
        self,
        wave_id: int,
        versions: Sequence[Version],
        indicators: Sequence[Indicator],
        ids: NDArray[np.int64],
    ) -> None:
        """versions: of the wave; indicators: of all of them; ids: of all finished interviews of the
        wave, ascending.
        """
        self._wave_id = wave_id
        self._versions = versions
        self._indicators = indicators
        self._ids = ids
        self._marks = np.zeros(len(ids), np.uint8)
        self._ms = np.full(len(ids), -1, np.int32)
        """Active seconds in ms; -1 where not known."""
        self._kind = np.full(len(ids), -1, np.int16)
        """A number for each mode and user, non-user or neither; -1: not compared."""
        self._path = np.full(len(ids), -1, np.int32)
        """A number for each mode and what was asked; -1: not known."""
        self._stored: dict[int, tuple[str, ...]] = {}
        self._modes, self._kinds, self._paths = _Codes(), _Codes(), _Codes()

    def add(self, session: Session, villages: Sequence[int], rows: Rows) -> Checked:
        """Some whole villages, and what was read of them; gives what was stored of their flags."""
        found = checked(session, self._wave_id, villages, rows, versions=self._versions)
        at = np.searchsorted(self._ids, found.ids)
        self._marks[at] = found.marks
        self._stored |= found.stored
        own = rows.own
        at = np.searchsorted(self._ids, own["id"].to_numpy(np.int64))
        seconds = own["seconds"].to_numpy(np.float64)
        known = np.isfinite(seconds)
        self._ms[at[known]] = np.rint(seconds[known] * TO_MS)
        user, there = _users(rows, self._indicators)
        kind = np.where(np.isfinite(user), user, -1).astype(np.int64)
        mode = self._modes.all(own["mode"].to_numpy(object).astype(str)).astype(np.int64)
        path = own["path"].to_numpy(np.int64)
        self._kind[at] = np.where(there, self._kinds.pairs(mode, kind), -1)
        self._path[at] = np.where(path == -1, -1, self._paths.pairs(mode, path))
        return replace(found, marks=np.zeros_like(found.marks))

    def checked(self) -> Checked:
        """As `surveys.store.quality.checked` of the whole wave, but for the counts."""
        import pandas as pd

        from surveys.estimation.frame import FLAGS
        from surveys.estimation.pace import Pace

        bit = np.uint8(1 << FLAGS.index("speeding"))
        self._marks &= ~bit
        self._mark_fast(bit)
        seconds = np.empty(len(self._ids), np.float32)
        for start in range(0, len(seconds), AT_ONCE):
            ms = self._ms[start : start + AT_ONCE]
            seconds[start : start + AT_ONCE] = np.where(ms < 0, np.nan, ms / TO_MS)
        return Checked(self._ids, self._marks, seconds, self._stored, pd.DataFrame(), Pace({}))

    def _mark_fast(self, bit: np.uint8) -> None:
        """As `surveys.estimation.quality.speeding`, with less in memory at once."""
        from surveys.estimation.quality import PART_OF_MEDIAN

        modes = np.array([mode for mode, _ in self._kinds], np.int16)
        of_mode, of_kind, of_path = (
            self._medians(number) for number in ("mode", "kind", "path")
        )  # fmt: skip
        for start in range(0, len(self._ids), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            ms, kind, path = self._ms[some], self._kind[some], self._path[some]
            rows = np.flatnonzero((ms >= 0) & (kind >= 0))
            kind, path = kind[rows], path[rows]
            typical = of_mode[modes[kind]] if len(rows) else np.zeros(0)
            for more in (of_kind[kind], of_path[path]):
                typical = np.where(np.isfinite(more), more, typical)
            fast = ms[rows] / TO_MS < typical / PART_OF_MEDIAN
            self._marks[start + rows[fast]] |= bit

    def _medians(self, of: str) -> NDArray[np.float64]:
        """The median of each group in seconds; NaN where fewer than ten are in it; and, at the end,
        for -1, NaN.
        """
        from surveys.estimation.pace import COMPARED

        codes = {"path": self._paths, "kind": self._kinds, "mode": self._modes}[of]
        modes = np.array([mode for mode, _ in self._kinds] + [-1], np.int64)
        numbers = self._path if of == "path" else self._kind
        # Group and time as one number, so that one sort in its place does.
        group = np.empty(len(numbers), np.int64)
        size = np.zeros(len(codes), np.int64)
        for begin in range(0, len(group), AT_ONCE):
            some = slice(begin, begin + AT_ONCE)
            part, ms = group[some], self._ms[some]
            part[:] = modes[numbers[some]] if of == "mode" else numbers[some]
            part[(ms < 0) | (self._kind[some] < 0)] = -1
            size += np.bincount(part[part >= 0], minlength=len(codes))
            part <<= 32
            part += np.maximum(ms, 0)
        group.sort()
        start = len(group) - int(size.sum()) + np.cumsum(size) - size
        middle = np.full(len(codes) + 1, np.nan)
        told = np.flatnonzero(size >= COMPARED)
        low, high = ((start + (size - one) // 2)[told] for one in (1, 0))
        middle[told] = sum((group[at] & 0xFFFFFFFF) / TO_MS for at in (low, high)) / 2
        return middle


def _users(
    rows: Rows, indicators: Sequence[Indicator]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Of each row 1 for a user, 0, or NaN; and whether it is compared at all."""
    import pandas as pd

    from surveys.estimation.frame import answers, measures

    roles = [replace(one, kind=None) for one in indicators if one.role in ("user", "exclude")]
    count, one = len(rows.own), pd.Index(["x"], dtype=object)
    frame = pd.DataFrame({
        **{name: pd.Categorical.from_codes(np.zeros(count, np.int8), one)
           for name in ("village", "home", "entry", "submission", "mode")},
        "finished": rows.own["finished"], "flags": 0,
        **{it.name: rows.values[it.name] for it in roles if it.name in rows.values},
    })  # fmt: skip
    found = answers(frame, ["x"], measures(roles, {}))
    user, there = np.full(count, np.nan), np.zeros(count, np.bool_)
    user[found.row], there[found.row] = found.user, True
    return user, there


def compared(versions: Sequence[Sequence[Indicator]]) -> tuple[Indicator, ...]:
    """The indicators of all versions, of two rows of a name and role the newest."""
    found: dict[tuple[str, str | None], Indicator] = {}
    for one in (one for version in versions for one in version):
        found.setdefault((one.name, one.role), one)
    return tuple(found.values())
