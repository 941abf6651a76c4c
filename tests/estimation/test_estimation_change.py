"""Change between waves: against plain loops over a panel, and what the covariance is good for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from surveys.estimation.change import change, difference, interval
from surveys.estimation.estimates import Estimate, Groups, product, ratio

VILLAGES = 4
Panel = dict[tuple[int, int], list[tuple[float, float]]]
"""(village, home) -> (x, y) of each user."""


def panel(seed: int, homes: int, kept: float, persist: float) -> tuple[Panel, Panel]:
    """Two waves; `kept` of the homes answer in both, and so do their habits, by `persist`."""
    chance = np.random.default_rng(seed)

    def wave(numbers: list[int], habit: dict[int, float], more: float) -> Panel:
        found = {}
        for number in numbers:
            for village in range(VILLAGES):
                users = int(chance.integers(1, 4))
                level = persist * habit[number] + (1 - persist) * chance.normal(0, 25)
                found[village, number] = [
                    (1 + float(chance.integers(0, 3)) / 2, 50 + more + level + chance.normal(0, 5))
                    for _ in range(users)
                ]
        return found

    stay = int(homes * kept)
    habit = {number: chance.normal(0, 25) for number in range(2 * homes)}
    second = [*range(stay), *range(homes, 2 * homes - stay)]
    return wave(list(range(homes)), habit, 0), wave(second, habit, 6)


def estimates(wave: Panel, order: list[tuple[int, int]]) -> tuple[Estimate, Estimate]:
    """Σwy/Σwx and π·ȳ."""
    home = [at for at, key in enumerate(order) for _ in wave[key]]
    rows = [row for key in order for row in wave[key]]
    groups = Groups(np.array([village for village, _ in order]), VILLAGES)
    x, y = (np.array([row[at] for row in rows]) for at in (0, 1))
    one, at_home = np.ones(len(rows)), np.array(home)
    online = ratio(groups, at_home, one, one, x)
    return ratio(groups, at_home, one, y, x), product(online, ratio(groups, at_home, one, y, one))


def matched(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> np.ndarray:
    place = {key: at for at, key in enumerate(first)}
    return np.array([place.get(key, -1) for key in second])


def plain(wave: Panel, village: int) -> tuple[float, dict[int, float], float]:
    """R, √((m-1)/m)·z of each home by leaving it out, and df."""
    homes = {number: rows for (at, number), rows in wave.items() if at == village}

    def value(leave: int | None) -> float:
        rows = [row for number, of in homes.items() if number != leave for row in of]
        return sum(y for _, y in rows) / sum(x for x, _ in rows)

    m, total = len(homes), sum(x for of in homes.values() for x, _ in of)
    z = {one: ((m - 1) / m) ** 0.5 * (value(None) - value(one)) for one in homes}
    df = 1 / sum((sum(x for x, _ in of) / total) ** 2 for of in homes.values()) - 1
    return value(None), z, df


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.5, 1.0]))
def test_half_the_homes_in_both_waves_as_in_plain_loops(seed: int, kept: float) -> None:
    first, second = panel(seed, 8, kept, 0.9)
    orders = sorted(first), sorted(second, key=lambda key: (key[0], -key[1]))
    befores, afters = estimates(first, orders[0]), estimates(second, orders[1])
    same = matched(*orders)
    for before, after in zip(befores, afters, strict=True):
        found = change(before, after, same)
        limits = interval(found, -1000, 1000)
        for village in range(VILLAGES):
            (r1, z1, df1), (r2, z2, df2) = plain(first, village), plain(second, village)
            v = sum((z2.get(one, 0) - z1.get(one, 0)) ** 2 for one in {*z1, *z2})
            assert found.value[village] == pytest.approx(r2 - r1)
            assert found.v[village] == pytest.approx(v)
            half = stats.t(min(df1, df2)).ppf(0.975) * v**0.5
            assert limits.low[village] == pytest.approx(r2 - r1 - half)
            assert limits.high[village] == pytest.approx(r2 - r1 + half)
            # Without a home in common it is the difference of two areas, but for its df.
            if kept == 0:
                assert found.v[village] == pytest.approx(difference(after, before).v[village])
        # Seen from the other end.
        back = change(after, before, matched(orders[1], orders[0]))
        assert back.value == pytest.approx(-found.value)
        assert back.v == pytest.approx(found.v)
        assert found.present.all()


def test_answers_that_persist_are_told_apart_from_change() -> None:
    orders = [(village, number) for village in range(VILLAGES) for number in range(40)]
    covered, shorter = 0, []
    for seed in range(60):
        first, second = panel(seed, 40, 1.0, 0.95)
        before, after = estimates(first, orders)[0], estimates(second, orders)[0]
        paired = change(before, after, np.arange(len(orders)))
        apart = change(before, after, np.full(len(orders), -1))
        shorter += list(paired.se / apart.se)
        limits = interval(paired)
        truth = 6 / 1.5
        covered += int(((limits.low <= truth) & (truth <= limits.high)).sum())
    assert np.mean(shorter) < 0.6
    assert covered / (60 * VILLAGES) > 0.9


def test_who_moved_to_another_village_is_another_home() -> None:
    first, second = panel(3, 6, 1.0, 0.9)
    orders = sorted(first), sorted(second)
    before, after = estimates(first, orders[0])[0], estimates(second, orders[1])[0]
    swapped = np.arange(len(orders[0])).reshape(VILLAGES, -1)[::-1].ravel()
    found = change(before, after, swapped)
    assert found.v == pytest.approx(before.v + after.v)
    assert len(found.present) == 2 * len(orders[0])


@pytest.mark.parametrize("same", [[0, 0, -1], [0, 1, 3]])
def test_a_home_is_one_home(same: list[int]) -> None:
    groups, one = Groups(np.zeros(3, np.int64), 1), np.ones(3)
    mean = ratio(groups, np.arange(3), one, np.array([1.0, 2, 4]), one)
    with pytest.raises(ValueError, match="twice"):
        change(mean, mean, np.array(same))


def test_areas_are_compared_as_welch_does() -> None:
    chance = np.random.default_rng(5)
    values = [chance.normal(50, spread, size) for spread, size in ((5, 12), (20, 7), (9, 1))]

    def mean(y: np.ndarray) -> Estimate:
        m, one = len(y), np.ones(len(y))
        return ratio(Groups(np.zeros(m, np.int64), 1), np.arange(m), one, y, one)

    town, village, lone = (mean(y) for y in values)
    found, welch = difference(town, village), stats.ttest_ind(*values[:2], equal_var=False)
    expected = welch.confidence_interval()
    assert found.df[0] == pytest.approx(welch.df)
    assert (interval(found).low[0], interval(found).high[0]) == pytest.approx(tuple(expected))
    assert (found.n[0], found.homes[0]) == (7, 7)
    assert np.isnan([interval(difference(town, lone)).low[0], difference(lone, town).v[0]]).all()
    # What the gap has changed by: the reference's change less the village's, beside all of them.
    first, second = panel(1, 9, 0.5, 0.9)
    orders = sorted(first), sorted(second)
    moved = change(estimates(first, orders[0])[0], estimates(second, orders[1])[0],
                   matched(*orders))  # fmt: skip
    gap = difference(change(town, town, np.arange(12)), moved)
    assert gap.value == pytest.approx(-moved.value)
    assert gap.v == pytest.approx(moved.v)
    cut = interval(difference(gap, found), -30, 30)
    assert (cut.low >= -30).all()
    assert (cut.high <= 30).all()
