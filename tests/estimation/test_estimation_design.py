"""Designs against a plain rewriting of R's `svyrecvar`, row by row, and against svy's numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.estimation.design import design, domains, means
from surveys.estimation.design_raking import Margin, raked


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
    for d in range(4):
        mean, v = by_hand(y, one.w, strata, clusters, of == d, fpc=fpc, margins=margins)
        assert (found.value[d], found.v[d]) == pytest.approx((mean, v), rel=1e-9)
    assert (found.df == 15 - 3).all()
