"""How long interviews typically take: medians of those that are alike.

Alike are those of the same mode who were asked the same; of fewer than ten such, users or non-users
of the mode; else all of the mode; of a mode with fewer than ten nothing is typical.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from surveys.estimation.frame import Floats, Ints
from surveys.estimation.numbering import ranked

COMPARED = 10
"""Under so many finished interviews a group has no median of its own."""


@dataclass(frozen=True, slots=True)
class Group:
    """A way to tell interviews apart."""

    names: Sequence[str]
    """"" for none."""
    of_row: Ints
    """(rows,) index into names."""


def groups(
    mode: tuple[Ints, Sequence[str]], path: tuple[Ints, Sequence[str]], user: Floats
) -> list[Group]:
    """By mode, by mode and whether a user, by mode and what was asked; the last one says most.

    mode, path: (rows,) a code, and the codes' texts; a path of -1 is not known. user: (rows,) 1, 0
    or NaN.
    """
    modes, of_mode = mode[1], mode[0].astype(np.int64)
    kind = np.where(np.isfinite(user), user, -1).astype(np.int64) + 1
    many = int(path[0].max(initial=0)) + 1
    asked = np.where(path[0] < 0, -1, of_mode * many + path[0])
    return [
        _group(of_mode, lambda code: modes[code]),
        _group(of_mode * 3 + kind, lambda code: f"{modes[code // 3]} user {code % 3 - 1}"),
        _group(asked, lambda code: f"{modes[code // many]} path {path[1][code % many]}"),
    ]


def _group(codes: Ints, name: Callable[[int], str]) -> Group:
    of_row, found = ranked(codes)
    names = ["" if code < 0 else name(code) for code in found.tolist()]
    return Group(names, of_row)


@dataclass(frozen=True, slots=True)
class Pace:
    """What is typical, in seconds, by the names of groups that are large enough."""

    medians: Mapping[str, float]

    @staticmethod
    def of(seconds: Floats, told: Sequence[Group]) -> Pace:
        """From (rows,) seconds, NaN where not known.

        >>> one = groups((np.zeros(10, int), ["self"]), (np.full(10, -1), []), np.ones(10))
        >>> Pace.of(np.arange(10.0), one).medians
        {'self': 4.5, 'self user 1': 4.5}
        """
        found: dict[str, float] = {}
        for one in told:
            by = pd.Series(seconds).groupby(one.of_row)
            count, median = by.count(), by.median()
            found |= {
                one.names[at]: float(median[at])
                for at in count.index[count >= COMPARED].tolist()
                if one.names[at]
            }
        return Pace(found)

    def typical(self, told: Sequence[Group]) -> Floats:
        """(rows,) the median of the narrowest group that has one; NaN for none."""
        found = np.full(len(told[0].of_row), np.nan)
        for one in told:
            own = np.array([self.medians.get(name, np.nan) for name in one.names], np.float64)
            if len(own):
                found = np.where(np.isfinite(own[one.of_row]), own[one.of_row], found)
        return found
