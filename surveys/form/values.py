"""What an expression works on: texts, numbers and truths, and how each becomes the others.

XPath 1.0 as ODK means it (ODK XForms specification; where that is silent, as JavaRosa does it). A
date is its text, "2026-11-24" or "2026-11-24T08:30:00.000+08:00": as a number it is the days since
1970-01-01, so that dates compare and subtract.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import inf, isinf, isnan, nan
from typing import Literal, Protocol

from surveys.form.dates import days_of

Value = str | float | bool
Kind = Literal["text", "number", "truth", "any"]

NEAR = 1e-12
"""Numbers that differ by less are the same number, as in JavaRosa."""

_PLAIN_NUMBER = re.compile(r"-?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)\Z")
_TRIMMED = "".join(map(chr, range(33)))
"""What Java's trim() takes off: everything up to the space."""


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


def text_of_number(number: float) -> str:
    """XPath `string()` of a number: no exponent, and no fraction where there is none."""
    if isnan(number):
        return "NaN"
    if isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    written = repr(number)
    if "e+" not in written and abs(number - int(number)) < NEAR:
        return str(int(number))
    return f"{Decimal(written):f}" if "e" in written else written


def number_of_text(text: str) -> float:
    """XPath `number()` of a text: NaN where it is none; a date in days since 1970-01-01.

    As in JavaRosa a comma is a decimal point and exponents are not numbers.
    """
    if not text:
        return nan
    if text.isdecimal() and text.isascii():
        return float(text)
    trimmed = text.strip(_TRIMMED)
    if _PLAIN_NUMBER.match(trimmed):
        return float(trimmed.replace(",", "."))
    days = days_of(trimmed)
    return nan if days is None else float(days)


def truth_of_number(number: float) -> bool:
    """XPath `boolean()` of a number: neither 0 nor NaN."""
    return abs(number) > NEAR


def text_of(value: Value) -> str:
    """XPath `string()`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return text_of_number(value)


def number_of(value: Value) -> float:
    """XPath `number()`."""
    return number_of_text(value) if isinstance(value, str) else float(value)


def truth_of(value: Value) -> bool:
    """XPath `boolean()`: a text is true unless it is empty."""
    if isinstance(value, bool):
        return value
    return bool(value) if isinstance(value, str) else truth_of_number(value)


def equal(left: Value, right: Value) -> bool:
    """XPath `=`: as truths if one is a truth, else as numbers if one is a number, else as texts."""
    if isinstance(left, bool) or isinstance(right, bool):
        return truth_of(left) == truth_of(right)
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return equal_numbers(number_of(left), number_of(right))


def equal_numbers(left: float, right: float) -> bool:
    """Whether two numbers are the same within `NEAR`; NaN equals nothing."""
    return left == right or abs(left - right) < NEAR


def quotient(left: float, right: float) -> float:
    """XPath `div`: IEEE 754, so that nothing is ever raised."""
    if right == 0:
        if isnan(left) or left == 0:
            return nan
        return inf if (left > 0) == (str(right) == "0.0") else -inf
    return left / right


@dataclass(frozen=True, slots=True)
class Code:
    """A compiled part of an expression: what it gives, of which kind, and what it reads."""

    kind: Kind
    run: Callable[[Scope], Value]
    reads: frozenset[str] = frozenset()
    constant: Value | None = None
    """Its value where it is a literal."""
    path: str = ""
    """The node that it is, where it is one."""

    def text(self) -> Callable[[Scope], str]:
        """A closure that gives it as text."""
        run = self.run
        if self.kind == "text":
            return run  # type: ignore[return-value]
        if self.constant is not None:
            told = text_of(self.constant)
            return lambda scope: told
        return lambda scope: text_of(run(scope))

    def number(self) -> Callable[[Scope], float]:
        """A closure that gives it as a number."""
        run = self.run
        if self.kind == "number":
            return run  # type: ignore[return-value]
        if self.constant is not None:
            told = number_of(self.constant)
            return lambda scope: told
        if self.kind == "text":
            return lambda scope: number_of_text(run(scope))  # type: ignore[arg-type]
        return lambda scope: number_of(run(scope))

    def truth(self) -> Callable[[Scope], bool]:
        """A closure that gives it as a truth."""
        run = self.run
        if self.kind == "truth":
            return run  # type: ignore[return-value]
        if self.kind == "text":
            return lambda scope: bool(run(scope))
        return lambda scope: truth_of(run(scope))


def literal(value: Value) -> Code:
    """The code of a constant."""
    kind: Kind = "text"
    if not isinstance(value, str):
        kind = "truth" if isinstance(value, bool) else "number"
    return Code(kind, lambda scope: value, constant=value)
