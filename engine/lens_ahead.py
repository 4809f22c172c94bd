"""What Bayesian optimisation would do next in a study, as it is told the trials one by one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from engine.methods.bayesian import BayesianMethod
from engine.proposer import told
from engine.spec import StudySpec
from engine.surrogate.cube import Array
from engine.surrogate.model import Learner
from engine.trial import Params, Trial, TrialState


class Ahead:
    """Looks one proposal ahead of a study, whatever its method is.

    It keeps one method, which hears only of what is new while the order of finishing is only
    extended; otherwise it begins anew. `learner` finds the hyperparameters, as for all models of
    the study; `options` are those of Bayesian optimisation.
    """

    def __init__(self, spec: StudySpec, options: Mapping[str, Any], learner: Learner) -> None:
        self._spec, self._options, self._learner = spec, options, learner
        self._sign = -1.0 if spec.task.direction == "maximize" else 1.0
        self._method = self._new_method()
        self._told: list[Trial] = []
        self._finished: list[Trial] = []
        self._unfinished: list[Trial] = []
        self._has_looked = False
        self._following: Params | None = None

    def know(self, finished: list[Trial], unfinished: list[Trial]) -> None:
        """All trials there are: the finished ones in their order, the others by number."""
        self._finished, self._unfinished = finished, unfinished
        self._has_looked = False

    def following(self) -> Params | None:
        """What is proposed next: in such a study, the very next trial; None: nothing is left."""
        if not self._has_looked:
            self._following = self._informed().preview()
            self._has_looked = True
        return self._following

    def pending(self) -> Array:
        """Where trials are under way, as the method sees them: shape (p, d)."""
        return self._informed().pending_points

    def _informed(self) -> BayesianMethod:
        """The method, told everything; the first time that takes long, after many trials."""
        if self._finished[: len(self._told)] != self._told:
            self._method, self._told = self._new_method(), []
        for trial in self._finished[len(self._told) :]:
            self._method.tell(**told(trial, self._loss(trial), ()))
        self._told = self._finished
        for trial in self._unfinished:
            self._method.pend(trial.params)
        return self._method

    def _new_method(self) -> BayesianMethod:
        method = BayesianMethod(self._spec.space, self._spec.resources.seed, **self._options)
        method.learner = self._learner
        return method

    def _loss(self, trial: Trial) -> float | None:
        if trial.state is not TrialState.COMPLETE:
            return None
        return math.inf if trial.value is None else self._sign * trial.value
