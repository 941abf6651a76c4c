"""A sample of villages, or of areas made of several, and the estimates asked of it.

An area is Σ(N_v/N) of its villages' estimates; villages under three homes are joined into one, and
so are all of them where the adults of one are not known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from surveys.estimation.estimates import (
    Areas,
    Estimate,
    Groups,
    Weighed,
    area_mean,
    area_total,
    choose,
    everyone,
    product,
    ratio,
)
from surveys.estimation.followup import TwoPhase, hansen_hurwitz
from surveys.estimation.frame import Answers, Bools, Floats, Ints
from surveys.estimation.margins import Raking
from surveys.estimation.numbering import ranked
from surveys.estimation.raking import Calibration
from surveys.estimation.weights import Weights, weights

OTHERS_PERSONS, OTHERS_HOMES = 10, 5
"""So many non-users, and users, of so many homes, make the base `all` possible."""
JOINED_BELOW = 3
"""Villages of an area with fewer homes are joined."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Answers with their weights, the groups they are estimated for, and who is missing."""

    answers: Answers
    weights: Weights
    groups: Groups
    """Of the homes, as estimated first: villages, or the strata of areas."""
    areas: Areas | None
    """Where the strata are put together; None: each group by itself."""
    share: Floats
    """(groups,) N_v/N of the strata in their area."""
    g: Floats
    """(results,) the share of adults in homes where somebody is online; 1 where not known."""
    known: Bools
    """(results,) whether g is known."""
    online_parts: Estimate
    """π of the groups."""
    users: Weighed
    """The users, by group."""
    others: Weighed
    """The non-users, by result."""
    raking: Raking | None = None
    """To which margins the users were raked."""
    margins: Calibration | None = None
    """Those that the errors of the groups' estimates can use."""
    phases: TwoPhase | None = None
    """Follow-ups of homes that kept silent; what they say stands in the place of the chat's."""

    @property
    def results(self) -> Groups:
        """The groups that an estimate has in the end."""
        return self.groups if self.areas is None else self.areas.homes

    @property
    def online(self) -> Estimate:
        """π, the share of adults online, 0-1."""
        return self._total(self.online_parts)

    def of_users(self, y: Floats) -> Estimate:
        """ȳ of users, by entry."""
        return self._users(self._mean(y))

    def of_all(self, y: Floats) -> Estimate:
        """π·ȳ: non-users count 0."""
        return self._total(self._whole(y, self._mean(y)))

    def of_both_bases(self, y: Floats) -> tuple[Estimate, Estimate]:
        """`of_users` and `of_all`, the mean found once."""
        mean = self._mean(y)
        return self._users(mean), self._total(self._whole(y, mean))

    def of_others(self, y: Floats) -> Estimate:
        """ȳ of non-users, each weighing 1."""
        return self.others.mean(y)

    def of_both(self, y: Floats) -> tuple[Bools, Estimate]:
        """(results,) where enough of both answered, and π·ȳ_users + (1-π)·ȳ_non-users."""
        enough, both, _ = self._of_everyone(y)
        return enough, both

    def by_base(self, base: str, y: Floats) -> tuple[Bools, Estimate]:
        """(results,) whether the base asked for could be used, and the estimate.

        `zero`: non-users count 0; `users`: of users only; `all`: of both, or, with too few
        non-users, of users only (then False).
        """
        if base == "zero":
            return np.ones(self.results.count, np.bool_), self.of_all(y)
        if base == "users":
            return np.ones(self.results.count, np.bool_), self.of_users(y)
        enough, both, users = self._of_everyone(y)
        return enough, choose(enough, both, users)

    def _of_everyone(self, y: Floats) -> tuple[Bools, Estimate, Estimate]:
        others, users = self.of_others(y), self.of_users(y)
        # Of both kinds: what all say, less what one kind says, is what the other says.
        n, homes = np.minimum(others.n, users.n), np.minimum(others.homes, users.homes)
        enough = (n >= OTHERS_PERSONS) & (homes >= OTHERS_HOMES)
        if not enough.any():
            return enough, users, users
        both = everyone(self.online, users, others)
        return enough & np.isfinite(both.value), both, users

    @property
    def person(self) -> Floats:
        """(rows,) what each user weighs beside all other users of the result."""
        w, group = self.weights.w, self.groups.of_home[self.answers.home]
        if self.phases is not None:
            stands = _stands(self.groups, self.answers, self.phases)
            w = np.where(stands[group], self.phases.w * (w > 0), w)
        if self.areas is None:
            return w
        total = np.bincount(group, w, minlength=self.groups.count)
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = self.share * np.where(
                np.isfinite(self.online_parts.value), self.online_parts.value, 1.0
            ) / total  # fmt: skip
        return w * np.nan_to_num(scale, posinf=0.0)[group]

    @property
    def visited(self) -> Floats:
        """(results,) homes visited in a follow-up that counts."""
        if self.phases is None:
            return np.zeros(self.results.count)
        stands = _stands(self.groups, self.answers, self.phases)
        return self.results.sums(self.phases.visited & stands[self.groups.of_home])

    def persons(self, chosen: Bools) -> Floats:
        """(results,) how many rows are chosen."""
        return np.bincount(
            self.results.of_home[self.answers.home[chosen]], minlength=self.results.count
        ).astype(np.float64)

    def homes(self, chosen: Bools) -> Floats:
        """(results,) how many homes have such a row."""
        there = np.zeros(self.answers.homes, np.bool_)
        there[self.answers.home[chosen]] = True
        return self.results.sums(there)

    def _mean(self, y: Floats) -> Estimate:
        if self.margins is None:
            chat = self.users.mean(y)
        else:
            one, w = np.ones(len(y)), self.weights.w
            chat = ratio(self.groups, self.answers.home, w, y, one, margins=self.margins)
        return _followed(self.groups, self.answers, self.phases, y, chat, of="users")

    def _whole(self, y: Floats, mean: Estimate) -> Estimate:
        chat = product(self.online_parts, mean)
        return _followed(self.groups, self.answers, self.phases, y, chat, of="adults")

    def _users(self, mean: Estimate) -> Estimate:
        if self.areas is None:
            return mean
        return area_mean(self.areas, self.share, self.online_parts, mean)

    def _total(self, part: Estimate) -> Estimate:
        return part if self.areas is None else area_total(self.areas, self.share, part)


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
    answers: Answers,
    adults: Floats,
    offline: Floats,
    raking: Raking | None = None,
    phases: TwoPhase | None = None,
) -> Sample:
    """Each village by itself. adults, offline: (villages,) N and N₀, NaN where not known."""
    g, known = online_share(adults, offline)
    if phases is not None:
        # Silent homes were drawn whether anybody is online there or not.
        g, known = np.where(phases.village, 1.0, g), known | phases.village
    weighed = _weighed(answers, raking)
    groups = Groups(answers.village, len(adults))
    margins = _margins(answers, raking, groups)
    online = _online(answers, weighed, groups, g, margins)
    return Sample(
        answers=answers,
        weights=weighed,
        groups=groups,
        areas=None,
        share=np.ones(len(adults)),
        g=g,
        known=known,
        online_parts=_followed(groups, answers, phases, np.ones(len(answers)), online, of="adults"),
        users=Weighed.of(groups, answers.home, weighed.w),
        others=Weighed.of(groups, answers.home, weighed.other),
        raking=raking,
        margins=margins,
        phases=phases,
    )


def of_area(  # noqa: PLR0917
    answers: Answers,
    adults: Floats,
    offline: Floats,
    use: Floats | None,
    raking: Raking | None = None,
    phases: TwoPhase | None = None,
) -> Sample:
    """The villages as one area: see `of_areas`."""
    one = np.zeros(len(adults), np.int64)
    return of_areas(answers, one, 1, adults, offline, use, raking, phases)


def of_areas(  # noqa: PLR0917
    answers: Answers,
    area: Ints,
    count: int,
    adults: Floats,
    offline: Floats,
    use: Floats | None,
    raking: Raking | None = None,
    phases: TwoPhase | None = None,
) -> Sample:
    """Villages as areas. area: (villages,) 0 to count - 1, adults and offline as `of_villages`.

    use: the scores of U, so that π, ū and Ū rest on one base.
    """
    if phases is not None:
        offline = np.where(phases.village, 0.0, offline)
    weighed = _weighed(answers, raking)
    users = np.bincount(answers.home, weighed.w > 0, minlength=answers.homes) > 0
    homes = np.bincount(answers.village[users], minlength=len(adults))
    stratum = strata(homes.astype(np.int64), adults, area)
    found = int(stratum.max(initial=0)) + 1
    total = np.bincount(stratum, adults, minlength=found).astype(np.float64)
    missing = np.bincount(stratum, offline, minlength=found).astype(np.float64)
    g, known = online_share(total, missing)
    groups = Groups(stratum[answers.village], found)
    of_group = np.zeros(found, np.int64)
    of_group[stratum] = area
    areas = Areas.of(of_group, count, groups)
    # Where the adults of one village are not known, all of its area are one stratum.
    share = areas.shares(np.where(np.isfinite(total) & (total > 0), total, 1.0))
    margins = _margins(answers, raking, groups)
    online = _online(answers, weighed, groups, g, margins)
    online = _followed(groups, answers, phases, np.ones(len(answers)), online, of="adults")
    whole = online
    if use is not None:
        whole = product(online, ratio(groups, answers.home, weighed.w, use, np.ones(len(use))))
    usable = np.isfinite(whole.value) & (whole.homes > 1)
    # A form without rosters has no π anywhere: then all villages are in the means of users.
    usable |= (areas.sums(usable) == 0)[of_group]
    share = areas.shares(np.where(usable, share, 0.0))
    return Sample(
        answers=answers,
        weights=weighed,
        groups=groups,
        areas=areas,
        share=share,
        g=areas.sums(share * g),
        known=areas.sums(known) == areas.sums(np.ones(found)),
        online_parts=online,
        users=Weighed.of(groups, answers.home, weighed.w),
        others=Weighed.of(areas.homes, answers.home, weighed.other),
        raking=raking,
        margins=margins,
        phases=phases,
    )


def strata(homes: Ints, adults: Floats, area: Ints) -> Ints:
    """The stratum of each village of its area: its own, or the joined one of the small.

    Should the joined ones still be under three homes, the next smallest village joins them. Where
    the adults of one village are not known, all of its area are joined.

    >>> one = np.zeros(4, int)
    >>> strata(np.array([2, 8, 1, 9]), np.array([100.0, 100.0, 100.0, 100.0]), one)
    array([0, 1, 0, 2])
    >>> strata(np.array([8, 9, 7]), np.array([100.0, np.nan, 100.0]), np.array([0, 0, 1]))
    array([0, 0, 1])
    """
    villages, areas = len(homes), int(area.max(initial=-1)) + 1

    def sums(chosen: Ints | Bools) -> Ints:
        return np.bincount(area, chosen, minlength=areas).astype(np.int64)

    known = sums(~(np.isfinite(adults) & (adults > 0))) == 0
    small = homes < JOINED_BELOW
    joined = sums(small)
    too_few = known & (joined > 0) & (sums(homes * small) < JOINED_BELOW)
    # The smallest village that is not small yet comes first in its area.
    order = np.lexsort((homes, small, area))
    first = order[np.searchsorted(area[order], np.arange(areas))] if villages else order
    small[first[too_few]] = True
    own = np.where(small | ~known[area], 0, 1 + np.arange(villages))
    return ranked(area * (villages + 1) + own)[0]


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


def _followed(
    groups: Groups,
    answers: Answers,
    phases: TwoPhase | None,
    y: Floats,
    chat: Estimate,
    *,
    of: Literal["users", "adults"],
) -> Estimate:
    """What the follow-up says, where there is one; else the chat's."""
    if phases is None:
        return chat
    visited = hansen_hurwitz(groups, answers, phases, y, of=of)
    return choose(np.isfinite(visited.value), visited, chat)


def _stands(groups: Groups, answers: Answers, phases: TwoPhase) -> Bools:
    """(groups,) where a follow-up in every village stands in the place of the chat."""
    found: Bools = groups.sums(~phases.village[answers.village]) == 0
    return found
