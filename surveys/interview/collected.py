"""Answers collected elsewhere (on paper, in ODK Collect), as an interview by the form's rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from surveys.form.model import MEDIA_TYPES, Form, Question
from surveys.interview import answers as reading
from surveys.interview.canonical import canonical
from surveys.interview.course import Course
from surveys.interview.engine import begin, recomputed, step
from surveys.interview.plan import Stop, plan_of, stop_of
from surveys.interview.scope import InterviewScope
from surveys.interview.state import Begin, Interview, RefusalReason

_WHOLE = re.compile(r"\.0+$")
"""What a spreadsheet appends to the numbers of a column that has gaps."""


MisfitReason = RefusalReason | Literal["not_relevant"]
"""not_relevant: answered, where the form would not have asked."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """One answer that the form does not take as it stands, or lacks."""

    path: str
    reason: MisfitReason


def can_be_given(question: Question) -> bool:
    """Whether an answer to it can come from a table: it is asked, not computed, and no file."""
    return question.asked and question.calculation is None and question.type not in MEDIA_TYPES


def collected(  # noqa: PLR0917 - the names speak
    form: Form,
    given: Mapping[str, str],
    seed: int,
    language: str,
    started: datetime,
    ended: datetime,
) -> tuple[Interview, tuple[Misfit, ...]]:
    """The interview that these answers make, finished unless there are misfits; and those.

    given: path -> what stands there, of questions that `can_be_given`: a choice by its value,
    several with spaces between; numbers and days as people write them; "" for no answer. A question
    that is not in it keeps the form's default. Relevance, requirements, constraints and what is
    computed are the form's. `seed` and `language` as `engine.begin`; the times are in the area's
    zone. Misfits come in the order of the form; what is not relevant because of another misfit is
    not told.
    """
    plan = plan_of(form)
    answers: dict[str, str] = {}
    found: dict[str, Misfit] = {}
    for path, text in given.items():
        if text.strip():
            value, unread = _value(plan.questions[path], text, ended)
            if unread is None:
                answers[path] = value
            else:
                found[path] = Misfit(path, unread)
    begun, _ = step(form, begin(form, seed, language), Begin(), started)
    kept = {path: value for path, value in begun.answers.items() if path not in given}
    answers = kept | answers
    passed = [
        question.path
        for question in plan.walk
        if question.asked and (not answers.get(question.path) or question.path in plan.prefilled)
    ]
    interview = replace(begun, answers=answers, current=None, draft=(), passed=tuple(passed))
    interview, _ = step(form, recomputed(form, interview, ended), Begin(), ended)
    scope = InterviewScope(
        plan,
        dict(interview.answers),
        language=interview.language,
        seed=seed,
        draws=interview.draws,
        now=ended,
        instances=interview.instances,
    )
    course = Course(scope, {})
    broken = set(found)
    for question in plan.walk:
        path = question.path
        stop = stop_of(question, (), path)
        if path in broken or plan.chains[path] or course.is_note(stop):
            continue
        reason = _misfit(course, stop, question, bool(given.get(path, "").strip()))
        if reason == "not_relevant" and not broken.isdisjoint(plan.sources[path]):
            broken.add(path)
        elif reason is not None:
            broken.add(path)
            found[path] = Misfit(path, reason)
    order = {question.path: place for place, question in enumerate(plan.walk)}
    return interview, tuple(sorted(found.values(), key=lambda one: order[one.path]))


def _misfit(course: Course, stop: Stop, question: Question, answered: bool) -> MisfitReason | None:
    path = question.path
    if not course.scope.relevant(path):
        return "not_relevant" if answered else None
    if not course.answers.get(path):
        return "required" if course.required(stop) else None
    if question.constraint is not None and not course.scope.truth(question.constraint, path):
        return "constraint"
    return None


def _value(question: Question, text: str, now: datetime) -> tuple[str, RefusalReason | None]:
    """The value as an XForm writes it, or why there is none."""
    if question.choices is not None:
        known = {choice.value for choice in question.choices.choices}
        several = question.type == "select_multiple"
        words = text.split() if several else [text.strip()]
        values = [one if one in known else _WHOLE.sub("", one) for one in words]
        if not known.issuperset(values):
            return "", "not_a_choice"
        listed = [one.value for one in question.choices.choices if one.value in values]
        return (" ".join(listed) if several else values[0]), None
    if question.type == "text":
        said = reading.readable(text)
        return ("", "text_too_long") if len(said) > reading.TEXT_LIMIT else (said, None)
    found = reading.read(question.type, (), text, now.date(), now=now)
    if isinstance(found, reading.Read):
        return canonical(question, found.values[0], now)
    if isinstance(found, reading.Unread):
        return "", found.reason
    return "", "not_text"
