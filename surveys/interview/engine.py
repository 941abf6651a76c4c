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

from surveys.form.model import Form, Node, Question, Repeat
from surveys.form.shape import Places
from surveys.interview.listening import Listening
from surveys.interview.scope import InterviewScope
from surveys.interview.state import Effect, Event, Given, Interview, Prompt


def begin(
    form: Form, seed: int, language: str, properties: Mapping[str, str] | None = None
) -> Interview:
    """A fresh interview, with the form's defaults filled in; the first event starts its clock.

    `language` is one of the form's own names (`model.language_of`); another gives its default.
    `properties`: what a form may ask of who runs the interview, like deviceid.
    """
    return Interview(
        form_id=form.id,
        form_version=form.version,
        seed=seed,
        language=language if language in form.languages else form.default_language,
        answers=dict(form.beginning.answers),
        instances=dict(form.beginning.instances),
        properties=dict(properties or {}),
    )


def step(
    form: Form, interview: Interview, event: Event, now: datetime
) -> tuple[Interview, tuple[Effect, ...]]:
    """What one event makes of an interview, and what is to be said and logged because of it.

    `now` is in the area's zone. Never raises for what a person does: an event that does not fit
    leaves the interview as it is and shows the question at hand again.
    """
    turn = Listening(form, interview, now)
    turn.take(event)
    return turn.interview(), tuple(turn.effects)


def give(
    form: Form, interview: Interview, value: str, now: datetime
) -> tuple[Interview, tuple[Effect, ...]]:
    """The question at hand is answered with just this value, as an XForm writes it; "": skipped."""
    return step(form, interview, Given(value), now)


def recomputed(form: Form, interview: Interview, now: datetime) -> Interview:
    """The interview with every computed node computed anew: its answers came from elsewhere."""
    turn = Listening(form, interview, now)
    turn.scope.settle(turn.plan.computed)
    return turn.interview()


def prompt(form: Form, interview: Interview, now: datetime) -> Prompt | None:
    """The question at hand as it is to be shown; None before the first and after the last."""
    turn = Listening(form, interview, now)
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
    return Listening(form, interview, now).scope


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
