"""A smooth landscape through evaluated points of the unit square: what lies between the trials.

Ordinary kriging over two axes, in numpy alone: a picture, not the surrogate that proposes trials.
Where an axis is a choice, its columns are tied together loosely and never blended into each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEWEST_POINTS = 6
_MOST_POINTS = 400
_POINTS_TO_TUNE_ON = 120
_LENGTHS = (0.12, 0.25, 0.5, 1.0, 2.0)
_NOISES = (1e-6, 1e-3, 3e-2, 0.3, 2.0)
_USUAL_LENGTH, _LENGTH_SPREAD = 0.5, 0.8
_BETWEEN_CHOICES = 0.5
_JITTER = 1e-9


@dataclass(frozen=True)
class Surface:
    """`mean` and `support` at the centres of ny × nx equal cells, the first row at y = 0.

    `support` is 1 beside evaluated points and falls to 0 where there are none near.
    """

    mean: Array
    support: Array


@dataclass(frozen=True)
class _Axis:
    """One axis of the square: where the points are on it, and how alike two places of it are."""

    at: Array
    choices: int | None

    @property
    def lengths(self) -> tuple[float, ...]:
        return (1.0,) if self.choices or np.ptp(self.at) == 0 else _LENGTHS

    def kernel(self, a: Array, b: Array, length: float) -> Array:
        """Matérn-5/2 correlation (Rasmussen and Williams 2006, eq. 4.17), or that of choices."""
        if self.choices:
            same = _cell(a, self.choices)[:, None] == _cell(b, self.choices)[None, :]
            tied: Array = _BETWEEN_CHOICES + (1 - _BETWEEN_CHOICES) * same.astype(np.float64)
            return tied
        distance = math.sqrt(5) / length * np.abs(a[:, None] - b[None, :])
        result: Array = (1 + distance + distance**2 / 3) * np.exp(-distance)
        return result

    def nearness(self, centres: Array, reach: float) -> Array:
        """A bump of width `reach` about each point, at `centres`; one choice is far from others."""
        if self.choices:
            same = _cell(centres, self.choices)[:, None] == _cell(self.at, self.choices)[None, :]
            own: Array = same.astype(np.float64)
            return own
        distinct = len(np.unique(np.round(self.at, 6)))
        width = max(reach, min(0.3, 0.6 / max(1, distinct - 1)))
        result: Array = np.exp(-0.5 * ((centres[:, None] - self.at[None, :]) / width) ** 2)
        return result


def fit_surface(
    x: Array,
    y: Array,
    values: Array,
    choices: tuple[int | None, int | None] = (None, None),
    shape: tuple[int, int] = (144, 192),
) -> Surface | None:
    """The landscape through `values` (n,) at `x`, `y` (n,) in [0, 1], as `shape` (ny, nx) cells.

    An axis of k choices has them at (i + 1/2)/k; `choices` says k, or None for a continuous axis.
    Repeats of a place are averaged, and thousands of points are first gathered into small cells.
    Points that are not finite are left out. None with fewer than FEWEST_POINTS distinct places.
    The mean is the best linear unbiased prediction (Rasmussen and Williams 2006, eq. 2.25, 2.41)
    with a product kernel, so that predicting a whole grid is one matrix product.
    """
    known = np.isfinite(x) & np.isfinite(y) & np.isfinite(values)
    x, y, values, counts = _gathered(x[known], y[known], values[known])
    if len(values) < FEWEST_POINTS:
        return None
    axes = _Axis(x, choices[0]), _Axis(y, choices[1])
    lengths, noise = _tuned(axes, values, counts)
    correlation = axes[0].kernel(x, x, lengths[0]) * axes[1].kernel(y, y, lengths[1])
    centre, weights = _kriged(correlation, values, noise / counts)
    centres = [(np.arange(cells) + 0.5) / cells for cells in (shape[1], shape[0])]
    across, along = (
        axis.kernel(place, axis.at, length)
        for axis, place, length in zip(axes, centres, lengths, strict=True)
    )
    reach = float(np.clip(0.6 / math.sqrt(len(values)), 0.06, 0.2))
    near = axes[1].nearness(centres[1], reach) @ axes[0].nearness(centres[0], reach).T
    return Surface(centre + (along * weights) @ across.T, _smooth_step(near, 0.08, 0.5))


def _gathered(x: Array, y: Array, values: Array) -> tuple[Array, Array, Array, Array]:
    """Distinct places with their mean value and how often each was evaluated."""
    cells = 10**6
    while True:
        key = np.round(x * cells).astype(np.int64) * (cells + 1) + np.round(y * cells).astype(
            np.int64
        )
        _, place, counts = np.unique(key, return_inverse=True, return_counts=True)
        if len(counts) <= _MOST_POINTS:
            means = [np.bincount(place, weights=v) / counts for v in (x, y, values)]
            return means[0], means[1], means[2], counts.astype(float)
        cells = 32 if cells > 32 else cells - 4


def _tuned(
    axes: tuple[_Axis, _Axis], values: Array, counts: Array
) -> tuple[tuple[float, float], float]:
    """Length scales and noise of the highest marginal likelihood (eq. 5.8) among a few of each."""
    some = _spread(len(values), _POINTS_TO_TUNE_ON)
    values, counts = values[some], counts[some]
    scored = []
    for lengths, correlation in _correlations(axes, some):
        prior = sum((math.log(v / _USUAL_LENGTH) / _LENGTH_SPREAD) ** 2 for v in lengths) / 2
        for noise in _NOISES:
            scored.append((_evidence(correlation, values, noise / counts) - prior, lengths, noise))
    _, lengths, noise = max(scored)
    return lengths, noise


def _correlations(
    axes: tuple[_Axis, _Axis], some: NDArray[np.intp]
) -> Iterator[tuple[tuple[float, float], Array]]:
    for first in axes[0].lengths:
        across = axes[0].kernel(axes[0].at[some], axes[0].at[some], first)
        for second in axes[1].lengths:
            along = axes[1].kernel(axes[1].at[some], axes[1].at[some], second)
            yield (first, second), across * along


def _evidence(correlation: Array, values: Array, noise: Array) -> float:
    """Log marginal likelihood with mean and amplitude at their best, up to a constant."""
    factor = np.linalg.cholesky(correlation + np.diag(noise + _JITTER))
    white = np.linalg.solve(factor, np.column_stack([values, np.ones_like(values)]))
    centre = white[:, 0] @ white[:, 1] / (white[:, 1] @ white[:, 1])
    residual = white[:, 0] - centre * white[:, 1]
    amplitude = max(float(residual @ residual) / len(values), 1e-18)
    return float(-len(values) / 2 * math.log(amplitude) - np.log(np.diag(factor)).sum())


def _kriged(correlation: Array, values: Array, noise: Array) -> tuple[float, Array]:
    """The generalised least-squares mean, and the weight of each point in the prediction."""
    columns = np.column_stack([values, np.ones_like(values)])
    solved = np.linalg.solve(correlation + np.diag(noise + _JITTER), columns)
    centre = float(solved[:, 0].sum() / solved[:, 1].sum())
    return centre, solved[:, 0] - centre * solved[:, 1]


def _spread(count: int, most: int) -> NDArray[np.intp]:
    """At most `most` indices, evenly spread over `count`."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.intp))


def _cell(at: Array, choices: int) -> NDArray[np.intp]:
    return np.clip((at * choices).astype(np.intp), 0, choices - 1)


def _smooth_step(values: Array, low: float, high: float) -> Array:
    t = np.clip((values - low) / (high - low), 0, 1)
    result: Array = t * t * (3 - 2 * t)
    return result
