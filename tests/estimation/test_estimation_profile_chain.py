"""The chain of a profile: shortfalls, and when one of them is the weakest."""

import dataclasses

import numpy as np
from estimation_samples import ABOUT, CHOICES, INDICATORS, frame_of, indicator, person, table_of
from profile_samples import REFERENCE, computed, half_up, wave

from surveys.estimation.villages import profiles


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
