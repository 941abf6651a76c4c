"""Oaxaca-Blinder: by what two groups differ in a mean, and by what those things go with it.

Of a reference group A and another group B, with means x̄ of the covariates and coefficients b of a
regression in each (weighted least squares), the difference ȳ_A - ȳ_B is exactly

    (x̄_A-x̄_B)b_B [endowments] + x̄_B(b_A-b_B) [coefficients] + (x̄_A-x̄_B)(b_A-b_B) [interaction]

seen from B (Oaxaca 1973; Blinder 1973; Jann 2008, *Stata Journal* 8), or, in two parts with some
coefficients b between those of A and B,

    (x̄_A-x̄_B)b [explained] + x̄_A(b_A-b) + x̄_B(b-b_B) [unexplained].

Errors: what each cluster moves x̄ and b by (`oaxaca_groups`), put together by the chain rule,
cluster by cluster. It describes; it is no cause.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from surveys.estimation.oaxaca_groups import (
    CONSTANT,
    Coefficients,
    Errors,
    Group,
    Persons,
    Term,
    fitted,
)

Viewpoint = Literal["other", "reference"]
WITH_CONSTANT = ("coefficients", "unexplained")
"""Both groups have the same constant: it is no part of what they differ in."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One number of a decomposition, in the units of y."""

    part: str
    covariate: str | None
    """None: of all covariates."""
    category: str | None
    """None: of a number, or of all categories."""
    value: float
    v: float
    """The variance."""


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The difference of two means, taken apart."""

    reference: Piece
    other: Piece
    """ȳ_A and ȳ_B."""
    difference: Piece
    """ȳ_A - ȳ_B."""
    pieces: tuple[Piece, ...]
    """Of each part the whole, then each covariate, a category's sum before its values."""
    n: tuple[int, int]
    clusters: tuple[int, int]
    """Persons and clusters of A and B."""
    df: int
    """Clusters of both less 1."""


def three_fold(
    persons: Persons,
    *,
    normalise: bool = False,
    viewpoint: Viewpoint = "other",
    errors: Errors = "joint",
) -> Decomposition:
    """Endowments, coefficients and interaction, as R's `oaxaca` and Stata's `oaxaca, threefold`.

    normalise: the coefficients of a category's values are deviations from their plain mean, the
    constant moves with it, so that no number depends on which value is left out (Gardeazabal &
    Ugidos 2004, *REStat* 86). viewpoint: `reference` takes A's coefficients and means instead of
    B's (`threefold(reverse)`). Rows with a missing value are left out. Raises `DecompositionError`.

    >>> import numpy as np
    >>> from surveys.estimation.oaxaca_groups import Covariate
    >>> x = Covariate("x", np.array([[1.0], [2], [3], [0], [1], [2]]))
    >>> two = Persons(np.array([3.0, 5, 7, 0, 1, 2]), np.arange(6) > 2, [x], np.ones(6),
    ...               np.arange(6))
    >>> [(one.part, round(one.value, 9)) for one in three_fold(two).pieces if not one.covariate]
    [('endowments', 1.0), ('coefficients', 2.0), ('interaction', 1.0)]
    """
    a, b, _ = fitted(persons, normalise)
    step_x, step_b = a.mean - b.mean, a.coefficient - b.coefficient
    if viewpoint == "other":
        terms = (step_x * b.coefficient, b.mean * step_b, step_x * step_b)
    else:
        terms = (step_x * a.coefficient, a.mean * step_b, (b.mean - a.mean) * step_b)
    return _decomposition(a, b, ("endowments", "coefficients", "interaction"), terms, errors)


def two_fold(
    persons: Persons,
    *,
    coefficients: Coefficients = "0",
    normalise: bool = False,
    errors: Errors = "joint",
) -> Decomposition:
    """Explained and unexplained. Raises `DecompositionError`.

    >>> import numpy as np
    >>> from surveys.estimation.oaxaca_groups import Covariate
    >>> x = Covariate("x", np.array([[1.0], [2], [3], [0], [1], [2]]))
    >>> two = Persons(np.array([3.0, 5, 7, 0, 1, 2]), np.arange(6) > 2, [x], np.ones(6),
    ...               np.arange(6))
    >>> [(one.part, round(one.value, 9)) for one in two_fold(two, coefficients="1").pieces
    ...  if not one.covariate]
    [('explained', 2.0), ('unexplained', 2.0)]
    """
    a, b, pooled = fitted(persons, normalise, coefficients)
    return _two_fold(a, b, pooled, ("explained", "unexplained"), errors)


def composition_and_rate(persons: Persons, *, errors: Errors = "joint") -> Decomposition:
    """Kitagawa's two parts (1955, *JASA* 50), the cells being the one covariate, a category.

    Σ(s_A-s_B)(ȳ_A+ȳ_B)/2 and Σ(s_A+s_B)/2·(ȳ_A-ȳ_B) over cells: the two-fold with a column for each
    cell, no constant, and coefficients half way between. Raises `DecompositionError`, also where a
    cell is empty in a group.

    >>> import numpy as np
    >>> from surveys.estimation.oaxaca_groups import category
    >>> cell = category("c", np.array([0, 1, 1, 0, 0, 1]), ["young", "old"])
    >>> two = Persons(np.array([6.0, 3, 3, 6, 6, 3]), np.arange(6) > 2, [cell], np.ones(6),
    ...               np.arange(6))
    >>> [(one.part, round(one.value, 9)) for one in composition_and_rate(two).pieces]
    [('composition', -1.0), ('rate', 0.0)]
    """
    a, b, half = fitted(persons, False, "0.5", constant=False)
    found = _two_fold(a, b, half, ("composition", "rate"), errors)
    return replace(found, pieces=tuple(one for one in found.pieces if one.covariate is None))


def _two_fold(
    a: Group, b: Group, middle: Term, names: tuple[str, str], errors: Errors
) -> Decomposition:
    explained = (a.mean - b.mean) * middle
    rest = a.mean * (a.coefficient - middle) + b.mean * (middle - b.coefficient)
    return _decomposition(a, b, names, (explained, rest), errors)


def _decomposition(
    a: Group, b: Group, names: tuple[str, ...], terms: tuple[Term, ...], errors: Errors
) -> Decomposition:
    everything = slice(None)
    pieces = []
    for name, term in zip(names, terms, strict=True):
        pieces.append(Piece(name, None, None, *term.total(everything, errors)))
        pieces += [
            Piece(name, one.covariate, one.category, *term.total(one.of, errors))
            for one in a.labels
            if one.covariate != CONSTANT or name in WITH_CONSTANT
        ]
    of_a, of_b = a.mean * a.coefficient, b.mean * b.coefficient
    wholes = (("reference", of_a), ("other", of_b), ("difference", of_a - of_b))
    whole = {name: Piece(name, None, None, *one.total(everything, "joint")) for name, one in wholes}
    return Decomposition(
        reference=whole["reference"],
        other=whole["other"],
        difference=whole["difference"],
        pieces=tuple(pieces),
        n=(a.n, b.n),
        clusters=(a.clusters, b.clusters),
        df=a.both - 1,
    )
