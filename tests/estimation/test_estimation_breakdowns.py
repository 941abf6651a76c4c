"""Users by sex, age and schooling: means and their difference by loops, rows shown whole or not."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from estimation_samples import ABOUT, CHOICES, INDICATORS, frame_of, indicator, person, table_of
from hypothesis import given, settings
from hypothesis import strategies as st
from profile_samples import every_figure, near
from scipy import stats

from surveys.estimation.breakdowns import CATEGORIES, Variable
from surveys.estimation.profile import Breakdown, Figure, VillageProfile
from surveys.estimation.villages import about_of, compute

ALL = (*INDICATORS, indicator("A2", role="sex"), indicator("A4", role="schooling"))
SAID = about_of(ABOUT)
Row = Mapping[str, object]


def users(
    village: str, homes: int, seed: int, of: Callable[[int, int], Mapping[str, object]]
) -> list[Row]:
    """Homes of one to three users, who do alike; of: what else each has, by home and number."""
    dice = np.random.default_rng(seed)
    rows = []
    for home in range(homes):
        level = dice.integers(20, 80)
        for number in range(int(dice.integers(1, 4))):
            score = float(np.clip(level + dice.integers(-15, 16), 0, 100))
            rows.append(
                person(village, home, number, A6="4", A7="1", A8="3", s_use=str(score))
                | of(home, number)
            )
    return rows


def mixed(home: int, number: int) -> Mapping[str, object]:
    return {
        "A2": "fm"[number % 2],
        "A3": "60" if (home + number) % 3 == 0 else "35",
        "A4": str((home * 2 + number) % 5),
    }


def computed(
    rows: Sequence[Row], codes: Sequence[str], **more: object
) -> dict[str, VillageProfile]:
    found = compute(frame_of(rows), table_of(codes), ALL, CHOICES, (), **more)  # type: ignore[arg-type]
    return {code: found.village(code, SAID) for code in codes}


def category(row: Row, variable: Variable) -> str | None:
    if variable == "sex":
        return str(row["A2"]) if row["A2"] in ("f", "m") else None
    text = str(row["A3" if variable == "age" else "A4"])
    if not text or (variable == "schooling" and int(text) > 9):
        return None
    return CATEGORIES[variable][int(text) >= (55 if variable == "age" else 3)]


def plain(rows: Sequence[Row], variable: Variable) -> tuple[list[float], float, float]:
    """The means of both categories, and variance and df of their difference, by leaving out."""

    def mean(of: str, without: object = None) -> float:
        scores = [
            float(str(row["s_use"]))
            for row in rows
            if category(row, variable) == of and row["home"] != without and row["s_use"] != ""
        ]
        return sum(scores) / len(scores)

    z: dict[object, float] = {}
    df = math.inf
    for sign, name in zip((-1, 1), CATEGORIES[variable], strict=True):
        inside = [row for row in rows if category(row, variable) == name and row["s_use"] != ""]
        homes = sorted({str(row["home"]) for row in inside})
        m = len(homes)
        for home in homes:
            step = math.sqrt((m - 1) / m) * (mean(name) - mean(name, home))
            z[home] = z.get(home, 0) + sign * step
        sizes = [sum(row["home"] == home for row in inside) for home in homes]
        df = min(df, sum(sizes) ** 2 / sum(size**2 for size in sizes) - 1)
    return [mean(name) for name in CATEGORIES[variable]], sum(one**2 for one in z.values()), df


@pytest.mark.parametrize("seed", range(3))
def test_both_means_and_their_difference_are_those_of_loops(seed: int) -> None:
    rows = users("v", 40, seed, mixed)
    found = computed(rows, "v")["v"]
    assert [one.variable for one in found.breakdowns] == ["sex", "age", "schooling"]
    for one in found.breakdowns:
        means, v, df = plain(rows, one.variable)
        half = stats.t.ppf(0.975, df) * math.sqrt(v)
        assert near(one.difference.value, means[1] - means[0])
        assert near(one.difference.low, means[1] - means[0] - half)
        assert near(one.difference.high, means[1] - means[0] + half)
        assert [group.name for group in one.groups] == list(CATEGORIES[one.variable])
        for group, mean in zip(one.groups, means, strict=True):
            size = sum(category(row, one.variable) == group.name for row in rows)
            assert near(group.use.value, mean)
            assert group.persons == 5 * ((size + 2) // 5)
        # People of one home do alike, so that what both sides share is no difference.
        assert one.variable != "sex" or half < 0.8 * apart(rows, one.variable)


def apart(rows: Sequence[Row], variable: Variable) -> float:
    """The half-width were nobody of one category at home with one of the other."""
    alone = [dict(row) | {"home": f"{row['home']} {category(row, variable)}"} for row in rows]
    _, v, df = plain(alone, variable)
    return float(stats.t.ppf(0.975, df) * math.sqrt(v))


def found_of(rows: Sequence[Row], variable: Variable = "sex") -> Breakdown:
    profile = computed(rows, "v")["v"]
    return next(one for one in profile.breakdowns if one.variable == variable)


def crowd(sexes: str, **more: object) -> list[Row]:
    """One user a home."""
    return [
        person("v", home, 1, A2=sex if sex in "fm" else "99", A6="2", A7="0", A8="1")
        | {"s_use": str(30 + home % 7 * (2 if sex == "f" else 5))}
        | more
        for home, sex in enumerate(sexes)
    ]


@pytest.mark.parametrize(
    ("sexes", "why"),
    [
        ("f" * 20 + "m" * 20, ""),
        ("f" * 31 + "m" * 9, "few_persons"),
        ("f" * 14 + "m" * 15, "too_few_for_this"),
        ("f" * 15 + "m" * 15, ""),
        # The rest would be what all users are, less both: it must be nobody, or ten.
        ("f" * 15 + "m" * 15 + "?", "complementary"),
        ("f" * 15 + "m" * 15 + "?" * 9, "complementary"),
        ("f" * 15 + "m" * 15 + "?" * 10, ""),
    ],
)
def test_a_row_is_shown_whole_or_not(sexes: str, why: str) -> None:
    found = found_of(crowd(sexes))
    assert found.withheld == why
    assert bool(found.groups) == (why == "")
    assert found.difference.withheld == why
    assert all(one.use.withheld == "" for one in found.groups)
    # Of ten persons in one home nothing is said either.
    if not why:
        one_home = [row | {"home": "v/one"} if row["A2"] == "m" else row for row in crowd(sexes)]
        alone = found_of(one_home)
        assert (alone.withheld, alone.groups) == ("few_homes", ())


def test_who_has_no_score_is_not_one_of_the_ten() -> None:
    """Else the mean of one person would be what all users are, less the two categories."""
    rows = crowd("f" * 15 + "m" * 15 + "?" * 10)
    assert found_of(rows).withheld == ""
    silent = [row | {"s_use": ""} if at > 30 else row for at, row in enumerate(rows)]
    assert found_of(silent).withheld == "complementary"
    nobody = [row | {"s_use": ""} if at >= 30 else row for at, row in enumerate(rows)]
    assert found_of(nobody).withheld == ""
    # Nine men with a score: the difference would give their mean.
    men = [row | {"s_use": ""} if 20 <= at < 26 else row for at, row in enumerate(rows)]
    found = found_of(men)
    assert (found.withheld, found.groups) == ("few_persons", ())
    assert found.difference == Figure(None, withheld="few_persons")


def test_a_form_that_does_not_ask_has_no_breakdown() -> None:
    rows = crowd("fm" * 30)
    compute_of = compute(frame_of(rows), table_of("v"), INDICATORS, CHOICES, ())
    assert [one.variable for one in compute_of.village("v", SAID).breakdowns] == ["age"]
    no_use = [one for one in ALL if one.name != "s_use"]
    bare = compute(frame_of(rows), table_of("v"), no_use, CHOICES, ())
    assert bare.village("v", SAID).breakdowns == ()
    assert bare.rows["sex"].leaves.tolist() == [True]


def three(**men: int) -> tuple[list[Row], pd.DataFrame]:
    rows = [
        row | {"village": code, "home": f"{code}{row['home']}", "submission": f"{code}{at}"}
        for code, count in men.items()
        for at, row in enumerate(crowd("f" * 30 + "m" * count))
    ]
    return rows, table_of([*men])


def test_hidden_rows_of_an_area_are_none_or_two_that_pass_together() -> None:
    def hidden(**men: int) -> tuple[set[str], str]:
        rows, table = three(**men)
        found = compute(frame_of(rows), table, ALL, CHOICES, ())
        broken = {code: found.village(code, SAID).breakdowns[0].withheld for code in men}
        area = found.area(("County", "Township"), SAID).breakdowns[0].withheld
        return {code for code, why in broken.items() if why}, area

    assert hidden(a=20, b=20, c=20) == (set(), "")
    # Four men of a alone would be the township's less those of b and c: the smaller goes, too.
    assert hidden(a=4, b=20, c=30) == ({"a", "b"}, "")
    assert hidden(a=6, b=6, c=30) == ({"a", "b"}, "")
    assert hidden(a=4, b=4, c=30) == ({"a", "b", "c"}, "")
    # Of all together there are nine.
    assert hidden(a=4, b=4, c=1) == ({"a", "b", "c"}, "few_persons")
    assert hidden(a=0, b=12, c=12) == ({"a", "b"}, "")


def test_one_hidden_row_has_another_beside_it() -> None:
    """24 users are too few for means; the township's, less those of two shown, would be theirs."""
    rows, _ = three(b=20, c=30)
    rows += [row | {"village": "a", "home": f"a{row['home']}"} for row in crowd("fm" * 12)]
    found = compute(frame_of(rows), table_of("abc"), ALL, CHOICES, ())
    broken = [found.village(code, SAID).breakdowns[0].withheld for code in "abc"]
    assert broken == ["too_few_for_this", "complementary", ""]
    assert found.area(("County", "Township"), SAID).breakdowns[0].withheld == ""


@settings(deadline=None, max_examples=20)
@given(st.lists(st.sampled_from("fm?"), min_size=25, max_size=80), st.randoms())
def test_turned_round_is_the_other_way_and_order_is_none(sexes: list[str], rng: object) -> None:
    rows = crowd("".join(sexes))
    found = found_of(rows)
    turned = [row | {"A2": {"f": "m", "m": "f"}.get(str(row["A2"]), "99")} for row in rows]
    rng.shuffle(turned)  # type: ignore[attr-defined]
    back = found_of(turned)
    assert back.withheld == found.withheld
    assert [one.persons for one in back.groups] == [one.persons for one in found.groups][::-1]
    if found.difference.value is not None:
        assert back.difference.value is not None
        # A half point may fall either way.
        assert back.difference.value == pytest.approx(-found.difference.value, abs=1)
        assert [one.use for one in back.groups] == [one.use for one in found.groups][::-1]


def test_a_hidden_village_has_no_breakdown() -> None:
    rows = crowd("fm" * 15)
    rows += [person("w", at, 1, A6="1", A7="0", A8="1", A2="f", s_use="9") for at in range(9)]
    found = computed(rows, "vw")
    # With v shown, the township less v would be w.
    assert found["v"].complementary
    assert found["v"].breakdowns == found["w"].breakdowns == ()
    for one in found.values():
        assert [figure for figure in every_figure(one) if figure.value is not None] == []
