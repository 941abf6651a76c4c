"""Raking against plain loops, least squares and what may not matter."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
import svy
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.estimation.alike import Alike
from surveys.estimation.estimates import Groups, ratio
from surveys.estimation.raking import Margin, calibration, medians, merged, rake


def looped(w: Sequence[float], codes: Sequence[Sequence[int]], shares: Sequence[Sequence[float]]):
    """One pool, row by row: Deming & Stephan, trimmed at five medians, ten times at most."""

    def passes(weights: list[float]) -> list[float]:
        for _ in range(20_000):
            far = 0.0
            for of, share in zip(codes, shares, strict=True):
                total = sum(x for x, c in zip(weights, of, strict=True) if c >= 0)
                for category, wanted in enumerate(share):
                    now = sum(x for x, c in zip(weights, of, strict=True) if c == category)
                    far = max(far, abs(now / total - wanted))
                    step = wanted * total / now
                    weights = [
                        x * step if c == category else x for x, c in zip(weights, of, strict=True)
                    ]
            if far < 1e-13:
                break
        return weights

    found = passes(list(w))
    for _ in range(10):
        ordered = sorted(found)
        half = len(found) // 2
        median = ordered[half] if len(found) % 2 else (ordered[half - 1] + ordered[half]) / 2
        if max(found) <= 5 * median * (1 + 1e-8):
            break
        found = passes([min(x, 5 * median) for x in found])
    return found


@st.composite
def pools(draw: st.DrawFn):
    """One pool: weights, two margins with some missing, and shares that can be reached."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(40, 120))
    w = 1 / rng.integers(1, 4, n)
    one, two = rng.integers(0, draw(st.integers(2, 4)), n), rng.integers(0, 3, n)
    one[:4], two[:3] = range(4) if one.max() == 3 else one[:4], range(3)
    tilted = w * rng.lognormal(0, draw(st.floats(0, 0.8)), n)
    missing = draw(st.sampled_from([0.0, 0.1]))
    one = np.where(rng.random(n) < missing, -1, one)
    # Shares of other weights of the same rows are shares that these can have.
    found = []
    for of in (one, two):
        sums = np.bincount(of[of >= 0], tilted[of >= 0])
        found.append(sums / sums.sum())
    return w, (one, two), tuple(found)


@settings(max_examples=60)
@given(pools())
def test_margins_are_recovered(pool) -> None:
    w, codes, shares = pool
    margins = [Margin(c, s[None, :] * 700) for c, s in zip(codes, shares, strict=True)]
    found = rake(w, np.zeros(len(w), int), margins, 1)
    assert found.converged.all()
    assert (found.w > 0).all()
    for of, share in zip(codes, shares, strict=True):
        known = of >= 0
        sums = np.bincount(of[known], found.w[known])
        assert np.abs(sums / sums.sum() - share).max() <= 2e-8
    # The scale stays that of the weights that came, less what was trimmed.
    everywhere = codes[0] >= 0
    if everywhere.all():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("surveys.estimation.raking.MOST_TRIMS", 0)
            whole = rake(w, np.zeros(len(w), int), margins, 1).w
        assert whole.sum() == pytest.approx(w.sum())
        assert found.w.sum() <= whole.sum() * (1 + 1e-9)
        assert found.w.max() < whole.max() or found.w.sum() == pytest.approx(w.sum())
    assert found.deff[0] == pytest.approx(len(w) * (found.w**2).sum() / found.w.sum() ** 2)


@settings(max_examples=15)
@given(pools(), pools(), st.randoms(use_true_random=False), st.floats(0.1, 50))
def test_as_plain_loops_say_whatever_the_order_scale_and_company(a, b, rng, scale) -> None:
    wide = 4
    w = np.concatenate([a[0], b[0] * scale])
    pool = np.repeat([0, 1], [len(a[0]), len(b[0])])
    margins = []
    for k in range(2):
        target = np.full((2, wide), np.nan)
        target[0, : len(a[2][k])], target[1, : len(b[2][k])] = a[2][k], b[2][k] * 30
        margins.append(Margin(np.concatenate([a[1][k], b[1][k]]), target))
    found = rake(w, pool, margins, 2)
    expected = looped(*a)
    np.testing.assert_allclose(found.w[pool == 0], expected, rtol=1e-5)
    alone = rake(
        a[0], np.zeros(len(a[0]), int), [Margin(c, s[None]) for c, s in zip(*a[1:], strict=True)], 1
    )
    np.testing.assert_allclose(found.w[pool == 0], alone.w, rtol=1e-12)
    np.testing.assert_allclose(
        found.w[pool == 1] / scale,
        rake(
            b[0],
            np.zeros(len(b[0]), int),
            [Margin(c, s[None]) for c, s in zip(*b[1:], strict=True)],
            1,
        ).w,
        rtol=1e-9,
    )
    order = list(range(len(w)))
    rng.shuffle(order)
    shuffled = rake(w[order], pool[order], [Margin(m.codes[order], m.target) for m in margins], 2)
    np.testing.assert_allclose(shuffled.w, found.w[order], rtol=1e-9)


def test_heavy_weights_are_trimmed_and_the_margins_kept() -> None:
    # 20 of 200 stand for half of all: 5 each, 10/18 for the others, nine medians.
    one = np.repeat([0, 1], [20, 180])
    # In the same rows a second variable could carry some of it.
    two = np.arange(200) % 2
    w = np.ones(200)
    w[0] = 40.0
    margins = [Margin(one, np.array([[0.2, 0.8]])), Margin(two, np.array([[0.5, 0.5]]))]
    found = rake(w, np.zeros(200, int), margins, 1)
    assert found.w[one == 0].sum() / found.w.sum() == pytest.approx(0.2, abs=2e-8)
    untrimmed = 40.0 / 59.0 * 0.2
    assert found.w[0] / found.w.sum() < untrimmed / 2
    np.testing.assert_allclose(found.w, looped(w, [one, two], [[0.2, 0.8], [0.5, 0.5]]), rtol=1e-5)


def test_what_cannot_be_met_keeps_its_weights() -> None:
    # Nobody in the second category of the first pool; the second pool is raked all the same.
    codes = np.array([0, 0, 0, 1])
    found = rake(
        np.ones(4), np.array([0, 0, 1, 1]), [Margin(codes, np.array([[1, 1], [3, 1.0], [1, 1]]))], 3
    )
    assert found.converged.tolist()[:2] == [False, True]
    assert found.w.tolist() == [1.0, 1.0, 1.5, 0.5]
    assert np.isnan(found.deff[2])


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_weights_that_are_none_are_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        rake(np.array([1.0, wrong]), np.zeros(2, int), [], 1)


@given(
    st.lists(st.lists(st.integers(0, 60), min_size=4, max_size=4), min_size=2, max_size=2),
    st.lists(st.sampled_from([1.0, 1.0, 1.0, 0.0, np.nan]), min_size=8, max_size=8),
)
def test_categories_have_twenty_users_and_a_share_or_there_is_no_margin(users, shares) -> None:
    counts, target = np.array([users], float), np.array(shares).reshape(1, 2, 4)
    into = merged(counts, target)[0]
    numbers = sorted(set(into.ravel().tolist()))
    assert numbers == list(range(len(numbers)))
    # Neighbours only: within a run numbers rise by one at most.
    assert set(np.diff(into, axis=1).ravel().tolist()) <= {0, 1}
    if len(numbers) == 1:
        return
    for number in numbers:
        assert counts[0][into == number].sum() >= 20
        assert np.nansum(target[0][into == number]) > 0


def test_what_is_large_enough_is_left_alone_and_too_little_is_no_margin() -> None:
    ones = np.ones((1, 2, 4))
    assert merged(20 * ones, ones)[0].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    # 4 × 9: 18 are too few for one of two halves, so that all ages of a sex are one.
    assert merged(9 * ones, ones)[0].tolist() == [[0, 0, 0, 0], [1, 1, 1, 1]]
    # 4 × 4 = 16 of each sex: the sexes are joined, 8 of each age; two halves of 16 are too few.
    assert not merged(4 * ones, ones).any()
    assert merged(ones, np.full((1, 2, 4), np.nan)).max() == 0


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_residuals_are_those_of_least_squares(seed: int, some_missing: bool) -> None:
    rng = np.random.default_rng(seed)
    n = 90
    pool = np.repeat([0, 1, 2], 30)
    one, two = rng.integers(0, 3, n), rng.integers(0, 2, n)
    if some_missing:
        one[rng.random(n) < 0.1] = -1
    d = 1 / rng.integers(1, 4, n)
    w, y, x = d * rng.lognormal(0, 0.5, n), rng.normal(50, 20, n), rng.uniform(1, 3, n)
    home = np.arange(n) // 2
    # Pool 0 is a village; pool 1 lacks a value; pool 2 has rows elsewhere.
    y[35] = np.nan
    group = Groups(np.repeat([0, 1, 2], 15), 3)
    found = calibration(pool, [one, two], d, np.array([30, 30, 31]), pool)
    assert found is not None
    estimate = ratio(group, home, w, y, x, k=0.8, margins=found)
    plain = ratio(group, home, w, y, x, k=0.8)
    np.testing.assert_array_equal(estimate.value, plain.value)
    np.testing.assert_array_equal(estimate.df, plain.df)
    np.testing.assert_allclose(estimate.v[1:], plain.v[1:], rtol=1e-12)
    # Naive: a dummy a category, weighted least squares row by row, homes left out one by one.
    here = pool == 0
    dummies = [[float(c == k) for k in range(3)] for c in one[here]]
    design = np.hstack([dummies, [[float(c == k) for k in range(2)] for c in two[here]]])
    e = 0.8 * y[here] - estimate.value[0] * x[here]
    e = e / (w * x)[here].sum()
    root = np.sqrt(d[here])
    beta = np.linalg.lstsq(design * root[:, None], e * root, rcond=None)[0]
    e = e - design @ beta
    v = 0.0
    for one_home in range(15):
        rows = home[here] == one_home
        c = (w * x)[here][rows].sum() / (w * x)[here].sum()
        v += ((w[here] * e)[rows].sum() / (1 - c)) ** 2
    assert estimate.v[0] == pytest.approx(14 / 15 * v, rel=1e-9)


def test_no_pool_estimated_whole_no_calibration() -> None:
    assert calibration(np.array([-1, 0]), [], np.ones(2), np.array([2]), np.zeros(2, int)) is None


def test_medians_are_those_of_numpy() -> None:
    rng = np.random.default_rng(3)
    values, pool, many = rng.normal(size=101), rng.integers(0, 7, 101), rng.integers(1, 5, 101)
    expected = [np.median(np.repeat(values, many)[np.repeat(pool, many) == p]) for p in range(7)]
    np.testing.assert_array_equal(medians(values, pool, 7, many), expected)


@settings(max_examples=60)
@given(pools())
def test_rows_that_stand_for_several_are_raked_as_these(pool) -> None:
    w, codes, shares = pool
    margins = [Margin(c, s[None, :]) for c, s in zip(codes, shares, strict=True)]
    one = rake(w, np.zeros(len(w), int), margins, 1)
    village = np.arange(len(w)) % 3
    alike, which = Alike.of(village, codes, w, [4, 3])
    assert alike.count.sum() == len(w)
    tables = [Margin(c, s[None, :]) for c, s in zip(alike.codes, shares, strict=True)]
    found = rake(alike.w, np.zeros(len(alike.w), int), tables, 1, alike.count)
    np.testing.assert_allclose(found.w[which], one.w, rtol=1e-9)
    np.testing.assert_allclose(found.deff, one.deff, rtol=1e-9)
    np.testing.assert_array_equal(found.converged, one.converged)


def test_weights_are_those_of_svy() -> None:
    i = np.arange(90)
    w = 1 / (1 + i % 3)
    one, two = (i * i) % 3, (i * i // 7) % 2
    margins = [Margin(one, np.array([[0.5, 0.5]])), Margin(two, np.array([[0.35, 0.65]]))]
    controls = {
        "one": {0: w.sum() / 2, 1: w.sum() / 2},
        "two": {0: 0.35 * w.sum(), 1: 0.65 * w.sum()},
    }
    sample = svy.Sample(pl.DataFrame({"w": w, "one": one, "two": two}), svy.Design(wgt="w"))
    theirs = sample.weighting.rake(controls=controls, tol=1e-12, max_iter=1000).data["rk_wgt"]
    found = rake(w, np.zeros(90, int), margins, 1)
    # Ours ends at 1e-8, which is METHOD's.
    np.testing.assert_allclose(found.w, theirs.to_numpy(), rtol=5e-9)
