"""Follow-ups against plain loops, the textbook, every sample that could be drawn, and R."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pytest
from estimation_samples import INDICATORS, frame_of
from followup_samples import NAN, Home, by_loops, rows_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from surveys.estimation.estimates import Estimate, Groups
from surveys.estimation.followup import FEWEST, TwoPhase, hansen_hurwitz, two_phase
from surveys.estimation.frame import Answers, answers, measures
from surveys.estimation.weights import weights

PARTS = measures(INDICATORS, {})


class Found(NamedTuple):
    answers: Answers
    phases: TwoPhase | None
    online: Estimate
    mean: Estimate
    use: Estimate


def estimated(villages: dict[str, Sequence[Home]], households: Sequence[float]) -> Found:
    rows = [row for code, homes in villages.items() for row in rows_of(code, homes)]
    sample = answers(frame_of(rows), list(villages), PARTS)
    phases = two_phase(sample, weights(sample), np.array(households, np.float64))
    if phases is None:
        empty = None
        return Found(sample, None, empty, empty, empty)  # type: ignore[arg-type]
    groups = Groups(sample.village, len(villages))
    y = sample.scores["s_use"]
    one = np.ones(len(y))
    return Found(
        sample,
        phases,
        hansen_hurwitz(groups, sample, phases, one, of="adults"),
        hansen_hurwitz(groups, sample, phases, y, of="users"),
        hansen_hurwitz(groups, sample, phases, y, of="adults"),
    )


scores = st.integers(0, 100).map(float)
people = st.lists(st.one_of(scores, st.none(), st.just("?")), min_size=1, max_size=4)
rosters = st.one_of(st.none(), st.integers(1, 6))


@st.composite
def followed(draw: st.DrawFn, missing: bool = False) -> tuple[list[Home], float]:
    homes = []
    with_missing = st.one_of(people, st.lists(st.just(NAN) | scores | st.none(), min_size=1))
    for side in [False] * draw(st.integers(0, 8)) + [True] * draw(st.integers(12, 16)):
        adults = draw(rosters)
        online = None if adults is None else draw(st.none() | st.integers(0, adults + 1))
        who = tuple(draw(with_missing if missing else people))
        homes.append(Home(side, adults, online, who))
    return homes, float(len(homes) + draw(st.integers(0, 200)))


@pytest.mark.parametrize("missing", [False, True])
@given(data=st.data())
@settings(max_examples=60)
def test_every_number_is_that_of_plain_loops(missing: bool, data: st.DataObject) -> None:
    homes, households = data.draw(followed(missing))
    found = estimated({"v": homes}, [households])
    assume(found.phases is not None)
    values, variances, m = by_loops(homes, households)
    for at, one in enumerate((found.online, found.mean, found.use)):
        assert one.value[0] == pytest.approx(values[at], nan_ok=True)
        if np.isfinite(one.value[0]):
            assert (one.z**2).sum() == pytest.approx(variances[at], rel=1e-5, abs=1e-8)
            assert one.df[0] == m - 1
        else:
            assert (one.z == 0).all()
            assert np.isnan(one.df[0])
    assert 0 <= found.online.value[0] <= 1
    # Ū = π·ū, by the chain rule as well.
    if np.isfinite(found.mean.value[0]):
        assert found.use.value[0] == pytest.approx(found.online.value[0] * found.mean.value[0])
        z = found.online.z * found.mean.value[0] + found.mean.z * found.online.value[0]
        assert found.use.z == pytest.approx(z, abs=1e-9)


@given(followed(), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_what_may_not_matter(drawn: tuple[list[Home], float], dice) -> None:
    homes, households = drawn
    # Scores of non-users are no one's business; a village beside changes nothing.
    shuffled = list(homes)
    dice.shuffle(shuffled)
    other = [Home(False, 2, 1, (50.0,))] * 3
    one = estimated({"v": homes}, [households])
    assume(one.phases is not None)
    two = estimated({"w": other, "v": shuffled}, [100, households])
    for mine, beside in ((one.online, two.online), (one.mean, two.mean), (one.use, two.use)):
        assert beside.value[1] == pytest.approx(mine.value[0], nan_ok=True)
        assert beside.v[1] == pytest.approx(mine.v[0], nan_ok=True, abs=1e-9)
        assert beside.n[1] == mine.n[0]
        assert beside.homes[1] == mine.homes[0]
        assert np.isnan(beside.value[0])
        assert np.isnan(beside.df[0])
    # All adults of the village are stood for, by homes of each stratum in their number.
    came = sum(not home.visited for home in homes)
    per_home = one.phases.adults / np.array([_adults(home) for home in homes])
    assert per_home.sum() == pytest.approx(households)
    assert per_home[:came].sum() == pytest.approx(came)


def _adults(home: Home) -> int:
    return max(home.adults or 0, len(home.people))


def test_the_textbook_s_mean_with_nonresponse() -> None:
    # Cochran 1977, 13.6, all of the population being the first sample: (N1·ȳ1 + N2·ȳ2)/N with
    # variance W2²·(1 - m2/N2)·s2²/m2, where all homes have the same number of adults.
    first = [40.0, 60.0, 90.0]
    second = [0.0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 35]
    homes = [Home(False, 1, 1, (y,)) for y in first] + [Home(True, 1, 1, (y,)) for y in second]
    use = estimated({"v": homes}, [40]).use
    assert use.value[0] == pytest.approx((3 * np.mean(first) + 37 * np.mean(second)) / 40)
    s2 = np.var(second, ddof=1)
    assert use.v[0] == pytest.approx((37 / 40) ** 2 * (1 - 12 / 37) * s2 / 12)
    assert (use.df[0], use.n[0], use.homes[0]) == (11, 15, 15)
    # Where every silent home is visited nothing is left to chance.
    assert estimated({"v": homes}, [15]).use.v[0] == 0


def every_sample(silent: Sequence[Home], came: Sequence[Home]) -> Found:
    """A village for each sample of 12 that could be drawn."""
    samples = list(combinations(silent, FEWEST))
    villages = {
        f"{number:04}": [*came, *(home._replace(visited=True) for home in drawn)]
        for number, drawn in enumerate(samples)
    }
    return estimated(villages, [len(silent) + len(came)] * len(samples))


def test_over_all_samples_that_could_be_drawn_it_is_right_on_average() -> None:
    rng = np.random.default_rng(7)
    ys = rng.integers(0, 101, 15).astype(float)
    came = [Home(False, 2, 1, (90.0,)), Home(False, 2, 2, (70.0, 80.0))]
    # Homes of one size: unbiased exactly, value and variance alike.
    silent = [Home(True, 2, 1, (y, None)) for y in ys]
    use = every_sample(silent, came).use
    truth = (90 + 150 + ys.sum()) / 34
    assert len(use.value) == 455
    assert use.value.mean() == pytest.approx(truth)
    assert use.v.mean() == pytest.approx(np.mean((use.value - truth) ** 2))
    # Of several sizes it is a ratio, whose bias is of the order of 1/m2.
    silent = [
        Home(True, int(a), None, tuple([y] * int(k) + [None] * int(a - k)))
        for y, a, k in zip(ys, rng.integers(1, 5, 15), rng.integers(0, 2, 15), strict=True)
    ]
    use = every_sample(silent, came).use
    adults = 4 + sum(home.adults or 0 for home in silent)
    truth = (240 + sum(y for home in silent for y in home.people if y is not None)) / adults
    sd = np.sqrt(np.mean((use.value - use.value.mean()) ** 2))
    assert abs(use.value.mean() - truth) < 0.1 * sd
    assert use.v.mean() == pytest.approx(sd**2, rel=0.1)


def test_strata_of_r_s_survey() -> None:
    # R 4, survey: y users' scores, x adults of a home; the first three came unasked.
    #   d <- data.frame(s = c(1,1,1, rep(2,12)), x = c(2,3,1, 2,1,4,2,3,2,1,5,2,2,1,3),
    #     u = c(1,2,1, 1,0,2,1,0,2,1,1,0,2,1,1),
    #     y = c(60,130,90, 40,0,90,10,0,120,70,20,0,60,30,50), N = c(3,3,3, rep(57,12)))
    #   g <- svydesign(~1, strata = ~s, fpc = ~N, data = d)
    #   svyratio(~y, ~x, g); svyratio(~u, ~x, g); svyratio(~y, ~u, g)
    x = [2, 3, 1, 2, 1, 4, 2, 3, 2, 1, 5, 2, 2, 1, 3]
    u = [1, 2, 1, 1, 0, 2, 1, 0, 2, 1, 1, 0, 2, 1, 1]
    y = [60, 130, 90, 40, 0, 90, 10, 0, 120, 70, 20, 0, 60, 30, 50]
    homes = [
        Home(
            at >= 3, x[at], u[at], tuple([y[at] / max(u[at], 1)] * u[at] + [None] * (x[at] - u[at]))
        )
        for at in range(15)
    ]
    found = estimated({"v": homes}, [60])
    assert found.phases is not None
    assert found.phases.f[0] == pytest.approx(12 / 57)
    for one, value, se in (
        (found.use, 18.7589928057554, 4.63450915991295),
        (found.online, 0.438848920863309, 0.0865861787004701),
        (found.mean, 42.7459016393443, 4.77831230278157),
    ):
        assert one.value[0] == pytest.approx(value, rel=1e-9)
        assert one.se[0] == pytest.approx(se, rel=1e-9)


def test_what_is_no_follow_up() -> None:
    came = [Home(False, 2, 1, (50.0,))]
    visited = [Home(True, 2, None, (float(y), None)) for y in range(13)]
    assert estimated({"v": came + visited[:11]}, [60]).phases is None
    assert estimated({"v": came + visited}, [NAN]).phases is None
    # More homes than there are; a home of which nobody is known to be online or not.
    assert estimated({"v": came + visited}, [13]).phases is None
    unknown = [Home(True, 2, 1, ("?",))]
    assert estimated({"v": came + visited[:11] + unknown}, [60]).phases is None
    # Nobody who answered unasked gave a roster: they cannot be counted.
    assert estimated({"v": [Home(False, 2, None, (50.0,)), *visited]}, [60]).phases is None
    assert estimated({"v": [Home(False, 2, 1, (None,)), *visited]}, [60]).phases is None
    # Nobody answered unasked: the visited stand for all.
    alone = estimated({"v": visited}, [60])
    assert alone.online.value[0] == pytest.approx(0.5)
    assert (alone.online.n[0], alone.mean.n[0], alone.mean.homes[0]) == (26, 13, 13)


def test_users_of_whom_none_has_a_value() -> None:
    visited = [Home(True, 1, 1, (NAN,))] * 12
    found = estimated({"v": [Home(False, 1, 1, (50.0,)), *visited]}, [60])
    assert found.online.value[0] == pytest.approx(1)
    assert np.isnan([found.mean.value[0], found.use.value[0], found.use.df[0]]).all()
    assert (found.use.z == 0).all()
    assert (found.use.n[0], found.use.homes[0], found.online.homes[0]) == (1, 1, 13)
    # Nobody online: no mean, and 0 of all adults.
    found = estimated({"v": [Home(True, 1, 0, (None,))] * 12}, [60])
    assert np.isnan(found.mean.value[0])
    assert (found.use.value[0], found.online.value[0], found.use.n[0]) == (0, 0, 12)


def test_villages_put_together_are_strata_of_one() -> None:
    rng = np.random.default_rng(3)
    homes = [
        [Home(False, 2, 1, (80.0,))] * 2
        + [Home(True, 2, None, (float(rng.integers(100)), None)) for _ in range(12 + more)]
        for more in range(3)
    ]
    # The third has no follow-up, and is put with the second.
    rows = [row for code, one in zip("abc", homes, strict=True) for row in rows_of(code, one)]
    sample = answers(frame_of(rows), list("abc"), PARTS)
    phases = two_phase(sample, weights(sample), np.array([40.0, 90.0, 15.0]))
    assert phases is not None
    y = sample.scores["s_use"]

    def use(of_village: list[int], count: int) -> Estimate:
        groups = Groups(np.array(of_village)[sample.village], count)
        return hansen_hurwitz(groups, sample, phases, y, of="adults")

    apart, together = use([0, 1, 2], 3), use([0, 0, 1], 2)
    adults = np.bincount(sample.village, phases.adults)
    share = adults[:2] / adults[:2].sum()
    assert together.value[0] == pytest.approx(float(share @ apart.value[:2]))
    assert together.df[0] == 11 + 12
    assert np.isnan(together.value[1])
    mixed = use([0, 1, 1], 2)
    assert np.isnan(mixed.value[1])
    assert mixed.value[0] == apart.value[0]
    assert mixed.v[0] == pytest.approx(apart.v[0])
    # e moves with the mean of both, homes of one size apart: the sum over strata of each one's v.
    v = share**2 * apart.v[:2]
    assert together.v[0] == pytest.approx(v.sum())
