"""Errors of inequality indices: each home's part against steps in its weight, and the jackknife."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.estimation.deprivation import alkire_foster, deprivation_scores, intensity
from surveys.estimation.estimates import Estimate, Groups, everyone, ratio
from surveys.estimation.inequality import (
    erreygers,
    erreygers_estimate,
    gini,
    gini_estimate,
    of_all_adults,
)

NAN = float("nan")
person = st.tuples(
    st.integers(0, 6),
    st.integers(0, 5),
    st.one_of(st.integers(0, 100), st.just(None)),
    st.one_of(st.integers(1, 4), st.just(None)),
)
"""Home, weight, score, schooling."""


def columns(people: list) -> tuple[np.ndarray, ...]:
    """Homes 0-3 are of one village, 4-6 of another."""
    home, w, y, level = zip(*people, strict=True)
    number = [np.array([NAN if x is None else x for x in one], float) for one in (w, y, level)]
    return np.array(home), *number


def steps(value: Callable[[np.ndarray], np.ndarray], home: np.ndarray, w: np.ndarray) -> np.ndarray:
    """(homes,) what an index changes by when a home counts a little more, over the step."""
    found = np.zeros(7)
    step = 1e-6
    for one in range(7):
        up, down = (value(np.where(home == one, w * (1 + sign * step), w)) for sign in (1, -1))
        found[one] = ((up - down) / (2 * step))[0 if one < 4 else 1]
    return found


def by_steps(slope: np.ndarray, home: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """z of each home and v of each village, from the slopes. w: 0 for who is not counted."""
    groups = np.array([0, 0, 0, 0, 1, 1, 1])
    of_home = np.bincount(home, w, minlength=7)
    total = np.bincount(groups, of_home)
    m = np.bincount(groups, of_home > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.sqrt((m - 1) / m)[groups] * slope / (1 - of_home / total[groups])
    z = np.where((of_home > 0) & (m[groups] > 1), z, 0.0)
    return z, np.where(m > 1, np.bincount(groups, z**2), NAN)


VILLAGES = Groups(np.array([0, 0, 0, 0, 1, 1, 1]), 2)


def test_gini_is_that_of_laeken() -> None:
    """R 4, laeken: gini(c(10, 20, 20, 60, 90, 0), weights = c(1, 2, 1, 3, 0.5, 1.5))$value/100."""
    y, w = np.array([10.0, 20, 20, 60, 90, 0]), np.array([1.0, 2, 1, 3, 0.5, 1.5])
    assert gini(np.zeros(6, int), 1, w, y)[0] == pytest.approx(0.441619585687, abs=1e-11)


@settings(deadline=None)
@given(st.lists(person, min_size=1, max_size=25))
def test_gini_s_homes_add_what_a_step_in_their_weight_does(people: list) -> None:
    home, w, y, _ = columns(people)
    found = gini_estimate(VILLAGES, home, w, y)
    group = VILLAGES.of_home[home]
    value = gini(group, 2, w, y)
    assert found.value == pytest.approx(value, nan_ok=True)
    counted = np.where(np.isfinite(y), w, 0.0)
    slope = np.nan_to_num(steps(lambda weight: gini(group, 2, weight, y), home, w))
    z, v = by_steps(slope, home, counted)
    assert found.z == pytest.approx(z, abs=1e-6)
    assert found.v == pytest.approx(v, abs=1e-6, nan_ok=True)
    assert found.n.tolist() == [int((counted > 0)[group == at].sum()) for at in (0, 1)]


@settings(deadline=None)
@given(st.lists(person, min_size=1, max_size=25))
def test_erreygers_homes_add_what_a_step_in_their_weight_does(people: list) -> None:
    home, w, y, level = columns(people)
    found = erreygers_estimate(VILLAGES, home, w, y, level)
    group = VILLAGES.of_home[home]
    assert found.value == pytest.approx(erreygers(group, 2, w, y, level), nan_ok=True)
    counted = np.where(np.isfinite(y) & np.isfinite(level), w, 0.0)
    slope = np.nan_to_num(steps(lambda weight: erreygers(group, 2, weight, y, level), home, w))
    z, v = by_steps(slope, home, counted)
    assert found.z == pytest.approx(z, abs=1e-6)
    assert found.v == pytest.approx(v, abs=1e-6, nan_ok=True)


@settings(deadline=None)
@given(
    st.lists(person, min_size=1, max_size=25), st.floats(0.1, 50), st.randoms(use_true_random=False)
)
def test_scale_order_and_units_do_not_matter(people: list, scale: float, rng: object) -> None:
    home, w, y, level = columns(people)
    order = list(range(len(w)))
    rng.shuffle(order)  # type: ignore[attr-defined]
    pairs = (
        (
            gini_estimate(VILLAGES, home, w, y),
            gini_estimate(VILLAGES, home[order], scale * w[order], y[order] / scale),
        ),
        (
            erreygers_estimate(VILLAGES, home, w, y, level),
            # Only the order of schooling counts.
            erreygers_estimate(
                VILLAGES, home[order], scale * w[order], y[order], level[order] ** 3
            ),
        ),
    )
    for one, other in pairs:
        assert other.value == pytest.approx(one.value, abs=1e-9, nan_ok=True)
        assert other.v == pytest.approx(one.v, abs=1e-9, nan_ok=True)


@given(st.lists(person, min_size=1, max_size=15))
def test_every_home_twice_has_the_same_index_and_less_error(people: list) -> None:
    home, w, y, _ = columns([one for one in people if one[0] < 4] or [(0, 1, 5, 1)])
    once = gini_estimate(Groups(np.zeros(4, int), 1), home, w, y)
    twice = gini_estimate(
        Groups(np.zeros(8, int), 1),
        np.concatenate([home, home + 4]), np.tile(w, 2), np.tile(y, 2),
    )  # fmt: skip
    assert twice.value == pytest.approx(once.value, nan_ok=True)
    m = once.homes[0]
    homes = np.bincount(home, np.where(np.isfinite(y), w, 0), minlength=4)
    if m > 1 and len(set(homes[homes > 0])) == 1:
        # With equal homes: (m-1)/(2m-1) of the variance, as of a mean.
        assert twice.v[0] == pytest.approx(once.v[0] * (m - 1) / (2 * m - 1), abs=1e-12)


def sample(seed: int, homes: int) -> tuple[np.ndarray, ...]:
    dice = np.random.default_rng(seed)
    size = dice.integers(1, 4, homes)
    home = np.repeat(np.arange(homes), size)
    level = np.repeat(dice.integers(0, 5, homes), size).astype(float)
    y = np.clip(dice.normal(25 + 10 * level, 20), 0, 100)
    return home, 0.5 + dice.random(len(home)), y, level, 1 + dice.integers(0, 3, len(home)) / 2


def test_errors_are_near_those_of_leaving_out_home_after_home() -> None:
    home, w, y, level, x = sample(3, 150)
    groups, one = Groups(np.zeros(150, int), 1), np.ones(len(w))
    nobody = np.zeros(len(w), int)

    def all_adults(keep: np.ndarray) -> float:
        weight = np.where(keep, w, 0.0)
        online = weight.sum() / (weight * x).sum()
        return float(1 - online * (1 - gini(nobody, 1, weight, y)[0]))

    def by_schooling(keep: np.ndarray) -> float:
        return float(erreygers(nobody, 1, np.where(keep, w, 0.0), y, level)[0])

    among = gini_estimate(groups, home, w, y)
    online = ratio(groups, home, w, one, x)
    for found, value in (
        (of_all_adults(online, among), all_adults),
        (erreygers_estimate(groups, home, w, y, level), by_schooling),
    ):
        left = np.array([value(home != at) for at in range(150)])
        every = value(home >= 0)
        assert found.value[0] == pytest.approx(every)
        assert found.se[0] == pytest.approx(
            np.sqrt(149 / 150 * ((left - every) ** 2).sum()), rel=0.02
        )


def slopes_of(found: Estimate, parts: tuple[Estimate, ...], value: Callable[..., float]) -> None:
    """Along each home's z a function of estimates moves as its z says (the chain rule)."""
    step = 1e-6
    for home in range(len(found.z)):
        up, down = (
            value(*(one.value[0] + sign * step * one.z[home] for one in parts)) for sign in (1, -1)
        )
        assert found.z[home] == pytest.approx((up - down) / (2 * step), abs=1e-7)


def test_all_adults_and_intensity_follow_the_chain_rule() -> None:
    home, w, y, level, x = sample(5, 40)
    groups, one = Groups(np.zeros(40, int), 1), np.ones(len(w))
    online, among = ratio(groups, home, w, one, x), gini_estimate(groups, home, w, y)
    found = of_all_adults(online, among)
    slopes_of(found, (online, among), lambda p, g: 1 - p * (1 - g))
    assert found.df[0] == min(online.df[0], among.df[0])
    lacks = np.column_stack([y < 30, level < 2, x > 1.5, y < 60]).astype(float)
    scores = deprivation_scores(lacks, k=0.5)
    parts = alkire_foster(groups, home, w, scores)
    depth = intensity(parts.h, parts.m0)
    slopes_of(depth, (parts.h, parts.m0), lambda h, m0: m0 / h)
    assert depth.value[0] == pytest.approx(parts.a.value[0])
    # The mean c of the deprived, whose home by home is that of a ratio of its own.
    assert depth.se[0] == pytest.approx(parts.a.se[0], rel=0.05)
    users, others = (
        alkire_foster(groups, home, np.where(np.arange(len(w)) % 2 == part, w, 0.0), scores)
        for part in (0, 1)
    )
    h, m0 = (everyone(online, *pair) for pair in ((users.h, others.h), (users.m0, others.m0)))
    slopes_of(intensity(h, m0), (h, m0), lambda h, m0: m0 / h)


def test_without_a_value_there_is_no_index() -> None:
    groups, home = Groups(np.array([0, 1]), 2), np.array([0, 0, 1, 1])
    y = np.array([NAN, NAN, 0.0, 0.0])
    found = gini_estimate(groups, home, np.ones(4), y)
    assert np.isnan(found.value).all()
    assert (found.z == 0).all()
    none = gini_estimate(groups, home, np.zeros(4), y)
    assert (none.n == 0).all()
    level = erreygers_estimate(groups, home, np.ones(4), y, np.ones(4))
    assert np.isnan(level.value[0])
    assert level.value[1] == 0
    with pytest.raises(ValueError, match="at least 0"):
        gini_estimate(groups, home, np.ones(4), np.array([1.0, -1, 1, 1]))
    nobody = alkire_foster(groups, home, np.ones(4), deprivation_scores(np.zeros((4, 3))))
    depth = intensity(nobody.h, nobody.m0)
    assert np.isnan(depth.value).all()
    assert np.isnan(depth.df).all()
    assert (depth.z == 0).all()
