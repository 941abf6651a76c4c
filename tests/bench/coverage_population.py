"""Villages of 600 adults as `make bench-coverage` simulates them, many at once.

A home shares a part of its people's skill, and of their chance to be online; both fall with age and
rise with schooling, and differ between villages, partly with their distance to the county seat.
All that is to be estimated is counted in the village itself: coverage is of these truths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ADULTS = 600
AREAS = 5
MOST = 4
"""Activities asked of each area; one done gives 50 points, two or more 100."""
AREA_STEP = np.array([0.9, 0.5, 0.2, -0.3, -0.8])
"""How much easier or harder the activities of an area are, on the logit."""
HOME_SIZES = np.array([0.15, 0.35, 0.27, 0.15, 0.08])
"""The shares of homes of 1 to 5 adults: 226 homes a village."""

# Standard deviations of what makes people differ, on the scale of the latent skill. A home's part
# gives U an intraclass correlation of about 0.35 among users.
VILLAGE, HOME, PERSON = 0.3, 0.85, 0.8
RING = 0.22
"""How much a step outward takes from skill and from being online."""
SKILL_AT, ONLINE_AT = -2.1, 1.8


@dataclass(frozen=True, slots=True)
class Population:
    """The adults of all villages, village by village and home by home."""

    villages: int
    village_of_home: Ints
    """(homes,)"""
    home: Ints
    """(persons,) ascending"""
    sex: Ints
    """(persons,) 0 or 1."""
    age: Floats
    schooling: Floats
    """(persons,) 0 none, 1 primary, 2 junior secondary, 3 senior secondary, 4 above."""
    known: Floats
    """(persons,) the part of the latent skill that goes with age and schooling."""
    skill: Floats
    """(persons,) what is left of skill without age and schooling, on a standard scale."""
    online: Bools
    """(persons,)"""
    scores: dict[str, Floats]
    """(persons,) use (0-100), and proportions (0/1) from common to rare: pays, basic, above. What
    stands here for offline people is never looked at: they count 0."""
    ring: Ints
    """(villages,) 0 county seat to 3 outlying hamlet."""

    @property
    def homes(self) -> int:
        return len(self.village_of_home)

    @property
    def village(self) -> Ints:
        """(persons,)"""
        return self.village_of_home[self.home]

    def of_home(self, per_person: NDArray[np.generic]) -> Floats:
        """(homes,) the sum over a home's people."""
        return np.bincount(self.home, per_person, minlength=self.homes).astype(np.float64)

    def of_village(self, per_person: NDArray[np.generic]) -> Floats:
        """(villages,) the sum over a village's people."""
        sums = np.bincount(self.village, per_person, minlength=self.villages)
        return sums.astype(np.float64)

    @property
    def offline(self) -> Floats:
        """(villages,) N₀: adults of homes where nobody is online."""
        nobody = self.of_home(self.online) == 0
        return self.of_village(nobody[self.home])

    @property
    def households(self) -> Floats:
        """(villages,)"""
        return np.bincount(self.village_of_home, minlength=self.villages).astype(np.float64)

    @property
    def share_online(self) -> Floats:
        """(villages,) π."""
        return self.of_village(self.online) / ADULTS

    def of_users(self, name: str) -> Floats:
        """(villages,) the mean over adults online."""
        users = self.of_village(self.online)
        return self.of_village(np.where(self.online, self.scores[name], 0.0)) / users

    def of_all(self, name: str) -> Floats:
        """(villages,) the mean over all adults; those who are not online count 0."""
        return self.of_village(np.where(self.online, self.scores[name], 0.0)) / ADULTS

    def take(self, chosen: Ints) -> Population:
        """Some villages, in this order; chosen twice, it is two villages of the same people."""
        rows = (chosen[:, None] * ADULTS + np.arange(ADULTS)).ravel()
        home = self.home[rows]
        begins = np.diff(home, prepend=-1) != 0
        begins[::ADULTS] = True
        village = np.repeat(np.arange(len(chosen)), ADULTS)
        return Population(
            villages=len(chosen),
            village_of_home=village[begins],
            home=np.cumsum(begins) - 1,
            sex=self.sex[rows],
            age=self.age[rows],
            schooling=self.schooling[rows],
            known=self.known[rows],
            skill=self.skill[rows],
            online=self.online[rows],
            scores={name: values[rows] for name, values in self.scores.items()},
            ring=self.ring[chosen],
        )

    def intraclass(self, name: str) -> float:
        """How alike users of one home are, within villages (one-way analysis of variance)."""
        y, home = self.scores[name][self.online], self.home[self.online]
        y = y - self.of_users(name)[self.village[self.online]]
        n = np.bincount(home, minlength=self.homes)
        total = np.bincount(home, y, minlength=self.homes)
        reached = n > 0
        between = (total[reached] ** 2 / n[reached]).sum() / (reached.sum() - 1)
        within = ((y**2).sum() - (total[reached] ** 2 / n[reached]).sum()) / (
            len(y) - reached.sum()
        )
        size = (len(y) - (n**2).sum() / len(y)) / (reached.sum() - 1)
        return float((between - within) / (between + (size - 1) * within))


def population(villages: int, rng: np.random.Generator) -> Population:
    """So many villages."""
    home, village_of_home, place = _homes(villages, rng)
    homes, persons = len(village_of_home), len(home)
    village = village_of_home[home]
    age = _ages(home, place, homes, rng)
    sex = np.where(place < 2, (place + rng.integers(0, 2, homes)[home]) % 2,
                   rng.integers(0, 2, persons))  # fmt: skip
    of_home = rng.normal(size=homes)
    schooling = np.clip(
        np.round(
            2.1 - 0.035 * (age - 48) + 0.4 * of_home[home] + 0.15 * (sex == 1)
            + rng.normal(0, 0.75, persons)
        ), 0, 4,
    )  # fmt: skip

    ring = rng.integers(0, 4, villages)
    of_village = rng.normal(size=villages)
    outward = RING * (ring - 1.5)
    residual = (
        VILLAGE * of_village[village] + HOME * of_home[home] + PERSON * rng.normal(size=persons)
    )
    known = -0.03 * (age - 48) + 0.35 * (schooling - 2)
    skill = SKILL_AT + known + residual - outward[village]
    # The chance to be online shares the village's and the home's part with skill, not the person's.
    online_home = 0.6 * of_home + 0.8 * rng.normal(size=homes)
    online_village = 0.5 * of_village + np.sqrt(0.75) * rng.normal(size=villages)
    reach = (
        ONLINE_AT - 0.06 * (age - 48) + 0.45 * (schooling - 2) - outward[village]
        + 0.4 * online_village[village] + 1.7 * online_home[home] + rng.logistic(size=persons)
    )  # fmt: skip
    done = rng.binomial(MOST, special.expit(skill[:, None] + AREA_STEP)).astype(np.int64)
    level = np.minimum(done, 2)
    return Population(
        villages=villages,
        village_of_home=village_of_home,
        home=home,
        sex=sex.astype(np.int64),
        age=age,
        schooling=schooling,
        known=known,
        skill=residual / np.sqrt(VILLAGE**2 + HOME**2 + PERSON**2),
        online=reach > 0,
        scores={
            "use": 50.0 * level.mean(axis=1),
            "pays": (level[:, 3] > 0).astype(np.float64),
            "basic": (level.min(axis=1) > 0).astype(np.float64),
            "above": (level.min(axis=1) > 1).astype(np.float64),
        },
        ring=ring,
    )


def _homes(villages: int, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Homes of 1-5 adults until the village has 600; the last one is as large as what is left."""
    drawn = ADULTS // 2
    size = rng.choice(np.arange(1, 6), (villages, drawn), p=HOME_SIZES)
    ends = np.minimum(np.cumsum(size, axis=1), ADULTS)
    size = np.diff(ends, axis=1, prepend=0)
    kept = size > 0
    sizes = size[kept]
    village_of_home = np.repeat(np.arange(villages), kept.sum(axis=1))
    home = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(len(home)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return home, village_of_home, place


def _ages(home: Ints, place: Ints, homes: int, rng: np.random.Generator) -> Floats:
    """A head, a partner of about the same age, then parents or children of the two."""
    head = rng.choice([27.0, 42.0, 57.0, 69.0], homes, p=[0.14, 0.36, 0.28, 0.22])
    head = head + rng.uniform(-8, 8, homes)
    other = np.where(rng.random(len(home)) < 0.5 + 0.5 * (head[home] > 58), -26.0, 26.0)
    other = np.where(head[home] + other < 16, 26.0, other)
    age = head[home] + np.where(place == 0, 0.0, np.where(place == 1, 0.0, other))
    age = age + np.where(place == 0, 0.0, rng.normal(0, 3, len(home)))
    whole: Floats = np.floor(np.clip(age, 16, 90))
    return whole
