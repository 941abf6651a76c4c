"""What profiles say has changed since the wave before: by loops over homes of both waves."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
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
from followup_samples import Home, rows_of
from profile_samples import Plain, near
from scipy import stats

from surveys.estimation.editions import nothing_held
from surveys.estimation.profile import Change, Figure, from_json, to_json
from surveys.estimation.villages import Before, about_of, compute

SAID = about_of(ABOUT)
Row = Mapping[str, object]


def panel() -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Two waves of two villages; three homes of four answer in both, much alike."""
    dice = np.random.default_rng(8)
    first = simulated("v", 40, 45) + simulated("w", 9, 45) + simulated("x", 30, 45)
    stayed = [row for row in first if int(str(row["home"]).split("/")[1]) % 4]
    second = [
        row | {"s_use": str(np.clip(float(str(row["s_use"])) + 6 + dice.normal(0, 4), 0, 100))}
        if row["user"] == "1"
        else dict(row)
        for row in stayed
        if row["village"] != "x"
    ]
    new = [row | {"home": f"{row['home']}new"} for row in simulated("v", 12, 60, seed=2)]
    # A home of the same name in another village is another home.
    moved = [row | {"village": "y"} for row in first if row["village"] == "v"]
    return first, second + new + moved


def by_home(rows: Sequence[Row], code: str) -> tuple[Plain, list[str]]:
    own = [row for row in rows if row["village"] == code]
    names = dict.fromkeys(str(row["home"]) for row in own)
    with_users = [
        name for name in names if any(r["home"] == name and r["user"] == "1" for r in own)
    ]
    return Plain(own, 0.9), with_users


def change_of(
    first: Sequence[Row], second: Sequence[Row], code: str = "v", **more: object
) -> Change | None:
    before = Before("Spring", frame_of(first), INDICATORS, CHOICES, **more)  # type: ignore[arg-type]
    found = compute(
        frame_of(second), table_of(["v", "w", "x", "y"]), INDICATORS, CHOICES, (), before=before
    )
    one = found.village(code, SAID)
    assert from_json(to_json(one)) == one
    return one.change


def test_change_and_its_error_are_those_of_loops_over_the_homes_of_both_waves() -> None:
    first, second = panel()
    found = change_of(first, second)
    assert found is not None
    assert found.wave == "Spring"
    (before, old), (after, new) = by_home(first, "v"), by_home(second, "v")
    assert len(set(old) & set(new)) >= 25
    assert len(set(new) - set(old)) >= 8
    shown = found.online, found.use_of_users, found.use
    for k, (figure, scale) in enumerate(zip(shown, (100, 1, 1), strict=True)):
        values = [(one.pi, one.mean, one.use)[k] for one in (before, after)]
        z = dict.fromkeys([*old, *new], 0.0)
        for name, one in zip(old, before.z(k), strict=True):
            z[name] -= one
        for name, one in zip(new, after.z(k), strict=True):
            z[name] += one
        v = sum(one**2 for one in z.values())
        half = stats.t.ppf(0.975, min(before.df(k), after.df(k))) * math.sqrt(v)
        assert near(figure.value, scale * (values[1] - values[0]))
        assert near(figure.low, scale * (values[1] - values[0] - half))
        assert near(figure.high, scale * (values[1] - values[0] + half))
        apart = sum(one**2 for one in (*before.z(k), *after.z(k)))
        # What both waves share is not counted as change.
        assert v < 0.8 * apart
    # Seen from the other end it is the other way.
    back = change_of(second, first)
    assert back is not None
    assert back.use.value == pytest.approx(-(found.use.value or 0), abs=1)


def test_of_a_village_without_answers_then_or_now_nothing_has_changed() -> None:
    first, second = panel()
    assert change_of(first, second, "y") is None
    assert change_of(first, second, "x") is None
    few = change_of(first, second, "w")
    assert few is not None
    assert few.use == Figure(None, withheld="too_few_for_this")
    # Enough now, too few then.
    more = [row | {"village": "w", "home": f"w{row['home']}"} for row in simulated("v", 30)]
    fewer = change_of(first, second + more, "w")
    assert fewer is not None
    assert fewer.use_of_users == Figure(None, withheld="too_few_for_this")


def test_what_was_hidden_then_is_not_today_s_less_the_change() -> None:
    """Four persons of w hid v, which would be the township less them; now w is larger."""
    first, second = panel()
    four = [person("w", f"w{home}", 1, A6="2", A7="0", A8="1", s_use="50") for home in range(4)]
    then = [row for row in first if row["village"] == "v"] + four
    now = [row for row in second if row["village"] == "v"]
    now += [row | {"village": "w", "home": f"w{row['home']}"} for row in simulated("v", 12)]
    found = change_of(then, now)
    assert found is not None
    assert found.use == found.online == Figure(None, withheld="complementary")
    alone = change_of(then[:-4], now)
    assert alone is not None
    assert alone.use.value is not None


def test_the_same_answers_again_are_no_change_for_certain() -> None:
    first, _ = panel()
    found = change_of(first, first)
    assert found is not None
    assert found.use == found.use_of_users == found.online == Figure(0.0, 0.0, 0.0)
    # Of other homes, the same answers are no change that anybody could be certain of.
    others = [row | {"home": f"other {row['home']}"} for row in first]
    found = change_of(first, others)
    assert found is not None
    assert found.use.value == 0
    assert found.use.low is not None
    assert found.use.low < -5


def test_margins_and_editions_of_the_wave_before_are_its_own() -> None:
    first, second = panel()
    plain = change_of(first, second)
    older = {"schooling": {"primary": 80.0, "junior": 0.0, "above": 20.0}}
    schooled = [
        row | {"A4": "3" if float(str(row["s_use"])) > 42 else "1"}
        for row in first
        if row["user"] == "1"
    ]
    asked = (*INDICATORS, indicator("A4", role="schooling"))
    before = Before(
        "Spring", frame_of(schooled), asked, CHOICES, {("County", "Township", "v"): older}
    )
    table = table_of(["v", "w", "x", "y"])
    found = compute(frame_of(second), table, asked, CHOICES, (), before=before)
    raked = found.village("v", SAID).change
    assert raked is not None
    assert plain is not None
    assert raked.use_of_users.value is not None
    assert raked.use_of_users.value > (plain.use_of_users.value or 0) + 5
    # An edition that held nothing yet takes in all; one that holds the first half stays with it.
    assert change_of(first, second, held=nothing_held()) == plain
    half = [row for row in first if int(str(row["home"]).split("/")[1]) < 36]
    held = compute(
        frame_of(half), table, INDICATORS, CHOICES, (), held=nothing_held()
    ).held()  # fmt: skip
    assert change_of(first, second, held=held) == change_of(half, second)


def test_forms_that_do_not_ask_for_use_or_rosters_say_no_change() -> None:
    first, second = panel()
    for less in ("s_use", "A8"):
        few = [one for one in INDICATORS if one.name != less]
        before = Before("Spring", frame_of(first), few, CHOICES)
        found = compute(frame_of(second), table_of("vwxy"), INDICATORS, CHOICES, (), before=before)
        assert found.village("v", SAID).change is None
        before = Before("Spring", frame_of(first), INDICATORS, CHOICES)
        found = compute(frame_of(second), table_of("vwxy"), few, CHOICES, (), before=before)
        assert found.village("v", SAID).change is None


def test_a_follow_up_in_one_wave_is_compared_with_the_chat_of_the_other() -> None:
    dice = np.random.default_rng(2)
    came = [Home(False, 2, 1, (float(dice.integers(40, 90)),)) for _ in range(40)]
    door = [Home(True, 2, None, (float(dice.integers(0, 30)), None)) for _ in range(14)]
    first, second = rows_of("v", came), rows_of("v", [*came, *door])
    found = change_of(first, second)
    assert found is not None
    table = table_of(["v"])
    then, now = (
        compute(frame_of(rows), table, INDICATORS, CHOICES, ()).village("v", SAID)
        for rows in (first, second)
    )
    assert now.followup == 14
    assert found.use.value == pytest.approx((now.use.value or 0) - (then.use.value or 0), abs=1)
    assert found.use.value is not None
    assert found.use.value < -10


def test_a_home_without_a_name_is_one_home() -> None:
    rows = [person("v", home, 1, A6="2", A7="0", A8="1", s_use=str(home)) for home in range(40)]
    for row in rows[:2]:
        row["home"] = ""
    found = change_of(rows, rows)
    assert found is not None
    assert found.use == Figure(0.0, 0.0, 0.0)
