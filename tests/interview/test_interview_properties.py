"""What holds of `step` for any form and anybody."""

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from small_forms import NOW, Plain, forms

from surveys.form.model import Question
from surveys.interview.engine import begin, prompt, step, submission
from surveys.interview.state import (
    Ask,
    Begin,
    Closed,
    Redraw,
    Sent,
    Spoke,
    Stale,
    Tapped,
    Typed,
    from_json,
    to_json,
)

TYPED = st.one_of(
    st.sampled_from(
        ["1", "2", "a", "choice b", "1 2", "none", "3", "九", "3.5", "2026-11-03", "昨天", "hello",
         "back", "skip", "done", "/stop", "/back", "99"],
    ),
    st.text(max_size=6),
)  # fmt: skip


@st.composite
def events(draw, seq):
    kind = draw(st.integers(0, 11))
    if kind <= 3:
        return Tapped(seq, draw(st.integers(-1, 5)))
    if kind <= 6:
        return Typed(draw(TYPED))
    if kind <= 8:
        return Tapped(seq, draw(st.sampled_from(["done", "back", "skip", "stop"])))
    others = st.sampled_from(
        [Begin(), Sent("sticker"), Spoke("中文 (zh)"), Spoke("?"), Tapped(seq - 1, 0)]
    )
    return draw(others)


def kept(interview):
    return from_json(json.loads(json.dumps(to_json(interview))))


def answer(draw, form, asked):
    """Something that a sensible person does with this question."""
    if asked.type == "select_one":
        return Tapped(asked.seq, draw(st.integers(0, len(asked.choices) - 1)))
    if asked.type == "select_multiple":
        places = draw(st.sets(st.integers(1, len(asked.choices)), min_size=1, max_size=2))
        return Typed(" ".join(map(str, places)))
    words = {"integer": "12345", "decimal": "1234", "date": "", "text": ""}[asked.type]
    if words:
        return Typed(draw(st.sampled_from(words)))
    return Typed("2026-11-03" if asked.type == "date" else draw(st.sampled_from(["x", "yz"])))


def ahead(form, interview):
    """Whether everything before the question at hand is settled: nobody has gone back."""
    _, effects = step(form, replace(interview, current=None), Begin(), NOW)
    return any(isinstance(one, Ask) and one.prompt.path == interview.current for one in effects)


def go_on(draw, form, interview, limit=30):
    """Answer until the end, or until nothing fits; gives every interview on the way."""
    interview, _ = step(form, interview, Begin(), NOW)
    on_the_way = [interview]
    for _ in range(limit):
        asked = prompt(form, interview, NOW)
        if asked is None:
            break
        whim = draw(st.integers(0, 7))
        if whim == 7:
            event = Tapped(asked.seq, "back")
        elif whim > 4 and not asked.required:
            event = Tapped(asked.seq, "skip")
        else:
            event = answer(draw, form, asked)
        interview, effects = step(form, kept(interview), event, NOW)
        settled = any(isinstance(one, Closed) and one.how != "back" for one in effects)
        assert interview.current != asked.path or not settled or whim == 7
        if whim != 7 and settled and interview.status == "open":
            # Only what the answer moved was looked at; a look at everything finds the same.
            assert ahead(form, replace(interview, relevance=""))
        on_the_way.append(interview)
    return on_the_way


@settings(max_examples=300)
@given(forms(), st.data())
def test_whatever_happens(form, data):
    """Never raises, the document holds everything, a full pass computes what is computed."""
    interview = begin(form, data.draw(st.integers(0, 2**31)), form.languages[0])
    for _ in range(data.draw(st.integers(1, 25))):
        event = data.draw(events(interview.asked))
        before = interview
        assert kept(interview) == interview
        interview, effects = step(form, kept(interview), event, NOW)
        plain = Plain(form, interview)
        assert plain.answers == dict(interview.answers)
        assert submission(form, interview, NOW) == plain.submission
        # What is known of conditions without asking them is what asking them gives.
        unknown = replace(interview, relevance="")
        assert prompt(form, unknown, NOW) == prompt(form, interview, NOW)
        shown = [one.prompt for one in effects if isinstance(one, Ask | Redraw)]
        assert len(shown) <= 1
        if shown:
            assert shown[0] == prompt(form, interview, NOW)
            assert 1 <= shown[0].number <= shown[0].total
            assert interview.status == "open"
        if any(isinstance(one, Stale) for one in effects):
            assert replace(interview, status=before.status) == before
        if interview.status == "finished":
            assert interview.current is None
        else:
            assert interview.current is not None


@settings(max_examples=300)
@given(forms(steady=True), st.data())
def test_who_finishes_has_answered_everything_relevant(form, data):
    interview = go_on(data.draw, form, begin(form, 1, form.languages[0]))[-1]
    if interview.status != "finished":
        return
    plain = Plain(form, interview)
    assert submission(form, interview) == plain.submission
    assert set(plain.submission) <= plain.relevant
    for question in form.questions:
        if question.asked and question.path in plain.relevant:
            if question.read_only is not None and question.read_only.as_truth(plain):
                continue
            if plain.value(question.path):
                assert plain.allows(question)
            else:
                assert question.required is None or not question.required.as_truth(plain)


@settings(max_examples=300)
@given(forms(steady=True), st.data())
def test_going_back_and_answering_the_same_changes_nothing(form, data):
    way = go_on(data.draw, form, begin(form, 1, form.languages[0]))
    interview = data.draw(st.sampled_from(way))
    if not ahead(form, interview):
        return
    asked = prompt(form, interview, NOW)
    if asked is None or not asked.can_go_back:
        return
    steps = data.draw(st.integers(1, 4))
    gone = interview
    for _ in range(steps):
        gone, _ = step(form, gone, Tapped(gone.asked, "back"), NOW)
    for _ in range(steps):
        if gone.current == interview.current:
            break
        again = prompt(form, gone, NOW)
        node = form.nodes[gone.current]
        assert isinstance(node, Question)
        before = gone.answers.get(again.path, "")
        if not before:
            event = Tapped(again.seq, "skip")
        elif again.type == "select_one":
            values = [value for value, _ in again.choices]
            event = Tapped(again.seq, values.index(before))
        elif again.type == "select_multiple":
            assert set(again.selected) == set(before.split())
            event = Tapped(again.seq, "done")
        else:
            event = Typed(again.answer)
        gone, _ = step(form, gone, event, NOW)
    assert replace(gone, asked=interview.asked) == interview


@given(forms(), st.integers(0, 2**31), st.data())
def test_the_same_happens_twice(form, seed, data):
    """An interview is decided by its seed and its events alone."""
    told = data.draw(st.lists(events(1), max_size=8))
    ends = []
    for _ in range(2):
        interview = begin(form, seed, form.languages[1])
        for event in told:
            interview, effects = step(form, interview, event, NOW)
        ends.append((interview, told and effects))
    assert ends[0] == ends[1]
