"""How well several items agree in measuring one thing: Cronbach's α, McDonald's ω, item by item.

α is as `psych::alpha` has it; ω is total ω of a one-factor solution, in the conventions of lavaan
and of psych (`omega`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from surveys.estimation.frame import Bools, Floats
from surveys.estimation.intervals import Z
from surveys.estimation.one_factor import OneFactor, one_factor
from surveys.estimation.scales import Missing, ScaleError, item_matrix, person_weights

OmegaTotal = Literal["model", "observed", "remainder"]


@dataclass(frozen=True, slots=True)
class Moments:
    """Items together; arrays are (items,) or (items, items)."""

    mean: Floats
    """Of those who answered the item."""
    covariance: Floats
    correlation: Floats
    n: float
    """Persons: with all items if listwise, with any if pairwise; Kish's (Σw)²/Σw² with weights."""
    answered: Floats
    """(items,) persons counted who answered the item."""


def moments(
    items: ArrayLike, weight: ArrayLike | None = None, missing: Missing = "listwise"
) -> Moments:
    """Means, covariances and correlations of items.

    items: (persons, items), NaN where unanswered; weight: (persons,). listwise: of persons with all
    items, `cov(x, use = "complete.obs")`; pairwise: every pair of items of the persons who have
    both, `cov(x, use = "pairwise")`, where correlations take the variances of just those persons.
    Weighted it is Σw(x - x̄)(y - ȳ)/Σw·n/(n - 1), as `survey::svyvar`.

    ScaleError: fewer than 2 items, alike answers, fewer than 3 persons for a pair.

    >>> found = moments([[1, 2], [2, 4], [3, 9], [4, np.nan]])
    >>> found.covariance
    array([[ 1. ,  3.5],
           [ 3.5, 13. ]])
    """
    raw = np.asarray(items, np.float64)
    matrix = item_matrix(raw)
    w = person_weights(weight, len(matrix))
    counted: Bools = w > 0
    known = np.isfinite(matrix) & counted[:, None]
    if missing == "listwise":
        known &= np.asarray(known.all(axis=1))[:, None]
    there = known.astype(np.float64)
    pairs = there.T @ there
    if pairs.min() < 3:
        raise ScaleError("two items have under 3 persons who answered both")
    item_matrix(np.where(known, matrix, np.nan))
    weighted = there * w[:, None]
    total = weighted.T @ there
    about = np.where(known, matrix, 0.0).sum(axis=0) / pairs.diagonal()
    x = np.where(known, matrix - about, 0.0)
    first = (weighted * x).T @ there / total
    finite = pairs / (pairs - 1)
    covariance = ((weighted * x).T @ x / total - first * first.T) * finite
    own = ((weighted * x * x).T @ there / total - first**2) * finite
    if not (own > 0).all():
        raise ScaleError("an item has the same answer from all who answered another")
    correlation = covariance / np.sqrt(own * own.T)
    used = w[known.any(axis=1)]
    return Moments(
        mean=about + first.diagonal(),
        covariance=covariance,
        correlation=correlation,
        n=float(used.sum() ** 2 / (used**2).sum()),
        answered=pairs.diagonal().copy(),
    )


@dataclass(frozen=True, slots=True)
class Alpha:
    """Cronbach's α and what each item does to it; arrays are (items,)."""

    raw: float
    standardized: float
    """As if all items had the same variance."""
    average_r: float
    median_r: float
    se: float
    """Duhachek & Iacobucci's (2004), psych's `ase`."""
    low: float
    high: float
    """Feldt's interval of the raw α, at 95 %."""
    n: float
    raw_without: Floats
    """α of the other items; NaN with two items."""
    standardized_without: Floats
    item_rest: Floats
    """Correlation of the item with the sum of the others: psych's `r.drop`."""
    item_total: Floats
    """Correlation of the standardized item with the sum of all: psych's `std.r`."""
    mean: Floats
    sd: Floats
    answered: Floats


def cronbach_alpha(
    items: ArrayLike, weight: ArrayLike | None = None, missing: Missing = "listwise"
) -> Alpha:
    """Cronbach's α (1951), with Feldt's interval (Feldt, Woodruff & Salih 1987).

    Arguments and errors as `moments`. Equals `psych::alpha(x, use = "complete.obs")`, or `use =
    "pairwise"`; but psych's n is the rows of x, answered or not. An item that runs against the
    others is not turned round (`check.keys = FALSE`): its `item_rest` is negative.

    >>> found = cronbach_alpha([[1, 2, 1], [2, 2, 3], [3, 4, 4], [4, 5, 4]])
    >>> round(found.raw, 4), found.item_rest.round(3)
    (0.9538, array([0.984, 0.882, 0.856]))
    """
    return alpha_of(moments(items, weight, missing))


def alpha_of(found: Moments) -> Alpha:
    """α of items whose moments are known: see `cronbach_alpha`."""
    c = found.covariance
    sd = np.sqrt(c.diagonal())
    r = c / np.outer(sd, sd)
    k = len(c)
    raw, standardized = _alpha(c), _alpha(r)
    off = r[np.tril_indices(k, -1)]
    rest = c.sum(axis=0) - c.diagonal()
    others = c.sum() - 2 * rest - c.diagonal()
    total, trace = c.sum(), np.trace(c)
    square = c @ c
    q = 2 * k**2 / ((k - 1) ** 2 * total**3)
    q *= total * (np.trace(square) + trace**2) - 2 * trace * square.sum()
    n = found.n
    ends = special.fdtri(n - 1, (n - 1) * (k - 1), np.array([0.975, 0.025]))
    low, high = 1 - (1 - raw) * ends
    without = np.array([_without(c, i) for i in range(k)])
    standardized_without = np.array([_without(r, i) for i in range(k)])
    return Alpha(
        raw=raw,
        standardized=standardized,
        average_r=float(off.mean()),
        median_r=float(np.median(off)),
        se=float(np.sqrt(max(q, 0.0) / n)),
        low=float(low),
        high=float(high),
        n=n,
        raw_without=without,
        standardized_without=standardized_without,
        item_rest=rest / (sd * np.sqrt(others)),
        item_total=r.sum(axis=0) / np.sqrt(r.sum()),
        mean=found.mean,
        sd=sd,
        answered=found.answered,
    )


def _alpha(matrix: Floats) -> float:
    k = len(matrix)
    return float((1 - np.trace(matrix) / matrix.sum()) * k / (k - 1))


def _without(matrix: Floats, item: int) -> float:
    kept = np.delete(np.delete(matrix, item, axis=0), item, axis=1)
    return _alpha(kept) if len(kept) > 1 else float("nan")


@dataclass(frozen=True, slots=True)
class Omega:
    """McDonald's total ω."""

    value: float
    se: float
    """By the delta method; NaN where a factor solution has none."""
    low: float
    high: float
    """value ± 1.96·se."""
    factor: OneFactor


def mcdonald_omega(
    items: ArrayLike,
    weight: ArrayLike | None = None,
    missing: Missing = "listwise",
    *,
    method: Literal["ml", "minres"] = "ml",
    total: OmegaTotal = "model",
    standardized: bool = False,
) -> Omega:
    """Total ω: the share of the variance of a sum of items that one common factor makes.

    Arguments and errors as `moments`, and of 3 items at least. λ are the loadings, ψ the unique
    variances, S the matrix that is fitted, of covariances, or of correlations if standardized.

    | total | ω | the same in R |
    | --- | --- | --- |
    | model | (Σλ)²/((Σλ)² + Σψ) | method ml: `lavaan::cfa(..., std.lv = TRUE)` with a defined
      parameter, `semTools::reliability` omega |
    | observed | (Σλ)²/1'S1 | `semTools::reliability` omega3 |
    | remainder | 1 - Σψ/1'S1 | method minres, standardized: `psych::omega(x, nfactors = 1)`, whose
      omega_h is then `observed` |

    psych turns items with a negative loading round first (`flip`); here nothing is turned.

    >>> x = [[1, 2, 1], [2, 2, 3], [3, 4, 4], [4, 5, 4], [2, 1, 2]]
    >>> round(mcdonald_omega(x).value, 3)
    0.935
    """
    return omega_of(
        moments(items, weight, missing), method=method, total=total, standardized=standardized
    )


def omega_of(
    found: Moments,
    *,
    method: Literal["ml", "minres"] = "ml",
    total: OmegaTotal = "model",
    standardized: bool = False,
) -> Omega:
    """ω of items whose moments are known: see `mcdonald_omega`."""
    s = found.correlation if standardized else found.covariance
    factor = one_factor(s, n=found.n, method=method)
    common, unique = float(factor.loading.sum()), float(factor.unique.sum())
    if total == "remainder":
        value = 1 - unique / float(s.sum())
    else:
        value = common**2 / (float(s.sum()) if total == "observed" else common**2 + unique)
    se = float("nan")
    if total == "model":
        whole = (common**2 + unique) ** 2
        slope = np.concatenate([
            np.full(len(s), 2 * common * unique / whole), np.full(len(s), -(common**2) / whole),
        ])  # fmt: skip
        se = float(np.sqrt(slope @ factor.covariance @ slope))
    return Omega(value, se, value - Z * se, value + Z * se, factor)
