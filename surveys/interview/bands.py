"""Choices that are bands of a number: who is 72 may say so, and need not find "65-74"."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from surveys.interview.numerals import number, plain

FEWEST = 3
"""Bands that make a scale: a "5+" among other words is none."""

_BETWEEN = re.compile(r"(\d+)\s*(?:-|–|—|~|to|至|到)\s*(\d+)")
_FROM = re.compile(
    r"(\d+)\s*(?:\+|(?:\w*\s*)(?:及以上|以上|and (?:over|above|older|more)|or (?:over|older|more)))"
)
_UNDER = re.compile(r"(?:under|below|less than|younger than|不到|未满)\s*(\d+)|(\d+)\s*\w*以下")
_SAID = re.compile(r"^(?:i am|i'm|i’m|im|aged?|我今年|今年|我有|我)\s*")


def in_band(labels: Sequence[str], text: str) -> int | None:
    """The place of the one label whose band holds the number that was typed; None where there is
    none, where several do, or where the labels are no bands.

    >>> ages = ["16-24", "25-34", "35-64", "65 and over", "Under 16 (the survey ends)"]
    >>> [in_band(ages, one) for one in ("72", "I am 30", "12 years old", "fine")]
    [3, 1, 4, None]
    """
    value = number(_SAID.sub("", plain(text)))
    if value is None or value <= 0:
        # "0" may be anything: a slip, a button that somebody remembers.
        return None
    bands = [_band(plain(label)) for label in labels]
    if sum(one is not None for one in bands) < FEWEST:
        return None
    found = [at for at, one in enumerate(bands) if one is not None and one[0] <= value <= one[1]]
    return found[0] if len(found) == 1 else None


def _band(label: str) -> tuple[float, float] | None:
    """The whole numbers that a label says, both ends included."""
    between = _BETWEEN.match(label)
    if between is not None:
        return float(between[1]), float(between[2])
    under = _UNDER.match(label)
    if under is not None:
        return 0.0, float(under[1] or under[2]) - 1
    above = _FROM.match(label)
    return None if above is None else (float(above[1]), math.inf)
