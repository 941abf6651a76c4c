"""Which rejected answers can leave the numbers, so that nobody's answer is told by their leaving.

A review is the choice of an administrator, who can reject one, ask for the profile, and take it
back. So what an edition holds stays in it, rejected or not, until enough leave together: of users,
of non-users and of each category of each breakdown nobody leaves, or 10 persons of 5 homes do, and
nobody stays, or as many. That is asked of every group of people who have been in the same editions:
then no sum of editions tells of fewer (docs/decisions/0011). Who has left does not come back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from surveys.estimation.disclosure import HOMES, PERSONS
from surveys.estimation.editions import BROKEN
from surveys.estimation.frame import Bools

Members = Mapping[str, str]
"""Of an edition: submission's key -> its home and the breakdowns that it is in."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """What a review rejected of that which editions hold."""

    keys: frozenset[str] = frozenset()
    """Of submissions that the newest edition of their village holds."""
    past: Mapping[str, Sequence[Members]] = field(default_factory=dict)
    """Village -> all its editions, the first one first."""


def leaving(now: pd.DataFrame, held: pd.DataFrame, rejected: Rejected) -> frozenset[str]:
    """The keys of those that leave now.

    now, held: as `surveys.estimation.editions.editions` takes them. From a village of which someone
    was forgotten nobody leaves before that is settled.

    >>> now = pd.DataFrame({"village": "a", "submission": [f"s{i}" for i in range(30)],
    ...     "home": range(30), "user": True, "sex": 0, "age": 0, "schooling": 0})
    >>> held = now[["village", "submission", "home"]].assign(sex=True, age=True, schooling=True)
    >>> past = {"a": [{f"s{i}": f"{i} sex age schooling" for i in range(30)}]}
    >>> keys = [f"s{i}" for i in range(10)]
    >>> len(leaving(now, held, Rejected(frozenset(keys), past)))
    10
    >>> len(leaving(now, held, Rejected(frozenset(keys[:9]), past)))
    0
    """
    found: set[str] = set()
    for village in sorted(set(now.loc[now["submission"].isin(rejected.keys), "village"])):
        own = held[held["village"] == village]
        here = now[(now["village"] == village) & now["submission"].isin(own["submission"])]
        if len(here) == len(own):
            found |= _of_village(here, rejected.keys, rejected.past.get(village, ()))
    return frozenset(found)


def _of_village(
    here: pd.DataFrame, keys: Collection[str], past: Sequence[Members]
) -> set[str]:  # fmt: skip
    submission, home = (here[name].to_numpy(object) for name in ("submission", "home"))
    going: Bools = here["submission"].isin(list(keys)).to_numpy(bool)
    groups = list(_groups(here, past))
    while True:
        before = int(going.sum())
        for group in groups:
            part, rest = group & going, group & ~going
            whole = _enough(home, part) and (not rest.any() or _enough(home, rest))
            if part.any() and not whole:
                going = going & ~part
        if int(going.sum()) == before:
            return set(submission[going])


def _groups(here: pd.DataFrame, past: Sequence[Members]) -> Iterator[Bools]:
    """People who were in the same editions, of each kind whose sum was told."""
    said = [[edition.get(key, "").split()[1:] if key in edition else None
             for key in here["submission"]] for edition in past]  # fmt: skip
    user = here["user"].to_numpy(bool)
    in_all = [tuple(one is not None for one in each) for each in zip(*said, strict=True)]
    for kind in (user, ~user):
        yield from _same(in_all, kind)
    for name in BROKEN:
        inside = [tuple(one is not None and name in one for one in each)
                  for each in zip(*said, strict=True)]  # fmt: skip
        category = here[name].to_numpy()
        for code in (0, 1, -1):
            yield from _same(inside, user & (category == code))


def _same(histories: Sequence[tuple[bool, ...]], kind: Bools) -> Iterator[Bools]:
    for history in sorted(set(histories)):
        if any(history):
            yield kind & np.array([one == history for one in histories], np.bool_)


def _enough(home: np.ndarray, who: Bools) -> bool:
    return int(who.sum()) >= PERSONS and len(set(home[who])) >= HOMES
