"""The rows of `usegap decompose`: a decomposition with its limits, and what is not shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.estimation.frame import Bools
from surveys.estimation.intervals import t_quantile
from surveys.estimation.oaxaca import Decomposition, Piece
from surveys.estimation.oaxaca_groups import Persons
from surveys.estimation.suppression import FEW, HOMES_FROM, INDEX_FROM

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Row:
    """A number of a decomposition; None where there is none."""

    part: str
    """`reference` and `other`, the means; `difference`, the first less the second; then its parts,
    each as a whole and by covariate."""
    covariate: str | None
    category: str | None
    group: str | None
    """Of a mean: whose."""
    estimate: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    level: float
    n: int | None
    df: int | None
    suppressed: str | None
    """`few_persons`, `few_clusters`, `few_on_a_side`, `few_in_category`, or None."""


def table(
    found: Decomposition, persons: Persons, names: tuple[str, str], *, suppress: bool = True
) -> list[Row]:
    """A row for each number. persons: those that `found` is of; names: of the two groups.

    >>> from surveys.estimation.oaxaca import three_fold
    >>> from surveys.estimation.oaxaca_groups import Covariate
    >>> x = Covariate("x", np.array([[1.0], [2], [3], [0], [1], [2]]))
    >>> two = Persons(np.array([3.0, 5, 7, 0, 1, 2]), np.arange(6) > 2, [x], np.ones(6),
    ...               np.arange(6))
    >>> rows = table(three_fold(two), two, ("town", "village"), suppress=False)
    >>> [(row.part, row.group, round(row.estimate)) for row in rows[:3]]
    [('reference', 'town', 5), ('other', 'village', 1), ('difference', None, 4)]
    >>> {row.suppressed for row in table(three_fold(two), two, ("town", "village"))}
    {'few_persons'}
    """
    why, inside = reasons(persons.known()) if suppress else ("", "")
    both = sum(found.n)
    half = float(t_quantile(found.df))

    def row(piece: Piece, n: int, group: str | None = None) -> Row:
        reason = why or (inside if piece.covariate is not None else "")
        shown = not reason
        se = piece.v**0.5
        return Row(
            part=piece.part,
            covariate=piece.covariate,
            category=piece.category,
            group=group,
            estimate=piece.value if shown else None,
            se=se if shown else None,
            ci_low=piece.value - half * se if shown else None,
            ci_high=piece.value + half * se if shown else None,
            level=LEVEL,
            n=None if why else n,
            df=None if why else found.df,
            suppressed=reason or None,
        )

    return [
        row(found.reference, found.n[0], names[0]),
        row(found.other, found.n[1], names[1]),
        row(found.difference, both),
        *(row(piece, both) for piece in found.pieces),
    ]


def reasons(persons: Persons) -> tuple[str, str]:
    """Why nothing is shown, and why no covariate by itself is; "" where it is.

    Nothing with under 10 persons or 5 clusters in a group, or, where y has two values, with under 3
    persons on a side of it. No covariate where one of 0 and 1, or a category, has under 10 persons
    of 5 clusters on a side in a group: from shares and coefficients the mean of a few could be had.
    """
    groups = [~persons.other, persons.other]
    if any(rows.sum() < INDEX_FROM for rows in groups):
        return "few_persons", ""
    if any(_clusters(persons, rows) < HOMES_FROM for rows in groups):
        return "few_clusters", ""
    lowest, highest = persons.y.min(), persons.y.max()
    if np.isin(persons.y, (lowest, highest)).all():
        for rows in groups:
            y = persons.y[rows]
            if min((y == lowest).sum(), (y == highest).sum()) < FEW:
                return "few_on_a_side", ""
    for column in np.hstack([one.columns for one in persons.covariates]).T:
        if not np.isin(column, (0, 1)).all():
            continue
        for side in (column == 1, column == 0):
            for rows in groups:
                here = rows & side
                if here.sum() < INDEX_FROM or _clusters(persons, here) < HOMES_FROM:
                    return "", "few_in_category"
    return "", ""


def _clusters(persons: Persons, rows: Bools) -> int:
    return len(np.unique(persons.cluster[rows]))
