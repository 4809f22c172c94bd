"""The surrogate as the lens sees it: a Gaussian process fitted to the first trials of a study.

A pure function of those trials. Hyperparameters are found at milestones only, a tenth more trials
apart, on a part of the points where they are many, so that a neighbouring moment costs one
factorisation.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from copy import copy
from functools import cached_property

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import minimize_scalar

from engine.space import SearchSpace, SpaceError
from engine.surrogate.acquisition import (
    log_expected_improvement,
    log_expected_improvement_gradient,
)
from engine.surrogate.cube import Array, Cube
from engine.surrogate.features import Features
from engine.surrogate.gp import (
    MEAN_VARIANCE,
    GaussianProcess,
    Prior,
    fit,
    matern,
    squared_distances,
)
from engine.surrogate.optimise import maximise
from engine.trial import Trial, TrialState

LEAST = 3
"""Fewer values than this say nothing about a landscape."""
MOST = 1000
"""Of more trials than this, the best and an even choice of the others."""
MOST_TO_LEARN_FROM = 250
KEPT = 6
ANCHORS = 4
_REACH = 0.15
"""How far a trial's end tells of its neighbours', times the square root of the dimensions."""
_AT_ONCE = 256
"""Points predicted together: few enough for their kernel to stay in the cache."""
_LIMIT = 8.0
"""Standard deviations beyond the data to which the transform is inverted."""


class TooFewError(ValueError):
    """There is no model yet: one sentence."""


class Warp:
    """The Yeo-Johnson transform that makes values most nearly normal (Yeo & Johnson 2000)."""

    def __init__(self, values: Array) -> None:
        self._centre, self._spread = float(values.mean()), float(values.std()) or 1.0
        z = (values - self._centre) / self._spread
        self._power = 1.0
        if np.ptp(z) > 1e-9 and len(z) > LEAST:
            logs = np.sign(z) * np.log1p(np.abs(z))

            def loss(power: float) -> float:
                return float(
                    0.5 * len(z) * np.log(_bend(z, power).var() + 1e-300)
                    - (power - 1.0) * logs.sum()
                )

            self._power = float(minimize_scalar(loss, bounds=(-2.0, 3.0), method="bounded").x)
        bent = _bend(z, self._power)
        self._mean, self._scale = float(bent.mean()), float(bent.std()) or 1.0
        self._within = np.array([z.min() - _LIMIT, z.max() + _LIMIT])

    def forward(self, values: Array) -> Array:
        """Values as the model is fitted to them."""
        z = (values - self._centre) / self._spread
        return (_bend(z, self._power) - self._mean) / self._scale

    def back(self, bent: Array) -> Array:
        """The values that became `bent`; far outside of the data, the edge of what is known."""
        low, high = _bend(self._within, self._power)
        y = np.clip(bent * self._scale + self._mean, low, high)
        return _unbend(y, self._power) * self._spread + self._centre


def _bend(z: Array, power: float) -> Array:
    """Yeo-Johnson with parameter `power`."""
    up, down = np.maximum(z, 0.0), np.maximum(-z, 0.0)
    rise = np.log1p(up) if abs(power) < 1e-9 else np.expm1(power * np.log1p(up)) / power
    rest = 2.0 - power
    fall = np.log1p(down) if abs(rest) < 1e-9 else np.expm1(rest * np.log1p(down)) / rest
    return np.asarray(rise - fall)


def _unbend(y: Array, power: float) -> Array:
    up, down = np.maximum(y, 0.0), np.maximum(-y, 0.0)
    rise = np.expm1(up) if abs(power) < 1e-9 else np.expm1(np.log1p(power * up) / power)
    rest = 2.0 - power
    fall = np.expm1(down) if abs(rest) < 1e-9 else np.expm1(np.log1p(rest * down) / rest)
    return np.asarray(rise - fall)


class Fitted:
    """A model that was told `upto` finished trials. Points are rows of the unit cube.

    Its own scale is the transformed one, in which less is better; `values` leads back to what the
    user states. `best` is the least posterior mean among the trials (of trial `best_point`).
    """

    def __init__(
        self, cube: Cube, told: Evidence, chosen: np.ndarray, theta: Array, warp: Warp
    ) -> None:
        self.cube = cube
        self.features = Features(cube)
        self.upto = told.upto
        self.numbers = tuple(int(n) for n in told.numbers[chosen])
        self.points = told.points[chosen]
        self.actual = told.sign * told.losses[chosen]
        self._told, self._warp = told, warp
        self.targets = warp.forward(told.losses[chosen])
        self.failed = told.failed
        self.gp = GaussianProcess(
            *(self.features.of(self.points), self.targets, self.features.groups),
            *(theta[:-1], float(theta[-1])),
        )

    @cached_property
    def _at_trials(self) -> Array:
        return self.gp.predict(self.gp.x)[0]

    @property
    def best(self) -> float:
        """The value to beat, on the model's scale."""
        return float(self._at_trials.min())

    @property
    def best_point(self) -> Array:
        """Where it was reached, shape (d,)."""
        return np.asarray(self.points[int(self._at_trials.argmin())])

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Posterior mean and variance on the model's scale at points (m, d): shapes (m,)."""
        parts = [self.gp.predict(self.features.of(part)) for part in _parts(points)]
        return np.concatenate([m for m, _ in parts]), np.concatenate([v for _, v in parts])

    def mean(self, points: Array) -> Array:
        """The posterior mean alone, shape (m,)."""
        return np.concatenate([self._kernel(part) @ self.gp.alpha for part in _parts(points)])

    def predict_average(self, planes: Array) -> tuple[Array, Array]:
        """Mean and variance of the average over s points, for each of m cells: planes (s, m, d).

        The average is Gaussian as well: its covariance with the observations is the average of
        theirs. The s points of each cell are taken to be as far apart as those of the first.
        """
        kernel = np.zeros((planes.shape[1], len(self.gp.y)))
        for plane in planes:
            kernel += self._kernel(plane)
        kernel /= len(planes)
        z = self.features.of(planes[:, 0]) * self.gp.inverse_lengths
        prior = float(matern(squared_distances(z, z))[0].mean()) + MEAN_VARIANCE
        half, _ = lapack.dtrtrs(self.gp.chol, kernel.T, lower=1)
        variance = self.gp.scale * np.maximum(prior - (half * half).sum(0), 1e-12)
        return kernel @ self.gp.alpha, variance

    def leave_one_out(self) -> tuple[Array, Array]:
        """Mean and variance (n,) of each trial's value, noise included, as the others predict it.

        Closed form: Rasmussen & Williams 2006, eq. 5.12.
        """
        precision = np.diag(self.gp.inverse)
        return self.targets - self.gp.alpha / precision, self.gp.scale / precision

    def next_point(self, pending: Array) -> Array | None:
        """Where the expected improvement is highest, beside points (p, d) that are being tried.

        Those count as if what is expected of them had come about. None where all has been tried.
        """
        gp, features = self._believing(pending), self.features
        seen = np.concatenate([self.points, self.failed, pending])
        tried = {point.tobytes() for point in np.nan_to_num(seen, nan=-1.0)}

        def value(points: Array) -> Array:
            return log_expected_improvement(*gp.predict(features.of(points)), self.best)

        def value_and_gradient(points: Array) -> tuple[Array, Array]:
            predicted = gp.predict_with_gradient(features.of(points))
            values, gradient = log_expected_improvement_gradient(*predicted, self.best)
            return values, features.pull_back(points, gradient)

        def is_new(point: Array) -> bool:
            return np.nan_to_num(point, nan=-1.0).tobytes() not in tried

        anchors = self.points[np.argsort(self.targets, kind="stable")[:ANCHORS]]
        rng = np.random.default_rng(0)
        return maximise(self.cube, value, value_and_gradient, anchors, is_new, rng)

    def _kernel(self, points: Array) -> Array:
        """Covariances of points (m, d) with the trials: shape (m, n)."""
        z = self.features.of(points) * self.gp.inverse_lengths
        return matern(squared_distances(z, self.gp.z))[0] + MEAN_VARIANCE

    def _believing(self, points: Array) -> GaussianProcess:
        """The process, had what it expects at points (m, d) come about there."""
        if not len(points):
            return self.gp
        x = np.concatenate([self.gp.x, self.features.of(points)])
        y = np.concatenate([self.targets, self.predict(points)[0]])
        return GaussianProcess(x, y, self.gp.groups, self.gp.log_lengths, self.gp.log_noise)

    def values(self, bent: Array) -> Array:
        """What the user would call these places on the model's scale."""
        return self._told.sign * self._warp.back(bent)

    def feasibility(self, points: Array) -> Array:
        """How likely a trial at points (m, d) is to have a value: shape (m,).

        Trials vote by how near they are; one more, which has a value, stands for no knowledge.
        """
        if not len(self.failed):
            return np.ones(len(points))
        reach = _REACH * np.sqrt(len(self.cube))
        z, failed = self.features.of(points) / reach, self.features.of(self.failed) / reach
        bad = matern(squared_distances(z, failed))[0].sum(1)
        good = matern(squared_distances(z, self.gp.x / reach))[0].sum(1)
        return np.asarray(1.0 - bad / (1.0 + good + bad))


def _parts(points: Array) -> list[Array]:
    """Points (m, d) in parts that are predicted together; at least one."""
    return [points[at : at + _AT_ONCE] for at in range(0, max(1, len(points)), _AT_ONCE)]


class Evidence:
    """Finished trials as arrays: points and losses of those with a value, points of the failed."""

    def __init__(self, space: SearchSpace, sign: float, trials: Sequence[Trial]) -> None:
        self.sign = sign
        self.upto = len(trials)
        kinds = np.array([_kind(space, trial) for trial in trials], dtype=np.int64)
        self._complete, self._failed = np.flatnonzero(kinds > 0), np.flatnonzero(kinds < 0)
        complete = [trials[row] for row in self._complete.tolist()]
        self.numbers = np.array([trial.number for trial in complete], dtype=np.int64)
        self.points = _encode(space, complete)
        self.losses = sign * np.array([float(trial.value or 0.0) for trial in complete])
        self.failed = _encode(space, [trials[row] for row in self._failed.tolist()])

    def first(self, count: int) -> Evidence:
        """What the first `count` trials say."""
        part = copy(self)
        part.upto = count
        complete = int(np.searchsorted(self._complete, count))
        part.numbers, part.points = self.numbers[:complete], self.points[:complete]
        part.losses = self.losses[:complete]
        part.failed = self.failed[: int(np.searchsorted(self._failed, count))]
        return part

    def best_and_others(self, most: int) -> np.ndarray:
        """Rows of at most `most` trials: the best quarter, and an even choice of the rest."""
        if len(self.losses) <= most:
            return np.arange(len(self.losses))
        order = np.argsort(self.losses, kind="stable")
        best, rest = order[: most // 4], np.sort(order[most // 4 :])
        even = rest[np.linspace(0, len(rest) - 1, most - len(best)).astype(int)]
        return np.sort(np.concatenate([best, even]))


def _kind(space: SearchSpace, trial: Trial) -> int:
    """1: it has a value; -1: it failed; 0: it says nothing, or lies outside of the space."""
    has_value = trial.state is TrialState.COMPLETE and np.isfinite(trial.value or 0.0)
    if not has_value and trial.state is not TrialState.FAILED:
        return 0
    try:
        space.validate(trial.params)
    except SpaceError:
        return 0
    return 1 if has_value else -1


def _encode(space: SearchSpace, trials: Sequence[Trial]) -> Array:
    points = [space.encode(trial.params) for trial in trials]
    return np.array(points, dtype=np.float64).reshape(len(points), len(space.dimensions))


class Fits:
    """The models of one study's moments; the latest few are kept.

    `trials` are all finished ones in the order of finishing.
    """

    def __init__(self, space: SearchSpace, sign: float) -> None:
        self.cube = Cube(space)
        self._sign = sign
        self._trials: list[Trial] = []
        self._told = Evidence(space, sign, [])
        self._kept: OrderedDict[int, Fitted] = OrderedDict()
        self._thetas: dict[int, Array] = {}

    def know(self, trials: list[Trial]) -> None:
        """All finished trials there are now."""
        if trials[: len(self._trials)] != self._trials:
            self._kept.clear()
            self._thetas.clear()
        self._trials = trials
        self._told = Evidence(self.cube.space, self._sign, trials)

    def at(self, upto: int | None) -> Fitted:
        """The model after the first `upto` trials (None: all). Raises TooFewError."""
        count = len(self._trials) if upto is None else max(0, min(upto, len(self._trials)))
        if count in self._kept:
            self._kept.move_to_end(count)
        else:
            self._kept[count] = self._fit(count)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return self._kept[count]

    def _fit(self, count: int) -> Fitted:
        told = self._told.first(count)
        there = len(told.losses)
        if there < LEAST:
            verb = "is" if there == 1 else "are"
            raise TooFewError(f"The model needs {LEAST} finished trials; there {verb} {there}.")
        warp = Warp(told.losses)
        return Fitted(self.cube, told, told.best_and_others(MOST), self._theta(count), warp)

    def _theta(self, count: int) -> Array:
        """Length scales and noise for the model after `count` trials."""
        at = milestone(count)
        if len(self._told.first(at).losses) < LEAST:
            at = count
        told = self._told.first(at)
        if at not in self._thetas:
            rows = told.best_and_others(MOST_TO_LEARN_FROM)
            features = Features(self.cube)
            x, y = features.of(told.points[rows]), Warp(told.losses).forward(told.losses[rows])
            gp = fit(x, y, features.groups, Prior.of(len(self.cube)))
            self._thetas[at] = np.append(gp.log_lengths, gp.log_noise)
        return self._thetas[at]


def milestone(count: int) -> int:
    """The last moment up to `count` at which hyperparameters are found anew."""
    last = 1
    while (following := last + 1 + last // 10) <= count:
        last = following
    return last
