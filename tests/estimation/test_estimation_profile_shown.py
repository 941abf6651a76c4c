"""What is shown of a profile's numbers, and how."""

from itertools import pairwise

from estimation_samples import (
    ABOUT,
    CHOICES,
    INDICATORS,
    LADDER,
    frame_of,
    indicator,
    person,
    table_of,
)
from profile_samples import computed, every_figure, half_up, wave, whole

from surveys.estimation.profile import Benchmark, Figure, VillageProfile
from surveys.estimation.villages import profiles


def test_figures_are_as_they_are_shown() -> None:
    for profile in whole().values():
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


def test_levels_and_what_goes_with_them() -> None:
    assert [whole()[code].level for code in ("v1", "v2", "v3", "v4")] == [
        "full", "small", "withheld", "withheld",
    ]  # fmt: skip
    small = whole()["v2"]
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
        hidden = whole()[code]
        assert hidden.by_mode == hidden.flags == {}
        assert hidden.users == 0
        assert hidden.grade is None
        beside = {id(one.reference) for one in (*hidden.indices, *hidden.chain)}
        beside |= {id(hidden.reference_online), id(hidden.reference_use)}
        beside.add(id(hidden.reference_use_of_users))
        own = [one for one in every_figure(hidden) if id(one) not in beside]
        assert all(one.withheld and one == Figure(None, withheld=one.withheld) for one in own)


def test_shares_ladder_needs_and_reasons() -> None:
    ladder, needs, reasons = whole()["v1"].shares
    assert ladder.shares[0].value == "notassessed"
    assert ladder.shares[-1].value == "above"
    assert ladder.of == "all"
    assert ladder.shares[-1].label["zh"]
    shown = [one.figure.value for one in needs.shares if one.figure.value is not None]
    assert shown == sorted(shown, reverse=True)
    assert needs.of == "all"
    assert needs.label == {"en": "G1", "zh": "G1（中文）"}
    assert reasons.of == "non_users"
    assert whole()["v2"].shares[1].of == "users"


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
    family = indicator("B7", kind="share", base="all", reference_choices={"fam": 29.7, "gone": 5.0},
                       reference_source="CNNIC, March 2020",
                       reference_sources={"中文 (zh)": "中国，2020年3月"})  # fmt: skip
    asked = [later, *INDICATORS, family]
    for row in rows:
        row["B7"] = "fam" if row["user"] == "0" else ""
    choices = {**CHOICES, "B7": [("fam", {"": "Family"}), ("no", {"": "Nothing"})]}
    found = profiles(frame_of(rows), table, asked, choices, (), ABOUT)["v1"]
    assert found.shares[-1].of == "non_users"
    assert found.shares[-1].shares[0].label == {"en": "Family"}
    assert found.indices[0].village.withheld == "few_persons"
    assert (found.benchmarks[0].beside, found.benchmarks[0].year) == ("s_new", "")
    # A figure of a choice that the form does not have any more stands beside nothing.
    assert found.benchmarks[-1] == Benchmark(
        "B7/fam", 29.7, {"en": "Family"}, "CNNIC, March 2020", "2020", {"zh": "中国，2020年3月"}
    )
    assert [one.beside for one in found.benchmarks] == ["s_new", "pi", "basic_skills", "B7/fam"]


def test_more_homes_never_show_less() -> None:
    """Villages of 0 to 60 homes, each alone in its area: what one shows a larger one shows."""
    codes = [f"v{homes:02}" for homes in range(61)]
    rows = [
        person(code, home, 1, A6="2", A7=str(home % 3), A8=str(1 + home % 2))
        | {"s_use": str(10 * (home % 7)), "s_C": str(home % 90), "A2": "fm"[home % 2]}
        | {"p_meaningful": str(home % 2), "c_dsi": LADDER[home % 6], "G1": "net cost"[: 3 + home]}
        for homes, code in enumerate(codes)
        for home in range(homes)
    ]
    table = table_of(codes)
    table["area"] = [(f"Area {code}",) for code in codes]
    asked = [*INDICATORS, indicator("A2", role="sex")]
    found = profiles(frame_of(rows), table, asked, CHOICES, (), ABOUT)

    def told(profile: VillageProfile) -> set[str]:
        parts = {"online": profile.online, "use": profile.use, "users": profile.use_of_users}
        parts |= {one.name: one.village for one in profile.indices}
        parts |= {f"link {one.name}": one.village for one in profile.chain}
        parts |= {one.variable: one.difference for one in profile.breakdowns}
        for shares in profile.shares:
            parts |= {f"{shares.name} {one.value}": one.figure for one in shares.shares}
        return {name for name, one in parts.items() if one.withheld in ("", "imprecise")}

    for smaller, larger in pairwise(codes):
        assert told(found[smaller]) <= told(found[larger]), larger
    assert told(found["v09"]) == set()
    assert {"use", "s_use", "link C"} <= told(found["v10"])
    assert {"users", "sex", "c_dsi low", "G1 net"} <= told(found["v30"]) - told(found["v29"])
