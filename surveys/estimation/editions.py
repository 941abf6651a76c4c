"""Which answers an edition holds, so that two editions do not give away who came between them.

A village's numbers change only when at least 10 persons of 5 homes have come or gone since they
were last made, at the wave's end too. Villages too small to be shown go together with the small
ones of their area. An area holds what its villages' editions hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from surveys.estimation.disclosure import HOMES, PERSONS
from surveys.estimation.frame import Bools

KEYS = ["village", "submission"]


@dataclass(frozen=True, slots=True)
class Editions:
    """What every village's edition holds now."""

    used: Bools
    """(rows of now,)"""
    advanced: frozenset[str]
    """Villages with a new edition."""
    frozen: frozenset[str]
    """Villages of which some have gone since, too few for a new edition: what was made of them
    stands, and cannot be made again."""
    waiting: Mapping[str, int]
    """Village -> persons who answered and will be in its next edition."""


def editions(now: pd.DataFrame, before: pd.DataFrame, above: Mapping[str, str]) -> Editions:
    """Who is in the editions, from who has answered `now` and who was in the ones `before`.

    now, before: a row a submission, with the columns village, submission, home; above: of each
    village the area right above it.

    >>> now = pd.DataFrame({"village": "a", "submission": range(14), "home": range(14)})
    >>> old = now.iloc[:12]
    >>> int(editions(now, old.iloc[:0], {"a": "T"}).used.sum())
    14
    >>> found = editions(now, old, {"a": "T"})
    >>> int(found.used.sum()), found.waiting
    (12, {'a': 2})
    """
    both = now[[*KEYS, "home"]].merge(
        before[[*KEYS, "home"]], on=KEYS, how="outer", suffixes=("", "_before"), indicator=True
    )
    both["home"] = both["home"].where(both["_merge"] != "right_only", both["home_before"])
    moved = both[both["_merge"] != "both"]
    change = _counted(moved, "village")
    was = _counted(before, "village").reindex(change.index, fill_value=0)
    alone = _enough(change)
    # Never shown by themselves: they may go together without telling who of them has moved.
    small = ~_enough(was) & ~alone
    area = pd.Series({village: above[village] for village in change.index}, dtype=object)
    joint = change[small].groupby(area[small]).sum()
    together = small & area.isin(joint.index[_enough(joint)])
    advanced = frozenset(map(str, change.index[alone | together]))
    gone = set(moved.loc[moved["_merge"] == "right_only", "village"])
    come = moved[(moved["_merge"] == "left_only") & ~moved["village"].isin(list(advanced))]
    old = pd.MultiIndex.from_frame(before[KEYS])
    kept = pd.MultiIndex.from_frame(now[KEYS]).isin(old)
    return Editions(
        used=np.asarray(kept | now["village"].isin(list(advanced)).to_numpy(), np.bool_),
        advanced=advanced,
        frozen=frozenset(map(str, gone - advanced)),
        waiting={str(name): int(n) for name, n in come["village"].value_counts().items()},
    )


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


def _counted(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    grouped = rows.groupby(by, observed=True)["home"]
    return pd.DataFrame({"persons": grouped.size(), "homes": grouped.nunique()})


def _enough(counts: pd.DataFrame) -> pd.Series[bool]:
    return (counts["persons"] >= PERSONS) & (counts["homes"] >= HOMES)
