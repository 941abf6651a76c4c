"""What fills nodes without a person: defaults, what the program knows, actions, new instances."""

from __future__ import annotations

from surveys.form import dates
from surveys.form.model import Question, Repeat, SetValue
from surveys.form.shape import Places
from surveys.interview.plan import Plan
from surveys.interview.scope import InterviewScope


class Filling:
    """Fills the nodes of one interview; `answers`, `instances` and `passed` are the caller's."""

    def __init__(
        self,
        scope: InterviewScope,
        instances: dict[str, int],
        passed: dict[str, None],
    ) -> None:
        self.scope = scope
        self.plan: Plan = scope.plan
        self.answers = scope.answers
        self.instances = instances
        self.passed = passed

    def start(self) -> None:
        """At the first event: what the program knows, then the actions of the form, then the rest.

        In this order, as JavaRosa: an action that looks at a calculation sees a blank.
        """
        started = dates.written(self.scope.now)
        for question in self.plan.form.questions:
            if question.preload:
                for places in self.scope.spots(self.plan.chains[question.path]):
                    self._preload(question, places, started)
        self.scope.forget_relevance()
        for action in self.plan.form.actions:
            if action.event in ("first-load", "load"):
                for places in self._targets(action.target, ()):
                    self._run(action, places)
        self.scope.settle(self.plan.computed)

    def _preload(self, question: Question, places: Places, started: str) -> None:
        key = self.plan.keys[question.path](places)
        now = self.scope.now
        match question.preload:
            case "start":
                self.answers[key] = started
            case "today":
                self.answers[key] = now.date().isoformat()
            case "uid":
                self.answers[key] = f"uuid:{self.scope.uuid()}"
            case "property":
                known = self.scope.known(question.known_as)
                if known:
                    self.answers[key] = known

    def _targets(self, path: str, within: Places) -> list[Places]:
        """The one node that an action can set: none where it is in an instance not yet there, or
        where there are several."""
        found = [
            places
            for places in self.scope.spots(self.plan.chains[path])
            if places[: len(within)] == within[: len(places)]
        ]
        return found if len(found) == 1 else []

    def _set(self, action: SetValue, places: Places) -> bool:
        """Set one node; whether its value is another one now."""
        path = action.target
        value = self.scope.told(action.value, path, places)
        key = self.plan.keys[path](places)
        before = self.answers.get(key, "")
        if value:
            self.answers[key] = value
        else:
            self.answers.pop(key, None)
        if value == before:
            return False
        self.scope.settle(self.plan.after[path], at=places, moved=path)
        return True

    def _run(self, action: SetValue, places: Places) -> None:
        """An action, and what follows from the value that it sets."""
        if self._set(action, places):
            self.changed(action.target, places)

    def changed(self, path: str, places: Places, depth: int = 0) -> None:
        """A node got another value: what follows by actions, and by what these set."""
        for action in self.plan.sets.get(path, ()):
            shared = _shared(self.plan, path, action.target)
            for target in self._targets(action.target, places[:shared]):
                if self._set(action, target) and depth < len(self.plan.sets):
                    self.changed(action.target, target, depth + 1)

    # Instances --------------------------------------------------------------------------------

    def add(self, repeat: Repeat, places: Places) -> Places:
        """One more instance of a repeat at the end; its places."""
        key = self.scope.key_of_all(repeat.path, places)
        self.instances[key] = self.instances.get(key, 0) + 1
        own = (*places, self.instances[key])
        here = f"{key}[{own[-1]}]"
        self.answers |= {f"{here}/{name}": value for name, value in repeat.fresh.answers.items()}
        self.instances |= {f"{here}/{name}": n for name, n in repeat.fresh.instances.items()}
        self.scope.forget_relevance()
        started = dates.written(self.scope.now)
        for question in self.plan.form.questions:
            if question.preload and repeat.path in self.plan.chains[question.path]:
                for inner in self._inside(question.path, own):
                    self._preload(question, inner, started)
        for action in self.plan.form.actions:
            inside = repeat.path in self.plan.chains[action.target]
            if action.event == "new-repeat" and action.source in ("", repeat.path) and inside:
                for inner in self._inside(action.target, own):
                    self._run(action, inner)
        self._settle(repeat, own)
        return own

    def _inside(self, path: str, within: Places) -> list[Places]:
        every = self.scope.spots(self.plan.chains[path])
        return [places for places in every if places[: len(within)] == within]

    def remove(self, repeat: Repeat, places: Places) -> None:
        """Take the last instance of a repeat away, with all that is in it."""
        key = self.scope.key_of_all(repeat.path, places)
        last = self.instances.get(key, 0)
        if not last:
            return
        start = f"{key}[{last}]"
        for kept in (self.answers, self.instances, self.passed):
            for one in [one for one in kept if one.startswith(start)]:
                del kept[one]
        if last > 1:
            self.instances[key] = last - 1
        else:
            del self.instances[key]
        self._settle(repeat, places)

    def _settle(self, repeat: Repeat, at: Places) -> None:
        moved = {question.path for question in self.plan.after[repeat.path]}
        inside = self.plan.inside[repeat.path] - moved
        self.scope.settle(
            (one for one in self.plan.computed if one.path in moved or one.path in inside),
            at=at,
            only_at=inside,
        )


def _shared(plan: Plan, path: str, other: str) -> int:
    """How many repeats around two nodes are the same."""
    count = 0
    for one, two in zip(plan.chains[path], plan.chains[other], strict=False):
        if one != two:
            break
        count += 1
    return count
