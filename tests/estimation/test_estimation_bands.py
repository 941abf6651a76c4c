"""Bands and rank intervals: their definitions, peers, and what chance alone makes of them."""

import numpy as np
import pytest
from estimation_samples import ABOUT, CHOICES, INDICATORS, frame_of, simulated, table_of
from followup_samples import followed_homes, rows_of
from hypothesis import given
from hypothesis import strategies as st
from profile_samples import Plain
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from surveys.estimation.bands import bands, benjamini_hochberg, leave_one_out, moderated
from surveys.estimation.ranks import joint_intervals, rank_intervals
from surveys.estimation.villages import about_of, compute

villages = st.lists(
    st.tuples(
        st.floats(0, 100), st.floats(0.01, 200), st.integers(1, 60), st.integers(50, 5000),
        st.booleans(),
    ),
    max_size=25,
)  # fmt: skip


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.sampled_from([0.05, 0.1, 0.3]))
def test_benjamini_hochberg_is_statsmodels(p: list[float], q: float) -> None:
    peer = multipletests(p, alpha=q, method="fdr_bh")[0]
    # On the limit itself two ways of dividing may differ in the last bit.
    ordered, limits = np.sort(p), q * np.arange(1, len(p) + 1) / len(p)
    if np.abs(ordered - limits).min() > 1e-12:
        assert benjamini_hochberg(p, q).tolist() == peer.tolist()


@given(villages)
def test_bands_are_those_of_the_plain_definition(rows: list[tuple]) -> None:
    columns = [np.array(one, float) for one in zip(*rows, strict=True)] or [np.zeros(0)] * 5
    value, v, df, adults, shown = columns
    found = bands(value, v, df, adults, shown.astype(bool))
    if shown.sum() < 5:
        assert not found.compared.any()
        assert not found.band.any()
        assert np.isnan(found.p).all()
        return
    p = []
    for i in np.flatnonzero(shown):
        others = [j for j in range(len(rows)) if j != i]
        share = adults[others] / adults[others].sum()
        mean, spread = share @ value[others], share**2 * v[others]
        t = (value[i] - mean) / np.sqrt(v[i] + spread.sum())
        degrees = (v[i] + spread.sum()) ** 2 / (v[i] ** 2 / df[i] + (spread**2 / df[others]).sum())
        assert found.t[i] == pytest.approx(t, rel=1e-9, abs=1e-9)
        assert found.df[i] == pytest.approx(degrees, rel=1e-9)
        assert found.others[i] == pytest.approx(mean)
        p.append(2 * stats.t.sf(abs(t), degrees))
    assert found.p[shown == 1] == pytest.approx(np.array(p), rel=1e-6, abs=1e-300)
    assert np.isnan(found.p[shown == 0]).all()
    differs = benjamini_hochberg(found.p)
    assert found.band.tolist() == np.where(differs, np.sign(np.nan_to_num(found.t)), 0).tolist()


def test_two_groups_are_welch() -> None:
    a, b = np.array([31.0, 40, 52, 47, 39]), np.array([61.0, 58, 70])
    peer = CompareMeans(DescrStatsW(a), DescrStatsW(b)).ttest_ind(usevar="unequal")
    v = [a.var(ddof=1) / 5, b.var(ddof=1) / 3]
    mean, spread, df = leave_one_out([a.mean(), b.mean()], v, [4, 2], [10, 90])
    assert mean.tolist() == [b.mean(), a.mean()]
    assert spread == pytest.approx(v[::-1])
    assert df == pytest.approx([2, 4])
    # Among three more that carry no weight to speak of, the first is tested as Welch tests it.
    tiny = [1e-9] * 3
    found = bands([a.mean(), b.mean(), 0, 0, 0], v + [1.0] * 3, [4, 2, 5, 5, 5], [10, 90, *tiny])
    assert found.t[0] == pytest.approx(peer[0], rel=1e-6)
    assert found.p[0] == pytest.approx(peer[1], rel=1e-6)
    assert found.df[0] == pytest.approx(peer[2], rel=1e-6)


def test_who_has_no_error_is_left_out_and_who_does_not_vary_still_differs() -> None:
    value = [40.0, 41, 39, 40, 42, np.nan, 90]
    v, df, adults = [25.0] * 5 + [25, np.nan], [9.0] * 7, [300.0] * 7
    found = bands(value, v, df, adults)
    assert found.compared.tolist() == [True] * 5 + [False] * 2
    same = bands(value[:5], v[:5], df[:5], adults[:5])
    assert found.t[:5].tolist() == same.t.tolist()
    assert bands(value[:4], v[:4], df[:4], adults[:4]).compared.sum() == 0
    still = bands([40.0, 40, 40, 40, 41], [0.0] * 5, [9] * 5, [300] * 5)
    assert still.band.tolist() == [-1] * 4 + [1]
    assert bands([40.0] * 5, [0.0] * 5, [9] * 5, [300] * 5).p.tolist() == [1.0] * 5
    # Others that do not vary: the village's own degrees of freedom.
    one = bands([40.0, 40, 40, 40, 41], [0.0] * 4 + [1.0], [9] * 5, [300] * 5)
    assert one.df[4] == 9


def test_false_discovery_is_held_where_all_villages_are_alike() -> None:
    """All alike: any band is false; it happens in about q of the areas, not in half of them."""
    chance = np.random.default_rng(7)
    runs, wrong, homes = 400, 0, 12
    for _ in range(runs):
        y = chance.normal(40, 20, (20, homes))
        v = y.var(axis=1, ddof=1) / homes
        found = bands(y.mean(axis=1), v, [homes - 1] * 20, chance.integers(200, 900, 20))
        wrong += bool(found.band.any())
    assert wrong / runs <= 0.10 + 2 * np.sqrt(0.09 / runs)


@given(
    st.lists(
        st.tuples(st.integers(0, 100), st.integers(0, 20), st.integers(0, 9)),
        min_size=1,
        max_size=20,
    )
)
def test_ranks_are_those_of_the_plain_definition(rows: list[tuple[int, int, int]]) -> None:
    value, se, df = (np.array(one, float) for one in zip(*rows, strict=True))
    low, high = joint_intervals(value, se, df)
    found = rank_intervals(value, se, df)
    known = np.flatnonzero(df > 0)
    assert np.isnan(low[df == 0]).all()
    assert (
        found.best[df == 0].tolist() == found.worst[df == 0].tolist() == [0] * int((df == 0).sum())
    )
    for i in known:
        limits = stats.t.interval(0.95 ** (1 / len(known)), df[i], value[i], max(se[i], 1e-300))
        assert (low[i], high[i]) == pytest.approx(limits, rel=1e-9, abs=1e-9)
        assert found.best[i] == 1 + sum(low[j] > high[i] for j in known)
        assert found.worst[i] == len(known) - sum(high[j] < low[i] for j in known)
        assert 1 <= found.best[i] <= found.worst[i] <= len(known)


def test_all_true_ranks_are_held_at_once() -> None:
    chance = np.random.default_rng(3)
    truth = np.linspace(20, 60, 15)
    rank = np.arange(15, 0, -1)
    runs, held, se, normal = 1000, 0, np.full(15, 4.0), np.full(15, np.inf)
    for _ in range(runs):
        found = rank_intervals(truth + se * chance.normal(size=15), se, normal)
        held += bool(((found.best <= rank) & (rank <= found.worst)).all())
    assert held / runs >= 0.95 - 2 * np.sqrt(0.0475 / runs)


variances = st.lists(
    st.tuples(
        st.one_of(st.floats(0, 400), st.just(np.nan)),
        st.one_of(st.floats(1, 40), st.just(np.nan)),
        st.integers(0, 40),
    ),
    max_size=15,
)


@given(variances, st.floats(1, 50), st.floats(0.1, 10))
def test_moderated_variances_are_those_of_the_formula(
    rows: list[tuple], prior: float, scale: float
) -> None:
    v, df, homes = (np.array(one, float) for one in zip(*rows, strict=True)) if rows else [
        np.zeros(0)
    ] * 3  # fmt: skip
    found, more = moderated(v, df, homes, prior)
    used = [at for at, (a, d, m) in enumerate(rows) if a == a and d > 0 and m >= 2]
    # What a home's deviations are, whoever's: each village's own by its homes less one.
    pooled = [(rows[at][2] - 1, rows[at][0] * (rows[at][1] + 1)) for at in used]
    for at in range(len(rows)):
        if at not in used:
            assert (found[at], more[at]) == pytest.approx((v[at], df[at]), nan_ok=True)
            continue
        all_say = sum(m * one for m, one in pooled) / sum(m for m, _ in pooled) / (df[at] + 1)
        assert more[at] == df[at] + prior
        assert found[at] == pytest.approx((prior * all_say + df[at] * v[at]) / (df[at] + prior))
        # It lies between what the village says and what all say.
        low, high = sorted((v[at], all_say))
        assert low - 1e-9 <= found[at] <= high + 1e-9
    # In other units, and in another order, the same.
    other, _ = moderated(scale * v[::-1], df[::-1], homes[::-1], prior)
    assert other[::-1] == pytest.approx(scale * found, nan_ok=True)


def test_false_discovery_is_held_with_few_homes_too() -> None:
    """Six homes: villages whose homes happen to be alike are not told apart for that."""
    chance = np.random.default_rng(7)
    runs, homes = 400, 6
    wrong = np.zeros(2)
    for _ in range(runs):
        y = chance.normal(40, 20, (20, homes))
        v, df, adults = y.var(axis=1, ddof=1) / homes, np.full(20, homes - 1.0), np.full(20, 300.0)
        calm, more = moderated(v, df, np.full(20, homes))
        for at, (one, of) in enumerate(((v, df), (calm, more))):
            wrong[at] += bool(bands(y.mean(axis=1), one, of, adults).band.any())
    assert wrong[1] / runs <= 0.10 + 2 * np.sqrt(0.09 / runs)
    assert wrong[1] <= wrong[0] + 10


def test_bands_of_profiles_are_those_of_moderated_villages() -> None:
    """By loops: U of each village but the reference, against the mean of the others."""
    sizes = {"a": 20, "b": 15, "c": 8, "d": 30, "e": 12, "u": 30}
    levels = dict(zip(sizes, (50, 52, 50, 25, 48, 70), strict=True))
    rows = [row for code, one in sizes.items() for row in simulated(code, one, levels[code])]
    table = table_of([*sizes])
    table["adults"] = [300.0, 400, 500, 350, 250, 900]
    found = compute(frame_of(rows), table, INDICATORS, CHOICES, ["u"])
    own = [
        Plain([row for row in rows if row["village"] == code], 1 - 40 / table.loc[code, "adults"])
        for code in sizes
    ]

    def calm(some: list[Plain]) -> tuple[np.ndarray, np.ndarray]:
        columns = zip(*((one.v(2), one.df(2), one.m) for one in some), strict=True)
        return moderated(*columns)

    # What homes vary by, the reference's too; compared are the others.
    v, df = calm(own)
    adults = table["adults"][:5]
    expected = bands([one.use for one in own[:5]], v[:5], df[:5], adults)
    assert found.bands.t[:5] == pytest.approx(expected.t)
    assert found.bands.df[:5] == pytest.approx(expected.df)
    profiles = [found.village(code, about_of(ABOUT)) for code in sizes]
    assert [one.band for one in profiles] == ["same", "same", "same", "below", "same", None]
    assert {one.compared for one in profiles} == {5}
    # One village fewer, and none has a band.
    few = [row for row in rows if row["village"] != "c"]
    four = compute(frame_of(few), table, INDICATORS, CHOICES, ["u"]).village("d", about_of(ABOUT))
    assert (four.band, four.compared) == (None, 0)
    # A visited village keeps its own variance, which is of another kind, and lends it to nobody.
    more = [row for row in rows if row["village"] != "a"] + rows_of("a", followed_homes())
    visited = compute(frame_of(more), table, INDICATORS, CHOICES, ["u"])
    one = visited.own.of_all(visited.source.data.scores["s_use"])
    v, df = calm(own[1:])
    again = bands(
        [one.value[0], *(part.use for part in own[1:5])],
        [one.v[0], *v[:4]], [one.df[0], *df[:4]], adults,
    )  # fmt: skip
    assert visited.bands.t[:5] == pytest.approx(again.t)
