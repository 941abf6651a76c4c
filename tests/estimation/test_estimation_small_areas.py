"""The Fay-Herriot model: R's published numbers, dense matrices and an optimiser, invariants."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize

from surveys.estimation import small_areas
from surveys.estimation.small_areas import (
    FayHerriot,
    Method,
    benchmarked,
    fay_herriot,
    gradient,
    modelled,
    smoothed_variances,
)

# Milk expenditure, U.S. 1989, the first 15 areas (Arora & Lahiri 1997, Statistica Sinica 7;
# You & Chapman 2006, Survey Methodology 32): estimate, standard deviation, major area.
MILK = np.array([
    [1.099, 0.163, 1], [1.075, 0.080, 1], [1.105, 0.083, 1], [0.628, 0.109, 1], [0.753, 0.119, 1],
    [0.981, 0.141, 1], [1.257, 0.202, 1], [1.095, 0.127, 2], [1.405, 0.168, 2], [1.356, 0.178, 2],
    [0.615, 0.100, 2], [1.460, 0.201, 2], [1.338, 0.148, 2], [0.854, 0.143, 2], [1.176, 0.149, 3],
])  # fmt: skip
# What R's sae::mseFH(yi ~ as.factor(MajorArea), SD^2) gives for them (REML, tolerance 1e-4).
SAE_VARIANCE = 0.0586209
SAE_EBLUP = [
    1.0600544, 1.0650710, 1.0912374, 0.6863293, 0.7960240, 0.9792592, 1.1409086, 1.1028568,
    1.3160859, 1.2772021, 0.6902558, 1.3259360, 1.2818050, 0.9257442, 1.1760000,
]  # fmt: skip
SAE_MSE = [
    0.02117159, 0.00611478, 0.00655598, 0.01083445, 0.01265244, 0.01685456, 0.02860321, 0.01419805,
    0.02224815, 0.02420555, 0.00929037, 0.02857493, 0.01829326, 0.01730715, 0.02370891,
]  # fmt: skip

methods: list[Method] = ["reml", "li-lahiri", "mixed"]
areas = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0.5, 100), st.floats(0, 3)), min_size=6, max_size=25
)


def test_milk_is_that_of_sae() -> None:
    y, sd, major = MILK.T
    fit = fay_herriot(y, sd**2, np.column_stack([major == 2, major == 3]))
    assert fit.method == "reml"
    assert fit.variance == pytest.approx(SAE_VARIANCE, rel=1e-5)
    assert fit.eblup == pytest.approx(SAE_EBLUP, abs=1e-6)
    assert fit.mse == pytest.approx(SAE_MSE, abs=1e-7)


def dense(a: float, y: np.ndarray, psi: np.ndarray, x: np.ndarray) -> tuple[float, np.ndarray]:
    """The residual log-likelihood and P, from whole matrices."""
    inverse = np.linalg.inv(np.diag(a + psi))
    inner = x.T @ inverse @ x
    p = inverse - inverse @ x @ np.linalg.inv(inner) @ x.T @ inverse
    logs = np.log(a + psi).sum() + np.linalg.slogdet(inner)[1]
    return -float(logs + y @ p @ y) / 2, p


@settings(deadline=None, max_examples=30)
@given(areas, st.sampled_from(methods), st.integers(0, 2**31))
def test_an_optimiser_on_dense_matrices_finds_nothing_better(
    rows: list[tuple[float, float, float]], method: Method, seed: int
) -> None:
    y, psi, z = (np.array(one) for one in zip(*rows, strict=True))
    assume(np.ptp(z) > 0.5)
    x = np.column_stack([np.ones(len(y)), z])
    fit = fay_herriot(y, psi, z, method=method)
    power = 0 if fit.method == "reml" else 1
    if method == "mixed":
        assert (fit.method == "li-lahiri") == (fay_herriot(y, psi, z, method="reml").variance == 0)

    def height(a: float) -> float:
        return dense(a, y, psi, x)[0] + (power * np.log(a) if power else 0)

    top = height(fit.variance)
    for low, high in ((1e-9, 1.0), (0.1, 50), (10, 5000)):
        peer = optimize.minimize_scalar(lambda a: -height(a), bounds=(low, high), method="bounded")
        assert -peer.fun <= top + 1e-6
    p = dense(fit.variance, y, psi, x)[1]
    if fit.variance > 0:
        slope = (y @ p @ p @ y - np.trace(p)) / 2 + power / fit.variance
        assert slope * fit.variance == pytest.approx(0, abs=1e-6)

    # BLUP and its error as the textbook writes them, with A taken as found (Rao & Molina 2015).
    v = np.diag(fit.variance + psi)
    assert fit.eblup == pytest.approx(y - psi * (p @ y), abs=1e-6)
    g12 = psi - psi**2 * np.diag(p)
    trace = np.trace(np.linalg.inv(v @ v))
    g3 = psi**2 / (fit.variance + psi) ** 3 * 2 / trace
    bias = 2 / fit.variance / trace if method == "li-lahiri" else 0
    expected = g12 + 2 * g3 - (psi / (fit.variance + psi)) ** 2 * bias
    assert fit.mse == pytest.approx(expected, rel=1e-6, abs=1e-8)
    # β and its covariance: generalised least squares with the same V.
    peer = sm.GLS(y, x, sigma=v).fit()
    assert fit.beta == pytest.approx(peer.params, rel=1e-6, abs=1e-6)
    assert fit.covariance == pytest.approx(peer.normalized_cov_params, rel=1e-6)
    assert fit.shrinkage == pytest.approx(psi / (fit.variance + psi))

    order = np.random.default_rng(seed).permutation(len(y))
    same(fit, fay_herriot(y[order], psi[order], z[order], method=method), order, 1, 0)
    same(fit, fay_herriot(10 * y + 5, 100 * psi, z, method=method), np.arange(len(y)), 10, 5)


def same(one: FayHerriot, other: FayHerriot, order: np.ndarray, scale: float, shift: float) -> None:
    assert other.variance == pytest.approx(scale**2 * one.variance, rel=1e-4, abs=1e-6)
    assert other.eblup == pytest.approx(scale * one.eblup[order] + shift, rel=1e-5, abs=1e-5)
    assert other.mse == pytest.approx(scale**2 * one.mse[order], rel=1e-4, abs=1e-5)


def test_no_difference_between_villages_still_leaves_each_some_weight() -> None:
    y, psi = np.array([50.0, 51, 49, 50, 52, 48]), np.full(6, 100.0)
    assert fay_herriot(y, psi, method="reml").variance == 0
    assert fay_herriot(y, psi, method="reml").eblup == pytest.approx(np.full(6, 50.0))
    mixed = fay_herriot(y, psi)
    assert mixed.method == "li-lahiri"
    assert mixed.variance > 0
    assert (mixed.mse > 0).all()
    # Nothing at all to explain: the residuals are exactly 0.
    assert fay_herriot(np.zeros(6), psi, method="reml").variance == 0
    assert fay_herriot(np.zeros(6), psi).variance > 0


def test_a_top_beside_zero_is_found() -> None:
    """REML's slope at 0 only just upward: the top lies under the grid's first step."""
    psi = np.full(8, 4.0)
    shape = np.array([-1.0, 1, -1, 1, -1, 1, -1, 1]) * np.sqrt(7 / 8)
    for extra in (1e-6, 1e-3):
        fit = fay_herriot(shape * np.sqrt(4 + extra), psi, method="reml")
        assert fit.variance == pytest.approx(extra, rel=1e-6)


@pytest.mark.parametrize(
    ("y", "psi", "x", "word"),
    [
        ([1.0] * 3, [1.0] * 3, None, "three"),
        ([1.0, 2, 3, np.nan], [1.0] * 4, None, "known"),
        ([1.0, 2, 3, 4], [1.0, 1, 1, 0], None, "over 0"),
        ([1.0, 2, 3, 4, 5], [1.0] * 5, [2.0] * 5, "depend"),
    ],
)
def test_what_cannot_be_fitted_is_said(y: list, psi: list, x: list | None, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        fay_herriot(y, psi, x)


def test_gradient_is_a_line_by_known_weights() -> None:
    ring, psi = np.repeat([0.0, 1, 2, 3], 6), np.tile([4.0, 9, 16], 8)
    y = 60 - 7 * ring + np.random.default_rng(5).normal(size=24) * np.sqrt(psi + 20)
    slope, fit = gradient(y, psi, ring), fay_herriot(y, psi, ring)
    peer = sm.WLS(y, sm.add_constant(ring), weights=1 / (fit.variance + psi)).fit()
    assert slope.value == pytest.approx(peer.params[1])
    assert slope.se == pytest.approx(peer.bse[1] / np.sqrt(peer.scale))
    assert slope.df == peer.df_resid == 22
    assert slope.high - slope.value == pytest.approx(2.0738730679 * slope.se)
    assert slope.value - slope.low == pytest.approx(slope.high - slope.value)
    assert slope.low < -7 < slope.high


def test_pooled_variance_and_adding_up() -> None:
    chance = np.random.default_rng(2)
    kappa, homes = 1 / chance.integers(5, 20, 30), chance.integers(5, 20, 30)
    # Villages that vary alike keep their own; the pooled one is the mean by degrees of freedom.
    assert smoothed_variances(7 * kappa, kappa, homes) == pytest.approx(7 * kappa)
    direct, model, adults = chance.normal(40, 9, 30), chance.normal(40, 5, 30), homes * 50
    moved = benchmarked(model, direct, adults)
    assert adults @ moved == pytest.approx(adults @ direct)
    assert np.ptp(moved - model) < 1e-9


def drawn(
    chance: np.random.Generator, villages: int, homes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The truth, means of drawn homes and their variances; ring explains half of the truth."""
    truth = np.clip(45 + 8 * chance.normal(size=villages), 5, 95)
    rows = truth[:, None] + 22 * chance.normal(size=(villages, homes))
    return truth, rows.mean(axis=1), rows.var(axis=1, ddof=1) / homes


def test_modelled_takes_who_can_be_modelled() -> None:
    villages = 30
    _, y, v = drawn(np.random.default_rng(4), villages, 6)
    kappa, homes, adults = np.full(villages, 1 / 6), np.full(villages, 6), np.full(villages, 400.0)
    ring = np.arange(villages) % 4.0
    whole = modelled(y, v, kappa, homes, adults, covariates=ring)
    assert whole.used.all()
    assert adults @ whole.value == pytest.approx(adults @ y)
    assert whole.fit is not None
    assert len(whole.fit.beta) == 2
    # Said twice, or the same for all: the column is dropped, the numbers stay.
    twice = np.column_stack([np.full(villages, 3.0), ring, 2 * ring + 1])
    assert modelled(y, v, kappa, homes, adults, covariates=twice).value == pytest.approx(
        whole.value
    )
    y[0], homes[1], adults[2], ring[3], v[4] = np.nan, 2, 0, np.nan, np.nan
    part = modelled(y, v, kappa, homes, adults, covariates=ring)
    assert np.flatnonzero(~part.used).tolist() == [0, 1, 2, 3, 4]
    for column in (part.value, part.mse, part.low, part.high):
        assert (np.isfinite(column) == part.used).all()
    few = modelled(y[:24], v[:24], kappa[:24], homes[:24], adults[:24])
    assert few.used.sum() == 20
    for none in (
        modelled(y[:23], v[:23], kappa[:23], homes[:23], adults[:23]),
        modelled(y, 0 * v, kappa, homes, adults),
        modelled(np.full(30, np.nan), v, kappa, homes, adults),
    ):
        assert none.fit is None
        assert not none.used.any()
        assert np.isnan(none.value).all()


@pytest.mark.parametrize("homes", [3, 6, 20])
def test_the_model_errs_less_than_the_village_alone_and_knows_by_how_much(homes: int) -> None:
    chance = np.random.default_rng(homes)
    runs, villages, error, direct, held = 60, 40, 0.0, 0.0, 0.0
    kappa, count, adults = (np.full(villages, one) for one in (1 / homes, homes, 400.0))
    for _ in range(runs):
        truth, y, v = drawn(chance, villages, homes)
        found = modelled(y, v, kappa, count, adults)
        error += ((found.value - truth) ** 2).mean() / runs
        direct += ((y - truth) ** 2).mean() / runs
        held += ((found.low <= truth) & (truth <= found.high)).mean() / runs
    assert error < 0.9 * direct
    assert held > 0.93


def test_thresholds_are_those_of_the_method() -> None:
    assert (small_areas.MODEL_FROM, small_areas.HOMES_FROM) == (20, 3)
