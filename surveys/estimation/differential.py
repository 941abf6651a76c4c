"""Differential item functioning: whether an item is answered otherwise at the same level.

By logistic regression (Swaminathan & Rogers 1990): of the item on the score of the scale, then also
on the group (uniform: harder for a group everywhere), then on group × score (non-uniform: it tells
persons apart better in one group). Items of more than two values by proportional odds (Zumbo 1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from surveys.estimation.cumulative_logit import CumulativeLogit, cumulative_logit
from surveys.estimation.frame import Bools, Floats, Ints
from surveys.estimation.scales import ScaleError, item_matrix, person_weights

ZUMBO_THOMAS = (0.13, 0.26)
JODOIN_GIERL = (0.035, 0.07)
ALPHA = 0.05
PURIFYING_ROUNDS = 10

Match = Literal["total", "rest"]
Unanswered = Literal["listwise", "prorated", "zero"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of two models, item by item; arrays are (items,), NaN where an item cannot be tested."""

    chi2: Floats
    """Of the likelihood ratio; NaN with weights."""
    df: int
    p: Floats
    """Of the likelihood ratio; with weights of Wald's."""
    p_adjusted: Floats
    """By Benjamini & Hochberg over the items: R's `p.adjust(p, "BH")`."""
    wald: Floats
    """Wald's χ², in the larger model; NaN too where score or group separates the answers."""
    wald_p: Floats
    delta_r2: Floats
    """What Nagelkerke's R² gains."""

    @property
    def zumbo_thomas(self) -> list[str]:
        """A negligible, B moderate, C large: over 0.13, over 0.26 (Zumbo & Thomas 1997)."""
        return _classes(self.delta_r2, ZUMBO_THOMAS)

    @property
    def jodoin_gierl(self) -> list[str]:
        """A, B, C: over 0.035, over 0.07 (Jodoin & Gierl 2001)."""
        return _classes(self.delta_r2, JODOIN_GIERL)


@dataclass(frozen=True, slots=True)
class Differential:
    """Item by item, groups compared with the first."""

    both: Comparison
    """Score + group + group × score against score."""
    uniform: Comparison
    """Score + group against score."""
    nonuniform: Comparison
    """Score + group + group × score against score + group."""
    effect: Floats
    """(items, groups - 1) log odds of a higher answer at the same score, less the first group's."""
    effect_se: Floats
    n: Ints
    """(items,) persons in its regressions."""
    persons: Ints
    """(groups,) who could be in any."""
    anchors: Bools
    """(items,) whose answers make up the score."""
    settled: bool
    """False where purification was still changing them, or had none left."""


def differential(
    items: ArrayLike,
    group: Ints,
    weight: ArrayLike | None = None,
    *,
    match: Match | Floats = "total",
    unanswered: Unanswered = "listwise",
    purify: bool = False,
) -> Differential:
    """Test each item for functioning otherwise in some group than in the first.

    items: (persons, items), NaN where unanswered; group: (persons,) from 0, -1 for none; weight:
    (persons,). match: the sum of all items, or of the rest without the item tested, or a score
    (persons,). unanswered: only persons with all items; or their mean times the number of items; or
    as 0, R's `rowSums(na.rm = TRUE)`. purify: items with a p under 5 % for `both` leave the sum
    (but stay in their own, if total), until none changes, at most 10 times. With weights errors
    are robust, and p Wald's.

    `difR::difLogistic(Data, group, focal.name, type = "both", criterion = "LRT")` is `both`, types
    "udif" and "nudif" are `uniform` and `nonuniform`, criterion "Wald" the `wald`; for 0/1 items,
    match total and, where answers are missing, zero. Of three and more groups `difGenLogistic`. Its
    R² divides by all rows, ours by those in the regression. Of more values, `MASS::polr`.

    ScaleError: fewer than 2 items or groups, alike answers.

    >>> x = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 0], [1, 1, 1], [0, 1, 0], [1, 0, 1]] * 8)
    >>> found = differential(x, np.arange(48) // 6 % 2, match="rest")
    >>> found.uniform.chi2.round(6) + 0.0, found.both.df
    (array([0., 0., 0.]), 2)
    """
    matrix, groups = item_matrix(items), int(group.max(initial=-1)) + 1
    w = person_weights(weight, len(matrix))
    there = (group >= 0) & (w > 0) & np.isfinite(matrix).any(axis=1)
    if isinstance(match, str) and unanswered == "listwise":
        there &= np.isfinite(matrix).all(axis=1)
    persons = np.bincount(group[there], minlength=groups)
    if groups < 2 or not persons.all():
        raise ScaleError("differential item functioning needs persons in two groups at least")
    matrix, of, w = matrix[there], group[there], w[there]
    given = match if isinstance(match, str) else match[there]
    anchors: Bools = np.ones(matrix.shape[1], np.bool_)
    rounds = 0
    while True:
        scores = _scores(matrix, anchors, given, unanswered)
        fits = [
            _regressions(column, score, of, groups, w if weight is not None else None)
            for column, score in zip(matrix.T, scores.T, strict=True)
        ]
        both = _comparison(fits, 0, 2, 2 * (groups - 1), weight is not None)
        kept = ~(both.p < ALPHA)
        settled = not purify or bool((kept == anchors).all())
        if settled or not kept.any() or rounds == PURIFYING_ROUNDS:
            break
        anchors, rounds = kept, rounds + 1
    effect, effect_se = np.full((2, matrix.shape[1], groups - 1), np.nan)
    for item, fit in enumerate(fits):
        if fit is not None and fit[1].converged:
            at = np.arange(1 - groups, 0)
            effect[item] = fit[1].parameters[at]
            effect_se[item] = np.sqrt(fit[1].covariance.diagonal()[at])
    return Differential(
        both=both,
        uniform=_comparison(fits, 0, 1, groups - 1, weight is not None),
        nonuniform=_comparison(fits, 1, 2, groups - 1, weight is not None),
        effect=effect,
        effect_se=effect_se,
        n=np.isfinite(matrix + scores).sum(axis=0),
        persons=persons,
        anchors=anchors,
        settled=settled,
    )


def _scores(
    matrix: Floats, anchors: Bools, match: Match | Floats, unanswered: Unanswered
) -> Floats:
    """(persons, items) what each item is matched on."""
    items = matrix.shape[1]
    if not isinstance(match, str):
        return np.broadcast_to(match[:, None], matrix.shape)
    counted = np.where(match == "total", np.eye(items) + anchors[:, None] > 0,
                       anchors[:, None] & ~np.eye(items, dtype=np.bool_))  # fmt: skip
    known = np.isfinite(matrix)
    total = np.where(known, matrix, 0.0) @ counted
    if unanswered != "prorated":
        return total
    answered = known @ counted.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(answered > 0, total / answered * counted.sum(axis=0), np.nan)


Fits = tuple[CumulativeLogit, CumulativeLogit, CumulativeLogit]


def _regressions(
    column: Floats, score: Floats, of: Ints, groups: int, w: Floats | None
) -> Fits | None:
    """On the score; and the group; and both's product. None where there is nothing to tell."""
    rows = np.isfinite(column + score)
    values, y = np.unique(column[rows], return_inverse=True)
    level, dummies = score[rows], (of[rows, None] == np.arange(1, groups)).astype(np.float64)
    apart = [len(np.unique(level[of[rows] == one])) > 1 for one in range(groups)]
    if len(values) < 2 or not all(apart):
        return None
    full = np.column_stack([level, dummies, dummies * level[:, None]])
    weight = None if w is None else w[rows]
    first, second, third = (
        cumulative_logit(y, full[:, :many], weight, robust=w is not None)
        for many in (1, groups, 2 * groups - 1)
    )
    return first, second, third


def _comparison(
    fits: list[Fits | None], small: int, large: int, df: int, weighted: bool
) -> Comparison:
    chi2, wald, gain = np.full((3, len(fits)), np.nan)
    for item, fit in enumerate(fits):
        if fit is None:
            continue
        one, other = fit[small], fit[large]
        added = len(other.parameters) - len(one.parameters)
        wald[item] = other.wald(np.arange(-added, 0))
        gain[item] = other.r2 - one.r2
        if not weighted:
            chi2[item] = 2 * (other.log_likelihood - one.log_likelihood)
    wald_p = np.asarray(special.chdtrc(df, wald), np.float64)
    p = wald_p if weighted else np.asarray(special.chdtrc(df, np.maximum(chi2, 0)), np.float64)
    return Comparison(chi2, df, p, adjusted(p), wald, wald_p, gain)


def adjusted(p: ArrayLike) -> Floats:
    """p values adjusted for the false discovery rate; NaN, not made, is not counted.

    The smallest rate at which Benjamini & Hochberg (1995) would reject: R's `p.adjust(p, "BH")`.

    >>> adjusted([0.01, 0.04, np.nan, 0.03])
    array([0.03, 0.04,  nan, 0.04])
    """
    values = np.asarray(p, np.float64)
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(-values[known])]
    places = np.arange(len(order), 0, -1)
    found = np.full(len(values), np.nan)
    found[order] = np.minimum.accumulate(values[order] * len(order) / places)
    return np.asarray(np.minimum(found, 1.0), np.float64)


def _classes(gain: Floats, limits: tuple[float, float]) -> list[str]:
    """A up to and with the first limit, B with the second, C over it; "" unknown."""
    at = np.where(np.isnan(gain), 3, np.searchsorted(limits, gain, side="left"))
    return [("A", "B", "C", "")[one] for one in at]
