"""Oaxaca-Blinder: statsmodels' parts, R's regressions, errors by small steps, what always holds."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.regression.linear_model import WLS
from statsmodels.stats.oaxaca import OaxacaBlinder

from surveys.estimation.oaxaca import (
    Decomposition,
    Piece,
    composition_and_rate,
    three_fold,
    two_fold,
)
from surveys.estimation.oaxaca_groups import Covariate, DecompositionError, Persons, category

VALUES = ("none", "some", "much")
Take = Callable[[Persons], Decomposition]


def persons(seed: int = 1, spanning: bool = True, rows: int = 160) -> Persons:
    """Homes of four; with `spanning` both groups live in each of them."""
    chance = np.random.default_rng(seed)
    cluster = np.arange(rows) // 4
    other = chance.random(rows) < 0.5 if spanning else cluster % 2 == 1
    other[:8] = [True, False] * 4 if spanning else other[:8]
    x = chance.normal(3, 2, rows) + other
    code = chance.integers(0, 3, rows)
    code[-12:] = np.arange(12) % 3
    y = 20 + 3 * x - x * other + np.array([0, 4, 9])[code] * (1 + other) + 3 * chance.normal(
        0, 1, rows // 4)[cluster] + chance.normal(0, 4, rows)  # fmt: skip
    return Persons(
        y, other, [Covariate("x", x[:, None]), category("skill", code, VALUES)],
        chance.uniform(0.5, 3, rows), cluster,
    )  # fmt: skip


def with_w(one: Persons, w: np.ndarray) -> Persons:
    return Persons(one.y, one.other, one.covariates, w, one.cluster)


def turned(one: Persons) -> Persons:
    return Persons(one.y, ~one.other, one.covariates, one.w, one.cluster)


def named(found: Decomposition) -> dict[tuple[str, str | None, str | None], Piece]:
    everything = (found.reference, found.other, found.difference, *found.pieces)
    return {(one.part, one.covariate, one.category): one for one in everything}


def wholes(found: Decomposition) -> list[float]:
    return [one.value for one in found.pieces if one.covariate is None]


TAKES: dict[str, Take] = {
    "three-fold": three_fold,
    "from the reference": lambda one: three_fold(one, viewpoint="reference"),
    "normalised": lambda one: three_fold(one, normalise=True),
    "B's": two_fold,
    "A's": lambda one: two_fold(one, coefficients="1"),
    "half": lambda one: two_fold(one, coefficients="0.5", normalise=True),
    "neumark": lambda one: two_fold(one, coefficients="neumark"),
    "pooled": lambda one: two_fold(one, coefficients="pooled", normalise=True),
    "Kitagawa": lambda one: composition_and_rate(
        Persons(one.y, one.other, one.covariates[1:], one.w, one.cluster)
    ),
}


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from(sorted(TAKES)))
def test_parts_are_the_whole_and_covariates_the_parts(seed: int, take: str) -> None:
    one = persons(seed)
    found = TAKES[take](one)
    mean = [float(np.average(one.y[rows], weights=one.w[rows])) for rows in
            (~one.other, one.other)]  # fmt: skip
    assert (found.reference.value, found.other.value) == pytest.approx(mean)
    assert found.difference.value == pytest.approx(mean[0] - mean[1])
    assert sum(wholes(found)) == pytest.approx(found.difference.value)
    pieces = named(found)
    for part in dict.fromkeys(one.part for one in found.pieces):
        own = [piece for piece in found.pieces if piece.part == part and piece.covariate]
        if own:
            covariates = sum(piece.value for piece in own if piece.category is None)
            assert covariates == pytest.approx(pieces[part, None, None].value)
            skills = sum(piece.value for piece in own if piece.category)
            assert skills == pytest.approx(pieces[part, "skill", None].value)


@pytest.mark.parametrize("take", sorted(TAKES))
def test_errors_are_what_a_cluster_s_weight_moves(take: str) -> None:
    """z of a function of the weights is its derivative by a cluster's weight, whatever it is."""
    one = persons(3, rows=80)
    found = named(TAKES[take](one))
    clusters, step = one.cluster.max() + 1, 1e-5
    v = dict.fromkeys(found, 0.0)
    for cluster in range(clusters):
        more, less = (
            named(TAKES[take](with_w(one, one.w * np.where(one.cluster == cluster, 1 + by, 1))))
            for by in (step, -step)
        )
        for key in v:
            v[key] += ((more[key].value - less[key].value) / (2 * step)) ** 2
    for key, piece in found.items():
        assert piece.v == pytest.approx(clusters / (clusters - 1) * v[key], rel=1e-4, abs=1e-10)


def test_statsmodels_finds_the_same_parts() -> None:
    one = with_w(persons(5), np.ones(160))
    x = np.hstack([one.covariates[0].columns, one.covariates[1].columns[:, 1:]])
    exog = np.hstack([np.ones((160, 1)), x, one.other[:, None].astype(float)])
    peer = OaxacaBlinder(one.y, exog, 4, swap=False)
    endowments, coefficients, interaction, gap = peer.three_fold().params
    found = three_fold(one)
    assert wholes(found) == pytest.approx([endowments, coefficients, interaction], rel=1e-9)
    assert found.difference.value == pytest.approx(gap, rel=1e-9)
    for mine, kind, weight in (
        ("0", "self_submitted", 0.0), ("1", "self_submitted", 1.0), ("0.5", "reimers", None),
        ("pooled", "pooled", None), ("neumark", "nuemark", None),
    ):  # fmt: skip
        unexplained, explained, _ = peer.two_fold(
            two_fold_type=kind, submitted_weight=weight
        ).params
        parts = wholes(two_fold(one, coefficients=mine))  # type: ignore[arg-type]
        assert parts == pytest.approx([explained, unexplained], rel=1e-9)


def test_covariance_of_means_and_coefficients_is_that_of_statsmodels() -> None:
    one = persons(6, spanning=False)
    x = np.hstack([one.covariates[0].columns, one.covariates[1].columns[:, 1:]])
    x = np.hstack([np.ones((160, 1)), x])
    m, taken = 40, []
    for rows in (~one.other, one.other):
        of, w = one.cluster[rows], one.w[rows]
        fitted = WLS(one.y[rows], x[rows], weights=w).fit(
            cov_type="cluster", cov_kwds={"groups": of, "use_correction": False})  # fmt: skip
        # A mean is a regression on a constant; covariances by polarisation.
        mean = w @ x[rows] / w.sum()
        e = w[:, None] * (x[rows] - mean) / w.sum()
        sums = np.array([e[of == one_of].sum(axis=0) for one_of in np.unique(of)])
        of_mean = sums.T @ sums
        for k in (1, 2, 3):
            plain = WLS(x[rows][:, k], np.ones(rows.sum()), weights=w).fit(
                cov_type="cluster", cov_kwds={"groups": of, "use_correction": False})  # fmt: skip
            assert plain.cov_params()[0, 0] == pytest.approx(of_mean[k, k], rel=1e-9)
        scale = m / (m - 1)
        taken.append((mean, fitted.params, scale * of_mean, scale * fitted.cov_params()))
    (xa, ba, vxa, vba), (xb, bb, vxb, vbb) = taken
    dx, db = xa - xb, ba - bb
    # Jann 2008, with means and coefficients each for itself.
    separate = {
        "endowments": bb @ (vxa + vxb) @ bb + dx @ vbb @ dx,
        "coefficients": db @ vxb @ db + xb @ (vba + vbb) @ xb,
        "interaction": db @ (vxa + vxb) @ db + dx @ (vba + vbb) @ dx,
    }
    fixed = {
        "endowments": dx @ vbb @ dx,
        "coefficients": xb @ (vba + vbb) @ xb,
        "interaction": dx @ (vba + vbb) @ dx,
    }
    for errors, expected in (("separate", separate), ("fixed", fixed)):
        found = named(three_fold(one, errors=errors))  # type: ignore[arg-type]
        for part, v in expected.items():
            assert found[part, None, None].v == pytest.approx(v, rel=1e-9)


def of_arithmetic() -> Persons:
    i = np.arange(1, 181)
    home, x, code = (i * 7) % 45, (i * 7) % 11, (i * 5 + i // 7 + i // 45) % 3
    other = home % 2 == 1
    y = (20 + 3 * x - 0.2 * x * other + 5 * (code == 1) - 4 * (code == 2) * other - 6 * other
         + ((i * 37) % 29) / 3)  # fmt: skip
    covariates = [Covariate("x", x[:, None].astype(float)), category("c", code, "012")]
    return Persons(y, other, covariates, 1 + (i % 4) / 2, home)


def test_r_finds_the_same() -> None:
    """The same numbers in R 4.2, survey 4.1.

    i <- 1:180; home <- (i*7) %% 45; other <- home %% 2; x <- (i*7) %% 11
    c <- factor((i*5 + i %/% 7 + i %/% 45) %% 3); w <- 1 + (i %% 4)/2
    y <- 20 + 3*x - 0.2*x*other + 5*(c==1) - 4*(c==2)*other - 6*other + ((i*37) %% 29)/3
    d <- data.frame(home, other, x, c, w, y); X <- model.matrix(~x + c)
    b <- lapply(0:1, function(g) coef(lm(y ~ x + c, d, weights = w, subset = other == g)))
    m <- lapply(0:1, function(g) colSums(X[other==g,]*w[other==g])/sum(w[other==g]))
    (m[[1]]-m[[2]])*b[[2]]; m[[2]]*(b[[1]]-b[[2]]); (m[[1]]-m[[2]])*(b[[1]]-b[[2]])
    sum((m[[1]]-m[[2]])*coef(lm(y ~ x + c + other, d, weights = w))[1:4])
    sum((m[[1]]-m[[2]])*coef(lm(y ~ x + c, d, weights = w)))

    Errors: bb'(Va + Vb)bb + dx'Wb dx and so on, V of survey::svymean and W of survey::svyglm over
    svydesign(~home, weights = ~w), each with subset(, other == g).
    """
    one = of_arithmetic()
    found = named(three_fold(one, errors="separate"))
    for part, value, se in (
        ("endowments", 0.944684121590, 1.131472300142),
        ("coefficients", 8.584107155925, 0.470128799604),
        ("interaction", 0.227306972061, 0.473168530513),
    ):
        assert found[part, None, None].value == pytest.approx(value, rel=1e-10)
        assert found[part, None, None].v ** 0.5 == pytest.approx(se, rel=1e-10)
    for part, covariate, value, expected in (
        ("endowments", "x", None, 0.2728759342970), ("endowments", "c", "1", 0.8710451319003),
        ("coefficients", "(constant)", None, 5.97865406744),
        ("coefficients", "c", "2", 1.353279881522), ("interaction", "c", "1", -0.0917268969432),
    ):  # fmt: skip
        assert found[part, covariate, value].value == pytest.approx(expected, rel=1e-9)
    assert found["endowments", "x", None].v ** 0.5 == pytest.approx(1.035106824353, rel=1e-10)
    assert ("endowments", "c", "0") not in found
    for kind, value in (("pooled", 0.907032855978), ("neumark", 1.688435992590)):
        parts = wholes(two_fold(one, coefficients=kind))  # type: ignore[arg-type]
        assert parts[0] == pytest.approx(value, rel=1e-10)
    # survey::svyby(~y, ~other, d, svymean) and svycontrast(, c(1, -1))
    errors = [found[part, None, None].v ** 0.5 for part in ("reference", "other", "difference")]
    assert errors == pytest.approx([0.751840354300, 0.960351047175, 1.2196], rel=1e-4)
    assert errors[:2] == pytest.approx([0.751840354300, 0.960351047175], rel=1e-10)
    whole = three_fold(one)
    assert (whole.n, whole.clusters, whole.df) == ((92, 88), (23, 22), 44)


def test_seen_from_the_other_side() -> None:
    one = persons(8)
    found, back = three_fold(one), three_fold(turned(one), viewpoint="reference")
    for piece, other in zip(found.pieces, back.pieces, strict=True):
        assert (piece.part, piece.covariate, piece.category) == (
            other.part, other.covariate, other.category)  # fmt: skip
        assert other.value == pytest.approx(-piece.value, abs=1e-9)
        assert other.v == pytest.approx(piece.v, abs=1e-9)
    # A's coefficients explain what B's explain and the interaction.
    endowments, _, interaction = wholes(found)
    assert wholes(two_fold(one, coefficients="1"))[0] == pytest.approx(endowments + interaction)
    assert wholes(two_fold(one))[0] == pytest.approx(endowments)


def test_normalised_is_the_mean_of_leaving_out_each_value() -> None:
    """Yun 2005, *Economic Inquiry* 43: the averaging approach gives the normalised numbers."""
    one = persons(9)
    skill = one.covariates[1]
    found = named(three_fold(one, normalise=True))
    several = []
    for first in range(3):
        order = [first, *(k for k in range(3) if k != first)]
        again = Covariate("skill", skill.columns[:, order], tuple(VALUES[k] for k in order))
        moved = Persons(one.y, one.other, [one.covariates[0], again], one.w, one.cluster)
        several.append(named(three_fold(moved)))
        same = named(three_fold(moved, normalise=True))
        assert {key: piece.value for key, piece in same.items()} == pytest.approx(
            {key: piece.value for key, piece in found.items()}, abs=1e-9
        )
        assert same["coefficients", "skill", None].v == pytest.approx(
            found["coefficients", "skill", None].v
        )
    for key, piece in found.items():
        # The value left out counts 0 in its turn.
        mean = sum(one_of[key].value if key in one_of else 0.0 for one_of in several) / 3
        assert piece.value == pytest.approx(mean, abs=1e-9)


def test_kitagawa_s_parts_are_those_of_a_table() -> None:
    one = persons(10)
    cell = one.covariates[1]
    found = composition_and_rate(Persons(one.y, one.other, [cell], one.w, one.cluster))
    share, mean = [], []
    for rows in (~one.other, one.other):
        held = [rows & (cell.columns[:, k] == 1) for k in range(3)]
        share.append([one.w[of].sum() / one.w[rows].sum() for of in held])
        mean.append([np.average(one.y[of], weights=one.w[of]) for of in held])
    (sa, sb), (ma, mb) = share, mean
    composition = sum((sa[k] - sb[k]) * (ma[k] + mb[k]) / 2 for k in range(3))
    rate = sum((sa[k] + sb[k]) / 2 * (ma[k] - mb[k]) for k in range(3))
    assert wholes(found) == pytest.approx([composition, rate])
    assert [one_of.part for one_of in found.pieces] == ["composition", "rate"]


def test_rows_that_lack_something_are_left_out() -> None:
    one = persons(11)
    y, w, x = one.y.copy(), one.w.copy(), one.covariates[0].columns.copy()
    y[3], w[7], x[9] = np.nan, 0, np.nan
    lacking = Persons(y, one.other, [Covariate("x", x), one.covariates[1]], w, one.cluster)
    kept = np.delete(np.arange(160), [3, 7, 9])
    cut = Persons(
        one.y[kept], one.other[kept],
        [Covariate(of.name, of.columns[kept], of.categories) for of in one.covariates],
        one.w[kept], one.cluster[kept] * 3,
    )  # fmt: skip
    found, expected = three_fold(lacking), three_fold(cut)
    assert found.n == expected.n
    assert [one_of.v for one_of in found.pieces] == [one_of.v for one_of in expected.pieces]


def test_what_cannot_be_taken_apart_is_said() -> None:
    one = persons(12)
    skill, x = one.covariates[1], one.covariates[0]

    def sentence(change: Persons, take: Take = three_fold) -> str:
        with pytest.raises(DecompositionError) as raised:
            take(change)
        return str(raised.value)

    def having(*covariates: Covariate, w: np.ndarray = one.w) -> Persons:
        return Persons(one.y, one.other, covariates, w, one.cluster)

    twice = Covariate("double", 2 * x.columns + 1)
    assert sentence(having(x, skill, twice)).startswith("double does not vary in one of")
    flat = Covariate("flat", np.where(one.other[:, None], 4.0, x.columns))
    assert sentence(having(flat, skill)).startswith("flat does not vary")
    zero = Covariate("zero", np.where(one.other[:, None], 0.0, x.columns))
    assert sentence(having(zero, skill)).startswith("zero does not vary")
    lacks = Covariate("skill", np.where(one.other[:, None], [1.0, 0, 0], skill.columns), VALUES)
    for take in (three_fold, composition_and_rate):
        assert "A category of skill has nobody in one" in sentence(having(lacks), take)
    assert "more rows" in sentence(having(x, w=np.where(one.other, 0, one.w)))
    few = np.isin(np.arange(160), [0, 1, 2, 3]).astype(float)
    assert "two clusters" in sentence(having(x, w=few))
    assert "two clusters" in sentence(having(x, w=0 * few))
