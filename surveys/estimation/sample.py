"""A sample of villages, or of one area made of several, and the estimates asked of it.

An area is Σ(N_v/N) of its villages' estimates; villages under three homes are joined into one, and
so are all of them where the adults of one are not known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from surveys.estimation.estimates import (
    Estimate,
    Groups,
    area_mean,
    area_total,
    choose,
    everyone,
    product,
    ratio,
)
from surveys.estimation.frame import Answers, Bools, Floats, Ints
from surveys.estimation.margins import Raking
from surveys.estimation.raking import Calibration
from surveys.estimation.weights import Weights, weights

OTHERS_PERSONS, OTHERS_HOMES = 10, 5
"""So many non-users, of so many homes, make the base `all` possible."""
JOINED_BELOW = 3
"""Villages of an area with fewer homes are joined."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Answers with their weights, the groups they are estimated for, and who is missing."""

    answers: Answers
    weights: Weights
    groups: Groups
    """Of the homes, as estimated first: villages, or the strata of an area."""
    area: Groups | None
    """All homes in one group, where the strata are put together; None: each group by itself."""
    share: Floats
    """(groups,) N_v/N of the strata."""
    g: Floats
    """(results,) the share of adults in homes where somebody is online; 1 where not known."""
    known: Bools
    """(results,) whether g is known."""
    online_parts: Estimate
    """π of the groups."""
    raking: Raking | None = None
    """To which margins the users were raked."""
    margins: Calibration | None = None
    """Those that the errors of the groups' estimates can use."""

    @property
    def results(self) -> Groups:
        """The groups that an estimate has in the end."""
        return self.groups if self.area is None else self.area

    @property
    def online(self) -> Estimate:
        """π, the share of adults online, 0-1."""
        return self._total(self.online_parts)

    def of_users(self, y: Floats) -> Estimate:
        """ȳ of users, by entry."""
        mean = self._mean(self.weights.w, y)
        if self.area is None:
            return mean
        return area_mean(self.area, self.share, self.online_parts, mean)

    def of_all(self, y: Floats) -> Estimate:
        """π·ȳ: non-users count 0."""
        return self._total(product(self.online_parts, self._mean(self.weights.w, y)))

    def of_others(self, y: Floats) -> Estimate:
        """ȳ of non-users, each weighing 1."""
        home = self.answers.home
        return ratio(self.results, home, self.weights.other, y, np.ones(len(home)))

    def of_both(self, y: Floats) -> tuple[Bools, Estimate]:
        """(results,) where enough non-users answered, and π·ȳ_users + (1-π)·ȳ_non-users."""
        others = self.of_others(y)
        enough = (others.n >= OTHERS_PERSONS) & (others.homes >= OTHERS_HOMES)
        both = everyone(self.online, self.of_users(y), others)
        return enough & np.isfinite(both.value), both

    def by_base(self, base: str, y: Floats) -> tuple[Bools, Estimate]:
        """(results,) whether the base asked for could be used, and the estimate.

        `zero`: non-users count 0; `users`: of users only; `all`: of both, or, with too few
        non-users, of users only (then False).
        """
        if base == "zero":
            return np.ones(self.results.count, np.bool_), self.of_all(y)
        if base == "users":
            return np.ones(self.results.count, np.bool_), self.of_users(y)
        enough, both = self.of_both(y)
        return enough, choose(enough, both, self.of_users(y))

    def persons(self, chosen: Bools) -> Floats:
        """(results,) how many rows are chosen."""
        homes = np.bincount(self.answers.home[chosen], minlength=self.answers.homes)
        return self.results.sums(homes.astype(np.float64))

    def _mean(self, w: Floats, y: Floats) -> Estimate:
        one = np.ones(len(y))
        return ratio(self.groups, self.answers.home, w, y, one, margins=self.margins)

    def _total(self, part: Estimate) -> Estimate:
        return part if self.area is None else area_total(self.area, self.share, part)


def online_share(adults: Floats, offline: Floats) -> tuple[Floats, Bools]:
    """g = 1 - N₀/N, and whether it is known; where not, 1.

    >>> online_share(np.array([200.0, 200.0]), np.array([50.0, np.nan]))
    (array([0.75, 1.  ]), array([ True, False]))
    """
    with np.errstate(invalid="ignore"):
        known: Bools = (adults > 0) & (offline >= 0) & (offline < adults)
    g: Floats = 1 - np.where(known, offline, 0) / np.where(known, adults, 1)
    return g, known


def of_villages(
    answers: Answers, adults: Floats, offline: Floats, raking: Raking | None = None
) -> Sample:
    """Each village by itself. adults, offline: (villages,) N and N₀, NaN where not known."""
    g, known = online_share(adults, offline)
    weighed = _weighed(answers, raking)
    groups = Groups(answers.village, len(adults))
    margins = _margins(answers, raking, groups)
    return Sample(
        answers, weighed, groups, None, np.ones(len(adults)), g, known,
        _online(answers, weighed, groups, g, margins), raking, margins,
    )  # fmt: skip


def of_area(
    answers: Answers,
    adults: Floats,
    offline: Floats,
    use: Floats | None,
    raking: Raking | None = None,
) -> Sample:
    """The villages as one area. `use`: the scores of U, so that π, ū and Ū rest on one base."""
    weighed = _weighed(answers, raking)
    users = np.bincount(answers.home, weighed.w > 0, minlength=answers.homes) > 0
    homes = np.bincount(answers.village[users], minlength=len(adults))
    stratum = strata(homes.astype(np.int64), adults)
    count = int(stratum.max(initial=0)) + 1
    total = np.bincount(stratum, adults, minlength=count).astype(np.float64)
    missing = np.bincount(stratum, offline, minlength=count).astype(np.float64)
    g, known = online_share(total, missing)
    groups = Groups(stratum[answers.village], count)
    share = total / total.sum() if np.isfinite(total).all() and total.sum() > 0 else np.ones(count)
    margins = _margins(answers, raking, groups)
    online = _online(answers, weighed, groups, g, margins)
    if use is not None:
        whole = product(online, ratio(groups, answers.home, weighed.w, use, np.ones(len(use))))
        share = np.where(np.isfinite(whole.value) & (whole.homes > 1), share, 0.0)
    with np.errstate(invalid="ignore"):
        part = share / share.sum()
    return Sample(
        answers=answers,
        weights=weighed,
        groups=groups,
        area=Groups(np.zeros(answers.homes, np.int64), 1),
        share=np.nan_to_num(part),
        g=np.array([float(part @ g)]),
        known=np.array([bool(known.all())]),
        online_parts=online,
        raking=raking,
        margins=margins,
    )


def strata(homes: Ints, adults: Floats) -> Ints:
    """The stratum of each village of an area: its own, or the joined one of the small.

    Should the joined ones still be under three homes, the next smallest village joins them.

    >>> strata(np.array([2, 8, 1, 9]), np.array([100.0, 100.0, 100.0, 100.0]))
    array([0, 1, 0, 2])
    >>> strata(np.array([8, 9]), np.array([100.0, np.nan]))
    array([0, 0])
    """
    if not (np.isfinite(adults).all() and (adults > 0).all()):
        return np.zeros(len(adults), np.int64)
    small = homes < JOINED_BELOW
    if small.any() and homes[small].sum() < JOINED_BELOW and not small.all():
        next_one = np.flatnonzero(~small)[np.argmin(homes[~small])]
        small = small | (np.arange(len(homes)) == next_one)
    own = np.cumsum(~small) - 1 + int(small.any())
    return np.where(small, 0, own).astype(np.int64)


def _weighed(answers: Answers, raking: Raking | None) -> Weights:
    found = weights(answers)
    return found if raking is None else replace(found, w=raking.w)


def _margins(answers: Answers, raking: Raking | None, groups: Groups) -> Calibration | None:
    return None if raking is None else raking.calibration(groups.of_home[answers.home])


def _online(
    answers: Answers, weighed: Weights, groups: Groups, g: Floats, margins: Calibration | None
) -> Estimate:
    home, one = answers.home, np.ones(len(answers))
    return ratio(groups, home, weighed.w, one, weighed.x, k=g, margins=margins)


def without_phone(sample: Sample) -> Estimate:
    """Σw(A7/o)/Σwx: the share of adults without a phone of their own, in the homes reached."""
    one, home = sample.weights, sample.answers.home
    return ratio(sample.results, home, one.w, one.no_phone, one.x, margins=sample.margins)
