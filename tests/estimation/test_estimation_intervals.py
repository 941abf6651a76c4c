"""Intervals against statsmodels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from surveys.estimation import intervals

counted = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counted)
def test_wilson_and_clopper_pearson(pair: tuple[int, int]) -> None:
    yes, n = pair
    for ours, theirs in ((intervals.wilson, "wilson"), (intervals.korn_graubard, "beta")):
        low, high = ours(yes / n, n)
        expected = proportion_confint(yes, n, method=theirs)
        assert (float(low), float(high)) == pytest.approx(expected, abs=1e-9)


@given(st.floats(0.01, 0.99), st.floats(0, 0.01), st.integers(2, 200), st.floats(1, 100))
def test_limits_hold_the_share_and_stay_on_the_scale(p: float, v: float, n: int, df: float) -> None:
    size = intervals.effective_size(p, v, n, min(df, n - 1))
    for low, high in (
        intervals.wilson(p, size),
        intervals.korn_graubard(p, size),
        intervals.logit_interval(p, v, n, df),
    ):
        assert 0 <= low <= p + 1e-9
        assert p - 1e-9 <= high <= 1
    assert size <= n + 1e-9


def test_nothing_gives_nothing() -> None:
    nan = float("nan")
    assert np.isnan(intervals.effective_size(nan, nan, 0, nan))
    assert np.isnan(intervals.korn_graubard(nan, nan)).all()
    assert np.isnan(intervals.t_quantile(0))
