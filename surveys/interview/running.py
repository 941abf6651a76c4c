"""A form run with answers written down beforehand: what is asked, and what is in it at the end.

It goes through the engine as the bot does, so that what it shows is what a person meets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from surveys.form.model import Form, Question, language_of
from surveys.interview import engine
from surveys.interview.prepared import Prepared, without_instances
from surveys.interview.state import (
    Begin,
    Effect,
    Event,
    Interview,
    Prompt,
    RefusalReason,
    Refused,
    Say,
    Tapped,
)
from surveys.interview.turn import Turn

_CHOSEN = ("select_one", "select_multiple", "rank")
NOT_ASKED = "This question is not asked now."
SENTENCES: Mapping[RefusalReason, str] = {
    "required": "This question needs an answer.",
    "constraint": "This answer is not allowed here.",
    "not_a_choice": "That is none of the choices.",
    "several_choices": "Only one choice fits here.",
    "not_ranked": "Every choice has its rank, once.",
    "not_a_number": "That is no number.",
    "not_a_whole_number": "That is no whole number.",
    "out_of_range": "That is outside the range.",
    "between_steps": "That is between the steps of the range.",
    "not_a_date": "That is no date, like 2026-05-31.",
    "not_a_time": "That is no time, like 14:30:00.000.",
    "not_a_moment": "That is no date with a time, like 2026-05-31T14:30:00.000Z.",
    "not_a_place": "That is no place, like 31.2 121.5 0 0.",
    "not_enough_places": "There are too few places.",
    "text_too_long": "That is too long.",
}
"""Why an answer was not taken, where the form has no words for it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question or note as it was shown, and what became of it."""

    node: str
    label: str
    type: str
    """`model.QuestionType`."""
    choices: tuple[tuple[str, str], ...]
    """Value and label, after filtering, in the order shown."""
    answer: str | None
    """As an XForm writes it; None: a note, or unanswered."""
    accepted: bool
    message: str | None = None
    """Why it was not accepted."""


@dataclass(frozen=True, slots=True)
class Run:
    """What happened."""

    asked: tuple[Asked, ...]
    nodes: tuple[tuple[str, bool, str], ...]
    """Every leaf node in the order of the document: path, relevance, the value kept; "": none."""
    finished: bool
    """False: a required question was left empty, and the run ended there."""

    def document(self) -> dict[str, Any]:
        """It as JSON, as docs/form-run.md says it."""
        return {
            "asked": [
                {
                    "node": one.node,
                    "label": one.label,
                    "type": one.type,
                    "choices": [list(choice) for choice in one.choices],
                    "answer": one.answer,
                    "accepted": one.accepted,
                    "message": one.message,
                }
                for one in self.asked
            ],
            "nodes": [
                {"node": path, "relevant": relevant, "value": value or None}
                for path, relevant, value in self.nodes
            ],
            "finished": self.finished,
        }


def run(form: Form, given: Prepared, *, language: str, now: datetime, seed: int = 1) -> Run:
    """Ask a form's questions in order, answer them as given, correct, and say what came of it.

    `language` is a tag or the form's own name of one; `now` is the time at every question, with
    its zone; `seed` is what random() and shuffling draw from.
    """
    running = _Running(form, given, now)
    running.begin(engine.begin(form, seed, language_of(form, language)))
    for path, value in given.corrections:
        if not running.ended:
            running.correct(path, value)
    return Run(tuple(running.asked), engine.nodes(form, running.interview, now), not running.ended)


class _Running:
    """The run while it goes on."""

    interview: Interview

    def __init__(self, form: Form, given: Prepared, now: datetime) -> None:
        self.form = form
        self.given = given
        self.now = now
        self.asked: list[Asked] = []
        self.ended = False
        self.corrected: dict[str, str] = {}

    def begin(self, interview: Interview) -> None:
        self.interview = interview
        self._step(Begin())
        self._go_on()

    def correct(self, path: str, value: str) -> None:
        """Go back to a question that was asked, answer it anew, and go on to the end."""
        question = self.form.nodes.get(without_instances(path))
        kind = question.type if isinstance(question, Question) else ""
        if not self._can_ask(path):
            self.asked.append(
                Asked(path, "", kind, (), value or None, accepted=False, message=NOT_ASKED)
            )
            return
        self.corrected[path] = value
        self.interview = replace(
            self.interview, status="open", ended="", current=path, draft=(), page=0, search=""
        )
        self._step(Begin())
        prompt = engine.prompt(self.form, self.interview, self.now)
        if prompt is not None and prompt.path == path:
            self._answer(prompt, value)
        self._go_on()

    def _can_ask(self, path: str) -> bool:
        """Whether this is a question that a person can answer now."""
        node = self.form.nodes.get(without_instances(path))
        shown = engine.nodes(self.form, self.interview, self.now)
        if not isinstance(node, Question) or not node.asked or (path, True) not in {
            (one, relevant) for one, relevant, _ in shown
        }:  # fmt: skip
            return False
        turn = Turn(self.form, replace(self.interview, current=path), self.now)
        return not turn.course.is_note(turn.stop_at_hand())

    def _go_on(self) -> None:
        while not self.ended and self.interview.status == "open":
            prompt = engine.prompt(self.form, self.interview, self.now)
            if prompt is None:
                return
            if prompt.type == "repeat":
                more = self.given.instances(prompt.path) > prompt.instances
                self._step(Tapped(prompt.seq, "add" if more else "enough"))
            else:
                known = self.corrected.get(prompt.path)
                self._answer(prompt, self.given.answer(prompt.path) if known is None else known)

    def _answer(self, prompt: Prompt, given: str | None) -> None:
        """Answer the question at hand; where nothing is said of it what is in it is confirmed."""
        standing = self.interview.answers.get(prompt.path, "")
        value = standing if given is None else given
        place = len(self.asked)
        self.asked.append(_shown(prompt, value))
        refused = self._give(value) if value else None
        if value and refused is None:
            return
        # What was refused changes nothing: the answer before it stands; without one the question is
        # passed over, if it may be.
        stays = refused is not None and standing and standing != value
        refusal = self._give(standing) if stays else None
        if refusal is not None or not stays:
            refusal = self._step(Tapped(self.interview.asked, "skip"))
        refused = refused or refusal
        if refused is not None:
            message = refused.message or SENTENCES.get(refused.reason, NOT_ASKED)
            self.asked[place] = replace(self.asked[place], accepted=False, message=message)
        self.ended = refusal is not None

    def _give(self, value: str) -> Refused | None:
        before = self.interview
        self.interview, effects = engine.give(self.form, before, value, self.now)
        return self._take(before, effects)

    def _step(self, event: Event) -> Refused | None:
        before = self.interview
        self.interview, effects = engine.step(self.form, before, event, self.now)
        return self._take(before, effects)

    def _take(self, before: Interview, effects: Iterable[Effect]) -> Refused | None:
        """Note what was shown, not asked; the refusal among the effects, if there is one."""
        refused, said = None, {}
        for effect in effects:
            if isinstance(effect, Say):
                said[effect.path] = effect.label
            elif isinstance(effect, Refused):
                refused = effect
        earlier = {*before.passed, before.current}
        for path in self.interview.passed:
            node = self.form.nodes.get(without_instances(path))
            # A note without a word is not said, but it is there.
            noted = isinstance(node, Question) and (
                node.type == "note" or node.read_only is not None or path in said
            )
            if path not in earlier and noted:
                self.asked.append(self._noted(path, said.get(path, "")))
        return refused

    def _noted(self, path: str, label: str) -> Asked:
        """A note, or a question that can only be read now."""
        shown = engine.prompt(self.form, replace(self.interview, current=path, draft=()), self.now)
        kind, choices = ("note", ()) if shown is None else (shown.type, _choices(shown))
        return Asked(path, label, kind, choices, None, accepted=True)


def _choices(prompt: Prompt) -> tuple[tuple[str, str], ...]:
    return prompt.choices if prompt.type in _CHOSEN else ()


def _shown(prompt: Prompt, value: str) -> Asked:
    return Asked(
        prompt.path, prompt.label, prompt.type, _choices(prompt), value or None, accepted=True
    )
