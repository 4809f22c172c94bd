"""What trials have put by to go on from: whether it is there, what went before, its deletion.

What is in a checkpoint is the task's own affair; here it is a folder that is empty or is not.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from engine.events import StudyState
from engine.ledger import Ledger
from engine.trial import Report, Trial, TrialState

MOST_STOPPED = 20
"""Of so many trials that were stopped early the checkpoints are kept, lest the disk fill up."""


class Checkpoints:
    """The checkpoints of a study's trials, and the seconds that each had run before."""

    def __init__(self, ledger: Ledger, folder_of: Callable[[int], Path]) -> None:
        self._ledger = ledger
        self._folder_of = folder_of
        self._before: dict[int, float] = {}
        self._stopped: list[int] = []

    @property
    def stopped(self) -> tuple[int, ...]:
        """The numbers of the trials that were stopped early and can go on."""
        return tuple(self._stopped)

    def is_there(self, number: int) -> bool:
        """Whether a trial has something to go on from."""
        with contextlib.suppress(OSError):
            return any(self._folder_of(number).iterdir())
        return False

    def go_on_from(self, number: int) -> bool:
        """Whether a trial that is started goes on from a checkpoint: its time counts on then."""
        self._before.pop(number, None)
        if not self.is_there(number):
            return False
        reports = self._ledger.reports.get(number)
        if reports:
            self._before[number] = max(report.seconds for report in reports)
        return True

    def seconds(self, number: int, seconds: float) -> float:
        """The seconds that a trial has taken in all, `seconds` of them since it was started."""
        return self._before.get(number, 0.0) + seconds

    def timed(self, number: int, report: Report) -> Report:
        """A report, with the time before the checkpoint counted in."""
        return replace(report, seconds=self.seconds(number, report.seconds))

    def over(self, trial: Trial) -> None:
        """A trial is over: what it put by is deleted, unless it was stopped early and is one of the
        best of those."""
        if trial.state is not TrialState.PRUNED or not self.is_there(trial.number):
            self._drop(trial.number)
            return
        self._before.pop(trial.number, None)
        self._stopped = self._ranked([*self._stopped, trial.number])
        for number in self._stopped[MOST_STOPPED:]:
            self._drop(number)
        del self._stopped[MOST_STOPPED:]

    def goes_on(self, number: int) -> None:
        """A trial that was stopped is so no longer."""
        if number in self._stopped:
            self._stopped.remove(number)

    def _drop(self, number: int) -> None:
        self._before.pop(number, None)
        shutil.rmtree(self._folder_of(number), ignore_errors=True)

    def _ranked(self, numbers: Iterable[int]) -> list[int]:
        """Stopped trials, the best first: by how many others were as good after no more steps."""
        stood = {
            number: (self._ledger.loss(self._ledger.trials[number]), self._last(number))
            for number in numbers
        }

        def rank(number: int) -> tuple[int, float, int]:
            loss, steps = stood[number]
            as_good = sum(other <= loss and done <= steps for other, done in stood.values())
            return as_good, loss, number

        return sorted(stood, key=rank)

    def _last(self, number: int) -> int:
        reports = self._ledger.reports.get(number)
        return reports[-1].step if reports else 0

    def tidy(self) -> None:
        """Delete what has been left behind of trials that are over, as by a program that was
        killed; all that is there, once the study is over."""
        trials = self._ledger.all_trials()
        pruned = [t.number for t in trials if t.state is TrialState.PRUNED]
        is_over = self._ledger.state is StudyState.FINISHED
        there = [] if is_over else [n for n in pruned if self.is_there(n)]
        self._stopped = self._ranked(there)[:MOST_STOPPED]
        kept = {*self._stopped, *(t.number for t in trials if not t.state.is_finished)}
        folders = {self._folder_of(number) for number in kept}
        with contextlib.suppress(OSError):
            for folder in set(self._folder_of(0).parent.iterdir()) - folders:
                shutil.rmtree(folder, ignore_errors=True)
