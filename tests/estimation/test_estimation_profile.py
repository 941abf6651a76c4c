"""Profiles of whole waves against plain arithmetic, with and without what forms may lack."""

import math

import numpy as np
import pandas as pd
import pytest
from estimation_samples import ABOUT, CHOICES, INDICATORS, frame_of, indicator
from hypothesis import given, settings
from hypothesis import strategies as st
from profile_samples import REFERENCE, Plain, computed, near, wave, whole
from scipy import stats

from surveys.estimation.profile import Figure
from surveys.estimation.villages import profiles


def test_headline_and_gap_are_those_of_plain_loops() -> None:
    rows, table = wave()
    # One reference village, so that plain loops need no strata.
    found = computed(rows, table, ("u1",))["v1"]
    g = 1 - 40 / 400
    own = Plain([row for row in rows if row["village"] == "v1"], g)
    ref = Plain([row for row in rows if row["village"] == "u1"], g)
    assert own.n >= 50
    assert near(found.online.value, 100 * own.pi)
    assert near(found.use_of_users.value, own.mean)
    assert near(found.use.value, own.use)
    assert near(found.reference_use.value, ref.use)

    p = own.pi / g
    half = stats.t.ppf(0.975, own.df(0)) * math.sqrt(own.v(0)) / g / (p * (1 - p))
    logit = math.log(p / (1 - p))
    limits = [g / (1 + math.exp(-(logit + sign * half))) for sign in (-1, 1)]
    assert near(found.online.low, 100 * limits[0])
    assert near(found.online.high, 100 * limits[1])
    # Ū is a share of 100·g, the most that it can be.
    top, p = 100 * g, own.use / (100 * g)
    half = stats.t.ppf(0.975, own.df(2)) * math.sqrt(own.v(2)) / top / (p * (1 - p))
    limits = [top / (1 + math.exp(-(math.log(p / (1 - p)) + sign * half))) for sign in (-1, 1)]
    assert near(found.use.low, limits[0])
    assert near(found.use.high, limits[1])
    assert found.grade == ("B" if limits[1] - limits[0] <= 20 else "C")
    assert near(found.missing_users.value, 10 * own.pi * (1 - own.n / (own.pi * 400)))

    assert found.gap is not None
    total = ref.use - own.use
    v, v_ref = own.v(2), ref.v(2)
    df = (v + v_ref) ** 2 / (v**2 / own.df(2) + v_ref**2 / ref.df(2))
    half = stats.t.ppf(0.975, df) * math.sqrt(v + v_ref)
    assert near(found.gap.total.value, total)
    assert near(found.gap.total.low, total - half)
    assert near(found.gap.total.high, total + half)

    access = (ref.pi - own.pi) * (ref.mean + own.mean) / 2
    behaviour = (ref.pi + own.pi) / 2 * (ref.mean - own.mean)
    assert access + behaviour == pytest.approx(total)
    values = [one.value for one in (found.gap.access, found.gap.behaviour)]
    assert values[0] == pytest.approx(access, abs=1)
    assert values[1] == pytest.approx(behaviour, abs=1)
    assert values[0] + values[1] == found.gap.total.value  # type: ignore[operator]

    a, b = (ref.mean - own.mean) / 2, (ref.pi + own.pi) / 2
    pairs = [
        (sum((a * x - b * y) ** 2 for x, y in zip(own.z(0), own.z(1), strict=True)), own),
        (sum((a * x + b * y) ** 2 for x, y in zip(ref.z(0), ref.z(1), strict=True)), ref),
    ]
    v_sum = sum(one for one, _ in pairs)
    df = v_sum**2 / sum(one**2 / min(side.df(0), side.df(1)) for one, side in pairs)
    half = stats.t.ppf(0.975, df) * math.sqrt(v_sum)
    assert near(found.gap.behaviour.low, behaviour - half)
    assert near(found.gap.behaviour.high, behaviour + half)

    # MOVER: π's logit limits, ū's t limits, and their correlation, side by side.
    far = [0.0, 0.0]
    for side, sign in ((own, -1), (ref, 1)):
        p = side.pi / g
        half = stats.t.ppf(0.975, side.df(0)) * math.sqrt(side.v(0)) / g / (p * (1 - p))
        lower, upper = (g / (1 + math.exp(-math.log(p / (1 - p)) - s * half)) for s in (-1, 1))
        r = sum(x * y for x, y in zip(side.z(0), side.z(1), strict=True)) / math.sqrt(
            side.v(0) * side.v(1)
        )
        on_mean = (ref.pi - own.pi) / 2 * stats.t.ppf(0.975, side.df(1)) * math.sqrt(side.v(1))
        coefficient = sign * (ref.mean + own.mean) / 2
        for i in (0, 1):
            to_lower = (i == 0) == (sign > 0)
            on_pi = coefficient * (side.pi - lower if to_lower else upper - side.pi)
            far[i] += on_pi**2 + on_mean**2 + 2 * r * on_pi * on_mean
    assert near(found.gap.access.low, access - math.sqrt(far[0]))
    assert near(found.gap.access.high, access + math.sqrt(far[1]))


def test_no_reference_no_gap_and_a_reference_village_is_not_compared() -> None:
    rows, table = wave()
    alone = computed(rows, table, ())
    for found in (alone["v1"], whole()["u1"]):
        assert found.gap is None
        assert found.gap_withheld == "no_reference"
        assert found.reference_area is None
        assert found.reference_use == Figure(None, withheld="no_reference")
        assert {one.reference.withheld for one in found.indices} == {"no_reference"}
        assert {one.shortfall.withheld for one in found.chain} == {"no_reference"}
    assert whole()["v1"].reference_area == "County seat"
    assert alone["v1"].use == whole()["v1"].use


def test_bounds_where_adults_offline_are_not_known() -> None:
    rows, table = wave()
    unknown = table.assign(adults_offline=table["adults_offline"].where(table.index != "v1"))
    found = computed(rows, unknown)["v1"]
    assert not found.offline_known
    assert (found.online.bound, found.use.bound) == ("at_most", "at_most")
    assert found.gap is not None
    assert (found.gap.total.bound, found.gap.access.bound) == ("at_least", "at_least")
    assert found.gap.behaviour.bound == "at_most"
    assert found.use_of_users.bound == ""
    by_value = {one.value: one.figure for one in found.shares[0].shares}
    assert by_value["notassessed"].bound == "at_least"
    # Neither known: Ū and its reference are both too high, so the gap may be more or less.
    neither = computed(rows, table.assign(adults_offline=np.nan))["v1"]
    assert neither.gap is not None
    assert neither.gap.total.bound == ""
    other = computed(
        rows, table.assign(adults_offline=table["adults_offline"].where(table.index != "u1"))
    )["v1"]
    assert other.gap is not None
    assert other.gap.total.bound == "at_most"
    # More offline than there are adults is not known either; without N no one knows who is missing.
    assert not computed(rows, table.assign(adults_offline=500.0))["v1"].offline_known
    lost = computed(rows, table.assign(adults=np.nan))["v1"]
    assert lost.missing_users.withheld == "not_asked"
    assert lost.adults is None


def test_a_form_without_rosters_says_what_users_do() -> None:
    few = [one for one in INDICATORS if one.name in ("user", "s_use", "A6", "c_dsi")]
    rows, table = wave()
    found = profiles(frame_of(rows), table, few, {}, ["u1"], ABOUT)["v1"]
    assert found.online.withheld == found.use.withheld == "not_asked"
    assert found.without_phone.withheld == found.missing_users.withheld == "not_asked"
    assert found.gap is None
    assert found.gap_withheld == "not_asked"
    assert found.grade is None
    assert found.chain == ()
    assert [one.base for one in found.indices] == ["users", "users"]
    assert found.indices[0].village.value is not None
    assert found.shares[0].of == "users"
    assert "notassessed" not in [one.value for one in found.shares[0].shares]
    # Without rosters for phones, and without any question of the sheet's own.
    rosters = [one for one in INDICATORS if one.name in ("user", "A6", "A8")]
    found = profiles(frame_of(rows), table, rosters, {}, ["u1"], ABOUT)["v1"]
    assert found.online.value is not None
    assert found.use.withheld == found.without_phone.withheld == "not_asked"
    bare = profiles(frame_of(rows), table, [], {}, [], ABOUT)["v1"]
    assert bare.indices == bare.shares == ()
    assert bare.persons > 50
    # A ladder said to be of all is one whose non-users are known.
    of_all = [indicator("c_dsi", kind="category", base="all"), *rosters]
    assert profiles(frame_of(rows), table, of_all, {}, [], ABOUT)["v1"].shares[0].of == "all"


def test_one_village_or_some_are_the_same_as_among_all() -> None:
    rows, table = wave()
    some = profiles(frame_of(rows), table, INDICATORS, CHOICES, REFERENCE, ABOUT, only=["v2", "u1"])
    assert some == {code: whole()[code] for code in ("v2", "u1")}


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rng: object) -> None:
    rows, table = wave()
    shuffled = list(rows)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert computed(shuffled, table) == computed(rows, table)


def test_bad_villages_are_named() -> None:
    rows, table = wave()
    with pytest.raises(ValueError, match="no such village: nowhere"):
        computed(rows, table, ["nowhere"])
    with pytest.raises(ValueError, match="no such village: n1, n2"):
        profiles(frame_of(rows), table, INDICATORS, CHOICES, (), ABOUT, only=["v1", "n2", "n1"])
    with pytest.raises(ValueError, match="twice"):
        computed(rows, pd.concat([table, table.loc[["v1"]]]))
