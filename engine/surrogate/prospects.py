"""What a model expects of more trials, in the objective's own units.

The next trial: the expected improvement of the best place over the best trial, both by the model,
taken back from the model's scale (warp.py) before the mean, which is over quantiles of the part of
the normal distribution below the best.

All trials there could ever be: the bound on the regret of Makarova et al., "Automatic termination
for hyperparameter optimization" (2022, eq. 2): min over trials of UCB - min over the space of LCB,
LCB and UCB = μ ∓ √β σ. It is not the expected minimum of the landscapes that the model believes in
(Ishibashi et al. 2023; Wilson 2024): where a model is sure of itself too soon, as those of some
twenty trials are, that says that nothing is left while most is yet to be found.

Both are what the model believes, no promises: it knows nothing of a valley that no trial came near.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from engine.outlook import Outlook
from engine.surrogate.chooser import ANCHORS, FULL_EFFORT, HOPELESS
from engine.surrogate.cube import Array
from engine.surrogate.model import Model
from engine.surrogate.optimise import candidates

QUANTILES = (np.arange(32) + 0.5) / 32
DOUBT = 0.1
"""δ of the paper: how likely the bound may fail, were the model right."""
SCALE = 5.0
"""By so much β is divided, as in the paper: in theory it is far too wide."""


def worth_a_look(model: Model, rng: np.random.Generator) -> Array:
    """Points (m, d) over the whole cube and close to the best trials."""
    effort = min(1.0, FULL_EFFORT / len(model.gp.y))
    return candidates(model.cube, model.best_points(ANCHORS), rng, effort)


def outlook(model: Model, points: Array) -> Outlook:
    """The outlook over `points` (m, d), where trials can still be made.

    Places where trials fail promise nothing.
    """
    points = points[model.feasibility(points) >= HOPELESS]
    noise = np.sqrt(model.gp.scale * model.gp.noise)
    if not len(points):
        return Outlook(0.0, 0.0, _width(model, model.best - noise, model.best + noise) / 2.0)
    mean, variance = model.predict(points)
    deviation = np.sqrt(variance)
    low, high = _bounds(model, mean, deviation)
    return Outlook(
        next=float(_improvement(model, mean, deviation).max()),
        all=_width(model, low, max(low, high)),
        noise=_width(model, model.best - noise, model.best + noise) / 2.0,
    )


def _improvement(model: Model, mean: Array, deviation: Array) -> Array:
    """E[max(best - f, 0)] for f ~ N(mean, deviation²), in the objective's units: shape (m,)."""
    chance = ndtr((model.best - mean) / deviation)
    below = mean + deviation * ndtri(np.maximum(QUANTILES[:, None] * chance, 1e-300))
    best = model.warp.back(np.array([model.best]))
    gains = best - model.warp.back(np.minimum(below, model.best))
    return np.asarray(chance * gains.mean(0))


def _bounds(model: Model, mean: Array, deviation: Array) -> tuple[float, float]:
    """The least LCB of points with this mean and deviation (m,), and the least UCB of trials."""
    at_trials, variance = model.predict(model.points)
    t, d = len(model.points), len(model.cube)
    width = np.sqrt(2.0 / SCALE * np.log(d * t * t * np.pi**2 / (6.0 * DOUBT)))
    high = at_trials + width * np.sqrt(variance)
    return float((mean - width * deviation).min()), float(high.min())


def _width(model: Model, low: float, high: float) -> float:
    """How far apart two values of the model's scale are in the objective's units."""
    ends = model.warp.back(np.array([low, high]))
    return float(ends[1] - ends[0])
