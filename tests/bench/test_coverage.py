"""The simulation behind `make bench-coverage` is right about its own truths."""

import numpy as np

from surveys.estimation.followup import two_phase
from surveys.estimation.sample import of_villages
from surveys.estimation.weights import weights
from tests.bench.coverage_population import ADULTS, Population, population
from tests.bench.coverage_sampling import Drawn, answers, by_homes, by_phones, with_family
from tests.bench.coverage_table import Cell, at_least, row, verdict


def two_villages() -> tuple[Population, np.ndarray]:
    return population(2, np.random.default_rng(7)), np.full(2, float(ADULTS))


def test_where_everybody_online_answers_the_estimates_are_the_truths():
    people, adults = two_villages()
    everybody = Drawn(people.online, np.where(people.online, np.arange(len(people.home)), -1))
    sample = of_villages(answers(people, everybody), adults, people.offline)
    use = sample.answers.scores["use"]

    np.testing.assert_allclose(sample.online.value, people.share_online)
    np.testing.assert_allclose(sample.of_users(use).value, people.of_users("use"))
    np.testing.assert_allclose(sample.of_all(use).value, people.of_all("use"))


def test_where_all_other_homes_are_visited_too():
    people, adults = two_villages()
    drawn = by_homes(people, 20, np.random.default_rng(1), shared=0.0)
    came = people.of_home(drawn.persons) > 0
    # Of those who came everybody who is online, so that nothing is left to chance.
    everybody = people.online & came[people.home]
    drawn = Drawn(everybody, np.where(everybody, np.arange(len(everybody)), -1))
    found = answers(people, drawn, ~came[people.home])
    phases = two_phase(found, weights(found), people.households)
    sample = of_villages(found, adults, people.offline, None, phases)

    np.testing.assert_allclose(sample.online.value, people.share_online)
    np.testing.assert_allclose(sample.of_all(found.scores["use"]).value, people.of_all("use"))


def test_as_many_homes_come_in_as_are_asked_for_and_only_people_online():
    people, _ = two_villages()
    rng = np.random.default_rng(3)
    first = by_phones(people, 12, rng)
    for drawn in (
        first,
        by_homes(people, 12, rng),
        with_family(people, first, 1.0, rng, joined=True),
    ):
        assert not (drawn.persons & ~people.online).any()
        homes = np.unique(people.home[drawn.persons])
        assert np.bincount(people.village_of_home[homes]).tolist() == [12, 12]
        in_home = people.home[drawn.entry[drawn.persons]]
        assert (in_home == people.home[drawn.persons]).all()
        assert ((drawn.entry >= 0) == drawn.persons).all()


def test_a_village_taken_twice_is_two_villages():
    people, _ = two_villages()
    taken = people.take(np.array([1, 0, 1]))

    assert taken.homes == int(people.households[[1, 0, 1]].sum())
    np.testing.assert_allclose(taken.of_all("use"), people.of_all("use")[[1, 0, 1]])
    np.testing.assert_allclose(taken.offline, people.offline[[1, 0, 1]])


def test_a_goal_is_missed_where_it_is_missed():
    one = row("coverage", [Cell(93.94, 1.0), Cell(93.96, 1.0), None], at_least(94))
    assert verdict(one, ("5", "12", "40")) == "missed: 5"
    assert verdict(row("coverage", [Cell(95.0, 1.0)], at_least(94)), ("5",)) == "met"
    assert not verdict(row("width", [Cell(1.0, 1.0)]), ("5",))
