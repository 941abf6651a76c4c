"""Raking a design to known margins, and what it takes out of the error.

Iterative proportional fitting (Deming & Stephan 1940). The error is that of residuals from the
margins, after one of two conventions: `rake`, as R's `survey::rake`, unweighted, ten rounds through
the margins; `calibrate`, as R's `survey::calibrate(calfun = "raking")`, a regression weighted by
the weights from before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from surveys.estimation.design import Design, DesignError
from surveys.estimation.frame import Floats, Ints

Residuals = Literal["rake", "calibrate"]

TOLERANCE = 1e-12
"""The largest relative distance from a count that ends raking."""
ROUNDS = 2000
SWEEPS = 10
"""R's `svyrecvar` goes ten times through the margins."""


@dataclass(frozen=True, slots=True)
class Margin:
    """What is known of a population by one variable."""

    name: str
    category: Ints
    """(rows,) codes from 0."""
    counts: Floats
    """(categories,) above 0."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What residuals from the margins need, their categories side by side."""

    columns: tuple[Ints, ...]
    """(rows,) of each margin: its category's place among all."""
    u: Floats
    """(rows,) what a row counts in the residuals."""
    cross: Floats
    """(categories, categories) Σu of rows in both."""
    of_clusters: Floats
    """(clusters, categories) Σw."""
    residuals: Residuals
    edges: tuple[slice, ...]
    """Of each margin: its categories among all."""

    def effects(self, of_row: Ints, count: int, e: Floats) -> Floats:
        """(categories, domains) what is taken off e, 0 outside a domain.

        of_row: (rows,), -1 for none; e: (rows in a domain,).
        """
        inside = of_row >= 0
        of, weighed = of_row[inside], self.u[inside] * e
        wide = len(self.cross)
        sums = np.zeros(wide * count)
        for column in self.columns:
            sums += np.bincount(column[inside] * count + of, weighed, minlength=wide * count)
        right = sums.reshape(wide, count)
        if self.residuals == "calibrate":
            return np.asarray(np.linalg.lstsq(self.cross, right, rcond=None)[0], np.float64)
        effects = np.zeros((wide, count))
        size = np.diag(self.cross)
        for _ in range(SWEEPS):
            for edge in self.edges:
                left = right[edge] - self.cross[edge] @ effects
                effects[edge] += left / size[edge, None]
        return effects


def raked(design: Design, margins: list[Margin], residuals: Residuals = "rake") -> Design:
    """The design with its weights raked to the margins, in their order.

    Raises `DesignError`: a category without a row that has a weight, margins of different totals,
    and weights that never meet the counts.

    >>> from surveys.estimation.design import design
    >>> sex = Margin("sex", np.array([0, 0, 1, 1]), np.array([30.0, 70.0]))
    >>> age = Margin("age", np.array([0, 1, 0, 1]), np.array([50.0, 50.0]))
    >>> raked(design(4), [sex, age]).w
    array([15., 15., 35., 35.])
    """
    for one in margins:
        held = np.bincount(one.category, design.w, minlength=len(one.counts)) > 0
        if not held.all():
            raise DesignError(f"A category of the margin {one.name} has no row with a weight.")
        total, first = one.counts.sum(), margins[0].counts.sum()
        if abs(total - first) > 1e-6 * first:
            raise DesignError(
                f"The counts of {one.name} add up to {total:g}, those of {margins[0].name}"
                f" to {first:g}: margins are of one population."
            )
    w = design.w
    for _ in range(ROUNDS):
        furthest = 0.0
        for one in margins:
            factor = one.counts / np.bincount(one.category, w, minlength=len(one.counts))
            furthest = max(furthest, float(np.abs(factor - 1).max()))
            w = w * factor[one.category]
        if furthest <= TOLERANCE:
            break
    else:
        raise DesignError("Raking does not reach the margins: they contradict the sample.")
    u = design.w if residuals == "calibrate" else (design.w > 0).astype(np.float64)
    return replace(design, w=w, calibration=_calibration(design, w, u, margins, residuals))


def _calibration(
    design: Design, w: Floats, u: Floats, margins: list[Margin], residuals: Residuals
) -> Calibration:
    ends = np.cumsum([len(one.counts) for one in margins])
    begins = ends - [len(one.counts) for one in margins]
    columns = tuple(one.category + begin for one, begin in zip(margins, begins, strict=True))
    wide, clusters = int(ends[-1]), len(design.stratum)
    cross = np.zeros(wide * wide)
    of_clusters = np.zeros(clusters * wide)
    for column in columns:
        of_clusters += np.bincount(design.psu * wide + column, w, minlength=clusters * wide)
        for other in columns:
            cross += np.bincount(column * wide + other, u, minlength=wide * wide)
    return Calibration(
        columns=columns,
        u=u,
        cross=cross.reshape(wide, wide),
        of_clusters=of_clusters.reshape(clusters, wide),
        residuals=residuals,
        edges=tuple(slice(int(a), int(b)) for a, b in zip(begins, ends, strict=True)),
    )
