"""The surrogate as the lens sees it: the model of a study's first trials, in the user's terms.

A pure function of those trials, and the same model that Bayesian optimisation proposes from.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.space import SearchSpace, SpaceError
from engine.surrogate.chooser import Chooser
from engine.surrogate.cube import Array, Cube
from engine.surrogate.evidence import Evidence, Rows
from engine.surrogate.model import Learner, Model
from engine.trial import Trial, TrialState

LEAST = 3
"""Fewer values than this say nothing about a landscape."""
KEPT = 6
USUAL = 256
"""Points that stand for the whole space."""
_AT_ONCE = 192
"""Points predicted together: few enough for their kernel to stay in the cache."""


class TooFewError(ValueError):
    """There is no model yet: one sentence."""


class Fitted:
    """A model that was told `upto` finished trials. Points are rows of the unit cube.

    Means and variances are on the model's own scale, in which less is better; `values` leads back
    to what the user states.
    """

    def __init__(self, model: Model, told: Told, sign: float, cost_weight: float) -> None:
        self.model, self.cube, self.points = model, model.cube, model.points
        self.upto = told.upto
        self.numbers = tuple(int(number) for number in told.numbers[model.rows])
        self.actual = sign * told.evidence.losses[model.rows]
        self.targets, self.best = model.targets, model.best
        self.cost_weight = cost_weight
        self._sign = sign

    @property
    def best_point(self) -> Array:
        """Where the value to beat was reached, shape (d,)."""
        return np.asarray(self.model.best_points(1)[0])

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Posterior mean and variance at points (m, d): shapes (m,)."""
        parts = [self.model.predict(part) for part in _parts(points)]
        return np.concatenate([m for m, _ in parts]), np.concatenate([v for _, v in parts])

    def feasibility(self, points: Array) -> Array:
        """How likely trials at points (m, d) are to come through: shape (m,)."""
        return np.concatenate([self.model.feasibility(part) for part in _parts(points)])

    def acquisition(self, points: Array, pending: Array) -> Array:
        """What Bayesian optimisation makes of points (m, d) beside `pending` ones (p, d): (m,)."""
        chooser = Chooser(self.model, pending, self.cost_weight)
        return np.concatenate([chooser.value(part) for part in _parts(points)])

    def mean(self, points: Array) -> Array:
        """The posterior mean alone, shape (m,)."""
        beyond = [self._covariance(part) @ self.model.gp.alpha for part in _parts(points)]
        return np.asarray(np.concatenate(beyond) + self.model.prior_mean.of(points))

    def predict_average(self, planes: Array) -> tuple[Array, Array]:
        """Mean and variance (m,) of the average over s points, for m cells: planes (s, m, d)."""
        features, parts = self.model.features, []
        for at in range(0, planes.shape[1], _AT_ONCE):
            part = planes[:, at : at + _AT_ONCE]
            x = np.stack([features.of(plane) for plane in part])
            parts.append(self.model.gp.predict_average(x))
        believed = np.mean([self.model.prior_mean.of(plane) for plane in planes], axis=0)
        return np.concatenate([m for m, _ in parts]) + believed, np.concatenate(
            [v for _, v in parts]
        )

    @cached_property
    def usual_sigma(self) -> float:
        """The median standard deviation over the whole space."""
        points = self.cube.snap(np.random.default_rng(0).random((USUAL, len(self.cube))))
        return float(np.sqrt(np.median(self.predict(points)[1])))

    def leave_one_out(self) -> tuple[Array, Array]:
        """Mean and variance (n,) of each trial's value, noise included, as the others predict it.

        Closed form: Rasmussen & Williams 2006, eq. 5.12.
        """
        precision = np.diag(self.model.gp.inverse)
        return self.targets - self.model.gp.alpha / precision, self.model.gp.scale / precision

    def values(self, bent: Array) -> Array:
        """What the user would call these places on the model's scale."""
        return self._sign * self.model.warp.back(bent)

    def _covariance(self, points: Array) -> Array:
        return self.model.gp.covariance(self.model.features.of(points))


def _parts(points: Array) -> list[Array]:
    """Points (m, d) in parts that are predicted together; at least one."""
    return [points[at : at + _AT_ONCE] for at in range(0, max(1, len(points)), _AT_ONCE)]


@dataclass(frozen=True)
class Told:
    """The first `upto` finished trials: what they say, and the numbers of those with a value."""

    upto: int
    evidence: Evidence
    numbers: Rows


class History:
    """A study's finished trials as arrays, so that any moment of the past is a slice of them."""

    def __init__(self, space: SearchSpace, sign: float) -> None:
        self._space, self._sign = space, sign
        self._count = 0
        self._complete = self._failed = self._numbers = np.empty(0, dtype=np.int64)
        nowhere = np.empty((0, len(space.dimensions)))
        self._evidence = Evidence(nowhere, np.empty(0), np.empty(0), nowhere)

    def add(self, trials: Sequence[Trial]) -> None:
        """Take in the trials that finished next."""
        kinds = np.array([_kind(self._space, trial) for trial in trials], dtype=np.int64)
        complete = [trial for trial, kind in zip(trials, kinds, strict=True) if kind > 0]
        failed = [trial for trial, kind in zip(trials, kinds, strict=True) if kind < 0]
        self._complete = np.append(self._complete, self._count + np.flatnonzero(kinds > 0))
        self._failed = np.append(self._failed, self._count + np.flatnonzero(kinds < 0))
        self._count += len(trials)
        numbers = np.array([trial.number for trial in complete], dtype=np.int64)
        self._numbers = np.append(self._numbers, numbers)
        more = Evidence(
            points=_encode(self._space, complete),
            losses=self._sign * np.array([float(trial.value or 0.0) for trial in complete]),
            seconds=np.array([trial.seconds or np.nan for trial in complete], dtype=np.float64),
            failed=_encode(self._space, failed),
        )
        self._evidence = self._evidence.and_then(more)

    def first(self, count: int) -> Told:
        """What the first `count` trials say."""
        complete = int(np.searchsorted(self._complete, count))
        failed = int(np.searchsorted(self._failed, count))
        return Told(count, self._evidence.first(complete, failed), self._numbers[:complete])


def _kind(space: SearchSpace, trial: Trial) -> int:
    """1: it has a value; -1: it failed; 0: it says nothing, or lies outside of the space."""
    complete = trial.state is TrialState.COMPLETE
    if not complete and trial.state is not TrialState.FAILED:
        return 0
    try:
        space.validate(trial.params)
    except SpaceError:
        return 0
    has_value = complete and trial.value is not None and np.isfinite(trial.value)
    return 1 if has_value else -1


def _encode(space: SearchSpace, trials: Sequence[Trial]) -> Array:
    points = [space.encode(trial.params) for trial in trials]
    return np.array(points, dtype=np.float64).reshape(len(points), len(space.dimensions))


class Fits:
    """The models of one study's moments; the latest few are kept.

    `trials` are all finished ones in the order of finishing; `cost_weight` is the option of
    Bayesian optimisation.
    """

    def __init__(self, space: SearchSpace, sign: float, cost_weight: float = 0.0) -> None:
        self.cube = Cube(space)
        self._cost_weight = cost_weight
        self._sign = sign
        self._trials: list[Trial] = []
        self._history = History(space, sign)
        self._kept: OrderedDict[int, Fitted] = OrderedDict()
        self.learner = Learner(self.cube)

    def know(self, trials: list[Trial]) -> None:
        """All finished trials there are now; quick where they are those of before and some more."""
        if trials[: len(self._trials)] != self._trials:
            self._kept.clear()
            self.learner.forget()
            self._trials, self._history = [], History(self.cube.space, self._sign)
        self._history.add(trials[len(self._trials) :])
        self._trials = trials

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
        told = self._history.first(count)
        there = len(told.evidence)
        if there < LEAST:
            verb = "is" if there == 1 else "are"
            raise TooFewError(f"The model needs {LEAST} finished trials; there {verb} {there}.")
        model = self.learner.model(told.evidence)
        return Fitted(model, told, self._sign, self._cost_weight)
