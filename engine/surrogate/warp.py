"""Losses as the Gaussian process sees them: far-out ones pulled in, skew taken away."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from engine.surrogate.cube import Array

LEAST = 4
"""Fewer values than this have no skew to speak of."""
_FAR = 10.0
"""A loss this many times as far above the median as the least is below it is as bad as any."""
_WITHIN = 8.0
"""Standard deviations beyond the data to which the transform is inverted."""
_POWERS = (-2.0, 3.0)


class Warp:
    """The Yeo-Johnson transform that makes values most nearly normal (Yeo & Johnson 2000).

    Values are finite, shape (n,), and standardised before and after. How much worse than bad a
    diverged trial was says nothing about where the good ones are, so the far end is cut off.
    """

    def __init__(self, values: Array) -> None:
        self._ceiling = _ceiling(values)
        self._size = float(np.abs(np.minimum(values, self._ceiling)).max()) or 1.0
        kept = self._cut(values)
        self._centre, self._spread = float(kept.mean()), float(kept.std())
        z = (kept - self._centre) / (self._spread or 1.0)
        self._power = _best_power(z) if len(z) >= LEAST and np.ptp(z) > 1e-9 else 1.0
        bent = bend(z, self._power)
        self._mean, self._scale = float(bent.mean()), float(bent.std()) or 1.0
        self._ends = np.array([z.min() - _WITHIN, z.max() + _WITHIN])

    def _cut(self, values: Array) -> Array:
        """Values without the far end, in a unit that nothing overflows in."""
        return np.asarray(np.minimum(values, self._ceiling) / self._size)

    def forward(self, values: Array) -> Array:
        """Values as the model is fitted to them."""
        z = (self._cut(values) - self._centre) / (self._spread or 1.0)
        return (bend(z, self._power) - self._mean) / self._scale

    def back(self, bent: Array) -> Array:
        """The values that became `bent`; far outside of the data, the edge of what is known.

        Where all values were equal there is no other.
        """
        low, high = bend(self._ends, self._power)
        y = np.clip(bent * self._scale + self._mean, low, high)
        return (unbend(y, self._power) * self._spread + self._centre) * self._size


def _ceiling(values: Array) -> float:
    """What is as bad as any: measured by the median, or where that is the best by the next best."""
    size = float(np.abs(values).max()) or 1.0
    least, usual = float(values.min()) / size, float(np.median(values / size))
    if usual == least:
        usual = float((values / size)[values > values.min()].min(initial=np.inf))
    return size * (usual + _FAR * (usual - least))


def _best_power(z: Array) -> float:
    """The power of the greatest profile likelihood (Yeo & Johnson 2000, eq. 3.1)."""
    logs = float((np.sign(z) * np.log1p(np.abs(z))).sum())

    def loss(power: float) -> float:
        return 0.5 * len(z) * float(np.log(bend(z, power).var() + 1e-300)) - (power - 1.0) * logs

    return float(minimize_scalar(loss, bounds=_POWERS, method="bounded").x)


def bend(z: Array, power: float) -> Array:
    """Yeo-Johnson with parameter `power`."""
    up, down = np.log1p(np.maximum(z, 0.0)), np.log1p(np.maximum(-z, 0.0))
    return np.asarray(_grow(up, power) - _grow(down, 2.0 - power))


def unbend(y: Array, power: float) -> Array:
    """Its inverse."""
    up, down = np.maximum(y, 0.0), np.maximum(-y, 0.0)
    return np.asarray(_shrink(up, power) - _shrink(down, 2.0 - power))


def _grow(logs: Array, power: float) -> Array:
    return logs if abs(power) < 1e-9 else np.expm1(power * logs) / power


def _shrink(y: Array, power: float) -> Array:
    return np.expm1(y if abs(power) < 1e-9 else np.log1p(power * y) / power)
