"""When a study is over: its number of trials, its time, its target, too many failures alike."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Hashable, Iterable

from engine.events import StopReason, StudyState
from engine.ledger import Ledger
from engine.methods import make_method
from engine.space import SearchSpace, SpaceError
from engine.spec import Budget
from engine.trial import FailureReason, Trial, TrialState

Why = tuple[StopReason, str]
"""Why a study is over, and that in one sentence."""


class StopRules:
    """A study's budget and its patience with failures, held against what has happened."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._row = 0
        self._alike: FailureReason | None = None

    @property
    def _budget(self) -> Budget:
        return self._ledger.spec.budget

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

    def is_target_reached(self, trial: Trial | None) -> bool:
        """Whether a trial is as good as the study was to become."""
        if trial is None or trial.state is not TrialState.COMPLETE:
            return False
        target, value = self._budget.target, trial.value
        if target is None or value is None:
            return False
        maximises = self._ledger.spec.task.direction == "maximize"
        return value >= target if maximises else value <= target

    def spent(self) -> Why | None:
        """Why a study that has yet to begin, or to go on, may start no new trials any more.

        The number of trials aside, which a method may not have used up.
        """
        best, seconds = self._ledger.best, self._budget.seconds
        if best is not None and self.is_target_reached(best):
            return StopReason.TARGET, self.target_reached(best)
        if seconds is not None and self._ledger.elapsed() >= seconds:
            return StopReason.SECONDS, self.time_is_up()
        return None

    def allow_more(self) -> bool:
        """Whether a study that has ended would propose trials again, by the budget it has now."""
        spec = self._ledger.spec
        finished = [trial for trial in self._ledger.all_trials() if trial.state.is_finished]
        if self.spent() is not None or len(finished) >= (self._budget.trials or math.inf):
            return False
        capacity = make_method(spec.method.name, spec.space, **spec.method.options).capacity
        return capacity is None or _distinct(finished, spec.space) < capacity

    def natural_end(self, is_exhausted: bool) -> Why | None:
        """Why a study on whose trials nobody waits any more is over, if it is."""
        count = len(self._ledger.trials)
        if self.trials_left() == 0:
            return StopReason.TRIALS, f"All {count} trials are done."
        if is_exhausted:
            return StopReason.EXHAUSTED, f"All {count} configurations have been tried."
        return None

    def target_reached(self, trial: Trial) -> str:
        """That a trial is as good as was asked for, in a sentence."""
        return f"Trial {trial.number} reached the target of {self._budget.target:g}."

    def time_is_up(self) -> str:
        """That the budget's seconds are used up, in a sentence."""
        return f"The {self._budget.seconds:g} s of the budget are used up."

    def count(self, trial: Trial) -> None:
        """Count a trial that is over to the row of failures alike, or begin a new one.

        What a person ended says nothing, and is passed over.
        """
        if not trial.state.is_finished or trial.state is TrialState.CANCELLED:
            return
        reason = None if trial.failure is None else trial.failure.reason
        self._row = 0 if reason is None else self._row + 1 if reason is self._alike else 1
        self._alike = reason

    def is_failing(self) -> bool:
        """Whether as many trials in a row failed alike as end the study."""
        limit = self._ledger.spec.limits.same_failures
        return limit is not None and self._row >= limit

    def is_met_by(self, trial: Trial) -> bool:
        """Whether the study ends with a trial that is over, so that none is begun after it."""
        return self.is_target_reached(trial) or self.is_failing()

    def failing(self, trial: Trial) -> str:
        """What the last trials have in common, in a sentence; `trial` is the last of them."""
        assert trial.failure is not None
        what = f"{self._row} trials in a row failed alike" if self._row > 1 else "a trial failed"
        reason = str(trial.failure.reason).replace("_", " ")
        return f"Stopped: {what} ({reason}): {trial.failure.message}"


def _distinct(trials: Iterable[Trial], space: SearchSpace) -> int:
    """How many configurations of `space` have been tried."""
    keys: set[Hashable] = set()
    for trial in trials:
        with contextlib.suppress(SpaceError):
            keys.add(space.key(trial.params))
    return len(keys)
