"""Flags of a whole wave, found some villages at a time: in some bytes a submission.

Most flags are found among the answers of a person, a home or a village. Speed alone is compared
with everybody, so of everybody are kept: seconds, the mode, what was asked, whether online.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from surveys.form.indicators import Indicator
from surveys.store.measured import Rows
from surveys.store.quality import Checked, checked

TO_MS = 1000


@dataclass
class _Codes:
    """Numbers for what is the same, in the order in which it is met."""

    of: dict[Hashable, int] = field(default_factory=dict)

    def all(self, values: NDArray[Any]) -> NDArray[np.int32]:
        """Of each value its number."""
        found, at = np.unique(values, return_inverse=True)
        numbers = [self.of.setdefault(one, len(self.of)) for one in found.tolist()]
        return np.array(numbers, np.int32)[at]


@dataclass
class Flags:
    """The flags of the villages that were looked at so far."""

    wave_id: int
    indicators: Sequence[Indicator]
    """Of all versions of the wave's form, a name and role once."""
    _found: list[Checked] = field(default_factory=list)
    _ms: list[NDArray[np.int32]] = field(default_factory=list)
    """Active seconds in ms; -1 where not known, and of who is left out of comparisons."""
    _groups: list[NDArray[np.int32]] = field(default_factory=list)
    """(3, submissions) the group of the mode, of mode and kind, of mode and path; -1: none."""
    _modes: _Codes = field(default_factory=_Codes)
    _kinds: _Codes = field(default_factory=_Codes)
    _paths: _Codes = field(default_factory=_Codes)

    def add(self, session: Session, villages: Sequence[int], rows: Rows) -> None:
        """Some whole villages, and what was read of them."""
        found = checked(session, self.wave_id, villages, rows)
        self._found.append(replace(found, counts=found.counts.iloc[:0]))
        user, there = _users(rows, self.indicators)
        own = rows.own
        seconds = own["seconds"].to_numpy(np.float64)
        known = there & np.isfinite(seconds)
        ms = np.full(len(own), -1, np.int32)
        ms[known] = np.rint(seconds[known] * TO_MS)
        kind = np.where(np.isfinite(user), user, -1).astype(np.int64)
        mode = self._modes.all(own["mode"].to_numpy(object).astype(str)).astype(np.int64)
        path = own["path"].to_numpy(np.int64)
        groups = np.stack([
            mode.astype(np.int32),
            self._kinds.all(_pairs(mode, kind)),
            np.where(path == -1, -1, self._paths.all(_pairs(mode, path))).astype(np.int32),
        ])  # fmt: skip
        self._ms.append(ms)
        self._groups.append(groups)

    def checked(self) -> Checked:
        """As `surveys.store.quality.checked` of the whole wave, but for the counts."""
        import pandas as pd

        from surveys.estimation.frame import FLAGS

        if not self._found:
            none = np.zeros(0)
            return Checked(
                none.astype(np.int64), none.astype(np.uint8), none.astype(np.float32), {},
                pd.DataFrame(),
            )  # fmt: skip
        ids = np.concatenate([one.ids for one in self._found])
        order = np.argsort(ids)
        marks = np.concatenate([one.marks for one in self._found])
        bit = np.uint8(1 << FLAGS.index("speeding"))
        marks = np.where(self._fast(), marks | bit, marks & ~bit)
        stored = {number: names for one in self._found for number, names in one.stored.items()}
        return Checked(
            ids[order],
            marks[order].astype(np.uint8),
            np.concatenate([one.seconds for one in self._found])[order],
            stored,
            self._found[0].counts,
        )

    def _fast(self) -> NDArray[np.bool_]:
        """(submissions,) as `surveys.estimation.quality.speeding`, with less in memory at once."""
        from surveys.estimation.quality import COMPARED, PART_OF_MEDIAN
        from surveys.estimation.raking import medians

        ms = np.concatenate(self._ms)
        known = np.flatnonzero(ms >= 0)
        seconds = ms[known] / TO_MS
        typical = np.full(len(known), np.nan)
        for level in range(3):
            group = np.concatenate([one[level] for one in self._groups])[known]
            some = np.flatnonzero(group >= 0)
            if not len(some):
                continue
            pools = int(group.max()) + 1
            enough = np.bincount(group[some], minlength=pools) >= COMPARED
            middle = medians(seconds[some], group[some], pools)
            told = some[enough[group[some]]]
            typical[told] = middle[group[told]]
        found = np.zeros(len(ms), np.bool_)
        found[known] = seconds < typical / PART_OF_MEDIAN
        return found


def _pairs(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[Any]:
    """Two numbers as one that can be sorted."""
    pairs = np.empty(len(one), np.dtype([("one", np.int64), ("other", np.int64)]))
    pairs["one"], pairs["other"] = one, other
    return pairs


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
