"""Whether an item response model fits: item by item, and as a whole.

All are χ² of what is observed against what the fitted model expects, of unweighted answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from surveys.estimation.cumulative_logit import scores_of, slopes_of
from surveys.estimation.frame import Floats, Ints
from surveys.estimation.item_response import ItemResponse, quadrature
from surveys.estimation.latent_scores import pattern_scores
from surveys.estimation.scales import ScaleError

GROUPS = 10
LEAST_EXPECTED = 1.0


@dataclass(frozen=True, slots=True)
class ItemFit:
    """A test of each item; arrays are (items,), NaN where there is none."""

    chi2: Floats
    df: Floats
    p: Floats


@dataclass(frozen=True, slots=True)
class ModelFit:
    """A test of the whole model."""

    m2: float
    """NaN without degrees of freedom."""
    df: int
    p: float
    rmsea: float
    """√(max(M2 - df, 0)/(df·(n - 1)))."""
    persons: int
    """Who answered every item."""


def grouped_fit(
    fit: ItemResponse, groups: int = GROUPS, centre: Literal["median", "mean"] = "median"
) -> ItemFit:
    """Bock's χ² of items with two values, persons grouped by their score on the trait.

    As `ltm::item.fit(fit, G = groups, FUN = centre)`; with the mean it is Yen's (1981). EB scores;
    their quantiles over the patterns, each once, are the limits of the groups; df is the groups
    less 2. A person counts for the items that they answered. Scores contain the item itself: with
    few items it rejects far too often (Orlando & Thissen 2000); `summed_fit` does not.

    ScaleError: weights, or an item with more than two values.

    >>> from surveys.estimation.item_response import item_response
    >>> x = np.array([[int(bit) for bit in f"{at:04b}"] for at in range(16)])
    >>> n = [12, 6, 6, 5, 6, 5, 5, 6, 6, 5, 5, 6, 5, 6, 6, 14]
    >>> grouped_fit(item_response(x.repeat(n, axis=0))).df
    array([2., 2., 2., 2.])
    """
    found = fit.patterns
    _unweighted(fit)
    if (found.categories > 2).any():
        raise ScaleError("grouped fit is of items with two values")
    z = pattern_scores(fit, "EB")[0]
    inner = np.quantile(z, np.linspace(0, 1, groups + 1))[1:-1] + 1e-6
    place = np.searchsorted(inner, z, side="right")
    held, of_pattern = np.unique(place, return_inverse=True)
    of_person = of_pattern[found.of_row[found.of_row >= 0]]
    scores = z[found.of_row[found.of_row >= 0]]
    middle = np.median if centre == "median" else np.mean
    centres = np.array([middle(scores[of_person == one]) for one in range(len(held))])
    chi2 = np.zeros(len(fit.slope))
    for item in range(len(fit.slope)):
        answered = found.code[:, item] >= 0
        w = np.where(answered, found.weight, 0.0)
        n = np.bincount(of_pattern, w, minlength=len(held))
        right = np.bincount(of_pattern, w * (found.code[:, item] == 1), minlength=len(held))
        q, p = fit.probabilities(item, centres).T
        # right - n·p without loss where p is all but 0 or 1.
        lack = right * q - (n - right) * p
        chi2[item] = (lack**2 / np.where(n > 0, n * p * q, 1.0)).sum()
    return _tested(chi2, np.full(len(chi2), len(held) - 2.0))


def summed_fit(fit: ItemResponse, least: float = LEAST_EXPECTED) -> ItemFit:
    """S-X² (Orlando & Thissen 2000; of more than two values Kang & Chen 2008).

    Of persons who answered every item, by their sum of values 0 … K - 1: counts of each answer
    against those expected at that sum (Lord & Wingersky 1984). From the lowest sum up, sums are
    joined until each cell expects `least`; what is left at the top goes to the last group. df is
    (K - 1)·groups less the item's parameters. `mirt::itemfit` gives it as S_X2, but joins answers,
    not sums, of items with more than two values.

    ScaleError: weights.

    >>> from surveys.estimation.item_response import item_response
    >>> x = np.array([[int(bit) for bit in f"{at:04b}"] for at in range(16)])
    >>> n = [12, 6, 6, 5, 6, 5, 5, 6, 6, 5, 5, 6, 5, 6, 6, 14]
    >>> summed_fit(item_response(x.repeat(n, axis=0))).df
    array([1., 1., 1., 1.])
    """
    _unweighted(fit)
    found, (z, w) = fit.patterns, quadrature(fit.points)
    code, n = found.code[found.complete], found.weight[found.complete]
    total = code.sum(axis=1)
    most = int((found.categories - 1).sum())
    tables = [fit.probabilities(item, z) for item in range(len(fit.slope))]
    chi2, df = np.full((2, len(tables)), np.nan)
    for item, table in enumerate(tables):
        size = table.shape[1]
        rest = np.ones((len(z), 1))
        for other, one in enumerate(tables):
            if other != item:
                rest = _convolved(rest, one)
        share = np.zeros((most + 1, size))
        for k in range(size):
            share[k : k + rest.shape[1], k] = (w * table[:, k]) @ rest
        observed = np.zeros((most + 1, size))
        np.add.at(observed, (total, code[:, item]), n)
        expected = share / share.sum(axis=1, keepdims=True) * observed.sum(axis=1, keepdims=True)
        group = _joined(expected[1:-1], least)
        if not len(group):
            continue
        seen = np.zeros((int(group[-1]) + 1, size))
        awaited = np.zeros_like(seen)
        np.add.at(seen, group, observed[1:-1])
        np.add.at(awaited, group, expected[1:-1])
        chi2[item] = ((seen - awaited) ** 2 / awaited).sum()
        df[item] = (size - 1) * len(seen) - (size - 1) - (not fit.equal_slopes)
    return _tested(chi2, df)


def _convolved(rest: Floats, table: Floats) -> Floats:
    """The distribution of the sum with one more item, at every point."""
    wider = np.zeros((len(rest), rest.shape[1] + table.shape[1] - 1))
    for k in range(table.shape[1]):
        wider[:, k : k + rest.shape[1]] += rest * table[:, [k]]
    return wider


def _joined(expected: Floats, least: float) -> Ints:
    """(sums,) the group of each, from 0; none where even all together do not suffice."""
    group, ends, so_far = np.zeros(len(expected), np.int64), 0, np.zeros(expected.shape[1])
    for at, row in enumerate(expected):
        group[at] = ends
        so_far = so_far + row
        if so_far.min() >= least:
            ends, so_far = ends + 1, np.zeros(expected.shape[1])
    return np.minimum(group, ends - 1) if ends else group[:0]


def limited_fit(fit: ItemResponse) -> ModelFit:
    """M2 of the means and products of pairs of items (Maydeu-Olivares & Joe 2006).

    Of persons who answered every item. With more than two values it is M2* of the values 0 … K - 1
    (Cai & Hansen 2013), as `mirt::M2(type = "M2*")`. df is items·(items + 1)/2 less the parameters.

    ScaleError: weights, or fewer than 2 persons who answered every item.

    >>> from surveys.estimation.item_response import item_response
    >>> x = np.array([[int(bit) for bit in f"{at:04b}"] for at in range(16)])
    >>> n = [12, 6, 6, 5, 6, 5, 5, 6, 6, 5, 5, 6, 5, 6, 6, 14]
    >>> limited_fit(item_response(x.repeat(n, axis=0))).df
    2
    """
    _unweighted(fit)
    found, (z, w) = fit.patterns, quadrature(fit.points)
    items = len(fit.slope)
    code, n = found.code[found.complete].astype(np.float64), found.weight[found.complete]
    persons = float(n.sum())
    if persons < 2:
        raise ScaleError("under 2 persons answered every item")
    one, other = np.triu_indices(items, 1)
    sets = np.vstack([np.eye(items), np.eye(items)[one] + np.eye(items)[other]])
    first, second, slopes = _conditional(fit, z)
    log_first, log_second = np.log(first), np.log(second)
    at_points = np.exp(sets @ log_first)
    mean = at_points @ w
    spread = np.zeros((len(sets), len(sets)))
    for at, mine in enumerate(sets):
        times = sets + mine
        product = np.exp((times == 1) @ log_first + (times == 2) @ log_second)
        spread[at] = product @ w - mean[at] * mean
    observed = np.hstack([code, code[:, one] * code[:, other]])
    lack = n @ observed / persons - mean
    change = np.zeros((len(sets), slopes.shape[2]))
    for item in range(items):
        holds = np.flatnonzero(sets[:, item])
        # The derivative by one item's parameters leaves the set's other item as it is.
        change[holds] += (at_points[holds] / first[item] * w) @ slopes[item]
    if fit.equal_slopes:
        change = _shared(fit, change)
    axes, sizes, _ = np.linalg.svd(change, full_matrices=True)
    rank = int((sizes > sizes[0] * 1e-10).sum())
    free = axes[:, rank:]
    df = len(sets) - rank
    if not df:
        return ModelFit(float("nan"), 0, float("nan"), float("nan"), int(persons))
    along = free.T @ lack
    m2 = persons * float(along @ np.linalg.solve(free.T @ spread @ free, along))
    rmsea = float(np.sqrt(max(m2 - df, 0.0) / (df * (persons - 1))))
    return ModelFit(m2, df, float(special.chdtrc(df, m2)), rmsea, int(persons))


def _conditional(fit: ItemResponse, z: Floats) -> tuple[Floats, Floats, Floats]:
    """E(x|z), E(x²|z), (items, points), and the first's derivatives by all parameters."""
    sizes, ends = fit.patterns.categories, np.cumsum(fit.patterns.categories)
    first, second = np.zeros((2, len(sizes), len(z)))
    slopes = np.zeros((len(sizes), len(z), int(ends[-1])))
    for item, (size, end) in enumerate(zip(sizes, ends, strict=True)):
        p, values = fit.probabilities(item, z), np.arange(size)
        first[item], second[item] = p @ values, p @ values**2
        by = scores_of(slopes_of(fit.steps(item), fit.slope[item] * z), z[:, None])
        slopes[item, :, end - size : end] = np.einsum("qk,kqp->qp", p * values, by)
    return first, second, slopes


def _shared(fit: ItemResponse, change: Floats) -> Floats:
    slope_at = np.cumsum(fit.patterns.categories) - 1
    slope = change[:, slope_at].sum(axis=1, keepdims=True)
    return np.hstack([np.delete(change, slope_at, axis=1), slope])


def _unweighted(fit: ItemResponse) -> None:
    if fit.patterns.weighted:
        raise ScaleError("tests of fit are of unweighted answers")


def _tested(chi2: Floats, df: Floats) -> ItemFit:
    df = np.where(df > 0, df, np.nan)
    chi2 = np.where(np.isnan(df), np.nan, chi2)
    return ItemFit(chi2, df, np.asarray(special.chdtrc(df, chi2), np.float64))
