"""The profile of an area: its numbers, its villages side by side, the gradient, and the scales."""

import math
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd
import pytest
from estimation_samples import (
    ABOUT,
    CHOICES,
    INDICATORS,
    frame_of,
    indicator,
    person,
    simulated,
    table_of,
)
from profile_samples import Plain, every_figure, near

from surveys.estimation.computed import Computed
from surveys.estimation.margins import Place
from surveys.estimation.profile import Figure, from_json, to_json
from surveys.estimation.ranks import rank_intervals
from surveys.estimation.reliability import moments, omega_of
from surveys.estimation.small_areas import gradient
from surveys.estimation.villages import about_of, compute

ITEMS = tuple(indicator(f"K{at}", kind="item", part_of="s_knowledge") for at in range(1, 7))
ALL = (*INDICATORS, *ITEMS, indicator("A4", role="schooling"))
SAID = about_of(ABOUT)
SIZES = {"a1": 30, "a2": 12, "a3": 9, "a4": 2, "b1": 25, "b2": 16, "b3": 20, "u1": 60}
"""Village -> homes; a and b are townships of one county, u is the town beside."""
PLACE = {"a": ("P", "County", "A"), "b": ("P", "County", "B"), "u": ("P", "Town", "U")}
COUNTY = [code for code in SIZES if code[0] != "u"]


def knowing(dice: np.random.Generator, hard: Sequence[float]) -> dict[str, object]:
    """Right or wrong on six items that all say how much somebody knows."""
    level = dice.normal()
    return {
        f"K{at}": str(int(level + 0.8 * dice.normal() > item))
        for at, item in enumerate(hard, start=1)
    }


def town() -> tuple[list[dict[str, object]], pd.DataFrame]:
    dice = np.random.default_rng(4)
    rows = []
    for number, (code, homes) in enumerate(SIZES.items()):
        for one in simulated(code, homes, 60 - 7 * (number % 4), others=0.6):
            row = one | {"A4": str(dice.integers(0, 5))}
            answers = knowing(dice, (-1, -0.6, -0.2, 0.2, 0.6, 1))
            rows.append(row | answers if row["user"] == "1" else row)
    table = table_of([*SIZES, "b4"])
    table["area"] = [PLACE[code[0]] for code in table.index]
    table["ring"] = [float(at % 4) for at in range(len(table))]
    table["adults"] = [400.0 + 50 * at for at in range(len(table))]
    return rows, table


def computed_of(
    rows: Sequence[Mapping[str, object]],
    table: pd.DataFrame,
    reference: Sequence[str] = ("u1",),
    **more: object,
) -> Computed:
    return compute(frame_of(rows), table, ALL, CHOICES, reference, **more)  # type: ignore[arg-type]


@cache
def whole() -> Computed:
    return computed_of(*town())


def plain(code: str) -> Plain:
    rows, table = town()
    g = 1 - table.loc[code, "adults_offline"] / table.loc[code, "adults"]
    return Plain([row for row in rows if row["village"] == code], g)


def test_areas_computed_together_say_what_each_says_alone() -> None:
    towns = [("P", "County", "B"), ("P", "Town"), ("P", "County", "A")]
    found = whole()
    for some in (towns[:1] + towns[2:], towns):
        together = found.areas_at(some, SAID)
        assert list(together) == some
        assert together == {place: found.area(place, SAID) for place in some}
    assert together[towns[0]].persons != together[towns[2]].persons


def test_an_area_is_its_villages_by_their_adults() -> None:
    _, table = town()
    found = whole().area(("P", "County", "B"), SAID)
    # Nobody of b4 answered: the township is made of the others, and counts them all the same.
    codes = ["b1", "b2", "b3"]
    shares = table.loc[codes, "adults"] / table.loc[codes, "adults"].sum()
    own = [plain(code) for code in codes]
    pi = sum(share * one.pi for share, one in zip(shares, own, strict=True))
    use = sum(share * one.use for share, one in zip(shares, own, strict=True))
    assert near(found.online.value, 100 * pi)
    assert near(found.use.value, use)
    assert near(found.use_of_users.value, use / pi)
    assert (found.village, found.code, found.kind) == ("B", "", "township")
    assert found.area == ("P", "County")
    assert found.adults == int(table.loc[[*codes, "b4"], "adults"].sum())
    assert found.target == 4 * 30
    assert found.reference_use.value is not None
    assert found.gap is not None
    assert found.band is None
    assert found.change is None
    assert found.breakdowns[-1].variable == "schooling"
    assert found.inequality is not None
    county, everything = (whole().area(place, SAID) for place in (("P", "County"), ("P",)))
    assert (county.kind, everything.kind, everything.area) == ("county", "programme", ())
    # The programme holds the reference: it is compared with it all the same; the town is not.
    assert everything.gap is not None
    assert whole().area(("P", "Town"), SAID).gap_withheld == "no_reference"
    assert from_json(to_json(county)) == county
    with pytest.raises(KeyError):
        whole().area(("P", "Nowhere"), SAID)
    with pytest.raises(KeyError):
        whole().village("nowhere", SAID)


def test_what_is_not_known_of_one_village_is_not_known_of_the_area() -> None:
    rows, table = town()
    table = table.astype({"target": float})
    table.loc["b4", ["target", "households"]] = np.nan
    found = computed_of(rows, table).area(("P", "County", "B"), SAID)
    assert (found.target, found.households) == (None, None)
    assert found.adults is not None
    # Names of places below the township are those of townships.
    deep = table.assign(area=[(*area, "Hamlet") for area in table["area"]])
    assert computed_of(rows, deep).area(("P", "County", "B", "Hamlet"), SAID).kind == "township"


def test_villages_stand_side_by_side_as_their_own_profiles_say() -> None:
    within = whole().area(("P", "County"), SAID).within
    assert within is not None
    # Of a4 and b4 nothing can be shown, nor of a3: less it and those shown, A would be a4.
    assert [one.code for one in within.villages] == ["a1", "a2", "b1", "b2", "b3"]
    for one in within.villages:
        own = whole().village(one.code, SAID)
        assert (one.name, one.persons) == (own.village, own.persons)
        assert (one.use, one.online, one.band) == (own.use, own.online, own.band)
        assert one.ranks == ()
        assert own.compared == 5
        assert own.band is not None
    assert within.modelled == 0


def test_ranks_are_given_on_request_only() -> None:
    within = whole().area(("P",), SAID, ranks=True).within
    assert within is not None
    told = [one for one in within.villages if one.code != "u1"]
    own = [plain(one.code) for one in told]
    expected = rank_intervals(
        [one.use for one in own], [math.sqrt(one.v(2)) for one in own], [one.df(2) for one in own]
    )
    assert [one.ranks for one in told] == list(zip(expected.best, expected.worst, strict=True))
    assert any(worst - best < 5 for best, worst in (one.ranks for one in told))
    # The reference is not one of those compared.
    assert within.villages[-1].ranks == ()
    # Without U there is nothing to rank.
    rows, table = town()
    no_use = [one for one in ALL if one.name != "s_use"]
    bare = compute(frame_of(rows), table, no_use, CHOICES, ()).area(("P",), SAID, ranks=True)
    assert bare.within is not None
    assert {one.ranks for one in bare.within.villages} == {()}
    assert (bare.within.gradient, bare.within.modelled) == (None, 0)
    assert {one.band for one in bare.within.villages} == {None}
    assert bare.breakdowns == ()


@pytest.mark.parametrize(
    ("homes", "place"), [(100, ("P", "County")), (4, ("P", "County")), (100, ("P",))]
)
def test_the_gradient_is_a_line_through_villages_by_hand(homes: int, place: Place) -> None:
    rows, table = town()
    rows = [row for row in rows if int(str(row["home"]).split("/")[1]) < homes]
    within = computed_of(rows, table).area(place, SAID).within
    assert within is not None
    assert within.gradient is not None
    # Villages of three homes, of which a4 has two; the reference has no part in it.
    codes = [code for code in COUNTY if code != "a4"]
    own = [
        Plain(
            [row for row in rows if row["village"] == code],
            1 - table.loc[code, "adults_offline"] / table.loc[code, "adults"],
        )
        for code in codes
    ]
    spread = sum((one.m - 1) * one.v(2) * (one.df(2) + 1) for one in own)
    between_homes = spread / sum(one.m - 1 for one in own)
    psi = [between_homes / (one.df(2) + 1) for one in own]
    slope = gradient([one.use for one in own], psi, table.loc[codes, "ring"])
    assert within.gradient.value == pytest.approx(slope.value, abs=0.05 + 1e-9)
    assert within.gradient.low == pytest.approx(slope.low, abs=0.05 + 1e-9)
    assert within.gradient.high == pytest.approx(slope.high, abs=0.05 + 1e-9)


@pytest.mark.parametrize("rings", [[1.0] * 9, [0.0, 1, 2, 3, *[np.nan] * 5], [np.nan] * 9])
def test_no_gradient_of_one_ring_or_four_villages(rings: list[float]) -> None:
    rows, table = town()
    within = computed_of(rows, table.assign(ring=rings)).area(("P", "County"), SAID).within
    assert within is not None
    assert within.gradient is None
    # With five of two rings there is one.
    rings = [0.0, 1, 1, 1, 1, 1, *[np.nan] * 3]
    within = computed_of(rows, table.assign(ring=rings)).area(("P", "County"), SAID).within
    assert within is not None
    assert within.gradient is not None


# Scales ------------------------------------------------------------------------------------------


def weighed_items(codes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Answers to the six items of users, and what each of them weighs in the area."""
    rows, table = town()
    items, weight = [], []
    for code in codes:
        one = plain(code)
        of_village = [row for row in rows if row["village"] == code and row["user"] == "1"]
        for row in of_village:
            items.append([float(str(row[item.name])) for item in ITEMS])
            weight.append(table.loc[code, "adults"] * one.pi / one.n)
    return np.array(items), np.array(weight)


def test_scales_hang_together_as_a_plain_alpha_says() -> None:
    within = whole().area(("P", "County", "B"), SAID).within
    everything = whole().area(("P",), SAID).within
    assert within is not None
    assert everything is not None
    (few,), (scale,) = within.scales, everything.scales
    assert few.name == scale.name == "s_knowledge"
    assert few.label == {"en": "s_knowledge", "zh": "s_knowledge（中文）"}
    # All villages but the small ones are strata of their own: a4 alone joins the next smallest.
    small = ["a3", "a4"]
    items, weight = weighed_items([code for code in SIZES if code not in small])
    rows, table = town()
    joined = Plain(
        [row for row in rows if row["village"] in small],
        1 - table.loc[small, "adults_offline"].sum() / table.loc[small, "adults"].sum(),
    )
    more = [
        [float(str(row[item.name])) for item in ITEMS]
        for row in rows
        if row["village"] in small and row["user"] == "1"
    ]
    items = np.vstack([items, more])
    each = table.loc[small, "adults"].sum() * joined.pi / joined.n
    weight = np.append(weight, np.full(len(more), each))
    assert scale.persons == 5 * ((len(items) + 2) // 5)
    assert len(items) >= 200
    mean = np.average(items, axis=0, weights=weight)
    spread = np.average((items - mean) ** 2, axis=0, weights=weight)
    total = items.sum(axis=1)
    of_sum = np.average((total - np.average(total, weights=weight)) ** 2, weights=weight)
    alpha = 6 / 5 * (1 - spread.sum() / of_sum)
    assert scale.alpha.value == pytest.approx(alpha, abs=0.005 + 1e-9)
    omega = omega_of(moments(items, weight)).value
    assert scale.omega.value == pytest.approx(omega, abs=0.005 + 1e-9)
    for one in (scale.alpha, scale.omega):
        assert one.low is not None
        assert one.high is not None
        assert one.value is not None
        assert 0 <= one.low < one.value < one.high <= 1
    # Under 200 persons nothing is said.
    assert few.persons < 200
    assert few.alpha == few.omega == Figure(None, withheld="too_few_for_this")


@pytest.mark.parametrize("alike", [["K3"], ["K2", "K3", "K4", "K5", "K6"]])
def test_items_that_do_not_vary_are_no_scale(alike: list[str]) -> None:
    rows, table = town()
    rows = [row | dict.fromkeys(alike, "1") for row in rows]
    within = computed_of(rows, table).area(("P",), SAID).within
    assert within is not None
    assert within.scales[0].alpha == Figure(None, withheld="imprecise")


def test_items_that_have_nothing_in_common_have_no_omega() -> None:
    rows, table = town()
    few = [one for one in ALL if one.name not in ("K4", "K5", "K6")]
    for at, row in enumerate(rows):
        row |= {"K1": str(at % 2), "K2": str((at + (at % 9 > 0)) % 2), "K3": str(at // 2 % 2)}
    computed = compute(frame_of(rows), table, few, CHOICES, ("u1",))
    within = computed.area(("P",), SAID).within
    assert within is not None
    (scale,) = within.scales
    assert scale.omega == Figure(None, withheld="imprecise")
    # A scale whose score is not asked for has no name to stand under.
    no_score = [one for one in ALL if one.name != "s_knowledge"]
    computed = compute(frame_of(rows), table, no_score, CHOICES, ("u1",))
    assert computed.area(("P",), SAID).within.scales == ()  # type: ignore[union-attr]


def test_who_weighs_nothing_is_not_one_of_the_two_hundred() -> None:
    rows, table = town()
    # Without a complete roster a village is in no number of the area.
    rows = [row | ({"A6": ""} if row["village"] in ("a1", "u1") else {}) for row in rows]
    within = computed_of(rows, table, ()).area(("P",), SAID).within
    assert within is not None
    users = [row for row in rows if row["user"] == "1" and row["village"] not in ("a1", "u1")]
    assert len(users) < 200
    assert within.scales[0].alpha.withheld == "too_few_for_this"


# Margins -----------------------------------------------------------------------------------------


def test_an_area_says_which_margins_its_villages_were_weighed_by() -> None:
    rows, table = town()
    schooling = {"schooling": {"primary": 50.0, "junior": 25.0, "above": 25.0}}
    margins = {("P", "County", "B"): schooling}
    computed = computed_of(rows, table, margins=margins)
    found, before = (one.area(("P", "County", "B"), SAID) for one in (computed, whole()))
    assert (found.margins, found.margins_of, found.deff) == (("schooling",), "B", None)
    assert found.use != before.use
    # By hand: a quarter is above junior secondary, as the margins say of the township's users.
    data, raking = computed.source.data, computed.source.raking
    assert raking is not None
    inside = np.isin(data.village[data.home], [list(SIZES).index(c) for c in ("b1", "b2", "b3")])
    above = inside & (data.schooling >= 3)
    assert raking.w[above].sum() / raking.w[inside].sum() == pytest.approx(0.25)
    assert raking.base[above].sum() / raking.base[inside].sum() > 0.4
    county = computed.area(("P", "County"), SAID)
    assert (county.margins, county.margins_of) == (("schooling",), "County")
    other = computed.area(("P", "County", "A"), SAID)
    assert (other.margins, other.margins_of) == ((), "")
    assert other.use == whole().area(("P", "County", "A"), SAID).use
    one = computed.village("b1", SAID)
    assert (one.margins, one.margins_of) == (("schooling",), "B")


# What a hidden area holds ------------------------------------------------------------------------


def test_of_a_hidden_area_is_said_who_answered_and_no_more() -> None:
    """The county is seventy people of township B and six of A: with both shown, A could be had."""
    rows, table = town()
    rows = [row for row in rows if row["village"] in ("b1", "b2")]
    rows += [
        person("a1", home, 1, A6="2", A7="0", A8="1", s_use=str(10 * home)) for home in range(6)
    ]
    computed = computed_of(rows, table, ())
    county, township = (computed.area(place, SAID) for place in (("P", "County"), PLACE["b"]))
    assert computed.area(PLACE["a"], SAID).level == "withheld"
    assert county.complementary != township.complementary
    found = county if county.complementary else township
    assert (found.level, found.users, found.by_mode, found.grade) == ("withheld", 0, {}, None)
    assert found.persons == len(rows) - 6 * township.complementary
    own = [one for one in every_figure(found) if one.withheld != "no_reference"]
    assert {one.withheld for one in own} == {"complementary"}
    assert (found.indices, found.shares, found.chain, found.breakdowns) == ((), (), (), ())
    assert (found.within, found.weakest, found.deprivation, found.inequality) == (None,) * 4
    assert (found.flags, found.margins, found.gap, found.gap_withheld) == (
        {}, (), None, "complementary",
    )  # fmt: skip
