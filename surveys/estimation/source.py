"""Everybody's answers of a wave, of which samples are taken: villages, and areas made of some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from surveys.estimation.breakdowns import CATEGORIES, Variable, category
from surveys.estimation.census import Census
from surveys.estimation.followup import TwoPhase, two_phase
from surveys.estimation.frame import Answers, Bools, Ints, Measures
from surveys.estimation.margins import Raking
from surveys.estimation.sample import Sample, of_areas, of_villages
from surveys.estimation.weights import weights


@dataclass(frozen=True, slots=True)
class Source:
    """Everybody's answers, of which samples are taken."""

    parts: Measures
    data: Answers
    census: Census
    raking: Raking | None
    broken: Mapping[str, Bools]
    """Of each breakdown (rows,) whether its edition holds the row."""

    def category(self, variable: Variable, data: Answers) -> Ints:
        """(rows,) of some of the answers: as `breakdowns.parts` takes it."""
        of = category(data, variable)
        if variable not in self.broken:
            return of
        inside = np.zeros(int(self.data.row.max(initial=-1)) + 1, np.bool_)
        inside[self.data.row] = self.broken[variable]
        return np.where(inside[data.row], of, -2)

    def villages(self) -> Sample:
        """Every village by itself."""
        phases = two_phase(self.data, weights(self.data), self.census.households)
        one = self.census
        return of_villages(self.data, one.adults, one.offline, self.raking, phases)

    def area(self, which: Ints) -> Sample:
        """Some villages, by their places, as one area."""
        return self.areas([which])

    def areas(self, areas: Sequence[Ints]) -> Sample:
        """Several areas of villages, by their places; no village is in two of them."""
        which = np.concatenate(areas)
        area = np.repeat(np.arange(len(areas)), [len(one) for one in areas])
        some, one = self.data.of(which.tolist()), self.census
        raking = self.raking
        if raking is not None:
            at = np.full(int(self.data.row.max(initial=-1)) + 1, -1, np.int64)
            at[self.data.row] = np.arange(len(self.data))
            raking = raking.rows(at[some.row], which)
        use = some.scores[self.parts.use.name] if self.parts.use is not None else None
        phases: TwoPhase | None = two_phase(some, weights(some), one.households[which])
        return of_areas(
            some, area, len(areas), one.adults[which], one.offline[which], use, raking, phases
        )


def arrived(frame: pd.DataFrame, data: Answers, codes: Sequence[str]) -> pd.DataFrame:
    """Who has answered, as `editions` takes it, in the order of the answers."""
    rows = pd.DataFrame(
        {
            "village": np.array(codes, object)[data.village[data.home]],
            "submission": frame["submission"].to_numpy(object)[data.row],
            "home": data.names[data.home],
            "user": data.user == 1,
        }
    )
    return rows.assign(**{str(name): category(data, name) for name in CATEGORIES})
