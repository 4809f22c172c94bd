"""The test metrics of a study's best trial: computed once for it, when the study ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from engine.clock import Clock
from engine.events import TrialTested
from engine.executors.messages import TrialTestEnded
from engine.journal import Journal
from engine.surroundings import Executor

TEST_SECONDS = 60.0
"""How long the test may take before the study ends without it."""


class FinalTest:
    """Which trial is being tested, until when, and which have been."""

    def __init__(self, journal: Journal, clock: Clock, weights_of: Callable[[int], Path]) -> None:
        self._journal = journal
        self._ledger = journal.ledger
        self._clock = clock
        self._weights_of = weights_of
        self._deadline = math.inf
        self._tried: set[int] = set()
        self.number: int | None = None

    def begin(self, executor: Executor) -> bool:
        """Have the best trial tested, if that is still to be done and can be; whether it is."""
        best = self._ledger.best
        if best is None or best.test or best.number in self._tried:
            return False
        if not self._weights_of(best.number).exists():
            return False
        self.number = best.number
        self._deadline = self._clock.monotonic() + TEST_SECONDS
        executor.test(best)
        return True

    def end(self, message: TrialTestEnded) -> None:
        """It is over, well or not: written down and told. It is not tried again."""
        self._tried.add(message.number)
        self.number = None
        self._deadline = math.inf
        if message.problem:
            text = f"The test metrics of trial {message.number} are missing: {message.problem}."
            self._journal.log("warning", text, message.number)
            return
        trial = replace(self._ledger.trials[message.number], test=dict(message.metrics))
        self._journal.store.put_trial(trial)
        self._journal.commit()
        self._ledger.publish(TrialTested(trial))

    def seconds_left(self) -> float:
        """Seconds until the test has taken too long; infinite when none is under way."""
        return self._deadline - self._clock.monotonic()
