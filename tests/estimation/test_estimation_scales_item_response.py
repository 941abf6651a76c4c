"""Item response models: LSAT-6, ltm's numbers, plain integration, recovery, invariants."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scale_samples import binary, graded, holes, lsat6, weyl
from scipy import integrate, special

from surveys.estimation.answer_patterns import pairs, patterns
from surveys.estimation.item_response import ItemResponse, item_response, quadrature
from surveys.estimation.latent_scores import latent_scores
from surveys.estimation.scales import ScaleError

GRADED = graded(weyl(600), [-1, 0, 0.8])
GRADED[:, 5] = np.minimum(GRADED[:, 5], 1)
CUTS = [-0.5, 0, 0.5, 1, -1, 0.3]


@pytest.fixture(scope="module")
def lsat() -> ItemResponse:
    return item_response(lsat6())


def chance(fit: ItemResponse, code: np.ndarray, z: float) -> float:
    """P(pattern | z), item by item."""
    product = 1.0
    for item, k in enumerate(code):
        if k >= 0:
            d = [np.inf, *fit.steps(item), -np.inf]
            a = fit.slope[item]
            product *= special.expit(d[k] + a * z) - special.expit(d[k + 1] + a * z)
    return product


def log_likelihood(fit: ItemResponse) -> float:
    found = fit.patterns
    return sum(
        w * np.log(integrate.quad(lambda z, code=code: chance(fit, code, z)
                                  * np.exp(-z * z / 2) / np.sqrt(2 * np.pi), -9, 9)[0])
        for code, w in zip(found.code, found.weight, strict=True)
    )  # fmt: skip


def test_lsat_6_is_as_published(lsat: ItemResponse) -> None:
    """Bock & Aitkin (1981) and, in ltm's convention, Rizopoulos (2006, *J. Stat. Soft.* 17(5)) and
    the manual of ltm: ltm(LSAT ~ z1): log-likelihood -2466.65, AIC 4953.31, BIC 5002.38; summary():
    difficulties, discriminations, their errors. ltm stops at a gradient of 0.02, hence 3 digits."""
    assert lsat.log_likelihood == pytest.approx(-2466.653385, abs=1e-4)
    assert (lsat.aic, lsat.bic) == pytest.approx((4953.30677, 5002.384322), abs=1e-4)
    assert lsat.difficulty[:, 0] == pytest.approx(
        [-3.3597341, -1.3696497, -0.2798983, -1.8659189, -3.1235725], abs=3e-3)  # fmt: skip
    assert lsat.slope == pytest.approx(
        [0.8253715, 0.7229499, 0.8904748, 0.6885502, 0.6574516], abs=7e-4)  # fmt: skip
    assert lsat.difficulty_se[:, 0] == pytest.approx(
        [0.8669462, 0.3073365, 0.0996672, 0.4341199, 0.8699808], abs=1.5e-3)  # fmt: skip
    assert lsat.slope_se == pytest.approx(
        [0.2580641, 0.1867055, 0.2326170, 0.1851659, 0.2100051], abs=2e-4)  # fmt: skip
    # coef(ltm(LSAT ~ z1, control = list(iter.em = 2000))), whose gradient is 6e-12.
    assert lsat.slope == pytest.approx(
        [0.825659522, 0.722744198, 0.890874533, 0.688367972, 0.656855940], abs=1e-8)  # fmt: skip
    assert lsat.difficulty[:, 0] == pytest.approx(
        [-3.358811137, -1.370057624, -0.279666232, -1.866381030, -3.125906794], abs=1e-8
    )


def test_one_discrimination_is_ltm_s_rasch() -> None:
    """ltm: summary(rasch(LSAT)): Dscrmn 0.7551347 (0.0694333), AIC 4945.875199."""
    found = item_response(lsat6(), equal_slopes=True)
    assert (found.log_likelihood, found.aic) == pytest.approx((-2466.9376, 4945.875199), abs=1e-5)
    assert found.slope == pytest.approx(0.7551347, abs=1e-6)
    assert found.slope_se == pytest.approx(0.0694333, abs=1e-6)
    assert found.difficulty[:, 0] == pytest.approx(
        [-3.6152665, -1.3224208, -0.3176306, -1.7300903, -2.7801716], abs=1e-5)  # fmt: skip
    assert found.difficulty_se[:, 0] == pytest.approx(
        [0.3266412, 0.1421822, 0.0976771, 0.1691360, 0.2510482], abs=1e-6)  # fmt: skip


def test_graded_answers_some_missing_are_ltm_s_grm() -> None:
    """grm(holes(x), Hessian = TRUE), restarted from its end until its gradient was 0.003:
    log-likelihood -3824.64091428, IRT.parm(), factor.scores(method = "EAP"), "EB". Errors are those
    of the first extremity and the discrimination; ltm's of the other extremities are not the delta
    method's (see `test_errors_are_of_the_curvature`)."""
    found = item_response(holes(GRADED))
    assert found.log_likelihood == pytest.approx(-3824.64091428, abs=3e-7)
    assert (found.parameters, found.aic) == (22, pytest.approx(7693.281829, abs=1e-5))
    assert found.slope == pytest.approx([2.2192142109, 1.6813931091, 1.2783929573, 0.9455062624,
                                         2.1034012613, 0.8903938908], abs=2e-4)  # fmt: skip
    assert found.difficulty[:5] == pytest.approx(np.array([
        [-1.2339671474, -0.0038491019, 1.0367846135], [-1.4159957686, -0.0063072306, 1.1583136228],
        [-1.6847457596, 0.0199335695, 1.3067810936], [-2.0565089607, -0.0483379884, 1.5975087762],
        [-1.2997852983, 0.0090414931, 1.0288869328]]), abs=3e-4)  # fmt: skip
    assert found.difficulty[5, 0] == pytest.approx(-2.148757123, abs=3e-4)
    assert np.isnan(found.difficulty[5, 1:]).all()
    assert found.slope_se[:3] == pytest.approx([0.22159578, 0.1569099, 0.12585134], abs=3e-5)
    assert found.difficulty_se[:2, 0] == pytest.approx([0.09590827, 0.11854837], abs=3e-5)
    for method, score, se in (
        ("EAP", [-2.184079717, -2.288937405, -1.219627422], [0.6105969728, 0.5756689706]),
        ("EB", [-2.108693958, -2.192189423, -1.214506615], [0.5881166901, 0.5554142127]),
    ):  # fmt: skip
        ours, error = latent_scores(found, method)
        assert ours[:3] == pytest.approx(score, abs=3e-5)
        assert error[:2] == pytest.approx(se, abs=3e-5)


def test_the_likelihood_is_that_of_a_plain_integration(lsat: ItemResponse) -> None:
    assert lsat.log_likelihood == pytest.approx(log_likelihood(lsat), abs=1e-6)
    some = item_response(holes(GRADED[::12]), points=61)
    assert some.log_likelihood == pytest.approx(log_likelihood(some), abs=1e-4)
    assert some.patterns.persons == 50


def pattern_scores(fit: ItemResponse, theta: np.ndarray) -> np.ndarray:
    """(patterns, parameters) by differences of log P(pattern), one after the other."""
    z, w = quadrature(fit.points)
    sizes = fit.patterns.categories

    def log_p(theta: np.ndarray) -> np.ndarray:
        total = np.zeros((len(fit.patterns.code), len(z)))
        start = 0
        for item, size in enumerate(sizes):
            d = np.concatenate([[np.inf], theta[start : start + size - 1], [-np.inf]])
            above = special.expit(d[:, None] + theta[start + size - 1] * z)
            p = above[:-1] - above[1:]
            for row, k in enumerate(fit.patterns.code[:, item]):
                total[row] += np.log(p[k]) if k >= 0 else 0
            start += size
        return np.log(np.exp(total) @ w)

    step = 1e-5 * np.eye(len(theta))
    return np.array([(log_p(theta + one) - log_p(theta - one)) / 2e-5 for one in step]).T


def parameters(fit: ItemResponse) -> np.ndarray:
    return np.concatenate([[*fit.steps(j), fit.slope[j]] for j in range(len(fit.slope))])


def test_errors_are_of_the_curvature() -> None:
    fit = item_response(holes(GRADED[::3, [0, 3, 5]]))
    theta = parameters(fit)
    step = 1e-4 * np.eye(len(theta))
    w = fit.patterns.weight
    bent = np.array([
        w @ (pattern_scores(fit, theta + one) - pattern_scores(fit, theta - one)) / 2e-4
        for one in step
    ])  # fmt: skip
    assert fit.covariance == pytest.approx(np.linalg.inv(-bent), rel=2e-3, abs=1e-5)
    scores = pattern_scores(fit, theta)
    assert w @ scores == pytest.approx(np.zeros(len(theta)), abs=1e-4)
    robust = item_response(holes(GRADED[::3, [0, 3, 5]]), errors="robust")
    meat = (scores * w[:, None]).T @ scores
    assert robust.covariance == pytest.approx(
        np.linalg.inv(bent) @ meat @ np.linalg.inv(bent), rel=5e-3, abs=1e-5
    )
    # The delta method of b_2 = -d_2/a, by hand.
    v = fit.covariance[np.ix_([1, 3], [1, 3])]
    slope = np.array([-1 / theta[3], theta[1] / theta[3] ** 2])
    assert fit.difficulty_se[0, 1] == pytest.approx(np.sqrt(slope @ v @ slope))


def test_weights_are_persons_and_their_errors_robust() -> None:
    x, w = binary(weyl(300), CUTS), np.arange(300) % 3
    weighted, repeated = item_response(x, w), item_response(x.repeat(w, axis=0))
    assert weighted.slope == pytest.approx(repeated.slope, abs=1e-7)
    assert weighted.persons == 200
    assert weighted.log_likelihood == pytest.approx(repeated.log_likelihood * 200 / 300)
    assert item_response(x, w * 5).covariance == pytest.approx(weighted.covariance)
    plain = item_response(x, np.ones(300), errors="observed")
    assert plain.covariance == pytest.approx(item_response(x).covariance)
    found = weighted.patterns
    scores = pattern_scores(weighted, parameters(weighted))
    inverse = item_response(x, w, errors="observed").covariance
    meat = (scores * found.squared[:, None]).T @ scores
    assert weighted.covariance == pytest.approx(inverse @ meat @ inverse, rel=1e-5, abs=1e-8)


def test_what_was_put_in_comes_out() -> None:
    chance = np.random.default_rng(6)
    slope, d = np.linspace(0.6, 2.4, 8), np.linspace(-1.5, 1.5, 8)
    z = chance.normal(size=3000)
    noise = chance.logistic(size=(3000, 8))
    found = item_response(slope * z[:, None] + d + noise > 0)
    assert (np.abs(found.slope - slope) < 3 * found.slope_se).all()
    assert (np.abs(found.intercept[:, 0] - d) < 3 * found.intercept_se[:, 0]).all()
    assert (found.slope_se < 0.2).all()
    score, se = latent_scores(found)
    assert np.corrcoef(score, z)[0, 1] ** 2 == pytest.approx(1 - np.mean(se**2), abs=0.03)


@settings(deadline=None, max_examples=15)
@given(st.permutations(range(4)), st.sampled_from([1.0, -1.0]), st.integers(1, 9))
def test_order_units_and_direction_of_items_do_not_matter(
    order: list, sign: float, start: int
) -> None:
    x = holes(GRADED[:400:2, :4])
    plain, moved = item_response(x), item_response(sign * 3 * x[:, order] + start)
    assert moved.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-8)
    assert moved.slope == pytest.approx(plain.slope[order], abs=1e-6)
    turned = plain.difficulty[order] if sign > 0 else -plain.difficulty[order, ::-1]
    assert moved.difficulty == pytest.approx(turned, abs=1e-6)


def test_an_item_turned_round_has_a_slope_under_0() -> None:
    x = binary(weyl(500), CUTS)
    plain = item_response(x)
    x[:, 0] = 1 - x[:, 0]
    found = item_response(x)
    assert found.slope[0] == pytest.approx(-plain.slope[0], abs=1e-6)
    assert found.slope[1:] == pytest.approx(plain.slope[1:], abs=1e-6)
    assert found.difficulty == pytest.approx(plain.difficulty, abs=1e-6)


def test_items_that_are_one_are_held_at_the_limit_and_get_no_error() -> None:
    x = binary(weyl(500), CUTS)
    twice = item_response(np.column_stack([x, x[:, 0]]))
    assert twice.converged
    assert twice.at_limit.tolist() == [True, *[False] * 5, True]
    assert twice.slope[[0, 6]] == pytest.approx(10)
    assert np.isnan(twice.slope_se[[0, 6]]).all()
    assert np.isfinite(twice.slope_se[1:6]).all()
    assert np.isfinite(twice.intercept_se).all()
    assert item_response(np.column_stack([x, x[:, 0]]), slope_limit=4).slope.max() == 4
    # Guttman's perfect scale, and an item that one person in 500 passes.
    ladder = (np.arange(500)[:, None] >= [100, 200, 300, 400]).astype(float)
    assert item_response(ladder).at_limit.all()
    rare = item_response(np.column_stack([x, np.arange(500) == 3]))
    assert rare.converged
    assert (rare.slope[:6] > 0).all()
    chance = np.random.default_rng(1).random((600, 4)) < 0.4
    assert item_response(chance).converged


def test_patterns_are_taken_some_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = item_response(holes(GRADED[:200]))
    monkeypatch.setattr("surveys.estimation.item_response.ROWS_AT_ONCE", 7)
    assert item_response(holes(GRADED[:200])).covariance == pytest.approx(whole.covariance)


def test_who_answers_nothing_is_counted_nowhere() -> None:
    x = binary(weyl(300), CUTS)
    more = np.vstack([x, np.full(6, np.nan)])
    assert item_response(more).log_likelihood == item_response(x).log_likelihood
    score, se = latent_scores(item_response(more))
    assert np.isnan([score[300], se[300]]).all()
    assert np.isfinite(score[:300]).all()
    assert patterns(more).of_row[300] == -1
    for items in (x[:, :2], x[:, 0]):
        with pytest.raises(ScaleError, match="at least 3 items"):
            item_response(items)


def test_pairs_count_who_gave_both_answers() -> None:
    found = patterns(holes(GRADED[:60]))
    counts = pairs(found, slice(None)).T @ found.weight
    total = int(found.categories.sum())
    both = found.one_hot.T @ (found.one_hot.toarray() * found.weight[:, None])
    assert counts.reshape(total, total) == pytest.approx(np.triu(both))


def test_modes_are_the_highest_points() -> None:
    found = item_response(GRADED[:200])
    found.slope[:] *= 12  # steep: Newton's steps overshoot
    found.intercept[:] *= 12
    score, _ = latent_scores(found, "EB")
    grid = np.linspace(-3, 3, 3001)
    for row in range(0, 200, 25):
        code = found.patterns.code[found.patterns.of_row[row]]
        with np.errstate(divide="ignore"):
            height = [np.log(chance(found, code, z)) - z * z / 2 for z in grid]
        assert score[row] == pytest.approx(grid[int(np.argmax(height))], abs=2e-3)
