"""The reference area among others: between them, across them, hidden; a village hidden for it."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from estimation_samples import ABOUT, CHOICES, INDICATORS, frame_of, person, table_of
from hypothesis import given
from hypothesis import strategies as st
from profile_samples import every_figure

from surveys.estimation.computed import Computed, with_reference
from surveys.estimation.profile import Figure
from surveys.estimation.villages import about_of, compute

SAID = about_of(ABOUT)
TOWNSHIP = {"a": ("P", "C", "A"), "b": ("P", "C", "B"), "c": ("P", "D", "E"), "d": ("P",)}
"""a and b are of one county; villages of d stand right below the programme."""


def computed(homes: Mapping[str, int], *reference: str) -> Computed:
    rows = [
        person(code, home, 1, A6="2", A7="0", A8="1", s_use=str(20 + 7 * (home % 9)))
        for code, count in homes.items()
        for home in range(count)
    ]
    table = table_of([*homes])
    table["area"] = [TOWNSHIP[code[0]] for code in table.index]
    return compute(frame_of(rows), table, INDICATORS, CHOICES, reference)


def told(found: Computed) -> set[str]:
    """What is shown, by the profiles of all places."""
    places = {place[:depth] for place in found.places for depth in range(1, len(place))}
    profiles = {code: found.village(code, SAID) for code in found.codes}
    profiles |= {"/".join(place): found.area(place, SAID) for place in places}
    shown = {name for name, one in profiles.items() if one.use.value is not None}
    assert shown == {name for name, one in profiles.items() if one.level != "withheld"}
    beside = {one.reference_use.value for one in profiles.values()} - {None}
    return shown | ({"reference"} if beside else set())


@pytest.mark.parametrize(
    ("reference", "level"),
    [
        (["a1"], 0),
        (["a1", "a2"], 0),
        (["a1", "a2", "b1", "b2"], 1),
        (["a1", "a2", "b1", "b2", "c1", "c2"], 2),
        (["a1", "a2", "b1"], None),
        (["a1", "b1"], None),
        (["a1", "c1"], None),
        ([], None),
    ],
)
def test_where_a_reference_lies(reference: list[str], level: int | None) -> None:
    found = computed(dict.fromkeys(["a1", "a2", "b1", "b2", "c1", "c2", "d1"], 31), *reference)
    assert found._levels[1] == level
    assert found.reference_shown == bool(reference)
    # Where everything is shown, that is so whatever is beside.
    assert told(found) == {
        "a1", "a2", "b1", "b2", "c1", "c2", "d1",
        "P", "P/C", "P/D", "P/C/A", "P/C/B", "P/D/E", *(["reference"] if reference else []),
    }  # fmt: skip
    one = found.village("d1", SAID)
    assert one.reference_area == ("County seat" if reference else None)
    assert (one.gap is None) == (not reference)
    for code in reference:
        assert found.village(code, SAID).gap_withheld == "no_reference"


@given(st.data())
def test_levels_with_a_reference_still_lie_one_in_the_other(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 8))
    township = np.array(data.draw(st.lists(st.integers(-1, 3), min_size=count, max_size=count)))
    areas = [township, np.where(township < 0, -1, township // 2), np.zeros(count, int)]
    some = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    reference = np.flatnonzero(some)
    levels, level = with_reference(areas, reference)
    if level is None:
        assert len(levels) == 3
        # It shares some but not all villages with an area, of which it holds others too.
        crossed = any(
            0 < np.isin(np.flatnonzero(one == at), reference).sum() < (one == at).sum()
            and not set(reference) <= set(np.flatnonzero(one == at))
            for one in areas
            for at in set(one)
        )
        assert crossed or not len(reference)
        return
    assert set(np.flatnonzero(levels[level] == 0)) == set(reference)
    assert [one.tolist() for at, one in enumerate(levels) if at != level] == [
        one.tolist() for one in areas
    ]
    for below, above in pairwise(levels):
        for at in set(below[below >= 0]):
            assert len(set(above[below == at])) == 1


def test_a_reference_that_would_give_a_few_away_is_hidden_or_another_is() -> None:
    # The rest of its township is four persons.
    found = computed({"a1": 40, "a2": 4, "b1": 20, "b2": 15}, "a1")
    assert told(found) == {"b1", "b2", "P", "P/C", "P/C/A", "P/C/B"}
    assert not found.reference_shown
    one = found.village("b1", SAID)
    assert (one.gap, one.gap_withheld, one.reference_area) == (None, "no_reference", None)
    assert one.reference_use == Figure(None, withheld="no_reference")
    # With a second village beside the few it may be shown, that one not.
    found = computed({"a1": 40, "a2": 4, "a3": 15, "b1": 20, "b2": 15}, "a1")
    assert told(found) == {"a1", "b1", "b2", "P", "P/C", "P/C/A", "P/C/B", "reference"}


def test_across_areas_a_reference_is_shown_where_it_says_nothing_new() -> None:
    everything = {"a1": 20, "a2": 20, "b1": 20, "b2": 20}
    assert computed(everything, "a1", "b1").reference_shown
    # a1 has three persons: less b1 the reference would be they.
    few = everything | {"a1": 3, "a3": 20}
    found = computed(few, "a1", "b1")
    assert not found.reference_shown
    assert "reference" not in told(found)
    # Of nobody there is nothing to give away.
    assert computed(everything | {"a3": 0}, "a1", "a3", "b1").reference_shown
    assert not computed(dict.fromkeys(everything, 0), "a1", "b1").village("a1", SAID).persons


def test_villages_right_below_the_programme() -> None:
    found = computed({"a1": 20, "a2": 20, "d1": 20, "d2": 3, "d3": 12}, "d1")
    assert told(found) == {"a1", "a2", "d1", "P", "P/C", "P/C/A", "reference"}
    assert found.village("d1", SAID).area == ("P",)
    assert found.area(("P",), SAID).persons == 75


def test_the_profile_of_a_village_hidden_for_another_holds_nothing() -> None:
    found = computed({"a1": 40, "a2": 4, "a3": 31, "b1": 60}, "b1")
    hidden = found.village("a3", SAID)
    assert (hidden.level, hidden.complementary) == ("withheld", True)
    # Who answered is said: how many, not what they are.
    assert (hidden.persons, hidden.homes, hidden.users, hidden.by_mode) == (31, 31, 0, {})
    beside = [hidden.reference_use, hidden.reference_online, hidden.reference_use_of_users]
    assert all(one.value is not None for one in beside)
    own = [one for one in every_figure(hidden) if one not in beside]
    assert {*own} == {Figure(None, withheld="complementary")}
    assert (hidden.gap, hidden.gap_withheld) == (None, "complementary")
    assert hidden.indices == hidden.shares == hidden.chain == hidden.breakdowns == ()
    assert (hidden.weakest, hidden.band, hidden.compared, hidden.change) == (None, None, 0, None)
    assert (hidden.inequality, hidden.deprivation, hidden.grade) == (None, None, None)
    assert (hidden.flags, hidden.margins, hidden.margins_of, hidden.deff) == ({}, (), "", None)
    # By itself it would be shown: nothing is hidden for a village that nobody could have.
    alone = computed({"a1": 40, "a3": 31, "b1": 60}, "b1").village("a3", SAID)
    assert (alone.level, alone.complementary) == ("medium", False)
    few = found.village("a2", SAID)
    assert (few.level, few.complementary) == ("withheld", False)
    assert few.use.withheld == "few_persons"


def test_codes_may_be_numbers() -> None:
    rows = [person("7", home, 1, A6="2", A7="0", A8="1", s_use="50") for home in range(12)]
    table = table_of(["7"])
    found = compute(frame_of(rows), table.set_axis(pd.Index(["7"])), INDICATORS, CHOICES, ())
    assert found.village("7", SAID).persons == 12
