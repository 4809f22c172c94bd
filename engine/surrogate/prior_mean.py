"""What is believed of a landscape before any trial: the farther from a sensible start, the worse.

People bracket what they know: defaults and customary values lie where things usually work, and the
corners of a space seldom do. Without such a belief a model that has seen two trials looks into the
far corners, where it is least certain. It is a prior mean, which trials outweigh, and it flattens
while they come in.
"""

from __future__ import annotations

import numpy as np

from engine.surrogate.cube import Array, Cube
from engine.surrogate.customary import beginnings
from engine.surrogate.evidence import Evidence

OTHER = 0.5
"""What another choice than that at the start counts, where a number at the far end of its range,
begun at the other one, counts 1."""
STEEP, FLAT, TRIALS = 4.0, 1.0, 10.0
"""How many standard deviations of the objective the mean rises from the middle of the cube to a
corner: before the first trial, in the end, and after how many trials most of the way is gone. The
ablation in tests/bench is about it."""


class PriorMean:
    """A quadratic prior mean around the starting point of a space.

    Numbers count by their distance, choices by whether they are others; inactive parameters not at
    all, nor those of which neither a default nor a custom is known. Points are rows (m, d) of the
    unit cube.
    """

    def __init__(self, cube: Cube, steepness: float) -> None:
        starts = beginnings(cube.space)
        self._centre = np.array([start.place for start in starts])
        self._choices = np.array([d.is_categorical for d in cube.dimensions], dtype=bool)
        known = np.array([start.is_known for start in starts], dtype=np.float64)
        self._rise = 4.0 * steepness * known / max(1, len(cube))

    def of(self, points: Array) -> Array:
        """The prior mean, on the model's scale: shape (m,)."""
        away = self._away(points)
        return np.asarray(np.where(self._choices, OTHER * (away != 0.0), away * away) @ self._rise)

    def slope(self, points: Array) -> Array:
        """Its gradient, zero for choices and inactive parameters: shape (m, d)."""
        return np.asarray(np.where(self._choices, 0.0, 2.0 * self._rise * self._away(points)))

    def _away(self, points: Array) -> Array:
        return np.asarray(np.nan_to_num(points - self._centre))


def prior_mean_of(cube: Cube, evidence: Evidence) -> PriorMean:
    """The prior mean beside some trials: none where they have shown that nothing matters."""
    count = len(evidence)
    if count > 1 and evidence.losses.min() == evidence.losses.max():
        return PriorMean(cube, 0.0)
    return PriorMean(cube, FLAT + (STEEP - FLAT) * float(np.exp(-count / TRIALS)))
