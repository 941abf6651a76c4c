"""Designs against R's `svyrecvar` rewritten row by row, and what may not matter."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import logit

from surveys.estimation import design_variance
from surveys.estimation.design import DesignError, design, domains
from surveys.estimation.design_estimates import means
from surveys.estimation.design_raking import Margin, raked
from surveys.estimation.design_table import Conventions, Variable, table


def sample(seed, rows=60, strata=3, clusters=5):
    """Rows of (y, weight, stratum, cluster, domain): every stratum has every cluster."""
    random = np.random.default_rng(seed)
    place = np.arange(rows) % (strata * clusters)
    y = random.normal(50, 10, rows) + 5 * (place % clusters)
    y[random.random(rows) < 0.1] = np.nan
    w = random.uniform(0.5, 3, rows)
    return y, w, place // clusters, place % clusters, random.integers(0, 4, rows)


def residual(z, w, base, groups, convention):
    """z less its projection on the margins: a list of category codes by row."""
    if convention == "rake":
        for _ in range(10):
            for codes in groups:
                for code in set(codes):
                    rows = codes == code
                    z = np.where(rows, z - w * np.mean((z / w)[rows]), z)
        return z
    x = np.column_stack([codes == code for codes in groups for code in set(codes)]).astype(float)
    root = np.sqrt(base)
    fitted = x @ np.linalg.lstsq(x * root[:, None], root * z / w, rcond=None)[0]
    return z - w * fitted


def by_hand(y, w, strata, clusters, inside, *, fpc=None, margins=None):
    """Mean and variance, one row after the other; margins: (base weights, groups, convention)."""
    use = inside & np.isfinite(y)
    total = w[use].sum()
    mean = (w[use] * y[use]).sum() / total
    z = np.where(use, w * (np.nan_to_num(y) - mean) / total, 0)
    if margins:
        z = residual(z, w, *margins)
    v = 0.0
    for h in sorted(set(strata)):
        sums = [
            z[(strata == h) & (clusters == c)].sum() for c in sorted(set(clusters[strata == h]))
        ]
        m = len(sums)
        f = 0 if fpc is None else m / fpc[h]
        v += (1 - f) * m / (m - 1) * sum((one - np.mean(sums)) ** 2 for one in sums)
    return mean, v


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([None, "rake", "calibrate"]), st.booleans())
def test_means_and_variances_are_r_s(seed, convention, finite):
    y, w, strata, clusters, of = sample(seed)
    fpc = np.array([20.0, 5.0, 9.0]) if finite else None
    one = design(len(y), weight=w, cluster=clusters, strata=strata,
                 fpc=None if fpc is None else fpc[strata])  # fmt: skip
    margins = None
    if convention:
        sex, age = np.arange(60) % 2, np.arange(60) // 7 % 3
        pair = [
            Margin("sex", sex, np.array([40.0, 60])),
            Margin("age", age, np.array([30.0, 30, 40])),
        ]
        one = raked(one, pair, convention)
        for margin in pair:
            assert np.bincount(margin.category, one.w) == pytest.approx(margin.counts, rel=1e-10)
        margins = (w, [sex, age], convention)
    found = means(domains(one, of, 4), y)
    with pytest.MonkeyPatch.context() as patch:
        # As where there are too many clusters to write all out.
        patch.setattr(design_variance, "DENSE", 0)
        sparse = means(domains(one, of, 4), y)
    for d in range(4):
        mean, v = by_hand(y, one.w, strata, clusters, of == d, fpc=fpc, margins=margins)
        assert (found.value[d], found.v[d]) == pytest.approx((mean, v), rel=1e-9)
        assert sparse.v[d] == pytest.approx(v, rel=1e-9)
    assert (found.df == 15 - 3).all()


def arithmetic():
    """48 shares by a rule: three strata of four clusters."""
    i = np.arange(48)
    return ((11 * i) % 7 < 3).astype(float), 1 + (7 * i) % 5 * 0.5, i // 16, i % 16 // 4


def test_intervals_and_sizes_in_both_conventions():
    p, w, strata, clusters = arithmetic()
    one = domains(design(48, weight=w, cluster=clusters, strata=strata), np.zeros(48, int), 1)
    own, whole = stats.t.ppf(0.975, 9), stats.t.ppf(0.975, 47)

    def row(kind, size="capped", deff="replace"):
        how = Conventions(ci=kind, size=size, deff=deff, suppress=False)
        return table(one, [None], [Variable("p", p, "proportion")], how)[0]

    share, v = row("t").estimate, row("t").se ** 2
    plain = share * (1 - share) / v
    for size, n_eff, z, n_beta in (
        ("capped", min(48, plain) * (whole / own) ** 2, 1.959963984540054,
         min(48, plain) * (whole / own) ** 2),
        ("svyciprop", plain, own, plain * (whole / own) ** 2),
    ):  # fmt: skip
        found = row("wilson", size)
        assert found.n_eff == pytest.approx(n_eff, rel=1e-9)
        centre = (share + z**2 / (2 * n_eff)) / (1 + z**2 / n_eff)
        half = z / (2 * n_eff) * math.sqrt(4 * n_eff * share * (1 - share) + z**2)
        assert found.ci_low == pytest.approx(centre - half / (1 + z**2 / n_eff), rel=1e-9)
        found = row("korn-graubard", size)
        yes, no = share * n_beta, (1 - share) * n_beta
        assert found.ci_low == pytest.approx(stats.beta.ppf(0.025, yes, no + 1), rel=1e-9)
        assert found.ci_high == pytest.approx(stats.beta.ppf(0.975, yes + 1, no), rel=1e-9)
    found = row("logit")
    assert logit([found.ci_low, found.ci_high]) == pytest.approx(
        logit(share) + np.array([-1, 1]) * own * math.sqrt(v) / (share * (1 - share)), rel=1e-9
    )
    assert row("t", deff="finite").deff == pytest.approx(row("t").deff / (1 - 48 / w.sum()))
    # As R: with more rows than population there is no sample without replacement.
    few = domains(design(48, weight=w / 10), np.zeros(48, int), 1)
    assert np.isnan(means(few, p).deff_finite[0])


def test_lonely_clusters_as_r_has_them():
    y, w, strata = np.arange(6.0), np.ones(6), np.array([0, 0, 0, 0, 1, 2])

    def v(lonely, fpc=None, margins=()):
        one = design(6, weight=w, strata=strata, fpc=fpc, lonely=lonely)
        one = raked(one, list(margins)) if margins else one
        return float(means(domains(one, np.zeros(6, int), 1), y).v[0])

    z = (y - 2.5) / 6
    first = 4 / 3 * ((z[:4] - z[:4].mean()) ** 2).sum()
    assert v("certainty") == pytest.approx(first)
    assert v("adjust") == pytest.approx(first + z[4] ** 2 + z[5] ** 2)
    with pytest.raises(DesignError, match="stratum 1 has only one cluster"):
        v("fail")
    with pytest.raises(DesignError, match="The stratum has only one cluster"):
        design(1)
    # All of the stratum was taken: nothing is lonely about it.
    fpc = np.array([8.0, 8, 8, 8, 1, 1])
    assert v("fail", fpc) == pytest.approx(first / 2)
    # A margin of one category takes off the mean, which is 0 already.
    one = [Margin("all", np.zeros(6, int), np.array([6.0]))]
    assert v("adjust", margins=one) == pytest.approx(v("adjust"))


def test_weights_of_a_stratum_follow_from_its_size():
    strata = np.array([0, 0, 1, 1])
    counts = design(4, strata=strata, fpc=np.array([10.0, 10, 4, 4]))
    shares = design(4, strata=strata, fpc=np.array([0.2, 0.2, 0.5, 0.5]))
    assert counts.w == pytest.approx([5, 5, 2, 2])
    assert shares.w == pytest.approx(counts.w)
    assert shares.fraction == pytest.approx(counts.fraction)


def test_degrees_of_freedom_and_domains_without_a_value():
    one = design(6, cluster=np.array([0, 0, 1, 1, 2, 2]), weight=np.array([1.0, 1, 1, 1, 0, 0]))
    assert one.df == 1  # R's degf: clusters whose rows all weigh 0 do not count.
    of = np.array([0, 0, 0, 1, 1, 1])
    found = means(domains(one, of, 2), np.array([1.0, 2, 3, np.nan, 5, 6]), "domain")
    assert found.df.tolist() == [1, 0]
    assert (found.n.tolist(), np.isnan(found.v).tolist()) == ([3, 0], [False, True])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 100), st.sampled_from([None, "rake", "calibrate"]))
def test_order_and_scale_do_not_matter(seed, factor, convention):
    y, w, strata, clusters, of = sample(seed)
    margin = [Margin("m", np.arange(60) % 3, np.array([10.0, 20, 30]))]

    def found(order, scale):
        one = design(60, weight=scale * w[order], cluster=clusters[order], strata=strata[order])
        if convention:
            here = [Margin("m", margin[0].category[order], scale * margin[0].counts)]
            one = raked(one, here, convention)
        return means(domains(one, of[order], 4), y[order])

    before, after = (
        found(np.arange(60), 1.0),
        found(np.random.default_rng(seed).permutation(60), factor),
    )
    for name in ("value", "v", "n", "clusters", "df", "deff_replace"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), rel=1e-8, nan_ok=True)


@pytest.mark.parametrize(
    ("fpc", "sentence"),
    [
        ([0, 0, 5, 5], "is not above 0"), ([4, 5, 5, 5], "differs inside the stratum 0"),
        ([0.5, 0.5, 5, 5], "counts or shares"), ([5, 5, 1, 1], "stratum 1 is below its clusters"),
    ],
)  # fmt: skip
def test_population_sizes_that_cannot_be(fpc, sentence):
    with pytest.raises(DesignError, match=sentence):
        design(4, strata=np.array([0, 0, 1, 1]), fpc=np.array(fpc, float))


def test_margins_and_weights_that_cannot_be():
    one = design(4)
    sex = Margin("sex", np.array([0, 0, 1, 1]), np.array([3.0, 1]))
    for other, sentence in (
        (
            Margin("age", np.array([0, 1, 0, 1]), np.array([3.0, 2])),
            "add up to 5, those of sex to 4",
        ),
        (Margin("age", np.zeros(4, int), np.array([3.0, 1])), "category of the margin age has no"),
        (Margin("age", np.array([0, 0, 1, 1]), np.array([1.0, 3])), "does not reach the margins"),
    ):
        with pytest.raises(DesignError, match=sentence):
            raked(one, [sex, other])
    for rows, weight in ((0, None), (2, np.array([1.0, -1])), (2, np.zeros(2))):
        with pytest.raises(DesignError):
            design(rows, weight=weight)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=8))
def test_hidden_domains_are_none_or_large_enough_together(sizes):
    of = np.repeat(np.arange(len(sizes)), sizes)
    if not len(of):
        return
    one = domains(design(len(of), lonely="certainty"), of, len(sizes))
    variable = Variable("y", np.arange(len(of), dtype=float))
    rows = table(one, [str(at) for at in range(len(sizes))], [variable], Conventions())
    hidden = [size for size, row in zip(sizes, rows, strict=True) if row.suppressed and size]
    shown = [size for size, row in zip(sizes, rows, strict=True) if not row.suppressed]
    assert not hidden or not shown or (len(hidden) > 1 and sum(hidden) >= 10)
    assert all(size >= 10 for size in shown)
