"""A wave of six villages, its profiles, and π, ū and Ū of one of them by plain loops."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from functools import cache

import pandas as pd
from estimation_samples import ABOUT, CHOICES, INDICATORS, frame_of, simulated, table_of

from surveys.estimation.profile import Figure, VillageProfile
from surveys.estimation.villages import profiles

REFERENCE = ("u1", "u2")


def wave() -> tuple[list[dict[str, object]], pd.DataFrame]:
    sizes = {
        "v1": (45, 40),
        "v2": (9, 45),
        "v3": (3, 45),
        "v5": (4, 45),
        "u1": (50, 70),
        "u2": (20, 75),
    }
    rows = []
    for code, (homes, level) in sizes.items():
        rows += simulated(code, homes, level, others=0.8)
    return rows, table_of([*sizes, "v4"])


def computed(
    rows: Sequence[Mapping[str, object]], table: pd.DataFrame, reference: Sequence[str] = REFERENCE
) -> dict[str, VillageProfile]:
    return profiles(frame_of(rows), table, INDICATORS, CHOICES, reference, ABOUT)


@cache
def whole() -> dict[str, VillageProfile]:
    """The profiles of `wave`."""
    return computed(*wave())


class Plain:
    """π, ū and Ū of one village by loops over its homes, with what each home contributes."""

    def __init__(self, rows: Sequence[Mapping[str, object]], g: float) -> None:
        homes: dict[object, list[Mapping[str, object]]] = {}
        for row in rows:
            homes.setdefault(row["home"], []).append(row)
        self.users = [[r for r in home if r["user"] == "1"] for home in homes.values()]
        # Each user of these samples has an entry alone, and every roster is complete.
        self.sums = []
        for home, users in zip(homes.values(), self.users, strict=True):
            if users:
                adults = max(int(str(home[0]["A6"])), len(home))
                online = max(int(str(home[0]["A8"])), len(users))
                y = sum(float(str(r["s_use"])) for r in users)
                self.sums.append((len(users), len(users) * adults / online, y))
        self.g = g
        self.pi, self.mean, self.use = self.of(self.sums)
        self.m = len(self.sums)
        self.n = sum(len(users) for users in self.users)

    def of(self, sums: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
        w, wx, wy = (sum(column) for column in zip(*sums, strict=True))
        return self.g * w / wx, wy / w, self.g * wy / wx

    def z(self, k: int) -> list[float]:
        now = (self.pi, self.mean, self.use)[k]
        root = math.sqrt((self.m - 1) / self.m)
        return [
            root * (now - self.of(self.sums[:h] + self.sums[h + 1 :])[k]) for h in range(self.m)
        ]

    def v(self, k: int) -> float:
        return sum(z * z for z in self.z(k))

    def df(self, k: int) -> float:
        sizes = [one[1 if k != 1 else 0] for one in self.sums]
        return max(1.0, sum(sizes) ** 2 / sum(size**2 for size in sizes) - 1)


def half_up(value: float) -> float:
    return float(math.floor(value + 0.5))


def near(value: float | None, expected: float) -> bool:
    """Whole numbers; one that stands between two may fall either way."""
    return value is not None and abs(value - expected) <= 0.5 + 1e-6


def every_figure(profile: VillageProfile) -> list[Figure]:
    found: list[Figure] = []

    def visit(value: object) -> None:
        if isinstance(value, Figure):
            found.append(value)
        elif dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                visit(getattr(value, field.name))
        elif isinstance(value, tuple):
            for one in value:
                visit(one)

    visit(profile)
    return found
