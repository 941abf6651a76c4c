"""Simulated residents: who they are, what they would answer, how clumsily they answer it.

A small model, not data: age and schooling drive skill, skill and the village drive what people do
online. Nothing here knows of Telegram; a resident is asked a question by its name in the form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

AGES = ("16", "25", "35", "45", "55", "65", "75")
SHARES_OF_AGES = (8, 13, 17, 20, 19, 15, 8)
EASE = {
    "C1": 0.6, "C2": 0.9, "C3": -0.5, "C4": 0.2, "C5": -0.2, "R1": -0.4, "R2": -0.1, "R3": -0.3,
    "R4": -1.2, "R5": -0.8, "F2": 0.1,
}  # fmt: skip
"""How easily people say yes to the choices of a question, in standard deviations of skill."""
WORDS = (
    "The signal is weak by the river", "山沟里信号不好", "希望有人教老人用手机",
    "Someone should show us how to pay safely", "办社保还要跑镇上",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A village, or the urban area that villages are held against."""

    code: str
    name: str
    area: str
    households: int
    adults: int
    adults_offline: int
    skill: float
    """How far the average person is above (or below) the middle, in standard deviations."""
    connection: float
    """0-1: how often there is broadband and a call works."""
    reference: bool = False


@dataclass(slots=True)
class Resident:
    """One person, with what they would answer."""

    random: Random
    place: Place
    mode: str
    """"self", "helped" or "proxy"."""
    online: bool
    age: str
    sex: str
    schooling: int
    activity: str
    skill: float
    """About 0 in the middle, 1 a standard deviation above it."""
    clumsy: float
    """The chance that an answer goes wrong at first."""
    leaves_after: int | None
    """After how many answers this person stops."""
    comes_back: bool
    adults: int
    online_adults: int
    without_phone: int
    said: dict[str, str] = field(default_factory=dict)

    def answer(self, name: str, kind: str, values: Sequence[str]) -> list[str]:
        """What this person answers to the question `name`: values of choices, or one text.

        `values` are the choices offered. An empty list is a question passed over.
        """
        if name in self._facts():
            fact = self._facts()[name]
            return [fact] if not values or fact in values else [self.random.choice(list(values))]
        if kind == "select_multiple":
            return self._several(name, values)
        if kind == "select_one":
            return [self._one(name, values)]
        if kind == "text":
            return [self._words()] if self.random.random() < 0.15 else []
        return ["2"]

    def _facts(self) -> dict[str, str]:
        use = "day" if self.skill > -0.8 else "week"
        return {
            "A1": self.mode,
            "A2": self.sex,
            "A3": self.age,
            "A4": str(self.schooling),
            "A5": self.activity,
            "A6": str(self.adults),
            "A7": str(self.without_phone),
            "A8": str(self.online_adults),
            "B4": use if self.online else "never",
        }

    def _chance(self, ease: float) -> bool:
        """Whether someone of this skill does something of this ease (both in deviations)."""
        level = self.skill + ease + self.random.gauss(0, 0.7)
        return level > 0

    def _several(self, name: str, values: Sequence[str]) -> list[str]:
        none = [value for value in values if value in ("none", "no")]
        offered = [value for value in values if value not in none]
        if name == "B1":
            chosen = ["smart"] if self.online else ["basic"]
            if self._chance(-1.0):
                chosen.append("pc")
        elif name == "G1":
            return self.random.sample(offered, min(3, len(offered)))
        elif name in ("B6", "B7"):
            chosen = [value for value in offered if self.random.random() < 0.3]
            chosen = chosen or [offered[0]]
        else:
            ease = EASE.get(name, 0.0)
            chosen = [
                value for place, value in enumerate(offered) if self._chance(ease - 0.35 * place)
            ]
        return [value for value in chosen if value in values] or none[:1] or offered[:1]

    def _one(self, name: str, values: Sequence[str]) -> str:
        right = {"K1": "b", "K2": "c", "K3": "b", "K4": "b", "K5": "b", "K6": "c"}
        if name in right:
            if self._chance(0.5):
                return right[name]
            return "dk" if self.random.random() < 0.4 else self.random.choice(list(values))
        if name == "B2":
            connected = self.random.random() < self.place.connection
            return "fixed" if connected else self.random.choice(["mobile", "mobile", "none"])
        if name == "B3":
            level = round(3 * self.place.connection + self.random.gauss(0, 0.8))
            return str(min(max(level, 0), 3))
        if name == "B5":
            return "2" if self._chance(0.8) else self.random.choice(["0", "1"])
        if name == "C6":
            return self.random.choice("32" if self._chance(0.0) else "109")
        if name in ("S1", "S3", "F3"):
            return str(min(max(round(3 + self.skill + self.random.gauss(0, 1)), 1), 5))
        if name == "S2":
            return str(min(max(round(3 - self.skill + self.random.gauss(0, 1)), 1), 5))
        if name == "F1":
            return self.random.choice("012" if self._chance(0.0) else "001")
        return self.random.choice(list(values))

    def _words(self) -> str:
        return self.random.choice(WORDS)


def home(place: Place, random: Random) -> list[Resident]:
    """The adults of one home who will answer, the first of them with a phone of their own."""
    adults = random.choices((1, 2, 3, 4), (2, 5, 3, 1))[0]
    people = [_person(place, random) for _ in range(adults)]
    people.sort(key=lambda person: not person.online)
    people[0].online = True
    online = sum(person.online for person in people)
    without = sum(not person.online for person in people)
    for person in people:
        person.adults, person.online_adults, person.without_phone = adults, online, without
    first, *others = people
    answering = [first]
    for other in others:
        if other.online and random.random() < 0.5:
            answering.append(other)
        elif not other.online and random.random() < 0.3:
            other.mode = "proxy"
            answering.append(other)
    return answering


def _person(place: Place, random: Random) -> Resident:
    age = random.choices(AGES, SHARES_OF_AGES)[0]
    years = int(age)
    schooling = min(max(round(3.2 - years / 28 + random.gauss(0.5 * place.skill, 0.8)), 0), 4)
    skill = place.skill + 0.9 - years / 45 + 0.25 * (schooling - 2) + random.gauss(0, 0.6)
    online = skill + random.gauss(1.0, 0.5) > -0.1
    activity = random.choice(
        ["stud" if years < 25 else "farm", "farm", "local", "biz", "home", "away"]
        if years < 65
        else ["farm", "farm", "ret", "home"]
    )
    return Resident(
        random=random,
        place=place,
        mode="helped" if years >= 65 and random.random() < 0.5 else "self",
        online=online,
        age=age,
        sex=random.choice("fm"),
        schooling=schooling,
        activity=activity,
        skill=skill,
        clumsy=0.02 + (0.06 if years >= 55 else 0.0),
        leaves_after=random.randint(3, 20) if random.random() < 0.15 else None,
        comes_back=random.random() < 0.6,
        adults=1,
        online_adults=1,
        without_phone=0,
    )
