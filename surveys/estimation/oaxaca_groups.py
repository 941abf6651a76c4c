"""Two groups of persons, and the means and coefficients of each with what clusters move them by.

Weighted least squares of y on covariates. z of a mean is Σ w(x - x̄)/Σw over a cluster, z of the
coefficients (XᵀWX)⁻¹Σ x·w·e, both times √(m/(m-1)) for m clusters of both groups, so that the sums
of z² are Taylor's variances, those of R's `svymean` and `svyglm`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from surveys.estimation.frame import Bools, Floats, Ints
from surveys.estimation.numbering import ranked

Coefficients = Literal["0", "0.5", "1", "neumark", "pooled"]
"""Of the two-fold: the weight of A's coefficients (0: B's, 1: A's, 0.5: Reimers 1983), or those of
both groups together, without (Neumark 1988) or with (Jann 2008) the group in the regression."""
Errors = Literal["joint", "separate", "fixed"]
"""Whether means and coefficients vary together, each for itself (Jann 2008), or coefficients only
(covariates fixed)."""
CONSTANT = "(constant)"
DEPENDENT = 1e-7
"""A column is dependent when so little of it is left beside those before, as in R's `lm`."""


class DecompositionError(ValueError):
    """What makes a decomposition impossible; its text is one sentence without answers."""


@dataclass(frozen=True, slots=True)
class Covariate:
    """A number, or a category with a column for each of its values."""

    name: str
    columns: Floats
    """(rows, columns) numbers, or 0 and 1; NaN where missing."""
    categories: tuple[str, ...] = ()
    """Of the columns; none of a number. Without normalisation the first is what others are compared
    with."""


@dataclass(frozen=True, slots=True)
class Persons:
    """Two groups of persons."""

    y: Floats
    """(rows,) what differs."""
    other: Bools
    """(rows,) True in group B, False in A, the reference."""
    covariates: Sequence[Covariate]
    w: Floats
    cluster: Ints
    """(rows,) codes from 0."""

    def known(self) -> Persons:
        """Those with a weight above 0 and every value."""
        rows = (self.w > 0) & np.isfinite(self.y)
        for one in self.covariates:
            rows &= np.isfinite(one.columns).all(axis=1)
        return Persons(
            self.y[rows],
            self.other[rows],
            [Covariate(one.name, one.columns[rows], one.categories) for one in self.covariates],
            self.w[rows],
            ranked(self.cluster[rows])[0],
        )


def category(name: str, codes: Ints, values: Sequence[str]) -> Covariate:
    """A covariate from codes (rows,), -1 where missing.

    >>> category("school", np.array([1, 0, -1]), ["no", "yes"]).columns.tolist()
    [[0.0, 1.0], [1.0, 0.0], [nan, nan]]
    """
    columns = (codes[:, None] == np.arange(len(values))).astype(np.float64)
    return Covariate(name, np.where(codes[:, None] < 0, np.nan, columns), tuple(values))


@dataclass(frozen=True, slots=True)
class Term:
    """A number for each column, and by how much each cluster moves it."""

    value: Floats
    """(columns,)"""
    z: Floats
    """(2, clusters, columns) through means, through coefficients."""

    def __add__(self, other: Term) -> Term:
        return Term(self.value + other.value, self.z + other.z)

    def __sub__(self, other: Term) -> Term:
        return Term(self.value - other.value, self.z - other.z)

    def __mul__(self, other: Term) -> Term:
        return Term(self.value * other.value, self.z * other.value + other.z * self.value)

    def times(self, factor: float) -> Term:
        """A multiple."""
        return Term(factor * self.value, factor * self.z)

    def total(self, of: slice, errors: Errors) -> tuple[float, float]:
        """The sum over some columns, and its variance."""
        by_mean, by_coefficient = self.z[:, :, of].sum(axis=2)
        if errors == "joint":
            v = ((by_mean + by_coefficient) ** 2).sum()
        elif errors == "separate":
            v = (by_mean**2).sum() + (by_coefficient**2).sum()
        else:
            v = (by_coefficient**2).sum()
        return float(self.value[of].sum()), float(v)


@dataclass(frozen=True, slots=True)
class Label:
    """What a run of columns is called."""

    of: slice
    covariate: str
    category: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """One group's means and coefficients, a column for the constant and for every category."""

    mean: Term
    coefficient: Term
    labels: Sequence[Label]
    n: int
    clusters: int
    both: int
    """Clusters of both groups."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The covariates as one matrix."""

    x: Floats
    """(rows, columns)"""
    kept: Ints
    """The columns that are regressed on: a first category follows from the others."""
    expand: Floats
    """(columns, kept) from the coefficients of those to the coefficients of all."""
    of: Ints
    """(columns,) which covariate each is of; -1 the constant."""
    labels: Sequence[Label]


def columns_of(
    covariates: Sequence[Covariate], rows: int, normalise: bool, constant: bool
) -> Columns:
    """The constant and all covariates.

    >>> school = category("school", np.array([0, 1, 2]), ["a", "b", "c"])
    >>> found = columns_of([school], 3, True, True)
    >>> found.kept, (found.expand @ np.array([10.0, 3.0, 6.0])).tolist()
    (array([0, 2, 3]), [13.0, -3.0, 0.0, 3.0])
    """
    parts, of, kept = [np.ones((rows, int(constant)))], [-1] * int(constant), [0] * int(constant)
    labels = [Label(slice(0, 1), CONSTANT, None)] if constant else []
    for at, one in enumerate(covariates):
        first, wide = len(of), one.columns.shape[1]
        parts.append(one.columns)
        of += [at] * wide
        left_out = int(constant and len(one.categories) > 0)
        kept += range(first + left_out, first + wide)
        labels.append(Label(slice(first, first + wide), one.name, None))
        labels += [
            Label(slice(first + k, first + k + 1), one.name, one.categories[k])
            for k in range(0 if normalise else left_out, len(one.categories))
        ]
    chosen = np.array(kept, np.int64)
    expand = np.eye(len(of))[:, chosen]
    if normalise:
        for at, one in enumerate(covariates):
            if one.categories:
                mine = np.array(of) == at
                centre = expand[mine].mean(axis=0)
                expand[mine] -= centre
                expand[0] += centre
    return Columns(np.hstack(parts), chosen, expand, np.array(of, np.int64), labels)


def fitted(
    persons: Persons, normalise: bool, coefficients: Coefficients = "0", *, constant: bool = True
) -> tuple[Group, Group, Term]:
    """Both groups, and the coefficients of the two-fold; rows with a missing value are left out.

    Raises `DecompositionError`: too few clusters or rows, a category that one group lacks, a
    covariate that does not vary there or follows from others.

    >>> x = Covariate("x", np.array([[1.0], [2], [3], [0], [1], [2]]))
    >>> a, b, _ = fitted(Persons(np.array([3.0, 5, 7, 1, 2, 3]), np.arange(6) > 2, [x], np.ones(6),
    ...                          np.arange(6)), False)
    >>> a.mean.value, a.coefficient.value.round(9), b.coefficient.value.round(9)
    (array([1., 2.]), array([1., 2.]), array([1., 1.]))
    """
    persons = persons.known()
    both = int(persons.cluster.max(initial=-1)) + 1
    if both < 2:
        raise DecompositionError("An error needs two clusters with all values: there are fewer.")
    columns = columns_of(persons.covariates, len(persons.y), normalise, constant)
    for rows in (~persons.other, persons.other):
        for at, one in enumerate(persons.covariates):
            held = (columns.x[rows][:, columns.of == at] != 0).any(axis=0)
            if one.categories and not held.all():
                raise DecompositionError(
                    f"A category of {one.name} has nobody in one of the groups: join categories."
                )
        if rows.sum() <= len(columns.kept):
            raise DecompositionError(
                "A group needs more rows with all values than there are coefficients."
            )
    a, b = (_group(persons, columns, rows, both) for rows in (~persons.other, persons.other))
    if coefficients in {"neumark", "pooled"}:
        beside = persons.other[:, None].astype(np.float64) if coefficients == "pooled" else None
        return a, b, _regressed(persons, columns, np.ones(len(persons.y), np.bool_), both, beside)
    share = float(coefficients)
    return a, b, a.coefficient.times(share) + b.coefficient.times(1 - share)


def _group(persons: Persons, columns: Columns, rows: Bools, both: int) -> Group:
    w, x, cluster = persons.w[rows], columns.x[rows], persons.cluster[rows]
    mean = w @ x / w.sum()
    z = np.zeros((2, both, len(mean)))
    z[0] = _by_cluster(w[:, None] * (x - mean) / w.sum(), cluster, both)
    return Group(
        Term(mean, z),
        _regressed(persons, columns, rows, both),
        columns.labels,
        int(rows.sum()),
        len(np.unique(cluster)),
        both,
    )


def _regressed(
    persons: Persons, columns: Columns, rows: Bools, both: int, beside: Floats | None = None
) -> Term:
    """Weighted least squares on the columns, and on `beside`, whose coefficient is not kept."""
    x, y, w = columns.x[rows][:, columns.kept], persons.y[rows], persons.w[rows]
    if beside is not None:
        x = np.hstack([x, beside[rows]])
    scale = np.sqrt(w)[:, None] * x
    size = np.sqrt((scale**2).sum(axis=0))
    q, r = np.linalg.qr(scale / np.where(size > 0, size, 1))
    dependent = (np.abs(np.diagonal(r)) < DEPENDENT) | (size == 0)
    if dependent.any():
        of = columns.of[columns.kept][int(dependent.argmax())]
        raise DecompositionError(
            f"{persons.covariates[of].name} does not vary in one of the groups, or follows from the"
            " other covariates: leave it out."
        )
    solved = np.linalg.solve(r, q.T @ (np.sqrt(w) * y)) / size
    residual = y - x @ solved
    inverse = np.linalg.inv(r) / size[:, None]
    z = _by_cluster((w * residual)[:, None] * x, persons.cluster[rows], both) @ inverse @ inverse.T
    own = len(columns.kept)
    return Term(
        columns.expand @ solved[:own],
        np.stack([np.zeros((both, len(columns.expand))), z[:, :own] @ columns.expand.T]),
    )


def _by_cluster(values: Floats, cluster: Ints, both: int) -> Floats:
    """(clusters, columns) sums, times √(m/(m-1))."""
    sums = [np.bincount(cluster, column, minlength=both) for column in values.T]
    scaled: Floats = np.sqrt(both / (both - 1)) * np.stack(sums, axis=1)
    return scaled
