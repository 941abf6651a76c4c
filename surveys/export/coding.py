"""Categories as whole numbers with labels, as SPSS and Stata keep them; labels in a language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from surveys.export.table import Value, Variable
from surveys.export.wording import say

_WHOLE = re.compile(r"-?(0|[1-9]\d{0,8})")
MOST_DISCRETE = 3
"""SPSS takes three missing values of a variable, or a range of them."""


@dataclass(frozen=True, slots=True)
class Codes:
    """What number stands for each value of a category."""

    of: Mapping[str, int]
    missing: tuple[int, ...]
    """The numbers of values that are no answer in substance, ascending."""


def codes(values: Sequence[Value]) -> Codes:
    """The form's own numbers where all values are whole numbers, else 1, 2, 3 … in the form's
    order, those of missing values last.

    >>> codes([Value("0", {}), Value("99", {}, missing=True)])
    Codes(of={'0': 0, '99': 99}, missing=(99,))
    >>> codes([Value("dk", {}, missing=True), Value("yes", {}), Value("no", {})])
    Codes(of={'yes': 1, 'no': 2, 'dk': 3}, missing=(3,))
    """
    if whole(values):
        of = {one.value: int(one.value) for one in values}
        missing = sorted(of[one.value] for one in values if one.missing)
        if len(missing) <= MOST_DISCRETE or not any(
            missing[0] < of[one.value] < missing[-1] for one in values if not one.missing
        ):
            return Codes(of, tuple(missing))
    ordered = sorted(values, key=lambda one: one.missing)
    of = {one.value: number for number, one in enumerate(ordered, 1)}
    return Codes(of, tuple(of[one.value] for one in ordered if one.missing))


def whole(values: Sequence[Value]) -> bool:
    """Whether all values are whole numbers, none written in two ways ("1" and "01")."""
    return bool(values) and all(_WHOLE.fullmatch(one.value) for one in values)


def in_language(label: Mapping[str, str], language: str, otherwise: str = "") -> str:
    """A label in a language, else in English, else in any, on one line.

    >>> in_language({"en": "Yes", "zh": "是"}, "zh"), in_language({"fr": "Oui"}, "zh")
    ('是', 'Oui')
    """
    found = label.get(language) or label.get("en") or next(filter(None, label.values()), "")
    return " ".join(found.split()) or otherwise


def labelled(variable: Variable, language: str) -> dict[str, str]:
    """Each value of a category with its label; what has none is its own."""
    return {one.value: in_language(one.label, language, one.value) for one in variable.values}


def yes_no(language: str) -> dict[int, str]:
    """What 1 and 0 mean.

    >>> yes_no("zh")
    {1: '是', 0: '否'}
    """
    return {1: in_language(say("Yes"), language), 0: in_language(say("No"), language)}


def wall(cell: datetime | time, variable: Variable) -> datetime | time:
    """A time without a zone, for formats that have none: of an answer what the clock showed of who
    answered, of ours UTC.
    """
    if isinstance(cell, datetime) and not variable.question:
        cell = cell.astimezone(UTC)
    return cell.replace(tzinfo=None)


def cut(text: str, most: int, *, in_bytes: bool = False) -> str:
    """A text of at most so many characters, or bytes of UTF-8, with … where it was cut.

    >>> cut("abcdef", 4), cut("你好吗", 8, in_bytes=True)
    ('abc…', '你…')
    """
    encoded = text.encode() if in_bytes else text
    if len(encoded) <= most:
        return text
    if in_bytes:
        return text.encode()[: most - len("…".encode())].decode(errors="ignore") + "…"
    return text[: most - 1] + "…"
