"""Where an acquisition is highest: many starts as one batch, gradients, and discrete moves.

A function that is to be maximised takes points (n, d) of the cube that are configurations, inactive
coordinates NaN, and gives values (n,); its gradient version gives (n,) and (n, d).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from engine.surrogate.cube import Array, Cube

Value = Callable[[Array], Array]
ValueAndGradient = Callable[[Array], tuple[Array, Array]]

SPREAD = 500
NEAR = 60
STARTS, LEAST_STARTS = 8, 3
GRADIENT_STEPS, LEAST_STEPS = 25, 8
ROUNDS = 4


def candidates(cube: Cube, anchors: Array, rng: np.random.Generator, effort: float = 1.0) -> Array:
    """Configurations spread over the whole space, and near each of `anchors` (a, d)."""
    d = len(cube)
    everywhere = rng.random((int(SPREAD * effort), d))
    local = np.repeat(anchors, int(NEAR * effort), axis=0)
    local = np.where(np.isnan(local), rng.random(local.shape), local)
    size = 10.0 ** rng.uniform(-2.5, -0.5, (len(local), 1))
    moved = rng.random(local.shape) < np.maximum(1.5 / d, rng.random((len(local), 1)))
    steps = np.where(moved, size * rng.standard_normal(local.shape), 0.0)
    for column, dimension in enumerate(cube.dimensions):
        if dimension.is_categorical:
            jump = moved[:, column] & (rng.random(len(local)) < 0.5)
            steps[:, column] = np.where(jump, rng.random(len(local)) - local[:, column], 0.0)
    return cube.snap(np.concatenate([everywhere, local + steps]))


def climb(
    cube: Cube, function: ValueAndGradient, starts: Array, steps: int = GRADIENT_STEPS
) -> Array:
    """Follow the gradient from `starts` (s, d) at once, in all dimensions but categories."""
    smooth = np.array([not dimension.is_categorical for dimension in cube.dimensions])
    smooth[list(cube.held)] = False
    free = smooth[None, :] & ~np.isnan(starts)
    if not free.any():
        return starts

    def loss(flat: Array) -> tuple[float, Array]:
        points = starts.copy()
        points[free] = flat
        values, gradient = function(points)
        return -float(values.sum()), -gradient[free]

    found = minimize(
        loss,
        starts[free],
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0)] * int(free.sum()),
        options={"maxiter": steps, "maxcor": 10},
    )
    points = starts.copy()
    points[free] = found.x
    return cube.snap(points)


def neighbours(cube: Cube, point: Array) -> Array:
    """Configurations that differ from `point` (d,) in one discrete dimension: shape (k, d)."""
    found = []
    for column, dimension in enumerate(cube.dimensions):
        if dimension.levels is None or np.isnan(point[column]) or column in cube.held:
            continue
        here = int(cube.level(point[None, :], column)[0])
        count = len(dimension.levels)
        if dimension.is_categorical:
            others = [index for index in range(count) if index != here]
        else:
            steps = {here + s for s in (-8, -4, -2, -1, 1, 2, 4, 8)}
            others = sorted(index for index in steps if 0 <= index < count)
        block = np.repeat(point[None, :], len(others), axis=0)
        block[:, column] = dimension.levels[others]
        found.append(block)
    return cube.snap(np.concatenate(found)) if found else np.empty((0, len(point)))


def maximise(
    cube: Cube,
    value: Value,
    value_and_gradient: ValueAndGradient,
    anchors: Array,
    is_new: Callable[[Array], bool],
    rng: np.random.Generator,
    effort: float = 1.0,
) -> Array | None:
    """The best configuration found that `is_new`, shape (d,); None if none was.

    `effort`, above 0 and at most 1, is the share of the points that are looked at.
    """
    pool = candidates(cube, anchors, rng, effort)
    scores = value(pool)
    order = np.argsort(-scores, kind="stable")
    starts = pool[order[: max(LEAST_STARTS, round(STARTS * effort))]]
    steps = max(LEAST_STEPS, round(GRADIENT_STEPS * effort))
    climbed = climb(cube, value_and_gradient, starts, steps)
    pool = np.concatenate([climbed, pool[order]])
    scores = np.concatenate([value(climbed), scores[order]])
    best = _best_new(pool, scores, is_new)
    if best is None:
        return None
    point, score = best
    for _ in range(ROUNDS):
        near = neighbours(cube, point)
        if len(near) == 0:
            break
        better = _best_new(near, value(near), is_new)
        if better is None or better[1] <= score:
            break
        point, score = better
    return point


def _best_new(
    points: Array, scores: Array, is_new: Callable[[Array], bool]
) -> tuple[Array, float] | None:
    for index in np.argsort(-scores, kind="stable"):
        if is_new(points[index]):
            return points[index], float(scores[index])
    return None
