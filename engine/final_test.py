"""The test metrics of a study's best trial: computed once for it, when the study ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from engine.clock import Clock
from engine.ledger import Ledger
from engine.trial import Trial

TEST_SECONDS = 60.0
"""How long the test may take before the study ends without it."""


class FinalTest:
    """Which trial is being tested, until when, and which have been."""

    def __init__(self, ledger: Ledger, clock: Clock, weights_of: Callable[[int], Path]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._weights_of = weights_of
        self._deadline = math.inf
        self._tried: set[int] = set()
        self.number: int | None = None

    def due(self) -> Trial | None:
        """The best trial, if its test is still to be computed and can be."""
        best = self._ledger.best
        if best is None or best.test or best.number in self._tried:
            return None
        return best if self._weights_of(best.number).exists() else None

    def begin(self, trial: Trial) -> None:
        """The test of `trial` is under way."""
        self.number = trial.number
        self._deadline = self._clock.monotonic() + TEST_SECONDS

    def end(self) -> None:
        """It is over, well or not; it is not tried again."""
        assert self.number is not None
        self._tried.add(self.number)
        self.number = None
        self._deadline = math.inf

    def seconds_left(self) -> float:
        """Seconds until the test has taken too long; infinite when none is under way."""
        return self._deadline - self._clock.monotonic()
