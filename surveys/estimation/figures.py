"""One number of every village as it is shown, in columns; `at` gives a village's `Figure`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from surveys.estimation.frame import Bools, Floats, Ints
from surveys.estimation.profile import Figure, Withheld

Codes = NDArray[np.int8]
Bound = Literal["", "at_most", "at_least"]
Words = Literal["", "few", "nearly_all"]

REASONS: tuple[Withheld, ...] = (
    "", "few_persons", "few_homes", "no_reference", "not_asked", "too_few_for_this", "imprecise",
    "complementary",
)  # fmt: skip
BOUNDS: tuple[Bound, ...] = ("", "at_most", "at_least")
WORDS: tuple[Words, ...] = ("", "few", "nearly_all")
IMPRECISE = REASONS.index("imprecise")


def reason(name: Withheld) -> int:
    """The code of a reason.

    >>> reason("few_persons")
    1
    """
    return REASONS.index(name)


@dataclass(frozen=True, slots=True)
class Figures:
    """A figure of every village: arrays are (villages,), numbers as shown, NaN where there is none.

    >>> two = Figures.of(np.array([41.0, 9.0]), np.array([0, reason("few_persons")]))
    >>> two.at(0).value, two.at(1).value, two.at(1).withheld
    (41.0, None, 'few_persons')
    """

    value: Floats
    low: Floats
    high: Floats
    bound: Codes
    """Index into BOUNDS."""
    why: Codes
    """Index into REASONS."""
    words: Codes
    """Index into WORDS."""
    modelled: Bools

    @staticmethod
    def of(
        value: Floats,
        why: NDArray[np.integer],
        low: Floats | None = None,
        high: Floats | None = None,
        bound: Codes | None = None,
    ) -> Figures:
        """Numbers and their limits, all taken away where there is a reason."""
        count = len(value)
        none, hidden = np.zeros(count, np.int8), why != 0
        nothing = np.full(count, np.nan)
        return Figures(
            value=np.where(hidden, np.nan, value),
            low=nothing if low is None else np.where(hidden, np.nan, low),
            high=nothing if high is None else np.where(hidden, np.nan, high),
            bound=none if bound is None else np.where(hidden, 0, bound).astype(np.int8),
            why=why.astype(np.int8),
            words=none,
            modelled=np.zeros(count, np.bool_),
        )

    @staticmethod
    def withheld(count: int, name: Withheld) -> Figures:
        """The same reason for everyone.

        >>> Figures.withheld(2, "not_asked").at(1).withheld
        'not_asked'
        """
        return Figures.of(np.full(count, np.nan), np.full(count, reason(name)))

    def at(self, village: int) -> Figure:
        """A village's figure."""
        # By `item`: a hundred figures a village, and each number that NumPy makes costs.
        return Figure(
            _number(self.value.item(village)),
            _number(self.low.item(village)),
            _number(self.high.item(village)),
            BOUNDS[self.bound.item(village)],
            REASONS[self.why.item(village)],
            WORDS[self.words.item(village)],
            self.modelled.item(village),
        )

    def take(self, which: Ints) -> Figures:
        """The figures of these, in this order.

        >>> one = Figures.of(np.array([41.0, 9.0]), np.zeros(2, int))
        >>> one.take(np.array([1, 1])).value
        array([9., 9.])
        """
        return self._each(lambda name: getattr(self, name)[which])

    def where(self, this: Bools, other: Figures) -> Figures:
        """Of each village this figure where `this`, else the other.

        >>> one = Figures.of(np.array([41.0, 9.0]), np.zeros(2, int))
        >>> one.where(np.array([True, False]), Figures.withheld(2, "not_asked")).why
        array([0, 4], dtype=int8)
        """
        return self._each(lambda name: np.where(this, getattr(self, name), getattr(other, name)))

    def hidden(self, these: Bools, name: Withheld) -> Figures:
        """Withheld where `these` and shown now.

        >>> one = Figures.of(np.array([41.0, 9.0]), np.array([0, 1]))
        >>> one.hidden(np.array([True, True]), "complementary").why
        array([7, 1], dtype=int8)
        """
        shown = (self.why == 0) | (self.why == IMPRECISE)
        return Figures.withheld(len(these), name).where(these & shown, self)

    def _each(self, column: Callable[[str], NDArray[np.generic]]) -> Figures:
        return Figures(**{name: column(name) for name in self.__slots__})  # type: ignore[arg-type]


def _number(value: float) -> float | None:
    return value if isfinite(value) else None
