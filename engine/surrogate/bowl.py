"""What is believed of a landscape before any trial: the farther from a sensible start, the worse.

People bracket what they know: defaults and customary values lie where things usually work, and the
corners of a space seldom do. Without such a belief a model that has seen two trials looks into the
far corners, where it is least certain. It is a prior mean: trials soon outweigh it.
"""

from __future__ import annotations

import numpy as np

from engine.surrogate.cube import Array, Cube
from engine.surrogate.customary import places

STEEPNESS = 1.0
"""How many standard deviations of the objective the mean rises from the middle of the cube to a
corner, or with every choice another than at the start. The ablation in tests/bench is about it."""


class Bowl:
    """A quadratic prior mean around the starting point of a space.

    Numbers count by their distance, choices by whether they are others, inactive parameters not at
    all; points are rows (m, d) of the unit cube.
    """

    def __init__(self, cube: Cube) -> None:
        self._centre = np.array(places(cube.space))
        self._choices = np.array([dimension.is_categorical for dimension in cube.dimensions])
        self._rise = 4.0 * STEEPNESS / max(1, len(cube))

    def of(self, points: Array) -> Array:
        """The prior mean, on the model's scale: shape (m,)."""
        away = self._away(points)
        return np.asarray(self._rise * np.where(self._choices, away != 0.0, away * away).sum(1))

    def slope(self, points: Array) -> Array:
        """Its gradient, zero for choices and inactive parameters: shape (m, d)."""
        return np.asarray(np.where(self._choices, 0.0, 2.0 * self._rise * self._away(points)))

    def _away(self, points: Array) -> Array:
        return np.asarray(np.nan_to_num(points - self._centre))
