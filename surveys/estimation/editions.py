"""Which answers an edition holds, so that two editions do not give away who came between them.

A village's numbers change only when at least 10 users of 5 homes have come or gone since they were
last made, at the wave's end too; non-users wait for each other in the same way. A breakdown changes
only when in each of its categories nobody has come or so many have. Villages too small to be shown
go together with the small ones of their area. An area holds what its villages' editions hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from surveys.estimation.disclosure import HOMES, PERSONS
from surveys.estimation.frame import Bools

BROKEN = ("sex", "age", "schooling")
"""Breakdowns, which have editions of their own."""
TOLD = ("told", *(f"told_{name}" for name in BROKEN))
"""Whether the row of the village (and of each breakdown) was shown when the edition was made."""
HELD = ("village", "submission", "home", *BROKEN, *TOLD)
"""The columns of what editions hold: who, whether in each breakdown, and what of it was shown."""
_KEYS = ["village", "submission"]


@dataclass(frozen=True, slots=True)
class Editions:
    """What every village's edition holds now."""

    used: Bools
    """(rows of now,)"""
    broken: Mapping[str, Bools]
    """Of each breakdown (rows of now,) whether its edition holds the row."""
    advanced: frozenset[str]
    """Villages that hold other answers than before."""
    frozen: frozenset[str]
    """Villages of which some have gone since, too few for a new edition: what was made of them
    stands, and cannot be made again."""
    waiting: Mapping[str, int]
    """Village -> persons who answered and will be in a later edition."""
    known: Mapping[str, frozenset[str]]
    """Of each of `TOLD` the villages whose row was shown and holds the same answers now: it cannot
    be hidden any more."""
    secret: Mapping[str, frozenset[str]]
    """Of each of `TOLD` those whose row was hidden, and holds the same: it stays so."""


def editions(
    now: pd.DataFrame,
    held: pd.DataFrame,
    above: Mapping[str, str],
    left: pd.DataFrame | None = None,
) -> Editions:
    """Who is in the editions, of who has answered `now` and who is `held` by the ones before.

    now: a row a submission, with the columns village, submission, home, user (whether a user), and
    of each breakdown the category, -1 where it is not known; held: as `HELD`; above: of each
    village the area right above it; left: of those that were held who may leave, and is in neither
    (see `surveys.estimation.leaving`).

    >>> now = pd.DataFrame({"village": "a", "submission": range(14), "home": range(14),
    ...                     "user": True, "sex": 0, "age": 0, "schooling": [0] * 11 + [1] * 3})
    >>> first = editions(now, nothing_held(), {"a": "T"})
    >>> int(first.used.sum()), int(first.broken["sex"].sum()), int(first.broken["schooling"].sum())
    (14, 14, 0)
    >>> old = now[["village", "submission", "home"]].assign(sex=True, age=True, schooling=False)
    >>> old = old.assign(told=True, told_sex=True, told_age=True, told_schooling=False)
    >>> found = editions(now, old.iloc[:12], {"a": "T"})
    >>> int(found.used.sum()), found.waiting
    (12, {'a': 2})
    """
    before = pd.MultiIndex.from_frame(held[_KEYS])
    rows = pd.MultiIndex.from_frame(now[_KEYS])
    old = np.asarray(rows.isin(before), np.bool_)
    gone = held[~before.isin(rows)]
    user = now["user"].to_numpy(bool)
    used = old.copy()
    for kind in (user, ~user):
        # Who has gone may have been either: they count with both.
        moved = pd.concat([now.loc[kind & ~old, ["village", "home"]], gone[["village", "home"]]])
        moving = _moving(_counted(moved), _counted(now[kind & old]), above)
        used |= kind & now["village"].isin(list(moving)).to_numpy()
    broken = {name: _breakdown(now, held, name, used & user, above) for name in BROKEN}
    left = nothing_held() if left is None else left
    moved_on = set(now.loc[used & ~old, "village"]) | set(left["village"])
    new: dict[str, set[str]] = {"told": moved_on}
    for name, inside in broken.items():
        was = pd.MultiIndex.from_frame(held.loc[held[name].to_numpy(bool), _KEYS])
        new[f"told_{name}"] = set(now.loc[inside & ~np.asarray(rows.isin(was)), "village"])
        new[f"told_{name}"] |= set(left.loc[left[name].to_numpy(bool), "village"])
    there = set(held["village"])
    told = {name: set(held.loc[held[name].to_numpy(bool), "village"]) for name in TOLD}
    waits = now.loc[~used, "village"].value_counts()
    # A new edition leaves out who has gone; without one they are still in the numbers.
    return Editions(
        used=used,
        broken=broken,
        advanced=frozenset(str(village) for some in new.values() for village in some),
        frozen=frozenset(map(str, set(gone["village"]) - moved_on)),
        waiting={str(name): int(n) for name, n in waits.items()},
        known={name: frozenset(map(str, told[name] - new[name])) for name in TOLD},
        secret={name: frozenset(map(str, there - told[name] - new[name])) for name in TOLD},
    )


def _breakdown(
    now: pd.DataFrame, held: pd.DataFrame, name: str, users: Bools, above: Mapping[str, str]
) -> Bools:
    """(rows,) whether the edition of a breakdown holds them: all users, or those it held."""
    inside = held[held[name].to_numpy(bool)]
    before, rows = (pd.MultiIndex.from_frame(one[_KEYS]) for one in (inside, now))
    old = np.asarray(rows.isin(before), np.bool_)
    gone = inside[~before.isin(rows)]
    come = now.loc[users & ~old, ["village", "home", name]]
    size = _counted(inside)
    lost = set(gone["village"])
    moving = set(come["village"])
    while True:
        ready = set(moving)
        # Who waits in one category waits in all, and is no company to others then.
        come = come[come["village"].isin(list(moving))]
        for category in (0, 1, -1):
            part = come.loc[come[name] == category, ["village", "home"]]
            # Nobody of a category has come: that is well too, unless someone may have gone from it.
            ready &= _moving(_counted(part), size, above) | (moving - set(part["village"]) - lost)
        if ready == moving:
            return old | (users & now["village"].isin(list(moving)).to_numpy())
        moving = ready


def _moving(change: pd.DataFrame, size: pd.DataFrame, above: Mapping[str, str]) -> set[str]:
    """Villages of which enough have come or gone, alone or with the small ones of their area."""
    alone = _enough(change)
    was = size.reindex(change.index, fill_value=0)
    # Never shown by themselves: they may go together without telling who of them has moved.
    small = ~_enough(was) & ~alone
    area = pd.Series({village: above[village] for village in change.index}, dtype=object)
    joint = change[small].groupby(area[small]).sum()
    together = small & area.isin(joint.index[_enough(joint)])
    return set(change.index[alone | together])


def everything(rows: int) -> Editions:
    """All answers, where no editions are made.

    >>> everything(2).used
    array([ True,  True])
    """
    nobody = dict.fromkeys(TOLD, frozenset[str]())
    return Editions(np.ones(rows, np.bool_), {}, frozenset(), frozenset(), {}, nobody, nobody)


def nothing_held() -> pd.DataFrame:
    """What is held before the first edition.

    >>> len(nothing_held())
    0
    """
    return pd.DataFrame({name: pd.Series(dtype=object) for name in HELD})


def enough_moved(now: pd.DataFrame, before: pd.DataFrame) -> bool:
    """Whether enough came or went between two sets of submissions for a new edition.

    now, before: with the columns submission and home.

    >>> old = pd.DataFrame({"submission": range(12), "home": range(12)})
    >>> enough_moved(old, old.iloc[:2]), enough_moved(old, old.iloc[:3])
    (True, False)
    """
    gone = before[~before["submission"].isin(now["submission"])]
    come = now[~now["submission"].isin(before["submission"])]
    moved = pd.concat([come, gone])
    return len(moved) >= PERSONS and moved["home"].nunique() >= HOMES


def _counted(rows: pd.DataFrame) -> pd.DataFrame:
    grouped = rows.groupby("village", observed=True)["home"]
    return pd.DataFrame({"persons": grouped.size(), "homes": grouped.nunique()})


def _enough(counts: pd.DataFrame) -> pd.Series[bool]:
    return (counts["persons"] >= PERSONS) & (counts["homes"] >= HOMES)
