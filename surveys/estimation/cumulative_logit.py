"""Logistic regression, and proportional odds for more than two ordered categories, by Newton.

P(Y ≥ k) = 1/(1 + exp(-(d_k + x'β))), k = 1 … K - 1, with d_1 > d_2 > …; with K = 2 it is logistic
regression. `MASS::polr` and `ordinal::clm` write ζ_k = -d_k and the same β (McCullagh 1980, *JRSS
B* 42). The item of a graded response model is the same thing with the latent trait as x.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from surveys.estimation.frame import Floats, Ints
from surveys.estimation.newton import minimum

NEWTON_STEPS = 25
"""As glm.control's maxit. Where answers are separated, β runs away and the steps do not suffice."""


@dataclass(frozen=True, slots=True)
class CumulativeLogit:
    """A fitted model; its parameters are d_1 … d_(K-1), then β."""

    parameters: Floats
    covariance: Floats
    """(parameters, parameters); NaN where the answers are separated."""
    log_likelihood: float
    null_log_likelihood: float
    """Of the model without x."""
    n: float
    """Σw."""
    converged: bool
    """False where some combination of x separates the answers: β has no finite estimate."""

    @property
    def r2(self) -> float:
        """Nagelkerke's R² (1991, *Biometrika* 78)."""
        gain = -np.expm1(2 * (self.null_log_likelihood - self.log_likelihood) / self.n)
        return float(gain / -np.expm1(2 * self.null_log_likelihood / self.n))

    def wald(self, which: Ints) -> float:
        """Wald's χ² that the parameters at these places are 0; NaN where separated."""
        if not self.converged:
            return float("nan")
        chosen = self.parameters[which]
        return float(chosen @ np.linalg.solve(self.covariance[np.ix_(which, which)], chosen))


def log_probabilities(d: Floats, eta: Floats) -> Floats:
    """(rows, K) log P(Y = k), without loss near 0 and 1.

    d: (K - 1,) falling, NaN where they do not; eta: (rows,) x'β.

    >>> np.exp(log_probabilities(np.array([1.0, -1.0]), np.array([0.0]))).round(4)
    array([[0.2689, 0.4621, 0.2689]])
    """
    at = d + eta[:, None]
    logs = np.zeros((len(eta), len(d) + 1))
    logs[:, 1:] += special.log_expit(at)
    logs[:, :-1] += special.log_expit(-at)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        between = np.log(-np.expm1(np.diff(d)))
    logs[:, 1:-1] += np.where(np.isfinite(between), between, np.nan)
    return logs


@dataclass(frozen=True, slots=True)
class Slopes:
    """Derivatives of log P(Y = k) by η_k = d_k + x'β and by η_(k+1); arrays are (rows, K)."""

    u: Floats
    v: Floats
    uu: Floats
    vv: Floats
    uv: Floats


def slopes_of(d: Floats, eta: Floats) -> Slopes:
    """First and second derivatives of `log_probabilities`."""
    rows, at = len(eta), d + eta[:, None]
    # By logs: far out, P(Y ≥ k) and the next are both 0, and their ratio is not.
    c, q, turn = special.log_expit(at), special.log_expit(-at), -np.tanh(at / 2)
    none, all_, one = np.full((rows, 1), -np.inf), np.zeros((rows, 1)), np.ones((rows, 1))
    gap = np.concatenate([[1.0], -np.expm1(np.diff(d)), [1.0]])
    if len(d) == 1:
        gap = np.ones(2)
    u = np.exp(np.hstack([none, q]) - np.hstack([q, all_])) / gap
    v = -np.exp(np.hstack([c, none]) - np.hstack([all_, c])) / gap
    bend, bend_next = np.hstack([-one, turn]), np.hstack([turn, one])
    return Slopes(u, v, u * bend - u * u, v * bend_next - v * v, -u * v)


def scores_of(at: Slopes, x: Floats) -> Floats:
    """(K, rows, parameters) the gradient of log P(Y = k) by the parameters. x: (rows, β)."""
    rows, categories = at.u.shape
    scores = np.zeros((categories, rows, categories - 1 + x.shape[1]))
    for k in range(1, categories):
        scores[k, :, k - 1] += at.u[:, k]
        scores[k - 1, :, k - 1] += at.v[:, k - 1]
    scores[:, :, categories - 1 :] = (at.u + at.v).T[:, :, None] * x
    return scores


def derivatives(at: Slopes, x: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Gradient and second derivatives of Σ counts·log P(Y = k). counts: (rows, K)."""
    steps = counts.shape[1] - 1
    first = (counts * at.u)[:, 1:] + (counts * at.v)[:, :-1]
    second = (counts * at.uu)[:, 1:] + (counts * at.vv)[:, :-1]
    beside = (counts * at.uv)[:, 1:-1]
    across = second.copy()
    across[:, :-1] += beside
    across[:, 1:] += beside
    gradient = np.concatenate([first.sum(axis=0), first.sum(axis=1) @ x])
    hessian = np.zeros((len(gradient), len(gradient)))
    place = np.arange(steps)
    hessian[place, place] = second.sum(axis=0)
    hessian[place[:-1], place[1:]] = hessian[place[1:], place[:-1]] = beside.sum(axis=0)
    hessian[:steps, steps:] = across.T @ x
    hessian[steps:, :steps] = hessian[:steps, steps:].T
    hessian[steps:, steps:] = x.T @ (across.sum(axis=1)[:, None] * x)
    return gradient, hessian


def cumulative_logit(
    y: Ints, x: Floats, weight: Floats | None = None, *, robust: bool = False
) -> CumulativeLogit:
    """Regress ordered categories on x by maximum likelihood.

    y: (rows,) 0 to K - 1, each of them there; x: (rows, β) without a constant, its columns not
    dependent; weight: (rows,) above 0. robust: covariance H⁻¹·Σw²ss'·H⁻¹ in place of H⁻¹, as for
    sampling weights (`survey::svyglm` on independent rows, but for its n/(n - 1)).

    >>> fit = cumulative_logit(np.array([0, 1, 1, 0, 1]), np.array([[0.0], [0], [1], [1], [1]]))
    >>> fit.parameters.round(4) + 0.0, round(fit.log_likelihood, 4)
    (array([0.    , 0.6931]), -3.2958)
    """
    rows, categories = len(y), int(y.max()) + 1
    steps = categories - 1
    w = np.ones(rows) if weight is None else weight
    counts = np.zeros((rows, categories))
    counts[np.arange(rows), y] = w
    share = counts.sum(axis=0) / w.sum()
    # Centred and scaled while searching: what a score is measured in must not matter.
    centre, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    unit = (x - centre) / scale

    def value(theta: Floats) -> float:
        return -float((counts * log_probabilities(theta[:steps], unit @ theta[steps:])).sum())

    def slopes(theta: Floats) -> tuple[Floats, Floats]:
        at = slopes_of(theta[:steps], unit @ theta[steps:])
        gradient, hessian = derivatives(at, unit, counts)
        return -gradient, -hessian

    above = np.cumsum(share[::-1])[::-1][1:]
    start = np.concatenate([special.logit(above), np.zeros(x.shape[1])])
    found = minimum(start, value, slopes, limit=NEWTON_STEPS)
    at = slopes_of(found.x[:steps], unit @ found.x[steps:])
    inverse = np.linalg.pinv(-derivatives(at, unit, counts)[1], hermitian=True)
    if robust:
        each = scores_of(at, unit)[y, np.arange(rows)] * w[:, None]
        inverse = inverse @ (each.T @ each) @ inverse
    back = np.eye(len(start))
    back[steps:, steps:] = np.diag(1 / scale)
    back[:steps, steps:] = -centre / scale
    covariance = back @ inverse @ back.T
    return CumulativeLogit(
        parameters=back @ found.x,
        covariance=covariance if found.converged else np.full_like(covariance, np.nan),
        log_likelihood=-found.value,
        null_log_likelihood=float((counts.sum(axis=0) * np.log(share)).sum()),
        n=float(w.sum()),
        converged=found.converged,
    )
