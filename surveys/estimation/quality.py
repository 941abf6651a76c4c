"""Flags of submissions that deserve a second look (METHOD: quality). Nothing is dropped for one.

    straight_lining  the same answer to every question of the role `agreement`, though some of them
                     say the opposite: a point of the scale 1-5 other than the middle, at least 3
                     times. 8, "I do not understand", is an answer, but no point of the scale.
    speeding         active time under a third of the median of the same path and mode.
    contradiction    the home's first complete roster has fewer online adults than users who
                     answered there, or the person's own roster has a part larger than the whole.
    duplicate        the same answers as somebody of another entry in the village.

The frame is as `surveys.estimation.frame` says, with four columns more:

    seconds   float, active seconds; NaN where not known
    path      what was asked: the same value where the same questions were; missing where not known
    same      uint64, from `surveys.estimation.measured.fingerprint`
    answered  int, from there
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from surveys.estimation.frame import FLAGS, Answers, Bools, Floats, Ints, answers, measures
from surveys.estimation.pace import Group, Pace, groups
from surveys.estimation.weights import Weights, weights
from surveys.form.indicators import Indicator

LOWEST, MIDDLE, HIGHEST = 1, 3, 5
"""Of a scale of agreement."""
STATEMENTS = 3
"""How many questions of agreement make a line."""
PART_OF_MEDIAN = 3
ENOUGH = 15
"""How many questions two persons must have answered alike."""
OWN = ("village", "home", "entry", "submission", "mode", "finished", "flags",
       "seconds", "path", "same", "answered")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quality:
    """What stands out in the submissions of a wave."""

    marks: pd.DataFrame
    """(rows of the frame, FLAGS) bool, by the frame's index; all False where not finished."""
    counts: pd.DataFrame
    """By village's code, named as in a profile: persons, homes; persons with any flag (`flagged`,
    those that the frame came with included) and with each of FLAGS; homes whose rosters differ
    (rosters_differ) or are too short (rosters_short)."""
    pace: Pace
    """What speed was compared with."""


def quality(
    frame: pd.DataFrame, indicators: Sequence[Indicator], pace: Pace | None = None
) -> Quality:
    """The flags of every submission, and how many there are in each village.

    The frame should be a whole wave: medians are of all its villages; of some of its villages, give
    the pace that was found in all. Only finished submissions
    that are not excluded are marked, counted and compared with; the order of rows makes no
    difference. Raises ValueError if a column of the frame's own (see above) is missing.

    >>> f = pd.DataFrame({"village": "a", "home": ["1", "2"], "entry": ["1", "2"],
    ...     "submission": ["x", "y"], "mode": "self", "flags": 0, "seconds": [40.0, 60.0],
    ...     "path": 7, "same": np.uint64(1), "answered": 20, "S1": ["5", "4"], "S2": ["5", "4"],
    ...     "S3": ["5", "1"], "finished": pd.Timestamp("2026-01-01", tz="UTC")})
    >>> roles = [Indicator(name, {}, role="agreement") for name in ("S1", "S2", "S3")]
    >>> found = quality(f, roles)
    >>> found.marks.to_numpy().tolist()
    [[True, False, False, True], [False, False, False, True]]
    >>> found.counts.loc["a", ["flagged", "straight_lining", "duplicate"]].tolist()
    [2, 1, 2]
    """
    missing = [name for name in OWN if name not in frame.columns]
    if missing:
        raise ValueError(f"the frame has no column {', '.join(missing)}")
    roles = [replace(one, kind=None) for one in indicators if one.role is not None]
    named = dict.fromkeys(one.name for one in roles)
    # What no flag needs is not sorted.
    narrow = frame[[*OWN, *(name for name in named if name in frame.columns and name not in OWN)]]
    codes = [str(code) for code in pd.unique(narrow["village"])]
    data = answers(narrow, codes, measures(roles, {}))
    row, rosters = data.row, weights(data)
    said = [one.name for one in roles if one.role == "agreement" and one.name in narrow.columns]
    points = np.full((len(row), len(said)), np.nan)
    for place, name in enumerate(said):
        of_row, texts = _distinct(narrow[name])
        numbers = pd.to_numeric(pd.Series(texts, dtype=str), errors="coerce")
        points[:, place] = numbers.to_numpy(np.float64)[of_row[row]]
    mode, path = (_distinct(narrow[name]) for name in ("mode", "path"))
    seconds = narrow["seconds"].to_numpy(np.float64)[row]
    told = groups((mode[0][row], mode[1]), (path[0][row], path[1]), data.user)
    pace = pace or Pace.of(seconds, told)
    marks = np.zeros((len(frame), len(FLAGS)), np.bool_)
    marks[row] = np.column_stack(
        [
            straight_lining(points),
            fast(seconds, told, pace),
            contradiction(data, rosters),
            duplicate(
                data.village[data.home],
                data.entry,
                narrow["same"].to_numpy(np.uint64)[row],
                narrow["answered"].to_numpy(np.int64)[row],
            ),
        ]
    )
    return Quality(
        pd.DataFrame(marks, index=frame.index, columns=list(FLAGS)),
        _counts(data, rosters, marks[row], codes),
        pace,
    )


def straight_lining(points: Floats) -> Bools:
    """Whether somebody gave the same answer to all questions of agreement.

    points: (rows, questions) 1-5, another number for an answer that is no point of the scale, NaN
    where unanswered.

    >>> nan = np.nan
    >>> straight_lining(np.array([[5, 5, 5, nan], [3, 3, 3, 3], [8, 8, 8, 8], [1, 1, 1, 8.0]]))
    array([ True, False, False, False])
    """
    given = np.isfinite(points)
    lowest = np.where(given, points, np.inf).min(axis=1, initial=np.inf)
    highest = np.where(given, points, -np.inf).max(axis=1, initial=-np.inf)
    line: Bools = (
        (given.sum(axis=1) >= STATEMENTS)
        & (lowest == highest)
        & (lowest >= LOWEST)
        & (lowest <= HIGHEST)
        & (lowest != MIDDLE)
    )
    return line


def speeding(seconds: Floats, mode: Ints, path: Ints, user: Floats) -> Bools:
    """Whether somebody took under a third of the median of the same path and mode.

    All (rows,): seconds NaN where not known; mode a code from 0; path a code, -1 where not known;
    user 1, 0 or NaN; what is compared with what: see `surveys.estimation.pace`.

    >>> seconds = np.array([300.0] * 9 + [99, 101])
    >>> none = np.zeros(11, int)
    >>> speeding(seconds, none, none, np.ones(11))[8:]
    array([False,  True, False])
    """
    named = [(codes, [str(one) for one in range(int(codes.max(initial=0)) + 1)])
             for codes in (mode, path)]  # fmt: skip
    told = groups(named[0], named[1], user)
    return fast(seconds, told, Pace.of(seconds, told))


def fast(seconds: Floats, told: Sequence[Group], pace: Pace) -> Bools:
    """(rows,) whether somebody took under a third of what is typical."""
    found: Bools = seconds < pace.typical(told) / PART_OF_MEDIAN
    return found


def contradiction(data: Answers, rosters: Weights) -> Bools:
    """(rows,) whether the roster of the person's home cannot be right (see above).

    A roster with fewer online adults than users who answered marks all submissions of the home.
    """
    larger = (data.online_adults > data.adults) | (data.no_phone > data.adults)
    wrong: Bools = rosters.short[data.home] | larger
    return wrong


def duplicate(village: Ints, entry: Ints, same: NDArray[np.uint64], answered: Ints) -> Bools:
    """Whether somebody of another entry in the village answered the same, at least 15 questions.

    All (rows,); same and answered from `surveys.estimation.measured.fingerprint`. Not caught:
    copies with one answer changed, copies in another village, and several persons answered for
    alike through one entry.

    >>> none = np.zeros(4, int)
    >>> duplicate(none, np.array([0, 1, 2, 2]), np.array([5, 5, 6, 6], np.uint64), none + 15)
    array([ True,  True, False, False])
    """
    code, kinds = pd.factorize(same)
    by = pd.Series(entry).groupby(village * max(len(kinds), 1) + code)
    several = by.transform("min").to_numpy() != by.transform("max").to_numpy()
    found: Bools = several & (answered >= ENOUGH)
    return found


def _distinct(column: pd.Series[str]) -> tuple[Ints, list[str]]:
    """Codes of a column's rows and the texts they stand for; "" for nothing."""
    codes, found = pd.factorize(column)
    # pandas gives -1 to None and NaN: the last entry, "".
    return codes.astype(np.int64), [*(str(text) for text in found), ""]


def _counts(data: Answers, rosters: Weights, marks: Bools, codes: Sequence[str]) -> pd.DataFrame:
    village = data.village[data.home]

    def persons(which: Bools) -> Ints:
        return np.bincount(village[which], minlength=len(codes))

    def homes(which: Bools) -> Ints:
        return np.bincount(data.village[which], minlength=len(codes))

    columns = {
        "persons": persons(np.ones(len(data), np.bool_)),
        "homes": homes(np.ones(data.homes, np.bool_)),
        "flagged": persons(marks.any(axis=1) | data.flags["flagged"]),
        **{name: persons(marks[:, place]) for place, name in enumerate(FLAGS)},
        "rosters_differ": homes(rosters.differ),
        "rosters_short": homes(rosters.short),
    }  # fmt: skip
    return pd.DataFrame(columns, index=list(codes))
