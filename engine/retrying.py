"""Which failed trials are run again, as the study's limits have it, and how that is told.

How often a trial has failed is known while a study runs; one that is gone on with counts anew.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from engine.ledger import Ledger
from engine.trial import Trial


class Retrying:
    """Counts the failures of each trial."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._failures: Counter[int] = Counter()

    def is_due(self, trial: Trial) -> bool:
        """Whether a trial that has just ended is run again. To be asked once for each end."""
        if trial.failure is None:
            return False
        self._failures[trial.number] += 1
        limits = self._ledger.spec.limits
        is_left = self._failures[trial.number] <= limits.retries
        return is_left and trial.failure.reason in limits.retry_on

    def attempt(self, number: int) -> str:
        """ " (attempt 2 of 3)", after a trial that is run again has failed."""
        return f" (attempt {self._failures[number]} of {self._ledger.spec.limits.retries + 1})"

    def summed_up(self, trial: Trial) -> Trial:
        """A trial that is over; where it failed more than once, its failure says how often."""
        count = self._failures[trial.number]
        if trial.failure is None or count < 2:
            return trial
        message = f"failed {count} times; last: {trial.failure.message}"
        return replace(trial, failure=replace(trial.failure, message=message))
