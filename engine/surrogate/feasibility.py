"""Where trials come through, and where they die: out of memory, diverged, crashed."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc

from engine.surrogate.cube import Array
from engine.surrogate.features import Features
from engine.surrogate.gp import matern, squared_distances

REACH = 0.15
"""How far a trial's end tells of its neighbours', times the square root of the dimensions."""


def feasibility(features: Features, points: Array, good: Array, failed: Array) -> Array:
    """How likely trials at points (m, d) are to come through rather than to fail: shape (m,).

    `good` (g, d) are the points of trials that had a value, `failed` (f, d) of those that failed.
    They count by how near they are. With b failed and g good ones the rate of failing is believed
    to be Beta(b, 1 + g), and this is the probability that it is below one half: a single accident
    halves it at that very point and hardly counts near trials that came through; where trials go
    on failing it halves with each of them.
    """
    if not len(failed):
        return np.ones(len(points))
    width, reach = len(features.groups), REACH * np.sqrt(len(features.cube))
    at = features.of(points)[:, :width] / reach

    def near(others: Array) -> Array:
        z = features.of(others)[:, :width] / reach
        return np.asarray(matern(squared_distances(at, z))[0].sum(1))

    return np.asarray(betainc(np.maximum(near(failed), 1e-9), 1.0 + near(good), 0.5))
