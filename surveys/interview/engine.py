"""`step`: one event of one person, decided purely.

begin(form, seed, language) -> interview
step(form, interview, event, now) -> (interview, effects)
prompt(form, interview, now) -> the question at hand
submission(form, interview, now) -> {path: value} of what is relevant
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from surveys.form.model import Choice, Form, Question
from surveys.interview import answers as reading
from surveys.interview.course import Course, in_order
from surveys.interview.plan import plan_of
from surveys.interview.scope import InterviewScope
from surveys.interview.state import (
    Action,
    Ask,
    Begin,
    Closed,
    Effect,
    Event,
    Finished,
    Interview,
    Logged,
    Prompt,
    Redraw,
    RefusalReason,
    Refused,
    Say,
    Sent,
    Spoke,
    Stale,
    Status,
    Stopped,
    Tapped,
    Typed,
)  # fmt: skip

GIVEN_SHOWN = 40
"""How much of an answer that cannot be taken is repeated, in characters."""

How = Literal["answered", "skipped", "back", "stopped", "moved"]


def begin(form: Form, seed: int, language: str) -> Interview:
    """A fresh interview, with the form's defaults filled in; the first event starts its clock.

    `language` is one of the form's own names (`model.language_of`); another gives its default.
    """
    return Interview(
        form_id=form.id,
        form_version=form.version,
        seed=seed,
        language=language if language in form.languages else form.default_language,
        answers={
            question.path: question.default for question in form.questions if question.default
        },
    )


def step(
    form: Form, interview: Interview, event: Event, now: datetime
) -> tuple[Interview, tuple[Effect, ...]]:
    """What one event makes of an interview, and what is to be said and logged because of it.

    `now` is in the area's zone. Never raises for what a person does: an event that does not fit
    leaves the interview as it is and shows the question at hand again.
    """
    turn = _Turn(form, interview, now)
    turn.take(event)
    return turn.interview(), tuple(turn.effects)


def prompt(form: Form, interview: Interview, now: datetime) -> Prompt | None:
    """The question at hand as it is to be shown; None before the first and after the last."""
    turn = _Turn(form, interview, now)
    return None if turn.current is None else turn.prompt()


def submission(form: Form, interview: Interview, now: datetime | None = None) -> dict[str, str]:
    """The values of all relevant nodes that have one, computed ones included, in the form's order.

    `now` is what today() and now() mean: by default the time when the interview ended, or began.
    """
    moment = now or datetime.fromisoformat(interview.ended or interview.started)
    scope = _Turn(form, interview, moment).scope
    return {
        question.path: value for question in form.questions if (value := scope.value(question.path))
    }


class _Turn:
    """One step: the interview while it changes."""

    def __init__(self, form: Form, interview: Interview, now: datetime) -> None:
        self.form = form
        self.before = interview
        self.now = now
        self.plan = plan_of(form)
        self.answers = dict(interview.answers)
        self.scope = InterviewScope(
            self.plan,
            self.answers,
            language=interview.language,
            seed=interview.seed,
            draws=interview.draws,
            now=now,
        )
        self.passed = dict.fromkeys(interview.passed)
        self.course = Course(self.scope, self.passed)
        self.current = interview.current
        self.asked = interview.asked
        self.draft = interview.draft
        self.status: Status = interview.status
        self.started = interview.started
        self.ended = interview.ended
        self.effects: list[Effect] = []

    def interview(self) -> Interview:
        """The interview as it is now."""
        return Interview(
            form_id=self.before.form_id,
            form_version=self.before.form_version,
            seed=self.before.seed,
            language=self.scope.language,
            answers=self.answers,
            current=self.current,
            asked=self.asked,
            draft=self.draft,
            passed=tuple(self.passed),
            draws=self.scope.draws,
            status=self.status,
            started=self.started,
            ended=self.ended,
        )

    def prompt(self) -> Prompt:
        """The question at hand as it is to be shown."""
        return self.course.prompt(self._question(), self.asked, self.draft)

    def _question(self) -> Question:
        return self.plan.questions[self.current or ""]

    # Which event ------------------------------------------------------------------------------

    def take(self, event: Event) -> None:
        """Take one event."""
        if self.status == "finished":
            if not isinstance(event, Spoke):
                self.effects.append(Stale(event.seq if isinstance(event, Tapped) else self.asked))
            return
        if not self.started:
            self._start()
        if isinstance(event, Spoke):
            self._speak(event.language)
        elif isinstance(event, Begin) or self.current is None:
            self._settle()
            self._again()
        elif isinstance(event, Tapped):
            self._tapped(event)
        elif self.status == "stopped":
            self._again()
        elif isinstance(event, Typed):
            self._typed(event.text)
        else:
            given = event.kind if isinstance(event, Sent) else ""
            self._refuse("not_text", given=given)

    def _start(self) -> None:
        self.started = self.now.isoformat(timespec="milliseconds")
        for question in self.form.questions:
            if question.preload == "start":
                self.answers[question.path] = self.started
            elif question.preload == "today":
                self.answers[question.path] = self.now.date().isoformat()
            elif question.preload == "uid":
                self.answers[question.path] = f"uuid:{self.scope.uuid()}"
        self.scope.settle(self.plan.computed)

    def _speak(self, language: str) -> None:
        if language in self.form.languages:
            self.scope.language = language
        self.scope.settle(self.plan.computed)
        self.course.moved()
        if self.status == "open":
            self._again()

    def _tapped(self, event: Tapped) -> None:
        if self.status == "stopped":
            self.effects.append(Stale(event.seq))
            if event.button != "stop":
                self.status = "open"
                self.effects.append(Ask(self.prompt()))
        elif event.seq != self.asked:
            self.effects += (Stale(event.seq), Ask(self.prompt()))
        elif isinstance(event.button, int):
            self._chosen(event.button)
        else:
            self._act(event.button)

    def _chosen(self, place: int) -> None:
        question = self._question()
        offered = self.course.offered(question)
        if not offered:
            self._again()
        elif not 0 <= place < len(offered):
            self._refuse("not_a_choice", given=str(place + 1))
        elif question.type == "select_one":
            self._answer(
                offered[place].value, given=self.scope.label(offered[place], question.path)
            )
        else:
            self._toggle(question, offered[place])

    def _typed(self, typed: str) -> None:
        question = self._question()
        labelled = tuple(
            (choice.value, self.scope.label(choice, question.path))
            for choice in self.course.offered(question)
        )
        found = reading.read(question.type, labelled, typed, self.now.date())
        if isinstance(found, reading.Wish):
            self._act(found.action)
        elif isinstance(found, reading.Unread):
            self._refuse(found.reason, given=reading.readable(typed))
        elif question.type == "select_multiple":
            self._answer(self._joined(question, found.values), given=reading.readable(typed))
        else:
            self._answer(found.values[0], given=reading.readable(typed))

    def _joined(self, question: Question, values: tuple[str, ...]) -> str:
        """What was typed, together with what was toggled for this question before."""
        if sorted(self.draft) == sorted(self.answers.get(question.path, "").split()):
            return in_order(question, values)
        draft: tuple[str, ...] = self.draft
        for value in values:
            if value not in draft:
                draft = self._with(question, draft, value) or (*draft, value)
        return in_order(question, draft)

    def _act(self, action: Action) -> None:
        if action == "back":
            self._back()
        elif action == "skip":
            self._skip()
        elif action == "stop":
            self._close("stopped")
            self.effects += (Logged("stopped", self.current or "", ""), Stopped())
            self.status = "stopped"
        else:
            self._done()

    # What a person can do ---------------------------------------------------------------------

    def _again(self) -> None:
        """Show the question at hand under a new number, or the first one."""
        path, draft = self.current, self.draft
        if path is not None and self.status == "open":
            self._close("moved")
        self.status = "open"
        if path is None or not self.scope.relevant(path):
            self._go_on()
        else:
            self._ask(self._question(), draft)

    def _toggle(self, question: Question, choice: Choice) -> None:
        value = choice.value
        if value in self.draft:
            self.draft = tuple(one for one in self.draft if one != value)
        else:
            found = self._with(question, self.draft, value)
            if found is None:
                self._refuse("constraint", given=self.scope.label(choice, question.path))
                return
            self.draft = found
        self.effects.append(Redraw(self.prompt()))

    def _with(
        self, question: Question, draft: tuple[str, ...], value: str
    ) -> tuple[str, ...] | None:
        """The draft with one more choice, less those that cannot stand beside it; None: refused.

        What excludes what is found by asking the constraint, so that "none of these" works in
        every form, and "at most three" refuses the fourth and takes nothing away. What the
        constraint refuses before and after may become right with more choices: Done decides.
        """
        more = (*draft, value)
        if self._allowed(question, *more):
            return more
        beside = tuple(one for one in draft if self._allowed(question, one, value))
        if len(beside) < len(draft) and self._allowed(question, *beside, value):
            return (*beside, value)
        if draft and self._allowed(question, *draft):
            return None
        return more

    def _allowed(self, question: Question, *values: str) -> bool:
        if question.constraint is None:
            return True
        return self.scope.holds(question.constraint, question.path, in_order(question, values))

    def _done(self) -> None:
        question = self._question()
        if question.type == "select_multiple":
            value = in_order(question, self.draft)
        else:
            value = self.answers.get(question.path, "")
        if value:
            self._answer(value, given=self.course.shown(question, value))
        else:
            self._skip()

    def _answer(self, value: str, given: str) -> None:
        question = self._question()
        path = question.path
        if question.constraint is not None and not self.scope.holds(
            question.constraint, path, value
        ):
            self._refuse("constraint", given=given)
            return
        earlier = self.answers.get(path, "")
        known = path not in self.plan.prefilled or path in self.passed
        self.answers[path] = value
        if path in self.plan.prefilled:
            self.passed[path] = None
        else:
            self.passed.pop(path, None)
        self._settle(path)
        self._close("answered", self.course.shown(question, value))
        corrected = known and earlier not in ("", value)
        self.effects.append(Logged("corrected" if corrected else "answered", path, value))
        self._go_on()

    def _skip(self) -> None:
        question = self._question()
        path = question.path
        if self.course.required(question):
            self._refuse("required", given="")
            return
        self.answers.pop(path, None)
        self.passed[path] = None
        self._settle(path)
        self._close("skipped")
        self.effects.append(Logged("skipped", path, ""))
        self._go_on()

    def _back(self) -> None:
        question = self._question()
        previous = self.course.previous(question.path)
        if previous is None:
            self._again()
        else:
            self._close("back")
            self._ask(previous)

    def _refuse(self, reason: RefusalReason, given: str) -> None:
        question = self._question()
        message = ""
        if reason == "constraint":
            message = self.scope.text(question.constraint_message, question.path)
        elif reason == "required":
            message = self.scope.text(question.required_message, question.path)
        if len(given) > GIVEN_SHOWN:
            given = given[: GIVEN_SHOWN - 1] + "…"
        self.effects.append(Refused(reason, message, given, self.prompt()))
        self.effects.append(Logged("refused", question.path, reason))

    # Where it goes on -------------------------------------------------------------------------

    def _settle(self, path: str | None = None) -> None:
        self.course.moved()
        self.scope.settle(self.plan.always if path is None else self.plan.after[path])

    def _go_on(self) -> None:
        """Say the notes that stand before the next question to be asked, and ask it; or finish."""
        for question in self.plan.walk:
            path = question.path
            if self.course.is_note(question):
                if path not in self.passed and self.scope.relevant(path):
                    self.passed[path] = None
                    self._say(question)
            elif not self.course.settled(question) and self.scope.relevant(path):
                self._ask(question)
                return
        self.current = None
        self.draft = ()
        self.status = "finished"
        self.ended = self.now.isoformat(timespec="milliseconds")
        for question in self.form.questions:
            if question.preload == "end":
                self.answers[question.path] = self.ended
        self.scope.settle(self.plan.computed)
        self.effects += (Finished(), Logged("finished", "", ""))

    def _say(self, note: Question) -> None:
        text = self.scope.text(note.label, note.path)
        value = self.answers.get(note.path, "")
        if value:
            text = f"{text}\n{self.course.shown(note, value)}".strip()
        if text:
            self.effects.append(Say(note.path, text))

    def _ask(self, question: Question, draft: tuple[str, ...] | None = None) -> None:
        self.current = question.path
        self.asked += 1
        if draft is None:
            several = question.type == "select_multiple"
            draft = tuple(self.answers.get(question.path, "").split()) if several else ()
        self.draft = draft
        self.effects += (Ask(self.prompt()), Logged("asked", question.path, ""))

    def _close(self, how: How, shown: str = "") -> None:
        question = self._question()
        number, total = self.course.place(question.path)
        label = self.course.label(question)
        self.effects.append(Closed(question.path, self.asked, number, total, label, shown, how))
