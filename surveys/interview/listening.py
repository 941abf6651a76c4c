"""What comes in, a tap, a text, a place, a photo, and what it means for the question at hand."""

from __future__ import annotations

from surveys.form.model import MEDIA_TYPES, Question, Repeat
from surveys.interview import answers as reading
from surveys.interview.answering import FEWEST_POINTS, Answering
from surveys.interview.canonical import canonical, point_of
from surveys.interview.course import SEARCHED, written
from surveys.interview.places import place as typed_place
from surveys.interview.plan import Stop
from surveys.interview.state import (
    Action,
    Ask,
    Attached,
    Begin,
    Decode,
    Event,
    Explained,
    Given,
    Located,
    Logged,
    Paged,
    Redraw,
    Scanned,
    Sent,
    Spoke,
    Stale,
    Stopped,
    Tapped,
    Typed,
)


class Listening(Answering):
    """A turn that takes an event."""

    def take(self, event: Event) -> None:
        """Take one event."""
        if self.status == "finished":
            if not isinstance(event, Spoke):
                seq = event.seq if isinstance(event, Tapped | Paged | Scanned) else self.asked
                self.effects.append(Stale(seq))
            return
        if not self.started:
            self.started = self.now.isoformat(timespec="milliseconds")
            self.filling.start()
        if isinstance(event, Spoke):
            self._speak(event.language)
        elif isinstance(event, Begin) or self.current is None:
            self.scope.settle(self.plan.daily)
            self.settle()
            self.again()
        elif isinstance(event, Tapped | Paged):
            self._tapped(event)
        elif self.status == "stopped":
            self.again()
        else:
            self._said(event)

    def _speak(self, language: str) -> None:
        if language in self.form.languages:
            self.scope.language = language
        self.scope.settle(self.plan.spoken)
        self.course.moved()
        if self.status == "open":
            self.again()

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
        stop = self.stop_at_hand()
        offered = self.course.labelled(stop)
        if not offered:
            self.again()
        elif not 0 <= place < len(offered):
            self.refuse("not_a_choice", given=str(place + 1))
        elif isinstance(stop.node, Question) and stop.node.type in ("select_multiple", "rank"):
            self.toggle(stop, *offered[place])
        else:
            self.answer(self.kept(stop, offered[place][0]), given=offered[place][1])

    def _said(self, event: Event) -> None:
        """An answer that is no tap."""
        stop = self.stop_at_hand()
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
            self.refuse("wrong_medium", given="")
        else:
            self.refuse("not_text", given=event.kind if isinstance(event, Sent) else "")

    def _given(self, stop: Stop, value: str) -> None:
        """Just what an XForm would hold."""
        node = stop.node
        if isinstance(node, Repeat):
            self.more("add" if value else "enough")
            return
        if not value:
            self.skip()
            return
        if node.choices is not None:
            known = {choice.value for choice in self.course.offered(stop)}
            several = node.type in ("select_multiple", "rank")
            if not known.issuperset(value.split() if several else (value,)):
                self.refuse("not_a_choice", given=value)
                return
            if node.type == "select_multiple":
                value = self.course.in_order(stop, tuple(value.split()))
        found, wrong = canonical(node, value, self.now)
        if wrong is not None:
            self.refuse(wrong, given=value)
        else:
            self.answer(found, given=value)

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
            alone = kind in FEWEST_POINTS and not set(typed) & {";", "；", "\n"}
            one = typed_place(typed) if alone else None
            if one is not None:
                # One corner of a line or an area: the others come one after the other.
                self._located(kind, Located(*one))
            elif found.reason in ("not_a_choice", "ambiguous_choice") and len(labelled) > SEARCHED:
                self._look_for(labelled, shown)
            else:
                self.refuse(found.reason, given=shown)
        elif kind == "select_multiple":
            self.answer(self.joined(stop, found.values), given=shown)
        elif kind == "rank":
            self.answer(" ".join(found.values), given=shown)
        else:
            self.answer(self.kept(stop, found.values[0]), given=shown)

    def kept(self, stop: Stop, value: str) -> str:
        """A value that was read, as an XForm writes it."""
        return value if isinstance(stop.node, Repeat) else canonical(stop.node, value, self.now)[0]

    def _bounds(self, node: Question | Repeat) -> tuple[str, str, str] | None:
        numbers = None if isinstance(node, Repeat) else node.numbers
        if numbers is None:
            return None
        return written(numbers.start), written(numbers.end), written(numbers.step)

    def _look_for(self, labelled: tuple[tuple[str, str], ...], typed: str) -> None:
        """Of a long list: show what fits what was typed, under a new number."""
        if not reading.search([label for _, label in labelled], typed):
            self.refuse("nothing_found", given=typed)
            return
        stop, draft = self.stop_at_hand(), self.draft
        self.close("moved")
        self.ask(stop, draft, search=typed)

    def joined(self, stop: Stop, values: tuple[str, ...]) -> str:
        """What was typed, together with what was toggled for this question before."""
        if sorted(self.draft) == sorted(self.answers.get(stop.key, "").split()):
            return self.course.in_order(stop, values)
        draft: tuple[str, ...] = self.draft
        for value in values:
            if value not in draft:
                draft = self.with_one_more(stop, draft, value) or (*draft, value)
        return self.course.in_order(stop, draft)

    def _located(self, kind: str, place: Located) -> None:
        point = point_of(place.latitude, place.longitude, place.altitude, place.accuracy)
        if kind == "geopoint":
            self.answer(point, given=point)
        elif kind in FEWEST_POINTS:
            self.draft = (*self.draft, point)
            self.effects.append(Redraw(self.prompt()))
        else:
            self.refuse("not_text", given="location")

    def _attached(self, kind: str, sent: Attached) -> None:
        if kind == "barcode" and sent.medium == "image":
            self.effects.append(Decode(self.asked, sent.name))
        elif kind in (sent.medium, "file"):
            self.answer(sent.name, given="")
        elif kind in MEDIA_TYPES:
            self.refuse("wrong_medium", given="")
        else:
            self.refuse("not_text", given=sent.medium)

    def _scanned(self, kind: str, event: Scanned) -> None:
        if event.seq != self.asked or kind != "barcode":
            return
        if event.text:
            self.answer(event.text, given=event.text)
        else:
            self.refuse("no_barcode", given="")

    def _act(self, action: Action) -> None:
        if action == "back":
            self.back()
        elif action == "skip":
            self.skip()
        elif action == "stop":
            self.close("stopped")
            self.effects += (Logged("stopped", self.current or "", ""), Stopped())
            self.status = "stopped"
        elif action == "explain":
            guidance = self.prompt().guidance
            if guidance:
                self.effects.append(Explained(self.current or "", guidance))
            else:
                self.again()
        elif action == "again":
            self.again()
        elif action == "done":
            self.done()
        else:
            self.more(action)
