"""Editions by loops over people; and that none is made when a few are forgotten."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from estimation_samples import ABOUT, CHOICES, frame_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_estimation_disclosure import ALL, TOWNSHIPS, World, atoms, recovered

from surveys.estimation.editions import (
    BROKEN,
    HELD,
    TOLD,
    Editions,
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
    change: Mapping[str, list[dict[str, object]]], size: Mapping[str, list[dict[str, object]]]
) -> set[str]:
    """The rule word for word: enough by themselves, or with the small ones of their area."""
    moved = {village for village, people in change.items() if people}
    alone = {village for village in moved if enough(change[village])}
    small = {village for village in moved - alone if not enough(size.get(village, []))}
    for area in set(ABOVE.values()):
        together = [village for village in small if ABOVE[village] == area]
        if enough([one for village in together for one in change[village]]):
            alone |= set(together)
    return alone


def of_village(rows: pd.DataFrame) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {}
    for one in rows.to_dict("records"):
        found.setdefault(str(one["village"]), []).append(one)  # type: ignore[arg-type]
    return found


def by_loops(now: pd.DataFrame, held: pd.DataFrame) -> tuple[list[bool], dict[str, list[bool]]]:
    """(used, broken) of every row of now."""
    before, here = set(held["submission"]), set(now["submission"])
    old = [one in before for one in now["submission"]]
    gone = of_village(held[~held["submission"].isin(here)])
    used = list(old)
    for user in (True, False):
        of_kind = now[now["user"] == user]
        come = of_village(of_kind[~of_kind["submission"].isin(before)])
        change = {
            village: come.get(village, []) + gone.get(village, []) for village in {*come, *gone}
        }
        go = moving(change, of_village(of_kind[of_kind["submission"].isin(before)]))
        for at, one in enumerate(now.to_dict("records")):
            used[at] |= one["user"] == user and one["village"] in go
    broken = {}
    for name in BROKEN:
        inside = held[held[name].astype(bool)] if len(held) else held
        of_breakdown = set(inside["submission"])
        lost = set(inside.loc[~inside["submission"].isin(here), "village"])
        come = [
            one
            for at, one in enumerate(now.to_dict("records"))
            if used[at] and one["user"] and one["submission"] not in of_breakdown
        ]
        ready = {str(one["village"]) for one in come}
        while True:
            still = set(ready)
            for category in (0, 1, -1):
                part = [one for one in come if one[name] == category and one["village"] in ready]
                of = {village: [one for one in part if one["village"] == village]
                      for village in ready}  # fmt: skip
                go = moving(of, of_village(inside))
                still &= go | {village for village in ready - lost if not of[village]}
            if still == ready:
                break
            ready = still
        broken[name] = [
            one["submission"] in of_breakdown
            or bool(used[at] and one["user"] and one["village"] in ready)
            for at, one in enumerate(now.to_dict("records"))
        ]
    return used, broken


@st.composite
def rounds(draw: st.DrawFn) -> list[pd.DataFrame]:
    """Who has answered, three times: people come, and a few are forgotten."""
    dice = np.random.default_rng(draw(st.integers(0, 10**6)))
    likely = draw(st.sampled_from([0.5, 0.9]))
    people: list[dict[str, object]] = []
    found = []
    for _ in range(3):
        for village in ABOVE:
            for _ in range(draw(st.sampled_from([0, 0, 2, 4, 7, 10, 12, 25]))):
                people.append(
                    {
                        "village": village,
                        "submission": f"s{len(people)}",
                        "home": f"{village}{int(dice.integers(0, 12))}",
                        "user": bool(dice.random() < likely),
                        "sex": int(dice.choice([0, 1, -1], p=[0.5, 0.45, 0.05])),
                        "age": int(dice.integers(0, 2)),
                        "schooling": int(dice.choice([0, 1, -1], p=[0.6, 0.3, 0.1])),
                    }
                )
        for _ in range(draw(st.sampled_from([0, 0, 1, 3, 12]))):
            if people:
                people[int(dice.integers(0, len(people)))]["gone"] = True
        frame = pd.DataFrame([one for one in people if "gone" not in one])
        columns = ["village", "submission", "home", "user", *BROKEN]
        found.append(frame.reindex(columns=columns))
    return found


def keep(
    found: Editions, now: pd.DataFrame, held: pd.DataFrame, told: pd.DataFrame
) -> pd.DataFrame:
    """What is held then: of a frozen village what was."""
    kept = now.loc[found.used, ["village", "submission", "home"]]
    kept = kept.assign(**{name: found.broken[name][found.used] for name in BROKEN})
    kept = kept.assign(**{name: told.loc[kept["village"], name].to_numpy() for name in TOLD})
    both = [held[held["village"].isin(found.frozen)], kept[~kept["village"].isin(found.frozen)]]
    return pd.concat(both, ignore_index=True)[list(HELD)]


@settings(deadline=None, max_examples=15)
@given(rounds(), st.integers(0, 10**6))
def test_editions_are_those_of_the_rule_word_for_word(
    answered: list[pd.DataFrame], seed: int
) -> None:
    dice = np.random.default_rng(seed)
    held = nothing_held()
    for now in answered:
        if not len(now):
            continue
        found = editions(now, held, ABOVE)
        used, broken = by_loops(now, held)
        assert found.used.tolist() == used
        for name in BROKEN:
            assert found.broken[name].tolist() == broken[name], name
            assert not (found.broken[name] & ~found.used).any()
        waits = now[~found.used].groupby("village").size()
        assert dict(found.waiting) == dict(waits)
        gone = set(held.loc[~held["submission"].isin(now["submission"]), "village"])
        came = set(now.loc[found.used & ~now["submission"].isin(held["submission"]), "village"])
        assert found.frozen == gone - came
        assert came <= found.advanced
        for at, name in enumerate(TOLD):
            was = set(held.loc[held[name].astype(bool), "village"]) if len(held) else set()
            new = came
            if at:
                inside = found.broken[BROKEN[at - 1]]
                old = set(held.loc[held[BROKEN[at - 1]].astype(bool), "submission"])
                new = set(now.loc[inside & ~now["submission"].isin(old), "village"])
            assert found.known[name] == was - new
            assert found.secret[name] == set(held["village"]) - was - new
        told = pd.DataFrame(
            {name: dice.random(len(ABOVE)) < 0.5 for name in TOLD}, index=list(ABOVE)
        )
        held = keep(found, now, held, told)


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

    def publish(self) -> None:
        rows = [row for row in self.rows if row["submission"] not in self.gone]
        frame, about = frame_of(rows), about_of(ABOUT)
        above = {f"{t}{i}": t for t, count in TOWNSHIPS.items() for i in range(count)}
        table = pd.DataFrame(
            {
                "name": list(above),
                "area": [("P", "C" if t in "ab" else "D", t) for t in above.values()],
                "households": 150.0, "adults": 400.0, "adults_offline": 40.0, "target": 30.0,
            },
            index=list(above),
        )  # fmt: skip
        computed = compute(frame, table, ALL, CHOICES, ["d0"], held=self.held)
        held, frozen = computed.held(), computed.editions.frozen
        self.held = pd.concat(
            [held[~held["village"].isin(frozen)], self.held[self.held["village"].isin(frozen)]],
            ignore_index=True,
        )
        names = {name: f"in_{name}" for name in BROKEN}
        used = frame.merge(
            held.rename(columns=names).drop(columns="home"), on=["village", "submission"]
        )
        for code in above:
            if code not in frozen:
                # Of a frozen one what was made stands.
                self.learn(computed.village(code, about), used[used["village"] == code])
        for place in {one[:depth] for one in table["area"] for depth in (1, 2, 3)}:
            inside = [c for c, one in table["area"].items() if one[: len(place)] == place]
            members = held[held["village"].isin(inside)]
            before = self.kept.get(place)
            if before is None or enough_moved(members, before):
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
