"""When a study is over: its number of trials, its wall time, its target."""

from __future__ import annotations

import math

from engine.events import StudyState
from engine.ledger import Ledger
from engine.trial import Trial, TrialState


class StopRules:
    """A study's budget, held against what has happened."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._budget = ledger.spec.budget
        self._maximises = ledger.spec.task.direction == "maximize"

    def trials_left(self) -> float:
        """How many more configurations the budget allows; infinite when it sets no number."""
        if self._budget.trials is None:
            return math.inf
        return max(0, self._budget.trials - len(self._ledger.trials))

    def seconds_left(self) -> float:
        """Seconds of the budget; infinite where none is set or the study is not running."""
        if self._budget.seconds is None or self._ledger.state is not StudyState.RUNNING:
            return math.inf
        return self._budget.seconds - self._ledger.elapsed()

    def is_target_reached(self, trial: Trial) -> bool:
        """Whether a trial is as good as the study was to become."""
        target, value = self._budget.target, trial.value
        if target is None or value is None or trial.state is not TrialState.COMPLETE:
            return False
        return value >= target if self._maximises else value <= target
