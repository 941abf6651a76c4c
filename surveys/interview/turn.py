"""One step of an interview while it changes: where it stands, and where it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from surveys.form import dates
from surveys.form.model import Form, Question, Repeat
from surveys.interview.course import Course
from surveys.interview.filling import Filling
from surveys.interview.plan import Stop, places_of, plan_of, stop_of
from surveys.interview.scope import InterviewScope
from surveys.interview.state import (
    Ask,
    Closed,
    Effect,
    Finished,
    Interview,
    Logged,
    Prompt,
    RefusalReason,
    Refused,
    Say,
    Status,
)

GIVEN_SHOWN = 40
"""How much of an answer that cannot be taken is repeated, in characters."""

How = Literal["answered", "skipped", "back", "stopped", "moved", "added", "enough", "removed"]


class Turn:
    """One step: the interview while it changes."""

    def __init__(self, form: Form, interview: Interview, now: datetime) -> None:
        self.form = form
        self.before = interview
        self.now = now
        self.plan = plan_of(form)
        self.answers = dict(interview.answers)
        self.instances = dict(interview.instances)
        self.scope = InterviewScope(
            self.plan,
            self.answers,
            language=interview.language,
            seed=interview.seed,
            draws=interview.draws,
            now=now,
            instances=self.instances,
            properties=interview.properties,
            relevance=interview.relevance,
        )
        self.passed = dict.fromkeys(interview.passed)
        self.course = Course(self.scope, self.passed)
        self.filling = Filling(self.scope, self.instances, self.passed)
        self.current = interview.current
        self.asked = interview.asked
        self.draft = interview.draft
        self.page = interview.page
        self.search = interview.search
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
            instances=self.instances,
            current=self.current,
            asked=self.asked,
            draft=self.draft,
            page=self.page,
            search=self.search,
            relevance=self.scope.relevance(),
            properties=self.before.properties,
            passed=tuple(self.passed),
            draws=self.scope.draws,
            status=self.status,
            started=self.started,
            ended=self.ended,
        )

    def prompt(self) -> Prompt:
        """The question at hand as it is to be shown."""
        return self.course.prompt(
            self.stop_at_hand(), self.asked, self.draft, self.page, self.search
        )

    def stop_at_hand(self) -> Stop:
        """What is asked now."""
        key = self.current or ""
        path, places = places_of(key)
        node = self.plan.questions.get(path) or self.plan.repeats[path]
        return stop_of(node, places, key)

    def refuse(self, reason: RefusalReason, given: str) -> None:
        """Say why it cannot be taken; the question stays."""
        stop = self.stop_at_hand()
        node, places, message = stop.node, stop.places, ""
        if isinstance(node, Question) and reason == "constraint":
            message = self.scope.text(node.constraint_message, node.path, places)
        elif isinstance(node, Question) and reason == "required":
            message = self.scope.text(node.required_message, node.path, places)
        if len(given) > GIVEN_SHOWN:
            given = given[: GIVEN_SHOWN - 1] + "…"
        self.effects.append(Refused(reason, message, given, self.prompt()))
        self.effects.append(Logged("refused", stop.key, reason))

    # Where it goes on -------------------------------------------------------------------------

    def settle(self, stop: Stop | None = None) -> None:
        """What depends on this node is computed anew; None: only what is relevant is."""
        self.course.moved()
        if stop is None:
            self.scope.forget_relevance()
        else:
            path = stop.node.path
            self.scope.settle(self.plan.after[path], at=stop.places, moved=path)

    def go_on(self, answered: Stop | None = None) -> None:
        """Say the notes that stand before the next question to be asked, and ask it; or finish.

        `answered`: what was at hand; everything before it is settled, but for what its answer
        moved. None: nothing is known.
        """
        if (
            answered is not None
            and not self.plan.repeats
            and self._ask_next(self.course.ahead(answered.node.path))
        ):
            return
        if not self._ask_next(self.course.stops()):
            self._finish()

    def _ask_next(self, stops: Iterator[Stop]) -> bool:
        """Ask the first of these that is to be asked; False: there is none."""
        course, relevant = self.course, self.scope.relevant
        for stop in stops:
            node = stop.node
            if isinstance(node, Repeat):
                if self._offer(stop):
                    return True
            elif stop.note or (node.read_only is not None and course.is_note(stop)):
                if stop.key not in self.passed and self.course.relevant(stop):
                    self.passed[stop.key] = None
                    self._say(stop)
            elif relevant(node.path, stop.places):
                if node.choices is not None and node.choices.nodes is not None:
                    self._drop_impossible(stop)
                if not course.settled(stop):
                    self.ask(stop)
                    return True
        return False

    def _finish(self) -> None:
        self.current = None
        self.draft, self.page, self.search = (), 0, ""
        self.status = "finished"
        self.ended = self.now.isoformat(timespec="milliseconds")
        for question in self.form.questions:
            if question.preload == "end":
                self.answers[question.path] = dates.written(self.now)
                self.scope.settle(self.plan.after[question.path], moved=question.path)
        self.effects += (Finished(), Logged("finished", "", ""))

    def _offer(self, stop: Stop) -> bool:
        """At the end of a repeat: add what its count wants, or ask whether there is one more."""
        repeat = stop.node
        if not isinstance(repeat, Repeat) or self.course.settled(stop):
            return False
        if not self.course.relevant(stop):
            return False
        if self.course.wanted(repeat, stop.places) is None:
            self.ask(stop)
            return True
        self.filling.add(repeat, stop.places)
        self.course.moved()
        return False

    def _drop_impossible(self, stop: Stop) -> None:
        """Of a filtered list: an answer that another answer has made impossible is taken back."""
        node, value = stop.node, self.answers.get(stop.key, "")
        if isinstance(node, Repeat) or not value:
            return
        several = node.type in ("select_multiple", "rank")
        known = {choice.value for choice in self.scope.all_choices(node, stop.places)}
        kept = [one for one in (value.split() if several else [value]) if one in known]
        left = " ".join(kept)
        if left != value:
            if left and node.type == "select_multiple":
                self.answers[stop.key] = left
            else:
                del self.answers[stop.key]
                self.passed.pop(stop.key, None)
            self.settle(stop)

    def _say(self, note: Stop) -> None:
        node = note.node
        if isinstance(node, Repeat):
            return
        label = text = self.scope.text(node.label, node.path, note.places)
        value = self.answers.get(note.key, "")
        if value:
            text = f"{text}\n{self.course.shown(note, value)}".strip()
        media = self.scope.media(node.media)
        if text or media:
            self.effects.append(Say(note.key, text, media, label))

    def ask(
        self, stop: Stop, draft: tuple[str, ...] | None = None, *, page: int = 0, search: str = ""
    ) -> None:
        """Ask this, under a new number."""
        self.current = stop.key
        self.asked += 1
        if draft is None:
            draft = self._drafted(stop)
        self.draft, self.page, self.search = draft, page, search
        self.effects += (Ask(self.prompt()), Logged("asked", stop.key, ""))

    def _drafted(self, stop: Stop) -> tuple[str, ...]:
        value = self.answers.get(stop.key, "")
        if isinstance(stop.node, Question) and stop.node.type in ("select_multiple", "rank"):
            return tuple(value.split())
        return ()

    def close(self, how: How, shown: str = "") -> None:
        """The message of the question at hand is settled."""
        stop = self.stop_at_hand()
        number, total = self.course.place(stop.key)
        label = self.course.label(stop)
        self.effects.append(Closed(stop.key, self.asked, number, total, label, shown, how))
