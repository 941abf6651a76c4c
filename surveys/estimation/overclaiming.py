"""Overclaiming: how people rate their skills (S) beside what they know (K), by group.

S and K have no common zero: S - K is 0 nowhere in particular, and its level says how the two sets
of questions were made, not whether people overclaim. Only its difference between two groups says
something: who claims more for what they know (Paulhus et al. 2003, *J. Pers. Soc. Psychol.* 84).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from surveys.estimation.estimates import Estimate, Groups, ratio
from surveys.estimation.frame import Bools, Floats, Ints


def overclaiming(
    groups: Groups, home: Ints, w: Floats, s: Floats, k: Floats, *, first: Bools, second: Bools
) -> Estimate:
    """Mean S - K of the first kind of person less that of the second, in each group of homes.

    home, w, s, k: (rows,) as for `estimates.ratio`; s, k: scores 0-100, NaN where unknown; first,
    second: (rows,) who is of which kind, nobody of both. Over 0 where the first claim more for what
    they know. Its z_h are those of both means, home by home, so that what people of one home share
    is in the error; df, n and homes are the smaller of the two. Over 0 it may also mean that items
    function otherwise (`differential`).

    ValueError: someone is of both kinds.

    >>> one, home = Groups(np.array([0, 0, 0]), 1), np.array([0, 0, 1, 1, 2, 2])
    >>> men = np.array([True, False] * 3)
    >>> s, k = np.array([60.0, 50, 70, 40, 80, 60]), np.array([40.0, 40, 60, 40, 50, 50])
    >>> found = overclaiming(one, home, np.ones(6), s, k, first=men, second=~men)
    >>> found.value.round(6), found.se.round(3)
    (array([13.333333]), array([3.333]))
    """
    if (first & second).any():
        raise ValueError("someone is of both kinds")
    one, other = (
        ratio(groups, home, np.where(kind, w, 0.0), s - k, np.ones(len(w)))
        for kind in (first, second)
    )
    return replace(
        one,
        value=one.value - other.value,
        z=one.z - other.z,
        df=np.fmin(one.df, other.df),
        n=np.fmin(one.n, other.n),
        homes=np.fmin(one.homes, other.homes),
        present=one.present | other.present,
    )
