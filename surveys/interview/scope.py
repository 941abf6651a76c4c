"""What the expressions of a form see in one interview: answers, as far as they are relevant."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from surveys.form.expression import Expression
from surveys.form.model import Choice, Question, Text
from surveys.interview.plan import Plan

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15


class InterviewScope:
    """The `Scope` of one interview at one moment; `settle` computes in it.

    `answers` is the caller's own dictionary and is written to.
    """

    __slots__ = ("_open", "answers", "draws", "here", "language", "now", "plan", "seed")

    def __init__(
        self,
        plan: Plan,
        answers: dict[str, str],
        *,
        language: str,
        seed: int,
        draws: int,
        now: datetime,
    ) -> None:
        self.plan = plan
        self.answers = answers
        self.language = language
        self.seed = seed
        self.draws = draws
        self.now = now
        self.here = ""
        self._open: dict[str, bool] = {}

    def value(self, path: str) -> str:
        """The value of a node: "" when it is unanswered or not relevant."""
        found = self.answers.get(path, "")
        return found if found and self.relevant(path) else ""

    def stored(self, path: str) -> str:
        """The value kept at a node, relevant or not."""
        return self.answers.get(path, "")

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

    def choice_label(self, path: str, value: str) -> str:
        """The label of a value of the question at `path`, or "" where it is none of its choices."""
        question = self.plan.questions.get(path)
        if question is not None and question.choices is not None:
            for choice in question.choices.choices:
                if choice.value == value:
                    return self.label(choice, path)
        return ""

    def relevant(self, path: str) -> bool:
        """Whether a node and all groups around it are relevant now."""
        for place, condition in self.plan.gates[path]:
            known = self._open.get(place)
            if known is None:
                known = self._open[place] = self.truth(condition, place)
            if not known:
                return False
        return True

    def truth(self, expression: Expression, here: str) -> bool:
        """A condition as it holds at a node."""
        before, self.here = self.here, here
        found = expression.as_truth(self)
        self.here = before
        return found

    def holds(self, expression: Expression, path: str, value: str) -> bool:
        """Whether a constraint would hold if the node had this value."""
        before, known = self.answers.get(path), self._open
        self.answers[path], self._open = value, {}
        found = self.truth(expression, path)
        if before is None:
            del self.answers[path]
        else:
            self.answers[path] = before
        self._open = known
        return found

    def settle(self, computed: Iterable[Question]) -> None:
        """Compute these nodes anew, in the order given, where they are relevant."""
        self._open.clear()
        for question in computed:
            path = question.path
            if question.calculation is None or not self.relevant(path):
                continue
            self.here = path
            value = question.calculation.as_text(self)
            if value and value != "NaN":
                self.answers[path] = value
            else:
                self.answers.pop(path, None)

    def text(self, text: Text | None, here: str) -> str:
        """A text in the language of the interview, with what it quotes as it is now.

        Where the form has no such translation: in its default language, or in any.
        """
        if text is None:
            return ""
        pieces = text.pieces.get(self.language)
        if pieces is None:
            spare = next(iter(text.pieces.values()), ())
            pieces = text.pieces.get(self.plan.form.default_language, spare)
        if len(pieces) == 1 and isinstance(pieces[0], str):
            return pieces[0]
        before, self.here = self.here, here
        told = "".join(
            piece if isinstance(piece, str) else _quoted(piece.as_text(self)) for piece in pieces
        )
        self.here = before
        return told

    def label(self, choice: Choice, here: str) -> str:
        """The label of a choice; its value where it has none."""
        return self.text(choice.label, here) or choice.value


def _quoted(value: str) -> str:
    return "" if value == "NaN" else value
