"""Reliability: psych's and lavaan's numbers on data made by a rule, the definitions, invariants."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scale_samples import graded, holes, weyl
from scipy import optimize

from surveys.estimation.one_factor import one_factor
from surveys.estimation.reliability import cronbach_alpha, mcdonald_omega, moments, omega_of
from surveys.estimation.scales import ScaleError, item_matrix, person_weights, too_few

CUTS = [-1, 0, 0.8]
X = graded(weyl(300), CUTS)


def test_alpha_is_psych_s() -> None:
    """psych 2.2.9: alpha(x)$total, $feldt, $alpha.drop, $item.stats of the X above."""
    found = cronbach_alpha(X)
    assert (found.raw, found.standardized) == pytest.approx((0.7551711717749, 0.7555769174995))
    assert (found.average_r, found.median_r) == pytest.approx((0.3400259560094, 0.3405058892778))
    assert found.se == pytest.approx(0.0217822775599, abs=1e-12)
    assert (found.low, found.high) == pytest.approx((0.709616456712, 0.795723135464), abs=1e-11)
    assert found.raw_without == pytest.approx(
        [0.677171433549, 0.702481169915, 0.735545045780, 0.746492780887, 0.687258254813,
         0.760011931524], abs=1e-11)  # fmt: skip
    assert found.standardized_without[:2] == pytest.approx([0.677202867098, 0.703280689591])
    assert found.item_rest == pytest.approx(
        [0.649061459728, 0.557143115097, 0.436013717263, 0.393386697067, 0.613245592192,
         0.340586020147], abs=1e-11)  # fmt: skip
    assert found.item_total[[0, 5]] == pytest.approx([0.781289612992, 0.550807809295], abs=1e-11)
    assert found.sd[:2] == pytest.approx([0.981858860907, 1.008193855118], abs=1e-11)


def test_missing_answers_are_left_out_as_cov_leaves_them_out() -> None:
    """psych 2.2.9: alpha(holes(x), use = "pairwise"); alpha(na.omit(holes(x)))."""
    found = cronbach_alpha(holes(X), missing="pairwise")
    assert (found.raw, found.standardized) == pytest.approx((0.7535177629188, 0.7540343534976))
    assert (found.low, found.high) == pytest.approx((0.707655402021, 0.794343587233), abs=1e-11)
    assert found.answered.tolist() == [290, 290, 290, 291, 291, 290]
    listwise = cronbach_alpha(holes(X))
    assert (listwise.raw, listwise.se) == pytest.approx((0.7462239657196, 0.0251556486722))
    assert listwise.n == 242
    assert moments(holes(X), missing="pairwise").n == 300


def test_omega_is_lavaan_s_and_semtools_s() -> None:
    """lavaan 0.6-14, semTools 0.5-6: cfa("f =~ q1 + … + q6", x, std.lv = TRUE) with
    om := (Σλ)²/((Σλ)² + Σθ): 0.764973197061, se 0.0208671581218, chisq 7.964 on 9; semTools'
    reliability(fit): omega the same, omega3 0.769329138416; first loading 0.756082722348. lavaan
    stops at a relative change of 1e-10 of its function."""
    found = mcdonald_omega(X)
    assert (found.value, found.se) == pytest.approx((0.764973197061, 0.0208671581218), abs=1e-7)
    assert mcdonald_omega(X, total="observed").value == pytest.approx(0.769329138416, abs=3e-7)
    assert found.factor.loading[0] * np.sqrt(299 / 300) == pytest.approx(0.756082722348, abs=1e-6)
    assert (found.factor.chi2, found.factor.df) == (pytest.approx(7.964, abs=5e-4), 9)
    assert found.high - found.value == pytest.approx(1.959964 * found.se)
    # After na.omit(holes(x)): omega 0.757849815346, se 0.0238998521403.
    listwise = mcdonald_omega(holes(X))
    assert (listwise.value, listwise.se) == pytest.approx((0.7578498, 0.02389985), abs=1e-7)


def test_omega_by_minres_is_psych_s() -> None:
    """psych 2.2.9: omega(x, nfactors = 1): omega.tot 0.764342161817, omega_h 0.766274330009; of
    holes(x), whose correlations are pairwise: 0.763388121523, 0.765832007635."""
    kind = {"method": "minres", "standardized": True, "missing": "pairwise"}
    for x, total, common in (
        (X, 0.764342161817, 0.766274330009), (holes(X), 0.763388121523, 0.765832007635),
    ):  # fmt: skip
        found = mcdonald_omega(x, total="remainder", **kind)
        assert found.value == pytest.approx(total, abs=1e-7)
        observed = mcdonald_omega(x, total="observed", **kind)
        assert observed.value == pytest.approx(common, abs=2e-7)
        assert np.isnan([found.se, found.factor.chi2]).all()


def likelihood(s: np.ndarray, x: np.ndarray) -> float:
    k = len(s)
    model = np.outer(x[:k], x[:k]) + np.diag(np.exp(x[k:]))
    return float(np.log(np.linalg.det(model)) + np.trace(s @ np.linalg.inv(model)))


def test_the_factor_is_where_a_blind_search_ends() -> None:
    s = np.cov(graded(weyl(200, (0.9, 0.2, 0.5, -0.4)), CUTS).T)
    found = one_factor(s, n=200)
    start = np.concatenate([found.loading * 0.9, np.log(found.unique) + 0.1])
    blind = optimize.minimize(lambda x: likelihood(s, x), start, method="Nelder-Mead",
                              options={"maxiter": 40000, "maxfev": 40000, "xatol": 1e-9,
                                       "fatol": 1e-13, "adaptive": True})  # fmt: skip
    ours = likelihood(s, np.concatenate([found.loading, np.log(found.unique)]))
    assert ours <= blind.fun + 1e-9
    assert blind.x[:4] == pytest.approx(found.loading, abs=1e-3)
    assert found.converged
    # The expected information is the mean of the observed one: near it at n = 200.
    assert found.loading[3] < 0 < found.loading[0]


def test_a_weak_factor_is_found_to_the_end() -> None:
    # Where the factor is weak scoring alone creeps: of these it gave up 8.
    given_up = 0
    for seed in range(60):
        dice = np.random.default_rng(seed)
        items = 4 + seed % 5
        x = 0.1 * (seed % 4) * dice.normal(size=(250, 1)) + dice.normal(size=(250, items))
        r = np.corrcoef(x.T)
        found = one_factor(r, n=250)
        given_up += not found.converged
        best = likelihood(r, np.concatenate([found.loading, np.log(found.unique)]))
        for place in np.flatnonzero(~found.at_bound) if found.converged else ():
            for step in (-1e-4, 1e-4):
                loading, unique = found.loading.copy(), found.unique.copy()
                loading[place] += step
                unique[place] += step
                for there in ((loading, found.unique), (found.loading, unique)):
                    beside = likelihood(r, np.concatenate([there[0], np.log(there[1])]))
                    assert beside > best - 1e-11
    assert given_up <= 1


def test_an_item_that_is_two_is_held_at_the_bound_and_named() -> None:
    r = np.array([[1, 0.9, 0.9, 0.4], [0.9, 1, 0.7, 0.3], [0.9, 0.7, 1, 0.3], [0.4, 0.3, 0.3, 1]])
    for method in ("ml", "minres"):
        found = one_factor(r, n=500, method=method)
        assert found.at_bound.tolist() == [True, False, False, False]
        assert found.unique[0] == pytest.approx(0.005)
        assert found.converged
        assert np.isnan(found.covariance).all()
    twice = np.array([[1, 1, 0.5], [1, 1, 0.5], [0.5, 0.5, 1]])
    with pytest.raises(ScaleError, match="repeats"):
        one_factor(twice, n=500)
    assert one_factor(twice, n=500, method="minres").at_bound.any()
    with pytest.raises(ScaleError, match="3 items"):
        one_factor(np.eye(2), n=500)


answers = st.lists(
    st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=8, max_size=20
).filter(lambda rows: all(len(set(column)) > 1 for column in zip(*rows, strict=True)))


@settings(deadline=None, max_examples=60)
@given(answers, st.permutations(range(3)), st.integers(1, 4))
def test_alpha_is_its_definition_and_does_not_mind_order_or_units(
    rows: list, order: list, times: int
) -> None:
    x = np.array(rows, float)
    if x.sum(axis=1).var() < 1e-9:
        return
    found = cronbach_alpha(x)
    expected = 1.5 * (1 - sum(x[:, j].var() for j in range(3)) / x.sum(axis=1).var())
    assert found.raw == pytest.approx(expected)
    rest = x[:, 1] + x[:, 2]
    if rest.var() > 1e-9:
        assert found.item_rest[0] == pytest.approx(np.corrcoef(x[:, 0], rest)[0, 1])
    moved = cronbach_alpha(x[:, order] * times + 7)
    assert moved.raw == pytest.approx(found.raw)
    assert moved.raw_without == pytest.approx(found.raw_without[order])
    # A weight of k is k persons; only n is another.
    w = np.arange(len(x)) % 3
    weighted, repeated = moments(x, w) if kept(x, w) else None, x.repeat(w, axis=0)
    if weighted is not None:
        share = np.cov(repeated.T, bias=True)
        n = (w > 0).sum()
        assert weighted.covariance == pytest.approx(share * n / (n - 1), abs=1e-9)
        assert weighted.n == pytest.approx(w.sum() ** 2 / (w**2).sum())


def kept(x: np.ndarray, w: np.ndarray) -> bool:
    return all(len(set(column)) > 1 for column in x[w > 0].T)


def test_omega_does_not_mind_the_units_of_items() -> None:
    found = mcdonald_omega(X, standardized=True)
    s = moments(X).covariance
    assert one_factor(s, n=300).loading / np.sqrt(s.diagonal()) == pytest.approx(
        found.factor.loading
    )
    assert mcdonald_omega(X * 10 + 3).value == pytest.approx(mcdonald_omega(X).value)
    assert omega_of(moments(X)).value == mcdonald_omega(X).value


def test_two_items_have_an_alpha_and_no_alpha_without() -> None:
    found = cronbach_alpha(X[:, :2])
    r = np.corrcoef(X[:, :2].T)[0, 1]
    assert found.standardized == pytest.approx(2 * r / (1 + r))
    assert np.isnan(found.raw_without).all()


def test_what_is_no_scale_is_said() -> None:
    for items, sentence in (
        ([[1], [2]], "at least 2 items"),
        ([1, 2, 3], "at least 2 items"),
        ([[1, 2], [2, 2], [3, np.nan]], "item 2 has the same answer"),
        (np.empty((0, 2)), "item 1 has the same answer"),
    ):
        with pytest.raises(ScaleError, match=sentence):
            item_matrix(items)
    for w in ([-1, 2], [np.nan, 1], [0, 0]):
        with pytest.raises(ScaleError, match="weights"):
            person_weights(w, 2)
    apart = [[1, np.nan], [2, np.nan], [np.nan, 1], [np.nan, 2], [1, 2], [2, 3]]
    with pytest.raises(ScaleError, match="under 3 persons who answered both"):
        moments(apart, missing="pairwise")
    constant = [[1, 1], [1, 2], [1, 3], [2, np.nan]]
    with pytest.raises(ScaleError, match="all who answered another"):
        moments(constant, missing="pairwise")
    with pytest.raises(ScaleError, match="same answer from everybody"):
        moments(constant)


def test_from_how_many_persons_on_what_is_shown() -> None:
    assert [too_few(n, "reliability") is None for n in (199, 200)] == [False, True]
    assert [too_few(n, "item_response") is None for n in (499, 500)] == [False, True]
    assert [too_few(n, "differential") is None for n in (199, 200)] == [False, True]
