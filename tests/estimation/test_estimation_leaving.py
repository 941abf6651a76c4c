"""By rejecting answers, and taking that back, nobody learns what fewer than ten people said."""

import random

import numpy as np
import pandas as pd

from surveys.estimation.editions import BROKEN, GONE, HELD, TOLD, editions, nothing_held
from surveys.estimation.leaving import Rejected, leaving
from tests.estimation.told import smallest_told

ABOVE = {"a": "T", "b": "T"}


class Reviewing:
    """Two villages over time, as `surveys.profiles` publishes them."""

    def __init__(self) -> None:
        self.people: list[dict[str, object]] = []
        self.rejected: set[str] = set()
        self.held = nothing_held()
        self.past: dict[str, list[dict[str, str]]] = {village: [] for village in ABOVE}
        self.left: set[str] = set()
        self.told: dict[str, list[frozenset[str]]] = {village: [] for village in ABOVE}

    def arrive(self, dice: random.Random, village: str, count: int) -> None:
        for _ in range(count):
            number = len(self.people)
            self.people.append(
                {
                    "village": village, "submission": f"s{number}", "home": f"h{number}",
                    "user": dice.random() < 0.85, "sex": dice.choice([0, 1]),
                    "age": dice.choice([0, 0, 0, 1]), "schooling": dice.choice([0, 1, 1, -1]),
                }
            )  # fmt: skip

    def review(self, keys: set[str], *, back: bool = False) -> None:
        """What has left cannot be taken back (surveys.publish.reviews.HasLeft)."""
        self.rejected = self.rejected - (keys - self.left) if back else self.rejected | keys

    def publish(self) -> None:
        held = set(self.held["submission"])
        rows = pd.DataFrame(
            [one for one in self.people
             if one["submission"] in held or one["submission"] not in self.rejected],
            columns=["village", "submission", "home", "user", *BROKEN],
        )  # fmt: skip
        # Somebody who was in no edition and is rejected is in none; who has left is rejected.
        gone = leaving(rows, self.held, Rejected(frozenset(self.rejected & held), self.past))
        self.left |= gone
        here = rows[~rows["submission"].isin(gone)]
        leave = self.held["submission"].isin(gone)
        found = editions(here, self.held[~leave], ABOVE, self.held[leave])
        kept = here.loc[found.used, ["village", "submission", "home"]]
        kept = kept.assign(**{name: found.broken[name][found.used] for name in BROKEN})
        kept = kept.assign(**dict.fromkeys(GONE, False), **dict.fromkeys(TOLD, True))
        self.held = kept[list(HELD)].reset_index(drop=True)
        for village in ABOVE:
            self.learn(village, here)

    def learn(self, village: str, here: pd.DataFrame) -> None:
        """An edition is kept, and each sum over ten or more of it is told."""
        own = self.held[self.held["village"] == village]
        members = {
            str(row.submission): " ".join(
                (str(row.home), *(name for name in BROKEN if getattr(row, name)))
            )
            for row in own.itertuples()
        }
        if not self.past[village] or members != self.past[village][-1]:
            self.past[village].append(members)
        rows = here.merge(own[["submission", *BROKEN]], on="submission", suffixes=("", "_in"))
        user = rows["user"].astype(bool)
        kinds = [user, ~user]
        for name in BROKEN:
            inside = user & rows[f"{name}_in"].astype(bool)
            both, rest = (
                [inside & (rows[name] == code) for code in (0, 1)],
                inside & (rows[name] < 0),
            )
            # A row is shown whole, and only where what is left of it is nobody or ten.
            if all(one.sum() >= 10 for one in both) and (rest.sum() == 0 or rest.sum() >= 10):
                kinds += both
        sets = [frozenset(rows.loc[kind, "submission"]) for kind in kinds]
        self.told[village] += [one for one in sets if len(one) >= 10]


def reviewed(seed: int, rounds: int = 6) -> Reviewing:
    dice = random.Random(seed)
    world = Reviewing()
    for _ in range(rounds):
        for village in ABOVE:
            world.arrive(dice, village, dice.choice([0, 5, 14, 60, 120]))
        everybody = [str(one["submission"]) for one in world.people]
        count = min(len(everybody), dice.choice([1, 9, 60, 150]))
        world.review(set(dice.sample(everybody, count)), back=dice.random() < 0.3)
        world.publish()
    return world


def test_no_sum_of_editions_tells_of_fewer_than_ten() -> None:
    left = 0
    for seed in (0, 1, 6, 9):
        world = reviewed(seed)
        left += len(world.left)
        assert all(smallest_told(told) >= 10 for told in world.told.values() if told), seed
    assert left > 50


def test_sixty_made_up_interviews_leave_together() -> None:
    dice = random.Random(1)
    world = Reviewing()
    world.arrive(dice, "a", 200)
    world.publish()
    before = len(world.held)
    made_up = {str(one["submission"]) for one in world.people[:120]}
    world.review(made_up)
    world.publish()
    assert len(world.left) > 60
    assert before - len(world.held) == len(world.left)
    assert world.left <= made_up
    assert smallest_told(world.told["a"]) >= 10


def test_who_is_rejected_alone_stays_until_others_go_along() -> None:
    dice = random.Random(2)
    world = Reviewing()
    world.arrive(dice, "a", 80)
    world.publish()
    world.review({"s0"})
    world.arrive(dice, "a", 60)
    world.publish()
    assert "s0" in set(world.held["submission"])
    # Nor is it told by nine who came and went again.
    assert smallest_told(world.told["a"]) >= 10


def test_from_where_someone_was_forgotten_nobody_leaves() -> None:
    now = pd.DataFrame({"village": "a", "submission": [f"s{i}" for i in range(40)],
                        "home": np.arange(40), "user": True, "sex": 0, "age": 0,
                        "schooling": 0})  # fmt: skip
    held = now[["village", "submission", "home"]].assign(sex=True, age=True, schooling=True)
    past = {"a": [{f"s{i}": f"{i} sex age schooling" for i in range(40)}]}
    rejected = Rejected(frozenset(f"s{i}" for i in range(15)), past)
    assert len(leaving(now, held, rejected)) == 15
    assert leaving(now.iloc[:39], held, rejected) == frozenset()
