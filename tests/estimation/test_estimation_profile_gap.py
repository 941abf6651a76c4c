"""Inside the behaviour part of a profile's gap: composition and rate, and when there are none."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from estimation_samples import ABOUT, CHOICES, INDICATORS, frame_of, indicator, person, table_of

from surveys.estimation.profile import Figure, Gap
from surveys.estimation.villages import about_of, compute

ALL = (*INDICATORS, indicator("A4", role="schooling"))
Row = Mapping[str, object]
CELLS = [(age, level) for age in ("20", "40", "60") for level in ("1", "3")]


def people(village: str, sizes: Sequence[int], levels: Sequence[float], seed: int = 1) -> list[Row]:
    """One user a home; of each cell so many, who do about so much."""
    dice = np.random.default_rng(seed)
    rows: list[Row] = []
    for (age, school), size, level in zip(CELLS, sizes, levels, strict=True):
        for _ in range(size):
            score = f"{np.clip(dice.normal(level, 8), 0, 100):.2f}"
            rows.append(
                person(village, len(rows), 1, A3=age, A4=school, A6="2", A7="0", A8="1")
                | {"s_use": score}
            )
    return rows


def gap_of(
    rows: Sequence[Row], asked: Sequence[object] = ALL, code: str = "v"
) -> Gap | None:  # fmt: skip
    found = compute(frame_of(rows), table_of(["v", "u"]), asked, CHOICES, ["u"])  # type: ignore[arg-type]
    return found.village(code, about_of(ABOUT)).gap


def by_hand(rows: Sequence[Row], pi: float = 0.45) -> tuple[float, float]:
    """Composition and rate over the six cells, in points."""
    share: dict[tuple[str, object, object], float] = {}
    mean: dict[tuple[str, object, object], float] = {}
    for village in "vu":
        size = sum(row["village"] == village for row in rows)
        for age, school in CELLS:
            some = [
                float(str(row["s_use"]))
                for row in rows
                if (row["village"], row["A3"], row["A4"]) == (village, age, school)
            ]
            share[village, age, school] = len(some) / size
            mean[village, age, school] = sum(some) / len(some)
    parts = [0.0, 0.0]
    for cell in CELLS:
        own, ref = ("v", *cell), ("u", *cell)
        parts[0] += (share[ref] - share[own]) * (mean[ref] + mean[own]) / 2
        parts[1] += (share[ref] + share[own]) / 2 * (mean[ref] - mean[own])
    return pi * parts[0], pi * parts[1]


def test_composition_and_rate_are_those_of_kitagawa_in_whole_points() -> None:
    rows = people("v", (10, 10, 12, 10, 40, 20), (50, 60, 45, 50, 20, 30))
    rows += people("u", (40, 50, 20, 20, 12, 14), (60, 75, 50, 60, 30, 40), seed=2)
    found = gap_of(rows)
    assert found is not None
    composition, rate = by_hand(rows)
    assert composition > 3
    assert rate > 3
    assert found.composition.value == pytest.approx(composition, abs=1)
    assert found.rate.value == pytest.approx(rate, abs=1)
    values = [found.composition.value, found.rate.value, found.behaviour.value]
    assert values[0] + values[1] == values[2]  # type: ignore[operator]
    for one in (found.composition, found.rate):
        assert one.low is not None
        assert one.high is not None
        assert one.value is not None
        assert one.low < one.value < one.high
    # The same people doing the same: nothing goes with who they are.
    alike = [row | {"village": "u", "home": f"u{row['home']}"} for row in rows[:102]]
    same = gap_of([*rows[:102], *alike])
    assert same is not None
    assert (same.composition.value, same.rate.value, same.total.value) == (0, 0, 0)


def test_there_is_nothing_inside_without_age_and_schooling_or_enough_people() -> None:
    sizes, levels = (10, 10, 12, 10, 40, 20), (50, 60, 45, 50, 20, 30)
    rows = people("v", sizes, levels) + people("u", sizes, [70] * 6, seed=2)
    for name in ("A3", "A4"):
        found = gap_of(rows, [one for one in ALL if one.name != name])
        assert found is not None
        assert found.composition == found.rate == Figure(None, withheld="not_asked")
        assert found.behaviour.value is not None
    assert gap_of(rows, code="u") is None
    # Under fifty on either side; all of one cell.
    small = people("v", (10, 10, 10, 10, 9, 0), levels)
    for some in (small + rows[102:], rows[:102] + [row | {"village": "u", "home": f"u{at}"}
                                                  for at, row in enumerate(small)]):  # fmt: skip
        found = gap_of(some)
        assert found is not None
        assert found.rate == found.composition == Figure(None, withheld="too_few_for_this")
    one_cell = people("v", (60, 0, 0, 0, 0, 0), levels) + rows[102:]
    found = gap_of(one_cell)
    assert found is not None
    assert found.rate.withheld == "too_few_for_this"


def test_of_whom_too_little_is_known_is_not_said_of_all() -> None:
    """Those who did not say how long they went to school do far more: the others' split is none."""
    sizes, levels = (20, 20, 20, 20, 20, 20), (30, 30, 30, 30, 30, 30)
    rows = people("v", sizes, levels) + people("u", sizes, [70] * 6, seed=2)
    found = gap_of(rows)
    assert found is not None
    assert found.rate.value is not None
    others = [row | {"A4": "99", "s_use": "90", "home": f"more{row['home']}"} for row in rows[:30]]
    hidden = gap_of(rows + others)
    assert hidden is not None
    assert hidden.rate == hidden.composition == Figure(None, withheld="too_few_for_this")
    # Doing as the others do, they change nothing.
    like = [row | {"A4": "99", "home": f"more{row['home']}"} for row in rows[:30]]
    again = gap_of(rows + like)
    assert again is not None
    assert again.rate.value is not None
