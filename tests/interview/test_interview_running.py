"""A form run with answers from a file asks, refuses, ends and corrects as docs/form-run.md says."""

from datetime import UTC, datetime

import pytest

from surveys.form.xlsform import convert
from surveys.interview.prepared import AnswersError, read_answers
from surveys.interview.running import run

NOW = datetime(2024, 5, 6, 7, 8, tzinfo=UTC)
HOUSE = """
| survey |
| | type | name | label | relevant | constraint | constraint_message | required \
| default | repeat_count | calculation |
| | note | hello | Hello | | | | | | | |
| | integer | age | Age | | . > 17 | Too young | yes | | | |
| | select_multiple crop | crops | Crops | | count-selected(.) < 3 | | | maize | | |
| | begin repeat | person | Person | | | | | | | |
| | text | name | Name ${place} | | | | | | | |
| | calculate | place | | | | | | | | position(..) |
| | begin repeat | visit | Visit | | | | | | | |
| | integer | days | Days of ${name} | | | | | | | |
| | end repeat | | | | | | | | | |
| | end repeat | | | | | | | | | |
| | begin repeat | plot | Plot | | | | | | ${age} - 18 | |
| | decimal | size | Size | | | | | | | |
| | end repeat | | | | | | | | | |
| | text | old | Old | ${age} > 60 | | | yes | | | |
| choices |
| | list_name | name | label |
| | crop | maize | Maize |
| | crop | beans | Beans |
| | crop | rice | Rice |
"""


def ran(answers, table=HOUSE, language=""):
    form = convert(table.encode(), "data.md").form
    return run(form, read_answers(form, answers), language=language, now=NOW)


def asked(done):
    return [(one.node, one.answer, one.accepted) for one in done.asked]


def kept(done):
    return {path: value for path, relevant, value in done.nodes if relevant and value}


def test_repeats_take_lists_and_a_default_that_nothing_is_said_of_is_confirmed():
    done = ran({
        "/data/age": 20, "/data/person/name": ["Ann", None, "Cem"],
        "/data/person/visit/days": [[1, 2], [3]], "/data/plot/size": [2.5],
    })  # fmt: skip
    assert asked(done) == [
        ("/data/hello", None, True),
        ("/data/age", "20", True),
        ("/data/crops", "maize", True),
        ("/data/person[1]/name", "Ann", True),
        ("/data/person[1]/visit[1]/days", "1", True),
        ("/data/person[1]/visit[2]/days", "2", True),
        ("/data/person[2]/name", None, True),
        ("/data/person[2]/visit[1]/days", "3", True),
        ("/data/person[3]/name", "Cem", True),
        ("/data/plot[1]/size", "2.5", True),
        ("/data/plot[2]/size", None, True),
    ]
    assert done.finished
    assert [one.label for one in done.asked[3:6]] == ["Name 1", "Days of Ann", "Days of Ann"]
    assert done.asked[2].choices == (("maize", "Maize"), ("beans", "Beans"), ("rice", "Rice"))
    assert kept(done)["/data/person[3]/place"] == "3"
    assert ("/data/old", False, "") in done.nodes


def test_what_is_refused_leaves_what_was_there_and_ends_what_is_required_and_empty():
    done = ran({"/data/age": 20, "/data/crops": ["rice", "maize", "beans"]})
    crops = done.asked[2]
    assert (crops.answer, crops.accepted, bool(crops.message)) == ("rice maize beans", False, True)
    assert kept(done)["/data/crops"] == "maize"
    assert done.finished

    bare = HOUSE.replace(
        "| maize | | |\n| | begin repeat | person", "| | | |\n| | begin repeat | person"
    )
    done = ran({"/data/age": 20, "/data/crops": ["rice", "maize", "beans"]}, bare)
    assert not done.asked[2].accepted
    assert "/data/crops" not in kept(done)
    assert done.finished

    done = ran({"/data/age": 17})
    assert (done.asked[-1].answer, done.asked[-1].message) == ("17", "Too young")
    assert not done.finished
    assert "/data/age" not in kept(done)


@pytest.mark.parametrize(
    ("answers", "last"),
    [
        ({}, ("/data/age", None, False)),
        ({"/data/age": 61}, ("/data/old", None, False)),
        ({"/data/age": 61, "/data/old": ""}, ("/data/old", None, False)),
    ],
)
def test_an_empty_required_question_ends_the_run(answers, last):
    done = ran(answers)
    assert asked(done)[-1] == last
    assert done.asked[-1].message
    assert not done.finished
    assert done.document()["finished"] is False


def test_corrections_go_back_and_ask_what_has_become_open():
    done = ran({
        "/data/age": 18, "/data/old": "yes", "/data/crops": None, "/data/person/name": ["Ann"],
        "/data/plot/size": [1, 2],
        "corrections": [
            ["/data/age", 61], ["/data/person/name", "Zoe"], ["/data/person[9]/name", "no"],
            ["/data/age", 20], ["/data/age", 16], ["/data/age", 30],
        ],
    })  # fmt: skip
    told = asked(done)
    assert told[:6] == [
        ("/data/hello", None, True),
        ("/data/age", "18", True),
        ("/data/crops", None, True),
        ("/data/person[1]/name", "Ann", True),
        ("/data/person[1]/visit[1]/days", None, True),
        ("/data/plot[1]/size", "1", True),
    ]
    # 61 opens 42 more plots and the last question; at 20 nothing is asked again; 16 is refused.
    assert told[6:9] == [
        ("/data/age", "61", True),
        ("/data/plot[2]/size", "2", True),
        ("/data/plot[3]/size", None, True),
    ]
    assert told[-6:] == [
        ("/data/old", "yes", True),
        ("/data/person[1]/name", "Zoe", True),
        ("/data/person[9]/name", "no", False),
        ("/data/age", "20", True),
        ("/data/age", "16", False),
        ("/data/age", "30", True),
    ]
    assert done.finished
    assert kept(done)["/data/age"] == "30"
    assert kept(done)["/data/person[1]/name"] == "Zoe"
    assert ("/data/old", False, "yes") in done.nodes


def test_select_multiple_is_kept_just_as_given_though_a_tap_would_drop_none_of_these():
    table = HOUSE.replace(
        "count-selected(.) < 3", "not(selected(., 'rice') and selected(., 'beans'))"
    )
    done = ran({"/data/age": 20, "/data/crops": "beans rice"}, table)
    assert (done.asked[2].accepted, kept(done)["/data/crops"]) == (False, "maize")
    done = ran({"/data/age": 20, "/data/crops": "rice maize"}, table)
    assert kept(done)["/data/crops"] == "maize rice"


def test_answers_that_cannot_be_understood_are_named_all_at_once():
    form = convert(HOUSE.encode(), "data.md").form
    wrong = {
        "/data/age": [1], "/data/person/name": "Ann", "/data/person/visit/days": [3],
        "/data/crops": {"a": 1},
        "corrections": [["/data/none", 1], ["/data/age"], ["/data/age", {}]],
    }  # fmt: skip
    with pytest.raises(AnswersError) as caught:
        read_answers(form, wrong)
    assert len(caught.value.problems) == 7
    assert "lists in lists, 2 deep" in caught.value.problems[2]
    for document in ([], 3, None, {"corrections": 5}):
        with pytest.raises(AnswersError):
            read_answers(form, document)
    given = read_answers(form, {"/data/age": 34.0, "/data/ago": 1, "/data/person/name": None})
    assert (given.answer("/data/age"), given.unknown) == ("34", ("/data/ago",))
    assert given.answer("/data/person[1]/name") is None
