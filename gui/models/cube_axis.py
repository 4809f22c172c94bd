"""Where the unit interval of a parameter lies on the axis that it is drawn along.

The surrogate speaks of the unit cube (engine/space.py): there a number has its place between the
bounds, and each of finitely many values owns a bin that reaches half a step to both of its sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.parameters import Categorical, Float, Parameter
from gui.models.scales import Scale

_MOST_STEPS = 12
"""Beyond this many values an axis is drawn as if it were continuous."""


@dataclass(frozen=True)
class CubeAxis:
    """Plot positions of 0 and 1; `steps` is how many bins can be told apart, None: no bins."""

    low: float
    high: float
    steps: int | None = None

    @property
    def width(self) -> float:
        """How much of the plot the unit interval takes."""
        return self.high - self.low

    def positions(self, unit: np.ndarray) -> np.ndarray:
        """Plot positions of coordinates of the unit cube."""
        return self.low + unit * self.width

    def units(self, positions: np.ndarray) -> np.ndarray:
        """Coordinates of the unit cube of plot positions."""
        return (positions - self.low) / self.width


def cube_axis(parameter: Parameter, scale: Scale) -> CubeAxis:
    """The unit interval of `parameter`, which has bounds or choices, along its `scale`."""
    if isinstance(parameter, Categorical):
        return CubeAxis(scale.low, scale.high, len(parameter.choices))
    if isinstance(parameter, Float) and parameter.step is None:
        return CubeAxis(scale.low, scale.high)
    step = parameter.step or 1
    low, high = parameter.low, parameter.high
    steps = int((high - low) / step + 1e-6) + 1
    top = low + (steps - 1) * step
    ends = scale.position(low - step / 2), scale.position(top + step / 2)
    return CubeAxis(*ends, steps if steps <= _MOST_STEPS else None)
