"""Differential item functioning: difR's and polr's numbers, statsmodels, invariants; Newton."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scale_samples import binary, graded, holes, weyl
from scipy import optimize, stats

from surveys.estimation.cumulative_logit import cumulative_logit, log_probabilities
from surveys.estimation.differential import adjusted, differential
from surveys.estimation.estimates import Groups, ratio
from surveys.estimation.newton import minimum
from surveys.estimation.overclaiming import overclaiming
from surveys.estimation.scales import ScaleError

SEX = np.arange(600) % 2


def answers() -> np.ndarray:
    x = weyl(600)
    x[:, 1] += 0.5 * SEX
    x[:, 3] *= np.where(SEX == 1, -0.2, 1)
    return binary(x, [-0.5, 0, 0.5, 1, -1, 0.3])


def test_all_three_tests_are_difr_s() -> None:
    """difR 5.1, difLogistic(x, g, focal.name = 1): types both, udif, nudif; criteria LRT, Wald.

    glm ends at 1e-8 of the deviance, from where difR's Wald has four digits. The fourth item is
    separated in one group: no Wald, but a likelihood."""
    found = differential(answers(), SEX)
    assert found.both.chi2 == pytest.approx(
        [1.935556704, 32.30253078, 0.2300748007, 69.36009083, 2.531832281, 5.006694224],
        abs=2e-6)  # fmt: skip
    assert found.uniform.chi2 == pytest.approx(
        [1.932434269, 32.30168996, 0.1872016071, 69.36009067, 1.838325398, 5.078617551e-05],
        abs=2e-6)  # fmt: skip
    assert found.nonuniform.chi2 == pytest.approx(
        [0.003122435001, 0.0008408223345, 0.04287319364, 0, 0.6935068829, 5.006643438],
        abs=1e-6)  # fmt: skip
    assert found.both.p_adjusted[[0, 1, 2, 4, 5]] == pytest.approx(
        [0.455911396, 2.902123032e-07, 0.8913328071, 0.4229712655, 0.1636214205],
        rel=1e-7)  # fmt: skip
    assert found.both.delta_r2 == pytest.approx(
        [0.002482544125, 0.04181738561, 0.0003531333513, 0.2285704713, 0.004603196991,
         0.008053974557], abs=1e-8)  # fmt: skip
    kept = [0, 1, 2, 4, 5]
    assert found.both.wald[kept] == pytest.approx(
        [1.913567073, 29.66097186, 0.2301423661, 2.479611143, 4.794068849], rel=3e-4)  # fmt: skip
    assert found.uniform.wald[kept] == pytest.approx(
        [1.909685248, 29.65465178, 0.1870718286, 1.815373861, 5.078625733e-05],
        rel=1e-4)  # fmt: skip
    assert np.isnan([found.both.wald[3], found.effect[3, 0], found.effect_se[3, 0]]).all()
    assert found.both.p[1] == pytest.approx(stats.chi2.sf(found.both.chi2[1], 2))
    assert found.both.wald_p[1] == pytest.approx(stats.chi2.sf(found.both.wald[1], 2))
    assert (found.both.df, found.uniform.df) == (2, 1)
    edges = replace(found.both, delta_r2=np.array([0.035, 0.0351, 0.07, 0.13, 0.26, 0.2601]))
    assert "".join(edges.jodoin_gierl) == "ABBCCC"
    assert "".join(edges.zumbo_thomas) == "AAAABC"
    assert "".join(found.both.zumbo_thomas) == "AAABAA"
    assert "".join(found.both.jodoin_gierl) == "ABACAA"
    assert found.effect[1, 0] > 1
    assert found.settled


def test_purified_and_with_answers_missing_it_is_difr_s() -> None:
    """difLogistic(x, g, focal.name = 1, purify = TRUE)$Logistik; difLogistic(holes(x), …)."""
    found = differential(answers(), SEX, purify=True)
    assert found.anchors.tolist() == [True, False, True, False, True, True]
    assert found.both.chi2 == pytest.approx(
        [0.6947058623, 24.3779132358, 1.6592233821, 59.6006297991, 0.1872634168, 1.0898658798],
        abs=2e-6)  # fmt: skip
    assert found.settled
    some = differential(holes(answers()), SEX, unanswered="zero")
    assert some.both.chi2 == pytest.approx(
        [1.3615793136, 33.9007039736, 0.3709970358, 73.7396406348, 1.9740097348, 4.8565863113],
        abs=2e-6)  # fmt: skip
    assert some.n.tolist() == [580, 580, 581, 581, 581, 580]


def test_ordered_answers_of_three_groups_are_polr_s() -> None:
    """MASS: polr(y ~ s), polr(y ~ s + factor(g)), polr(y ~ s * factor(g)), reltol 1e-15."""
    region = np.arange(600) % 3
    x = weyl(600)
    x[:, 1] += 0.5 * (region == 1)
    found = differential(graded(x, [-1, 0, 0.8]), region)
    assert found.both.df == 4
    for item, numbers in enumerate((
        (3.873987702, 2.552716085, 1.321271617, -0.232341611, 0.079865882, 0.2020284, 0.2011681),
        (62.2828725453, 61.4733395990, 0.8095329463, 1.28447670, -0.20270479, 0.2072817, 0.1947632),
        (1.8225893162, 1.7455886187, 0.0770006975, -0.20316733, 0.02989120, 0.1925494, 0.1911266),
    )):  # fmt: skip
        ours = (found.both.chi2[item], found.uniform.chi2[item], found.nonuniform.chi2[item],
                *found.effect[item], *found.effect_se[item])  # fmt: skip
        assert ours == pytest.approx(numbers, abs=2e-6)


def test_logistic_regression_is_statsmodels() -> None:
    chance = np.random.default_rng(1)
    x = np.column_stack([chance.integers(0, 20, 800) * 5.0, SEX.repeat(2)[:800]])
    x = np.column_stack([x, x[:, 0] * x[:, 1]])
    y = (chance.random(800) < 1 / (1 + np.exp(3 - 0.06 * x[:, 0] - 0.5 * x[:, 1]))).astype(int)
    found = cumulative_logit(y, x)
    peer = sm.Logit(y, sm.add_constant(x)).fit(disp=0, tol=1e-15, maxiter=100)
    assert found.parameters == pytest.approx(peer.params, abs=1e-10)
    assert found.covariance == pytest.approx(peer.cov_params(), abs=1e-10)
    assert found.log_likelihood == pytest.approx(peer.llf, abs=1e-10)
    assert found.null_log_likelihood == pytest.approx(peer.llnull, abs=1e-8)
    assert found.wald(np.array([2, 3])) == pytest.approx(
        float(peer.wald_test(np.eye(4)[2:], scalar=True).statistic), rel=1e-8
    )
    nagelkerke = (1 - np.exp(2 * (peer.llnull - peer.llf) / 800)) / (
        1 - np.exp(2 * peer.llnull / 800))  # fmt: skip
    assert found.r2 == pytest.approx(nagelkerke, abs=1e-10)
    peer = sm.GLM(y, sm.add_constant(x), family=sm.families.Binomial())
    robust = peer.fit(cov_type="HC0", tol=1e-15)
    assert cumulative_logit(y, x, robust=True).covariance == pytest.approx(
        robust.cov_params(), abs=1e-10
    )
    w = chance.integers(1, 4, 800)
    weighted, repeated = cumulative_logit(y, x, w.astype(float)), cumulative_logit(
        y.repeat(w), x.repeat(w, axis=0))  # fmt: skip
    assert weighted.parameters == pytest.approx(repeated.parameters, abs=1e-10)
    assert weighted.covariance == pytest.approx(repeated.covariance, abs=1e-10)


def test_proportional_odds_are_where_a_blind_search_ends() -> None:
    x = weyl(300)
    y = graded(x, [-1, 0, 0.8])[:, 0].astype(int)
    found = cumulative_logit(y, x[:, [1, 2]])

    def minus(theta: np.ndarray) -> float:
        if (np.diff(theta[:3]) >= 0).any():
            return 1e9
        logs = log_probabilities(theta[:3], x[:, [1, 2]] @ theta[3:])
        return -float(logs[np.arange(300), y].sum())

    blind = optimize.minimize(minus, [1.0, 0, -1, 0, 0], method="Nelder-Mead",
                              options={"maxiter": 9000, "xatol": 1e-8, "fatol": 1e-12})  # fmt: skip
    assert found.parameters == pytest.approx(blind.x, abs=1e-6)
    bent = np.array([
        (optimize.approx_fprime(found.parameters + one, minus, 1e-5)
         - optimize.approx_fprime(found.parameters - one, minus, 1e-5)) / 2e-3
        for one in 1e-3 * np.eye(5)
    ])  # fmt: skip
    assert np.linalg.inv(found.covariance) == pytest.approx(bent, rel=0.02, abs=0.5)
    one = cumulative_logit(y, x[:, [1]], robust=True)
    assert np.isfinite(one.covariance).all()


def test_answers_that_are_separated_are_said_to_be() -> None:
    x = np.arange(40.0)[:, None]
    found = cumulative_logit((x[:, 0] > 20).astype(int), x)
    assert not found.converged
    assert found.log_likelihood == pytest.approx(0, abs=1e-6)
    assert np.isnan(found.covariance).all()
    assert np.isnan(found.wald(np.array([1])))


@settings(deadline=None, max_examples=8)
@given(st.permutations(range(4)), st.integers(1, 5), st.integers(-3, 3))
def test_order_and_units_of_items_do_not_matter(order: list, times: int, more: int) -> None:
    x = answers()[:200, :4]
    plain = differential(x, SEX[:200], match="rest")
    moved = differential(times * x[:, order] + more, SEX[:200], match="rest")
    for one, other in ((plain.both, moved.both), (plain.uniform, moved.uniform)):
        assert other.chi2 == pytest.approx(one.chi2[order], abs=1e-6)
        assert other.delta_r2 == pytest.approx(one.delta_r2[order], abs=1e-8)
    # Named the other way round, a group's effect has the other sign.
    turned = differential(x, 1 - SEX[:200], match="rest")
    assert turned.effect == pytest.approx(-plain.effect, abs=1e-6, nan_ok=True)
    assert turned.both.chi2 == pytest.approx(plain.both.chi2, abs=1e-6)


def test_what_persons_are_matched_on() -> None:
    x = holes(answers())
    whole = ~np.isnan(x).any(axis=1)
    listwise = differential(x, SEX)
    assert listwise.persons.sum() == listwise.n[0] == whole.sum()
    for match in ("total", "rest"):
        found = differential(x, SEX, match=match, unanswered="prorated", purify=True)
        for item in range(6):
            anchors = [at for at in range(6)
                       if (found.anchors[at] or (match == "total" and at == item))
                       and not (match == "rest" and at == item)]  # fmt: skip
            score = np.nanmean(x[:, anchors], axis=1) * len(anchors)
            known = np.isfinite(score + x[:, item])
            given_ = differential(x[:, [item, item - 1]][known], SEX[known], match=score[known])
            assert given_.both.chi2[0] == pytest.approx(found.both.chi2[item], abs=1e-8)
            assert found.n[item] == known.sum()
    none = differential(np.vstack([x, np.full(6, np.nan)]), np.append(SEX, -1), unanswered="zero")
    assert none.both.chi2 == pytest.approx(differential(x, SEX, unanswered="zero").both.chi2)


def test_with_weights_it_is_robust_and_wald_s() -> None:
    x, w = answers(), np.arange(600) % 3
    found = differential(x, SEX, w)
    assert np.isnan(found.both.chi2).all()
    rows = np.flatnonzero(w)
    total, y = x[rows].sum(axis=1), x[rows, 1]
    design = sm.add_constant(np.column_stack([total, SEX[rows], total * SEX[rows]]))
    peer = sm.GLM(y, design, family=sm.families.Binomial(), freq_weights=w[rows]).fit(tol=1e-14)
    scores = design * ((y - peer.fittedvalues) * w[rows])[:, None]
    bent = w[rows] * peer.fittedvalues * (1 - peer.fittedvalues)
    inverse = np.linalg.inv((design * bent[:, None]).T @ design)
    covariance = inverse @ scores.T @ scores @ inverse
    wald = peer.params[2:] @ np.linalg.inv(covariance[2:, 2:]) @ peer.params[2:]
    assert found.both.wald[1] == pytest.approx(wald, rel=1e-7)
    assert found.both.p[1] == pytest.approx(stats.chi2.sf(wald, 2), rel=1e-6)


def test_an_item_that_cannot_be_tested_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    x = answers()[:, :3]
    x[:, 2] = np.where(SEX == 1, np.nan, x[:, 2])
    found = differential(x, SEX, unanswered="zero")
    assert np.isnan([found.both.chi2[2], found.both.p_adjusted[2], found.both.delta_r2[2]]).all()
    assert found.both.zumbo_thomas[2] == ""
    assert np.isfinite(found.both.p_adjusted[:2]).all()
    # All items flagged: nothing is left to match on, and it is said.
    odd = np.column_stack(
        [answers()[:, 1], 1 - answers()[:, 1] * SEX, SEX ^ (np.arange(600) % 7 > 0)]
    )
    lost = differential(odd, SEX, purify=True)
    assert not lost.settled
    monkeypatch.setattr("surveys.estimation.differential.PURIFYING_ROUNDS", 0)
    stopped = differential(answers(), SEX, purify=True)
    assert not stopped.settled
    assert stopped.anchors.all()
    for group in (np.zeros(600, int), np.full(600, -1), SEX * 2):
        with pytest.raises(ScaleError, match="two groups"):
            differential(answers(), group)


@given(st.lists(st.floats(0, 1) | st.just(np.nan), max_size=9))
def test_adjusted_p_are_the_smallest_rates(p: list) -> None:
    found, known = adjusted(p), sorted(one for one in p if one == one)
    for one, ours in zip(p, found, strict=True):
        if one != one:
            assert np.isnan(ours)
            continue
        rates = [known[k] * len(known) / (k + 1) for k in range(len(known)) if known[k] >= one]
        assert ours == pytest.approx(min([1.0, *rates]))


def test_newton_leaves_a_saddle_and_says_when_it_does_not_get_there() -> None:
    def value(x: np.ndarray) -> float:
        return float(x[0] ** 4 / 4 - x[0] ** 2 / 2 + x[1] ** 2)

    def slopes(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.array([x[0] ** 3 - x[0], 2 * x[1]]), np.diag([3 * x[0] ** 2 - 1, 2.0])

    found = minimum(np.array([0.1, 3.0]), value, slopes)
    assert found.x == pytest.approx([1, 0], abs=1e-12)
    assert found.converged
    assert not minimum(np.array([0.1, 3.0]), value, slopes, limit=2).converged
    held = minimum(np.array([0.1, 3.0]), value, slopes, upper=np.array([0.5, -1.0]))
    assert held.x == pytest.approx([0.5, -1.0])
    assert held.held.tolist() == [True, True]
    assert minimum(np.array([2.0, -1]), value, slopes, upper=np.array([0.5, -1.0]),
                   lower=np.array([-9, -1.0])).held.tolist() == [True, True]  # fmt: skip
    # Where there is no value the step is halved.
    far = minimum(np.array([4.0]), lambda x: float(x[0] - np.log(x[0])) if x[0] > 0 else np.nan,
                  lambda x: (1 - 1 / x, np.diag(1 / x**2)))  # fmt: skip
    assert far.x == pytest.approx([1.0])
    assert np.isnan(log_probabilities(np.array([0.0, 1.0]), np.zeros(1))).tolist() == [
        [False, True, False]]  # fmt: skip
    # Slopes that lie: no step helps, and that is no end.
    lost = minimum(np.array([2.0, 0.0]), value, lambda x: (-slopes(x)[0], np.eye(2)))
    assert (lost.converged, lost.steps) == (False, 0)


def test_overclaiming_is_a_difference_with_the_error_of_leaving_homes_out() -> None:
    chance = np.random.default_rng(4)
    home = np.repeat(np.arange(20), 3)
    groups = Groups(np.repeat([0, 1], 10), 2)
    w, s, k = chance.uniform(1, 2, 60), chance.uniform(0, 100, 60), chance.uniform(0, 100, 60)
    s[6] = np.nan
    men = np.arange(60) % 2 == 0
    found = overclaiming(groups, home, w, s, k, first=men, second=~men)

    def plain(rows: np.ndarray) -> float:
        gap = s - k
        rows = rows & np.isfinite(gap)
        one, other = rows & men, rows & ~men
        return np.average(gap[one], weights=w[one]) - np.average(gap[other], weights=w[other])

    here = home < 10
    without = np.array([plain(here & (home != one)) for one in range(10)])
    assert found.value[0] == pytest.approx(plain(here))
    assert found.v[0] == pytest.approx(9 / 10 * ((without - plain(here)) ** 2).sum())
    means = [ratio(groups, home, np.where(kind, w, 0), s - k, np.ones(60)) for kind in (men, ~men)]
    assert found.df == pytest.approx(np.minimum(means[0].df, means[1].df))
    assert found.n.tolist() == [14, 15]
    # More for all of S, more for all of K: no zero, no change.
    moved = overclaiming(groups, home, w, s + 30, k - 5, first=men, second=~men)
    assert moved.value == pytest.approx(found.value)
    turned = overclaiming(groups, home, w, s, k, first=~men, second=men)
    assert (turned.value, turned.se) == (pytest.approx(-found.value), pytest.approx(found.se))
    with pytest.raises(ValueError, match="both kinds"):
        overclaiming(groups, home, w, s, k, first=men, second=men)
