"""Answers collected elsewhere give what the chat would have made of them, or are told apart."""

from datetime import timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_forms import NOW, Plain, always, choices, form_of, forms, label
from test_interview_properties import go_on

from surveys.form.dates import written
from surveys.form.model import Group, Question
from surveys.form.xform import load
from surveys.interview.collected import Misfit, can_be_given, collected
from surveys.interview.engine import begin, submission

LATER = NOW + timedelta(minutes=9)


def take(form, given, seed=7):
    return collected(form, given, seed, form.languages[-1], NOW, LATER)


def loaded(rows, lists=""):
    from pyxform.xls2xform import convert

    head = "| survey | | | | | | | | |\n| | type | name | label | relevant | required | constraint"
    head += " | calculation | default |\n"
    return load(convert(head + rows + lists, file_type=".md").xform)


@settings(max_examples=60)
@given(forms(steady=True), st.data())
def test_it_is_the_interview_that_the_same_answers_make_one_by_one(form, data):
    *_, chat = go_on(data.draw, form, begin(form, 7, form.languages[-1]))
    assume(chat.status == "finished")
    told = Plain(form, chat)
    given_ = {
        question.path: chat.answers.get(question.path, "") if question.path in told.relevant else ""
        for question in form.questions
        if can_be_given(question)
    }
    interview, misfits = take(form, given_)
    assert misfits == ()
    assert interview.status == "finished"
    assert submission(form, interview) == submission(form, chat)


@settings(max_examples=60)
@given(forms(steady=True), st.data())
def test_it_is_finished_unless_something_does_not_fit_and_then_the_form_says_so(form, data):
    words = st.sampled_from(["", "a", "b", "none", "a b", "c none", "3", "12", "2026-11-03", "x y"])
    asked = [question for question in form.questions if can_be_given(question)]
    given_ = {question.path: data.draw(words) for question in asked if data.draw(st.booleans())}
    interview, misfits = take(form, given_)
    assert (interview.status == "finished") or misfits
    plain = Plain(form, interview, compute=False)
    for one in misfits:
        question = form.nodes[one.path]
        if one.reason == "not_relevant":
            assert given_[one.path]
            assert one.path not in plain.relevant
        elif one.reason == "required":
            assert one.path in plain.relevant
            assert not interview.answers.get(one.path)
        elif one.reason == "constraint":
            assert not plain.allows(question)
        else:
            assert given_[one.path]
            assert interview.answers.get(one.path, "") != given_[one.path]


LISTS = """| choices | | | |
| | list_name | name | label |
| | did | 1 | One |
| | did | 20 | Twenty |
| | did | none | None |
"""
ROWS = """| | start | start | | | | | | |
| | end | end | | | | | | |
| | select_one did | often | Often? | | yes | | | |
| | integer | all | How many? | | yes | . < 16 | | |
| | integer | part | How many of them? | ${all} != '' | | . <= ${all} | | |
| | select_multiple did | what | What? | ${often} = '1' | yes | count-selected(.) < 2 | | |
| | select_multiple did | more | What more? | ${what} != '' | | | | |
| | decimal | height | How tall? | | | | | 1.5 |
| | date | born | When? | | | | | |
| | text | said | What else? | | | | | |
| | calculate | many | | | | | count-selected(${what}) + ${all} | |
"""


@pytest.fixture(scope="module")
def form():
    return loaded(ROWS, LISTS)


def at(**given_):
    return {f"/data/{name}": value for name, value in given_.items()}


def test_values_as_spreadsheets_write_them(form):
    given_ = at(often=" 1.0 ", all="3.0", part="二", what="none", more="20.00 1",
                born="2026/3/2", said="\x07ok ")  # fmt: skip
    interview, misfits = take(form, given_)
    assert misfits == ()
    found = {path.rpartition("/")[2]: one for path, one in submission(form, interview).items()}
    assert found.pop("instanceID")
    assert found == {
        "often": "1", "all": "3", "part": "2", "what": "none", "more": "1 20", "height": "1.5",
        "born": "2026-03-02", "said": "ok", "many": "4",
        "start": written(NOW),
        "end": written(LATER),
    }  # fmt: skip
    # A default that the file leaves empty is no answer.
    interview, _ = take(form, at(often="20", all="3", height=""))
    assert "/data/height" not in submission(form, interview)


def misfits_of(form, **given_):
    _, misfits = take(form, at(**given_))
    return [(one.path.rpartition("/")[2], one.reason) for one in misfits]


def test_what_does_not_fit_is_told_all_at_once_in_the_order_of_the_form(form):
    assert misfits_of(form, said="x" * 10_001, born="soon", height="skip", all="16", often="1") == [
        ("all", "constraint"), ("what", "required"), ("height", "not_text"),
        ("born", "not_a_date"), ("said", "text_too_long"),
    ]  # fmt: skip
    assert misfits_of(form, often="1", all="2", part="3", what="1 none") == [
        ("part", "constraint"), ("what", "constraint"),
    ]  # fmt: skip
    assert misfits_of(form, often="20", all="2.5", what="1") == [
        ("all", "not_a_whole_number"), ("what", "not_relevant"),
    ]  # fmt: skip
    # What follows from something else that is wrong is not told.
    assert misfits_of(form, often="no", all="2", what="1", more="1") == [("often", "not_a_choice")]
    assert misfits_of(form, all="2", what="1", more="1") == [("often", "required")]
    assert misfits_of(form, often="1", all="x", part="1", what="1 x", more="1") == [
        ("all", "not_a_number"), ("what", "not_a_choice"),
    ]  # fmt: skip
    assert misfits_of(form, often="20", all="2", more="1") == [("more", "not_relevant")]


def test_what_is_shown_alone_is_not_asked():
    fixed = Question("/d/g/a", "a", "integer", label("a"), read_only=always(), required=always())
    form = form_of(Group("/d/g", "g", None, None, (fixed,)))
    interview, misfits = take(form, {})
    assert misfits == ()
    assert interview.status == "finished"
    one = Question("/d/q", "q", "select_one", label("q"), choices=choices(), required=always())
    interview, misfits = take(form_of(one), {})
    assert misfits == (Misfit("/d/q", "required"),)
    assert interview.status == "open"
