"""Nothing hidden comes back: not by subtraction, not from one edition to the next.

The attacker here knows more than anyone can: of every number shown, exactly whose answers it is
made of, without rounding. What linear algebra then gives of any group of people must be of 10
persons of 5 homes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from estimation_samples import ABOUT, CHOICES, INDICATORS, frame_of, indicator, person
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.estimation.breakdowns import CATEGORIES
from surveys.estimation.disclosure import passes, shown
from surveys.estimation.editions import BROKEN, nothing_held
from surveys.estimation.profile import Figure, VillageProfile
from surveys.estimation.villages import about_of, compute

ALL = (*INDICATORS, indicator("A2", role="sex"), indicator("A4", role="schooling"))
TOWNSHIPS = {"a": 4, "b": 3, "c": 2, "d": 1}


# Which rows are shown ---------------------------------------------------------------------------


def leaves(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    count = draw(st.integers(1, 9))
    categories = draw(st.integers(1, 2))
    n = draw(
        st.lists(
            st.lists(st.integers(0, 25), min_size=categories, max_size=categories),
            min_size=count, max_size=count,
        )
    )  # fmt: skip
    homes = [[max(min(one, 1), one // draw(st.integers(1, 4))) for one in row] for row in n]
    township = np.array(draw(st.lists(st.integers(0, 2), min_size=count, max_size=count)))
    county = np.array([0, 0, 1])[township]
    beside = np.where(township == 2, 0, -1) if draw(st.booleans()) else np.full(count, -1)
    return np.array(n, float), np.array(homes, float), [township, beside, county, county * 0]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_subtraction_gives_only_sums_that_pass(data: st.DataObject) -> None:
    n, homes, levels = leaves(data.draw)
    found = shown(n, homes, passes(n, homes), levels)
    there = n.sum(axis=1) > 0
    rows = [np.eye(len(n))[at] for at in np.flatnonzero(found.leaves)]
    for level, areas in zip(levels, found.areas, strict=True):
        rows += [(level == at).astype(float) for at in np.flatnonzero(areas)]
        for at in np.flatnonzero(areas):
            assert passes(n[level == at].sum(0)[None], homes[level == at].sum(0)[None])[0]
    assert not (found.leaves & ~passes(n, homes)).any()
    hidden = np.flatnonzero(there & ~found.leaves)
    if not rows:
        return
    known = np.array(rows)
    for size in range(1, len(hidden) + 1):
        for these in combinations(hidden, size):
            target = np.zeros(len(n))
            target[list(these)] = 1
            # Leaves without anybody may be in a sum or not.
            free = np.vstack([known, np.eye(len(n))[~there]])
            if recovered(free, target):
                total = n[list(these)].sum(0), homes[list(these)].sum(0)
                assert size > 1
                assert passes(total[0][None], total[1][None])[0]


def recovered(known: np.ndarray, target: np.ndarray) -> bool:
    """Whether a combination of the known rows is the target."""
    answer = np.linalg.lstsq(known.T, target, rcond=None)[0]
    return bool(np.abs(known.T @ answer - target).max() < 1e-8)


def test_more_hidden_than_needed_is_not_hidden() -> None:
    n = np.array([[40.0], [6], [7], [30]])
    found = shown(n, n, passes(n, n), [np.zeros(4, int)])
    # The two small ones are 13 together.
    assert found.leaves.tolist() == [True, False, False, True]
    assert found.areas[0].tolist() == [True]


def table_of_all() -> pd.DataFrame:
    """The villages of these tests."""
    above = {f"{t}{i}": t for t, count in TOWNSHIPS.items() for i in range(count)}
    return pd.DataFrame(
        {
            "name": list(above),
            "area": [("P", "C" if t in "ab" else "D", t) for t in above.values()],
            "households": 150.0, "adults": 400.0, "adults_offline": 40.0, "target": 30.0,
        },
        index=list(above),
    )  # fmt: skip


# Everything that is shown, edition by edition --------------------------------------------------


@dataclass
class World:
    """People who answer over time, and all that is published of them."""

    rows: list[dict[str, object]] = field(default_factory=list)
    held: pd.DataFrame = field(default_factory=nothing_held)
    known: list[frozenset[str]] = field(default_factory=list)
    """Of each number shown, whose answers are in it."""

    def arrive(self, rng: np.random.Generator, sizes: Sequence[int], users: float = 0.9) -> None:
        """So many more people in each village, this share of them users."""
        villages = [f"{t}{i}" for t, count in TOWNSHIPS.items() for i in range(count)]
        for village, size in zip(villages, sizes, strict=True):
            for _ in range(size):
                number = len(self.rows)
                home = f"{village}-{number // 2 if rng.random() < 0.5 else number}"
                older = rng.random() < 0.3
                self.rows.append(
                    person(village, home, number, A6="3", A7="1", A8="2")
                    | {
                        "user": "1" if rng.random() < users else "0",
                        "A2": str(rng.choice(["f", "m", "99"], p=[0.5, 0.47, 0.03])),
                        "A3": str(rng.choice(["55", "65", "75"] if older else ["16", "35"])),
                        "A4": str(rng.choice(["1", "2", "3", "99"], p=[0.3, 0.4, 0.27, 0.03])),
                        "s_use": str(rng.integers(0, 11) * 10),
                        "c_dsi": str(rng.choice(["none", "low", "basic", "above"])),
                        "s_access": str(rng.integers(0, 11) * 10),
                        "p_fraud": str(rng.integers(0, 2)),
                        "G1": str(rng.choice(["net", "cost"])),
                    }
                )
                # Reasons are asked of non-users alone.
                if self.rows[-1]["user"] == "0":
                    self.rows[-1]["B6"] = str(rng.choice(["skill", "need"]))

    def publish(self, *, over: bool = False) -> None:
        """A new round: editions where enough has changed, and all profiles that can be asked."""
        frame, table = frame_of(self.rows), table_of_all()
        codes, about = list(table.index), about_of(ABOUT)
        computed = compute(frame, table, ALL, CHOICES, ["d0"], held=self.held, over=over)
        self.held = computed.held()
        used = frame.merge(
            computed.counted()
            .rename(columns={name: f"in_{name}" for name in BROKEN})
            .drop(columns="home"),
            on=["village", "submission"],
        )
        places = {one[:depth] for one in table["area"] for depth in (1, 2, 3)}
        profiles = {frozenset([code]): computed.village(code, about) for code in codes}
        for place in places:
            inside = frozenset(c for c, one in table["area"].items() if one[: len(place)] == place)
            profiles[inside] = computed.area(place, about)
        for inside, one in profiles.items():
            self.learn(one, used[used["village"].isin(list(inside))])
            if one.reference_use_of_users.value is not None:
                self.know(used[(used["village"] == "d0") & (used["user"] == "1")])
            if one.within is not None:
                for place in one.within.villages:
                    if number(place.use):
                        self.know(used[(used["village"] == place.code) & (used["user"] == "1")])

    def learn(self, one: VillageProfile, rows: pd.DataFrame) -> None:
        """What a profile tells: of whom each of its numbers is."""
        users = rows[rows["user"] == "1"]
        if any(number(figure) for figure in (one.use, one.use_of_users, one.online)):
            self.know(users)
        for index in one.indices:
            if number(index.village):
                whose = rows if index.base == "all" else users
                if index.name == "basic_skills":
                    whose = whose[whose["A3"] != "75"]
                self.know(whose)
        for shares in one.shares:
            if any(number(share.figure) for share in shares.shares):
                others = {"users": users, "non_users": rows.drop(users.index)}
                # What the ladder says of all adults rests on users and on rosters.
                self.know(users if shares.name == "c_dsi" else others.get(shares.of, rows))
        for broken in one.breakdowns:
            for group in broken.groups:
                if number(group.use):
                    inside = users[users[f"in_{broken.variable}"]]
                    self.know(inside[category(inside, broken.variable) == group.name])
        unequal, deprived = one.inequality, one.deprivation
        depth = () if unequal is None else (unequal.gini, unequal.by_schooling)
        if deprived is not None:
            depth += (deprived.headcount, deprived.intensity, deprived.adjusted)
        if any(number(figure) for figure in depth):
            self.know(users)

    def know(self, rows: pd.DataFrame) -> None:
        self.known.append(frozenset(rows["submission"]))


def number(figure: Figure) -> bool:
    return figure.value is not None


def category(rows: pd.DataFrame, variable: str) -> pd.Series:
    if variable == "sex":
        return rows["A2"]
    names = CATEGORIES[variable]  # type: ignore[index]
    if variable == "age":
        return rows["A3"].astype(int).ge(55).map({False: names[0], True: names[1]})
    codes = rows["A4"].astype(int)
    return codes.ge(3).map({False: names[0], True: names[1]}).where(codes < 10, "")


def atoms(world: World) -> tuple[np.ndarray, list[frozenset[str]]]:
    """Groups of people whom no shown number tells apart, and which number holds which group."""
    sets = sorted(set(world.known) - {frozenset()}, key=sorted)
    patterns: dict[tuple[bool, ...], set[str]] = {}
    for row in world.rows:
        key = str(row["submission"])
        patterns.setdefault(tuple(key in one for one in sets), set()).add(key)
    patterns.pop((False,) * len(sets), None)
    return np.array(list(patterns), float).T, [frozenset(one) for one in patterns.values()]


def too_few(world: World, people: frozenset[str]) -> bool:
    homes = {row["home"] for row in world.rows if row["submission"] in people}
    return len(people) < 10 or len(homes) < 5


@pytest.mark.parametrize("seed", range(8))
def test_no_small_group_can_be_recovered_from_all_that_is_shown(seed: int) -> None:
    """Every other time half of the people are no users: they have figures of their own."""
    rng = np.random.default_rng(seed)
    world = World()
    users = (0.9, 0.5)[seed % 2]
    kinds = [0, 3, 6, 8, 12, 18, 35, 60]
    world.arrive(rng, [int(rng.choice(kinds)) for _ in range(10)], users)
    world.publish()
    for _ in range(2):
        world.arrive(rng, [int(rng.choice([0, 0, 1, 2, 4, 9, 14])) for _ in range(10)], users)
        world.publish()
    world.publish(over=True)
    assert len(world.known) > 20
    nothing_small_is_recovered(world)


def nothing_small_is_recovered(world: World) -> None:
    known, groups = atoms(world)
    small = [at for at, people in enumerate(groups) if too_few(world, people)]
    # Groups of groups too: one, two or three of them that together are too few.
    for size in (1, 2, 3):
        for these in combinations(small, size):
            people = frozenset().union(*(groups[at] for at in these))
            if too_few(world, people):
                target = np.zeros(len(groups))
                target[list(these)] = 1
                assert not recovered(known, target), sorted(people)


def test_the_attack_finds_what_is_there_to_find() -> None:
    """Were the difference of two numbers a few people, the attack would say so."""
    world = World()
    world.arrive(np.random.default_rng(1), [20, 6, 0, 0, 0, 0, 0, 0, 0, 0])
    keys = [str(row["submission"]) for row in world.rows]
    world.known += [frozenset(keys), frozenset(keys[:20])]
    known, groups = atoms(world)
    few = next(at for at, people in enumerate(groups) if len(people) == 6)
    assert recovered(known, np.eye(len(groups))[few])
