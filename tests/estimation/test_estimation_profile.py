"""Profiles of whole waves: against plain arithmetic, and what is shown of them."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence

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
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from surveys.estimation.profile import (
    Figure,
    VillageProfile,
    from_json,
    to_json,
)
from surveys.estimation.villages import profiles

REFERENCE = ("u1", "u2")


def wave() -> tuple[list[dict[str, object]], pd.DataFrame]:
    sizes = {
        "v1": (45, 40),
        "v2": (9, 45),
        "v3": (3, 45),
        "v5": (4, 45),
        "u1": (50, 70),
        "u2": (20, 75),
    }
    rows = []
    for code, (homes, level) in sizes.items():
        rows += simulated(code, homes, level, others=0.8)
    return rows, table_of([*sizes, "v4"])


def computed(
    rows: Sequence[Mapping[str, object]], table: pd.DataFrame, reference: Sequence[str] = REFERENCE
) -> dict[str, VillageProfile]:
    return profiles(frame_of(rows), table, INDICATORS, CHOICES, reference, ABOUT)


@pytest.fixture(scope="module")
def whole() -> dict[str, VillageProfile]:
    return computed(*wave())


class Plain:
    """π, ū and Ū of one village by loops over its homes, with what each home contributes."""

    def __init__(self, rows: Sequence[Mapping[str, object]], g: float) -> None:
        homes: dict[object, list[Mapping[str, object]]] = {}
        for row in rows:
            homes.setdefault(row["home"], []).append(row)
        self.users = [[r for r in home if r["user"] == "1"] for home in homes.values()]
        # Each user of these samples has an entry alone, and every roster is complete.
        self.sums = []
        for home, users in zip(homes.values(), self.users, strict=True):
            if users:
                adults = max(int(str(home[0]["A6"])), len(home))
                online = max(int(str(home[0]["A8"])), len(users))
                y = sum(float(str(r["s_use"])) for r in users)
                self.sums.append((len(users), len(users) * adults / online, y))
        self.g = g
        self.pi, self.mean, self.use = self.of(self.sums)
        self.m = len(self.sums)
        self.n = sum(len(users) for users in self.users)

    def of(self, sums: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
        w, wx, wy = (sum(column) for column in zip(*sums, strict=True))
        return self.g * w / wx, wy / w, self.g * wy / wx

    def z(self, k: int) -> list[float]:
        now = (self.pi, self.mean, self.use)[k]
        root = math.sqrt((self.m - 1) / self.m)
        return [
            root * (now - self.of(self.sums[:h] + self.sums[h + 1 :])[k]) for h in range(self.m)
        ]

    def v(self, k: int) -> float:
        return sum(z * z for z in self.z(k))

    def df(self, k: int) -> float:
        sizes = [one[1 if k != 1 else 0] for one in self.sums]
        return max(1.0, sum(sizes) ** 2 / sum(size**2 for size in sizes) - 1)


def half_up(value: float) -> float:
    return float(math.floor(value + 0.5))


def near(value: float | None, expected: float) -> bool:
    """Whole numbers; one that stands between two may fall either way."""
    return value is not None and abs(value - expected) <= 0.5 + 1e-6


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


def every_figure(profile: VillageProfile) -> list[Figure]:
    found: list[Figure] = []

    def visit(value: object) -> None:
        if isinstance(value, Figure):
            found.append(value)
        elif dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                visit(getattr(value, field.name))
        elif isinstance(value, tuple):
            for one in value:
                visit(one)

    visit(profile)
    return found


def test_figures_are_as_they_are_shown(whole: dict[str, VillageProfile]) -> None:
    for profile in whole.values():
        shares = [one.figure for row in profile.shares for one in row.shares]
        shares += [one.village for one in profile.indices if one.kind == "proportion"]
        for one in [*shares, profile.online, profile.without_phone]:
            for number in (one.value, one.low, one.high):
                assert number is None or 1 <= number <= 99
            if one.withheld == "imprecise" and one.low is not None and one.high is not None:
                assert one.value is None
                assert {one.low % 5, one.high % 5} <= {0, 1, 4}
        shortfalls = {id(one.shortfall) for one in profile.chain}
        for one in every_figure(profile):
            if one.value is not None:
                digits = 1 if id(one) in shortfalls else 0
                assert one.value == round(one.value, digits)
            if one.value is not None and one.low is not None and one.high is not None:
                assert one.low <= one.value <= one.high
            if one.withheld not in ("", "imprecise") or one.words:
                assert one.value is one.low is one.high is None


def test_levels_and_what_goes_with_them(whole: dict[str, VillageProfile]) -> None:
    assert [whole[code].level for code in ("v1", "v2", "v3", "v4")] == [
        "full", "small", "withheld", "withheld",
    ]  # fmt: skip
    small = whole["v2"]
    assert small.use.value is not None
    assert small.online.value is not None
    assert small.use_of_users.withheld == "too_few_for_this"
    assert small.gap is None
    assert small.gap_withheld == "too_few_for_this"
    assert {one.shortfall.withheld for one in small.chain} == {"too_few_for_this"}
    assert all(one.figure.value is None for row in small.shares for one in row.shares)
    indices = {one.name: one.village for one in small.indices}
    assert indices["s_access"].value is not None
    assert indices["p_meaningful"].withheld == "too_few_for_this"
    for code in ("v3", "v4", "v5"):
        hidden = whole[code]
        assert hidden.by_mode == hidden.flags == {}
        assert hidden.users == 0
        assert hidden.grade is None
        beside = {id(one.reference) for one in (*hidden.indices, *hidden.chain)}
        beside |= {id(hidden.reference_online), id(hidden.reference_use)}
        beside.add(id(hidden.reference_use_of_users))
        own = [one for one in every_figure(hidden) if id(one) not in beside]
        assert all(one.withheld and one == Figure(None, withheld=one.withheld) for one in own)


def test_the_chain_names_a_weakest_only_where_it_is_sure() -> None:
    rows, table = wave()
    for row in rows:
        if row["village"] == "v1" and row["user"] == "1":
            row["s_L"] = str(float(str(row["s_L"])) / 3)
    found = computed(rows, table)
    assert found["v1"].weakest == "L"
    assert [link.name for link in found["v1"].chain] == ["T", "C", "L", "P", "Q"]
    assert found["v1"].chain[2].shortfall.value == max(
        link.shortfall.value or 0 for link in found["v1"].chain
    )
    # All links alike: nothing stands out.
    for row in rows:
        if row["user"] == "1":
            row.update(dict.fromkeys(("s_access", "s_C", "s_L", "s_P", "s_Q"), row["s_use"]))
    alike = [
        dataclasses.replace(one, base="users") if one.dimension.startswith("chain") else one
        for one in INDICATORS
    ]
    alike.append(indicator("s_access", dimension="chain-T", kind="score", base="users"))
    found = profiles(frame_of(rows), table, alike, CHOICES, REFERENCE, ABOUT)
    assert len({link.shortfall for link in found["v1"].chain}) == 1
    assert found["v1"].weakest is None
    assert computed(rows, table, ())["v1"].weakest is None


def test_a_shortfall_by_hand() -> None:
    rows = []
    for village, shift in (("v", 0), ("u", 30)):
        for home in range(40):
            score = str(20 + shift + home % 3 * 10)
            rows.append(person(village, home, 1, A6="1", A7="0", A8="1", s_L=score, s_use=score))
    found = profiles(
        frame_of(rows), table_of(["v", "u"], 400, 0), INDICATORS, CHOICES, ["u"], ABOUT
    )["v"]
    talent = next(link for link in found.chain if link.name == "L")
    # 14 homes of 20, 13 of 30, 13 of 40; the reference 30 higher, its σ that of these numbers.
    sigma = np.std([20 + home % 3 * 10 for home in range(40)])
    assert talent.shortfall.value == half_up(300 / sigma) / 10
    assert talent.base == "users"
    # π is 1: nobody offline anywhere, and 100 % is not said.
    assert found.online.value == 99
    assert found.online.low is not None
    assert found.online.low < 99
    assert found.gap is not None
    assert (found.gap.access.value, found.gap.behaviour.value) == (0, 30)


def test_no_reference_no_gap_and_a_reference_village_is_not_compared(
    whole: dict[str, VillageProfile],
) -> None:
    rows, table = wave()
    alone = computed(rows, table, ())
    for found in (alone["v1"], whole["u1"]):
        assert found.gap is None
        assert found.gap_withheld == "no_reference"
        assert found.reference_area is None
        assert found.reference_use == Figure(None, withheld="no_reference")
        assert {one.reference.withheld for one in found.indices} == {"no_reference"}
        assert {one.shortfall.withheld for one in found.chain} == {"no_reference"}
    assert whole["v1"].reference_area == "County seat"
    assert alone["v1"].use == whole["v1"].use


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


def test_shares_ladder_needs_and_reasons(whole: dict[str, VillageProfile]) -> None:
    ladder, needs, reasons = whole["v1"].shares
    assert ladder.shares[0].value == "notassessed"
    assert ladder.shares[-1].value == "above"
    assert ladder.of == "all"
    assert ladder.shares[-1].label["zh"]
    shown = [one.figure.value for one in needs.shares if one.figure.value is not None]
    assert shown == sorted(shown, reverse=True)
    assert needs.of == "all"
    assert needs.label == {"en": "G1", "zh": "G1（中文）"}
    assert reasons.of == "non_users"
    assert whole["v2"].shares[1].of == "users"


def test_few_and_nearly_all() -> None:
    rows = []
    for home in range(60):
        need = "net" if home < 58 else "net cost sell"
        reason = "skill" if home < 30 else "need"
        need = need if home else "cost"
        roster = {"A6": "2", "A7": "1" if home < 45 else "0", "A8": "1"}
        rows.append(person("v", home, 1, G1=need, p_meaningful="1", **roster))
        rows.append(person("v", home, 2, user="0", mode="proxy", B6=reason, **roster))
    found = profiles(
        frame_of(rows), table_of(["v"]),
        [one for one in INDICATORS if one.name != "G1"]
        + [indicator("G1", role="need", kind="share", base="users")],
        CHOICES, [], ABOUT,
    )["v"]  # fmt: skip
    needs = {one.value: one.figure for one in found.shares[-1].shares}
    assert [one.value for one in found.shares[-1].shares] == ["net", "cost", "basic", "sell"]
    assert needs["net"] == Figure(None, words="nearly_all")
    assert needs["basic"] == needs["sell"] == Figure(None, words="few")
    # Three of sixty: enough people, too loose for a number.
    assert needs["cost"].withheld == "imprecise"
    assert (needs["cost"].low, needs["cost"].high) == (1.0, 15.0)
    reasons = next(one for one in found.shares if one.name == "B6")
    assert {one.value: one.figure.value for one in reasons.shares} == {
        "skill": 50.0, "need": 50.0, "cost": None,
    }  # fmt: skip
    # All users say so, half of all adults are users: not "nearly all".
    meaningful = next(one for one in found.indices if one.name == "p_meaningful")
    assert meaningful.village.value == 45
    # 45 of 120 adults without a phone.
    assert found.without_phone.value == half_up(100 * 45 / 120)
    assert found.by_mode == {"self": 60, "proxy": 60}


def test_at_least_basic_leaves_out_the_oldest() -> None:
    rows = [
        person("v", home, 1, A6="1", A7="0", A8="1", A3="75" if home < 40 else "45",
               c_dsi="none" if home < 40 or home % 2 else "above")
        for home in range(100)
    ]  # fmt: skip
    found = computed(rows, table_of(["v"], 400, 0), ())["v"]
    basic = next(one for one in found.indices if one.name == "basic_skills").village
    # As a number it would say, beside the ladder of all ages, what the oldest can do.
    assert (basic.value, basic.withheld) == (None, "imprecise")
    assert (basic.low, basic.high) == (35, 65)
    younger = computed([row | {"A3": "45"} for row in rows], table_of(["v"], 400, 0), ())["v"]
    basic = next(one for one in younger.indices if one.name == "basic_skills").village
    assert basic.value == 30
    assert {one.beside: one.year for one in found.benchmarks} == {
        "pi": "2023", "basic_skills": "2023",
    }  # fmt: skip
    assert found.benchmarks[1].value == 56.0


def test_a_question_never_put_to_users_is_of_non_users() -> None:
    rows, table = wave()
    # A node that an earlier version of the form did not have, with a figure published beside it.
    later = indicator("s_new", kind="score", reference=40.0, reference_source="Someone")
    asked = [later, *INDICATORS, indicator("B7", kind="share", base="all")]
    for row in rows:
        row["B7"] = "fam" if row["user"] == "0" else ""
    choices = {**CHOICES, "B7": [("fam", {"": "Family"}), ("no", {"": "Nothing"})]}
    found = profiles(frame_of(rows), table, asked, choices, (), ABOUT)["v1"]
    assert found.shares[-1].of == "non_users"
    assert found.shares[-1].shares[0].label == {"en": "Family"}
    assert found.indices[0].village.withheld == "few_persons"
    assert (found.benchmarks[0].beside, found.benchmarks[0].year) == ("s_new", "")


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


def test_links_without_spread_and_a_reference_without_non_users() -> None:
    rows, table = wave()
    for row in rows:
        row["s_Q"] = "50"
        if row["village"] in REFERENCE and row["user"] == "0":
            row["s_C"] = ""
    rows = [row for row in rows if row["user"] == "1" or row["village"] == "v1"]
    found = computed(rows, table)["v1"]
    links = {link.name: link for link in found.chain}
    assert links["C"].base == "users"
    assert links["L"].base == "users"
    assert found.weakest is None
    access = next(one for one in found.indices if one.name == "s_access")
    assert access.base == "all"
    assert access.reference.withheld == "few_persons"
    only_users = [one for one in INDICATORS if one.name in ("user", "s_L")]
    for row in rows:
        row["s_L"] = "50"
    same = profiles(frame_of(rows), table, only_users, {}, REFERENCE, ABOUT)["v1"]
    assert same.chain[0].shortfall.withheld == "imprecise"
    assert same.weakest is None


def test_one_village_or_some_are_the_same_as_among_all(whole: dict[str, VillageProfile]) -> None:
    rows, table = wave()
    some = profiles(frame_of(rows), table, INDICATORS, CHOICES, REFERENCE, ABOUT, only=["v2", "u1"])
    assert some == {code: whole[code] for code in ("v2", "u1")}


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rng: object) -> None:
    rows, table = wave()
    shuffled = list(rows)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert computed(shuffled, table) == computed(rows, table)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 60))
def test_more_homes_never_show_less(homes: int) -> None:
    def rows(count: int) -> list[dict[str, object]]:
        return [
            person("v", h, 1, A6="2", A7="1", A8=str(1 + h % 2), s_use=str(10 * (h % 7)))
            for h in range(count)
        ]

    def hidden(count: int) -> set[str]:
        found = computed(rows(count), table_of(["v"]), ())["v"]
        parts = {"online": found.online, "use": found.use, "users": found.use_of_users}
        return {name for name, one in parts.items() if one.withheld}

    assert hidden(homes + 1) <= hidden(homes)


def test_bad_villages_are_named() -> None:
    rows, table = wave()
    with pytest.raises(ValueError, match="no such village: nowhere"):
        computed(rows, table, ["nowhere"])
    with pytest.raises(ValueError, match="twice"):
        computed(rows, pd.concat([table, table.loc[["v1"]]]))


def test_json_and_back(whole: dict[str, VillageProfile]) -> None:
    for profile in whole.values():
        assert from_json(json.loads(json.dumps(to_json(profile)))) == profile
    document = to_json(whole["v1"])
    for broken, where in (
        ({**document, "extra": 1}, "profile: fields missing or unknown: extra"),
        ({k: v for k, v in document.items() if k != "gap"}, "unknown: gap"),
        ({**document, "persons": "12"}, "profile.persons"),
        ({**document, "persons": True}, "profile.persons"),
        ({**document, "online": {**document["online"], "value": True}}, "profile.online.value"),
        ({**document, "level": "huge"}, "profile.level"),
        ({**document, "area": "County"}, "profile.area"),
        ({**document, "by_mode": [1]}, "profile.by_mode"),
        ({**document, "online": 4}, "profile.online"),
        ({**document, "indices": [{}]}, r"profile.indices\[0\]"),
    ):
        with pytest.raises(ValueError, match=where):
            from_json(broken)
    whole_number = {**document["online"], "value": 57}
    assert from_json({**document, "online": whole_number}).online.value == 57.0
