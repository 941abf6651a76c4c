"""All that is said of a scale is what the functions give; what too few carry is not shown."""

import json

import numpy as np
import pytest
from scale_samples import binary, graded, holes, weyl

from surveys.estimation.differential import differential
from surveys.estimation.item_fit import limited_fit, summed_fit
from surveys.estimation.item_response import item_response
from surveys.estimation.reliability import cronbach_alpha, mcdonald_omega
from surveys.estimation.scale_table import Grouping, ScaleConventions, scale_table
from surveys.estimation.scales import ScaleError

NAMES = ["a", "b", "c", "d", "e", "f"]
X = holes(binary(weyl(600), [-0.5, 0, 0.5, 1, -1, 0.3]))
SEX = Grouping("sex", np.arange(600) % 2, ("f", "m"))


def test_it_says_what_the_functions_give() -> None:
    found = scale_table(NAMES, X, groupings=[SEX])
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    alpha, omega = cronbach_alpha(X, missing="pairwise"), mcdonald_omega(X, missing="pairwise")
    ours = found["reliability"]
    assert (found["persons"], found["complete"]) == (600, int((~np.isnan(X).any(axis=1)).sum()))
    assert (ours["alpha"], ours["omega"]["ml"], ours["n"]) == (alpha.raw, omega.value, 600)
    assert [row["alpha_without"] for row in ours["items"]] == alpha.raw_without.tolist()
    minres = mcdonald_omega(X, missing="pairwise", method="minres", total="remainder",
                            standardized=True)  # fmt: skip
    assert ours["omega"]["minres"] == minres.value
    fit, model = item_response(X), found["model"]
    assert (model["model"], model["aic"], model["errors"]) == ("2pl", fit.aic, "observed")
    assert [row["slope_se"] for row in model["items"]] == fit.slope_se.tolist()
    assert [row["difficulties"] for row in model["items"]] == fit.difficulty.tolist()
    # Fewer than 500 answered every item: fit of all items would be of them alone.
    assert found["complete"] < 500
    assert (model["m2"], model["items"][0]["s_x2"]) == (None, None)
    assert model["items"][0]["grouped_x2"]["df"] == 8
    dif, sex = differential(X, SEX.of_row, unanswered="prorated"), found["differential"][0]
    assert sex["values"] == [{"value": "f", "n": 300}, {"value": "m", "n": 300}]
    assert [row["both"]["p_adjusted"] for row in sex["items"]] == dif.both.p_adjusted.tolist()
    assert [row["effects"][0]["log_odds"] for row in sex["items"]] == dif.effect[:, 0].tolist()


def test_conventions_reach_the_numbers() -> None:
    whole = X[~np.isnan(X).any(axis=1)]
    how = ScaleConventions(missing="listwise", equal_slopes=True, points=31, match="rest",
                           purify=True, suppress=False)  # fmt: skip
    found = scale_table(NAMES, X, groupings=[SEX], how=how)
    fit = item_response(whole, equal_slopes=True, points=31)
    assert found["persons"] == found["complete"] == len(whole)
    assert found["reliability"]["alpha"] == pytest.approx(cronbach_alpha(whole).raw)
    assert found["model"]["log_likelihood"] == fit.log_likelihood
    assert found["model"]["m2"]["chi2"] == limited_fit(fit).m2
    assert [row["s_x2"]["p"] for row in found["model"]["items"]] == summed_fit(fit).p.tolist()
    group = SEX.of_row[~np.isnan(X).any(axis=1)]
    dif = differential(whole, group, match="rest", purify=True)
    part = found["differential"][0]
    assert [row["anchor"] for row in part["items"]] == dif.anchors.tolist()
    assert [one["n"] for one in part["values"]] == dif.persons.tolist()
    assert scale_table(NAMES, X, how=ScaleConventions(model="none"))["model"] is None


def test_weights_make_errors_robust_and_leave_no_tests_of_fit() -> None:
    w = 1.0 + np.arange(600) % 3
    w[0] = 0
    found = scale_table(NAMES, X, w, [SEX])
    assert (found["persons"], found["weighted"]) == (599, True)
    assert found["reliability"]["alpha"] == cronbach_alpha(X, w, missing="pairwise").raw
    model = found["model"]
    assert (model["errors"], model["m2"]) == ("robust", None)
    assert model["items"][0]["grouped_x2"] is None
    both = found["differential"][0]["items"][1]["both"]
    assert (both["chi2"], both["p"]) == (None, both["wald_p"])


def test_graded_items_and_items_that_are_one() -> None:
    x = graded(weyl(600), [-1, 0, 0.8])
    found = scale_table(NAMES, x)["model"]
    assert found["model"] == "grm"
    assert found["m2"] is None  # as many means and products as parameters, and fewer
    assert len(found["items"][0]["difficulties"]) == 3
    assert found["items"][0]["s_x2"]["df"] > 0
    with pytest.raises(ScaleError, match="a has more than two values"):
        scale_table(NAMES, x, how=ScaleConventions(model="2pl"))
    twice = scale_table([*NAMES, "g"], np.column_stack([x, x[:, 0]]))
    assert "positive definite" in twice["reliability"]["omega"]["problem"]
    assert twice["reliability"]["alpha"] > 0.7
    assert twice["model"]["items"][6]["at_limit"]
    assert twice["model"]["items"][6]["slope_se"] is None


def test_too_few_are_not_shown_and_not_told_apart() -> None:
    def words(n: int, **how: object) -> tuple:
        found = scale_table(NAMES, X[:n], groupings=[Grouping("sex", SEX.of_row[:n], ("f", "m"))],
                            how=ScaleConventions(**how))  # fmt: skip
        parts = (found["reliability"], found["model"], found["differential"][0])
        return found["persons"], [part["suppressed"] for part in parts], parts

    all_three = ["few_for_reliability", "few_for_item_response", "few_for_differential"]
    n, why, parts = words(199)
    assert (n, why) == (199, all_three)
    assert [set(part) for part in parts] == [
        {"suppressed", "problem"}, {"suppressed", "problem", "model"},
        {"suppressed", "problem", "group"},
    ]  # fmt: skip
    assert words(200)[1] == [None, *all_three[1:]]
    assert words(499)[1] == [None, "few_for_item_response", None]
    assert words(500)[1] == [None, None, None]
    few = np.array([[0.0, 1, 1, 0, 1, 0], [1, 0, 0, 1, 0, 1]] * 4)
    assert scale_table(NAMES, few)["persons"] is scale_table(NAMES, few)["complete"] is None
    assert words(199, suppress=False)[1] == [None, None, None]
    # A third group of three: left out, and the others' numbers do not give it away.
    third = np.where(np.arange(600) < 3, 2, SEX.of_row)
    part = scale_table(NAMES, X, groupings=[Grouping("sex", third, ("f", "m", "x"))])
    assert part["differential"][0]["values"] == [{"value": "f", "n": 300}, {"value": "m", "n": 300}]
    alone = scale_table(NAMES, X, groupings=[Grouping("sex", np.full(600, -1), ())])
    assert alone["differential"][0]["suppressed"] == "few_for_differential"


def test_what_cannot_be_computed_is_said_in_its_part() -> None:
    two = scale_table(["a", "b"], X[:, :2], how=ScaleConventions(suppress=False))
    assert two["reliability"]["omega"]["problem"] == "a factor needs at least 3 items"
    assert two["model"]["problem"] == "a scale needs at least 3 items"
    one = Grouping("sex", np.zeros(600, int), ("f",))
    alone = scale_table(NAMES, X, groupings=[one], how=ScaleConventions(suppress=False))
    assert "two groups" in alone["differential"][0]["problem"]
    gone = X.copy()
    gone[:, 2] = np.where(SEX.of_row == 1, np.nan, 1.0)
    gone[0, 2] = 0
    part = scale_table(NAMES, gone, groupings=[SEX])["differential"][0]
    assert part["items"][2]["both"] is None
    with pytest.raises(ScaleError, match="b has the same answer from everybody"):
        scale_table(["a", "b"], np.column_stack([X[:, 0], np.ones(600)]))
