"""How far "few" reaches: never told apart, never below what is true of rare things."""

from dataclasses import replace

import numpy as np
import pytest

from surveys.estimation import rare_figures
from surveys.estimation.census import Census
from surveys.estimation.figures import Figures
from surveys.estimation.frame import Floats
from surveys.estimation.standing import Together


def reaching(found: Figures, yes: Floats, no: Floats) -> Figures:
    """All villages are computed; none stand."""
    unknown = np.full(len(yes), np.nan)
    census = Census(unknown, unknown, unknown, unknown)
    together = Together(census, np.ones(len(yes), np.bool_), None)
    return rare_figures.reaching(together, "share", found, yes, no)


def words(which: list[int]) -> Figures:
    found = Figures.of(np.full(len(which), np.nan), np.zeros(len(which), int))
    return replace(found, words=np.array(which, np.int8))


def test_nobody_one_and_two_have_the_same_limit() -> None:
    yes = np.array([0.0, 1, 2, *[9] * 20])
    found = reaching(words([1, 1, 1, *[0] * 20]), yes, 60 - yes)
    assert found.high[0] == found.high[1] == found.high[2]
    assert found.high[0] % 5 == 0
    assert np.isnan(found.high[3:]).all()
    assert np.isnan(found.low).all()


def test_nearly_all_is_few_seen_from_the_other_side() -> None:
    yes = np.array([0.0, *[6] * 25])
    few = reaching(words([1, *[0] * 25]), yes, 50 - yes)
    nearly = reaching(words([2, *[0] * 25]), 50 - yes, yes)
    assert nearly.low[0] == 100 - few.high[0]
    assert np.isnan(nearly.high).all()


@pytest.mark.parametrize("villages", [1, 19])
def test_without_enough_villages_there_is_no_limit(villages: int) -> None:
    no = np.full(villages, 40.0)
    assert np.isnan(reaching(words([1] * villages), 0 * no, no).high).all()


def test_the_limit_holds_what_is_true_of_rare_things() -> None:
    rng = np.random.default_rng(7)
    held = []
    for _ in range(40):
        truth = rng.beta(1, 40, 60)
        yes = rng.binomial(40, truth).astype(float)
        found = reaching(words([int(one < 3) for one in yes]), yes, 40 - yes)
        few = yes < 3
        held.append((100 * truth[few] <= found.high[few]).mean())
    assert np.mean(held) > 0.97
