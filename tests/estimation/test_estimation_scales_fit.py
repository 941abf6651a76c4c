"""Fit of item response models: ltm's numbers, all patterns one by one, how often truth fails."""

from itertools import product

import numpy as np
import pytest
from scale_samples import binary, graded, holes, lsat6, weyl
from scipy import stats

from surveys.estimation.item_fit import grouped_fit, limited_fit, summed_fit
from surveys.estimation.item_response import ItemResponse, item_response, quadrature
from surveys.estimation.scales import ScaleError


@pytest.fixture(scope="module")
def lsat() -> ItemResponse:
    return item_response(lsat6())


def test_grouped_fit_is_ltm_s(lsat: ItemResponse) -> None:
    """f <- ltm(LSAT ~ z1, control = list(iter.em = 2000)): item.fit(f)$Tobs, FUN = mean, G = 5.

    ltm finds its modes to four digits or so."""
    found = grouped_fit(lsat)
    assert found.chi2 == pytest.approx(
        [276.108412, 253.576203, 436.939997, 216.380899, 400.430845], rel=4e-5)  # fmt: skip
    assert found.df.tolist() == [8] * 5
    assert found.p == pytest.approx(stats.chi2.sf(found.chi2, 8))
    assert grouped_fit(lsat, centre="mean").chi2 == pytest.approx(
        [261.810157, 261.434712, 457.676400, 213.999074, 399.796960], rel=4e-5)  # fmt: skip
    assert grouped_fit(lsat, groups=5).chi2 == pytest.approx(
        [57.1385036, 149.9403977, 226.2544118, 144.0263821, 238.9283620], rel=4e-5)  # fmt: skip
    # With 29 groups of 30 patterns every limit is a score: which side it falls on is ltm's.
    assert grouped_fit(lsat, groups=29).chi2 == pytest.approx(
        [788.043655, 830.221489, 760.028680, 843.711808, 844.382171], rel=4e-5)  # fmt: skip


def every_pattern(fit: ItemResponse) -> tuple[np.ndarray, np.ndarray]:
    """All patterns of the values 0 … K - 1, and P of each."""
    z, w = quadrature(fit.points)
    tables = [fit.probabilities(item, z) for item in range(len(fit.slope))]
    all_ = np.array(list(product(*(range(size) for size in fit.patterns.categories))))
    chance = [
        w @ np.prod([table[:, k] for table, k in zip(tables, row, strict=True)], axis=0)
        for row in all_
    ]
    return all_, np.array(chance)


def test_m2_is_what_all_patterns_give(lsat: ItemResponse) -> None:
    """The quadratic form over the 2^5 and 3·2·3 patterns, derivatives by refitting nothing: changed
    parameters, one after the other. M2 of LSAT-6 is 4.74 on 5 df."""
    assert (limited_fit(lsat).m2, limited_fit(lsat).df) == (pytest.approx(4.738, abs=1e-3), 5)
    x = graded(weyl(400), [-0.6, 0.6])
    x[:, 1] = np.minimum(x[:, 1], 1)
    for fit, items in (
        (lsat, lsat6()),
        (item_response(lsat6(), equal_slopes=True), lsat6()),
        (item_response(x, equal_slopes=True), x),
    ):
        codes, chance = every_pattern(fit)
        one, other = np.triu_indices(items.shape[1], 1)
        values = np.hstack([codes, codes[:, one] * codes[:, other]])
        spread = values.T @ (np.diag(chance) - np.outer(chance, chance)) @ values
        seen = np.hstack([items, items[:, one] * items[:, other]]).mean(axis=0)
        lack = seen - values.T @ chance
        change = []
        for item in range(items.shape[1]):
            steps = fit.patterns.categories[item] - 1
            for name, at in [("intercept", (item, k)) for k in range(steps)] + [("slope", item)]:
                whole = getattr(fit, name)
                kept = whole[at]
                sides = []
                for step in (1e-5, -1e-5):
                    whole[at] = kept + step
                    sides.append(values.T @ every_pattern(fit)[1])
                    whole[at] = kept
                change.append((sides[0] - sides[1]) / 2e-5)
        delta = np.array(change).T
        if fit.equal_slopes:
            last = np.cumsum(fit.patterns.categories) - 1
            delta = np.column_stack([np.delete(delta, last, 1), delta[:, last].sum(axis=1)])
        inverse = np.linalg.inv(spread)
        middle = inverse - inverse @ delta @ np.linalg.inv(
            delta.T @ inverse @ delta) @ delta.T @ inverse  # fmt: skip
        m2, df = len(items) * lack @ middle @ lack, delta.shape[0] - delta.shape[1]
        found = limited_fit(fit)
        assert (found.m2, found.df) == (pytest.approx(m2, rel=1e-4), df)
        assert found.p == pytest.approx(stats.chi2.sf(found.m2, df))
        assert found.rmsea == pytest.approx(
            np.sqrt(max(found.m2 - df, 0) / (df * (found.persons - 1)))
        )


def test_summed_fit_is_what_all_patterns_give(lsat: ItemResponse) -> None:
    x = graded(weyl(900), [-0.6, 0.6])[:, :4]
    for fit, items in ((lsat, lsat6()), (item_response(x), x)):
        found = summed_fit(fit)
        codes, chance = every_pattern(fit)
        total, sums = codes.sum(axis=1), items.sum(axis=1)
        for item in range(items.shape[1]):
            size = fit.patterns.categories[item]
            chi2 = groups = 0
            seen, awaited = np.zeros(size), np.zeros(size)
            rows = []
            for s in range(1, total.max()):
                n = (sums == s).sum()
                share = [chance[(total == s) & (codes[:, item] == k)].sum() for k in range(size)]
                awaited = awaited + n * np.array(share) / sum(share)
                seen = seen + [((sums == s) & (items[:, item] == k)).sum() for k in range(size)]
                if awaited.min() >= 1:
                    rows.append((seen, awaited))
                    seen, awaited = np.zeros(size), np.zeros(size)
            rows[-1] = (rows[-1][0] + seen, rows[-1][1] + awaited)
            chi2 = sum(((o - e) ** 2 / e).sum() for o, e in rows)
            groups = len(rows)
            assert found.df[item] == groups * (size - 1) - size
            assert found.chi2[item] == pytest.approx(chi2)
            assert found.p[item] == pytest.approx(stats.chi2.sf(chi2, found.df[item]))


def test_a_model_that_holds_is_rejected_as_often_as_it_should() -> None:
    chance = np.random.default_rng(11)
    rejected, whole = [], []
    for _ in range(25):
        z = chance.normal(size=(600, 1))
        x = (1.3 * z + chance.logistic(size=(600, 8)) > np.linspace(-1, 1, 8)).astype(float)
        fit = item_response(x)
        rejected += (summed_fit(fit).p < 0.05).tolist()
        whole.append(limited_fit(fit).p < 0.05)
    assert 0.01 < np.mean(rejected) < 0.10
    assert np.mean(whole) <= 0.2


def test_two_traits_and_a_guessed_item_are_found() -> None:
    chance = np.random.default_rng(12)
    z = chance.normal(size=(1000, 2))
    load = np.repeat(np.eye(2), 4, axis=0) * 1.8
    x = (z @ load.T + chance.logistic(size=(1000, 8)) > 0).astype(float)
    found = limited_fit(item_response(x))
    assert found.p < 1e-6
    assert found.rmsea > 0.05
    strange = binary(weyl(3000, [0.8] * 8), [0] * 8)
    strange[:, 0] = np.abs(weyl(3000, [0.8])[:, 0] - 0.3) < 0.7  # the middle passes it
    fit = item_response(strange)
    assert summed_fit(fit).p[0] < 1e-4
    assert summed_fit(fit).p[0] < summed_fit(fit).p[1:].min() / 10


def test_missing_answers_and_what_cannot_be_tested() -> None:
    x = binary(weyl(600), [-0.5, 0, 0.5, 1, -1, 0.3])
    found = item_response(holes(x))
    whole = ~np.isnan(holes(x)).any(axis=1)
    assert limited_fit(found).persons == whole.sum()
    assert np.isfinite(summed_fit(found).p).all()
    assert np.isfinite(grouped_fit(found).p).all()
    never = np.where(np.eye(3)[np.arange(600) % 3] > 0, np.nan, x[:, :3])
    with pytest.raises(ScaleError, match="under 2 persons"):
        limited_fit(item_response(never))
    assert np.isnan(summed_fit(item_response(never)).df).all()
    # Three items have as many means and products as parameters.
    exact = limited_fit(item_response(x[:, :3]))
    assert exact.df == 0
    assert np.isnan([exact.m2, exact.p, exact.rmsea]).all()
    weighted = item_response(x, np.arange(600) % 2 + 1)
    for test in (grouped_fit, summed_fit, limited_fit):
        with pytest.raises(ScaleError, match="unweighted"):
            test(weighted)
    with pytest.raises(ScaleError, match="two values"):
        grouped_fit(item_response(graded(weyl(600), [-1, 1])))
