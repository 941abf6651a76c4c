"""`step`: one event of one person, decided purely.

begin(form, seed, language) -> interview
step(form, interview, event, now) -> (interview, effects)
prompt(form, interview, now) -> the question at hand
submission(form, interview, now) -> {path: value} of what is relevant
nodes(form, interview, now) -> every node, its relevance and its value
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

from surveys.form.model import MEDIA_TYPES, Form, Node, Question, Repeat
from surveys.form.shape import Places
from surveys.interview import answers as reading
from surveys.interview.canonical import canonical, point_of
from surveys.interview.course import SEARCHED, Course, written
from surveys.interview.filling import Filling, defaults
from surveys.interview.plan import Stop, places_of, plan_of
from surveys.interview.scope import InterviewScope
from surveys.interview.state import (
    Action,
    Ask,
    Attached,
    Begin,
    Closed,
    Decode,
    Effect,
    Event,
    Explained,
    Finished,
    Given,
    Interview,
    Located,
    Logged,
    Paged,
    Prompt,
    Redraw,
    RefusalReason,
    Refused,
    Say,
    Scanned,
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
FEWEST_POINTS: Mapping[str, int] = {"geotrace": 2, "geoshape": 3}

How = Literal["answered", "skipped", "back", "stopped", "moved", "added", "enough", "removed"]


def begin(
    form: Form, seed: int, language: str, properties: Mapping[str, str] | None = None
) -> Interview:
    """A fresh interview, with the form's defaults filled in; the first event starts its clock.

    `language` is one of the form's own names (`model.language_of`); another gives its default.
    `properties`: what a form may ask of who runs the interview, like deviceid.
    """
    answers, instances = defaults(form)
    return Interview(
        form_id=form.id,
        form_version=form.version,
        seed=seed,
        language=language if language in form.languages else form.default_language,
        answers=answers,
        instances=instances,
        properties=dict(properties or {}),
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


def give(
    form: Form, interview: Interview, value: str, now: datetime
) -> tuple[Interview, tuple[Effect, ...]]:
    """The question at hand is answered with just this value, as an XForm writes it; "": skipped."""
    return step(form, interview, Given(value), now)


def recomputed(form: Form, interview: Interview, now: datetime) -> Interview:
    """The interview with every computed node computed anew: its answers came from elsewhere."""
    turn = _Turn(form, interview, now)
    turn.scope.settle(turn.plan.computed)
    return turn.interview()


def prompt(form: Form, interview: Interview, now: datetime) -> Prompt | None:
    """The question at hand as it is to be shown; None before the first and after the last."""
    turn = _Turn(form, interview, now)
    return None if turn.current is None else turn.prompt()


def submission(form: Form, interview: Interview, now: datetime | None = None) -> dict[str, str]:
    """The values of all relevant nodes that have one, computed ones included, in the form's order.

    An instance of a repeat that is relevant stands there itself, with "", before what is in it.
    `now` is what today() and now() mean: by default the time when the interview ended, or began.
    """
    moment = now or datetime.fromisoformat(interview.ended or interview.started)
    return {
        key: value
        for key, relevant, value in _every_node(_scope(form, interview, moment))
        if relevant and (value or key.endswith("]"))
    }


def nodes(form: Form, interview: Interview, now: datetime) -> tuple[tuple[str, bool, str], ...]:
    """Every node that can have a value, in every instance: its path, whether it is relevant, and
    the value kept, which it has even while it is not relevant."""
    found = _every_node(_scope(form, interview, now))
    return tuple(one for one in found if not one[0].endswith("]"))


def _scope(form: Form, interview: Interview, now: datetime) -> InterviewScope:
    return _Turn(form, interview, now).scope


def _every_node(scope: InterviewScope) -> Iterator[tuple[str, bool, str]]:
    """In the order of the document; instances of repeats, too, without a value."""

    def visit(children: tuple[Node, ...], places: Places) -> Iterator[tuple[str, bool, str]]:
        for node in children:
            if isinstance(node, Question):
                key = scope.plan.keys[node.path](places)
                yield key, scope.relevant(node.path, places), scope.answers.get(key, "")
            elif isinstance(node, Repeat):
                for place in range(1, scope.count(node.path, places) + 1):
                    inner = (*places, place)
                    key = scope.plan.keys[node.path](inner)
                    yield key, scope.relevant(node.path, inner), ""
                    yield from visit(node.children, inner)
            else:
                yield from visit(node.children, places)

    return visit(scope.plan.form.root.children, ())


class _Turn:
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
            properties=self.before.properties,
            passed=tuple(self.passed),
            draws=self.scope.draws,
            status=self.status,
            started=self.started,
            ended=self.ended,
        )

    def prompt(self) -> Prompt:
        """The question at hand as it is to be shown."""
        return self.course.prompt(self._stop(), self.asked, self.draft, self.page, self.search)

    def _stop(self) -> Stop:
        """What is asked now."""
        key = self.current or ""
        path, places = places_of(key)
        node = self.plan.questions.get(path) or self.plan.repeats[path]
        note = isinstance(node, Question) and node.type == "note"
        return Stop(node, places, key, isinstance(node, Repeat), note)

    # Which event ------------------------------------------------------------------------------

    def take(self, event: Event) -> None:
        """Take one event."""
        if self.status == "finished":
            if not isinstance(event, Spoke):
                seq = event.seq if isinstance(event, Tapped | Paged | Scanned) else self.asked
                self.effects.append(Stale(seq))
            return
        if not self.started:
            self.started = self.now.isoformat(timespec="milliseconds")
            self.filling.start(self.started)
        if isinstance(event, Spoke):
            self._speak(event.language)
        elif isinstance(event, Begin) or self.current is None:
            self.scope.settle(self.plan.daily)
            self._settle()
            self._again()
        elif isinstance(event, Tapped | Paged):
            self._tapped(event)
        elif self.status == "stopped":
            self._again()
        else:
            self._said(event)

    def _speak(self, language: str) -> None:
        if language in self.form.languages:
            self.scope.language = language
        self.scope.settle(self.plan.spoken)
        self.course.moved()
        if self.status == "open":
            self._again()

    def _tapped(self, event: Tapped | Paged) -> None:
        stop_again = isinstance(event, Tapped) and event.button == "stop"
        if self.status == "stopped":
            self.effects.append(Stale(event.seq))
            if not stop_again:
                self.status = "open"
                self.effects.append(Ask(self.prompt()))
        elif event.seq != self.asked:
            self.effects += (Stale(event.seq), Ask(self.prompt()))
        elif isinstance(event, Paged):
            self.page, self.search = event.page, ""
            self.page = self.prompt().page
            self.effects.append(Redraw(self.prompt()))
        elif isinstance(event.button, int):
            self._chosen(event.button)
        else:
            self._act(event.button)

    def _chosen(self, place: int) -> None:
        stop = self._stop()
        offered = self.course.labelled(stop)
        if not offered:
            self._again()
        elif not 0 <= place < len(offered):
            self._refuse("not_a_choice", given=str(place + 1))
        elif isinstance(stop.node, Question) and stop.node.type in ("select_multiple", "rank"):
            self._toggle(stop, *offered[place])
        else:
            self._answer(offered[place][0], given=offered[place][1])

    def _said(self, event: Event) -> None:
        """An answer that is no tap."""
        stop = self._stop()
        kind = "repeat" if isinstance(stop.node, Repeat) else stop.node.type
        if isinstance(event, Given):
            self._given(stop, event.value)
        elif isinstance(event, Typed):
            self._typed(stop, kind, event.text)
        elif isinstance(event, Located):
            self._located(kind, event)
        elif isinstance(event, Attached):
            self._attached(kind, event)
        elif isinstance(event, Scanned):
            self._scanned(kind, event)
        elif kind in MEDIA_TYPES:
            self._refuse("wrong_medium", given="")
        else:
            self._refuse("not_text", given=event.kind if isinstance(event, Sent) else "")

    def _given(self, stop: Stop, value: str) -> None:
        """Just what an XForm would hold."""
        node = stop.node
        if isinstance(node, Repeat):
            self._more("add" if value else "enough")
            return
        if not value:
            self._skip()
            return
        if node.choices is not None:
            known = {choice.value for choice in self.course.offered(stop)}
            several = node.type in ("select_multiple", "rank")
            if not known.issuperset(value.split() if several else (value,)):
                self._refuse("not_a_choice", given=value)
                return
            if node.type == "select_multiple":
                value = self.course.in_order(stop, tuple(value.split()))
        found, wrong = canonical(node.type, value, self.now)
        if wrong is not None:
            self._refuse(wrong, given=value)
        else:
            self._answer(found, given=value)

    def _typed(self, stop: Stop, kind: str, typed: str) -> None:
        labelled = self.course.labelled(stop)
        found = reading.read(
            kind, labelled, typed, self.now.date(), now=self.now, bounds=self._bounds(stop.node),
            appearance=stop.node.appearance,
        )  # fmt: skip
        shown = reading.readable(typed)
        if isinstance(found, reading.Wish):
            self._act(found.action)
        elif isinstance(found, reading.Unread):
            if found.reason in ("not_a_choice", "ambiguous_choice") and len(labelled) > SEARCHED:
                self._look_for(labelled, shown)
            else:
                self._refuse(found.reason, given=shown)
        elif kind == "select_multiple":
            self._answer(self._joined(stop, found.values), given=shown)
        elif kind == "rank":
            self._answer(" ".join(found.values), given=shown)
        else:
            value, _ = canonical(kind, found.values[0], self.now)
            self._answer(value, given=shown)

    def _bounds(self, node: Question | Repeat) -> tuple[str, str, str] | None:
        numbers = None if isinstance(node, Repeat) else node.numbers
        if numbers is None:
            return None
        return written(numbers.start), written(numbers.end), written(numbers.step)

    def _look_for(self, labelled: tuple[tuple[str, str], ...], typed: str) -> None:
        """Of a long list: show what fits what was typed, under a new number."""
        if not reading.search([label for _, label in labelled], typed):
            self._refuse("nothing_found", given=typed)
            return
        stop, draft = self._stop(), self.draft
        self._close("moved")
        self._ask(stop, draft, search=typed)

    def _joined(self, stop: Stop, values: tuple[str, ...]) -> str:
        """What was typed, together with what was toggled for this question before."""
        if sorted(self.draft) == sorted(self.answers.get(stop.key, "").split()):
            return self.course.in_order(stop, values)
        draft: tuple[str, ...] = self.draft
        for value in values:
            if value not in draft:
                draft = self._with(stop, draft, value) or (*draft, value)
        return self.course.in_order(stop, draft)

    def _located(self, kind: str, place: Located) -> None:
        point = point_of(place.latitude, place.longitude, place.altitude, place.accuracy)
        if kind == "geopoint":
            self._answer(point, given=point)
        elif kind in FEWEST_POINTS:
            self.draft = (*self.draft, point)
            self.effects.append(Redraw(self.prompt()))
        else:
            self._refuse("not_text", given="location")

    def _attached(self, kind: str, sent: Attached) -> None:
        if kind == "barcode" and sent.medium == "image":
            self.effects.append(Decode(self.asked, sent.name))
        elif kind in (sent.medium, "file"):
            self._answer(sent.name, given="")
        elif kind in MEDIA_TYPES:
            self._refuse("wrong_medium", given="")
        else:
            self._refuse("not_text", given=sent.medium)

    def _scanned(self, kind: str, event: Scanned) -> None:
        if event.seq != self.asked or kind != "barcode":
            return
        if event.text:
            self._answer(event.text, given=event.text)
        else:
            self._refuse("no_barcode", given="")

    def _act(self, action: Action) -> None:
        if action == "back":
            self._back()
        elif action == "skip":
            self._skip()
        elif action == "stop":
            self._close("stopped")
            self.effects += (Logged("stopped", self.current or "", ""), Stopped())
            self.status = "stopped"
        elif action == "explain":
            guidance = self.prompt().guidance
            if guidance:
                self.effects.append(Explained(self.current or "", guidance))
            else:
                self._again()
        elif action == "done":
            self._done()
        else:
            self._more(action)

    # What a person can do ---------------------------------------------------------------------

    def _again(self) -> None:
        """Show the question at hand under a new number, or the first one."""
        draft, page, search = self.draft, self.page, self.search
        if self.current is not None and self.status == "open":
            self._close("moved")
        self.status = "open"
        if self.current is None or not self._there():
            self._go_on()
        else:
            self._ask(self._stop(), draft, page=page, search=search)

    def _there(self) -> bool:
        """Whether what was asked is still there and relevant."""
        stop = self._stop()
        places = stop.places
        for depth, repeat in enumerate(self.plan.chains[stop.node.path][: len(places)]):
            if places[depth] > self.scope.count(repeat, places[:depth]):
                return False
        return self.course.relevant(stop)

    def _more(self, action: Action) -> None:
        """One more instance of the repeat at hand, no more, or one less."""
        stop = self._stop()
        repeat = stop.node
        if not isinstance(repeat, Repeat):
            self._again()
            return
        if action == "add":
            self._close("added", self._how_many(repeat, stop, 1))
            self.passed.pop(stop.key, None)
            self.filling.add(repeat, stop.places)
            self.effects.append(Logged("added", stop.key, ""))
        elif action == "remove":
            self._close("removed", self._how_many(repeat, stop, -1))
            self.filling.remove(repeat, stop.places)
            self.passed.pop(stop.key, None)
            self.effects.append(Logged("removed", stop.key, ""))
        else:
            self._close("enough", self._how_many(repeat, stop, 0))
            self.passed[stop.key] = None
        self.course.moved()
        self._go_on()

    def _how_many(self, repeat: Repeat, stop: Stop, more: int) -> str:
        return str(max(self.scope.count(repeat.path, stop.places) + more, 0))

    def _toggle(self, stop: Stop, value: str, label: str) -> None:
        if value in self.draft:
            self.draft = tuple(one for one in self.draft if one != value)
        elif stop.node.type == "rank":  # type: ignore[union-attr]
            self.draft = (*self.draft, value)
            left = [one for one, _ in self.course.labelled(stop) if one not in self.draft]
            if len(left) == 1:
                # The last one has only one place left.
                self.draft = (*self.draft, *left)
        else:
            found = self._with(stop, self.draft, value)
            if found is None:
                self._refuse("constraint", given=label)
                return
            self.draft = found
        self.effects.append(Redraw(self.prompt()))

    def _with(self, stop: Stop, draft: tuple[str, ...], value: str) -> tuple[str, ...] | None:
        """The draft with one more choice, less those that cannot stand beside it; None: refused.

        What excludes what is found by asking the constraint, so that "none of these" works in
        every form, and "at most three" refuses the fourth and takes nothing away. What the
        constraint refuses before and after may become right with more choices: Done decides.
        """
        more = (*draft, value)
        if self._allowed(stop, *more):
            return more
        beside = tuple(one for one in draft if self._allowed(stop, one, value))
        if len(beside) < len(draft) and self._allowed(stop, *beside, value):
            return (*beside, value)
        if draft and self._allowed(stop, *draft):
            return None
        return more

    def _allowed(self, stop: Stop, *values: str) -> bool:
        return self._fits(stop, self.course.in_order(stop, values))

    def _fits(self, stop: Stop, value: str) -> bool:
        node = stop.node
        if isinstance(node, Repeat) or node.constraint is None:
            return True
        return self.scope.holds(node.constraint, node.path, stop.places, value)

    def _done(self) -> None:
        stop = self._stop()
        kind = "" if isinstance(stop.node, Repeat) else stop.node.type
        value = self.answers.get(stop.key, "")
        if kind == "select_multiple":
            value = self.course.in_order(stop, self.draft)
        elif kind == "acknowledge":
            value = "OK"
        elif kind == "rank":
            value = " ".join(self.draft)
            if value and len(self.draft) < len(self.course.labelled(stop)):
                self._refuse("not_ranked", given="")
                return
        elif kind in FEWEST_POINTS and self.draft:
            points = list(self.draft)
            if len(points) < FEWEST_POINTS[kind]:
                self._refuse("not_enough_places", given="")
                return
            if kind == "geoshape" and points[0] != points[-1]:
                points.append(points[0])
            value = "; ".join(points)
        if isinstance(stop.node, Repeat):
            self._more("enough")
        elif value:
            self._answer(value, given=self.course.shown(stop, value))
        else:
            self._skip()

    def _answer(self, value: str, given: str) -> None:
        stop = self._stop()
        key, path = stop.key, stop.node.path
        if not self._fits(stop, value):
            self._refuse("constraint", given=given)
            return
        earlier = self.answers.get(key, "")
        known = path not in self.plan.prefilled or key in self.passed
        self.answers[key] = value
        if path in self.plan.prefilled:
            self.passed[key] = None
        else:
            self.passed.pop(key, None)
        self._settle(stop)
        if value != earlier:
            self._follow(stop)
        self._close("answered", self.course.shown(stop, value))
        corrected = known and earlier not in ("", value)
        self.effects.append(Logged("corrected" if corrected else "answered", key, value))
        self._go_on()

    def _skip(self) -> None:
        stop = self._stop()
        key = stop.key
        if isinstance(stop.node, Repeat):
            self._more("enough")
            return
        if self.course.required(stop):
            self._refuse("required", given="")
            return
        earlier = self.answers.pop(key, "")
        self.passed[key] = None
        self._settle(stop)
        if earlier:
            self._follow(stop)
        self._close("skipped")
        self.effects.append(Logged("skipped", key, ""))
        self._go_on()

    def _follow(self, stop: Stop) -> None:
        """Another value by a person: the form's actions run."""
        if stop.node.path in self.plan.sets:
            self.filling.changed(stop.node.path, stop.places)
            self.course.moved()

    def _back(self) -> None:
        previous = self.course.previous(self.current or "")
        if previous is None:
            self._again()
        else:
            self._close("back")
            self._ask(previous)

    def _refuse(self, reason: RefusalReason, given: str) -> None:
        stop = self._stop()
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

    def _settle(self, stop: Stop | None = None) -> None:
        self.course.moved()
        if stop is None:
            self.scope.forget_relevance()
        else:
            self.scope.settle(self.plan.after[stop.node.path], at=stop.places)

    def _go_on(self) -> None:
        """Say the notes that stand before the next question to be asked, and ask it; or finish."""
        course, relevant = self.course, self.scope.relevant
        for stop in course.stops():
            node = stop.node
            if isinstance(node, Repeat):
                if self._offer(stop):
                    return
            elif stop.note or (node.read_only is not None and course.is_note(stop)):
                if stop.key not in self.passed and self.course.relevant(stop):
                    self.passed[stop.key] = None
                    self._say(stop)
            elif relevant(node.path, stop.places):
                if node.choices is not None and node.choices.nodes is not None:
                    self._drop_impossible(stop)
                if not course.settled(stop):
                    self._ask(stop)
                    return
        self.current = None
        self.draft, self.page, self.search = (), 0, ""
        self.status = "finished"
        self.ended = self.now.isoformat(timespec="milliseconds")
        for question in self.form.questions:
            if question.preload == "end":
                self.answers[question.path] = self.ended
                self.scope.settle(self.plan.after[question.path])
        self.effects += (Finished(), Logged("finished", "", ""))

    def _offer(self, stop: Stop) -> bool:
        """At the end of a repeat: add what its count wants, or ask whether there is one more."""
        repeat = stop.node
        if not isinstance(repeat, Repeat) or self.course.settled(stop):
            return False
        if not self.course.relevant(stop):
            return False
        if self.course.wanted(repeat, stop.places) is None:
            self._ask(stop)
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
            self._settle(stop)

    def _say(self, note: Stop) -> None:
        node = note.node
        if isinstance(node, Repeat):
            return
        text = self.scope.text(node.label, node.path, note.places)
        value = self.answers.get(note.key, "")
        if value:
            text = f"{text}\n{self.course.shown(note, value)}".strip()
        media = self.scope.media(node.media)
        if text or media:
            self.effects.append(Say(note.key, text, media))

    def _ask(
        self, stop: Stop, draft: tuple[str, ...] | None = None, *, page: int = 0, search: str = ""
    ) -> None:
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

    def _close(self, how: How, shown: str = "") -> None:
        stop = self._stop()
        number, total = self.course.place(stop.key)
        label = self.course.label(stop)
        self.effects.append(Closed(stop.key, self.asked, number, total, label, shown, how))
