"""What is shown of a number: by how many are behind it, how wide it is, and rounded how."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from surveys.estimation import suppression as shown
from surveys.estimation.decomposition import Interval
from surveys.estimation.estimates import Estimate, Groups, ratio
from surveys.estimation.figures import REASONS, Figures, reason

persons = st.integers(0, 80)


@given(persons, persons, persons, persons, st.sampled_from([10, 30, 50]))
def test_more_behind_it_never_hides_a_number(
    n: int, homes: int, more: int, rooms: int, least: int
) -> None:
    few, enough = (
        shown.reasons(np.array([float(a)]), np.array([float(b)]), least)[0]
        for a, b in ((n, homes), (n + more, homes + rooms))
    )
    assert few != 0 or enough == 0
    expected = (
        "few_persons" if n < 10 else "few_homes" if homes < 5 else
        "too_few_for_this" if n < least else ""
    )  # fmt: skip
    assert REASONS[few] == expected
    level = shown.level(n, homes)
    assert (level == "withheld") == (expected in ("few_persons", "few_homes"))
    rows = ["withheld", "small", "medium", "full"]
    assert rows.index(shown.level(n + more, homes + rooms)) >= rows.index(level)
    # Of two sides the first that has one says why.
    other = shown.reasons(np.array([9.0]), np.array([9.0]), 10)
    both = shown.both_reasons(np.array([few], np.int8), other)
    assert REASONS[both[0]] == (expected or "few_persons")


@given(st.integers(0, 500), st.integers(0, 500))
def test_counts_are_to_five_and_no_part_is_more_than_the_whole(count: int, rest: int) -> None:
    found = shown.to_five(count, count + rest)
    assert found % 5 == 0
    assert 0 <= found <= count + rest
    assert abs(found - count) <= 2 or (rest < 3 and 0 <= count - found < 5)
    assert shown.to_five(count + 1, count + rest + 1) >= found


def of_counts(yes: int, no: int, least: int = 30) -> Figures:
    """A share of persons who live each in a home of their own."""
    n = yes + no
    y, one = np.repeat([1.0, 0.0], [yes, no]), np.ones(n)
    share = ratio(Groups(np.zeros(n, int), 1), np.arange(n), one, y, one)
    return shown.proportions(share, np.array([float(yes)]), np.array([float(no)]), least)


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(0, 400))
def test_a_share_is_a_point_or_an_interval_or_words(yes: int, no: int) -> None:
    n = yes + no
    found = of_counts(yes, no).at(0)
    if n < 30:
        assert found.withheld == ("few_persons" if n < 10 else "too_few_for_this")
        assert found.value is found.low is found.high is None
        assert found.words == ""
        return
    if min(yes, no) < 3:
        assert found.words == ("few" if yes < 3 else "nearly_all")
        assert found.value is found.low is found.high is None
        return
    # Drawn one by one, v = p(1-p)/(n-1).
    p, size = yes / n, n - 1
    low, high = proportion_confint(p * size, size, method="beta")
    narrow = high - low <= 0.05 or (high - low < 0.30 and high - low <= 1.3 * p)
    near = proportion_confint(p * size, size, method="wilson")
    if size >= 30 and narrow:
        assert found.withheld == ""
        assert found.value == max(1, min(99, math.floor(100 * p + 0.5)))
        expected = [max(1, min(99, math.floor(100 * one + 0.5))) for one in near]
    else:
        assert (found.value, found.withheld) == (None, "imprecise")
        expected = [
            max(1, min(99, 5 * math.floor(20 * near[0] + 1e-9))),
            max(1, min(99, 5 * math.ceil(20 * near[1] - 1e-9))),
        ]
    assert [found.low, found.high] == expected


def test_a_coarse_share_is_its_interval_to_five() -> None:
    many = of_counts(200, 300)
    assert many.at(0).value == 40
    coarse = shown.coarsened(many, np.array([True])).at(0)
    assert (coarse.value, coarse.low, coarse.high, coarse.withheld) == (None, 35, 45, "imprecise")
    assert shown.coarsened(many, np.array([False])).at(0) == many.at(0)
    # What is no number stays what it is.
    for other in (of_counts(2, 60), of_counts(5, 5), of_counts(10, 21)):
        assert shown.coarsened(other, np.array([True])).at(0) == other.at(0)


def estimate(value: float, v: float, n: float, df: float) -> Estimate:
    of = Groups(np.zeros(1, int), 1)
    one = [np.array([x]) for x in (value, df, n, 99.0)]
    return Estimate(one[0], np.array([math.sqrt(v)]), *one[1:], np.array([True]), of)


@given(
    st.floats(0, 100), st.floats(1e-3, 300), st.integers(10, 300), st.floats(1, 200),
    st.floats(0.2, 1),
)  # fmt: skip
def test_a_score_is_inside_its_limits_and_these_are_on_its_scale(
    value: float, v: float, n: int, df: float, g: float
) -> None:
    one = estimate(value, v, n, df)
    found = shown.scores(one, 10, top=100 * g).at(0)
    if found.withheld == "imprecise":
        # Between 0 and the top by less than what can be told from it.
        assert min(value, abs(100 * g - value)) < 1e-6
        return
    most = 100 * g if value <= 100 * g else 100
    assert found.value == math.floor(value + 0.5)
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value <= found.high <= math.floor(most + 0.5)
    if 1 < value < most - 1:
        half = stats.t.ppf(0.975, df) * math.sqrt(v) / most
        share = value / most
        limits = [
            most * stats.logistic.cdf(stats.logistic.ppf(share) + sign * half / share / (1 - share))
            for sign in (-1, 1)
        ]
        assert found.low == pytest.approx(limits[0], abs=0.5 + 1e-6)
        assert found.high == pytest.approx(limits[1], abs=0.5 + 1e-6)
    # Twice the variance is no less uncertain.
    wider = shown.scores(estimate(value, 2 * v, n, df), 10, top=100 * g).at(0)
    if wider.low is not None and wider.high is not None:
        assert wider.low <= found.low
        assert found.high <= wider.high


def test_what_cannot_be_computed_is_imprecise_and_a_reason_takes_all_away() -> None:
    nan, one = np.array([math.nan, 4.0, 4.0]), np.array([4.25, 4.25, 4.25])
    why = np.array([0, 0, reason("few_homes")], np.int8)
    bounds = np.array([1, 1, 1], np.int8)
    found = shown.figures(Interval(one, nan, one), why, bounds, digits=1)
    assert [found.at(at).withheld for at in range(3)] == ["imprecise", "", "few_homes"]
    assert [found.at(at).value for at in range(3)] == [None, 4.3, None]
    assert [found.at(at).bound for at in range(3)] == ["", "at_most", ""]
    assert found.at(2).low is found.at(2).high is None
    some = found.take(np.array([1, 0]))
    assert some.at(0) == found.at(1)
    both = found.where(np.array([True, False, True]), Figures.withheld(3, "not_asked"))
    assert [both.at(at).withheld for at in range(3)] == ["imprecise", "not_asked", "few_homes"]
    gone = found.hidden(np.array([True, True, True]), "complementary")
    assert [gone.at(at).withheld for at in range(3)] == [
        "complementary", "complementary", "few_homes",
    ]  # fmt: skip
    assert found.hidden(np.array([False] * 3), "complementary").at(1) == found.at(1)
