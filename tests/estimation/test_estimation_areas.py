"""Areas made of villages: many at once as each alone, by loops over their strata, and followed."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from estimation_samples import ABOUT, CHOICES, INDICATORS, frame_of, person, simulated, table_of
from followup_samples import Home, by_loops, followed_homes, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st
from profile_samples import Plain, near
from scipy import stats

from surveys.estimation.estimates import Estimate
from surveys.estimation.followup import two_phase
from surveys.estimation.frame import Answers, answers, measures
from surveys.estimation.margins import raked
from surveys.estimation.profile import Figure
from surveys.estimation.sample import Sample, of_area, of_areas, of_villages, without_phone
from surveys.estimation.villages import about_of, compute, profiles
from surveys.estimation.weights import weights

PARTS = measures(INDICATORS, {})
NAN = float("nan")
CODES = tuple("abcdef")


class Town(NamedTuple):
    """Answers of six villages, their areas, and what is known of them."""

    data: Answers
    area: np.ndarray
    adults: np.ndarray
    offline: np.ndarray
    households: np.ndarray


def score(dice: np.random.Generator, missing: float = 0.1) -> float:
    return NAN if dice.random() < missing else float(dice.integers(0, 101))


def homes_of(dice: np.random.Generator, count: int, visited: int) -> list[Home]:
    homes = []
    for at in range(count + visited):
        adults, door = int(dice.integers(1, 5)), at >= count
        online = int(dice.integers(0, adults + 1)) if door else int(dice.integers(1, adults + 1))
        told = None if dice.random() < 0.15 else online
        people = [score(dice) for _ in range(max(online, 1 - door))]
        offline = adults - len(people) if door else int(dice.integers(0, adults - online + 1))
        who = (*people, *[None] * max(offline, not people))
        homes.append(Home(door, adults, told, who))
    return homes


def town_of(
    sizes: Sequence[tuple[int, int]],
    area: Sequence[int],
    known: Sequence[bool],
    seed: int,
) -> Town:
    """sizes: of each village the homes that came and that were visited."""
    dice = np.random.default_rng(seed)
    rows = [
        row | {"s_access": "" if dice.random() < 0.1 else str(int(dice.integers(101)))}
        for code, (came, visited) in zip(CODES, sizes, strict=True)
        for row in rows_of(code, homes_of(dice, came, visited))
    ]
    adults = np.where(known, dice.integers(100, 900, len(CODES)), NAN).astype(np.float64)
    return Town(
        answers(frame_of(rows), CODES, PARTS),
        np.array(area),
        adults,
        np.where(dice.random(len(CODES)) < 0.8, np.floor(adults * 0.2), NAN),
        dice.integers(80, 200, len(CODES)).astype(np.float64),
    )


@st.composite
def towns(draw: st.DrawFn) -> Town:
    follow = draw(st.booleans())
    sizes = [
        (draw(st.integers(0, 7)), draw(st.sampled_from([0, 0, 12, 14])) if follow else 0)
        for _ in CODES
    ]
    area = [draw(st.integers(0, 2)) for _ in CODES]
    known = [draw(st.sampled_from([True] * 6 + [False])) for _ in CODES]
    return town_of(sizes, area, known, draw(st.integers(0, 10**6)))


def whole(town: Town, count: int = 3) -> Sample:
    phases = two_phase(town.data, weights(town.data), town.households)
    use = town.data.scores["s_use"]
    return of_areas(town.data, town.area, count, town.adults, town.offline, use, None, phases)


def estimated(sample: Sample) -> dict[str, Estimate]:
    y, other = sample.answers.scores["s_use"], sample.answers.scores["s_access"]
    return {
        "online": sample.online,
        "users": sample.of_users(y),
        "all": sample.of_all(y),
        "others": sample.of_others(other),
        "access of both": sample.by_base("all", other)[1],
        "access of all": sample.by_base("zero", other)[1],
        "phones": without_phone(sample),
    }


@settings(deadline=None, max_examples=40)
@given(towns())
def test_many_areas_at_once_are_each_alone(town: Town) -> None:
    together = whole(town)
    found = estimated(together)
    user = town.data.user == 1
    for number in range(3):
        which = np.flatnonzero(town.area == number)
        some = town.data.of(which.tolist())
        phases = two_phase(some, weights(some), town.households[which])
        alone = of_area(
            some, town.adults[which], town.offline[which], some.scores["s_use"], None, phases
        )
        for name, one in estimated(alone).items():
            for column in ("value", "v", "df", "n", "homes"):
                here, there = getattr(found[name], column), getattr(one, column)
                assert here[number] == pytest.approx(there[0], nan_ok=True), (name, column)
        mine = np.isin(town.data.village[town.data.home], which)
        # The rows of one area are in the same order in both.
        assert together.person[mine] == pytest.approx(alone.person)
        assert together.visited[number] == alone.visited[0]
        assert together.persons(user)[number] == alone.persons(some.user == 1)[0]
        assert together.homes(user)[number] == alone.homes(some.user == 1)[0]
        if len(which):
            assert together.g[number] == pytest.approx(alone.g[0])
            assert together.known[number] == alone.known[0]


@settings(deadline=None, max_examples=40)
@given(towns())
def test_a_mean_is_that_of_persons_by_what_each_weighs(town: Town) -> None:
    """Where every user has a value: so inequality and scales rest on the persons that ū is of."""
    full = np.nan_to_num(town.data.scores["s_use"], nan=35.0)
    town = town._replace(data=replace(town.data, scores={"s_use": full}))
    villages = of_villages(
        town.data, town.adults, town.offline, None,
        two_phase(town.data, weights(town.data), town.households),
    )  # fmt: skip
    for sample in (villages, whole(town)):
        mean, of = sample.of_users(full), sample.results.of_home[town.data.home]
        for number in range(sample.results.count):
            w = np.where(of == number, sample.person, 0.0)
            if np.isfinite(mean.v[number]):
                assert np.average(full, weights=w) == pytest.approx(mean.value[number])


def test_an_area_is_the_sum_of_its_strata_by_loops() -> None:
    """Three villages of 3 homes and more, two small ones joined; one of nobody."""
    sizes = dict(zip(CODES, (8, 5, 2, 11, 1, 0), strict=True))
    rows = [row for code, homes in sizes.items() for row in simulated(code, homes, seed=4)]
    adults = dict(zip(CODES, (300, 500, 120, 250, 80, 60), strict=True))
    offline = dict(zip(CODES, (30, 0, 12, 100, 8, 6), strict=True))
    data = answers(frame_of(rows), CODES, PARTS)
    y = data.scores["s_use"]
    found = of_area(
        data, np.array([*adults.values()], float), np.array([*offline.values()], float), y
    )
    strata = [("a",), ("b",), ("d",), ("c", "e", "f")]
    n = sum(adults.values())
    pi = use = 0.0
    parts = []
    for codes in strata:
        of = [row for row in rows if row["village"] in codes]
        size = sum(adults[code] for code in codes)
        own = Plain(of, 1 - sum(offline[code] for code in codes) / size)
        parts.append((size / n, own))
        pi, use = pi + size / n * own.pi, use + size / n * own.use
    assert found.online.value[0] == pytest.approx(pi)
    assert found.of_all(y).value[0] == pytest.approx(use)
    assert found.of_users(y).value[0] == pytest.approx(use / pi)
    v = [sum((share * one) ** 2 for share, own in parts for one in own.z(k)) for k in (0, 2)]
    assert found.online.v[0] == pytest.approx(v[0])
    assert found.of_all(y).v[0] == pytest.approx(v[1])
    # ū = Σ share·π·ū/Σ share·π moves with both, home by home.
    squares = sum(
        (share / pi * (own.pi * z_mean + (own.mean - use / pi) * z_pi)) ** 2
        for share, own in parts
        for z_pi, z_mean in zip(own.z(0), own.z(1), strict=True)
    )
    assert found.of_users(y).v[0] == pytest.approx(squares)
    each = [(share**2 * own.v(2), own.df(2)) for share, own in parts]
    df = sum(one for one, _ in each) ** 2 / sum(one**2 / of for one, of in each)
    assert found.of_all(y).df[0] == pytest.approx(df)


def test_an_area_raked_whole_has_its_errors_from_residuals() -> None:
    rows = [row for code in CODES for row in simulated(code, 30, seed=2)]
    data = answers(frame_of(rows), CODES, PARTS)
    y = 20 + 0.5 * data.age
    places = [("C", "T" if code in "abc" else "U", code) for code in CODES]
    ages = {f"{sex} {age}": 10.0 for sex in "fm" for age in ("16-34", "35-54", "55-64", "65+")}
    # No sex is asked: schooling is, and stands for age here.
    school = np.where(data.age >= 55, 3.0, 1.0)
    data = replace(data, schooling=school)
    margins = {("C", "T"): {"schooling": {"primary": 40.0, "junior": 0.0, "above": 60.0}}}
    raking = raked(data, weights(data).w, places, margins | {("C", "U"): {"sex_age": ages}})
    area = np.array([0, 0, 0, 1, 1, 1])
    unknown = np.full(len(CODES), NAN)
    found = of_areas(data, area, 2, unknown, unknown, y, raking)
    plain = of_areas(data, area, 2, unknown, unknown, y)
    # Six in ten are older where the margins say so, and what they explain is no error.
    of = area[data.village[data.home]]
    older = np.average(data.age[of == 0] >= 55, weights=raking.w[of == 0])
    assert older == pytest.approx(0.6)
    assert found.of_users(y).value[0] > plain.of_users(y).value[0]
    assert found.of_users(y).se[0] < 0.7 * plain.of_users(y).se[0]
    # The other has no margin that could be used: it is as without.
    assert found.of_users(y).se[1] == pytest.approx(plain.of_users(y).se[1])
    mean = np.average(np.nan_to_num(y[of == 0]), weights=raking.w[of == 0])
    assert found.of_users(y).value[0] == pytest.approx(mean)
    assert found.online.value[1] == pytest.approx(plain.online.value[1])


# What villages leave out -------------------------------------------------------------------------


def test_without_rosters_an_area_is_of_all_its_users() -> None:
    few = [one for one in INDICATORS if one.name in ("user", "s_use")]
    rows = [row for code in "uv" for row in simulated(code, 25, 30 if code == "u" else 60)]
    rows += [person("w", home, 1, s_use=str(40 + home)) for home in range(20)]
    found = profiles(frame_of(rows), table_of("uvw"), few, {}, ["u", "v"], ABOUT)["w"]
    beside = next(one for one in found.indices if one.name == "s_use").reference
    # By hand: the mean of two villages of as many adults.
    means = [
        np.mean(
            [
                float(str(row["s_use"]))
                for row in rows
                if (row["village"], row["user"]) == (code, "1")
            ]
        )
        for code in "uv"
    ]
    assert near(beside.value, float(np.mean(means)))
    assert beside.low is not None
    assert beside.value is not None
    assert beside.low < beside.value


def test_a_village_of_incomplete_rosters_is_in_none_of_the_three_numbers() -> None:
    rows = [row for code in "ab" for row in simulated(code, 12)]
    rows += [row | {"A6": ""} for row in simulated("c", 12, 90)]
    codes = ["a", "b", "c"]
    data = answers(frame_of(rows), codes, PARTS)
    y = data.scores["s_use"]
    census = np.array([300.0, 100, 600]), np.array([30.0, 20, 300])
    some = data.of([0, 1])
    two = of_area(some, census[0][:2], census[1][:2], some.scores["s_use"])
    for use in (None, y):
        found = of_area(data, *census, use)
        assert found.online.value[0] == pytest.approx(two.online.value[0])
        assert found.g[0] == pytest.approx(two.g[0])
        assert found.of_users(y).value[0] == pytest.approx(
            two.of_users(some.scores["s_use"]).value[0]
        )


def test_an_index_of_some_villages_may_be_more_than_the_area_s_users() -> None:
    """Where nearly all are offline in a village that was not asked, the others stand for it."""
    rows = [
        person(code, home, 1, A6="1", A7="0", A8="1", s_use="50")
        | {"s_Q": str(80 + home % 9) if code == "a" else ""}
        for code in "abu"
        for home in range(40)
    ]
    table = table_of("abu", 400, 0)
    table["area"] = [("P", "Q")] * 2 + [("P", "U")]
    table.loc["b", "adults_offline"] = 396.0
    computed = compute(frame_of(rows), table, INDICATORS, CHOICES, ["u"])
    links = {one.name: one for one in computed.area(("P", "Q"), about_of(ABOUT)).chain}
    figure = links["Q"].village
    assert figure.value == 84
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low <= figure.value <= figure.high


# Follow-ups in profiles --------------------------------------------------------------------------


def test_a_followed_village_is_that_of_plain_loops_in_its_profile() -> None:
    homes, households = followed_homes(), 150.0
    rows = rows_of("v", homes)
    rows += [row for code in ("u", "w") for row in simulated(code, 50, 60, others=0.8)]
    table = table_of(["v", "u", "w"])
    found = profiles(frame_of(rows), table, INDICATORS, CHOICES, ["u"], ABOUT)
    one = found["v"]
    values, variances, m = by_loops(homes, households)
    assert m == 14
    assert one.followup == 15
    assert near(one.online.value, 100 * values[0])
    assert near(one.use_of_users.value, values[1])
    assert near(one.use.value, values[2])
    t = stats.t.ppf(0.975, m - 1)
    # Silent homes were drawn whether anybody is online or not: N₀ has no part in it.
    for figure, value, v, top in (
        (one.online, values[0], variances[0], 1),
        (one.use_of_users, values[1] / 100, variances[1] / 100**2, 1),
        (one.use, values[2] / 100, variances[2] / 100**2, 1),
    ):
        logit, half = math.log(value / (top - value)), t * v**0.5 / (value * (top - value))
        assert near(figure.low, 100 / (1 + math.exp(half - logit)))
        assert near(figure.high, 100 / (1 + math.exp(-half - logit)))
    assert one.use.bound == one.online.bound == ""
    assert one.use.high is not None
    assert one.use.low is not None
    assert (one.use.high - one.use.low) / 2 <= 5
    assert one.grade == "A"
    # There is nothing left to guess of who stayed away.
    assert one.missing_users == Figure(None, withheld="not_asked")
    # Not knowing N₀ changes nothing for it, and "at most" for others.
    unknown = table.assign(adults_offline=NAN)
    other = profiles(frame_of(rows), unknown, INDICATORS, CHOICES, ["u"], ABOUT)
    assert other["v"].use == one.use
    assert other["v"].offline_known
    assert (other["w"].followup, other["w"].use.bound) == (0, "at_most")
    # The gap is that of the two sides.
    assert one.gap is not None
    assert one.gap.access.value + one.gap.behaviour.value == one.gap.total.value
    assert one.gap.total.value == pytest.approx((one.reference_use.value or 0) - values[2], abs=1)
    # With fewer homes visited than twelve it is the chat's again.
    fewer = rows_of("v", [*homes[:26], *homes[26:37]]) + rows[len(rows_of("v", homes)) :]
    chat = profiles(frame_of(fewer), table, INDICATORS, CHOICES, ["u"], ABOUT)["v"]
    assert (chat.followup, chat.grade == "A") == (0, False)
    assert chat.use.value is not None
    assert chat.use.value > values[2] + 10


def test_where_a_joined_village_has_no_follow_up_the_chat_counts() -> None:
    homes = followed_homes()
    rows = rows_of("a", homes) + simulated("b", 12, 60)
    data = answers(frame_of(rows), ["a", "b"], PARTS)
    phases = two_phase(data, weights(data), np.array([150.0, 150.0]))
    assert phases is not None
    use = data.scores["s_use"]
    # The adults of one are not known: both are one stratum.
    census = np.array([400.0, NAN]), np.array([40.0, NAN])
    found, chat = of_area(data, *census, use, None, phases), of_area(data, *census, use)
    assert found.groups.count == 1
    assert found.visited.tolist() == [0]
    assert found.of_all(use).value == pytest.approx(chat.of_all(use).value)
    assert found.person == pytest.approx(chat.person)
    # Known, it is the followed one with the other beside it.
    census = np.array([400.0, 100.0]), np.array([40.0, 10.0])
    both = of_area(data, *census, use, None, phases)
    each = of_villages(data, *census, None, phases)
    assert both.visited.tolist() == [15]
    assert both.of_all(use).value[0] == pytest.approx(each.of_all(use).value @ [0.8, 0.2])
    assert both.g[0] == pytest.approx(0.8 + 0.2 * 0.9)
