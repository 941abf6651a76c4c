"""Which answers an edition holds, so that two editions do not give away who came between them.

A village's numbers change only when at least 10 users of 5 homes have come since they were last
made, at the wave's end too; non-users wait for each other in the same way. A breakdown changes only
when in each of its categories nobody has come or so many have. Villages too small to be shown come
in at the wave's end, together with the small ones of their area: who came in among a few would be
told when their village grows. An area holds what its villages' editions hold.

Who is forgotten is in no table any more, so each number made without them would tell of them. A
village of which someone was forgotten is frozen: what was published of it stands, and it is in no
other number, until 10 users have come. Its non-users, and each breakdown, stay out until 10 of them
have come (in each category), unless nobody forgotten can have been among them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from surveys.estimation.disclosure import HOMES, PERSONS
from surveys.estimation.frame import Bools, Ints
from surveys.estimation.numbering import paired, present

BROKEN = ("sex", "age", "schooling")
"""Breakdowns, which have editions of their own."""
TOLD = ("told", *(f"told_{name}" for name in BROKEN))
"""Whether the row of the village (and of each breakdown) was shown when the edition was made."""
GONE = ("gone", "others")
HELD = ("village", "submission", "home", *BROKEN, *GONE, *TOLD)
"""The columns of what editions hold: who, whether in each breakdown, and what of it was shown.

gone: of an earlier edition, and forgotten since: what is out because of them (`others`: non-users;
each breakdown) waits for enough others."""
_KEYS = ["village", "submission"]
_WHO = [*_KEYS, "home"]


@dataclass(frozen=True, slots=True)
class Editions:
    """What every village's edition holds now."""

    used: Bools
    """(rows of now,) who is in the numbers of the village."""
    broken: Mapping[str, Bools]
    """Of each breakdown (rows of now,) who is in its numbers."""
    hold: pd.DataFrame
    """The columns of `HELD` but `TOLD`: whom the editions hold now, in numbers or not."""
    advanced: frozenset[str]
    """Villages that hold other answers than before."""
    frozen: frozenset[str]
    """Villages of which someone was forgotten since: what was made of them stands, and cannot be
    made again."""
    waiting: Mapping[str, int]
    """Village -> persons who answered and will be in a later edition."""
    known: Mapping[str, frozenset[str]]
    """Of each of `TOLD` the villages whose row was shown and holds the same answers now: it cannot
    be hidden any more."""
    secret: Mapping[str, frozenset[str]]
    """Of each of `TOLD` those whose row was hidden, and holds the same: it stays so."""

    @property
    def unsettled(self) -> frozenset[str]:
        """Villages of which someone was forgotten, as long as anything waits because of that."""
        ghosts = self.hold["gone"].to_numpy(bool)
        return self.frozen | frozenset(map(str, _villages(self.hold.loc[ghosts, "village"])))


def editions(
    now: pd.DataFrame,
    held: pd.DataFrame,
    above: Mapping[str, str],
    left: pd.DataFrame | None = None,
    *,
    over: bool = False,
) -> Editions:
    """Who is in the editions, of who has answered `now` and who is `held` by the ones before.

    now: a row a submission, with the columns village, submission, home, user (whether a user), and
    of each breakdown the category, -1 where it is not known; held: as `HELD`; above: of each
    village the area right above it; left: of those that were held who may leave, and is in neither
    (see `surveys.estimation.leaving`);
    over: the wave is closed, nobody can come any more.

    >>> now = pd.DataFrame({"village": "a", "submission": range(14), "home": range(14),
    ...                     "user": True, "sex": 0, "age": 0, "schooling": [0] * 11 + [1] * 3})
    >>> first = editions(now, nothing_held(), {"a": "T"})
    >>> int(first.used.sum()), int(first.broken["sex"].sum()), int(first.broken["schooling"].sum())
    (14, 14, 0)
    >>> old = now[["village", "submission", "home"]].assign(sex=True, age=True, schooling=False)
    >>> old = old.assign(told=True, told_sex=True, told_age=True, told_schooling=False)
    >>> old = old.assign(gone=False, others=False)
    >>> found = editions(now, old.iloc[:12], {"a": "T"})
    >>> int(found.used.sum()), found.waiting
    (12, {'a': 2})
    """
    members, past = (held[held["gone"].to_numpy(bool) == one] for one in (False, True))
    place = _place(now, members)
    old = place >= 0
    lost = members[~np.isin(np.arange(len(members)), place)]
    user = now["user"].to_numpy(bool)
    # Where someone is gone it is not known of which kind: they are no company at the wave's end.
    someone = _villages(lost["village"])
    here = {village: area for village, area in above.items() if village not in someone}
    together = here if over else {}
    moving = {
        kind: _moving(
            _counted(now[of & ~old]), _counted(now[of & old]), together
        )
        for kind, of in ((True, user), (False, ~user))
    }  # fmt: skip
    frozen = someone - moving[True]
    come = np.where(user, _of(now, moving[True] - frozen), _of(now, moving[False] - frozen))
    keeps = old | come
    # Breakdowns are of users: who was in one was no non-user.
    absent = lost.assign(others=~lost[list(BROKEN)].any(axis=1), gone=True)
    absent = pd.concat([past, absent[~absent["village"].isin(list(frozen))]])
    quiet = _of_kind(absent, "others") - moving[False]
    used = keeps & ~(~user & _of(now, quiet))
    left = nothing_held() if left is None else left
    holds, broken = dict[str, Bools](), dict[str, Bools]()
    new, out = dict[str, set[str]](), {"told": frozen}
    new["told"] = _villages(now.loc[keeps & ~old, "village"]) | _villages(left["village"])
    absent["others"] &= absent["village"].isin(list(quiet))
    numbered = _Numbered(now)
    for name in BROKEN:
        was = old.copy()
        was[old] = members[name].to_numpy(bool)[place[old]]
        missing = _of_kind(absent, name)
        free = keeps & user & ~was & ~_of(now, frozen)
        holds[name] = was | _breakdown(numbered, free, was, now[name].to_numpy(np.int64), missing)
        moved = _villages(now.loc[holds[name] & ~was, "village"])
        broken[name] = holds[name] & ~_of(now, missing - moved)
        absent[name] &= absent["village"].isin(list(missing - moved))
        out[f"told_{name}"] = missing - moved
        new[f"told_{name}"] = moved | _villages(left.loc[left[name].to_numpy(bool), "village"])
    there = _villages(held["village"])
    told = {name: _villages(held.loc[held[name].to_numpy(bool), "village"]) for name in TOLD}
    waits = now.loc[~used, "village"].value_counts()
    mine = now.loc[keeps, ["village", "submission", "home"]].assign(
        **{name: one[keeps] for name, one in holds.items()}, gone=False, others=False
    )
    ghosts = absent[absent[["others", *BROKEN]].any(axis=1)]
    still = held["village"].isin(list(frozen))
    hold = pd.concat([held[still], mine[~mine["village"].isin(list(frozen))], ghosts])
    return Editions(
        used=used,
        broken=broken,
        hold=hold[[*_WHO, *BROKEN, *GONE]].drop_duplicates(_KEYS).reset_index(drop=True),
        advanced=frozenset(str(village) for some in new.values() for village in some),
        frozen=frozenset(map(str, frozen)),
        waiting={str(name): int(n) for name, n in waits.items()},
        known={name: frozenset(map(str, told[name] - new[name] - out[name])) for name in TOLD},
        secret={name: frozenset(map(str, there - told[name] - new[name])) for name in TOLD},
    )


def _place(now: pd.DataFrame, held: pd.DataFrame) -> Ints:
    """(rows of now,) where in `held` the same submission of the same village is; -1: nowhere."""
    if not len(held):
        return np.full(len(now), -1, np.int64)
    # As numbers: an index of two texts sorts a million of them.
    both = [pd.factorize(pd.concat([now[key], held[key]]))[0].astype(np.int64) for key in _KEYS]
    pairs = both[0] * (int(both[1].max()) + 1) + both[1]
    found = pd.Index(pairs[len(now) :]).get_indexer(pd.Index(pairs[: len(now)]))
    return np.asarray(found, np.int64)


def _villages(column: pd.Series[str]) -> set[str]:
    """Which villages stand in a column; pandas makes a text anew for each row that is gone over."""
    return set(column.unique().tolist())


def _of(now: pd.DataFrame, villages: Collection[str]) -> Bools:
    """(rows,) of these villages."""
    return now["village"].isin(list(villages)).to_numpy(bool)


def _of_kind(absent: pd.DataFrame, name: str) -> set[str]:
    """Villages where someone who may have been of a kind, or was in a breakdown, is gone."""
    return _villages(absent.loc[absent[name].to_numpy(bool), "village"])


def _breakdown(
    now: _Numbered, free: Bools, was: Bools, categories: Ints, missing: set[str]
) -> Bools:  # fmt: skip
    """(rows,) who comes into a breakdown.

    free: who may; was: who is in it; categories: of each row, -1 where it is not known; missing:
    villages where someone of it is gone, so that both categories, and the unknown one if it has
    anybody, need others.
    """
    village = now.village
    needed = now.those(missing)
    unknown = np.zeros(len(needed), np.bool_)
    unknown[village[was & (categories == -1)]] = True
    moving = np.zeros(len(needed), np.bool_)
    moving[village[free]] = True
    while True:
        ready = moving.copy()
        # Who waits in one category waits in all, and is no company to others then.
        come = free & moving[village]
        for category in (0, 1, -1):
            persons, homes = now.counted(come & (categories == category))
            enough = (persons >= PERSONS) & (homes >= HOMES)
            others = needed if category >= 0 else needed & unknown
            ready &= enough | (moving & (persons == 0) & ~others)
        if (ready == moving).all():
            return come
        moving = ready


class _Numbered:
    """Who has answered, villages and homes as numbers: counted many times."""

    def __init__(self, now: pd.DataFrame) -> None:
        villages, self._names = pd.factorize(now["village"])
        homes, _ = pd.factorize(now["home"])
        self.village = villages.astype(np.int64)
        """(rows,)"""
        self._home, self._of_home = paired(self.village, homes.astype(np.int64))

    def those(self, villages: set[str]) -> Bools:
        """(villages,) which are these."""
        return np.array([one in villages for one in self._names.tolist()], np.bool_)

    def counted(self, rows: Bools) -> tuple[Ints, Ints]:
        """(villages,) each: how many persons and homes these rows are."""
        count = len(self._names)
        homes = self._of_home[present(self._home[rows], len(self._of_home))]
        return (
            np.bincount(self.village[rows], minlength=count),
            np.bincount(homes, minlength=count),
        )  # fmt: skip


def _moving(change: pd.DataFrame, size: pd.DataFrame, above: Mapping[str, str]) -> set[str]:
    """Villages of which enough have come, alone or with the small ones of their area; above: empty
    where none go together."""
    alone = _enough(change)
    if not above:
        return set(change.index[alone])
    was = size.reindex(change.index, fill_value=0)
    # Never shown by themselves: they may go together without telling who of them has moved.
    small = ~_enough(was) & ~alone & change.index.isin(list(above))
    area = pd.Series({village: above.get(village) for village in change.index}, dtype=object)
    joint = change[small].groupby(area[small]).sum()
    together = small & area.isin(joint.index[_enough(joint)])
    return set(change.index[alone | together])


def area_moves(
    counted: pd.DataFrame,
    before: pd.DataFrame,
    standing: Collection[str],
    forgotten: Collection[str],
    *,
    over: bool,
) -> bool:
    """Whether an area gets a new edition.

    counted, before: who would be in it, and who is in the last one, with the columns submission and
    home; standing: submissions of frozen villages' editions; forgotten: those that are there no
    more. Frozen villages are not in it: where they are more than a quarter, or the wave is over,
    the last edition stands. Who was forgotten is no company to others.

    >>> old = pd.DataFrame({"submission": range(40), "home": range(40)})
    >>> new = pd.DataFrame({"submission": range(10, 60), "home": range(10, 60)})
    >>> [area_moves(new, old, range(n), [], over=False) for n in (10, 11)]
    [True, False]
    """
    aside = before["submission"].isin(list(standing))
    if aside.any() and (over or 4 * int(aside.sum()) > len(before)):
        return False
    return enough_moved(counted, before[~aside & ~before["submission"].isin(list(forgotten))])


def everything(rows: int) -> Editions:
    """All answers, where no editions are made.

    >>> everything(2).used
    array([ True,  True])
    """
    nobody, none = dict.fromkeys(TOLD, frozenset[str]()), frozenset[str]()
    return Editions(np.ones(rows, np.bool_), {}, nothing_held(), none, none, {}, nobody, nobody)


def nothing_held() -> pd.DataFrame:
    """What is held before the first edition.

    >>> len(nothing_held())
    0
    """
    return pd.DataFrame({name: pd.Series(dtype=object) for name in HELD})


def enough_moved(now: pd.DataFrame, before: pd.DataFrame) -> bool:
    """Whether enough came or left between two sets of submissions for a new edition.

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
