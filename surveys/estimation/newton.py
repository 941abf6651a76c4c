"""Newton's method for a minimum, inside bounds, with halved steps.

Used with second derivatives (Newton), or with an expected or a complete-data information in their
place (Fisher scoring, EM gradient; Lange 1995, *JRSS B* 57).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from surveys.estimation.frame import Bools, Floats

HALVINGS = 40


@dataclass(frozen=True, slots=True)
class Minimum:
    """Where the search ended."""

    x: Floats
    value: float
    held: Bools
    """(parameters,) at a bound, beyond which the value would still fall."""
    converged: bool
    steps: int


def minimum(
    start: Floats,
    value: Callable[[Floats], float],
    slopes: Callable[[Floats], tuple[Floats, Floats]],
    *,
    lower: Floats | float = -np.inf,
    upper: Floats | float = np.inf,
    tolerance: float = 1e-18,
    limit: int = 100,
) -> Minimum:
    """The minimum of a smooth function.

    value: of x, NaN where x is not allowed; slopes: gradient (parameters,) and a symmetric
    matrix (parameters, parameters) that stands for the second derivatives; where it is not positive
    definite, its eigenvalues are taken by their size. It has converged when half of g'H⁻¹g, by
    which the value could still fall, is at most tolerance·(1 + |value|), or within rounding.

    >>> found = minimum(np.array([3.0, 5.0]), lambda x: float(((x - 1) ** 2).sum()),
    ...                 lambda x: (2 * (x - 1), 2 * np.eye(2)), lower=np.array([-9.0, 2.0]))
    >>> found.x, found.held, found.converged
    (array([1., 2.]), array([False,  True]), True)
    """
    low, high = np.broadcast_to(lower, start.shape), np.broadcast_to(upper, start.shape)
    x = np.clip(start, low, high)
    now = value(x)
    held: Bools = np.zeros(len(x), np.bool_)
    for steps in range(limit):
        gradient, curvature = slopes(x)
        held = ((x <= low) & (gradient > 0)) | ((x >= high) & (gradient < 0))
        step, fall = _step(gradient, curvature, ~held)
        if fall <= tolerance * (1 + abs(now)):
            # The last step costs nothing more and squares what is left of the error.
            return Minimum(np.clip(x + step, low, high), now, held, True, steps)
        # So near to the end the value itself is known less well than the step.
        slack = 1e-12 * (1 + abs(now)) if fall < 1e-9 * (1 + abs(now)) else 0.0
        for halving in range(HALVINGS):
            there = np.clip(x + step / 2**halving, low, high)
            then = value(there)
            if then < now + slack:
                break
        else:
            return Minimum(x, now, held, fall <= 1e-9 * (1 + abs(now)), steps)
        x, now = there, then
    return Minimum(x, now, held, False, limit)


def _step(gradient: Floats, curvature: Floats, free: Bools) -> tuple[Floats, float]:
    """The step of the free parameters, and by how much the value would fall."""
    step = np.zeros(len(gradient))
    if not free.any():
        return step, 0.0
    # In units of the parameters' own curvature, so that no scale of theirs matters.
    part = curvature[np.ix_(free, free)]
    unit = 1 / np.sqrt(np.maximum(np.abs(np.diag(part)), 1e-300))
    sizes, axes = np.linalg.eigh(part * unit[:, None] * unit)
    sizes = np.maximum(np.abs(sizes), 1e-10)
    along = axes.T @ (gradient[free] * unit)
    step[free] = -unit * (axes @ (along / sizes))
    return step, float((along**2 / sizes).sum() / 2)
