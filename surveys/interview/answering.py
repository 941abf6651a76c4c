"""What a person does with the question at hand: answer, skip, go back, add one more."""

from __future__ import annotations

from collections.abc import Mapping

from surveys.form.model import Repeat
from surveys.interview.plan import Stop
from surveys.interview.state import Action, Logged, Redraw
from surveys.interview.turn import Turn

FEWEST_POINTS: Mapping[str, int] = {"geotrace": 2, "geoshape": 3}


class Answering(Turn):
    """A turn that can do what a person wants."""

    def again(self) -> None:
        """Show the question at hand under a new number, or the first one."""
        draft, page, search = self.draft, self.page, self.search
        if self.current is not None and self.status == "open":
            self.close("moved")
        self.status = "open"
        if self.current is None or not self.there():
            self.go_on()
        else:
            self.ask(self.stop_at_hand(), draft, page=page, search=search)

    def there(self) -> bool:
        """Whether what was asked is still there and relevant."""
        stop = self.stop_at_hand()
        places = stop.places
        for depth, repeat in enumerate(self.plan.chains[stop.node.path][: len(places)]):
            if places[depth] > self.scope.count(repeat, places[:depth]):
                return False
        return self.course.relevant(stop)

    def more(self, action: Action) -> None:
        """One more instance of the repeat at hand, no more, or one less."""
        stop = self.stop_at_hand()
        repeat = stop.node
        if not isinstance(repeat, Repeat):
            self.again()
            return
        if action == "add":
            self.close("added", self._how_many(repeat, stop, 1))
            self.passed.pop(stop.key, None)
            self.filling.add(repeat, stop.places)
            self.effects.append(Logged("added", stop.key, ""))
        elif action == "remove":
            self.close("removed", self._how_many(repeat, stop, -1))
            self.filling.remove(repeat, stop.places)
            self.passed.pop(stop.key, None)
            self.effects.append(Logged("removed", stop.key, ""))
        else:
            self.close("enough", self._how_many(repeat, stop, 0))
            self.passed[stop.key] = None
        self.course.moved()
        self.go_on()

    def _how_many(self, repeat: Repeat, stop: Stop, more: int) -> str:
        return str(max(self.scope.count(repeat.path, stop.places) + more, 0))

    def toggle(self, stop: Stop, value: str, label: str) -> None:
        """A choice of several is taken, or taken back; of a ranking it comes next."""
        if value in self.draft:
            self.draft = tuple(one for one in self.draft if one != value)
        elif stop.node.type == "rank":  # type: ignore[union-attr]
            self.draft = (*self.draft, value)
            left = [one for one, _ in self.course.labelled(stop) if one not in self.draft]
            if len(left) == 1:
                # The last one has only one place left.
                self.draft = (*self.draft, *left)
        else:
            found = self.with_one_more(stop, self.draft, value)
            if found is None:
                self.refuse("constraint", given=label)
                return
            self.draft = found
        self.effects.append(Redraw(self.prompt()))

    def with_one_more(
        self, stop: Stop, draft: tuple[str, ...], value: str
    ) -> tuple[str, ...] | None:
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
        return self.fits(stop, self.course.in_order(stop, values))

    def fits(self, stop: Stop, value: str) -> bool:
        """Whether the constraint lets this value pass."""
        node = stop.node
        if isinstance(node, Repeat) or node.constraint is None:
            return True
        return self.scope.holds(node.constraint, node.path, stop.places, value)

    def done(self) -> None:
        """What was tapped so far is the answer."""
        stop = self.stop_at_hand()
        kind = "" if isinstance(stop.node, Repeat) else stop.node.type
        value = self.answers.get(stop.key, "")
        if kind == "select_multiple":
            value = self.course.in_order(stop, self.draft)
        elif kind == "acknowledge":
            value = "OK"
        elif kind == "rank":
            value = " ".join(self.draft)
            if value and len(self.draft) < len(self.course.labelled(stop)):
                self.refuse("not_ranked", given="")
                return
        elif kind in FEWEST_POINTS and self.draft:
            points = list(self.draft)
            if len(points) < FEWEST_POINTS[kind]:
                self.refuse("not_enough_places", given="")
                return
            if kind == "geoshape" and points[0] != points[-1]:
                points.append(points[0])
            value = "; ".join(points)
        if isinstance(stop.node, Repeat):
            self.more("enough")
        elif value:
            self.answer(value, given=self.course.shown(stop, value))
        else:
            self.skip()

    def answer(self, value: str, given: str) -> None:
        """The question at hand has this value, if its constraint lets it; `given`: as it came."""
        stop = self.stop_at_hand()
        key, path = stop.key, stop.node.path
        if not self.fits(stop, value):
            self.refuse("constraint", given=given)
            return
        earlier = self.answers.get(key, "")
        known = path not in self.plan.prefilled or key in self.passed
        self.answers[key] = value
        if path in self.plan.prefilled:
            self.passed[key] = None
        else:
            self.passed.pop(key, None)
        self.settle(stop)
        if value != earlier:
            self._follow(stop)
        self.close("answered", self.course.shown(stop, value))
        corrected = known and earlier not in ("", value)
        self.effects.append(Logged("corrected" if corrected else "answered", key, value))
        self.go_on(stop)

    def skip(self) -> None:
        """The question at hand is left without an answer, if it may be."""
        stop = self.stop_at_hand()
        key = stop.key
        if isinstance(stop.node, Repeat):
            self.more("enough")
            return
        if self.course.required(stop):
            self.refuse("required", given="")
            return
        earlier = self.answers.pop(key, "")
        self.passed[key] = None
        self.course.moved()
        if earlier:
            self.settle(stop)
            self._follow(stop)
        self.close("skipped")
        self.effects.append(Logged("skipped", key, ""))
        self.go_on(stop)

    def _follow(self, stop: Stop) -> None:
        """Another value by a person: the form's actions run."""
        if stop.node.path in self.plan.sets:
            self.filling.changed(stop.node.path, stop.places)
            self.course.moved()

    def back(self) -> None:
        """To the question before this one."""
        previous = self.course.previous(self.current or "")
        if previous is None:
            self.again()
        else:
            self.close("back")
            self.ask(previous)
