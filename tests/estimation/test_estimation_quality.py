"""Flags: each against its definition written as plain loops over persons."""

import statistics

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.estimation.frame import FLAGS
from surveys.estimation.measured import fingerprint
from surveys.estimation.quality import quality, speeding
from surveys.form.indicators import Indicator, from_json

SAID = ("S1", "S2", "S3", "S4")
QUESTIONS = tuple(f"Q{number}" for number in range(16))
INDICATORS = (
    *from_json([{"name": name, "label": {}, "role": "agreement"} for name in SAID]),
    Indicator("A6", {}, role="adults"),
    Indicator("A7", {}, role="no_phone"),
    Indicator("A8", {}, role="online_adults"),
    Indicator("user", {}, role="user", kind="proportion"),
    Indicator("exclude", {}, role="exclude"),
    Indicator("s_use", {}, kind="score", dimension="use"),
)
START = pd.Timestamp("2026-01-01", tz="UTC")


def person(number, **more):
    row = {
        "village": "a", "home": f"h{number}", "entry": f"e{number}", "submission": f"uuid:{number}",
        "mode": "self", "finished": START + pd.Timedelta(minutes=number), "flags": "",
        "seconds": 300.0, "path": 1, "user": "1", "exclude": "0", "A6": "", "A7": "", "A8": "",
    } | dict.fromkeys(SAID, "")  # fmt: skip
    return row | dict.fromkeys(QUESTIONS, "") | more


def looked_at(rows):
    frame = pd.DataFrame(rows).astype({"seconds": "float64"})
    frame["finished"] = pd.to_datetime(frame["finished"], utc=True)
    return quality(printed(frame), INDICATORS)


def printed(frame):
    found = [fingerprint(row, QUESTIONS) for row in frame.to_dict("records")]
    same, answered = zip(*found, strict=True)
    return frame.assign(same=np.array(same, np.uint64), answered=np.array(answered, np.int64))


# The definitions, one person after the other -----------------------------------------------------


def straight_lines(one):
    said = [one[name] for name in SAID if one[name]]
    return len(said) >= 3 and len(set(said)) == 1 and said[0] in ("1", "2", "4", "5")


def speeds(one, rows):
    def like(other, *names):
        return all(other[name] == one[name] for name in names)

    if np.isnan(one["seconds"]):
        return False
    for names in (("mode", "path"), ("mode", "user"), ("mode",)):
        if any(one[name] in (None, "") for name in names):
            continue
        times = [o["seconds"] for o in rows if like(o, *names) and not np.isnan(o["seconds"])]
        if len(times) >= 10:
            return one["seconds"] < statistics.median(times) / 3
    return False


def number(one, name):
    return float(one[name]) if one[name] else float("nan")


def contradicts(one, rows):
    if any(number(one, part) > number(one, "A6") for part in ("A7", "A8")):
        return True
    home = [o for o in rows if (o["village"], o["home"]) == (one["village"], one["home"])]
    for other in sorted(home, key=lambda o: o["finished"]):
        adults, phones, online = (number(other, name) for name in ("A6", "A7", "A8"))
        if adults >= 1 and 0 <= phones <= adults and 0 <= online <= adults:
            return online < sum(o["user"] == "1" for o in home)
    return False


def duplicates(one, rows):
    return any(
        other["village"] == one["village"]
        and other["entry"] != one["entry"]
        and all(other[name] == one[name] for name in QUESTIONS)
        for other in rows
    ) and sum(one[name] != "" for name in QUESTIONS) >= 15  # fmt: skip


def expected(rows):
    kept = [one for one in rows if one["finished"] is not pd.NaT and one["exclude"] != "1"]
    return [
        [
            straight_lines(one), speeds(one, kept), contradicts(one, kept), duplicates(one, kept),
        ]
        if one in kept else [False] * 4
        for one in rows
    ]  # fmt: skip


# Kinds of answers, so that equal ones meet; the seventeenth of them is never given in full.
KINDS = [
    dict.fromkeys(QUESTIONS, "a"),
    dict.fromkeys(QUESTIONS, "a") | {"Q0": ""},
    dict.fromkeys(QUESTIONS, "a") | {"Q0": "", "Q1": ""},
    dict.fromkeys(QUESTIONS, "a b") | {"Q15": "c"},
]


@st.composite
def people(draw):
    choose = draw(st.randoms(use_true_random=False))
    rows = []
    minutes = list(range(45))
    choose.shuffle(minutes)
    for at in range(draw(st.integers(1, 45))):
        home = choose.randrange(12)
        rows.append(
            person(
                at,
                village="ab"[home % 2],
                home=f"h{home}",
                entry=f"e{home}-{choose.randrange(3)}",
                mode=choose.choice(["self", "self", "proxy"]),
                path=choose.choice([1, 1, 1, 2, None]),
                seconds=choose.choice([float("nan"), 10.0, 90.0, 100.0, 101.0, 300.0, 303.0]),
                user=choose.choice(["1", "1", "0", ""]),
                exclude=choose.choice(["0"] * 9 + ["1"]),
                finished=pd.NaT
                if choose.randrange(12) == 0
                else START + pd.Timedelta(minutes=minutes[at]),
                **{name: choose.choice(["", "1", "2", "3"]) for name in ("A6", "A7", "A8")},
                **choose.choice(
                    [dict.fromkeys(SAID, v) for v in ("1", "3", "5", "8", "")]
                    + [{"S1": "4", "S2": "4", "S3": "4"}, {"S1": "4", "S2": "4"},
                       {"S1": "5", "S2": "5", "S3": "5", "S4": "8"}, {"S1": "1", "S2": "5"}]
                ),
                **choose.choice(KINDS),
            )
        )  # fmt: skip
    return rows


@settings(max_examples=60)
@given(people(), st.randoms(use_true_random=False))
def test_flags_are_what_their_definitions_say_in_any_order_of_rows(rows, shuffled):
    shuffled.shuffle(rows)
    found = looked_at(rows)
    assert found.marks.to_numpy().tolist() == expected(rows)
    for code, row in found.counts.iterrows():
        here = [
            marks for one, marks in zip(rows, expected(rows), strict=True)
            if one["village"] == code and one["finished"] is not pd.NaT and one["exclude"] != "1"
        ]  # fmt: skip
        assert row[list(FLAGS)].tolist() == [sum(column) for column in zip(*here, strict=True)] or (
            not here and not row.any()
        )
        assert row["persons"] == len(here)
        assert row["flagged"] == sum(any(marks) for marks in here)


def test_a_third_of_the_median_is_not_under_it_and_nine_are_too_few():
    seconds = np.array([300.0] * 9 + [100, 99])
    alike = np.zeros(11, np.int64)
    assert speeding(seconds, alike, alike, np.ones(11)).tolist() == [False] * 10 + [True]
    assert not speeding(seconds[2:], alike[2:], alike[2:], np.ones(9)).any()
    # A path of 9 is compared with the users, who are slower: 100 is under a third of theirs.
    path = np.array([0] * 20 + [1] * 9)
    times = np.array([900.0] * 20 + [290.0] * 8 + [310])
    users = speeding(times, np.zeros(29, np.int64), path, np.ones(29))
    assert users.tolist() == [False] * 20 + [True] * 8 + [False]
    # A path of 10 is compared with itself.
    times, path = np.append(times, 290), np.append(path, 1)
    assert not speeding(times, np.zeros(30, np.int64), path, np.ones(30)).any()


def test_who_is_a_user_and_what_was_asked_may_be_unknown_then_the_mode_decides():
    times = np.array([900.0] * 40 + [290.0] * 10 + [80])
    mode = np.array([0] * 40 + [1] * 11)
    unknown = np.full(51, np.nan)
    found = speeding(times, mode, np.array([0] * 40 + [-1] * 11), unknown)
    assert found.tolist() == [False] * 50 + [True]
    assert speeding(times, mode, np.full(51, -1), unknown).tolist() == found.tolist()


def test_a_short_roster_marks_the_whole_home_and_is_counted_once():
    roster = {"A6": "3", "A7": "0", "A8": "1"}
    rows = [
        person(0, home="x", **roster), person(1, home="x"), person(2, home="x", user="0"),
        person(3, home="y", **roster), person(4, home="y", user="0", A6="3", A7="0", A8="3"),
        person(5, home="z", A6="2", A7="3"),
    ]  # fmt: skip
    found = looked_at(rows)
    assert found.marks["contradiction"].tolist() == [True, True, True, False, False, True]
    counted = found.counts.loc["a"]
    assert (counted["contradiction"], counted["rosters_short"], counted["rosters_differ"]) == (
        4, 1, 1,
    )  # fmt: skip
    assert (counted["persons"], counted["homes"]) == (6, 3)


def test_what_the_frame_brought_counts_as_flagged():
    assert looked_at([person(0, flags="seen_before"), person(1)]).counts.loc["a", "flagged"] == 1


def test_a_fingerprint_is_of_the_answers_alone():
    people = [{"A": "1"}, {"A": "2", "B": "x y"}, {"A": "1", "B": "", "D": "3"}, {"B": "1"}]
    found = [fingerprint(one, "ABC") for one in people]
    assert [answered for _, answered in found] == [1, 2, 1, 1]
    # Who answered the same to these has the same; the same answer to another question is another.
    assert found[0] == found[2]
    assert len(set(found)) == 3
    assert fingerprint({"B": "x y", "A": "2"}, "CBA") == found[1]
    assert fingerprint(people[1], "XY")[1] == 0


def test_missing_columns_are_named_and_roles_may_be_missing():
    frame = pd.DataFrame([person(0)])
    with pytest.raises(ValueError, match="same, answered"):
        quality(frame, INDICATORS)
    frame = printed(frame)
    assert not quality(frame.drop(columns=[*SAID, "A6", "user"]), ()).marks.to_numpy().any()
    assert quality(frame[:0], INDICATORS).counts.empty
