"""What the form computes against the method, written down a second time in `method_scores`."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from method_scores import asked, is_user, items, lacks, scores
from respondents import respondent

from surveys.form.model import Form
from surveys.form.xform import load
from surveys.instruments import shipped
from surveys.interview.engine import begin, step, submission
from surveys.interview.state import Ask, Begin, Finished, Refused, Say, Tapped, Typed

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def same(computed: dict[str, str], given: dict[str, str]) -> None:
    for name, expected in (scores(given) | lacks(given) | items(given)).items():
        value = computed.get(name, "")
        if expected is None:
            assert value == "", (name, value, given)
        elif isinstance(expected, str):
            assert value == expected, (name, given)
        else:
            assert value != "", (name, given)
            assert float(value) == pytest.approx(float(expected), abs=1e-9), (name, given)


@pytest.fixture(scope="module")
def form(xform_of) -> Form:
    return load(xform_of(shipped()))


def engine(form: Form, given: dict[str, str], seed: int) -> tuple[set[str], dict[str, str]]:
    """Answers one question after the other, as a person does; skips what is not given."""
    interview, effects = step(form, begin(form, seed, form.languages[1]), Begin(), NOW)
    shown: set[str] = set()
    while True:
        assert not [one for one in effects if isinstance(one, Refused)], given
        shown |= {one.path.rpartition("/")[2] for one in effects if isinstance(one, Say)}
        asks = [one for one in effects if isinstance(one, Ask)]
        if not asks:
            break
        prompt = asks[-1].prompt
        name = prompt.path.rpartition("/")[2]
        if name not in given:
            events = [Tapped(prompt.seq, "skip")]
        elif prompt.choices:
            places = [value for value, _ in prompt.choices]
            events = [Tapped(prompt.seq, places.index(one)) for one in given[name].split()]
            if prompt.type == "select_multiple":
                events.append(Tapped(prompt.seq, "done"))
        else:
            events = [Typed(given[name])]
        for event in events:
            interview, effects = step(form, interview, event, NOW)
    assert any(isinstance(one, Finished) for one in effects)
    values = submission(form, interview, NOW)
    return shown, {path.rpartition("/")[2]: value for path, value in values.items()}


MAY_BE_SKIPPED = {"A6", "A7", "A8", "B6", "G1", "G2"}


def polite(sheets, seed: int) -> dict[str, str]:
    """A respondent who skips only what may be skipped."""
    with_gaps = respondent(sheets, seed)
    full = respondent(sheets, seed, skipping=0)
    return {k: v for k, v in full.items() if k in with_gaps or k not in MAY_BE_SKIPPED}


@settings(max_examples=120, deadline=None)
@drawn(seed=st.integers(0, 10**9))
def test_an_interview_scores_as_the_method_says(form, sheets, seed):
    given = polite(sheets, seed)
    _, values = engine(form, given, seed)
    same(values, given)
    assert {name for name in given if name in values} == asked(given) & set(given)


def test_scores_of_thousands_with_gaps_anywhere(form, sheets):
    """Answers put straight into the interview, so that required questions are missing too."""
    paths = {question.name: question.path for question in form.questions if question.asked}
    users = 0
    for seed in range(2000):
        given = respondent(sheets, seed, skipping=0.3 * (seed % 3) / 2)
        fresh = begin(form, seed, form.default_language)
        answers = {**fresh.answers, **{paths[name]: value for name, value in given.items()}}
        settled, _ = step(form, replace(fresh, answers=answers), Begin(), NOW)
        values = submission(form, settled, NOW)
        same({path.rpartition("/")[2]: value for path, value in values.items()}, given)
        users += is_user(given) is True
    assert 800 < users < 1800


def test_the_engine_and_javarosa_show_the_same_notes(form, javarosa, sheets):
    people = [polite(sheets, seed) for seed in range(500, 530)]
    notes = {question.name for question in form.questions if question.type == "note"}
    for given, (judged, _, expected) in zip(people, javarosa(people), strict=True):
        shown, values = engine(form, given, 7)
        assert shown == judged & notes
        kept = {"start", "end", "instanceID"} | {f"seed_k{n}" for n in range(1, 7)}
        numbers = {name for name in expected if name[:2] in ("s_", "i_", "d_")}
        assert set(values) - kept == set(expected) - kept
        for name in set(expected) - kept:
            if name in numbers:
                assert float(values[name]) == pytest.approx(float(expected[name]), abs=1e-9)
            elif name == "G2":
                assert values[name] == expected[name]
            else:
                assert set(values[name].split()) == set(expected[name].split())


def test_javarosa_scores_as_the_method_says(javarosa, sheets):
    people = [respondent(sheets, seed) for seed in range(80)]
    for given, (_, refused, values) in zip(people, javarosa(people), strict=True):
        assert refused == set()
        same(values, given)
        assert {name for name in given if name in values} == asked(given) & set(given)


def test_javarosa_refuses_what_cannot_be(javarosa, sheets):
    full = respondent(sheets, 1, skipping=0)
    full |= {"A1": "self", "A3": "35", "A5": "farm", "B4": "day"}
    nobody_online = full | {"B4": "never"}
    wrong = [
        (full, {"B1": "none smart"}),
        (full, {"C1": "none news"}),
        (full, {"R1": "none train"}),
        (full, {"R3": "none sell"}),
        (full, {"R4": "none dev"}),
        (full, {"F2": "none earn"}),
        (nobody_online, {"B7": "no fam"}),
        (full, {"A6": "0", "A7": "", "A8": ""}),
        (full, {"A6": "16", "A7": "", "A8": ""}),
        (full, {"A7": "3", "A6": "2"}),
        (full, {"A8": "3", "A6": "2"}),
        (full, {"G1": "net cost dev old"}),
        (full, {"G2": "字" * 201}),
    ]
    people = [{k: v for k, v in (base | bad).items() if v} for base, bad in wrong]
    right = [full, full | {"R4": "no dev", "G1": "net cost dev", "G2": "字" * 200}]
    told = javarosa(people + right)
    for (_, bad), (_, refused, _) in zip(wrong, told, strict=False):
        assert refused == {next(iter(bad))}, bad
    assert [refused for _, refused, _ in told[len(wrong) :]] == [set(), set()]


def test_everyone_reads_one_result_and_one_tip(javarosa, sheets):
    people = [respondent(sheets, seed, skipping=0) for seed in range(300, 360)]
    tips = set()
    for given, (shown, _, values) in zip(people, javarosa(people), strict=True):
        notes = [name for name in shown if name.startswith(("result_", "tip_", "young"))]
        if given["A3"] == "0":
            assert shown - {"note_proxy", "note_helped"} == {"young"}
            assert values["exclude"] == "1"
            assert "tip" not in values
            continue
        second = [name for name in shown if name.startswith(("riddles_", "heard_"))]
        assert (len(notes), len(second)) == (2, 1), (given, shown)
        assert f"tip_{values['tip']}" in notes
        tips.add(values["tip"])
    assert len(tips) > 5
