"""The villages of a wave beside their reference area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from surveys.estimation.decomposition import Side
from surveys.estimation.frame import Bools, Measures
from surveys.estimation.profile import Figure
from surveys.estimation.sample import Sample
from surveys.estimation.suppression import Bound
from surveys.form.indicators import Indicator


@dataclass(frozen=True, slots=True)
class Wave:
    """One computation: villages (`own`) beside one reference area."""

    parts: Measures
    own: Sample
    reference: Sample | None
    compared: Bools
    """(villages,) False for a village of the reference area itself."""

    @property
    def count(self) -> int:
        """How many villages."""
        return self.own.groups.count

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
        y = sample.answers.scores[self.parts.use.name]
        return Side(sample.online, sample.of_users(y), sample.of_all(y), sample.g)

    def beside(
        self, area: Sequence[Figure], other: Sequence[Figure] = (), full: Bools | None = None
    ) -> list[Figure]:
        """The area's figure beside each village: the first where `full`, else the other."""
        no_reference = Figure(None, withheld="no_reference")
        return [
            no_reference if not compared else area[0] if full is None or full[i] else other[0]
            for i, compared in enumerate(self.compared.tolist())
        ]


def bounds_of(sample: Sample, bound: Bound = "at_most") -> list[Bound]:
    """π, and what it is a factor of, is "at most" where adults offline are not known."""
    return ["" if known else bound for known in sample.known.tolist()]
