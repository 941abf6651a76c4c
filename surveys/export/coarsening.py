"""How sex, age, schooling and the village are coarsened, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from surveys.estimation.margins import AGES, SCHOOLING
from surveys.export.table import Cell, Value, Variable
from surveys.export.wording import say

Bands = tuple[tuple[int, str, Mapping[str, str]], ...]
"""From which number on, the value, its label."""
BANDS: Bands = tuple(
    zip(
        (0, *AGES),
        ("0-15", "16-34", "35-54", "55-64", "65+"),
        (
            say("under 16"), say("16 to 34"), say("35 to 54"), say("55 to 64"),
            say("65 and older"),
        ),
        strict=True,
    )
)  # fmt: skip
HALVES: Bands = (
    (0, "0-54", say("under 55")), (55, "55+", say("55 and older")),
)  # fmt: skip
SCHOOLS: Bands = (
    (0, "primary", say("primary school or less")),
    (SCHOOLING[0], "junior", say("junior secondary school")),
    (SCHOOLING[1], "above", say("more than junior secondary school")),
)
TWO_SCHOOLS: Bands = (
    (0, "to_junior", say("up to junior secondary school")),
    (SCHOOLING[1], "above", say("more than junior secondary school")),
)
STEPS: Mapping[str, tuple[Bands, Bands]] = {
    "age": (BANDS, HALVES),
    "schooling": (SCHOOLS, TWO_SCHOOLS),
}


def _steps(role: str, most: float) -> Callable[[Sequence[str]], list[list[Cell]]]:
    def levels(answers: Sequence[str]) -> list[list[Cell]]:
        known: dict[str, list[Cell]] = {}
        for one in set(answers):
            value = _number(one)
            told = value is not None and 0 <= value < most
            bands = (_band(value or 0, step) if told else None for step in STEPS[role])
            known[one] = [one or None, *bands, None]
        return [list(column) for column in zip(*(known[one] for one in answers), strict=True)] or [
            [] for _ in range(4)
        ]

    return levels


LEVELS: Mapping[str, Callable[[Sequence[str]], list[list[Cell]]]] = {
    "sex": lambda answers: [[one or None for one in answers], [None] * len(answers)],
    "age": _steps("age", float("inf")),
    "schooling": _steps("schooling", 10),
}


def _band(value: float, bands: Bands) -> str:
    return [name for start, name, _ in bands if value >= start][-1]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def places(areas: Sequence[tuple[str, ...]]) -> list[list[Cell]]:
    """Village, what it is in, county, nothing."""
    return [
        ["/".join(one) for one in areas],
        ["/".join(one[:-1]) for one in areas],
        ["/".join(one[:2]) if len(one) > 2 else "" for one in areas],
        [None] * len(areas),
    ]


def banded(variable: Variable, role: str, cells: Sequence[Cell]) -> Variable:
    """The column of a question whose answers stand in bands.

    cells: all of them.
    """
    used = set(cells)
    bands = next(
        bands
        for bands in STEPS[role]
        if used <= {None, *(name for _, name, _ in bands)}
    )  # fmt: skip
    values = tuple(Value(name, label) for _, name, label in bands)
    return replace(variable, kind="category", values=values, measure="ordinal")
