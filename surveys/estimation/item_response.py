"""Item response: the two-parameter logistic and the graded response model (Samejima 1969).

One trait z ~ N(0, 1) lies behind all items. An item with the values 0 … K - 1 (in their order) has

    P(X ≥ k | z) = 1/(1 + exp(-(d_k + a·z))),  k = 1 … K - 1,  d_1 > d_2 > …

With K = 2 it is the two-parameter logistic model. a is the discrimination (slope), d the
intercepts, b_k = -d_k/a the difficulties. The marginal likelihood, z integrated out by Gauss and
Hermite's rule, is maximised by EM steps, then by Newton's with the observed information (Bock &
Aitkin 1981).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from surveys.estimation.answer_patterns import Patterns, pairs, patterns
from surveys.estimation.cumulative_logit import (
    derivatives,
    log_probabilities,
    scores_of,
    slopes_of,
)
from surveys.estimation.frame import Bools, Floats, Ints
from surveys.estimation.newton import Minimum, minimum
from surveys.estimation.reliability import moments

POINTS = 21
"""Of the quadrature, as `ltm`'s GHk."""
SLOPE_LIMIT = 10.0
"""A slope beyond it is a step between two points of the quadrature: it could be any number."""
EM_STEPS, NEWTON_STEPS = 40, 100
ROWS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class ItemResponse:
    """A fitted model; (items, steps) arrays are NaN beyond an item's K - 1 steps."""

    slope: Floats
    """(items,) a; the trait points the way most items do."""
    slope_se: Floats
    intercept: Floats
    """(items, steps) d_k."""
    intercept_se: Floats
    difficulty: Floats
    """(items, steps) b_k = -d_k/a: where on z an answer of k or more becomes likelier than not."""
    difficulty_se: Floats
    """By the delta method."""
    at_limit: Bools
    """(items,) whose slope would grow beyond the limit: no error is given for them."""
    covariance: Floats
    """(parameters, parameters), item by item d_1 … d_(K-1), a; NaN where there is none."""
    log_likelihood: float
    parameters: int
    """How many were estimated."""
    persons: float
    equal_slopes: bool
    points: int
    converged: bool
    patterns: Patterns

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return -2 * self.log_likelihood + 2 * self.parameters

    @property
    def bic(self) -> float:
        """Schwarz's criterion."""
        return -2 * self.log_likelihood + float(np.log(self.persons)) * self.parameters

    def steps(self, item: int) -> Floats:
        """(K - 1,) an item's intercepts."""
        return self.intercept[item, : self.patterns.categories[item] - 1]

    def probabilities(self, item: int, z: Floats) -> Floats:
        """(z, K) of an item's values at places on the trait."""
        return np.exp(log_probabilities(self.steps(item), self.slope[item] * z))


def quadrature(points: int = POINTS) -> tuple[Floats, Floats]:
    """Points and weights that integrate over N(0, 1) by Gauss and Hermite's rule.

    >>> z, w = quadrature(21)
    >>> round(float(w.sum()), 12), round(float(w @ z**4), 9)
    (1.0, 3.0)
    """
    z, w = np.polynomial.hermite.hermgauss(points)
    return z * np.sqrt(2), w / np.sqrt(np.pi)


def item_response(
    items: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    equal_slopes: bool = False,
    points: int = POINTS,
    errors: Literal["observed", "robust"] | None = None,
    slope_limit: float = SLOPE_LIMIT,
) -> ItemResponse:
    """Fit a 2PL, or a graded response model where an item has more than two values.

    items: (persons, items), from 3 items on, NaN where unanswered: taken as missing at random,
    every answer counts. weight: (persons,), scaled to mean 1. errors: of the observed information,
    or `robust` H⁻¹·Σw²ss'·H⁻¹, which is what None means with weights. A slope is held within ±
    slope_limit and then marked `at_limit` (say, two items that are one).

    `ltm::ltm(x ~ z1)`; `ltm::grm(x)`, whose β_k = -d_k, extremities = difficulties; equal_slopes:
    `ltm::rasch(x)` and `grm(x, constrained = TRUE)`. Likelihood and points are the same; ltm stops
    BFGS early, at a gradient of some hundredths, so that its slopes differ in the fourth digit.
    robust: `summary(fit, robust.se = TRUE)`.

    ScaleError: as `patterns`.

    >>> x = [[0, 0, 0]] * 9 + [[1, 0, 0]] * 6 + [[0, 1, 0]] * 5 + [[0, 0, 1]] * 5 + [[1, 1, 0]] * 6
    >>> fit = item_response(x + [[1, 0, 1]] * 6 + [[0, 1, 1]] * 5 + [[1, 1, 1]] * 14)
    >>> fit.slope.round(2), round(fit.log_likelihood, 3), fit.converged
    (array([1.13, 1.15, 1.15]), -112.329, True)
    """
    found = patterns(items, weight)
    correlation = moments(items, weight, "pairwise").correlation
    model = _Marginal.of(found, points, equal_slopes)
    lower, upper = model.bounds(slope_limit)
    first = minimum(
        model.start(correlation), model.value, model.em, lower=lower, upper=upper,
        tolerance=1e-7, limit=EM_STEPS,
    )  # fmt: skip
    last = minimum(first.x, model.value, model.newton, lower=lower, upper=upper, limit=NEWTON_STEPS)
    robust = errors == "robust" or (errors is None and weight is not None)
    free = ~last.held
    covariance = np.full((len(last.x), len(last.x)), np.nan)
    _, curvature, between = model.information(last.x)
    inside = np.linalg.pinv(curvature[np.ix_(free, free)], hermitian=True)
    if robust:
        inside = inside @ between[np.ix_(free, free)] @ inside
    covariance[np.ix_(free, free)] = inside
    return _result(model, last, covariance)


def _result(model: _Marginal, last: Minimum, covariance: Floats) -> ItemResponse:
    place = model.each
    theta, spread = last.x[place], covariance[np.ix_(place, place)]
    # A trait turned round is the same model: it shall point the way most items do.
    turn = np.ones(len(theta))
    load = theta[model.slope_at] / np.sqrt(1 + theta[model.slope_at] ** 2)
    turn[model.slope_at] = 1.0 if load.sum() >= 0 else -1.0
    theta, spread = theta * turn, spread * np.outer(turn, turn)
    steps = int(model.found.categories.max()) - 1
    at = np.arange(steps) + (model.slope_at - model.found.categories + 1)[:, None]
    there = np.arange(steps) < (model.found.categories - 1)[:, None]
    at = np.where(there, at, 0)
    slope = theta[model.slope_at]
    intercept = np.where(there, theta[at], np.nan)
    variance = spread.diagonal()
    with np.errstate(divide="ignore", invalid="ignore"):
        difficulty = -intercept / slope[:, None]
        delta = variance[at] + difficulty**2 * variance[model.slope_at][:, None]
        delta = delta + 2 * difficulty * spread[at, model.slope_at[:, None]]
        difficulty_se = np.sqrt(delta) / np.abs(slope[:, None])
    return ItemResponse(
        slope=slope,
        slope_se=np.sqrt(variance[model.slope_at]),
        intercept=intercept,
        intercept_se=np.where(there, np.sqrt(variance[at]), np.nan),
        difficulty=difficulty,
        difficulty_se=np.where(there, difficulty_se, np.nan),
        at_limit=last.held[place[model.slope_at]],
        covariance=spread,
        log_likelihood=-last.value,
        parameters=len(last.x),
        persons=float(model.found.weight.sum()),
        equal_slopes=model.equal_slopes,
        points=len(model.z),
        converged=last.converged,
        patterns=model.found,
    )


@dataclass(frozen=True, slots=True)
class _Marginal:
    """The marginal likelihood; its parameters are items' d_1 … d_(K-1), a, or all d and one a."""

    found: Patterns
    z: Floats
    log_w: Floats
    slope_at: Ints
    """(items,) where in the items' parameters each slope is."""
    each: Ints
    """(items' parameters,) which estimated one each is."""
    equal_slopes: bool

    @classmethod
    def of(cls, found: Patterns, points: int, equal_slopes: bool) -> _Marginal:
        z, w = quadrature(points)
        slope_at = np.cumsum(found.categories) - 1
        each = np.arange(slope_at[-1] + 1)
        if equal_slopes:
            is_slope = np.isin(each, slope_at)
            each = np.where(is_slope, (~is_slope).sum(), np.cumsum(~is_slope) - 1)
        return cls(found, z, np.log(w), slope_at, each, equal_slopes)

    def bounds(self, limit: float) -> tuple[Floats, Floats]:
        upper = np.full(int(self.each.max()) + 1, np.inf)
        upper[self.each[self.slope_at]] = limit
        return -upper, upper

    def start(self, correlation: Floats) -> Floats:
        """Slopes by the first principal component, intercepts by the shares of the answers."""
        sizes, axes = np.linalg.eigh(correlation)
        load = axes[:, -1] * np.sign(axes[:, -1].sum()) * np.sqrt(sizes[-1])
        load = np.clip(load, -0.8, 0.8)
        slope = 1.7 * load / np.sqrt(1 - load**2)
        slope = np.full_like(slope, slope.mean()) if self.equal_slopes else slope
        counts = np.asarray(self.found.one_hot.T @ self.found.weight)
        theta = np.zeros(len(self.each))
        for item, end in enumerate(self.slope_at):
            first = end - self.found.categories[item] + 1
            share = counts[first : end + 1] / counts[first : end + 1].sum()
            above = np.cumsum(share[::-1])[::-1][1:]
            theta[first:end] = special.logit(above) * np.sqrt(1 + (slope[item] / 1.7) ** 2)
            theta[end] = slope[item]
        x = np.zeros(int(self.each.max()) + 1)
        x[self.each] = theta
        return x

    def parts(self, theta: Floats) -> list[tuple[Floats, Floats]]:
        """Each item's intercepts and a·z."""
        first = self.slope_at - self.found.categories + 1
        return [
            (theta[one:end], theta[end] * self.z)
            for one, end in zip(first, self.slope_at, strict=True)
        ]

    def posterior(self, theta: Floats) -> tuple[Floats, Floats]:
        """(patterns, points) of the trait, and (patterns,) the log-likelihood."""
        logs = np.hstack([log_probabilities(d, eta) for d, eta in self.parts(theta)]).T
        joint = self.found.one_hot @ logs + self.log_w
        top = joint.max(axis=1, keepdims=True)
        joint = np.exp(joint - top)
        total = joint.sum(axis=1, keepdims=True)
        return joint / total, (np.log(total) + top).ravel()

    def value(self, x: Floats) -> float:
        return -float(self.found.weight @ self.posterior(x[self.each])[1])

    def em(self, x: Floats) -> tuple[Floats, Floats]:
        """The gradient, and the information as if the trait were seen."""
        gradient, curvature = self._complete(x[self.each], self.posterior(x[self.each])[0])
        return self._gathered(-gradient), self._gathered(-curvature)

    def newton(self, x: Floats) -> tuple[Floats, Floats]:
        gradient, curvature, _ = self.information(x)
        return gradient, curvature

    def information(self, x: Floats) -> tuple[Floats, Floats, Floats]:
        """Gradient and observed information of -log L, and Σw²ss' of the persons' scores s.

        The observed information is the complete one less what is not known of the scores for want
        of the trait (Louis 1982, *JRSS B* 44).
        """
        theta = x[self.each]
        posterior = self.posterior(theta)[0]
        gradient, curvature = self._complete(theta, posterior)
        w, squared = self.found.weight, self.found.squared
        scores = self._scores(theta)
        together = np.zeros((len(theta) ** 2, len(self.z)))
        between = np.zeros_like(curvature)
        for start in range(0, len(w), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            together += pairs(self.found, rows).T @ (posterior[rows] * w[rows, None])
            mean = self._mean_scores(scores, posterior[rows], self.found.code[rows])
            curvature -= mean.T @ (w[rows, None] * mean)
            between += mean.T @ (squared[rows, None] * mean)
        both = together.T.reshape(len(self.z), len(theta), len(theta))
        own = np.einsum("qcc->qc", both)
        both = both + both.transpose(0, 2, 1) - own[:, :, None] * np.eye(len(theta))
        curvature += (scores.transpose(0, 2, 1) @ both @ scores).sum(axis=0)
        return self._gathered(-gradient), self._gathered(-curvature), self._gathered(between)

    def _mean_scores(self, scores: Floats, posterior: Floats, code: Ints) -> Floats:
        """(rows, parameters) the scores of the log-likelihood of each pattern."""
        mean = np.zeros((len(code), scores.shape[2]))
        for item, end in enumerate(self.slope_at):
            size = int(self.found.categories[item])
            one = slice(end - size + 1, end + 1)
            table = scores[:, one, one].reshape(len(self.z), size * size)
            chosen = (posterior @ table).reshape(len(code), size, size)
            answered = np.flatnonzero(code[:, item] >= 0)
            mean[answered, one] = chosen[answered, code[answered, item]]
        return mean

    def _complete(self, theta: Floats, posterior: Floats) -> tuple[Floats, Floats]:
        counts = self.found.one_hot.T @ (posterior * self.found.weight[:, None])
        gradient, curvature = np.zeros(len(theta)), np.zeros((len(theta), len(theta)))
        for (d, eta), end in zip(self.parts(theta), self.slope_at, strict=True):
            one = slice(end - len(d), end + 1)
            gradient[one], curvature[one, one] = derivatives(
                slopes_of(d, eta), self.z[:, None], counts[one].T
            )
        return gradient, curvature

    def _scores(self, theta: Floats) -> Floats:
        """(points, all items' categories, parameters) the gradient of each log P."""
        found = np.zeros((len(self.z), len(theta), len(theta)))
        for (d, eta), end in zip(self.parts(theta), self.slope_at, strict=True):
            one = slice(end - len(d), end + 1)
            scores = scores_of(slopes_of(d, eta), self.z[:, None])
            found[:, one, one] = scores.transpose(1, 0, 2)
        return found

    def _gathered(self, whole: Floats) -> Floats:
        """What belongs to one estimated parameter summed: of a gradient or of a square matrix."""
        many = len(self.each) - int(self.each.max()) - 1
        if not many:
            return whole
        to = (self.each[:, None] == np.arange(len(self.each) - many)).astype(np.float64)
        found: Floats = to.T @ whole if whole.ndim == 1 else to.T @ whole @ to
        return found
