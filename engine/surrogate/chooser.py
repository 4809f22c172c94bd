"""Which configuration to try next: the acquisition over the cube, and where it is highest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.surrogate.acquisition import (
    log_expected_improvement,
    log_expected_improvement_gradient,
)
from engine.surrogate.cube import Array, Cube
from engine.surrogate.model import Model
from engine.surrogate.optimise import maximise

ANCHORS = 4
FULL_EFFORT = 60
"""With more trials than this fewer points are looked at, so that the work stays the same."""
LEAST_CHANCE = 1e-12
WORTHWHILE = 0.02
"""The least improvement that is worth a trial, in standard deviations of the objective: without it
a search that is sure of its best place polishes that for ever."""
HOPELESS = 0.15
"""Where a trial is less likely to come through, it is tried only when there is nowhere else: where
the rest is known well, hardly any improvement is expected there, and a small chance of a great one
would look better for ever."""
BARRED = 1e8


class Chooser:
    """Log expected improvement plus the log of the feasibility, less that of the cost.

    Points `pending` (p, d) count as if what is expected of them had come about (Ginsbourger et al.
    2010, "kriging believer"); the log of a trial's seconds is weighed by `cost_weight`.
    """

    def __init__(
        self, model: Model, pending: Array | None = None, cost_weight: float = 0.0
    ) -> None:
        self._model = model
        self._gp = model.gp if pending is None else model.believing(pending)
        self._to_beat = _to_beat(model, pending)
        self._cost_weight = cost_weight
        self._cost = model.cost() if cost_weight else None

    def value(self, points: Array) -> Array:
        """The acquisition at points (m, d): shape (m,)."""
        x = self._model.features.of(points)
        mean, variance = self._gp.predict(x)
        mean = mean + self._model.prior_mean.of(points)
        return self.worth(points, mean, variance, self._model.feasibility(points))

    def worth(self, points: Array, mean: Array, variance: Array, chance: Array) -> Array:
        """The acquisition (m,) at points of which the prediction and the feasibility are known."""
        value = log_expected_improvement(mean, variance, self._to_beat)
        if self._cost is not None:
            value -= self._cost_weight * self._cost.predict(self._model.features.of(points))[0]
        barred = np.where(chance < HOPELESS, BARRED, 0.0)
        return value + np.log(np.maximum(chance, LEAST_CHANCE)) - barred

    def smooth(self, points: Array) -> tuple[Array, Array]:
        """The acquisition without the feasibility, and its gradient: shapes (m,) and (m, d)."""
        features, prior = self._model.features, self._model.prior_mean
        x = features.of(points)
        mean, variance, mean_slope, variance_slope = self._gp.predict_with_gradient(x)
        value, slope = log_expected_improvement_gradient(
            mean + prior.of(points),
            variance,
            features.pull_back(points, mean_slope) + prior.slope(points),
            features.pull_back(points, variance_slope),
            self._to_beat,
        )
        if self._cost is not None:
            cost, _, cost_slope, _ = self._cost.predict_with_gradient(x)
            value = value - self._cost_weight * cost
            slope = slope - self._cost_weight * features.pull_back(points, cost_slope)
        return value, slope

    def finishing(self) -> Array:
        """The acquisition at the trials that were stopped, (k,), were they to go on."""
        mean, variance = self._model.ends()
        return log_expected_improvement(mean, variance, self._to_beat)

    def best(
        self, cube: Cube, is_new: Callable[[Array], bool], rng: np.random.Generator
    ) -> Array | None:
        """The point of `cube`, which may be a part of the model's, that `is_new` and has the
        highest acquisition, shape (d,); None if none was."""
        anchors = self._model.best_points(ANCHORS)
        effort = min(1.0, FULL_EFFORT / len(self._gp.y))
        return maximise(cube, self.value, self.smooth, anchors, is_new, rng, effort)


def _to_beat(model: Model, pending: Array | None) -> float:
    """The value to beat: what is expected of pending points, too, or all would go to one place."""
    best = model.best
    if pending is not None and len(pending):
        best = min(best, float(model.predict(pending)[0].min()))
    return best - WORTHWHILE
