"""A study's finished trials as Bayesian optimisation hears of them, at this moment and at any past.

What the method makes of a trial, one that was stopped on the way included, is the method's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.methods.bayesian import BayesianMethod
from engine.proposer import Curve, told
from engine.surrogate.evidence import Evidence, Rows
from engine.trial import Trial, TrialState


@dataclass(frozen=True)
class Told:
    """The first `upto` finished trials: what they say, and whose each value is.

    `numbers` (n,) are those of the trials that the rows of `evidence` are about; `whole` (n,) says
    which of them came to their own end.
    """

    upto: int
    evidence: Evidence
    numbers: Rows
    whole: NDArray[np.bool_]


class History:
    """One method that is told the trials, so that any moment of the past is a slice of what it has.

    It hears only of what is new while the order of finishing is only extended; otherwise another
    one begins anew. `sign` is -1 where the user maximises.
    """

    def __init__(self, make_method: Callable[[], BayesianMethod], sign: float) -> None:
        self._make_method, self._sign = make_method, sign
        self._heard: list[tuple[Trial, Curve]] = []
        self._begin()

    def __len__(self) -> int:
        return len(self._heard)

    def _begin(self) -> None:
        self.method = self._make_method()
        self._heard = []
        self._counts = [(0, 0)]
        self._numbers: list[int] = []
        self._whole: list[bool] = []
        self._evidence: Evidence | None = None

    def know(self, finished: Sequence[Trial], curves: Mapping[int, Curve]) -> bool:
        """All finished trials there are, in their order, and the curves of those that have one.

        Whether they are those of before and some more.
        """
        heard = [(trial, curves.get(trial.number, ())) for trial in finished]
        has_grown = heard[: len(self._heard)] == self._heard
        if not has_grown:
            self._begin()
        for trial, curve in heard[len(self._heard) :]:
            self._tell(trial, curve)
            self._evidence = None
        self._heard = heard
        return has_grown

    def first(self, count: int) -> Told:
        """What the first `count` trials say."""
        if self._evidence is None:
            self._evidence = self.method.evidence()
        valued, failed = self._counts[count]
        numbers = np.array(self._numbers[:valued], dtype=np.int64)
        whole = np.array(self._whole[:valued], dtype=bool)
        return Told(count, self._evidence.first(valued, failed), numbers, whole)

    def _tell(self, trial: Trial, curve: Curve) -> None:
        self.method.tell(**told(trial, self._loss(trial), curve))
        before, now = self._counts[-1], self.method.counts
        self._counts.append(now)
        if now[0] > before[0]:
            self._numbers.append(trial.number)
            self._whole.append(trial.state is TrialState.COMPLETE)

    def _loss(self, trial: Trial) -> float | None:
        if trial.state is not TrialState.COMPLETE:
            return None
        return math.inf if trial.value is None else self._sign * trial.value
