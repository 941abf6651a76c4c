"""Repeats: what a person adds, takes away and corrects, and what is computed over them."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.form.xlsform import convert
from surveys.interview.engine import begin, nodes, prompt, recomputed, step, submission
from surveys.interview.plan import places_of
from surveys.interview.state import (
    Ask,
    Begin,
    Closed,
    Given,
    Located,
    Redraw,
    Tapped,
    Typed,
    from_json,
    to_json,
)  # fmt: skip

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)

ROSTER = convert(
    b"""
| survey | | | | | | | |
| | type | name | label | relevant | calculation | repeat_count | default |
| | integer | rooms | Rooms | | | | |
| | begin_repeat | person | Person | ${rooms} > 0 | | | |
| | text | name | Name of person ${place} | | | | |
| | integer | age | Age of ${name} | | | | |
| | calculate | place | | | position(..) | | |
| | calculate | older | | | count(../../person[age > current()/../age]) | | |
| | begin_repeat | phone | Phone | ${age} > 9 | | 2 | |
| | text | number | Number | | | | none |
| | end_repeat | | | | | | |
| | end_repeat | | | | | | |
| | calculate | total | | | sum(${age}) | | |
| | calculate | names | | | join(', ', ${name}) | | |
| | calculate | numbers | | | count-non-empty(${number}) | | |
| | note | told | ${names}: ${total} | | | | |
| settings | | |
| | form_id | version |
| | roster | 1 |
""",
    "roster.md",
).form


def run(interview, *events):
    for event in events:
        interview, effects = step(ROSTER, from_json(json.loads(json.dumps(to_json(interview)))),
                                  event, NOW)  # fmt: skip
    return interview, effects


def asked(effects):
    return [one.prompt for one in effects if isinstance(one, Ask)][-1]


def said(interview, *answers):
    """Answers one after the other: a text, or add, enough, remove, back, skip."""
    effects = ()
    for answer in answers:
        seq = interview.asked
        actions = ("add", "enough", "remove", "back", "skip")
        event = Tapped(seq, answer) if answer in actions else Given(answer)
        interview, effects = run(interview, event)
    return interview, effects


def started():
    return run(begin(ROSTER, 7, ""), Begin())


def test_a_household_one_after_the_other():
    interview, effects = started()
    interview, effects = said(interview, "3", "Li", "70")
    # From the age on there are two phones, of which each comes with a word that is confirmed.
    assert asked(effects).path == "/data/person[1]/phone[1]/number"
    assert asked(effects).answer == "none"
    assert asked(effects).around == (("Person", 1), ("Phone", 1))
    interview, effects = said(interview, "139", "skip")
    offer = asked(effects)
    assert (offer.path, offer.type, offer.instances) == ("/data/person", "repeat", 1)
    interview, effects = said(interview, "add")
    assert asked(effects).label == "Name of person 2"
    interview, effects = said(interview, "Wang", "8", "enough")
    assert interview.status == "finished"
    kept = submission(ROSTER, interview)
    assert kept["/data/total"] == "78"
    assert kept["/data/names"] == "Li, Wang"
    assert kept["/data/numbers"] == "1"
    assert kept["/data/person[2]/older"] == "1"
    rows = [key for key in kept if key.endswith("]")]
    assert rows == [
        "/data/person[1]", "/data/person[1]/phone[1]", "/data/person[1]/phone[2]", "/data/person[2]"
    ]  # fmt: skip
    assert "/data/person[2]/phone" not in interview.instances


def test_an_instance_that_is_taken_away_leaves_nothing():
    interview, _ = started()
    interview, _ = said(interview, "1", "Li", "70", "139", "137", "add", "Wang", "60", "136", "135")
    before = set(interview.answers)
    interview, effects = said(interview, "remove")
    closed = next(one for one in effects if isinstance(one, Closed))
    assert (closed.how, closed.shown) == ("removed", "1")
    assert not [key for key in (*interview.answers, *interview.instances) if "person[2]" in key]
    assert set(interview.answers) == {key for key in before if "person[2]" not in key}
    assert interview.answers["/data/total"] == "70"
    assert interview.answers["/data/person[1]/older"] == "0"
    assert asked(effects).instances == 1
    interview, effects = said(interview, "remove", "enough")
    assert interview.instances == {}
    assert interview.status == "finished"


def test_back_goes_into_the_instance_before_and_the_offer_comes_again():
    interview, _ = started()
    interview, _ = said(interview, "1", "Li", "7", "add", "Wang", "5", "back")
    assert interview.current == "/data/person[2]/age"
    interview, effects = said(interview, "back", "back")
    assert asked(effects).path == "/data/person[1]/age"
    assert asked(effects).answer == "7"
    interview, effects = said(interview, "12")
    # Older than nine now: phones are asked that were not there before.
    assert interview.current == "/data/person[1]/phone[1]/number"
    interview, effects = said(interview, "1", "2")
    assert asked(effects).type == "repeat"
    assert interview.answers["/data/person[2]/older"] == "1"


def test_a_group_of_instances_that_is_not_relevant_is_neither_asked_nor_kept():
    interview, _ = started()
    interview, _ = said(interview, "0")
    assert interview.status == "finished"
    assert [key for key in submission(ROSTER, interview) if "person" in key] == []
    relevant = {path: shown for path, shown, _ in nodes(ROSTER, interview, NOW)}
    assert relevant["/data/person[1]/name"] is False


EVENTS = st.one_of(
    st.sampled_from(["add", "enough", "remove", "back", "skip", "again"]),
    st.integers(-1, 30).map(str),
    st.sampled_from(["Li", "Wang", "x y", "2"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(EVENTS, max_size=40))
def test_whatever_is_done_what_is_computed_is_what_a_fresh_look_gives(events):
    """Answers stand in instances that are there, and every calculation is up to date."""
    interview, _ = started()
    for event in events:
        if interview.status == "finished":
            break
        if event == "again":
            interview, _ = run(interview, Begin())
        else:
            interview, _ = said(interview, event)
        assert recomputed(ROSTER, interview, NOW) == interview
        there = {path for path, *_ in nodes(ROSTER, interview, NOW)}
        assert set(interview.answers) <= there
        assert interview.status == "finished" or prompt(ROSTER, interview, NOW) is not None


@pytest.mark.parametrize(
    ("key", "path", "places"),
    [("/d/a", "/d/a", ()), ("/d/r[12]/s[3]/a", "/d/r/s/a", (12, 3)), ("/d/r[1]/s", "/d/r/s", (1,))],
)
def test_the_key_of_a_node_says_which_instance(key, path, places):
    assert places_of(key) == (path, places)


def test_what_a_chance_or_a_clock_gave_stays_while_others_are_answered():
    form = convert(
        b"""
| survey | | | | |
| | type | name | label | calculation |
| | integer | a | A | |
| | calculate | at | | if(${a} > 0, now(), '') |
| | calculate | die | | int(random() * 1000000) + 0 * ${a} |
| | integer | b | B | |
| | begin_repeat | r | R | |
| | integer | c | C | |
| | calculate | when | | if(${c} > 0, now(), '') |
| | end_repeat | | | |
""",
        "clock.md",
    ).form
    interview, _ = step(form, begin(form, 3, ""), Begin(), NOW)
    hours = iter(range(10, 20))
    for value in ("1", "2", "3", "add", "4"):
        event = Tapped(interview.asked, "add") if value == "add" else Given(value)
        interview, _ = step(form, interview, event, NOW.replace(hour=next(hours)))
        if value == "1":
            at, die = interview.answers["/data/at"], interview.answers["/data/die"]
    assert interview.answers["/data/at"] == at == "2026-11-28T10:00:00.000Z"
    assert interview.answers["/data/die"] == die
    whens = [interview.answers[f"/data/r[{place}]/when"] for place in (1, 2)]
    assert whens == ["2026-11-28T12:00:00.000Z", "2026-11-28T14:00:00.000Z"]


def test_a_line_is_drawn_place_by_place_sent_or_typed():
    form = convert(
        b"""
| survey | | |
| | type | name | label |
| | geotrace | path | Walk along the path |
| settings | | |
| | form_id | version |
| | path | 1 |
""",
        "path.md",
    ).form
    interview, _ = step(form, begin(form, 3, ""), Begin(), NOW)
    interview, effects = step(form, interview, Typed("30.5, 114.3"), NOW)
    assert isinstance(effects[-1], Redraw)
    refused, effects = step(form, interview, Tapped(interview.asked, "done"), NOW)
    assert effects[0].reason == "not_enough_places"
    interview, _ = step(form, refused, Located(30.25, 114.5, 12.0, 4.0), NOW)
    interview, _ = step(form, interview, Tapped(interview.asked, "done"), NOW)
    assert interview.answers["/data/path"] == "30.5 114.3 0.0 0.0; 30.25 114.5 12.0 4.0"
