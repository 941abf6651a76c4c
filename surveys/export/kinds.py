"""What kind of cells each question has: as the form says, unless an answer does not fit it.

Versions of a form may ask a question in another way, and a computed node may hold anything; so all
answers are looked at once, and a column in which one is no number is text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import filterfalse

from surveys.export.pieces import Odd, pieces, taken_apart
from surveys.export.questions import Asked, marked
from surveys.export.reader import Shape, fits, is_place
from surveys.export.table import Kind, Value
from surveys.export.wording import say

_SEEN = 2000
"""Values of a column that are remembered, so as not to be looked at twice."""
_PASSED = 100_000
"""Pieces that are no answer, or stand in a repeat, are remembered as long as there are fewer."""
MOST_SPLIT = 100
"""Choices of a list of which each has a column, chosen or not."""
_CHOSEN = frozenset({"select_one", "select_multiple"})
ACKNOWLEDGED = "OK"
"""What an acknowledge holds."""
_TYPES: Mapping[str, tuple[Kind, ...]] = {
    "acknowledge": ("category",), "select_one": ("category",), "integer": ("integer", "decimal"),
    "decimal": ("decimal",), "range": ("integer", "decimal"), "date": ("date",), "time": ("time",),
    "dateTime": ("moment",),
}  # fmt: skip
_COMPUTED: Mapping[str, tuple[Kind, ...]] = {
    "date": ("date",), "time": ("time",), "dateTime": ("moment",),
}  # fmt: skip
"""Of a computed node that says what it holds; others may be numbers."""


class Kinds:
    """The kind of each column, found by looking at every submission once."""

    def __init__(self, asked: Iterable[Asked]) -> None:
        self.seen = [Seen(one) for one in asked]
        """In the same order."""
        self._at = {path: one for one in self.seen for path in one.asked.paths}
        self._passed: set[str] = set()
        """Pieces of submissions that were looked at, as far as they are remembered."""

    def see_text(self, text: str) -> None:
        """Look at the answers of a submission in its JSON text."""
        try:
            for piece in filterfalse(self._passed.__contains__, pieces(text)):
                self._see_piece(piece)
        except Odd:
            self.see(json.loads(text))

    def _see_piece(self, piece: str) -> None:
        path, value = taken_apart(piece)
        one = self._at.get(marked(path) if "[" in path else path)
        if one is None:
            if len(self._passed) < _PASSED:
                self._passed.add(piece)
            return
        if value and value not in one.known:
            one.see(value)
        if not value or value in one.known:
            self._passed.add(piece)

    def see(self, submission: Mapping[str, str]) -> None:
        """Look at a submission's answers."""
        at = self._at
        for path, value in submission.items():
            one = at.get(marked(path) if "[" in path else path)
            if one is not None and value and value not in one.known:
                one.see(value)


class Seen:
    """One question and what its answers look like."""

    def __init__(self, asked: Asked) -> None:
        from surveys.estimation.frame import LADDER

        self.asked = asked
        self._values = dict(asked.choices)
        indicator = asked.indicator
        if asked.question.type == "acknowledge":
            self._values.setdefault(ACKNOWLEDGED, Value(ACKNOWLEDGED, say("confirmed")))
        elif asked.question.type == "calculate" and indicator and indicator.kind == "category":
            self._values = {name: Value(name, label) for name, label in LADDER}
        self.shape = _shape(asked)
        possible: tuple[Kind, ...] = self._possible() if self.shape == "one" else ("text",)
        self._left = list(possible)
        self.known: set[str] = set()
        """Answers that were looked at, as far as they are remembered."""
        self._chosen: set[str] = set()

    def _possible(self) -> tuple[Kind, ...]:
        """What the column may be, the best first."""
        question, indicator = self.asked.question, self.asked.indicator
        if question.type != "calculate":
            kinds = _TYPES.get(question.type, ())
            if kinds == ("category",) and not self.asked.listed:
                kinds = ()
            return (*kinds, "text")
        if self._values:
            return ("category", "text")
        if indicator is not None and indicator.kind in ("score", "item"):
            return ("decimal", "text")
        if indicator is not None and (
            indicator.kind == "proportion" or indicator.role in ("user", "exclude")
        ):
            return ("yes_no", "integer", "decimal", "text")
        return (*_COMPUTED.get(question.value_type, ("integer", "decimal")), "text")

    def see(self, value: str) -> None:
        """Look at an answer, not empty and not in `known`."""
        if len(self.known) < _SEEN:
            self.known.add(value)
        if self.shape == "place" and not is_place(value):
            self.shape = "one"
        if self.shape in ("several", "ranked"):
            # A choice that no version lists any more has a column, without a label.
            for one in value.split():
                self._values.setdefault(one, Value(one, {}))
                self._chosen.add(one)
        while len(self._left) > 1 and not self._fits(self._left[0], value):
            del self._left[0]

    def _fits(self, kind: Kind, value: str) -> bool:
        if kind == "category":
            if self.asked.types == {"select_one"}:
                self._values.setdefault(value, Value(value, {}))
            return value in self._values
        return fits(kind, value)

    @property
    def kind(self) -> Kind:
        """The kind of the column of the whole answer; of a computed one without a value text."""
        if self.asked.question.type == "calculate" and not self.known:
            return self._left[0] if self._values else "text"
        return self._left[0]

    @property
    def values(self) -> tuple[Value, ...]:
        """Its choices; none where the answers do not keep to a list."""
        if self.shape in ("several", "ranked"):
            # Of a long list, as one from a file, those that somebody chose.
            many = len(self._values) > MOST_SPLIT
            return tuple(
                one for one in self._values.values() if not many or one.value in self._chosen
            )
        if self.kind == "category":
            return tuple(self._values.values())
        return ()


def _shape(asked: Asked) -> Shape:
    """What it is in every version; a question that was once something else has one column."""
    if asked.listed and asked.types <= _CHOSEN and "select_multiple" in asked.types:
        return "several"
    if asked.listed and asked.types == {"rank"}:
        return "ranked"
    return "place" if asked.types == {"geopoint"} else "one"
