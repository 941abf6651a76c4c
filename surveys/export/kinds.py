"""What kind of cell each question has: as the form says, unless an answer does not fit it.

Versions of a form may ask a question in another way, and a computed node may hold anything; so all
answers are looked at once, and a column in which one is no number is text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from surveys.export.table import Kind, Value
from surveys.form.indicators import Indicator
from surveys.form.model import Question

_WHOLE = re.compile(r"-?(0|[1-9]\d{0,14})")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d+)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SEEN = 2000
"""Values of a column that are remembered, so as not to be looked at twice."""
_TYPES: Mapping[str, Kind] = {
    "select_one": "category", "integer": "integer", "decimal": "decimal", "date": "date",
}  # fmt: skip
Asked = Mapping[str, tuple[Question, Indicator | None]]


class Kinds:
    """The kind of each column, found by looking at every submission once."""

    def __init__(self, asked: Asked, choices: Mapping[str, Mapping[str, Value]]) -> None:
        """`asked`: by path; `choices`: of each path by value, none where it has no list."""
        from surveys.estimation.frame import LADDER

        self._asked = asked
        self._values = {path: dict(found) for path, found in choices.items()}
        for path, (question, indicator) in asked.items():
            if question.type == "calculate" and indicator and indicator.kind == "category":
                self._values[path] = {name: Value(name, label) for name, label in LADDER}
        self._left = {path: list(self._possible(path)) for path in asked}
        self._seen: dict[str, set[str]] = {path: set() for path in asked}

    def _possible(self, path: str) -> tuple[Kind, ...]:
        """What the column may be, the best first."""
        question, indicator = self._asked[path]
        if question.type == "calculate":
            if self._values[path]:
                return ("category", "text")
            if indicator is not None and indicator.kind in ("score", "item"):
                return ("decimal", "text")
            if indicator is not None and (
                indicator.kind == "proportion" or indicator.role in ("user", "exclude")
            ):
                return ("yes_no", "integer", "decimal", "text")
            return ("integer", "decimal", "text")
        kind = _TYPES.get(question.type, "text")
        return (kind, "decimal", "text") if kind == "integer" else (kind, "text")

    def see(self, submission: Mapping[str, str]) -> None:
        """Look at a submission's answers."""
        for path, value in submission.items():
            seen = self._seen.get(path)
            if seen is None or not value or value in seen:
                continue
            if len(seen) < _SEEN:
                seen.add(value)
            question, _ = self._asked[path]
            if question.type == "select_multiple":
                for one in value.split():
                    self._values[path].setdefault(one, Value(one, {}))
                continue
            left = self._left[path]
            while len(left) > 1 and not self._fits(path, left[0], value):
                del left[0]

    def _fits(self, path: str, kind: Kind, value: str) -> bool:
        if kind == "category":
            # A value that no version lists any more is kept, without a label.
            if self._asked[path][0].type == "select_one":
                self._values[path].setdefault(value, Value(value, {}))
            return value in self._values[path]
        return fits(kind, value)

    def kind(self, path: str) -> Kind:
        """The kind of a column; of a computed one without any value text."""
        if self._asked[path][0].type == "calculate" and not self._seen[path]:
            return self._left[path][0] if self._values[path] else "text"
        return self._left[path][0]

    def values(self, path: str) -> tuple[Value, ...]:
        """Its choices; none where the answers do not keep to a list."""
        if self._asked[path][0].type == "select_multiple" or self.kind(path) == "category":
            return tuple(self._values[path].values())
        return ()


def fits(kind: Kind, value: str) -> bool:
    """Whether a value as an XForm writes it is of a kind.

    >>> fits("integer", "12"), fits("integer", "012"), fits("decimal", "1.50"), fits("date", "2026")
    (True, False, True, False)
    """
    if kind == "yes_no":
        return value in ("0", "1")
    if kind == "integer":
        return _WHOLE.fullmatch(value) is not None
    if kind == "decimal":
        return _NUMBER.fullmatch(value) is not None
    if kind == "date":
        return _DAY.fullmatch(value) is not None and _is_day(value)
    return True


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
