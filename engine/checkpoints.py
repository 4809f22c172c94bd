"""What trials have put by to go on from: whether it is there, what went before, its deletion.

What is in a checkpoint is the task's own affair; here it is a folder that is empty or is not.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from engine.ledger import Ledger
from engine.trial import Report


class Checkpoints:
    """The checkpoints of a study's trials, and the seconds that each had run before."""

    def __init__(self, ledger: Ledger, folder_of: Callable[[int], Path]) -> None:
        self._ledger = ledger
        self._folder_of = folder_of
        self._before: dict[int, float] = {}

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

    def drop(self, number: int) -> None:
        """A trial is over for good: what it put by is deleted."""
        self._before.pop(number, None)
        shutil.rmtree(self._folder_of(number), ignore_errors=True)

    def tidy(self, unfinished: Iterable[int]) -> None:
        """Delete what has been left behind of other trials, as by a program that was killed."""
        kept = {self._folder_of(number) for number in unfinished}
        with contextlib.suppress(OSError):
            for folder in set(self._folder_of(0).parent.iterdir()) - kept:
                shutil.rmtree(folder, ignore_errors=True)
