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
from typing import Literal, NamedTuple, Protocol

from surveys.form.dates import days_of
from surveys.form.items import Item
from surveys.form.shape import Places

Value = str | float | bool
Kind = Literal["text", "number", "truth", "any"]

NEAR = 1e-12
"""Numbers that differ by less are the same number, as in JavaRosa."""

_PLAIN_NUMBER = re.compile(r"-?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)\Z")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TRIMMED = "".join(map(chr, range(33)))
"""What Java's trim() takes off: everything up to the space."""


class Spot(NamedTuple):
    """One node of the form as it is filled in."""

    path: str
    """Abstract: "/data/person/name"."""
    places: Places


Node = Spot | Item
"""What a path finds: a node of the form, or an element of a list."""


class Scope(Protocol):
    """What an expression may see."""

    now: datetime
    """The time in the area's zone."""
    here: str
    """The path of the node whose expression this is."""
    places: Places
    """Which instance of each repeat around it: what "." means, with `here`."""
    inner: Places
    """In a condition [ ] on nodes of the form: the places of the one that is looked at."""
    item: Item
    """In a condition on a list: the element that is looked at."""
    position: int
    """In a condition: which one of those found is looked at, from 1."""
    size: int
    """In a condition: how many were found."""

    def value(self, path: str, places: Places = ()) -> str:
        """The value of a node as text: "" when it is unanswered or not relevant."""

    def stored(self, path: str, places: Places = ()) -> str:
        """The value kept at a node even while it is not relevant: what `once()` looks at."""

    def relevant(self, path: str, places: Places = ()) -> bool:
        """Whether a node and all around it are relevant."""

    def count(self, path: str, places: Places = ()) -> int:
        """How many instances a repeat has; `places` are those of the repeats around it."""

    def list(self, name: str) -> Item | None:
        """The document of a secondary instance; None where there is none."""

    def random(self) -> float:
        """The next number of the interview's own sequence, 0 <= x < 1."""

    def uuid(self) -> str:
        """The next random id of the interview's own sequence."""

    def choice_label(self, path: str, places: Places, value: str) -> str:
        """The label of a value of the question at `path`, in the language of the interview."""

    def translation(self, text_id: str) -> str:
        """The text of this id in the language of the interview; "" where there is none."""

    def known(self, name: str) -> str:
        """What is known of who runs the interview under this name ("deviceid"); "" if nothing."""


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
    # Written as every date here is: another text, 3-3-3, is none by chance.
    days = days_of(trimmed) if _ISO_DATE.match(trimmed) else None
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


Found = Callable[[Scope], "list[Node]"]


@dataclass(frozen=True, slots=True)
class Code:
    """A compiled part of an expression: what it gives, of which kind, and what it reads."""

    kind: Kind
    run: Callable[[Scope], Value]
    reads: frozenset[str] = frozenset()
    constant: Value | None = None
    """Its value where it is a literal."""
    path: str = ""
    """The abstract path of the node that it is, where it is one."""
    nodes: Found | None = None
    """Where it is a path: finds the nodes, those apart that are not relevant."""
    many: bool = False
    """Whether it may find more than one node; `run` gives the value of the first, or ""."""
    value_at: Callable[[Scope, Node], Value] | None = None
    """Where it is a path: the value of a node that `nodes` found."""

    def values(self) -> Callable[[Scope], list[Value]]:
        """A closure that gives the values of all nodes found; of what is no path its one value."""
        nodes, value_at, run = self.nodes, self.value_at, self.run
        if nodes is None or value_at is None:
            return lambda scope: [run(scope)]
        return lambda scope: [value_at(scope, node) for node in nodes(scope)]

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
        if self.many:
            values = self.values()
            return lambda scope: len(found := values(scope)) > 1 or any(map(truth_of, found))
        if self.kind == "text":
            return lambda scope: bool(run(scope))
        return lambda scope: truth_of(run(scope))


def literal(value: Value) -> Code:
    """The code of a constant."""
    kind: Kind = "text"
    if not isinstance(value, str):
        kind = "truth" if isinstance(value, bool) else "number"
    return Code(kind, lambda scope: value, constant=value)
