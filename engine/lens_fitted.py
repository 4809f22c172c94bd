"""The surrogate as the lens sees it: the model of a study's first trials, in the user's terms.

A pure function of those trials, and the same model that Bayesian optimisation proposes from.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from engine.lens_history import History, Told
from engine.methods.bayesian import BayesianMethod
from engine.proposer import Curve
from engine.space import SearchSpace
from engine.surrogate.chooser import Chooser
from engine.surrogate.cube import Array, Cube
from engine.surrogate.model import Learner, Model
from engine.trial import Trial

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

    Its rows are those of the trials `numbers`, of which those of `whole` came to their own end.
    Means and variances are on the model's own scale, in which less is better; `values` leads back
    to what the user states.
    """

    def __init__(self, model: Model, told: Told, sign: float, cost_weight: float) -> None:
        self.model, self.cube, self.points = model, model.cube, model.points
        self.upto = told.upto
        self.numbers = tuple(int(number) for number in told.numbers[model.rows])
        self.whole = told.whole[model.rows]
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


class Fits:
    """The models of one study's moments; the latest few are kept.

    `options` and `seed` are those of Bayesian optimisation.
    """

    def __init__(
        self,
        space: SearchSpace,
        sign: float,
        options: Mapping[str, Any] = MappingProxyType({}),
        seed: int = 0,
    ) -> None:
        self.cube = Cube(space)
        self.learner = Learner(self.cube)
        self._sign, self._options, self._seed = sign, options, seed
        self._kept: OrderedDict[int, Fitted] = OrderedDict()
        self.history = History(self._new_method, sign)

    def _new_method(self) -> BayesianMethod:
        method = BayesianMethod(self.cube.space, self._seed, **self._options)
        method.learner = self.learner
        return method

    def know(
        self, trials: Sequence[Trial], curves: Mapping[int, Curve] = MappingProxyType({})
    ) -> None:
        """All finished trials there are now, in their order, and their curves by number.

        It is quick where they are those of before and some more.
        """
        if not self.history.know(trials, curves):
            self._kept.clear()
            self.learner.forget()

    def at(self, upto: int | None) -> Fitted:
        """The model after the first `upto` trials (None: all). Raises TooFewError."""
        count = len(self.history) if upto is None else max(0, min(upto, len(self.history)))
        if count in self._kept:
            self._kept.move_to_end(count)
        else:
            self._kept[count] = self._fit(count)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return self._kept[count]

    def _fit(self, count: int) -> Fitted:
        told = self.history.first(count)
        there = len(told.evidence)
        if there < LEAST:
            verb = "is" if there == 1 else "are"
            raise TooFewError(f"The model needs {LEAST} finished trials; there {verb} {there}.")
        model = self.learner.model(told.evidence)
        return Fitted(model, told, self._sign, self._options.get("cost_weight", 0.0))
