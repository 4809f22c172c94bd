"""Why trials failed, in words: one trial's reason, and what many have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from engine.trial import Failure, FailureReason, Trial, in_order_of_ending
from gui.numbers import count

_IN_A_ROW, _IN_ALL = 3, 6
"""So many trials that failed alike are no accident: one after another, or half of all."""


def failure_words(failure: Failure) -> str:
    """ "out of memory: ..." on one line."""
    return f"{reason_words(failure.reason)}: {' '.join(failure.message.split())}"


def reason_words(reason: FailureReason) -> str:
    """A reason as people say it: "no objective", "out of memory"."""
    return str(reason).replace("_", " ")


@dataclass(frozen=True)
class CommonFailure:
    """What failed trials have in common, in a sentence, and the last of them."""

    sentence: str
    trial: Trial


class FailureTally:
    """Counts failures by their reasons, in the order in which trials finish."""

    def __init__(self, trials: Iterable[Trial] = ()) -> None:
        self._finished = 0
        self._counts: Counter[FailureReason] = Counter()
        self._latest: dict[FailureReason, Trial] = {}
        self._row = 0
        self._alike: FailureReason | None = None
        for trial in in_order_of_ending(trials):
            self.add(trial)

    def add(self, trial: Trial) -> None:
        """Count a trial that is over."""
        self._finished += 1
        reason = None if trial.failure is None else trial.failure.reason
        self._row = self._row + 1 if reason is self._alike else 1
        self._alike = reason
        if reason is not None:
            self._counts[reason] += 1
            self._latest[reason] = trial

    def common(self) -> CommonFailure | None:
        """What so many trials failed of that it is one error; None where there is no such thing."""
        if self._alike is not None and self._row >= _IN_A_ROW:
            return self._told(self._alike, f"The last {count(self._row)} trials failed alike")
        for reason, failed in self._counts.most_common(1):
            if failed >= _IN_ALL and 2 * failed >= self._finished:
                many = f"{count(failed)} of {count(self._finished)} trials failed alike"
                return self._told(reason, many)
        return None

    def _told(self, reason: FailureReason, what: str) -> CommonFailure:
        trial = self._latest[reason]
        assert trial.failure is not None
        return CommonFailure(f"{what}, {failure_words(trial.failure)}", trial)
