"""Editions by loops over people; and that none is made when a few are forgotten."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
from estimation_samples import ABOUT, CHOICES, frame_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_estimation_disclosure import (
    ALL,
    World,
    atoms,
    nothing_small_is_recovered,
    recovered,
    table_of_all,
)

from surveys.estimation.editions import (
    BROKEN,
    GONE,
    HELD,
    TOLD,
    area_moves,
    editions,
    enough_moved,
    everything,
    nothing_held,
)
from surveys.estimation.villages import about_of, compute

ABOVE = {"a1": "A", "a2": "A", "a3": "A", "b1": "B"}


# Who is in an edition ----------------------------------------------------------------------------


def enough(people: list[dict[str, object]]) -> bool:
    return len(people) >= 10 and len({one["home"] for one in people}) >= 5


def moving(
    change: Mapping[str, list[dict[str, object]]],
    size: Mapping[str, list[dict[str, object]]],
    together: Mapping[str, str],
) -> set[str]:
    """The rule word for word: enough by themselves, or with the small ones of their area."""
    moved = {village for village, people in change.items() if people}
    alone = {village for village in moved if enough(change[village])}
    small = {village for village in moved - alone if not enough(size.get(village, []))}
    for area in set(together.values()):
        joint = [village for village in small if together.get(village) == area]
        if enough([one for village in joint for one in change[village]]):
            alone |= set(joint)
    return alone


def of_village(rows: pd.DataFrame) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {}
    for one in rows.to_dict("records"):
        found.setdefault(str(one["village"]), []).append(one)  # type: ignore[arg-type]
    return found


@dataclass
class Loops:
    """What `by_loops` finds."""

    used: list[bool]
    broken: dict[str, list[bool]]
    frozen: set[str]
    hold: dict[str, set[str]]
    """Of everybody held: what they are in (a user: users; a breakdown), or what waits for them."""


def by_loops(now: pd.DataFrame, held: pd.DataFrame, over: bool) -> Loops:
    people = now.to_dict("records")
    here = {one["submission"] for one in people}
    before = {one["submission"]: one for one in held.to_dict("records") if not one["gone"]}
    ghosts = {one["submission"]: one for one in held.to_dict("records") if one["gone"]}
    lost = {key: one for key, one in before.items() if key not in here}
    left = {one["village"] for one in lost.values()}
    together = {village: area for village, area in ABOVE.items() if over and village not in left}
    go = {}
    for user in (True, False):
        kind = now[now["user"] == user]
        new = ~kind["submission"].isin(before)
        go[user] = moving(of_village(kind[new]), of_village(kind[~new]), together)
    frozen = left - go[True]
    in_it = [
        one["submission"] in before
        or (one["village"] in go[one["user"]] and one["village"] not in frozen)
        for one in people
    ]
    waits: dict[str, set[str]] = {}
    for key, one in {**ghosts, **lost}.items():
        if key in ghosts:
            waits[key] = {name for name in ("others", *BROKEN) if one[name]}
        elif one["village"] not in frozen:
            was_in = {name for name in BROKEN if one[name]}
            waits[key] = was_in or {"others"}
    village_of = {key: one["village"] for key, one in {**ghosts, **lost}.items()}

    def out(name: str) -> set[str]:
        return {village_of[key] for key, names in waits.items() if name in names}

    quiet = out("others") - go[False]
    for key, names in waits.items():
        if village_of[key] not in quiet:
            names.discard("others")
    used = [
        yes and not (not one["user"] and one["village"] in quiet)
        for one, yes in zip(people, in_it, strict=True)
    ]
    hold = {one["submission"]: set() for one, yes in zip(people, in_it, strict=True) if yes}
    broken = {}
    for name in BROKEN:
        inside = {key for key, one in before.items() if one[name]}
        missing = out(name)
        come = [
            one for one, yes in zip(people, in_it, strict=True)
            if yes and one["user"] and one["submission"] not in inside
            and one["village"] not in frozen
        ]  # fmt: skip
        ready = {str(one["village"]) for one in come}
        while True:
            still = set()
            for village in ready:
                fine = True
                for category in (0, 1, -1):
                    part = [o for o in come if o["village"] == village and o[name] == category]
                    some = [o for o in people if o["village"] == village
                            and o["submission"] in inside and o[name] == category]  # fmt: skip
                    needed = village in missing and (category >= 0 or some)
                    fine &= enough(part) or (not part and not needed)
                if fine:
                    still.add(village)
            if still == ready:
                break
            ready = still
        fresh = {one["submission"] for one in come if one["village"] in ready}
        for key in inside & here | fresh:
            hold.setdefault(key, set()).add(name)
        silent = missing - ready
        broken[name] = [
            one["submission"] in inside | fresh and one["village"] not in silent for one in people
        ]
        for key, names in waits.items():
            if village_of[key] not in silent:
                names.discard(name)
    hold |= {key: {"gone", *names} for key, names in waits.items() if names}
    for key, one in {**before, **ghosts}.items():
        if one["village"] in frozen:
            names = {name for name in (*GONE, *BROKEN) if one[name]}
            hold[key] = names
    hold = {
        key: names for key, names in hold.items()
        if key in before or key in ghosts or village_now(people, key) not in frozen
    }  # fmt: skip
    return Loops(used, broken, frozen, hold)


def village_now(people: list[dict], key: str) -> str:
    return next(str(one["village"]) for one in people if one["submission"] == key)


@st.composite
def rounds(draw: st.DrawFn) -> list[pd.DataFrame]:
    """Who has answered, three times: people come, and a few are forgotten."""
    dice = np.random.default_rng(draw(st.integers(0, 10**6)))
    likely = draw(st.sampled_from([0.5, 0.9]))
    people: list[dict[str, object]] = []
    found = []
    for _ in range(3):
        for village in ABOVE:
            # Sometimes nobody comes in one of the categories.
            ages, doubt = draw(st.sampled_from([1, 2])), draw(st.sampled_from([0.0, 0.1, 0.5]))
            for _ in range(draw(st.sampled_from([0, 0, 2, 4, 7, 10, 12, 25]))):
                people.append(
                    {
                        "village": village,
                        "submission": f"s{len(people)}",
                        "home": f"{village}{int(dice.integers(0, 12))}",
                        "user": bool(dice.random() < likely),
                        "sex": int(dice.choice([0, 1, -1], p=[0.5, 0.45, 0.05])),
                        "age": int(dice.integers(0, ages)),
                        "schooling": int(dice.choice([0, 1, -1], p=[0.5, 0.5 - doubt, doubt])),
                    }
                )
        for _ in range(draw(st.sampled_from([0, 0, 1, 3, 12]))):
            if people:
                people[int(dice.integers(0, len(people)))]["gone"] = True
        frame = pd.DataFrame([one for one in people if "gone" not in one])
        columns = ["village", "submission", "home", "user", *BROKEN]
        found.append(frame.reindex(columns=columns))
    return found


@settings(deadline=None, max_examples=40)
@given(rounds(), st.integers(0, 10**6))
def test_editions_are_those_of_the_rule_word_for_word(
    answered: list[pd.DataFrame], seed: int
) -> None:
    dice = np.random.default_rng(seed)
    held = nothing_held()
    for number, now in enumerate(answered):
        if not len(now):
            continue
        over = number == len(answered) - 1
        found, loops = editions(now, held, ABOVE, over=over), by_loops(now, held, over)
        assert found.used.tolist() == loops.used
        for name in BROKEN:
            assert found.broken[name].tolist() == loops.broken[name], name
            assert not (found.broken[name] & ~found.used).any()
        assert {
            one["submission"]: {name for name in (*GONE, *BROKEN) if one[name]}
            for one in found.hold.to_dict("records")
        } == loops.hold
        assert dict(found.waiting) == dict(now[~found.used].groupby("village").size())
        assert found.frozen == loops.frozen
        for at, name in enumerate(TOLD):
            was = set(held.loc[held[name].astype(bool), "village"]) if len(held) else set()
            old = held[~held["gone"].astype(bool)] if len(held) else held
            inside = found.hold[~found.hold["gone"].astype(bool)]
            if at:
                old = old[old[BROKEN[at - 1]].astype(bool)]
                inside = inside[inside[BROKEN[at - 1]].astype(bool)]
            new = set(inside.loc[~inside["submission"].isin(old["submission"]), "village"])
            of = BROKEN[at - 1] if at else "gone"
            # A breakdown that waited for others waits on while its village stands.
            waited = found.hold.loc[found.hold["gone"] & found.hold[of], "village"]
            out = set(waited) if at else found.frozen
            assert new <= found.advanced
            assert found.known[name] == was - new - out
            assert found.secret[name] == set(held["village"]) - was - new
        told = pd.DataFrame(
            {name: dice.random(len(ABOVE)) < 0.5 for name in TOLD}, index=list(ABOVE)
        )
        held = found.hold.assign(
            **{name: told.loc[found.hold["village"], name].to_numpy() for name in TOLD}
        )[list(HELD)]


def test_editions_of_all_answers() -> None:
    found = everything(3)
    assert found.used.tolist() == [True] * 3
    assert found.advanced == found.frozen == frozenset()
    assert found.known == found.secret == dict.fromkeys(TOLD, frozenset())


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 7)), max_size=40),
)
def test_enough_has_moved_when_ten_of_five_homes_came_or_went(people: list) -> None:
    rows = [
        {"submission": at, "home": home, "then": then, "now": now}
        for at, (then, now, home) in enumerate(people)
    ]
    frame = pd.DataFrame(rows, columns=["submission", "home", "then", "now"])
    moved = [one for one in rows if one["then"] != one["now"]]
    sets = (frame[frame[side].astype(bool)] for side in ("now", "then"))
    assert enough_moved(*sets) == enough(moved)


# Somebody is forgotten ---------------------------------------------------------------------------


@dataclass
class Forgetting(World):
    """What is published while some ask to be forgotten, as `surveys.profiles` publishes it."""

    gone: set[str] = field(default_factory=set)
    kept: dict[tuple[str, ...], pd.DataFrame] = field(default_factory=dict)
    """Of each area whose answers were in what was published last."""

    def forget(self, rng: np.random.Generator, count: int) -> None:
        """So many people leave; not those of the reference."""
        keys = [str(row["submission"]) for row in self.rows if row["village"] != "d0"]
        self.gone |= set(rng.choice(sorted(set(keys) - self.gone), count, replace=False))

    def publish(self, *, over: bool = False) -> None:
        rows = [row for row in self.rows if row["submission"] not in self.gone]
        frame, about = frame_of(rows), about_of(ABOUT)
        table = table_of_all()
        computed = compute(frame, table, ALL, CHOICES, ["d0"], held=self.held, over=over)
        held, frozen = computed.held(), computed.editions.frozen
        still = self.held["village"].isin(frozen)
        standing = set(self.held.loc[still, "submission"])
        self.held = pd.concat(
            [held[~held["village"].isin(frozen)], self.held[still]], ignore_index=True
        )
        counted = computed.counted()
        used = frame.merge(
            counted.rename(columns={name: f"in_{name}" for name in BROKEN}).drop(columns="home"),
            on=["village", "submission"],
        )
        for code in table.index:
            if code not in frozen:
                # Of a frozen one what was made stands.
                self.learn(computed.village(code, about), used[used["village"] == code])
        for place in {one[:depth] for one in table["area"] for depth in (1, 2, 3)}:
            inside = [c for c, one in table["area"].items() if one[: len(place)] == place]
            members = counted[counted["village"].isin(inside)]
            before = self.kept.get(place)
            if before is None or area_moves(members, before, standing, self.gone, over=over):
                self.kept[place] = members
                self.learn(computed.area(place, about), used[used["village"].isin(inside)])


def test_an_edition_without_who_left_would_give_them_away() -> None:
    """Were it made, it would be what was published less one person."""
    rng = np.random.default_rng(1)
    world = Forgetting()
    world.arrive(rng, [40, 0, 0, 0, 30, 0, 0, 0, 0, 30])
    world.publish()
    first = list(world.known)
    world.forget(rng, 1)
    world.publish()
    # What was published of the village, and of all above it, stands.
    assert set(world.known) - set(first) == set()
    world.held = nothing_held()
    world.kept.clear()
    world.publish()
    known, groups = atoms(world)
    (alone,) = [at for at, people in enumerate(groups) if people == frozenset(world.gone)]
    assert recovered(known, np.eye(len(groups))[alone])


@pytest.mark.parametrize("seed", [1, 2, 10])
def test_who_is_forgotten_is_told_by_nothing_published_after(seed: int) -> None:
    """Some leave between rounds, users or not; others come to their villages and elsewhere."""
    rng = np.random.default_rng(seed)
    world = Forgetting()
    users = (0.9, 0.6)[seed % 2]
    world.arrive(rng, [int(rng.choice([0, 8, 35, 60, 90])) for _ in range(10)], users)
    world.publish()
    for leaves in (1, 3):
        world.forget(rng, leaves)
        world.publish()
        world.arrive(rng, [int(rng.choice([0, 0, 9, 14, 25])) for _ in range(10)], users)
        world.publish(over=leaves > 1)
    nothing_small_is_recovered(world)
