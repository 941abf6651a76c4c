"""Where persons stand on the trait of an item response model, each with its error."""

from __future__ import annotations

from typing import Literal

import numpy as np

from surveys.estimation.cumulative_logit import log_probabilities, slopes_of
from surveys.estimation.frame import Floats
from surveys.estimation.item_response import ItemResponse, quadrature

ROUNDS, EXACT = 200, 1e-12


def latent_scores(fit: ItemResponse, method: Literal["EAP", "EB"] = "EAP") -> tuple[Floats, Floats]:
    """(persons,) scores of mean about 0 and SD under 1, and their standard errors.

    EAP: mean and SD of what an answer pattern leaves open of z, over the points of the fit; EB: its
    highest point, with the error of its curvature there. `ltm::factor.scores(fit, method = "EAP")`
    and "EB", ltm's default. NaN for who answered nothing. Parameters count as known.

    >>> x = [[0, 0, 0]] * 9 + [[1, 0, 0]] * 6 + [[0, 1, 0]] * 5 + [[0, 0, 1]] * 5 + [[1, 1, 0]] * 6
    >>> from surveys.estimation.item_response import item_response
    >>> fit = item_response(x + [[1, 0, 1]] * 6 + [[0, 1, 1]] * 5 + [[1, 1, 1]] * 14)
    >>> score, se = latent_scores(fit)
    >>> score[[0, -1]].round(2), se[[0, -1]].round(2)
    (array([-1.05,  0.88]), array([0.76, 0.78]))
    """
    score, se = pattern_scores(fit, method)
    of_row = fit.patterns.of_row
    counted = of_row >= 0
    return np.where(counted, score[of_row], np.nan), np.where(counted, se[of_row], np.nan)


def pattern_scores(fit: ItemResponse, method: Literal["EAP", "EB"]) -> tuple[Floats, Floats]:
    """(patterns,) as `latent_scores`."""
    return _means(fit) if method == "EAP" else _modes(fit)


def _means(fit: ItemResponse) -> tuple[Floats, Floats]:
    z, w = quadrature(fit.points)
    tables = [log_probabilities(fit.steps(item), slope * z) for item, slope in enumerate(fit.slope)]
    logs = fit.patterns.one_hot @ np.hstack(tables).T + np.log(w)
    posterior = np.exp(logs - logs.max(axis=1, keepdims=True))
    posterior = posterior / posterior.sum(axis=1, keepdims=True)
    mean = posterior @ z
    return mean, np.sqrt(posterior @ z**2 - mean**2)


def _modes(fit: ItemResponse) -> tuple[Floats, Floats]:
    """Newton's steps, or halves of what is left where they lead out of it or gain too little."""
    code = fit.patterns.code
    z = np.zeros(len(code))
    # No answer pulls harder than its slope, and z is pulled back by as much as it is long.
    high = np.full(len(code), np.abs(fit.slope).sum())
    low, step, last = -high, high, np.full(len(code), np.inf)
    rounds = 0
    while rounds < ROUNDS and (np.abs(step) > EXACT).any():
        rounds += 1
        pull, bend = _pull(fit, z)
        low, high = np.where(pull > 0, z, low), np.where(pull > 0, high, z)
        step, there = pull / bend, z + pull / bend
        slow = (there < low) | (there > high) | (np.abs(pull) > last / 2)
        slow &= np.abs(step) > EXACT
        z, last = np.where(slow, (low + high) / 2, there), np.abs(pull)
    return z, 1 / np.sqrt(_pull(fit, z)[1])


def _pull(fit: ItemResponse, z: Floats) -> tuple[Floats, Floats]:
    """The first, and less the second derivative of each pattern's log posterior."""
    pull, bend = -z, np.ones(len(z))
    for item, slope in enumerate(fit.slope):
        code = fit.patterns.code[:, item]
        at = slopes_of(fit.steps(item), slope * z)
        rows = np.flatnonzero(code >= 0)
        place = (rows, code[rows])
        pull[rows] += slope * (at.u + at.v)[place]
        bend[rows] -= slope**2 * (at.uu + 2 * at.uv + at.vv)[place]
    return pull, bend
