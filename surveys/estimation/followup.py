"""Follow-up samples: homes that did not answer, of which some were drawn and visited.

Hansen & Hurwitz 1946 (Cochran 1977, §13.6). Of a village's N_hh homes m1 answered unasked and stand
for themselves, W = 1; of the N_hh - m1 others m2 were drawn by lot and each of their adults was
asked: these stand for all of them, W = (N_hh - m1)/m2. Whoever stays away from the chat is so no
longer guessed at, and the only chance left is which of the silent homes were drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from surveys.estimation.estimates import Estimate, Groups
from surveys.estimation.frame import MODES, Answers, Bools, Floats, Ints
from surveys.estimation.numbering import firsts
from surveys.estimation.weights import Weights, by_home

FEWEST = 12
"""Homes drawn and visited."""
_VISITED = MODES.index("visited")


@dataclass(frozen=True, slots=True)
class TwoPhase:
    """What each person and each home stands for where there is a follow-up."""

    village: Bools
    """(villages,) whether there is one that can be used: 12 visited homes or more, N_hh known and
    not under the homes that answered and were visited, and a roster of a home that answered."""
    w: Floats
    """(rows,) how many adults a person stands for; 0 where there is no such follow-up, for a home
    that cannot be used, and for a non-user who answered unasked."""
    adults: Floats
    """(homes,) W·A: how many adults a home stands for; 0 likewise."""
    visited: Bools
    """(homes,) of the second stratum: somebody there was asked at the door."""
    f: Floats
    """(villages,) m2/(N_hh - m1), the share of silent homes that was drawn; NaN without a
    follow-up."""


def two_phase(answers: Answers, weights: Weights, households: Floats) -> TwoPhase | None:
    """The two strata of every village; None where no village has a follow-up.

    households: (villages,) N_hh, NaN where not known.

    A home that answered unasked counts o = max(online adults of its roster, users who answered),
    so each of its users stands for o/users. One without a complete roster, or where online adults
    live of whom none answered, has no such number: the others of its stratum stand for it. A
    visited home counts A/asked for each person; A is its roster's adults, where that is not
    complete what it says of adults, and never fewer than were asked. A person of whom it is not
    known whether they are online is left out, and the others of the home stand for them.

    >>> from surveys.estimation.weights import weights
    >>> import pandas as pd
    >>> from surveys.form.indicators import Indicator
    >>> from surveys.estimation.frame import answers, measures
    >>> home = [f"{number:02}" for number in range(13)]
    >>> f = pd.DataFrame({"village": "a", "home": home, "entry": home, "submission": home,
    ...     "mode": ["self"] + ["visited"] * 12, "flags": 0, "user": "1", "A6": "2", "A8": "1",
    ...     "finished": pd.Timestamp("2026-01-01", tz="UTC")})
    >>> roles = [Indicator("user", {}, role="user"), Indicator("A6", {}, role="adults"),
    ...          Indicator("A8", {}, role="online_adults")]
    >>> rows = answers(f, ["a"], measures(roles, {}))
    >>> phases = two_phase(rows, weights(rows), np.array([49.0]))
    >>> phases.w[:2], phases.adults[:2], phases.f
    (array([1., 8.]), array([2., 8.]), array([0.25]))
    """
    home, homes, of = answers.home, answers.homes, answers.village
    visited: Bools = np.bincount(home, answers.mode == _VISITED, minlength=homes) > 0
    told: Bools = np.isfinite(answers.user)
    asked = by_home(home, homes, told.astype(np.float64))
    users = by_home(home, homes, (answers.user == 1).astype(np.float64))
    online = weights.online
    able = np.where(visited, asked > 0, np.isfinite(online) & ((users > 0) | (online == 0)))

    def count(chosen: Bools) -> Floats:
        return np.bincount(of, chosen, minlength=len(households)).astype(np.float64)

    came, came_able, drawn_able = count(~visited), count(~visited & able), count(visited & able)
    silent = households - came
    village = (drawn_able >= FEWEST) & (silent >= count(visited))
    village &= (came == 0) | (came_able > 0)
    if not village.any():
        return None
    adults = np.where(np.isfinite(weights.adults), weights.adults, _adults_said(answers))
    used = able & village[of]
    with np.errstate(divide="ignore", invalid="ignore"):
        of_stratum = np.where(visited, (silent / drawn_able)[of], (came / came_able)[of])
        each = np.where(visited, adults / asked, online / users)
        f = np.where(village, drawn_able / silent, np.nan)
    counts = used[home] & np.where(visited[home], told, answers.user == 1)
    return TwoPhase(
        village=village,
        w=np.where(counts, (of_stratum * each)[home], 0.0),
        adults=np.where(used, of_stratum * adults, 0.0),
        visited=visited,
        f=f,
    )


def hansen_hurwitz(
    groups: Groups,
    answers: Answers,
    phases: TwoPhase,
    y: Floats,
    *,
    of: Literal["adults", "users"],
) -> Estimate:
    """R = ΣWy/ΣWA of all adults, who count 0 where not online, or ΣWy/ΣW of users.

    groups: of whole villages; y: (rows,), of users alone: what it says of others is not looked at.
    π: y = 1, of="adults"; ū: y the scores, of="users"; Ū: y the scores, of="adults", which is π·ū.

    A user without a value is stood for by the other users of the home; a home in which none has
    one by the users of its stratum. v = (1-f)·m2/(m2-1)·Σ(e_h - ē)² over the visited homes of each
    village, e_h the home's linearised Σw(y - R)/ΣWA, and the sum of z² is v; df = m2 - 1, summed
    over the villages of a group. A group with a village without a follow-up has no estimate.

    Behind it are the users with a value and, of="adults", non-users who were visited. z is not that
    of a home left out, so `estimates.product` does not apply.
    """
    home, homes, village = answers.home, answers.homes, answers.village
    user_w = np.where(answers.user == 1, phases.w, 0.0)
    valued = (user_w > 0) & np.isfinite(y)
    users = by_home(home, homes, user_w)
    top, known = _means_stand_in(
        2 * village + phases.visited,
        users,
        by_home(home, homes, np.where(valued, user_w, 0.0)),
        by_home(home, homes, user_w * np.where(valued, y, 0.0)),
    )
    drawn: Bools = phases.visited & (phases.adults > 0)
    if of == "adults":
        bottom = phases.adults
        behind = valued | ((answers.user == 0) & (phases.w > 0))
        present: Bools = (phases.adults > 0) & (known | (users == 0))
    else:
        bottom, behind, present = users, valued, known

    at = groups.of_home
    served = groups.sums(phases.village[village].astype(np.float64))
    whole = (served > 0) & (served == groups.sums(np.ones(homes)))
    with np.errstate(divide="ignore", invalid="ignore"):
        total = np.where(whole, groups.sums(bottom), np.nan)
        value = groups.sums(top) / total
        e = (top - value[at] * bottom) / total[at]
        m = np.bincount(village, drawn, minlength=len(phases.f))
        mean = np.bincount(village, np.where(drawn, e, 0.0), minlength=len(phases.f)) / m
        z = np.sqrt((1 - phases.f) * m / (m - 1))[village] * (e - mean[village])
    villages = np.bincount(at[np.unique(village, return_index=True)[1]], minlength=groups.count)
    df = groups.sums(drawn.astype(np.float64)) - villages
    return Estimate(
        value=value,
        z=np.where(drawn & np.isfinite(z), z, 0.0),
        df=np.where(np.isfinite(value), df, np.nan),
        n=groups.sums(by_home(home, homes, behind.astype(np.float64))),
        homes=groups.sums(present.astype(np.float64)),
        present=present,
        groups=groups,
    )


def _adults_said(answers: Answers) -> Floats:
    """(homes,) the first number of adults that a home gives, at least how many answered there."""
    rows = np.flatnonzero(answers.adults >= 1)
    rows = rows[firsts(answers.home[rows])]
    found = answers.home[rows]
    answered = np.bincount(answers.home, minlength=answers.homes).astype(np.float64)
    answered[found] = np.maximum(answered[found], answers.adults[rows])
    return answered


def _means_stand_in(
    stratum: Ints, users: Floats, known: Floats, top: Floats
) -> tuple[Floats, Bools]:
    """(homes,) Σwy of all users of a home, linearised, and whether one of them has a value.

    users, known, top: Σw of users, Σw and Σwy of those with a value. The mean of a home's known
    values stands for its others; homes with none have the mean ȳ of their stratum. The sum over a
    stratum is that of a ratio, (Σu/Σ_known u)·Σ_known y, whose linearised parts are ȳu for a home
    without values and ȳu + (Σu/Σ_known u)(y - ȳu) for one with.
    """
    has = known > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        top = np.where(has, users * top / known, 0.0)
        every = np.bincount(stratum, users)
        of_known = np.bincount(stratum, np.where(has, users, 0.0))
        scale = np.where(every > 0, every / of_known, 1.0)
        mean = np.where(every > 0, np.bincount(stratum, top) / of_known, 0.0)
        expected = mean[stratum] * users
        parts = np.where(has, scale[stratum] * (top - expected), 0.0) + expected
    return parts, has
