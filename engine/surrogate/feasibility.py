"""Where trials come through, and where they die: out of memory, diverged, crashed."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from engine.surrogate.cube import Array
from engine.surrogate.features import Features
from engine.surrogate.gp import GaussianProcess, Theta

LENGTH = 0.25
"""How far a trial's end tells of its neighbours', times the square root of the dimensions."""
ACCIDENTS, EFFECTS, PAIRS = 1.0, 0.3, 0.1
"""Weights of chance, of single parameters and of pairs beside that of nearness, which is one."""
DOUBT = 0.4
MOST = 500


class Feasibility:
    """How likely trials are to come through rather than to fail.

    `good` (g, d) are the points of trials that had a value, `failed` (f, d) of those that failed,
    of which the last count. Least-squares classification (Rasmussen & Williams 2006, 6.5): a
    Gaussian process through 1 for the good and -1 for the failed, whose mean before any trial is 1,
    and of whose mean after them the cumulative Gaussian is taken. Chance weighs as much as
    nearness: what lies beside one failure is doubted and not given up, and beside trials that came
    through it is forgiven. Effects of single parameters carry what is learned to the far corners.
    """

    def __init__(self, features: Features, good: Array, failed: Array) -> None:
        self._features, self._gp = features, None
        if len(failed):
            d, failed = len(features.cube), failed[-MOST:]
            lengths = np.full(d, np.log(LENGTH * np.sqrt(d)))
            theta = Theta(lengths, *np.log([ACCIDENTS, EFFECTS, PAIRS]).tolist())
            x = features.of(np.concatenate([good, failed]))
            y = np.repeat([0.0, -2.0], [len(good), len(failed)])
            self._gp = GaussianProcess(x, y, features.groups, theta)

    def of(self, points: Array) -> Array:
        """The probability at points (m, d): shape (m,)."""
        if self._gp is None:
            return np.ones(len(points))
        mean = 1.0 + self._gp.covariance(self._features.of(points)) @ self._gp.alpha
        return np.asarray(ndtr(mean / DOUBT))
