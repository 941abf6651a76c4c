"""What the expressions of a form see in one interview: answers, as far as they are relevant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from surveys.form.expression import Expression
from surveys.form.items import Item
from surveys.form.model import Choice, Choices, MediaKind, Question, Text
from surveys.form.shape import Places
from surveys.form.shuffling import shuffle, shuffling_seed
from surveys.form.values import Spot
from surveys.interview.plan import Gate, Plan
from surveys.interview.quoting import quoting

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_NOTHING = Item("")
T = TypeVar("T")
_KNOWN_BY = "1:"
"""Another number where conditions come to mean something else: what older programs knew is void."""
_SIGNS: Mapping[bool | None, str] = {True: "1", False: "0", None: "-"}


class InterviewScope:
    """The `Scope` of one interview at one moment; `settle` computes in it.

    `answers` and `instances` are the caller's own dictionaries; `answers` is written to.
    """

    __slots__ = (
        "_open", "answers", "draws", "here", "inner", "instances", "item", "language", "now",
        "places", "plan", "position", "properties", "seed", "size",
    )  # fmt: skip

    def __init__(
        self,
        plan: Plan,
        answers: dict[str, str],
        *,
        language: str,
        seed: int,
        draws: int,
        now: datetime,
        instances: Mapping[str, int] | None = None,
        properties: Mapping[str, str] | None = None,
        relevance: str = "",
    ) -> None:
        self.plan = plan
        self.answers = answers
        self.instances = {} if instances is None else instances
        self.properties = {} if properties is None else properties
        self.language = language
        self.seed = seed
        self.draws = draws
        self.now = now
        self.here = ""
        self.places: Places = ()
        self.inner: Places = ()
        self.item = _NOTHING
        self.position = 1
        self.size = 1
        self._open: dict[object, bool] = {}
        steady = plan.steady
        if relevance.startswith(_KNOWN_BY) and len(relevance) == len(_KNOWN_BY) + len(steady):
            told = relevance[len(_KNOWN_BY) :]
            self._open.update(
                (path, sign == "1") for path, sign in zip(steady, told, strict=True) if sign != "-"
            )

    # What expressions look at -----------------------------------------------------------------

    def value(self, path: str, places: Places = ()) -> str:
        """The value of a node: "" when it is unanswered or not relevant."""
        if places:
            found = self.answers.get(self.plan.keys[path](places))
            return found if found and self.relevant(path, places) else ""
        found = self.answers.get(path)
        if not found:
            return ""
        gate = self.plan.gates[path]
        if gate is None:
            return found
        known = self._open.get(gate.path)
        return found if (self.open(gate, ()) if known is None else known) else ""

    def stored(self, path: str, places: Places = ()) -> str:
        """The value kept at a node, relevant or not."""
        return self.answers.get(self.plan.keys[path](places) if places else path, "")

    def count(self, path: str, places: Places = ()) -> int:
        """How many instances a repeat has."""
        return self.instances.get(self.plan.all_keys[path](places) if places else path, 0)

    def key_of_all(self, path: str, places: Places) -> str:
        """Under which key the number of instances of a repeat is kept."""
        return self.plan.all_keys[path](places) if places else path

    def list(self, name: str) -> Item | None:
        """The document of a secondary instance."""
        return self.plan.form.lists.get(name)

    def known(self, name: str) -> str:
        """What is known of who runs the interview; the version of the form."""
        return self.plan.form.version if name == "version" else self.properties.get(name, "")

    def translation(self, text_id: str) -> str:
        """The text of this id in the language of the interview."""
        return self.text(self.plan.form.texts.get(text_id), self.here, self.places)

    def random(self) -> float:
        """The next number of the interview's sequence, 0 <= x < 1."""
        return (self._draw() >> 11) / (1 << 53)

    def uuid(self) -> str:
        """The next random id of the interview's sequence, as RFC 9562 writes version 4."""
        bits = self._draw() << 64 | self._draw()
        bits = bits & ~(0xF << 76) | 4 << 76
        bits = bits & ~(0x3 << 62) | 2 << 62
        digits = f"{bits:032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def _draw(self) -> int:
        """SplitMix64 (Steele, Lea & Flood 2014) at the next place of the sequence of the seed."""
        self.draws += 1
        mixed = (self.seed * 0xD1342543DE82EF95 + self.draws * _STEP) & _MASK
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _MASK
        return mixed ^ mixed >> 31

    def choice_label(self, path: str, places: Places, value: str) -> str:
        """The label of a value of the question at `path`, or "" where it is none of its choices."""
        question = self.plan.questions.get(path)
        if question is not None and question.choices is not None:
            known = question.choices.choices or self.all_choices(question, places)
            for choice in known:
                if choice.value == value:
                    return self.label(choice, path, places)
        return ""

    def relevant(self, path: str, places: Places = ()) -> bool:
        """Whether a node and all groups around it are relevant now."""
        gate = self.plan.gates.get(path)
        if gate is None:
            return True
        known = self._open.get((gate.path, places[: gate.depth]) if gate.depth else gate.path)
        return self.open(gate, places) if known is None else known

    def open(self, gate: Gate, places: Places) -> bool:
        """Whether a condition and all around it hold now."""
        depth = gate.depth
        own = places[:depth]
        spot = (gate.path, own) if depth else gate.path
        known = self._open.get(spot)
        if known is None:
            around = gate.around
            known = around is None or self.open(around, places)
            if known:
                before = self.here, self.places
                self.here, self.places = gate.path, own
                known = gate.holds(self)
                self.here, self.places = before
            self._open[spot] = known
        return known

    def relevance(self) -> str:
        """What is known now of the conditions, for the next time: a sign for each, in their order.

        Of forms with repeats nothing is kept: there a condition holds or not instance by instance.
        """
        if self.plan.repeats or not self.plan.steady:
            return ""
        known = self._open
        return _KNOWN_BY + "".join([_SIGNS[known.get(path)] for path in self.plan.steady])

    # Expressions at a node --------------------------------------------------------------------

    def truth(self, expression: Expression, here: str, places: Places = ()) -> bool:
        """A condition as it holds at a node."""
        before = self._enter(here, places)
        found = expression.as_truth(self)
        self.here, self.places = before
        return found

    def told(self, expression: Expression, here: str, places: Places = ()) -> str:
        """An expression as text at a node; what is no number is blank."""
        before = self._enter(here, places)
        found = expression.as_text(self)
        self.here, self.places = before
        return "" if found == "NaN" else found

    def number(self, expression: Expression, here: str, places: Places = ()) -> float:
        """An expression as a number at a node."""
        before = self._enter(here, places)
        found = expression.as_number(self)
        self.here, self.places = before
        return found

    def _enter(self, here: str, places: Places) -> tuple[str, Places]:
        before = self.here, self.places
        self.here, self.places = here, places
        return before

    def holds(self, expression: Expression, path: str, places: Places, value: str) -> bool:
        """Whether a constraint would hold if the node had this value."""
        key = self.plan.keys[path](places)
        before, known = self.answers.get(key), self._open
        self.answers[key], self._open = value, {}
        found = self.truth(expression, path, places)
        if before is None:
            del self.answers[key]
        else:
            self.answers[key] = before
        self._open = known
        return found

    # Computing --------------------------------------------------------------------------------

    def forget_relevance(self) -> None:
        """What was relevant may not be any more."""
        self._open.clear()

    def settle(
        self,
        computed: Iterable[Question],
        *,
        at: Places | None = None,
        only_at: Collection[str] = (),
        moved: str | None = None,
    ) -> None:
        """Compute these nodes anew, in the order given; those that are not relevant, too.

        In repeats: in every instance; those at the paths in `only_at`, and those with another value
        each time, only in the instances that `at` is of (None: in all). `moved`: the one node with
        another value; None: any may have one.
        """
        if moved is None or self.plan.repeats:
            self._open.clear()
        else:
            for path in self.plan.reach(moved) & self._open.keys():
                del self._open[path]
        restless = self.plan.restless
        for question in computed:
            path, calculation = question.path, question.calculation
            if calculation is None:
                continue
            chain = self.plan.chains[path]
            if not chain:
                self._store(path, self.told(calculation, path))
                continue
            narrow = at is not None and (path in only_at or path in restless)
            for places in list(self.spots(chain)):
                if narrow and at is not None and places[: len(at)] != at[: len(places)]:
                    continue
                self._store(self.plan.keys[path](places), self.told(calculation, path, places))

    def _store(self, key: str, value: str) -> None:
        if value:
            self.answers[key] = value
        else:
            self.answers.pop(key, None)

    def spots(self, chain: tuple[str, ...]) -> Iterator[Places]:
        """The places of all instances of the innermost of these repeats."""
        if not chain:
            yield ()
            return
        for outer in self.spots(chain[:-1]):
            for place in range(1, self.count(chain[-1], outer) + 1):
                yield (*outer, place)

    # Texts and choices ------------------------------------------------------------------------

    def text(self, text: Text | None, here: str, places: Places = ()) -> str:
        """A text in the language of the interview, with what it quotes as it is now.

        Where the form has no such translation: in its default language, or in any.
        """
        if text is None:
            return ""
        pieces = self._translated(text.pieces)
        if pieces is None:
            return ""
        if len(pieces) == 1 and isinstance(pieces[0], str):
            return pieces[0]
        return quoting(
            (piece, False) if isinstance(piece, str) else (self.told(piece, here, places), True)
            for piece in pieces
        )

    def media(
        self, media: Mapping[str, Mapping[MediaKind, str]]
    ) -> tuple[tuple[MediaKind, str], ...]:
        """The files to show, in the language of the interview: kind and name."""
        return tuple((self._translated(media) or {}).items()) if media else ()

    def _translated(self, by_language: Mapping[str, T]) -> T | None:
        found = by_language.get(self.language)
        if found is None:
            spare = next(iter(by_language.values()), None)
            found = by_language.get(self.plan.form.default_language, spare)
        return found

    def label(self, choice: Choice, here: str, places: Places = ()) -> str:
        """The label of a choice; its value where it has none."""
        return self.text(choice.label, here, places) or choice.value

    def offered(self, question: Question, places: Places) -> tuple[Choice, ...]:
        """The choices that are there now, in the order in which this interview shows them."""
        choices = question.choices
        if choices is None:
            return ()
        found = self.all_choices(question, places)
        return self._shuffled(choices, found, question.path, places) if choices.shuffled else found

    def all_choices(self, question: Question, places: Places) -> tuple[Choice, ...]:
        """The same in the order of their list."""
        choices = question.choices
        if choices is None or choices.nodes is None or choices.nodes.nodes is None:
            return () if choices is None else choices.choices
        before = self._enter(question.path, places)
        found = choices.nodes.nodes(self)
        self.here, self.places = before
        if choices.value is None:
            known = self.plan.rows[question.path]
            return tuple(known[id(node)] for node in found if id(node) in known)
        return self._of_instances(choices, found)

    def _of_instances(self, choices: Choices, found: Iterable[object]) -> tuple[Choice, ...]:
        made: list[Choice] = []
        for node in found:
            if isinstance(node, Spot) and choices.value is not None and choices.label is not None:
                value = self.told(choices.value, node.path, node.places)
                label = self.told(choices.label, node.path, node.places)
                made.append(Choice(value, Text({self.language: (label,)})))
        return tuple(made)

    def _shuffled(
        self, choices: Choices, found: tuple[Choice, ...], path: str, places: Places
    ) -> tuple[Choice, ...]:
        seed = float(self.seed)
        if choices.seed is not None:
            # A seed that is blank is 0, as in JavaRosa.
            seed = shuffling_seed(self.told(choices.seed, path, places))
        return tuple(shuffle(found, seed))
