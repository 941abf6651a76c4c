"""Deprivation and inequality of every place, as they are shown (METHOD: depth)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.estimation import suppression as shown
from surveys.estimation.decomposition import Interval
from surveys.estimation.deprivation import deprivation_scores, intensity
from surveys.estimation.estimates import Estimate
from surveys.estimation.figures import Codes, Figures, reason
from surveys.estimation.frame import Bools, Floats, plain_label
from surveys.estimation.inequality import erreygers_estimate, gini_estimate, of_all_adults
from surveys.estimation.intervals import t_interval
from surveys.estimation.profile import Deprivation, Inequality, Share
from surveys.estimation.sample import Sample
from surveys.estimation.wave import Wave


@dataclass(frozen=True, slots=True)
class DeprivationColumns:
    """Alkire & Foster's numbers of every place."""

    full: Bools
    """(places,) whether all adults are meant; else users."""
    headcount: Figures
    intensity: Figures
    adjusted: Figures
    lacks: tuple[tuple[str, dict[str, str], Figures], ...]

    def at(self, place: int) -> Deprivation:
        """One place's."""
        return Deprivation(
            of="all" if self.full[place] else "users",
            headcount=self.headcount.at(place),
            intensity=self.intensity.at(place),
            adjusted=self.adjusted.at(place),
            lacks=tuple(Share(name, label, one.at(place)) for name, label, one in self.lacks),
        )


def deprivation_columns(wave: Wave) -> DeprivationColumns | None:
    """Deprivation of every place; None where the form has no such items."""
    items, sample = wave.parts.lacks, wave.own
    if not items:
        return None
    lacking = np.column_stack([sample.answers.scores[one.name] for one in items])
    scores = deprivation_scores(lacking)
    base = "all" if wave.rosters else "users"
    full, h = _based(sample, base, scores.deprived)
    m0 = sample.by_base(base, scores.censored)[1]
    yes, no = sides(sample, scores.deprived, full)
    headcount = shown.proportions(h, yes, no)
    # What one or two persons lack is theirs.
    few = np.where((yes < shown.FEW) & (h.n >= shown.DIRECT_FROM), reason("too_few_for_this"), 0)
    why = shown.reasons(m0.n, m0.homes, shown.DIRECT_FROM)
    deprived = sample.homes((scores.deprived == 1) & _meant(sample, full))
    depth = intensity(h, m0)
    return DeprivationColumns(
        full=full,
        headcount=headcount,
        intensity=_percent(depth, shown.reasons(yes, deprived, shown.INDEX_FROM)),
        adjusted=_percent(m0, np.where(why != 0, why, few).astype(np.int8)),
        lacks=tuple(
            (one.name, plain_label(one.label), _share(sample, base, lacking[:, k]))
            for k, one in enumerate(items)
        ),
    )


def _share(sample: Sample, base: str, y: Floats) -> Figures:
    full, estimate = _based(sample, base, y)
    return shown.proportions(estimate, *sides(sample, y, full))


def _based(sample: Sample, base: str, y: Floats) -> tuple[Bools, Estimate]:
    """(places,) where all adults are meant, and the estimate."""
    enough, estimate = sample.by_base(base, y)
    return enough & (base == "all"), estimate


def _meant(sample: Sample, full: Bools) -> Bools:
    """(rows,) users, and non-users where all adults are meant."""
    both = full[sample.results.of_home[sample.answers.home]]
    found: Bools = (sample.weights.w > 0) | ((sample.weights.other > 0) & both)
    return found


def sides(sample: Sample, y: Floats, full: Bools) -> tuple[Floats, Floats]:
    """The persons on each side of a proportion: users, and non-users where all are meant."""
    users, others = sample.weights.w > 0, sample.weights.other > 0
    yes, no = (
        sample.persons(users & (y == side))
        + np.where(full, sample.persons(others & (y == side)), 0)
        for side in (1, 0)
    )
    return yes, no


def _percent(estimate: Estimate, why: Codes, lowest: float = 0) -> Figures:
    low, high = t_interval(100 * estimate.value, 100 * estimate.se, estimate.df, lowest, 100)
    return shown.figures(Interval(100 * estimate.value, low, high), why)


@dataclass(frozen=True, slots=True)
class InequalityColumns:
    """How unequal use is in every place."""

    gini: Figures
    by_schooling: Figures

    def at(self, place: int) -> Inequality:
        """One place's."""
        return Inequality(self.gini.at(place), self.by_schooling.at(place))


def inequality_columns(wave: Wave) -> InequalityColumns | None:
    """Inequality of use in every place, from 50 users; None where the form does not ask for U."""
    sample = wave.own
    if wave.parts.use is None or not wave.rosters:
        return None
    y, home, w = sample.answers.scores[wave.parts.use.name], sample.answers.home, sample.person
    schooling = sample.answers.schooling
    schooling = np.where((schooling >= 0) & (schooling < 10), schooling, np.nan)
    everyone = of_all_adults(sample.online, gini_estimate(sample.results, home, w, y))
    by_schooling = erreygers_estimate(sample.results, home, w, y, schooling)
    why = [shown.reasons(one.n, one.homes, shown.FULL_FROM) for one in (everyone, by_schooling)]
    asked = "schooling" in wave.parts.roles
    return InequalityColumns(
        gini=_percent(everyone, why[0]),
        by_schooling=_percent(by_schooling, why[1], -100)
        if asked
        else Figures.withheld(sample.results.count, "not_asked"),
    )
