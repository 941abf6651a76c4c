"""Deprivation and inequality: the definitions person by person, peers, invariants."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from surveys.estimation.deprivation import (
    Deprivation,
    alkire_foster,
    contributions,
    deprivation_scores,
    of_everyone,
)
from surveys.estimation.estimates import Estimate, Groups, everyone, ratio
from surveys.estimation.inequality import erreygers, fractional_ranks, gini, gini_of_all

people = st.lists(
    st.tuples(
        st.lists(st.sampled_from([0.0, 1.0, 1.0, np.nan]), min_size=4, max_size=4),
        st.integers(0, 5),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=20,
)


def test_the_worked_example_of_alkire_and_foster() -> None:
    """Four persons, four items of equal weight, from 2 lacks on: H = 1/2, A = 3/4, M0 = 3/8.

    The deprivation matrix with which the method is explained (2011, *J. Public Economics* 95).
    """
    lacks = np.array([[0, 0, 0, 0], [0, 1, 0, 1], [1, 1, 1, 1], [0, 1, 0, 0]])
    found = alkire_foster(
        Groups(np.zeros(4, int), 1), np.arange(4), np.ones(4), deprivation_scores(lacks, k=0.5)
    )
    assert found.h.value == pytest.approx(1 / 2)
    assert found.a.value == pytest.approx(3 / 4)
    assert found.m0.value == pytest.approx(3 / 8)


@given(people, st.sampled_from([0.25, 1 / 3, 0.5, 1.0]))
def test_scores_are_those_of_the_plain_definition(rows: list, k: float) -> None:
    lacks, weights = np.array([one[0] for one in rows]), np.array([1.0, 2, 3, 3])
    found = deprivation_scores(lacks, weights, k)
    for i, items in enumerate(lacks):
        known = [j for j in range(4) if not np.isnan(items[j])]
        asked = sum(weights[known])
        if asked / 9 < 2 / 3 - 1e-9:
            assert np.isnan([found.c[i], found.deprived[i], found.censored[i]]).all()
            continue
        c = sum(weights[j] * items[j] for j in known) / asked
        deprived = c >= k - 1e-9
        assert found.c[i] == pytest.approx(c)
        assert found.deprived[i] == deprived
        assert found.censored[i] == pytest.approx(c * deprived)
        expected = [items[j] * deprived if j in known else np.nan for j in range(4)]
        assert found.lacks[i] == pytest.approx(np.array(expected), nan_ok=True)


def test_three_of_nine_are_a_third() -> None:
    ladder = np.tri(10, 9, -1)
    assert deprivation_scores(ladder).deprived.tolist() == [0] * 3 + [1] * 7
    for k, weights in ((0.0, None), (1.1, None), (0.5, np.zeros(9))):
        with pytest.raises(ValueError, match="over 0"):
            deprivation_scores(ladder, weights, k)


@settings(deadline=None)
@given(people)
def test_a_village_is_its_people_and_its_error_that_of_leaving_a_home_out(rows: list) -> None:
    lacks = np.array([np.nan_to_num(one[0]) for one in rows])
    home, w = np.array([one[1] for one in rows]), np.array([float(one[2]) for one in rows])
    groups, weights = Groups(np.zeros(6, int), 1), np.array([4.0, 3, 2, 1])
    scores = deprivation_scores(lacks, weights)
    found = alkire_foster(groups, home, w, scores)
    h, m0 = (np.average(one, weights=w) for one in (scores.deprived, scores.censored))
    assert found.h.value == pytest.approx(h)
    assert found.m0.value == pytest.approx(m0)
    shares = np.average(scores.lacks, axis=0, weights=w)
    parts = contributions(found.m0.value, shares[None, :], weights)
    if h == 0:
        assert np.isnan(found.a.value).all()
        assert np.isnan(parts).all()
        return
    assert found.a.value * found.h.value == pytest.approx(m0)
    assert parts.sum() == pytest.approx(1)
    poor = scores.deprived == 1
    assert found.a.n == poor.sum()
    homes = np.unique(home[poor])
    if len(homes) > 1:
        without = [
            np.average(scores.c[poor & (home != one)], weights=w[poor & (home != one)])
            for one in homes
        ]
        m = len(homes)
        v = (m - 1) / m * ((np.array(without) - found.a.value) ** 2).sum()
        assert found.a.v == pytest.approx(v, abs=1e-12)


def part(groups: Groups, home: np.ndarray, w: np.ndarray, lacks: np.ndarray) -> Deprivation:
    return alkire_foster(groups, home, w, deprivation_scores(lacks))


def test_everyone_is_users_and_others_and_the_chain_rule_is_its_slope() -> None:
    chance = np.random.default_rng(8)
    homes, groups = np.repeat(np.arange(12), 2), Groups(np.zeros(12, int), 1)
    lacks = (chance.random((24, 9)) < 0.45).astype(float)
    user = (np.arange(24) % 2).astype(float)
    x = 1 + chance.random(24)
    build = partial(part, groups, homes, lacks=lacks)
    users, others = build(w=user), build(w=1 - user)
    online = ratio(groups, homes, user, user, x)
    found = of_everyone(online, users, others)
    p = online.value
    assert found.h.value == pytest.approx(p * users.h.value + (1 - p) * others.h.value)
    assert found.a.value == pytest.approx(found.m0.value / found.h.value)
    assert found.a.n == users.a.n + others.a.n
    assert found.a.homes == max(users.a.homes, others.a.homes)

    # A moves along each home's z as the quotient of its two parts does.
    step = 1e-6

    def moved(estimate: Estimate, i: int) -> float:
        return float(estimate.value[0] + step * estimate.z[i])

    for i in range(12):
        slope = (moved(found.m0, i) / moved(found.h, i) - found.a.value[0]) / step
        assert found.a.z[i] == pytest.approx(slope, abs=1e-5)
    assert found.m0.z == pytest.approx(everyone(online, users.m0, others.m0).z)

    nobody = part(groups, homes, user, np.zeros((24, 9)))
    none = of_everyone(online, nobody, part(groups, homes, 1 - user, np.zeros((24, 9))))
    assert np.isnan(none.a.value).all()
    assert np.isnan(none.a.df).all()
    assert not none.a.z.any()


scored = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(0, 4), st.one_of(st.integers(0, 100), st.none()),
        st.integers(1, 6),
    ),
    min_size=1,
    max_size=40,
)  # fmt: skip


def columns(rows: list) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    group, w, y, level = zip(*rows, strict=True)
    score = np.array([np.nan if one is None else float(one) for one in y])
    return np.array(group), np.array(w, float), score, np.array(level, float)


@given(scored)
def test_ranks_are_midranks_of_everyone_written_out(rows: list) -> None:
    group, w, y, _ = columns(rows)
    found = fractional_ranks(group, 4, w, y)
    assert (np.isfinite(found) == ((w > 0) & np.isfinite(y))).all()
    for one in range(4):
        inside = np.flatnonzero((group == one) & np.isfinite(found))
        if len(inside):
            copies = np.repeat(y[inside], w[inside].astype(int))
            midranks = (stats.rankdata(copies) - 0.5) / len(copies)
            assert np.repeat(found[inside], w[inside].astype(int)) == pytest.approx(midranks)


@given(scored, st.floats(0.1, 50))
def test_gini_is_the_mean_difference_between_two_persons(rows: list, scale: float) -> None:
    group, w, y, _ = columns(rows)
    found = gini(group, 4, w, y)
    for one in range(4):
        inside = (group == one) & (w > 0) & np.isfinite(y)
        a, b = y[inside], w[inside]
        if not inside.any() or a.max() == 0:
            assert np.isnan(found[one])
            continue
        apart = (np.outer(b, b) * np.abs(np.subtract.outer(a, a))).sum()
        assert found[one] == pytest.approx(apart / b.sum() ** 2 / (2 * np.average(a, weights=b)))
        assert -1e-12 <= found[one] < 1
    # Points or parts, kilograms or grams of weight: the same.
    assert gini(group, 4, scale * w, y / scale) == pytest.approx(found, abs=1e-12, nan_ok=True)


@given(st.lists(st.integers(1, 100), min_size=1, max_size=15), st.integers(0, 15))
def test_gini_of_all_is_that_of_users_and_zeros(users: list[int], offline: int) -> None:
    y = np.array(users + [0] * offline, float)
    whole = gini(np.zeros(len(y), int), 1, np.ones(len(y)), y)
    among = gini(np.zeros(len(users), int), 1, np.ones(len(users)), np.array(users, float))
    assert gini_of_all(len(users) / len(y), among) == pytest.approx(whole, abs=1e-12)


def test_a_gini_is_of_what_is_not_negative() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        gini(np.zeros(2, int), 1, np.ones(2), np.array([1.0, -1.0]))


@given(scored)
def test_erreygers_is_eight_covariances_and_turns_with_the_order(rows: list) -> None:
    group, w, y, level = columns(rows)
    found = erreygers(group, 4, w, y, level)
    for one in range(4):
        inside = (group == one) & (w > 0) & np.isfinite(y)
        if not inside.any():
            assert np.isnan(found[one])
            continue
        times = w[inside].astype(int)
        copies, school = np.repeat(y[inside], times), np.repeat(level[inside], times)
        rank = (stats.rankdata(school) - 0.5) / len(school)
        expected = 8 * np.cov(copies, rank, ddof=0)[0, 1] / 100
        assert found[one] == pytest.approx(expected, abs=1e-9)
        assert abs(found[one]) <= 1 + 1e-9
    assert erreygers(group, 4, w, y, -level) == pytest.approx(-found, abs=1e-9, nan_ok=True)
    # Having and lacking are equally unequal: why this index, not the plain concentration index.
    assert erreygers(group, 4, w, 100 - y, level) == pytest.approx(-found, abs=1e-9, nan_ok=True)
