"""Entries and rosters -> weights (METHOD: multiplicity; Sirken 1970).

Online adults let themselves in, so what is sampled is the entry: one phone in one home, with the
phones that came by its family link, as these did not let themselves in. A user of an entry where a
users answered weighs w = 1/a. The home's roster gives A adults and o online adults; x = A/o says
how many adults stand behind each online one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.estimation.frame import Answers, Bools, Floats, Ints
from surveys.estimation.numbering import firsts


@dataclass(frozen=True, slots=True)
class Weights:
    """What each row weighs, and what each home's roster says."""

    w: Floats
    """(rows,) 1/a for a user, 0 for anyone else."""
    other: Floats
    """(rows,) 1 for a non-user, 0 for anyone else."""
    x: Floats
    """(rows,) A/o of the home; NaN where its roster is not complete."""
    no_phone: Floats
    """(rows,) adults without a phone of their own, by online adult: A7/o; NaN as x."""
    adults: Floats
    """(homes,) A; NaN where the roster is not complete."""
    online: Floats
    """(homes,) o."""
    without: Floats
    """(homes,) adults without a phone."""
    differ: Bools
    """(homes,) two complete rosters disagree; the first counts."""
    short: Bools
    """(homes,) fewer online adults on the roster than users who answered."""


def weights(answers: Answers) -> Weights:
    """The weights of every row.

    A roster is complete if adults, adults without a phone (where asked) and online adults are all
    there and neither exceeds the adults. The first complete one of a home counts.

    >>> import pandas as pd
    >>> from surveys.form.indicators import Indicator
    >>> from surveys.estimation.frame import answers, measures
    >>> f = pd.DataFrame({"village": "a", "home": "1", "entry": ["1", "1", "2"],
    ...     "submission": ["x", "y", "z"], "mode": "self", "flags": 0, "user": "1", "A6": "4",
    ...     "A8": "3", "finished": pd.date_range("2026-01-01", periods=3, tz="UTC")})
    >>> roles = [Indicator("user", {}, role="user"), Indicator("A6", {}, role="adults"),
    ...          Indicator("A8", {}, role="online_adults")]
    >>> m = weights(answers(f, ["a"], measures(roles, {})))
    >>> m.w, m.x
    (array([0.5, 0.5, 1. ]), array([1.33333333, 1.33333333, 1.33333333]))
    """
    home, homes = answers.home, answers.homes
    user = answers.user == 1
    in_entry = np.bincount(answers.entry, user)
    w = np.zeros(len(answers))
    w[user] = 1 / in_entry[answers.entry[user]]

    answered = np.bincount(home, minlength=homes)
    users = np.bincount(home, user, minlength=homes)
    complete = _complete(answers.adults, answers.online_adults)
    if answers.asks_phone:
        complete &= _complete(answers.adults, answers.no_phone)
    rows = np.flatnonzero(complete)
    chosen = rows[firsts(home[rows])]
    found = home[chosen]

    def of_home(values: Floats) -> Floats:
        result = np.full(homes, np.nan)
        result[found] = values[chosen]
        return result

    adults, online = of_home(answers.adults), of_home(answers.online_adults)
    without = of_home(answers.no_phone)
    differ = np.zeros(homes, np.bool_)
    for values, counted in (
        (answers.adults, adults), (answers.online_adults, online), (answers.no_phone, without),
    ):  # fmt: skip
        other = values[rows] != counted[home[rows]]
        other &= np.isfinite(values[rows])
        differ[home[rows[other]]] = True
    short = online < users
    adults, online = np.maximum(adults, answered), np.maximum(online, users)
    # Only users are counted by x; a home where nobody is online has none.
    reached = np.where(online > 0, online, np.nan)
    return Weights(
        w=w,
        other=(answers.user == 0).astype(np.float64),
        x=(adults / reached)[home],
        no_phone=(without / reached)[home],
        adults=adults,
        online=online,
        without=without,
        differ=differ,
        short=short,
    )


def _complete(adults: Floats, part: Floats) -> Bools:
    with np.errstate(invalid="ignore"):
        good: Bools = (adults >= 1) & (part >= 0) & (part <= adults)
    return good


def by_home(home: Ints, homes: int, values: Floats) -> Floats:
    """The sum of each home's rows.

    >>> by_home(np.array([0, 0, 1]), 3, np.array([1.0, 2.0, 3.0]))
    array([3., 3., 0.])
    """
    sums: Floats = np.bincount(home, values, minlength=homes).astype(np.float64)
    return sums
