"""Which users are raked with whom to what, and what a profile says of it."""

from collections.abc import Mapping

import numpy as np
import pytest
from estimation_samples import ABOUT, CHOICES, INDICATORS, frame_of, indicator, person, table_of

from surveys.estimation.frame import answers, measures
from surveys.estimation.margins import VARIABLES, Margins, Raking, categories, raked
from surveys.estimation.profile import VillageProfile, from_json, to_json
from surveys.estimation.raking import Margin, rake
from surveys.estimation.sample import of_area, of_villages
from surveys.estimation.villages import profiles
from surveys.estimation.weights import weights

ALL = (*INDICATORS, indicator("A2", role="sex"), indicator("A4", role="schooling"))
PARTS = measures(ALL, CHOICES)
NAMES = VARIABLES[0].categories


def rows_of(village: str, old: int, young: int, seed: int = 1) -> list[dict[str, object]]:
    """Women and men, old and young, each in a home of two adults: the old use less."""
    rng = np.random.default_rng([seed, *village.encode()])
    rows = []
    for number in range(old + young):
        age = "65" if number < old else "25"
        use = np.clip(rng.normal(30 if number < old else 70, 10), 0, 100)
        rows.append(
            person(village, number, 0, A2="fm"[number % 2], A3=age, A4=str(number % 5))
            | {"A6": "2", "A7": "0", "A8": "1", "s_use": f"{use:.1f}"}
        )
    return rows


def ages(old: float, young: float) -> dict[str, dict[str, float]]:
    """Half women: the shares of the oldest and the youngest; nobody between."""
    return {
        "sex_age": {
            f"{sex} {age}": n for sex in "fm" for age, n in (("65+", old), ("16-34", young))
        }
    }


def found(rows: list[dict[str, object]], codes: list[str], margins: Margins) -> Raking:
    data = answers(frame_of(rows), codes, PARTS)
    places = [("County", "Town", code) for code in codes]
    return raked(data, weights(data).w, places, margins)


def computed(
    rows: list[dict[str, object]], margins: Margins | None
) -> Mapping[str, VillageProfile]:
    codes = sorted({str(row["village"]) for row in rows})
    return profiles(
        frame_of(rows), table_of(codes), ALL, CHOICES, ["u"] if "u" in codes else [], ABOUT,
        [code for code in codes if code != "u"], margins,
    )  # fmt: skip


def test_categories_of_rows() -> None:
    asked = [
        ("f", "16", "0"), ("f", "35", "1"), ("m", "45", "2"), ("m", "55", "3"), ("f", "75", "4"),
        ("99", "65", "99"), ("m", "", ""), ("m", "0", "-1"),
    ]  # fmt: skip
    rows = [
        person("v", i, 0, A2=sex, A3=age, A4=school) for i, (sex, age, school) in enumerate(asked)
    ]
    data = answers(frame_of(rows), ["v"], PARTS)
    one, two = categories(data)
    at = np.argsort(data.row)
    assert one[at].tolist() == [0, 1, 5, 6, 3, -1, -1, -1]
    assert two[at].tolist() == [0, 0, 1, 2, 2, -1, -1, -1]
    assert NAMES[5] == "m 35-54"


def test_a_large_village_is_raked_alone_a_small_one_with_its_township() -> None:
    # In "a" each sex has 20 old and 30 young; in "b" 5 old are too few.
    rows = rows_of("a", 40, 60) + rows_of("b", 10, 50)
    margins: Margins = {
        ("County", "Town", "a"): {"schooling": {"primary": 50, "junior": 30, "above": 20}},
        ("County", "Town"): ages(70, 30),
    }
    both = found(rows, ["a", "b"], margins)
    assert both.place == (("County", "Town", "a"), ("County", "Town"))
    assert both.variables == (("schooling",), ("sex_age",))
    assert both.of_village.tolist() == [0, 1]
    assert both.size.tolist() == [100, 160]
    data = answers(frame_of(rows), ["a", "b"], PARTS)
    first = data.village[data.home] == 0
    level = categories(data)[1]
    shares = np.bincount(level[first], both.w[first]) / both.w[first].sum()
    np.testing.assert_allclose(shares, [0.5, 0.3, 0.2], atol=1e-8)
    # The township's users, those of "a" among them, are raked to the township's margins.
    old = (data.age >= 65).astype(int)
    sex = data.sex
    pool = rake(
        np.ones(160), np.zeros(160, int), [Margin(2 * sex + old, np.array([[30, 70, 30, 70.0]]))], 1
    )
    np.testing.assert_allclose(both.w[~first], pool.w[~first], rtol=1e-6)
    assert both.deff[1] == pytest.approx(pool.deff[0])
    # Errors use the margins where all that was raked is estimated: not in "b".
    calibrated = both.calibration(data.village[data.home])
    assert calibrated is not None
    assert set(calibrated.pool[first].tolist()) == {0}
    assert set(calibrated.pool[~first].tolist()) == {-1}


def test_a_township_is_the_sum_of_its_villages_or_small_categories_join() -> None:
    rows = rows_of("a", 30, 60) + rows_of("b", 30, 50)
    margins: dict[tuple[str, ...], Mapping[str, Mapping[str, float]]] = {
        ("County", "Town", "a"): ages(30, 10),
        ("County", "Town", "b"): ages(50, 10),
    }
    both = found(rows, ["a", "b"], margins)
    assert both.place == (("County", "Town"),)
    data = answers(frame_of(rows), ["a", "b"], PARTS)
    assert both.w[data.age >= 65].sum() / both.w.sum() == pytest.approx(0.8)
    # Without the margins of "b" those of the township are not known: "a" by itself, ages joined.
    del margins["County", "Town", "b"]
    alone = found(rows, ["a", "b"], margins)
    assert alone.place == (("County", "Town", "a"),)
    assert alone.of_village.tolist() == [0, -1]
    first = data.village[data.home] == 0
    # 15 old of each sex are too few: sex alone is left, 45 of each, as many as the margins say.
    np.testing.assert_allclose(alone.w[first], 1.0)
    assert (alone.pool[~first] == -1).all()
    # Nobody has margins.
    assert found(rows, ["a", "b"], {}).variables == ()


def test_a_margin_of_one_category_is_none() -> None:
    rows = rows_of("a", 6, 9)
    none = found(rows, ["a"], {("County", "Town", "a"): ages(50, 50)})
    assert none.of_village.tolist() == [-1]
    assert (none.pool == -1).all()
    assert none.calibration(np.zeros(15, int)) is None
    np.testing.assert_array_equal(none.w, none.base)


def test_a_pool_at_a_time_and_few_rows_at_a_time_are_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Alone, with the township, and of two townships.
    sizes = {"a": (40, 60), "b": (10, 50), "c": (44, 48), "d": (50, 90), "e": (8, 30)}
    places = [("County", "Upper" if code in "abc" else "Lower", code) for code in sizes]
    rows = [row for code, (old, young) in sizes.items() for row in rows_of(code, old, young)]
    margins: Margins = {
        **{place: ages(30 + at, 60) for at, place in enumerate(places)},
        ("County", "Upper"): ages(70, 30),
    }
    data = answers(frame_of(rows), list(sizes), PARTS)
    w = weights(data).w
    whole = raked(data, w, places, margins)
    assert sorted(whole.place) == [
        ("County", "Lower"), ("County", "Lower", "d"), ("County", "Upper"),
        ("County", "Upper", "a"), ("County", "Upper", "c"),
    ]  # fmt: skip
    monkeypatch.setattr("surveys.estimation.margins.AT_ONCE", 1)
    monkeypatch.setattr("surveys.estimation.margins.ROWS_AT_ONCE", 7)
    apart = raked(data, w, places, margins)
    np.testing.assert_array_equal(apart.w, whole.w)
    np.testing.assert_array_equal(apart.deff, whole.deff)
    np.testing.assert_array_equal(apart.pool, whole.pool)
    assert apart.place == whole.place
    np.testing.assert_array_equal(apart.codes, whole.codes)


def test_villages_below_the_county_and_below_a_township_share_its_pool() -> None:
    rows = rows_of("a", 40, 60) + rows_of("b", 40, 60)
    data = answers(frame_of(rows), ["a", "b"], PARTS)
    places = [("County", "a"), ("County", "Town", "b")]
    both = raked(data, weights(data).w, places, {("County",): ages(50, 50)})
    assert both.place == (("County",),)
    assert both.size.tolist() == [200]
    # The county estimated whole, as one stratum, has its errors from residuals.
    whole = of_area(data, np.full(2, np.nan), np.full(2, np.nan), None, both)
    plain = of_area(data, np.full(2, np.nan), np.full(2, np.nan), None)
    y = data.scores["s_use"]
    assert whole.of_users(y).se[0] < 0.7 * plain.of_users(y).se[0]
    apart = of_villages(data, np.full(2, np.nan), np.full(2, np.nan), both)
    assert apart.margins is None


def test_more_old_people_online_than_answered_lower_the_score_and_are_said() -> None:
    rows = rows_of("v", 50, 50) + rows_of("u", 40, 60)
    place = ("County", "Township", "v")
    before = computed(rows, None)["v"]
    after = computed(rows, {place: ages(80, 20)})["v"]
    assert (before.margins, before.margins_of, before.deff) == ((), "", None)
    assert (after.margins, after.margins_of) == (("sex_age",), "Village v")
    assert after.deff == pytest.approx(1.4)
    # By hand: 0.8 of users near 30, 0.2 near 70, beside half and half.
    assert before.use_of_users.value == pytest.approx(50, abs=3)
    assert after.use_of_users.value == pytest.approx(38, abs=3)
    assert after.use.value is not None
    assert before.use.value is not None
    assert after.use.value < before.use.value
    assert after.gap is not None
    assert before.gap is not None
    assert after.gap.total.value > before.gap.total.value
    # What age explains is known: the interval is narrower than that of those who answered.
    widths = [one.use_of_users.high - one.use_of_users.low for one in (before, after)]
    assert widths[1] < widths[0]
    assert from_json(to_json(after)) == after
    # The reference area is raked to its own margins.
    other = computed(rows, {("County", "Township", "u"): ages(80, 20)})["v"]
    assert other.margins == ()
    assert other.reference_use.value < before.reference_use.value


def test_one_village_of_a_pool_is_as_among_all() -> None:
    rows = rows_of("a", 20, 60) + rows_of("b", 60, 30)
    margins: Margins = {("County", "Township"): ages(50, 50)}
    both = computed(rows, margins)
    assert both["a"].margins_of == "Township"
    alone = profiles(
        frame_of(rows), table_of(["a", "b"]), ALL, CHOICES, [], ABOUT, ["b"], margins
    )  # fmt: skip
    assert alone == {"b": both["b"]}
    # A withheld village says nothing of the margins either.
    few = computed(rows + rows_of("c", 2, 2), margins)["c"]
    assert (few.level, few.margins, few.margins_of, few.deff) == ("withheld", (), "", None)
