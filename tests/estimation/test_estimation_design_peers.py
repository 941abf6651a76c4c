"""Designs held to svy and statsmodels, wherever they compute the same."""

import numpy as np
import polars as pl
import pytest
import svy
from statsmodels.regression.linear_model import OLS, WLS
from statsmodels.stats.weightstats import DescrStatsW

from surveys.estimation.design import design, domains
from surveys.estimation.design_raking import Margin, raked
from surveys.estimation.design_table import Conventions, Variable, table
from tests.estimation.design_people import MARGINS, codes, lonely, numbers, people

DESIGNS = {
    "simple": {"wgt": "w"},
    "homes": {"wgt": "w", "psu": "home"},
    "strata": {"wgt": "w", "psu": "psu", "stratum": "stratum"},
    "finite": {"wgt": "w", "psu": "psu", "stratum": "stratum", "pop_size": "N"},
    "zeros": {"wgt": "z", "psu": "psu", "stratum": "stratum"},
}


def ours(rows, how, rule="fail"):
    """The design that svy's words describe."""
    return design(
        len(rows),
        weight=numbers(rows, how["wgt"]),
        cluster=codes(rows, how["psu"])[0] if "psu" in how else None,
        strata=codes(rows, how["stratum"])[0] if "stratum" in how else None,
        fpc=numbers(rows, how["pop_size"]) if "pop_size" in how else None,
        lonely=rule,
    )


def by_domain(rows, one, by, variables, **conventions):
    of, names = codes(rows, "domain") if by else (np.zeros(len(rows), int), [None])
    how = Conventions(suppress=False, degrees="domain", **conventions)
    return table(domains(one, of, len(names)), names, variables, how)


def same(mine, yours, **tolerance):
    """Equal to 1e-9, none being none on both sides."""
    mine, yours = (np.array(one, dtype=float) for one in (mine, yours))
    return mine == pytest.approx(yours, nan_ok=True, **{"rel": 1e-9, **tolerance})


def held(rows, theirs, *, df=True, deff=True):
    """Every number of svy's is ours; n and the domain say which is which."""
    theirs = [one for one in theirs.estimates if one.y_level in (None, 1.0)]
    assert [one.by_level[0] if one.by_level else None for one in theirs] == [
        row.domain for row in rows
    ]
    for row, one in zip(rows, theirs, strict=True):
        assert row.n == one.n
        mine, yours = [row.estimate, row.se], [one.est, one.se]
        if df and one.df > 0:
            assert row.df == one.df
            mine, yours = [*mine, row.ci_low, row.ci_high], [*yours, one.lci, one.uci]
        # A deff of a number that does not vary is rounding on both sides.
        if deff and one.se > 1e-9:
            mine, yours = [*mine, row.deff], [*yours, one.deff]
        assert same(mine, yours, abs=1e-9), row.domain


@pytest.mark.parametrize("by", [None, "domain"])
@pytest.mark.parametrize("name", DESIGNS)
def test_means_totals_ratios_and_shares_are_those_of_svy(name, by):
    rows = people()
    one = ours(rows, DESIGNS[name])
    theirs = svy.Sample(pl.DataFrame(rows), svy.Design(**DESIGNS[name])).estimation
    y, p, x = (numbers(rows, column) for column in ("y", "p", "x"))
    # Without clusters svy counts, for df, only rows that have a value.
    ask = {"by": by, "drop_nulls": True}
    for reference, deff in (("wr", "replace"), ("wor", "finite")):
        for found, variable in (
            (theirs.mean("y", deff=reference, **ask), Variable("y", y)),
            (theirs.total("y", deff=reference, **ask), Variable("y", y, "total")),
            (theirs.ratio("y", "x", deff=reference, **ask), Variable("r", y, "ratio", x)),
            (theirs.prop("p", deff=reference, ci_method="logit", **ask),
             Variable("p", p, "proportion")),
        ):  # fmt: skip
            mine = by_domain(rows, one, by, [variable], deff=deff, ci="logit")
            held(mine, found, df=name != "simple")


@pytest.mark.parametrize("name", ["homes", "strata", "finite"])
def test_korn_graubard_is_svy_s_beta(name):
    rows = people()
    found = svy.Sample(pl.DataFrame(rows), svy.Design(**DESIGNS[name])).estimation.prop(
        "full", by="domain", ci_method="beta", drop_nulls=True
    )
    variable = Variable("full", numbers(rows, "full"), "proportion")
    mine = by_domain(rows, ours(rows, DESIGNS[name]), True, [variable], ci="korn-graubard",
                     size="svyciprop")  # fmt: skip
    # E and F are one cluster, of which svy gives no interval and we no variance either.
    able = [pair for pair in zip(mine, [e for e in found.estimates if e.y_level == 1], strict=True)
            if pair[0].df > 0]  # fmt: skip
    assert len(able) == 4
    for row, one in able:
        assert (row.ci_low, row.ci_high) == pytest.approx((one.lci, one.uci), rel=1e-9)


@pytest.mark.parametrize("name", ["homes", "strata", "finite", "zeros"])
def test_quantiles_are_those_of_svy(name):
    rows = people()
    sample = svy.Sample(pl.DataFrame(rows), svy.Design(**DESIGNS[name]))
    of, names = codes(rows, "domain")
    parts = domains(ours(rows, DESIGNS[name]), of, len(names))
    for p in (0.3, 0.5, 0.77):
        found = sample.estimation.quantile("y", p=p, by="domain", drop_nulls=True)
        mine = table(parts, names, [Variable("y", numbers(rows, "y"), "quantile", p=p)],
                     Conventions(suppress=False, degrees="domain"))  # fmt: skip
        for row, one in zip(mine[:4], found.estimates[:4], strict=True):
            assert same([row.estimate, row.se, row.ci_low, row.ci_high],
                        [one.est, one.se, one.lci, one.uci])  # fmt: skip


@pytest.mark.parametrize("name", ["homes", "strata", "finite"])
def test_differences_are_the_contrasts_of_svy(name):
    rows = people()
    sample = svy.Sample(pl.DataFrame(rows), svy.Design(**DESIGNS[name]))
    for statistic in ("mean", "total"):
        found = getattr(sample.estimation, statistic)("y", by="domain", drop_nulls=True)
        sums = {d: svy.estd(d) - svy.estd("B") for d in "ACDEF"}
        theirs = found.contrast(sums).to_dicts()
        variable = Variable("y", numbers(rows, "y"), statistic)
        of, names = codes(rows, "domain")
        parts = domains(ours(rows, DESIGNS[name]), of, len(names))
        mine = table(parts, names, [variable], Conventions(suppress=False, compare=1))
        mine = [row for row in mine if row.against]
        assert [row.domain for row in mine] == [one["contrast"] for one in theirs]
        for row, one in zip(mine, theirs, strict=True):
            assert same([row.estimate, row.se, row.ci_low, row.ci_high, row.df],
                        [one[key] for key in ("est", "se", "lci", "uci", "df")])  # fmt: skip


@pytest.mark.parametrize("by", [None, "domain"])
def test_raked_weights_and_their_errors_are_those_of_svy(by):
    rows = people()
    sample = svy.Sample(pl.DataFrame(rows), svy.Design(**DESIGNS["strata"]))
    sample = sample.weighting.rake(controls=MARGINS, tol=1e-13, max_iter=500)
    margins = []
    for name, counts in MARGINS.items():
        of, values = codes(rows, name)
        margins.append(Margin(name, of, np.array([counts[value] for value in values])))
    one = raked(ours(rows, DESIGNS["strata"]), margins)
    assert one.w == pytest.approx(sample.data["rk_wgt"].to_numpy(), rel=1e-9)
    for found, variable in (
        (sample.estimation.mean("y", by=by, drop_nulls=True), Variable("y", numbers(rows, "y"))),
        (sample.estimation.total("y", by=by, drop_nulls=True),
         Variable("y", numbers(rows, "y"), "total")),
    ):  # fmt: skip
        held(by_domain(rows, one, by, [variable]), found, deff=False)


@pytest.mark.parametrize(
    ("theirs", "mine"), [("center", "adjust"), ("scale", "average"), ("skip", "remove")]
)
def test_lonely_clusters_as_svy_has_them(theirs, mine):
    rows, how = lonely(), DESIGNS["strata"]
    sample = svy.Sample(pl.DataFrame(rows), svy.Design(**how, singleton=theirs))
    found = sample.estimation.mean("y", drop_nulls=True)
    held(by_domain(rows, ours(rows, how, mine), None, [Variable("y", numbers(rows, "y"))]), found,
         deff=False, df=False)  # fmt: skip


def test_one_stratum_is_a_regression_with_clustered_errors():
    rows = [row for row in people() if row["y"] is not None]
    w, y, x = (numbers(rows, name) for name in ("w", "y", "x"))
    homes, (of, names) = codes(rows, "home")[0], codes(rows, "domain")
    clustered = {"cov_type": "cluster", "cov_kwds": {"groups": homes}}
    one = design(len(rows), weight=w, cluster=homes)
    everyone = domains(one, np.zeros(len(rows), int), 1)
    how = Conventions(suppress=False, compare="others")

    fit = WLS(y, np.ones(len(y)), weights=w).fit(**clustered)
    (mean,) = table(everyone, [None], [Variable("y", y)], Conventions(suppress=False))
    assert (mean.estimate, mean.se) == pytest.approx((fit.params[0], fit.bse[0]), rel=1e-9)

    # y on x through the origin, weighted by w/x, is Σwy/Σwx.
    fit = WLS(y, x, weights=w / x).fit(**clustered)
    (ratio,) = table(everyone, [None], [Variable("r", y, "ratio", x)], Conventions(suppress=False))
    assert (ratio.estimate, ratio.se) == pytest.approx((fit.params[0], fit.bse[0]), rel=1e-9)

    # A domain against all others is the slope of its dummy, but for (n-1)/(n-2).
    differences = [
        row
        for row in table(domains(one, of, len(names)), names, [Variable("y", y)], how)
        if row.against
    ]
    for code, row in enumerate(differences):
        x = np.column_stack([np.ones(len(y)), of == code])
        fit = WLS(y, x, weights=w).fit(**clustered)
        assert row.estimate == pytest.approx(fit.params[1], rel=1e-9)
        assert row.se * np.sqrt((len(y) - 1) / (len(y) - 2)) == pytest.approx(fit.bse[1], rel=1e-8)


def test_without_a_design_it_is_the_textbook():
    y = numbers([row for row in people() if row["y"] is not None], "y")
    (row,) = table(domains(design(len(y)), np.zeros(len(y), int), 1), [None], [Variable("y", y)],
                   Conventions(suppress=False))  # fmt: skip
    stats = DescrStatsW(y, ddof=1)
    fit = OLS(y, np.ones(len(y))).fit()
    assert row.se == pytest.approx(stats.std / np.sqrt(len(y)), rel=1e-12)
    assert (row.ci_low, row.ci_high) == pytest.approx(tuple(fit.conf_int()[0]), rel=1e-9)
    assert (row.deff, row.df, row.n_eff) == pytest.approx((1, len(y) - 1, len(y)))
