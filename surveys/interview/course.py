"""Where one interview stands in its form: what is settled, what comes, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from surveys.form.model import Choice, MediaKind, Question, Range, Repeat
from surveys.form.shape import Places
from surveys.form.values import number_of_text
from surveys.interview.plan import Fence, Line, Stop, stop_of
from surveys.interview.scope import InterviewScope
from surveys.interview.state import Prompt

PAGE = 10
"""Choices that are shown at once; of more there are pages."""
SEARCHED = 30
"""From more choices than these on a part of a label is something to search for."""
MOST_STEPS = 11
"""Numbers of a range up to which they are choices to tap."""


class Course:
    """The questions of one interview at one moment.

    Reads the scope's answers and `passed`, both the caller's own; call `moved` after changing them.
    """

    def __init__(self, scope: InterviewScope, passed: dict[str, None]) -> None:
        self.scope = scope
        self.plan = scope.plan
        self.answers = scope.answers
        self.passed = passed
        self._asked: tuple[list[Stop], int] | None = None

    def moved(self) -> None:
        """What was counted does not hold any more."""
        self._asked = None

    # What comes -------------------------------------------------------------------------------

    def stops(self, passed_by: list[Fence] | None = None) -> Iterator[Stop]:
        """What there is to meet now, in the order of the document, all in groups that are not
        relevant left out; a question itself may still not be.

        Of a repeat its instances, then the offer of one more; what is added at that moment comes
        next. Groups outside of repeats that are left out are appended to `passed_by`.
        """
        return self._along(self.plan.lines[""], (), passed_by)

    def ahead(self, path: str) -> Iterator[Stop]:
        """Of a form without repeats: what an answer to this question may have unsettled before it,
        then what comes after it."""
        line, own = self.plan.lines[""], self.plan.index[path]
        for place in (*self.plan.before(path), *range(own + 1, len(line))):
            one = line[place]
            if isinstance(one, Stop):
                yield one

    def _along(
        self, line: Line, places: Places, passed_by: list[Fence] | None = None
    ) -> Iterator[Stop]:
        keys, place, end = self.plan.keys, 0, len(line)
        while place < end:
            one = line[place]
            place += 1
            if type(one) is Stop:
                if not one.repeat:
                    yield one if not places else _at(one, places, keys[one.node.path](places))
                elif isinstance(one.node, Repeat):
                    yield from self._instances(one.node, places)
            elif isinstance(one, Fence) and not self.scope.open(one.gate, places):
                place = one.end
                if passed_by is not None:
                    passed_by.append(one)

    def _instances(self, repeat: Repeat, places: Places) -> Iterator[Stop]:
        key = self.scope.key_of_all(repeat.path, places)
        line, place = self.plan.lines[repeat.path], 0
        while True:
            while place < self.scope.count(repeat.path, places):
                place += 1
                yield from self._along(line, (*places, place))
            yield stop_of(repeat, places, key)
            if place >= self.scope.count(repeat.path, places):
                return

    def wanted(self, repeat: Repeat, places: Places) -> int | None:
        """How many instances a repeat is to have; None: as many as a person adds."""
        if repeat.fixed and repeat.count is None:
            return self.scope.count(repeat.path, places)
        if repeat.count is None:
            return None
        if repeat.counted_at in self.plan.keys:
            at = places[: len(self.plan.chains[repeat.counted_at])]
            number = number_of_text(self.scope.stored(repeat.counted_at, at))
        else:
            number = self.scope.number(repeat.count, repeat.path, (*places, 1))
        return int(max(0.0, min(number, 10_000.0))) if number == number else 0  # noqa: PLR0124

    def relevant(self, stop: Stop) -> bool:
        """Whether this is to be met at all; the offer of one more as the group around it is."""
        places = stop.places
        if stop.repeat:
            places = (*places, self.scope.count(stop.node.path, places) + 1)
        return self.scope.relevant(stop.node.path, places)

    def is_note(self, stop: Stop) -> bool:
        """Whether this is only shown: a note, or a question that is read-only now."""
        node = stop.node
        if stop.note or isinstance(node, Repeat):
            return stop.note
        return node.read_only is not None and self.scope.truth(
            node.read_only, node.path, stop.places
        )

    def required(self, stop: Stop) -> bool:
        """Whether it must be answered, as things are."""
        node = stop.node
        if isinstance(node, Repeat):
            return True
        return node.required is not None and self.scope.truth(node.required, node.path, stop.places)

    def settled(self, stop: Stop) -> bool:
        """Whether it, if it is relevant, needs no answer any more."""
        node, key = stop.node, stop.key
        if isinstance(node, Repeat):
            wanted = self.wanted(node, stop.places)
            if wanted is None:
                return key in self.passed
            return self.scope.count(node.path, stop.places) >= wanted
        if not self.answers.get(key):
            return key in self.passed and not self.required(stop)
        if node.path in self.plan.prefilled and key not in self.passed:
            return False
        # Another answer may have been changed since: "at most as many as live at home".
        condition = node.constraint if node.path in self.plan.rechecked else None
        return condition is None or self.scope.truth(condition, node.path, stop.places)

    def previous(self, key: str) -> Stop | None:
        """What stands before this, of what is asked of this person."""
        asked, _ = self._count()
        place = next((at for at, stop in enumerate(asked) if stop.key == key), len(asked))
        return asked[place - 1] if place else None

    def place(self, key: str) -> tuple[int, int]:
        """Which question this is, from 1, and how many there will be as far as can be told."""
        asked, total = self._count()
        number = 0
        for stop in asked:
            number += isinstance(stop.node, Question)
            if stop.key == key:
                break
        number = max(number, 1)
        return number, max(number, total)

    def _count(self) -> tuple[list[Stop], int]:
        """What is asked now; how many questions with those that an open one may make relevant."""
        if self._asked is None:
            now: list[Stop] = []
            later = 0
            scope, plan, passed, answers = self.scope, self.plan, self.passed, self.answers
            hoped: set[str] = set()
            passed_by: list[Fence] = []
            for stop in self.stops(passed_by):
                node, key = stop.node, stop.key
                if stop.note:
                    continue
                if isinstance(node, Repeat):
                    later += self._offered(stop, now)
                elif node.read_only is not None and self.is_note(stop):
                    continue
                elif scope.relevant(node.path, stop.places):
                    now.append(stop)
                    later += 1
                    given = answers.get(key) and node.path not in plan.prefilled
                    if not given and key not in passed:
                        hoped.add(node.path)
                elif not stop.places and not hoped.isdisjoint(plan.sources[node.path]):
                    # An answer that is still open may make it relevant.
                    hoped.add(node.path)
                    later += 1
            for fence in passed_by:
                if not hoped.isdisjoint(fence.sources):
                    found = [
                        path for path in fence.questions if not hoped.isdisjoint(plan.sources[path])
                    ]
                    hoped.update(found)
                    later += len(found)
            self._asked = now, later
        return self._asked

    def _offered(self, stop: Stop, now: list[Stop]) -> int:
        """Note the offer of one more instance; the questions in those that will come by a count."""
        node = stop.node
        if not isinstance(node, Repeat) or not self.relevant(stop):
            return 0
        wanted = self.wanted(node, stop.places)
        if wanted is None:
            now.append(stop)
            return 0
        missing = wanted - self.scope.count(node.path, stop.places)
        inside = sum(
            question.asked and node.path in self.plan.chains[question.path]
            for question in self.plan.walk
        )
        return max(missing, 0) * inside

    # How it is shown --------------------------------------------------------------------------

    def prompt(
        self, stop: Stop, seq: int, draft: tuple[str, ...], page: int = 0, search: str = ""
    ) -> Prompt:
        """A question, or the offer of one more instance, as it is to be shown."""
        number, total = self.place(stop.key)
        node = stop.node
        if isinstance(node, Repeat):
            there = self.scope.count(node.path, stop.places)
            return Prompt(
                path=stop.key,
                seq=seq,
                number=number,
                total=total,
                type="repeat",
                label=self.label(stop),
                hint="",
                choices=(),
                selected=(),
                answer="",
                required=True,
                can_go_back=self.previous(stop.key) is not None,
                appearance=node.appearance,
                around=self.around(node.path, stop.places),
                instances=there,
                can_remove=there > 0,
            )
        path, places = node.path, stop.places
        value = self.answers.get(stop.key, "")
        choices = self.labelled(stop)
        if node.type in ("select_multiple", "rank"):
            selected = draft
        else:
            selected = (value,) if choices and value else ()
        drawn = "; ".join(draft) if node.type in ("geotrace", "geoshape") and draft else value
        shown, page, pages = _page(choices, page, search)
        numbers = node.numbers
        return Prompt(
            path=stop.key,
            seq=seq,
            number=number,
            total=total,
            type=node.type,
            label=self.label(stop),
            hint=self.scope.text(node.hint, path, places),
            choices=choices,
            selected=selected,
            answer="" if choices else self.shown(stop, drawn),
            required=self.required(stop),
            can_go_back=self.previous(stop.key) is not None,
            appearance=node.appearance,
            shown=shown,
            page=page,
            pages=pages,
            search=search,
            guidance=self.scope.text(node.guidance, path, places),
            media=self.scope.media(node.media),
            pictured=self._pictured(stop, shown),
            around=self.around(path, places),
            bounds=None
            if numbers is None
            else (written(numbers.start), written(numbers.end), written(numbers.step)),
            opens=self._opens(stop),
        )

    def _pictured(
        self, stop: Stop, shown: tuple[int, ...]
    ) -> tuple[tuple[int, MediaKind, str], ...]:
        offered = self.offered(stop)
        if not any(choice.media for choice in offered):
            return ()
        return tuple(
            (place, kind, name)
            for place in shown
            for kind, name in self.scope.media(offered[place].media)
        )

    def label(self, stop: Stop) -> str:
        """What is asked; the node's name where the form says nothing."""
        node, places = stop.node, stop.places
        if isinstance(node, Repeat):
            places = (*places, self.scope.count(node.path, places) + 1)
        return self.scope.text(node.label, node.path, places) or node.name

    def around(self, path: str, places: Places) -> tuple[tuple[str, int], ...]:
        """The labels of the groups around a node, and which instance of a repeat it is in."""
        found: list[tuple[str, int]] = []
        for one in self.plan.form.parents[path]:
            group = self.plan.form.nodes[one]
            if isinstance(group, Question):
                continue
            depth = len(self.plan.chains[one])
            text = self.scope.text(group.label, one, places[:depth])
            if isinstance(group, Repeat):
                found.append((text or group.name, places[depth - 1]))
            elif text:
                found.append((text, 0))
        return tuple(found)

    def _opens(self, stop: Stop) -> bool:
        """Whether it is the first one asked of the innermost group or instance around it."""
        around = self.plan.form.parents[stop.node.path]
        if not around:
            return False
        inner = f"{around[-1]}/"
        depth = len(self.plan.chains[around[-1]])
        asked, _ = self._count()
        first = next(
            (
                one
                for one in asked
                if one.node.path.startswith(inner) and one.places[:depth] == stop.places[:depth]
            ),
            stop,
        )
        return first.key == stop.key

    def offered(self, stop: Stop) -> tuple[Choice, ...]:
        """The choices in the order in which this interview shows them."""
        node = stop.node
        return () if isinstance(node, Repeat) else self.scope.offered(node, stop.places)

    def labelled(self, stop: Stop) -> tuple[tuple[str, str], ...]:
        """Values and labels of what can be tapped: choices, or the numbers of a short range."""
        node = stop.node
        if isinstance(node, Question) and node.numbers is not None:
            return tuple((number, number) for number in _steps(node.numbers))
        return tuple(
            (choice.value, self.scope.label(choice, node.path, stop.places))
            for choice in self.offered(stop)
        )

    def shown(self, stop: Stop, value: str) -> str:
        """An answer as a person reads it."""
        node = stop.node
        if isinstance(node, Repeat):
            return value
        if node.choices is None:
            # Kept as ODK does; a person says 2.
            return value.removesuffix(".0") if node.type in ("decimal", "range") else value
        several = node.type in ("select_multiple", "rank")
        chosen = value.split() if several else [value]
        labels = {
            choice.value: self.scope.label(choice, node.path, stop.places)
            for choice in self.scope.all_choices(node, stop.places)
            if choice.value in chosen
        }
        order = chosen if node.type == "rank" else labels
        told = [labels[one] for one in order if one in labels]
        return ("、" if _is_chinese(self.scope.language) else ", ").join(told)

    def in_order(self, stop: Stop, values: tuple[str, ...]) -> str:
        """A select_multiple's value: its choices in the order of their list, however tapped."""
        if isinstance(stop.node, Repeat):
            return ""
        listed = self.scope.all_choices(stop.node, stop.places)
        return " ".join(choice.value for choice in listed if choice.value in values)


def _at(stop: Stop, places: Places, key: str) -> Stop:
    return Stop(stop.node, places, key, stop.repeat, stop.note)


def _steps(numbers: Range) -> list[str]:
    """The numbers of a range, where there are few."""
    span = numbers.end - numbers.start
    count = int(abs(span) / numbers.step) + 1
    if count > MOST_STEPS:
        return []
    step = numbers.step if span >= 0 else -numbers.step
    return [written(numbers.start + step * place) for place in range(count)]


def written(number: Decimal) -> str:
    """A number without an exponent and without zeros at the end.

    >>> written(Decimal("2.50"))
    '2.5'
    """
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _page(
    choices: tuple[tuple[str, str], ...], page: int, search: str
) -> tuple[tuple[int, ...], int, int]:
    """The places shown, which page that is, and how many there are."""
    if search:
        found = searched(tuple(label for _, label in choices), search)
        return found[:PAGE], 0, 1
    pages = max(-(-len(choices) // PAGE), 1)
    page = min(max(page, 0), pages - 1)
    return tuple(range(page * PAGE, min((page + 1) * PAGE, len(choices)))), page, pages


def searched(labels: tuple[str, ...], typed: str) -> tuple[int, ...]:
    """The places of the labels that fit what was typed, the best first."""
    from surveys.interview.answers import search

    return tuple(search(labels, typed))


def _is_chinese(language: str) -> bool:
    tag = language[language.rfind("(") + 1 :].rstrip(")").lower()
    return tag == "zh" or tag.startswith(("zh-", "zh_")) or "中文" in language
