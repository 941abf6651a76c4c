"""Who of a simulated village answers, and the answers as the estimators take them.

Two random designs. `phones`: the phones of online adults come in one after the other, all alike (or
with a chance that goes with the owner), until so many homes are in. `homes`: so many homes are
reached at random, in each a phone is an entry with a chance of 0.7. On some phones a second online
adult of the home answers too, so that an entry has one or two users.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.estimation.frame import MODES, Answers
from tests.bench.coverage_population import ADULTS, Bools, Floats, Ints, Population

SHARED = 0.3
"""The chance that a second adult of the home answers on somebody's phone."""
WITHIN = 0.7
"""The chance of a phone in a home that was reached at random."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Who answers."""

    persons: Bools
    """(persons,)"""
    entry: Ints
    """(persons,) the person on whose phone; -1 for who does not answer."""


def by_phones(
    people: Population,
    goal: int,
    rng: np.random.Generator,
    *,
    chance: Floats | None = None,
    shared: float = SHARED,
) -> Drawn:
    """Phones come in one after the other, until just before one would bring in home goal + 1.

    chance: (persons,) the rate at which each online adult opens the link; None: all alike.
    """
    comes = _times(people, chance, rng)
    first = np.minimum.reduceat(comes, np.searchsorted(people.home, np.arange(people.homes)))
    start = np.searchsorted(people.village_of_home, np.arange(people.villages))
    end = first[np.lexsort((first, people.village_of_home))][start + goal]
    starts = comes < end[people.village]
    drawn, entry = _with_others(people, starts, shared, rng)
    return Drawn(drawn, entry)


def some_phones(
    people: Population, goal: int, rng: np.random.Generator, *, chance: Floats | None = None
) -> Drawn:
    """The first `goal` phones, one user each, that come in; chance as above."""
    comes = _times(people, chance, rng).reshape(people.villages, ADULTS)
    end = np.partition(comes, goal, axis=1)[:, goal]
    starts = (comes < end[:, None]).ravel()
    return Drawn(starts, np.where(starts, np.arange(len(starts)), -1))


def by_homes(
    people: Population, goal: int | Ints, rng: np.random.Generator, *, shared: float = SHARED
) -> Drawn:
    """The first `goal` homes, in a random order, in which somebody's phone is an entry.

    goal: one number, or (villages,).
    """
    starts = people.online & (rng.random(len(people.home)) < WITHIN)
    drawn, entry = _with_others(people, starts, shared, rng)
    kept = first_homes(people, people.of_home(drawn) > 0, goal, rng)[people.home]
    return Drawn(drawn & kept, np.where(kept, entry, -1))


def with_family(
    people: Population, drawn: Drawn, chance: float, rng: np.random.Generator, *, joined: bool
) -> Drawn:
    """The other phones of homes that are in follow the family link, each with a chance.

    joined: they count to the entry of a phone that was in before; else each is an entry of its own.
    """
    reached = people.of_home(drawn.persons) > 0
    more = people.online & ~drawn.persons & reached[people.home]
    more &= rng.random(len(more)) < chance
    own = np.arange(len(more))
    before = _one_of_each(people, drawn.entry == own, rng)[people.home]
    return Drawn(drawn.persons | more, np.where(more, before if joined else own, drawn.entry))


def first_homes(
    people: Population, able: Bools, goal: int | Ints, rng: np.random.Generator
) -> Bools:
    """(homes,) `goal` homes of each village, at random, of those that are able."""
    key = np.where(able, rng.random(people.homes), 2.0)
    order = np.lexsort((key, people.village_of_home))
    start = np.searchsorted(people.village_of_home, np.arange(people.villages))
    rank = np.empty(people.homes, np.int64)
    rank[order] = np.arange(people.homes) - start[people.village_of_home]
    return able & (rank < np.broadcast_to(goal, people.villages)[people.village_of_home])


def _times(people: Population, chance: Floats | None, rng: np.random.Generator) -> Floats:
    """(persons,) when each opens the link; never for who is not online."""
    wait = rng.exponential(size=len(people.home))
    if chance is not None:
        wait = wait / chance
    return np.where(people.online, wait, np.inf)


def _with_others(
    people: Population, starts: Bools, shared: float, rng: np.random.Generator
) -> tuple[Bools, Ints]:
    """(persons,) who answers and on whose phone, once one more of some homes has been let in.

    Both the one let in and the phone are drawn with equal chances among those of the home.
    """
    phone = _one_of_each(people, starts, rng)
    other = _one_of_each(people, people.online & ~starts, rng)
    both = (phone >= 0) & (other >= 0) & (rng.random(people.homes) < shared)
    drawn, entry = starts.copy(), np.where(starts, np.arange(len(starts)), -1)
    drawn[other[both]] = True
    entry[other[both]] = phone[both]
    return drawn, entry


def _one_of_each(people: Population, able: Bools, rng: np.random.Generator) -> Ints:
    """(homes,) one of the able, each with the same chance; -1 where there is none."""
    place = rng.permutation(np.flatnonzero(able))
    found = np.full(people.homes, -1, np.int64)
    found[people.home[place]] = place
    return found


def answers(people: Population, drawn: Drawn, visited: Bools | None = None) -> Answers:
    """What they answered; visited: (persons,) who was asked at home, online or not."""
    every = drawn.persons if visited is None else drawn.persons | visited
    rows = np.flatnonzero(every)
    homes, home = np.unique(people.home[rows], return_inverse=True)
    entry = np.where(drawn.persons[rows], drawn.entry[rows], rows)
    online = people.online[rows]
    mode = np.full(len(rows), MODES.index("self"))
    if visited is not None:
        mode[visited[rows]] = MODES.index("visited")
    adults = people.of_home(np.ones(len(people.home)))
    return Answers(
        village=people.village_of_home[homes],
        home=home.astype(np.int64),
        entry=np.unique(entry, return_inverse=True)[1].astype(np.int64),
        mode=mode.astype(np.int64),
        flags={},
        user=online.astype(np.float64),
        sex=people.sex[rows],
        age=people.age[rows],
        schooling=people.schooling[rows],
        adults=adults[people.home[rows]],
        no_phone=np.full(len(rows), np.nan),
        online_adults=people.of_home(people.online)[people.home[rows]],
        asks_phone=False,
        scores={
            name: np.where(online, values[rows], 0.0) for name, values in people.scores.items()
        },
        choices={},
        row=np.arange(len(rows)),
        names=homes.astype(object),
    )
