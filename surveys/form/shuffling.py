"""Choices in another order for each interview, and the same order each time: `randomize()`.

The generator is Park and Miller's "minimal standard" (1988, doi:10.1145/63039.63042), the shuffle
is Fisher and Yates' from the front, both as the ODK XForms specification and JavaRosa have them, so
that ODK Collect shows the same order for the same seed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from math import fmod, isnan, nan
from typing import TypeVar

from surveys.form.values import number_of_text

T = TypeVar("T")

_MODULUS = 2_147_483_647
_MULTIPLIER = 16_807
_LONG = 1 << 63


def shuffle(values: Sequence[T], seed: float) -> list[T]:
    """The values in the order that `randomize(nodeset, seed)` gives them.

    The seed is cut to a whole number, as JavaRosa does: 0.3 and 0.9 give the same order.

    >>> shuffle("ABCDEF", 42)
    ['A', 'F', 'C', 'B', 'D', 'E']
    """
    state = fmod(_as_long(seed), _MODULUS)
    if state <= 0:
        state += _MODULUS - 1
    shuffled: list[T] = []
    for place, value in enumerate(values):
        state = fmod(state * _MULTIPLIER, _MODULUS)
        other = int((state - 1) / (_MODULUS - 1) * (place + 1))
        shuffled.append(value)
        if other != place:
            shuffled[place] = shuffled[other]
            shuffled[other] = value
    return shuffled


def shuffling_seed(text: str) -> float:
    """The seed that a node's text gives: its number, or else a hash of it; NaN where it is blank.

    The hash is the first eight bytes of SHA-256, read as a signed integer.
    """
    number = number_of_text(text)
    if isnan(number) and text:
        return float(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], signed=True))
    return number if text else nan


def _as_long(seed: float) -> float:
    """A double as Java casts it to a long."""
    if isnan(seed):
        return 0.0
    return float(int(min(max(seed, -_LONG), _LONG)))
