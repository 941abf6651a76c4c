"""ODK XPath expressions: parsed once with a lark grammar, compiled to closures.

A scope is what an expression may see while it is evaluated. Values are Python's: `str`, `float`,
`bool`, and node sets as tuples of `Node` references, converted as XPath 1.0 and the ODK XForms
specification say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Scope(Protocol):
    """What an expression may see."""

    now: datetime
    """The time in the area's zone."""
    here: str
    """The path of the node whose expression this is: what "." means."""

    def value(self, path: str) -> str:
        """The value of a node as text: "" when it is unanswered or not relevant."""

    def stored(self, path: str) -> str:
        """The value kept at a node even while it is not relevant: what `once()` looks at."""

    def random(self) -> float:
        """The next number of the interview's own sequence, 0 <= x < 1."""

    def uuid(self) -> str:
        """The next random id of the interview's own sequence."""

    def choice_label(self, path: str, value: str) -> str:
        """The label of a value of the question at `path`, in the language of the interview."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One compiled expression."""

    text: str
    reads: frozenset[str]
    """The paths of the nodes that it reads."""
    _text: Callable[[Scope], str]
    _number: Callable[[Scope], float]
    _truth: Callable[[Scope], bool]

    def as_text(self, scope: Scope) -> str:
        """The value as text (XPath `string()`): what a calculate stores; NaN is "" when stored."""
        return self._text(scope)

    def as_number(self, scope: Scope) -> float:
        """The value as a number (XPath `number()`): NaN where it is none."""
        return self._number(scope)

    def as_truth(self, scope: Scope) -> bool:
        """The value as a truth (XPath `boolean()`): relevant, required, constraint."""
        return self._truth(scope)
