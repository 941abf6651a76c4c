"""Kitagawa's split of behaviour: against plain loops, and what it promises.

The loops know nothing of the estimators: cells are joined by trying every way, errors come from
leaving out one home after the other.
"""

import numpy as np
import pandas as pd
import pytest
from estimation_samples import frame_of, indicator, person
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from surveys.estimation.frame import answers, measures
from surveys.estimation.kitagawa import Kitagawa, Side, cells, joined, kitagawa, side
from surveys.estimation.sample import Sample, of_area, of_villages

ROLES = (
    indicator("user", role="user"), indicator("A3", role="age"), indicator("A4", role="schooling"),
    indicator("A6", role="adults"), indicator("A8", role="online_adults"),
    indicator("s_use", dimension="use", kind="score"),
)  # fmt: skip
Row = dict[str, object]


def people(village: str, homes: int, seed: int, young: float = 0.4, learned: float = 0.4,
           unknown: float = 0.0, most: int = 4, level: float = 40) -> list[Row]:  # fmt: skip
    """Users in homes of one to `most` phones; who is young and went to school does more."""
    chance = np.random.default_rng(seed)
    rows = []
    for home in range(homes):
        adults = int(chance.integers(1, most + 1))
        online = int(chance.integers(1, adults + 1))
        for number in range(int(chance.integers(1, online + 1))):
            first = young, (1 - young) / 2
            age = int(chance.choice([16, 35, 55], p=[*first, 1 - sum(first)]))
            school = int(chance.choice([2, 3], p=[1 - learned, learned]))
            if chance.random() < unknown:
                school = 99
            use = np.clip(chance.normal(level - (age - 35) / 2 + 8 * (school == 3), 20), 0, 100)
            roster = {"A6": str(adults), "A8": str(online)}
            more = {"A3": str(age), "A4": str(school), "s_use": str(float(use))}
            rows.append(person(village, home, number, **roster, **more))
    return rows


def sample(rows: list[Row], area: bool = False, offline: float = 40) -> Sample:
    frame = frame_of(rows)
    villages = sorted(set(frame["village"]))
    found = answers(frame, villages, measures(ROLES, {}))
    adults, away = np.full(len(villages), 400.0), np.full(len(villages), offline)
    if area:
        return of_area(found, adults, away, found.scores["s_use"])
    return of_villages(found, adults, away)


def one_side(rows: list[Row], area: bool = False, offline: float = 40) -> Side:
    one = sample(rows, area, offline)
    of = one.answers
    return side(one, of.scores["s_use"], cells(of.age, of.schooling))


def split(village: list[Row], reference: list[Row]) -> Kitagawa:
    return kitagawa(one_side(village), one_side(reference))


# Plain loops -------------------------------------------------------------------------------------


def cell_of(row: Row) -> int | None:
    age, school = int(str(row["A3"])), int(str(row["A4"]))
    return None if school > 4 else 3 * (school > 2) + (age >= 35) + (age >= 55)


def known(rows: list[Row]) -> list[Row]:
    return [row for row in rows if cell_of(row) is not None]


def count(rows: list[Row]) -> list[int]:
    return [sum(cell_of(row) == k for row in rows) for k in range(6)]


def all_joins(ages: list[list[int]]) -> list[list[list[int]]]:
    """Every way to join neighbours, finest first, the younger joined before the older."""
    a, b, c = ages
    return [[a, b, c], [a + b, c], [a, b + c], [a + b + c]]


def plain_joined(village: list[int], reference: list[int]) -> list[list[int]]:
    def least(cell: list[int]) -> int:
        return min(sum(village[k] for k in cell), sum(reference[k] for k in cell))

    def best(ages: list[list[int]]) -> list[list[int]] | None:
        sound = [way for way in all_joins(ages) if min(map(least, way)) >= 10]
        return max(sound, key=lambda way: (len(way), min(map(least, way))), default=None)

    low, high = best([[0], [1], [2]]), best([[3], [4], [5]])
    if low and high:
        return low + high
    return best([[0, 3], [1, 4], [2, 5]]) or [[0, 1, 2, 3, 4, 5]]


def numbers(rows: list[Row], into: list[list[int]], g: float = 0.9) -> np.ndarray:
    """π, every s_k, every ū_k. One user an entry: everybody weighs 1."""
    of = [next(at for at, one in enumerate(into) if cell_of(row) in one) for row in known(rows)]
    y = [float(str(row["s_use"])) for row in known(rows)]
    online = g * len(rows) / sum(int(str(row["A6"])) / int(str(row["A8"])) for row in rows)
    share = [of.count(k) / len(of) for k in range(len(into))]
    mean = [sum(u for u, at in zip(y, of, strict=True) if at == k) / of.count(k)
            for k in range(len(into))]  # fmt: skip
    return np.array([online, *share, *mean])


def parts_of(own: np.ndarray, ref: np.ndarray) -> tuple[float, float]:
    k = len(own) // 2
    level = (own[0] + ref[0]) / 2
    s, u, sr, ur = own[1 : k + 1], own[k + 1 :], ref[1 : k + 1], ref[k + 1 :]
    composition = sum((sr[i] - s[i]) * (ur[i] + u[i]) / 2 for i in range(k))
    rate = sum((sr[i] + s[i]) / 2 * (ur[i] - u[i]) for i in range(k))
    return level * composition, level * rate


def slopes(own: np.ndarray, ref: np.ndarray, part: int, side: int) -> np.ndarray:
    """What a part moves by with each number of one side, by small steps."""
    found = []
    for i in range(len(own)):
        ends = []
        for step in (1e-6, -1e-6):
            both = [own.copy(), ref.copy()]
            both[side][i] += step
            ends.append(parts_of(both[0], both[1])[part])
        found.append((ends[0] - ends[1]) / 2e-6)
    return np.array(found)


def by_home(rows: list[Row], into: list[list[int]]) -> np.ndarray:
    """(homes, numbers) z: of π and s_k what they change by without the home, of ū_k as it says."""
    whole, k = numbers(rows, into), len(into)
    homes = sorted({str(row["home"]) for row in rows})
    m = len({str(row["home"]) for row in known(rows)})
    n = len(known(rows))

    def own(cell: list[int], home: str) -> list[float]:
        return [float(str(row["s_use"])) for row in rows
                if row["home"] == home and cell_of(row) in cell]  # fmt: skip

    everyone = [c for cell in into for c in cell]
    big = sum((len(own(everyone, home)) / n) ** 2 for home in homes)
    z = []
    for home in homes:
        left = numbers([row for row in rows if row["home"] != home], into)
        of_home = whole - left
        for at, cell in enumerate(into):
            size = whole[1 + at] * n
            small = sum((len(own(cell, other)) / size) ** 2 for other in homes)
            off = sum(y - whole[1 + k + at] for y in own(cell, home)) / size
            factor = ((1 - big) / (1 - small)) ** 0.5
            of_home[1 + k + at] = off / (1 - len(own(everyone, home)) / n) * factor
        of_home[1:] *= ((m - 1) / m) ** 0.5
        of_home[0] *= ((len(homes) - 1) / len(homes)) ** 0.5
        z.append(of_home)
    return np.array(z)


def degrees(rows: list[Row]) -> float:
    """The fewer of those of π and of the users whose cell is known."""
    homes = sorted({str(row["home"]) for row in rows})
    roster = {home: [int(str(row["A6"])) / int(str(row["A8"])) for row in rows
                     if row["home"] == home] for home in homes}  # fmt: skip
    total = sum(map(sum, roster.values()))
    users = [sum(row["home"] == home for row in known(rows)) for home in homes]
    return min(1 / sum((sum(x) / total) ** 2 for x in roster.values()),
               1 / sum((x / sum(users)) ** 2 for x in users)) - 1  # fmt: skip


# Tests -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unknown", [0.0, 0.2])
def test_values_and_errors_are_those_of_plain_loops(unknown: float) -> None:
    village = people("a", 60, 1, young=0.3, learned=0.35, unknown=unknown)
    reference = people("r", 90, 2, young=0.6, level=60, unknown=unknown)
    found = split(village, reference)
    into = plain_joined(count(known(village)), count(known(reference)))
    assert found.cells[0] == len(into) > 3
    assert found.users[0] == len(known(village))
    own, ref = numbers(village, into), numbers(reference, into)
    z, z_ref = by_home(village, into), by_home(reference, into)
    for part, interval in enumerate((found.composition, found.rate)):
        assert interval.value[0] == pytest.approx(parts_of(own, ref)[part], abs=1e-10)
        v = ((z @ slopes(own, ref, part, 0)) ** 2).sum()
        v_ref = ((z_ref @ slopes(own, ref, part, 1)) ** 2).sum()
        df = (v + v_ref) ** 2 / (v**2 / degrees(village) + v_ref**2 / degrees(reference))
        half = stats.t(df).ppf(0.975) * (v + v_ref) ** 0.5
        assert interval.high[0] - interval.value[0] == pytest.approx(half, rel=1e-6)
        assert interval.value[0] - interval.low[0] == pytest.approx(half, rel=1e-6)


def test_errors_are_near_those_of_leaving_out_home_after_home() -> None:
    village = people("a", 120, 3, young=0.3, learned=0.35)
    reference = people("r", 120, 4, young=0.6, level=60)
    found = split(village, reference)
    into = plain_joined(count(village), count(reference))
    sides = [numbers(village, into), numbers(reference, into)]
    v = np.zeros(2)
    for at, rows in enumerate((village, reference)):
        homes = sorted({str(row["home"]) for row in rows})
        moved = []
        for home in homes:
            both = list(sides)
            both[at] = numbers([row for row in rows if row["home"] != home], into)
            moved.append(np.subtract(parts_of(*both), parts_of(*sides)))
        v += (len(homes) - 1) / len(homes) * (np.array(moved) ** 2).sum(axis=0)
    for part, interval in enumerate((found.composition, found.rate)):
        half = stats.t(degrees(village) + degrees(reference)).ppf(0.975) * v[part] ** 0.5
        assert interval.high[0] - interval.value[0] == pytest.approx(half, rel=0.03)


@given(st.lists(st.integers(0, 40), min_size=6, max_size=6),
       st.lists(st.integers(0, 40), min_size=6, max_size=6))  # fmt: skip
def test_cells_are_joined_as_the_rule_says(village: list[int], reference: list[int]) -> None:
    found = joined(np.array([village, village], float), np.array(reference, float))
    expected = np.zeros(6, int)
    for number, cell in enumerate(plain_joined(village, reference)):
        expected[cell] = number
    assert (found == expected).all()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.floats(0.1, 0.8), st.floats(0.1, 0.9), st.floats(0, 0.3))
def test_parts_add_up_and_turn_round(seed: int, young: float, learned: float, lost: float) -> None:
    village = people("a", 40, seed, young, learned, lost)
    reference = people("r", 60, seed + 1, learned, young, lost)
    own, ref = one_side(village), one_side(reference)
    found, back = kitagawa(own, ref), kitagawa(ref, own)
    # What is split is the behaviour part of those whose cell is known.
    users, online = (
        [one.sample.of_users(one.y).value[0] for one in (own, ref)],
        [one.sample.online.value[0] for one in (own, ref)],
    )
    total = sum(online) / 2 * (users[1] - users[0])
    assert found.behaviour[0] == pytest.approx(total, abs=1e-9)
    assert found.cells[0] == back.cells[0]
    if found.cells[0] == 1:
        assert np.isnan([found.composition.value[0], found.rate.high[0]]).all()
        return
    assert found.composition.value[0] + found.rate.value[0] == pytest.approx(total, abs=1e-9)
    for part, turned in ((found.composition, back.composition), (found.rate, back.rate)):
        assert turned.value[0] == pytest.approx(-part.value[0], abs=1e-9)
        assert turned.low[0] == pytest.approx(-part.high[0], abs=1e-9)
    # Old for young and taught for untaught: the same people under other numbers.
    turned = [Side(one.sample, one.y, np.where(one.cell < 0, -1, 5 - one.cell), one.users[:, ::-1])
              for one in (own, ref)]  # fmt: skip
    other = kitagawa(*turned)
    before, after = (joined(one.users, two.users[0])[0] for one, two in ((own, ref), turned))
    if len({*zip(before, after[::-1], strict=True)}) == found.cells[0] == other.cells[0]:
        for part, relabelled in ((found.composition, other.composition), (found.rate, other.rate)):
            assert relabelled.value[0] == pytest.approx(part.value[0], abs=1e-9)
            assert relabelled.high[0] == pytest.approx(part.high[0], abs=1e-9)


def test_like_users_have_no_composition_and_same_deeds_no_rate() -> None:
    village = people("a", 80, 5)
    same = [row | {"village": "r", "home": f"r{row['home']}", "entry": f"r{row['entry']}"}
            for row in village]  # fmt: skip
    more = [row | {"s_use": str(float(str(row["s_use"])) + 5)} for row in same]
    found = split(village, more)
    assert found.composition.value[0] == pytest.approx(0, abs=1e-9)
    assert found.rate.value[0] == pytest.approx(5 * one_side(village).sample.online.value[0])
    # Everybody of a cell does the same, on both sides: all of it is composition.
    levels = [10.0, 30, 20, 60, 50, 40]
    village = people("a", 200, 5)
    alike = [[row | {"s_use": str(levels[cell_of(row) or 0])} for row in rows]
             for rows in (village, people("r", 200, 6, young=0.6, learned=0.6))]  # fmt: skip
    found = split(*alike)
    assert found.cells[0] == 6
    assert found.rate.value[0] == pytest.approx(0, abs=1e-9)
    assert abs(found.composition.value[0]) > 1


def test_every_village_is_split_as_if_it_were_alone_beside_an_area_of_several() -> None:
    rows = {code: people(code, 5 + 30 * at, at, learned=0.2 + 0.1 * at, unknown=0.1)
            for at, code in enumerate("abcd")}  # fmt: skip
    town = [row for code, at in (("r", 11), ("s", 12), ("t", 13))
            for row in people(code, 40, at, young=0.5, learned=0.6, level=55)]  # fmt: skip
    reference = one_side(town, area=True)
    together = kitagawa(one_side([row for one in rows.values() for row in one]), reference)
    assert set(together.cells) > {1}
    for at, one in enumerate(rows.values()):
        alone = kitagawa(one_side(one), reference)
        assert together.cells[at] == alone.cells[0]
        for name in ("composition", "rate"):
            for limit in ("value", "low", "high"):
                found = getattr(getattr(together, name), limit)[at]
                expected = getattr(getattr(alone, name), limit)[0]
                assert found == pytest.approx(expected, abs=1e-9, nan_ok=True)
    # A household in the area counts by its village's adults and π, and so do its cells.
    users = reference.sample.of_users(reference.y).value[0]
    online = reference.sample.online.value[0]
    own = one_side(rows["d"])
    behaviour = (online + own.sample.online.value) / 2 * (users - own.sample.of_users(own.y).value)
    assert together.behaviour[3] == pytest.approx(behaviour[0], abs=1e-9)


def test_without_an_error_there_are_no_limits() -> None:
    # All taught users of the village live in one home.
    village = people("a", 60, 7, learned=0.0)
    one_home = [person("a", "big", at, A3="16", A4="4", A6="20", A8="20", s_use="50")
                for at in range(12)]  # fmt: skip
    reference = people("r", 90, 8)
    found = split(village + one_home, reference)
    assert found.cells[0] > 1
    assert np.isfinite(found.rate.value[0])
    assert np.isnan([found.rate.low[0], found.composition.high[0]]).all()
    # Everybody of the reference does.
    crowd = [person("r", "big", at, A3=str(16 if at < 20 else 55), A4="4", A6="40", A8="40",
                    s_use="50") for at in range(40)]  # fmt: skip
    found = split(people("a", 90, 9), crowd)
    assert np.isfinite(found.composition.value[0]) == (found.cells[0] > 1)
    assert np.isnan(found.composition.low[0])
    # Nobody answered: nothing to say.
    nobody = split([person("a", 1, 1, user="0", A6="2", A8="0")], reference)
    assert (nobody.cells[0], nobody.users[0]) == (1, 0)
    assert np.isnan([nobody.behaviour[0], nobody.composition.value[0]]).all()


def test_what_is_not_known_has_no_cell() -> None:
    age = np.array([16, 34, 35, 54, 55, 90, np.nan, 20, 20, 20])
    school = np.array([2.0, 3, 2, 3, 2, 3, 2, 99, np.nan, -1])
    assert cells(age, school).tolist() == [0, 3, 1, 4, 2, 5, -1, -1, -1, -1]
    assert pd.Series(cells(np.array([17.0]), np.array([4.0]))).tolist() == [3]
