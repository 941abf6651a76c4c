"""Quantiles, differences and what is hidden, against plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.estimation import design_variance
from surveys.estimation.design import design, domains
from surveys.estimation.design_differences import from_one, from_others
from surveys.estimation.design_estimates import means, ratios, totals
from surveys.estimation.design_quantiles import ladder, quantiles
from surveys.estimation.design_raking import Margin, raked
from surveys.estimation.design_table import Conventions, Variable, table

RULES = ("math", "school", "hf4", "hf5", "hf6", "hf7", "hf8", "hf9")


def reached(y, w, p, rule):
    """One quantile, value by value."""
    pairs = sorted(zip(y, w, strict=True), key=lambda pair: pair[0])
    whole, last = math.fsum(w), pairs[-1][1]
    if rule in ("math", "school"):
        for k, (value, _) in enumerate(pairs):
            so_far = math.fsum(one for _, one in pairs[: k + 1])
            if math.isclose(so_far, p * whole, rel_tol=1e-12) and rule == "school":
                return (value + pairs[min(k + 1, len(pairs) - 1)][0]) / 2
            if so_far > p * whole or math.isclose(so_far, p * whole, rel_tol=1e-12):
                return value
        return pairs[-1][0]
    a, b = {"hf4": (0, 0), "hf5": (0.5, 0), "hf6": (0, 1), "hf7": (1, -1), "hf8": (1 / 3, 1 / 3),
            "hf9": (0.375, 0.25)}[rule]  # fmt: skip
    if len(pairs) == 1:
        return pairs[0][0]
    places = [
        (math.fsum(one for _, one in pairs[: k + 1]) - a * pairs[k][1]) / (whole + b * last)
        for k in range(len(pairs))
    ]
    return float(np.interp(p, places, [value for value, _ in pairs]))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 0.99), st.sampled_from(RULES), st.booleans())
def test_quantiles_of_many_domains_are_those_of_each(seed, p, rule, equal):
    rng = np.random.default_rng(seed)
    of = rng.integers(0, 7, 60)
    of = np.where(of == 5, 4, of)
    # Equal weights and few values: steps that meet p, and ties.
    w = np.ones(60) if equal else rng.uniform(0.2, 3, 60)
    y = rng.integers(0, 12, 60).astype(float)
    p = round(p * 20) / 20 if equal else p
    found = ladder(y, w, of, 7).at(np.full(7, p), rule)
    for domain in range(7):
        mine = of == domain
        expected = reached(y[mine], w[mine], p, rule) if mine.any() else np.nan
        assert found[domain] == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


def test_equal_weights_are_numpy_s_quantiles():
    y = np.array([3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5])
    steps = ladder(y, np.full(11, 0.7), np.zeros(11, int), 1)
    for rule, method in (
        ("math", "inverted_cdf"), ("school", "averaged_inverted_cdf"),
        ("hf4", "interpolated_inverted_cdf"), ("hf5", "hazen"), ("hf6", "weibull"),
        ("hf7", "linear"), ("hf8", "median_unbiased"), ("hf9", "normal_unbiased"),
    ):  # fmt: skip
        for p in (0, 0.01, 0.25, 3 / 11, 0.5, 0.9, 1):
            assert steps.at(np.array([p]), rule)[0] == pytest.approx(
                np.quantile(y, p, method=method)
            )
    assert np.isnan(steps.at(np.array([1.2]), "math")[0])


def test_a_quantile_s_limits_are_those_of_the_share_under_it():
    rng = np.random.default_rng(4)
    y, homes = rng.normal(50, 9, 80), np.repeat(np.arange(20), 4)
    one = domains(design(80, cluster=homes), np.zeros(80, int), 1)
    found = quantiles(one, y, 0.4)
    share = means(one, (y <= found.value[0]).astype(float))
    t = 2.093024054408263  # of 19 degrees of freedom
    low, high = share.value[0] + np.array([-t, t]) * np.sqrt(share.v[0])
    ordered = np.sort(y)
    assert found.low[0] == ordered[math.ceil(low * 80) - 1]
    assert found.high[0] == ordered[math.ceil(high * 80) - 1]
    assert found.se[0] == pytest.approx((found.high[0] - found.low[0]) / (2 * t))
    few = quantiles(domains(design(4), np.zeros(4, int), 1), np.arange(4.0), 0.7)
    assert np.isnan([few.high[0], few.se[0]]).all()
    nobody = quantiles(domains(design(3), np.zeros(3, int), 1), np.full(3, np.nan), 0.5)
    assert np.isnan([nobody.value[0], nobody.low[0], nobody.se[0]]).all()


def spread(z, strata, clusters, rule, one):
    """The variance of Σz, row by row."""
    v, lonely = 0.0, 0
    for h in sorted(set(strata)):
        sums = [z[(strata == h) & (clusters == c)].sum() for c in set(clusters[strata == h])]
        m, f = len(sums), one.fraction[h]
        if m > 1:
            v += (1 - f) * m / (m - 1) * sum((each - np.mean(sums)) ** 2 for each in sums)
        elif f < 1:
            lonely += 1
            v += (1 - f) * sums[0] ** 2 * (rule == "adjust")
    return v


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from([means, totals, ratios]),
    st.sampled_from(["adjust", "remove"]),
    st.sampled_from([None, "rake", "calibrate"]),
    st.booleans(),
    st.booleans(),
)
def test_differences_have_the_influences_of_both_sides(
    seed, statistic, rule, convention, finite, sparse
):
    with pytest.MonkeyPatch.context() as patch:
        if sparse:
            patch.setattr(design_variance, "DENSE", 0)
        differences(seed, statistic, rule, convention, finite)


def differences(seed, statistic, rule, convention, finite):
    """Against z written out, row by row; margins as residuals of each row."""
    rng = np.random.default_rng(seed)
    strata, clusters = rng.integers(0, 4, 80), rng.integers(0, 5, 80)
    strata[0], clusters[strata == 3] = 3, 0
    of = rng.integers(-1, 4, 80)
    w, x = rng.uniform(0.5, 2, 80), rng.uniform(1, 2, 80)
    y = rng.normal(20, 5, 80)
    y[rng.random(80) < 0.1] = np.nan
    one = design(80, weight=w, cluster=clusters, strata=strata, lonely=rule,
                 fpc=np.full(80, 25.0) if finite else None)  # fmt: skip
    margin = Margin("m", rng.integers(0, 3, 80) % 3, np.array([30.0, 40, 50]))
    margin.category[:3] = range(3)
    if convention:
        one = raked(one, [margin], convention)
    parts = domains(one, of, 4)
    found = statistic(parts, y, x) if statistic is ratios else statistic(parts, y)
    below = x if statistic is ratios else np.ones(80)

    def side(rows):
        """The estimate and its z."""
        rows = rows & np.isfinite(y)
        above = (one.w * np.where(rows, y, 0)).sum()
        if statistic is totals:
            return above, one.w * np.where(rows, y, 0)
        under = (one.w * below)[rows].sum()
        return above / under, one.w * np.where(rows, y - above / under * below, 0) / under

    first, rest = from_one(found, 0), from_others(found)
    for d in range(4):
        mine, z = side(of == d)
        for theirs, made in ((of == 0, first), ((of >= 0) & (of != d), rest)):
            if d == 0 and made is first:
                assert np.isnan([made.value[0], made.v[0], made.df[0]]).all()
                continue
            other, other_z = side(theirs)
            difference = z - other_z
            if convention:
                base = np.ones(80) if convention == "rake" else w
                e = difference / one.w
                for code in range(3):
                    rows = margin.category == code
                    e[rows] -= np.average(e[rows], weights=base[rows])
                difference = one.w * e
            assert made.value[d] == pytest.approx(mine - other, rel=1e-9, abs=1e-9)
            v = spread(difference, strata, clusters, rule, one)
            assert made.v[d] == pytest.approx(v, rel=1e-7)


def test_nothing_is_different_from_a_domain_without_a_value_or_from_nobody():
    of = np.repeat([0, 1, 2], 3)
    y = np.array([1.0, 2, 3, np.nan, np.nan, np.nan, 4, 6, 8])
    found = means(domains(design(9), of, 3), y)
    assert np.isnan(from_one(found, 1).value).all()
    assert np.isnan(from_others(found).value).tolist() == [False, True, False]
    alone = means(domains(design(3), np.zeros(3, int), 1), y[:3])
    assert np.isnan(from_others(alone).value).all()
    # Σx of the others is 0: there is no ratio to differ from.
    flat = ratios(domains(design(6), np.repeat([0, 1], 3), 2), np.ones(6), np.repeat([1.0, 0], 3))
    assert np.isnan(from_others(flat).value).all()
    assert np.isnan(flat.v).tolist() == [False, True]


def test_degrees_of_a_difference_are_the_fewer():
    of = np.repeat([0, 1, 2], [3, 6, 4])
    found = means(domains(design(13), of, 3), np.arange(13.0), "domain")
    assert from_one(found, 2).df[:2].tolist() == [2, 3]
    assert from_others(found).df.tolist() == [2, 5, 3]


def test_average_leaves_lonely_strata_to_the_others(monkeypatch):
    strata = np.array([0, 0, 0, 0, 1, 2])
    y = np.array([1.0, 5, 2, 8, 3, 9])
    average, none = (design(6, strata=strata, lonely=rule) for rule in ("average", "remove"))

    def v(one):
        return means(domains(one, np.zeros(6, int), 1), y).v[0]

    assert v(average) == pytest.approx(3 * v(none))
    margin = [Margin("all", np.zeros(6, int), np.array([6.0]))]
    assert v(raked(average, margin)) == pytest.approx(v(average))
    monkeypatch.setattr(design_variance, "DENSE", 0)
    assert v(raked(average, margin)) == pytest.approx(v(average))


def shown(of, variables, **conventions):
    """Why each row is hidden, by measure and domain."""
    parts = domains(design(len(of)), of, of.max() + 1)
    rows = table(
        parts, [f"{at}" for at in range(parts.count)], variables, Conventions(**conventions)
    )
    return {(row.measure, row.domain, row.against): row for row in rows}


def test_zeros_and_ones_are_a_share_whatever_they_are_called():
    of = np.repeat([0, 1], 100)
    y = np.zeros(200)
    y[:2], y[100:150] = 1, 1
    rows = shown(of, [
        Variable("mean", y), Variable("total", y, "total"),
        Variable("ratio", y, "ratio", np.ones(200)), Variable("share", y, "proportion"),
        Variable("real", y + 0.5),
    ])  # fmt: skip
    for name in ("mean", "total", "ratio", "share"):
        assert rows[name, "0", None].suppressed == "few_on_a_side"
        assert rows[name, "0", None].estimate is None
        assert rows[name, "1", None].suppressed is None
    assert rows["real", "0", None].suppressed is None


def test_behind_a_ratio_are_those_whom_it_counts():
    of = np.zeros(60, int)
    x = np.where(np.arange(60) < 8, 5.0, 0.0)
    row = shown(of, [Variable("r", 3 * x, "ratio", x)])["r", "0", None]
    assert (row.suppressed, row.n) == ("few_persons", None)


def test_shares_of_one_column_do_not_give_the_rest_away():
    of = np.repeat([0, 1], 100)
    device = np.concatenate([np.repeat([0, 1, 2], [55, 43, 2]), np.repeat([0, 1, 2], [50, 30, 20])])
    several = [Variable(f"d={code}", (device == code) * 1.0, "proportion", column="d")
               for code in range(2)]  # fmt: skip
    rows = shown(of, several)
    assert [rows["d=0", "0", None].suppressed, rows["d=1", "0", None].suppressed] == [
        None, "complementary",
    ]  # fmt: skip
    assert rows["d=1", "1", None].suppressed is None
    # Of other columns nothing follows.
    rows = shown(of, [Variable("a", several[0].y, "proportion"), several[1]])
    assert not any(row.suppressed for row in rows.values())


def test_a_quantile_is_not_one_of_the_two_ends():
    y = np.arange(100.0)
    of = np.repeat([0, 1], 50)
    for p, why in ((0.01, "few_on_a_side"), (0.05, None), (0.5, None), (0.95, None),
                   (0.97, "few_on_a_side")):  # fmt: skip
        row = shown(of, [Variable("q", y, "quantile", p=p)])["q", "1", None]
        assert row.suppressed == why
        if p == 0.95:
            assert (row.estimate, row.ci_high) == (97, None)
    open_data = shown(of, [Variable("q", y, "quantile", p=0.1)], suppress=False)["q", "0", None]
    row = shown(of, [Variable("q", y, "quantile", p=0.1)])["q", "0", None]
    assert (row.estimate, row.ci_low, open_data.ci_low) == (4, None, 0)
    assert row.ci_high == open_data.ci_high
    rows = shown(np.repeat([0, 1], [29, 71]), [Variable("q", y, "quantile")])
    assert rows["q", "0", None].suppressed == "too_few_for_this"
    assert shown(of, [Variable("q", y, "quantile", p=0.01)], suppress=False)[
        "q", "1", None
    ].ci_low is None  # fmt: skip


def test_a_difference_is_hidden_with_what_it_would_give_away():
    of = np.repeat([0, 1, 2, 3], [40, 50, 60, 6])
    y = np.arange(156.0)
    rows = shown(of, [Variable("y", y)], compare=1)
    # 3 has 6 persons, and 0 is hidden so that it cannot be had by subtraction.
    assert {key[1]: row.suppressed for key, row in rows.items() if key[2]} == {
        "0": "complementary", "2": None, "3": "few_persons",
    }  # fmt: skip
    assert rows["difference(y)", "2", "1"].estimate == pytest.approx(55)
    assert rows["difference(y)", "3", "1"].n is None
    rows = shown(of, [Variable("y", y)], compare=3)
    assert {row.suppressed for key, row in rows.items() if key[2]} == {
        "complementary", "few_persons",
    }  # fmt: skip
    # Against all others: the hidden two are 46 persons.
    rows = shown(of, [Variable("y", y)], compare="others")
    assert rows["difference(y)", "2", "others"].suppressed is None
    share = np.concatenate([np.repeat([1.0, 0], [1, 39]), np.arange(50) % 2, np.arange(66) % 2])
    rows = shown(np.repeat([0, 1, 2], [40, 50, 66]), [Variable("p", share)], compare="others")
    assert rows["p", "1", None].suppressed is None
    assert rows["difference(p)", "1", "others"].suppressed == "complementary"
    assert rows["difference(p)", "0", "others"].suppressed == "few_on_a_side"
    # Two of which one person each has it are 2 persons.
    two = np.concatenate([np.repeat([1.0, 0, 1, 0], [1, 39, 1, 49]), np.arange(66) % 2])
    rows = shown(np.repeat([0, 1, 2], [40, 50, 66]), [Variable("p", two)], compare="others")
    assert rows["difference(p)", "2", "others"].suppressed == "complementary"
    two[1] = 1
    rows = shown(np.repeat([0, 1, 2], [40, 50, 66]), [Variable("p", two)], compare="others")
    assert rows["difference(p)", "2", "others"].suppressed is None
    both = shown(np.repeat([0, 1, 2], [40, 50, 66]), [Variable("p", share)], compare="others",
                 suppress=False)  # fmt: skip
    assert both["difference(p)", "1", "others"].n == 156
