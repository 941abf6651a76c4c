"""Which estimates of a design's domains are not shown, and why (METHOD: "What is shown").

Under 10 persons or 5 clusters nothing is. A share needs 3 persons on either side, and to be given
as such (`--proportion`) 30 persons and NCHS's precision (2017). What is hidden must not come back
by subtraction: the hidden domains of a variable are two or more, of 10 persons and 5 clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from surveys.estimation.design_estimates import Estimates, Statistic
from surveys.estimation.disclosure import HOMES, PERSONS
from surveys.estimation.frame import Bools, Floats
from surveys.estimation.suppression import DIRECT_FROM, FEW, point

Reasons = NDArray[np.str_]

NOTHING = ("few_persons", "few_clusters", "complementary")
"""Reasons for which nothing is shown, the number of persons neither."""
PRIVATE = (*NOTHING, "too_few_for_this", "few_on_a_side")
"""Reasons that protect someone; `imprecise` only says that a number would mislead."""


@dataclass(frozen=True, slots=True)
class Behind:
    """Who stands behind one statistic of each domain, and why it is not shown."""

    persons: Floats
    """(domains,) those whose value counts."""
    clusters: Floats
    """(domains,) of these."""
    yes: Floats
    """(domains,) persons on one side of a share or a quantile; NaN where there are no sides."""
    no: Floats
    """(domains,) persons on the other."""
    why: Reasons
    """(domains,) "" where it is shown."""


def behind(found: Estimates, n_eff: Floats | None = None) -> Behind:
    """Of a mean, total or ratio; with n_eff, (domains,), of a proportion.

    Numbers that are all 0 or 1 make a share, whatever was asked for.

    >>> from surveys.estimation.design import design, domains
    >>> from surveys.estimation.design_estimates import means
    >>> of = np.repeat([0, 1, 2], [9, 10, 12])
    >>> found = means(domains(design(31), of, 3), (np.arange(31) == 10) * 1.0)
    >>> behind(found).why.tolist()
    ['few_persons', 'complementary', 'few_on_a_side']
    """
    parts, y, x = found.parts, found.y, found.x
    of = parts.of_row[parts.inside]
    # Who has nothing above and below a ratio could as well not be there.
    counts = found.known if x is None else found.known & ((x != 0) | (y != 0))

    def persons(rows: Bools) -> Floats:
        return np.bincount(of, rows, minlength=parts.count).astype(np.float64)

    held = np.bincount(parts.pair, counts, minlength=len(parts.psu)) > 0
    n = persons(counts)
    clusters = np.bincount(parts.of_pair[held], minlength=parts.count).astype(np.float64)
    yes = no = np.full(parts.count, np.nan)
    if np.isin(y, (0, 1)).all() and (x is None or np.isin(x, (0, 1)).all()):
        yes, no = persons(counts & (y == 1)), persons(counts & (y == 0))
    return behind_counts(found, Counts(n, clusters, yes, no), n_eff)


@dataclass(frozen=True, slots=True)
class Counts:
    """Who stands behind one statistic of each domain."""

    persons: Floats
    """(domains,) those whose value counts."""
    clusters: Floats
    """(domains,) of these."""
    yes: Floats
    """(domains,) persons on one side of a share; NaN where there are no sides."""
    no: Floats
    """(domains,) persons on the other."""


def behind_counts(found: Statistic, who: Counts, n_eff: Floats | None = None) -> Behind:
    """As `behind`, of what was counted elsewhere.

    >>> none = np.full(2, np.nan)
    >>> n = np.array([9.0, 40])
    >>> found = Statistic(n, n, n, n, n, n, n, n)
    >>> behind_counts(found, Counts(n, n, none, none)).why.tolist()
    ['few_persons', 'complementary']
    """
    n, clusters = who.persons, who.clusters
    conditions = [n < PERSONS, clusters < HOMES]
    choices = ["few_persons", "few_clusters"]
    if n_eff is not None:
        conditions.append(n < DIRECT_FROM)
        choices.append("too_few_for_this")
    conditions.append(np.fmin(who.yes, who.no) < FEW)
    choices.append("few_on_a_side")
    if n_eff is not None:
        conditions.append(~point(found.value, n_eff))
        choices.append("imprecise")
    why: Reasons = np.select(conditions, choices, "").astype("<U16")
    return Behind(n, clusters, who.yes, who.no, complemented(why, n, clusters))


def behind_quantile(share: Estimates, at_most: Floats, at_least: Floats) -> Behind:
    """Of a quantile, which is somebody's answer: 30 persons, 3 of them at or beyond it either way.

    share: of those at or under it; at_most, at_least: (domains,) persons.
    """
    conditions = [share.n < PERSONS, share.clusters < HOMES, share.n < DIRECT_FROM,
                  np.minimum(at_most, at_least) < FEW]  # fmt: skip
    choices = ["few_persons", "few_clusters", "too_few_for_this", "few_on_a_side"]
    why: Reasons = np.select(conditions, choices, "").astype("<U16")
    return Behind(share.n, share.clusters, at_most, at_least,
                  complemented(why, share.n, share.clusters))  # fmt: skip


def complemented(why: Reasons, persons: Floats, clusters: Floats) -> Reasons:
    """The same, with the smallest domains shown hidden too where others would come back without.

    One that is hidden by itself never has 10 persons of 5 clusters, so that there are two.

    >>> n = np.array([4.0, 40, 50, 60])
    >>> complemented(np.array(["few_persons", "", "", ""]), n, n).tolist()
    ['few_persons', 'complementary', '', '']
    """
    why = why.astype("<U16")
    there = persons > 0
    if not (np.isin(why, NOTHING) & there).any():
        return why
    hidden = np.isin(why, (*NOTHING, "too_few_for_this")) & there
    order = np.flatnonzero(there & ~hidden)
    order = order[np.argsort(persons[order], kind="stable")]

    def after(counts: Floats) -> Floats:
        """What the hidden come to with none, one, two … of the others."""
        more: Floats = np.concatenate(([0.0], np.cumsum(counts[order])))
        return np.asarray(more + counts[hidden].sum(), np.float64)

    enough = after(persons) >= PERSONS
    enough &= after(clusters) >= HOMES
    more = int(enough.argmax()) if enough.any() else len(order)
    why[order[:more]] = "complementary"
    return why


def rest_hidden(several: Sequence[Behind]) -> list[Behind]:
    """Shares of values of one column, those hidden so that the rest is nobody or 3 persons.

    Of 50 persons 30 have one thing and 18 another: that 2 have neither could be worked out.

    >>> def share(yes: float) -> Behind:
    ...     return Behind(*(np.array([one]) for one in (50.0, 50, yes, 50 - yes)), np.array([""]))
    >>> [one.why.tolist() for one in rest_hidden([share(30), share(18)])]
    [[''], ['complementary']]
    """
    why = np.array([one.why for one in several], dtype="<U16")
    yes, n = np.array([one.yes for one in several]), several[0].persons
    for _ in several:
        shown = ~np.isin(why, PRIVATE)
        rest = n - np.where(shown, yes, 0).sum(axis=0)
        leak = np.flatnonzero((rest > 0) & (rest < FEW) & shown.any(axis=0))
        smallest = np.where(shown, yes, np.inf)[:, leak].argmin(axis=0)
        why[smallest, leak] = "complementary"
    return [replace(one, why=row) for one, row in zip(several, why, strict=True)]


def against_one(one: Behind, reference: int) -> Reasons:
    """Why a difference from one domain is not shown: as the domain, else as that one.

    >>> n = np.array([4.0, 40, 50])
    >>> b = Behind(n, n, n, n, np.array(["few_persons", "complementary", ""]))
    >>> against_one(b, 1).tolist()
    ['few_persons', 'complementary', 'complementary']
    """
    found: Reasons = np.where(one.why != "", one.why, one.why[reference])
    return found


def against_others(one: Behind) -> Reasons:
    """Why a difference from all others together is not shown: as the domain, else if those hidden
    could be had by subtraction.

    >>> n = np.array([40.0, 40, 50])
    >>> b = Behind(n, n, np.array([1.0, 9, 9]), n, np.array(["few_on_a_side", "", ""]))
    >>> against_others(b).tolist()
    ['few_on_a_side', 'complementary', 'complementary']
    """
    hidden = np.isin(one.why, PRIVATE) & (one.persons > 0)
    sides = np.array([np.nansum(side[hidden]) for side in (one.yes, one.no)])
    enough = (
        hidden.sum() > 1
        and one.persons[hidden].sum() >= PERSONS
        and one.clusters[hidden].sum() >= HOMES
        and (np.isnan(one.yes).all() or sides.min() >= FEW)
    )
    if not hidden.any() or enough:
        return one.why
    found: Reasons = np.where(one.why != "", one.why, "complementary").astype("<U16")
    return found
