"""Homes that answered and homes that were visited, and what a follow-up says of them by loops."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from estimation_samples import person

NAN = float("nan")
STEPS = (1e-4, -1e-4)


class Home(NamedTuple):
    """A home: its roster as told (None: not given), and who answered: a user's score (NaN: none),
    None for a non-user, "?" where it is not known whether the person is online."""

    visited: bool
    adults: int | None
    online: int | None
    people: tuple[float | str | None, ...]


def rows_of(village: str, homes: Sequence[Home]) -> list[dict[str, object]]:
    return [
        person(
            village, f"{number:05}", who, mode="visited" if home.visited else "self",
            A6="" if home.adults is None else str(home.adults), A7="0",
            A8="" if home.online is None else str(home.online),
            user={None: "0", "?": ""}.get(one, "1") if not isinstance(one, float) else "1",
            s_use="0" if one is None else "" if one == "?" or one != one else str(one),
        )
        for number, home in enumerate(homes)
        for who, one in enumerate(home.people)
    ]  # fmt: skip


class Counted(NamedTuple):
    """A home that can be used: what it stands for, in adults and in users, and its users' mean."""

    visited: bool
    adults: float
    users: float
    mean: float
    """NaN where no user has a value."""


def counted(homes: Sequence[Home], households: float) -> list[Counted]:
    """The method word for word, home by home."""
    came = sum(not home.visited for home in homes)
    found = []
    for home in homes:
        users = [one for one in home.people if isinstance(one, float)]
        asked = len(users) + home.people.count(None)
        told = home.adults is not None and home.online is not None and home.online <= home.adults
        adults = max(home.adults or 0, len(home.people))
        if home.visited and asked:
            online = adults / asked * len(users)
        elif not home.visited and told and (users or home.online == 0):
            online = float(max(home.online or 0, len(users)))
        else:
            continue
        known = [one for one in users if one == one]
        mean = sum(known) / len(known) if known else NAN
        found.append(Counted(home.visited, adults, online, mean))
    size = {side: sum(one.visited is side for one in found) for side in (True, False)}
    stand = {True: households - came, False: float(came)}
    return [
        one._replace(
            adults=one.adults * stand[one.visited] / size[one.visited],
            users=one.users * stand[one.visited] / size[one.visited],
        )
        for one in found
    ]


def ratios(homes: Sequence[Counted], times: Sequence[float]) -> list[float]:
    """π, ū and Ū where each home counts so many times."""
    adults = online = top = 0.0
    sides = (True, False)
    known = dict.fromkeys(sides, 0.0)
    total = dict.fromkeys(sides, 0.0)
    for home, often in zip(homes, times, strict=True):
        adults += often * home.adults
        online += often * home.users
        if home.mean == home.mean:
            known[home.visited] += often * home.users
            total[home.visited] += often * home.users * home.mean
    for home, often in zip(homes, times, strict=True):
        if home.users and home.mean == home.mean:
            top += often * home.users * home.mean
        elif home.users:
            side = home.visited
            top += often * home.users * (total[side] / known[side] if known[side] else NAN)
    return [online / adults, top / online if online else NAN, top / adults]


def by_loops(homes: Sequence[Home], households: float) -> tuple[list[float], list[float], int]:
    """π, ū, Ū, their variances and m2; e_h by moving what each home counts a little."""
    found = counted(homes, households)
    e: list[list[float]] = [[], [], []]
    for place, home in enumerate(found):
        if home.visited:
            up, down = ([1 + step * (place == at) for at in range(len(found))] for step in STEPS)
            moved = zip(ratios(found, up), ratios(found, down), strict=True)
            for kind, (more, less) in enumerate(moved):
                e[kind].append((more - less) / (STEPS[0] - STEPS[1]))
    m = len(e[0])
    f = m / (households - sum(not home.visited for home in homes))
    variances = [
        (1 - f) * m / (m - 1) * sum((one - sum(each) / m) ** 2 for one in each) for each in e
    ]
    return ratios(found, [1.0] * len(found)), variances, m


def followed_homes(seed: int = 5) -> list[Home]:
    """A village where who stayed away is less online and does less; some homes say too little."""
    dice = np.random.default_rng(seed)
    came = [Home(False, 3, 2, tuple(map(float, dice.integers(0, 101, 2)))) for _ in range(26)]
    door = [
        Home(True, 3, None, (float(dice.integers(10, 30)), None, None))
        if at % 2
        else Home(True, 2, None, (None, None))
        for at in range(14)
    ]
    return [*came, *door, Home(True, 2, 1, ("?",)), Home(False, None, None, (90.0,))]
