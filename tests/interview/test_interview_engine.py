"""What a conversation does not show: seeds, clocks, what is kept, what is left alone."""

import uuid
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_forms import LANGUAGES, NOW, VALUES, choices, expression, form_of, label

from surveys.form.model import Question, Text
from surveys.form.shuffling import shuffle
from surveys.interview.engine import begin, prompt, step, submission
from surveys.interview.plan import MOST_PLANS, plan_of
from surveys.interview.scope import InterviewScope
from surveys.interview.state import (
    Ask,
    Begin,
    Interview,
    Refused,
    Say,
    Sent,
    Tapped,
    Typed,
    from_json,
    to_json,
)

ENGLISH, CHINESE = LANGUAGES


def started(form, seed=7, language=ENGLISH):
    return step(form, begin(form, seed, language), Begin(), NOW)


def scope_of(form, **given):
    return InterviewScope(
        plan_of(form), {}, **{"language": ENGLISH, "seed": 7, "draws": 0, "now": NOW} | given
    )


def test_the_document_holds_only_what_differs():
    form = form_of(Question("/d/q", "q", "text", label("q")))
    fresh = begin(form, 7, "Klingon")
    assert to_json(fresh) == {"form": "d", "version": "1", "seed": 7, "language": ENGLISH}
    with pytest.raises(KeyError):
        from_json({"form": "d"})


@given(
    st.builds(
        Interview,
        form_id=st.text(), form_version=st.text(), seed=st.integers(), language=st.text(),
        answers=st.dictionaries(st.text(), st.text()), current=st.none() | st.text(),
        asked=st.integers(0), draft=st.lists(st.text()).map(tuple),
        passed=st.lists(st.text()).map(tuple), draws=st.integers(0),
        status=st.sampled_from(["open", "stopped", "finished"]), started=st.text(), ended=st.text(),
    )
)  # fmt: skip
def test_documents_and_interviews_are_inverse(interview):
    assert from_json(to_json(interview)) == interview


def test_a_step_leaves_the_interview_it_was_given_alone():
    form = form_of(Question("/d/q", "q", "select_multiple", label("q"), choices=choices()))
    interview, _ = started(form)
    for event in (Tapped(1, 0), Tapped(1, "done"), Typed("1 2"), Tapped(1, "skip"), Sent("photo")):
        before = to_json(interview)
        after, _ = step(form, interview, event, NOW)
        assert to_json(interview) == before
        assert after.answers is not interview.answers


def test_what_fills_itself():
    kinds = ("start", "today", "uid", "end")
    form = form_of(
        *(Question(f"/d/{one}", one, "calculate", preload=one) for one in kinds),
        Question("/d/meta", "meta", "calculate"),
        Question("/d/q", "q", "text", label("q")),
    )
    interview, _ = started(form)
    later = NOW + timedelta(minutes=9)
    assert "/d/end" not in submission(form, interview)
    interview, _ = step(form, interview, Typed("x"), later)
    kept = submission(form, interview)
    assert interview.started == "2026-11-24T09:00:00.000+00:00"
    assert kept["/d/start"] == "2026-11-24T09:00:00.000Z"
    assert interview.ended == later.isoformat(timespec="milliseconds")
    assert kept["/d/end"] == "2026-11-24T09:09:00.000Z"
    assert kept["/d/today"] == "2026-11-24"
    assert uuid.UUID(kept["/d/uid"].removeprefix("uuid:")).version == 4
    assert "/d/meta" not in kept
    other, _ = started(form, seed=8)
    assert other.answers["/d/uid"] != kept["/d/uid"]


def test_what_is_relevant_by_the_clock_is_asked_of_the_time_of_the_interview():
    evening = expression("now() > 17", (), lambda scope: scope.now.hour >= 17)
    form = form_of(
        Question("/d/q", "q", "text", label("q"), relevant=evening),
        Question("/d/r", "r", "text", label("r")),
    )
    late = NOW.replace(hour=18)
    interview, _ = step(form, begin(form, 1, ENGLISH), Begin(), late)
    interview, _ = step(form, interview, Typed("x"), late)
    interview, _ = step(form, interview, Typed("y"), late)
    assert submission(form, interview) == {"/d/q": "x", "/d/r": "y"}
    assert submission(form, interview, NOW) == {"/d/r": "y"}


def test_a_question_that_goes_away_by_itself_gives_way_to_the_next():
    morning = expression("now() < 12", (), lambda scope: scope.now.hour < 12)
    form = form_of(
        Question("/d/q", "q", "text", label("q"), relevant=morning),
        Question("/d/r", "r", "text", label("r")),
    )
    interview, _ = started(form)
    assert interview.current == "/d/q"
    interview, effects = step(form, interview, Begin(), NOW.replace(hour=13))
    assert [one.prompt.path for one in effects if isinstance(one, Ask)] == ["/d/r"]
    interview, effects = step(form, started(form)[0], Tapped(9, 0), NOW.replace(hour=13))
    asked = next(one.prompt for one in effects if isinstance(one, Ask))
    assert (asked.path, asked.number, asked.total) == ("/d/q", 1, 1)
    interview, _ = step(form, interview, Tapped(1, "back"), NOW.replace(hour=13))
    assert interview.current == "/d/r"


@pytest.mark.parametrize("given", ["", "3", "1234567"])
def test_choices_are_shuffled_by_their_seed_and_by_0_where_it_is_blank(given):
    seed = expression("/d/seed", {"/d/seed"}, lambda scope: scope.value("/d/seed"))
    form = form_of(
        Question("/d/seed", "seed", "calculate", default=given),
        Question("/d/q", "q", "select_one", label("q"), choices=choices("abcdef", True, seed)),
    )
    interview, effects = started(form, seed=99)
    asked = next(one.prompt for one in effects if isinstance(one, Ask))
    assert [value for value, _ in asked.choices] == shuffle("abcdef", float(given or 0))
    place = [value for value, _ in asked.choices].index("c")
    answered, _ = step(form, interview, Tapped(asked.seq, place), NOW)
    assert submission(form, answered)["/d/q"] == "c"
    assert submission(form, step(form, interview, Typed("choice c"), NOW)[0])["/d/q"] == "c"


def test_a_shuffled_list_stays_as_it_was_shown():
    form = form_of(
        Question("/d/q", "q", "select_one", label("q"), choices=choices("abcdef", True)),
        Question("/d/r", "r", "text", label("r")),
    )
    orders = set()
    for seed in range(20):
        interview, _ = started(form, seed)
        first = prompt(form, interview, NOW).choices
        gone, _ = step(form, interview, Tapped(1, 2), NOW)
        again, _ = step(form, gone, Tapped(2, "back"), NOW + timedelta(days=1))
        assert prompt(form, again, NOW).choices == first
        orders.add(first)
    assert len(orders) > 10


def test_several_choices_are_kept_in_the_order_of_their_list():
    form = form_of(
        Question("/d/q", "q", "select_multiple", label("q"), choices=choices(shuffled=True))
    )
    for seed in range(8):
        interview, _ = started(form, seed)
        interview, _ = step(form, interview, Typed("4 2 1"), NOW)
        kept = interview.answers["/d/q"].split()
        assert len(kept) == 3
        assert kept == sorted(kept, key=VALUES.index)


def test_what_was_toggled_and_what_is_typed_go_together():
    alone = expression(
        "exclusive", {"/d/q"}, lambda s: s.value("/d/q") == "none" or "none" not in s.value("/d/q")
    )
    form = form_of(
        Question("/d/q", "q", "select_multiple", label("q"), choices=choices(), constraint=alone)
    )
    interview, _ = started(form)
    tapped, _ = step(form, interview, Tapped(1, 0), NOW)
    assert step(form, tapped, Typed("3"), NOW)[0].answers["/d/q"] == "a c"
    assert step(form, tapped, Typed("1 3"), NOW)[0].answers["/d/q"] == "a c"
    assert step(form, tapped, Typed("4"), NOW)[0].answers["/d/q"] == "none"


def test_who_types_continue_sees_the_question_with_what_was_ticked():
    form = form_of(
        Question("/d/q", "q", "select_multiple", label("Which?"), choices=choices("a", "b"))
    )
    interview, _ = started(form)
    interview, _ = step(form, interview, Tapped(1, 0), NOW)
    after, effects = step(form, interview, Typed("Continue."), NOW)
    (asked,) = (one for one in effects if isinstance(one, Ask))
    assert asked.prompt.selected == ("a",)
    assert not any(isinstance(one, Refused) for one in effects)
    assert step(form, after, Tapped(2, "done"), NOW)[0].answers["/d/q"] == "a"


def test_what_cannot_be_taken_is_repeated_shortly():
    form = form_of(Question("/d/q", "q", "integer", label("q")))
    interview, _ = started(form)
    after, effects = step(form, interview, Typed("x" * 10_000), NOW)
    refused = next(one for one in effects if isinstance(one, Refused))
    assert len(refused.given) == 40
    assert after == interview


def test_words_are_found_in_whatever_language_there_is():
    only = Text({CHINESE: ("你好",)})
    other = Text({ENGLISH: ("Hello",)})
    form = form_of(
        Question("/d/n", "n", "note", only),
        Question("/d/silent", "silent", "note"),
        Question("/d/q", "q", "text"),
    )
    for language in LANGUAGES:
        _, effects = started(form, language=language)
        assert [one.text for one in effects if isinstance(one, Say)] == ["你好"]
        assert next(one.prompt.label for one in effects if isinstance(one, Ask)) == "q"
        scope = scope_of(form, language=language)
        assert scope.text(other, "") == "Hello"
        assert scope.text(Text({}), "") == scope.text(None, "") == ""


def test_labels_of_values():
    form = form_of(
        Question("/d/q", "q", "select_one", label("q"), choices=choices()),
        Question("/d/t", "t", "text", label("t")),
    )
    scope = scope_of(form, language=CHINESE)
    assert scope.choice_label("/d/q", (), "b") == "choice b？"
    assert scope.choice_label("/d/q", (), "z") == ""
    assert scope.choice_label("/d/t", (), "b") == scope.choice_label("/d/none", (), "b") == ""
    odd = replace(choices(("a",)).choices[0], label=Text({}))
    assert scope.label(odd, "/d/q") == "a"


def test_the_sequence_of_an_interview():
    form = form_of(Question("/d/q", "q", "text", label("q")))
    first, second = scope_of(form), scope_of(form)
    drawn = [first.random() for _ in range(2000)]
    assert drawn == [second.random() for _ in range(2000)]
    assert scope_of(form, draws=500).random() == drawn[500]
    assert drawn[0] != scope_of(form, seed=8).random()
    assert all(0 <= one < 1 for one in drawn)
    # Uniform: ten equal parts, chi-squared with 9 degrees of freedom, far beyond its 99.99 % point.
    parts = [sum(part <= 10 * one < part + 1 for one in drawn) for part in range(10)]
    assert sum((count - 200) ** 2 / 200 for count in parts) < 34
    # Neighbouring seeds start apart.
    starts = [scope_of(form, seed=seed).random() for seed in range(1000)]
    assert 0.45 < sum(starts) / 1000 < 0.55
    assert len(set(starts)) == 1000
    ids = {first.uuid() for _ in range(100)}
    assert len(ids) == 100
    assert all(
        uuid.UUID(one).version == 4 and uuid.UUID(one).variant == uuid.RFC_4122 for one in ids
    )


def test_plans_are_kept_by_form_and_not_for_ever():
    form = form_of(Question("/d/q", "q", "text", label("q")))
    same = form_of(Question("/d/q", "q", "integer", label("q")))
    assert plan_of(form) is plan_of(form)
    assert plan_of(same).form is same
    for _ in range(MOST_PLANS):
        plan_of(form_of(Question("/d/q", "q", "text", label("q"))))
    assert plan_of(form).form is form


def test_nothing_is_at_hand_before_and_after():
    form = form_of(Question("/d/q", "q", "text", label("q")))
    fresh = begin(form, 1, ENGLISH)
    assert prompt(form, fresh, NOW) is None
    done, _ = step(form, started(form)[0], Typed("x"), NOW)
    assert prompt(form, done, NOW) is None
    assert datetime.fromisoformat(done.ended) == NOW


def test_an_expression_knows_where_it_stands():
    """Also after it looked at another node, whose own conditions stand elsewhere."""
    seen = {}

    def told(name, answer, looks=True):
        def evaluate(scope):
            seen[name] = scope.here
            if looks:
                scope.value("/d/first")
                assert scope.here == seen[name]
            return answer

        return expression(name, (), evaluate)

    first = told("condition", True, looks=False)
    form = form_of(
        Question("/d/first", "first", "text", default="x", relevant=first),
        Question(
            "/d/q",
            "q",
            "text",
            Text({ENGLISH: ("It is ", told("label", "so"))}),
            constraint=told("constraint", True),
            required=told("required", True),
        ),
    )
    interview, _ = started(form)
    interview, _ = step(form, interview, Tapped(1, "done"), NOW)
    step(form, interview, Typed("y"), NOW)
    own = dict.fromkeys(("label", "constraint", "required"), "/d/q")
    assert seen == {"condition": "/d/first"} | own


def test_a_constraint_sees_what_its_own_answer_would_bring():
    gate = expression("selected", {"/d/q"}, lambda scope: "b" in scope.value("/d/q").split())
    free = expression("/d/c = ''", {"/d/c", "/d/q"}, lambda scope: scope.value("/d/c") == "")
    form = form_of(
        Question("/d/c", "c", "calculate", default="1", relevant=gate),
        Question("/d/q", "q", "select_multiple", label("q"), choices=choices(), constraint=free),
        order=("/d/q", "/d/c"),
    )
    interview, _ = started(form)
    interview, _ = step(form, interview, Tapped(1, 0), NOW)
    after, effects = step(form, interview, Tapped(1, 1), NOW)
    assert [one.reason for one in effects if isinstance(one, Refused)] == ["constraint"]
    assert after == interview
    assert step(form, interview, Tapped(1, "done"), NOW)[0].answers["/d/q"] == "a"


def test_what_hangs_on_the_day_is_settled_when_someone_comes_back():
    day = expression("today()", (), lambda scope: scope.now.date().isoformat())
    form = form_of(
        Question("/d/day", "day", "calculate", calculation=day),
        Question("/d/q", "q", "text", Text({ENGLISH: (expression("", {"/d/day"}, _day),)})),
    )
    interview, _ = started(form)
    _, effects = step(form, interview, Begin(), NOW + timedelta(days=1))
    asked = next(one.prompt for one in effects if isinstance(one, Ask))
    assert asked.label == "2026-11-25"


def _day(scope):
    return scope.value("/d/day")
