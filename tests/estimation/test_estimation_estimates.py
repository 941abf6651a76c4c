"""The estimators against arithmetic by hand, a naive jackknife, and what may not matter."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest
from estimation_samples import INDICATORS, frame_of, person, table_of
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.estimation import estimates
from surveys.estimation.estimates import Groups
from surveys.estimation.frame import answers, measures
from surveys.estimation.sample import Sample, of_area, of_villages, strata

PARTS = measures(INDICATORS, {})
NAN = float("nan")


class Home(NamedTuple):
    """Adults, online adults (None: roster not given), and the use scores of its users."""

    adults: int
    online: int | None
    scores: tuple[float | None, ...]


def sample_of(homes: Sequence[Home], adults: float = NAN, offline: float = NAN) -> Sample:
    rows = []
    for number, home in enumerate(homes):
        roster = {"A6": str(home.adults), "A7": "0"}
        roster["A8"] = "" if home.online is None else str(home.online)
        for who, score in enumerate(home.scores):
            rows.append(
                person("v", number, who, s_use="" if score is None else str(score), **roster)
            )
    table = np.array([adults]), np.array([offline])
    return of_villages(answers(frame_of(rows), ["v"], PARTS), *table)


HOMES = (
    Home(2, 1, (60.0,)),
    Home(4, 2, (40.0, 80.0)),
    Home(1, 1, (100.0,)),
    Home(3, 1, (20.0,)),
    Home(5, 4, (50.0, 70.0, 30.0)),
)


def test_five_homes_by_hand() -> None:
    # w = 1 (each user has an entry alone); x = A/o = 2, 2, 1, 3, 5/4.
    # Σw = 8; Σwx = 2 + 4 + 1 + 3 + 3.75 = 13.75; Σwy = 60 + 120 + 100 + 20 + 150 = 450.
    # 200 adults, 50 of them in homes where nobody is online: g = 0.75.
    sample = sample_of(HOMES, 200, 50)
    y = sample.answers.scores["s_use"]
    online, mean, use = sample.online, sample.of_users(y), sample.of_all(y)
    assert online.value[0] == pytest.approx(0.75 * 8 / 13.75)
    assert mean.value[0] == pytest.approx(56.25)
    assert use.value[0] == pytest.approx(0.75 * 450 / 13.75)
    # ū: each home's Σw(y - ū) is 3.75, 7.5, 43.75, -36.25, -18.75; c_h = 1/8, 2/8, 1/8, 1/8, 3/8,
    # so z_h = Σw(y - ū)/8/(1 - c_h) = 0.535714, 1.25, 6.25, -5.178571, -3.75.
    z = np.array([3.75 / 7, 7.5 / 6, 43.75 / 7, -36.25 / 7, -18.75 / 5])
    assert mean.v[0] == pytest.approx(4 / 5 * (z**2).sum())
    assert mean.v[0] == pytest.approx(65.4336734694)
    # df = 1/Σc² - 1 = 64/16 - 1.
    assert mean.df[0] == pytest.approx(3.0)
    # Ū's c_h are shares of Σwx: (4 + 16 + 1 + 9 + 14.0625)/189.0625.
    assert use.df[0] == pytest.approx(189.0625 / 44.0625 - 1)
    assert use.n[0] == 8
    assert use.homes[0] == 5


def test_entries_share_their_weight_and_the_first_complete_roster_counts() -> None:
    rows = [
        # Two users on one phone, the first without a roster; a third on a phone of their own.
        person("v", 1, 1, A6="", A7="", A8="", entry="phone", s_use="10"),
        person("v", 1, 2, A6="4", A7="1", A8="2", entry="phone", s_use="30"),
        person("v", 1, 3, A6="6", A7="1", A8="2", s_use="50"),
        # A roster that cannot be (more online than there are) is none.
        person("v", 2, 1, A6="2", A7="0", A8="3", s_use="90"),
        # An excluded and an unfinished interview are not there at all.
        person("v", 3, 1, exclude="1", s_use="90"),
        person("v", 4, 1, s_use="90") | {"finished": None},
    ]
    table = np.array([NAN]), np.array([NAN])
    frame = frame_of(rows)
    frame["finished"] = [row["finished"] for row in rows]
    sample = of_villages(answers(frame, ["v"], PARTS), *table)
    assert sample.weights.w.tolist() == [0.5, 0.5, 1.0, 1.0]
    # A = 4; o = max(A8 = 2, 3 users answered).
    assert sample.weights.x.tolist() == pytest.approx([4 / 3, 4 / 3, 4 / 3, NAN], nan_ok=True)
    assert sample.weights.differ.tolist() == [True, False]
    assert sample.weights.short.tolist() == [True, False]
    assert sample.online.value[0] == pytest.approx(3 / 4)
    assert sample.online.homes[0] == 1
    assert np.isnan(sample.online.v[0])
    assert sample.of_users(sample.answers.scores["s_use"]).value[0] == pytest.approx(160 / 3)


@st.composite
def villages(draw: st.DrawFn) -> list[Home]:
    homes = []
    for _ in range(draw(st.integers(3, 12))):
        adults = draw(st.integers(1, 6))
        online = draw(st.integers(1, adults))
        scores = draw(
            st.lists(st.none() | st.integers(0, 100).map(float), min_size=1, max_size=online)
        )
        homes.append(Home(adults, draw(st.sampled_from([online, online, None])), tuple(scores)))
    homes.append(Home(3, 2, (50.0,)))
    homes.append(Home(2, 2, (10.0,)))
    return homes


def naive(homes: Sequence[Home], g: float) -> tuple[float, float, float]:
    """π, ū, Ū by plain sums."""
    w = wx = wy = w_y = 0.0
    for home in homes:
        for score in home.scores:
            if home.online is not None:
                w += 1
                wx += home.adults / home.online
            if score is not None:
                w_y += 1
                wy += score
    return g * w / wx, wy / w_y, g * w / wx * wy / w_y


def counts(home: Home) -> tuple[bool, bool]:
    return home.online is not None, any(score is not None for score in home.scores)


@settings(max_examples=60, deadline=None)
@given(villages())
def test_variance_is_the_delete_one_home_jackknife(homes: list[Home]) -> None:
    sample = sample_of(homes, 100, 20)
    y = sample.answers.scores["s_use"]
    whole = naive(homes, 0.8)
    for k, (found, used) in enumerate(
        (
            (sample.online, [counts(home)[0] for home in homes]),
            (sample.of_users(y), [counts(home)[1] for home in homes]),
            (sample.of_all(y), [any(counts(home)) for home in homes]),
        )
    ):
        m = sum(used)
        left_out = [
            naive([*homes[:h], *homes[h + 1 :]], 0.8)[k] for h in range(len(homes)) if used[h]
        ]
        jackknife = (m - 1) / m * sum((one - whole[k]) ** 2 for one in left_out)
        assert found.value[0] == pytest.approx(whole[k])
        assert found.v[0] == pytest.approx(jackknife, abs=1e-9)


@given(st.lists(st.floats(0, 100), min_size=2, max_size=20))
def test_with_equal_homes_it_is_taylor(scores: list[float]) -> None:
    m = len(scores)
    found = estimates.ratio(
        Groups(np.zeros(m, np.int64), 1), np.arange(m), np.ones(m), np.array(scores), np.ones(m)
    )
    z = (np.array(scores) - np.mean(scores)) / m
    assert found.v[0] == pytest.approx(m / (m - 1) * (z**2).sum(), abs=1e-9)
    assert found.df[0] == pytest.approx(m - 1)


@given(st.lists(st.floats(0, 100), min_size=2, max_size=20), st.floats(0.01, 1000))
def test_order_and_scale_of_weights_do_not_matter_and_doubled_homes_halve(
    scores: list[float], scale: float
) -> None:
    m, y = len(scores), np.array(scores)
    one = Groups(np.zeros(m, np.int64), 1)
    found = estimates.ratio(one, np.arange(m), np.ones(m), y, np.ones(m))
    scaled = estimates.ratio(one, np.arange(m), np.full(m, scale), y[::-1], np.ones(m))
    assert scaled.value[0] == pytest.approx(found.value[0], abs=1e-9)
    assert scaled.v[0] == pytest.approx(found.v[0], abs=1e-9)
    twice = estimates.ratio(
        Groups(np.zeros(2 * m, np.int64), 1),
        np.arange(2 * m), np.ones(2 * m), np.tile(y, 2), np.ones(2 * m),
    )  # fmt: skip
    assert twice.v[0] == pytest.approx(found.v[0] * (m - 1) / (2 * m - 1), abs=1e-9)


def test_an_area_weighs_its_villages_by_their_adults() -> None:
    rows = []
    for village, score in (("a", 40.0), ("b", 80.0)):
        for home in range(6):
            online = "1" if village == "a" else "2"
            rows.append(
                person(village, home, 1, A6="2", A7="0", A8=online, s_use=str(score + home))
            )
    codes = ["a", "b"]
    data = answers(frame_of(rows), codes, PARTS)
    y = data.scores["s_use"]
    adults, offline = np.array([300.0, 100.0]), np.array([30.0, 0.0])
    area = of_area(data, adults, offline, y)
    each = of_villages(data, adults, offline)
    share = adults / adults.sum()
    assert area.known.all()
    assert area.online.value[0] == pytest.approx(0.75 * 0.9 * 0.5 + 0.25)
    assert area.of_all(y).value[0] == pytest.approx(share @ each.of_all(y).value)
    assert area.of_all(y).v[0] == pytest.approx(share**2 @ each.of_all(y).v)
    mean = area.of_users(y)
    assert mean.value[0] == pytest.approx(area.of_all(y).value[0] / area.online.value[0])
    # Not knowing the adults of one, the area is one village.
    joined = of_area(data, np.array([300.0, NAN]), offline, None)
    assert joined.groups.count == 1
    assert not joined.known.any()
    assert joined.online.value[0] == pytest.approx(12 / 18)


def test_small_villages_of_an_area_are_joined() -> None:
    def joined(homes: list[int], adults: list[float], area: list[int] | None = None) -> list[int]:
        where = np.array(area or [0] * len(homes))
        return strata(np.array(homes), np.array(adults), where).tolist()

    assert joined([9, 5, 2, 2], [100] * 4) == [1, 2, 0, 0]
    # One small village alone would still have no error: it goes with the next smallest.
    assert joined([9, 5, 2, 8], [100] * 4) == [1, 0, 0, 2]
    assert joined([1, 1], [100] * 2) == [0, 0]
    # Areas do not see each other: what is small in one joins nobody of another.
    assert joined([9, 2, 7, 6, 1], [100, 100, 100, np.nan, 100], [0, 0, 0, 1, 1]) == [1, 0, 0, 2, 2]
    assert joined([2, 5, 1], [100] * 3, [1, 0, 0]) == [1, 0, 0]


def test_an_area_of_one_village_is_that_village() -> None:
    data = answers(
        frame_of([person("a", h, 1, A6="3", A7="0", A8="1", s_use=str(9 * h)) for h in range(9)]),
        ["a"], PARTS,
    )  # fmt: skip
    y = data.scores["s_use"]
    census = np.array([90.0]), np.array([9.0])
    area, village = of_area(data, *census, y), of_villages(data, *census)
    for one, other in (
        (area.of_users(y), village.of_users(y)),
        (area.of_all(y), village.of_all(y)),
        (area.online, village.online),
    ):
        assert one.value[0] == pytest.approx(other.value[0])
        assert one.v[0] == pytest.approx(other.v[0])
        assert one.df[0] == pytest.approx(other.df[0])
        assert one.n[0] == other.n[0]


def test_enough_non_users_make_the_base_of_all() -> None:
    rows = []
    for home in range(10):
        roster = {"A6": "2", "A7": "0", "A8": "1"}
        rows.append(person("v", home, 1, **roster, s_access=str(60 + home)))
        rows.append(person("v", home, 2, **roster, user="0", mode="proxy", s_access=str(home)))
    for count, enough in ((20, True), (19, False)):
        table = np.array([100.0]), np.array([0.0])
        sample = of_villages(answers(frame_of(rows[:count]), ["v"], PARTS), *table)
        full, found = sample.by_base("all", sample.answers.scores["s_access"])
        assert full.tolist() == [enough]
        # Half are online: the mean of the users' 64.5 and the others' 4.5.
        assert found.value[0] == pytest.approx(34.5 if enough else 64.5)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """600 samples of 30 homes from a known village, all estimated at once."""
    rng = np.random.default_rng(20260131)
    runs, homes, town = 600, 30, 3000
    adults = rng.integers(1, 6, town)
    online = np.array([rng.integers(1, a + 1) for a in adults])
    mean_of = np.clip(rng.normal(50, 18, town), 5, 95)
    scores = [np.clip(rng.normal(mean_of[h], 15, online[h]), 0, 100) for h in range(town)]
    truth_pi = online.sum() / adults.sum()
    truth_use = sum(s.sum() for s in scores) / adults.sum()
    # An entry is a phone: homes come in by how many of them are online.
    drawn = rng.choice(town, (runs, homes), p=online / online.sum())
    y = np.array([[rng.choice(scores[h]) for h in run] for run in drawn]).ravel()
    x = (adults / online)[drawn].ravel()
    home = np.arange(runs * homes)
    groups = Groups(np.repeat(np.arange(runs), homes), runs)
    one = np.ones(runs * homes)
    pi = estimates.ratio(groups, home, one, one, x)
    use = estimates.product(pi, estimates.ratio(groups, home, one, y, one))
    from surveys.estimation.decomposition import online_limits
    from surveys.estimation.intervals import t_interval

    low, high = online_limits(pi, np.ones(runs))
    assert 0.92 <= np.mean((low <= truth_pi) & (truth_pi <= high)) <= 0.98
    low, high = t_interval(use.value, use.se, use.df, 0, 100)
    assert 0.92 <= np.mean((low <= truth_use) & (truth_use <= high)) <= 0.98


def test_no_rows_and_no_column_say_so() -> None:
    frame = frame_of([person("v", 1, 1)])
    nobody = of_villages(answers(frame, ["other"], PARTS), np.array([10.0]), np.array([0.0]))
    assert np.isnan(nobody.online.value[0])
    empty = of_area(nobody.answers, np.array([10.0]), np.array([0.0]), np.zeros(0))
    assert np.isnan(empty.online.value[0])
    assert np.isnan(empty.of_users(np.zeros(0)).value[0])
    with pytest.raises(ValueError, match="no column entry, mode"):
        answers(frame.drop(columns=["entry", "mode"]), ["v"], PARTS)
    assert table_of(["v"]).index.tolist() == ["v"]


weighed = st.lists(
    st.tuples(
        st.integers(0, 9), st.integers(0, 3), st.one_of(st.just(NAN), st.floats(-100, 100))
    ),
    max_size=25,
)  # fmt: skip


@given(
    weighed,
    st.lists(st.integers(0, 3), min_size=10, max_size=10),
    st.sampled_from([1.0, NAN]),
    st.floats(0.01, 1000),
)
def test_sums_made_once_are_those_of_a_ratio(
    rows: list[tuple[int, int, float]], of_home: list[int], fill: float, scale: float
) -> None:
    """`Weighed.mean` is `ratio` with x = 1: rows without weight or value, homes without rows."""
    home, w, y = (np.array(one) for one in zip(*rows, strict=True)) if rows else [
        np.zeros(0, np.int64)
    ] * 3  # fmt: skip
    groups, w, y = Groups(np.array(of_home), 4), w.astype(float), y.astype(float)
    # Both of all rows known, and of some.
    y = np.where(np.isnan(y), fill, y)
    found = estimates.Weighed.of(groups, home, scale * w).mean(y)
    expected = estimates.ratio(groups, home, w, y, np.ones(len(w)))
    for name in ("value", "z", "df", "n", "homes", "v"):
        one, other = getattr(found, name), getattr(expected, name)
        assert one == pytest.approx(other, abs=1e-9, nan_ok=True), name
    assert found.present.tolist() == expected.present.tolist()
