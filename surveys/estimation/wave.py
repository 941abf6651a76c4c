"""The villages of a wave beside their reference area."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.estimation.census import Census
from surveys.estimation.decomposition import Side
from surveys.estimation.figures import BOUNDS, Bound, Codes, Figures
from surveys.estimation.frame import Bools, Measures
from surveys.estimation.sample import Sample
from surveys.estimation.standing import Together
from surveys.form.indicators import Indicator


@dataclass(frozen=True, slots=True)
class Wave:
    """One computation: villages (`own`) beside one reference area."""

    parts: Measures
    own: Sample
    reference: Sample | None
    compared: Bools
    """(villages,) False for a village of the reference area itself."""
    census: Census
    together: Together | None = None
    """All villages, for what looks across them; None of areas, of which no model is made."""

    @property
    def count(self) -> int:
        """How many villages, or areas."""
        return self.own.results.count

    @property
    def rosters(self) -> bool:
        """Whether the form asks who is online in a home: without, there is no π."""
        return {"user", "adults", "online_adults"} <= self.parts.roles.keys()

    def base(self, indicator: Indicator) -> str:
        """The base asked for; users only where the form has no roster to say who is missing."""
        return indicator.base if self.rosters else "users"

    def side(self, sample: Sample | None) -> Side | None:
        """π, ū and Ū; None where the form does not ask for them."""
        if sample is None or self.parts.use is None or not self.rosters:
            return None
        mean, whole = sample.of_both_bases(sample.answers.scores[self.parts.use.name])
        return Side(sample.online, mean, whole, sample.g)

    def beside(
        self, area: Figures, other: Figures | None = None, full: Bools | None = None
    ) -> Figures:
        """The area's figure beside each village: the first where `full`, else the other."""
        first = np.zeros(self.count, np.int64)
        found = area.take(first)
        if other is not None and full is not None:
            found = found.where(full, other.take(first))
        return found.where(self.compared, Figures.withheld(self.count, "no_reference"))


def bounds_of(sample: Sample, bound: Bound = "at_most") -> Codes:
    """π, and what it is a factor of, is "at most" where adults offline are not known."""
    return np.where(sample.known, 0, BOUNDS.index(bound)).astype(np.int8)
