"""The beta-binomial model: SciPy's own distribution, what it promises, what it refuses."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from surveys.estimation.rare_shares import ON_SIZE, Likelihood, beta_binomial


@pytest.mark.parametrize(("a", "b", "seed"), [(1.0, 6.0, 1), (4.0, 4.0, 2), (0.3, 2.0, 3)])
def test_posterior_is_that_of_a_fine_plain_grid(a: float, b: float, seed: int) -> None:
    chance = np.random.default_rng(seed)
    n = chance.integers(5, 40, 12)
    y = chance.binomial(n, chance.beta(a, b, 12))
    mu, size = np.linspace(0.0025, 0.9975, 200)[:, None], np.exp(np.linspace(-4, 12, 400))[None]
    density = n.mean() / (n.mean() + size) ** 2 * size
    for told, of in zip(y, n, strict=True):
        density = density * np.exp(stats.betabinom.logpmf(told, of, mu * size, (1 - mu) * size))
    density = density / integrate.trapezoid(density.sum(axis=1))

    def expected(values: np.ndarray) -> float:
        return float(integrate.trapezoid((density * values).sum(axis=1)))

    found = beta_binomial(y, n)
    assert found.mean == pytest.approx(expected(mu + 0 * size), abs=1e-3)
    for i, (told, of) in enumerate(zip(y, n, strict=True)):
        after = (mu * size + told, (1 - mu) * size + of - told)
        mean = expected(stats.beta.mean(*after))
        spread = expected(stats.beta.var(*after) + stats.beta.mean(*after) ** 2) - mean**2
        assert found.value[i] == pytest.approx(mean, abs=1e-3)
        whole = mean * (1 - mean) / spread - 1
        limits = stats.beta(mean * whole, (1 - mean) * whole).interval(0.95)
        assert (found.low[i], found.high[i]) == pytest.approx(limits, abs=2e-3)


def test_nobody_of_a_few_is_not_nobody_of_the_village() -> None:
    chance = np.random.default_rng(6)
    held, error, direct, runs = 0.0, 0.0, 0.0, 40
    for _ in range(runs):
        truth = chance.beta(2, 14, 30)
        n = chance.integers(5, 25, 30)
        y = chance.binomial(n, truth)
        found = beta_binomial(y, n)
        assert (found.value > 0).all()
        held += ((found.low <= truth) & (truth <= found.high)).mean() / runs
        error += ((found.value - truth) ** 2).mean() / runs
        direct += ((y / n - truth) ** 2).mean() / runs
    assert held > 0.935
    assert error < 0.7 * direct


def test_alike_villages_share_one_share_and_turning_the_question_turns_the_answer() -> None:
    alike = beta_binomial(np.full(400, 3), np.full(400, 10))
    assert alike.value == pytest.approx(np.full(400, 0.3), abs=2e-3)
    y, n = np.array([0.0, 2.5, 7, 1, 0, 4]), np.array([8.0, 9.5, 9, 10, 7, 12])
    yes, no = beta_binomial(y, n), beta_binomial(n - y, n)
    assert no.value == pytest.approx(1 - yes.value)
    assert no.low == pytest.approx(1 - yes.high)
    with_empty = beta_binomial(np.append(y, 0), np.append(n, 0))
    assert with_empty.value[:-1] == pytest.approx(yes.value)
    assert np.isnan([with_empty.value[-1], with_empty.low[-1], with_empty.high[-1]]).all()
    # Nobody anywhere: little, and the less the more were asked.
    few, many = beta_binomial([0] * 5, [10] * 5), beta_binomial([0] * 50, [10] * 50)
    assert 0 < many.mean < few.mean < 0.1
    assert 0 < many.high[0] < few.high[0] < 0.3


@pytest.mark.parametrize(
    ("y", "n", "word"),
    [([1, 2], [5, 5], "three"), ([1, 2, 6], [5, 5, 5], "yes"), ([1, 2, -1], [5, 5, 5], "yes")],
)
def test_what_cannot_be_fitted_is_said(y: list[int], n: list[int], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        beta_binomial(y, n)


def test_the_interpolated_likelihood_is_the_sum_over_villages() -> None:
    chance = np.random.default_rng(8)
    n = chance.uniform(0.5, 300, 50)
    y = np.where(chance.random(50) < 0.3, 0, n * chance.random(50))
    on_mean, on_size = np.linspace(-12, 12, 41), np.linspace(*ON_SIZE, 37)
    found = Likelihood.of(y, n).posterior(on_mean, on_size)
    mu, size = special.expit(on_mean)[:, None, None], np.exp(on_size)[:, None]
    a, b = mu * size, (1 - mu) * size
    log = (special.betaln(a + y, b + n - y) - special.betaln(a, b)).sum(axis=-1)
    log += np.log(mu * (1 - mu) * size / (n.mean() + size) ** 2)[..., 0]
    there = log - log.max() > -600
    assert there.sum() > 50
    with np.errstate(divide="ignore"):
        assert np.log(found)[there] == pytest.approx((log - log.max())[there], abs=1e-6, rel=1e-9)
