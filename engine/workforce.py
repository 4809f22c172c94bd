"""The study's workers as its loop sees them: how many are free, and who is at which trial.

The processes are the executor's. Other workers are hired, when the study was changed so that they
have to be, as soon as nothing runs on the present ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.changes import needs_new_workers
from engine.spec import StudySpec
from engine.surroundings import Executor, Surroundings
from engine.trial import Trial


class Workforce:
    """An executor, once the study has begun, and the trials that are under way on it."""

    def __init__(self, around: Surroundings) -> None:
        self.executor: Executor | None = None
        self.under_way: set[int] = set()
        self._around = around
        self._cancelled: set[int] = set()
        self._is_outdated = False

    def hire(self, spec: StudySpec) -> None:
        """Start the workers, in the place of those that are there."""
        self.close()
        self.executor = self._around.make_executor(spec)
        self._is_outdated = False

    def follow(self, before: StudySpec, after: StudySpec) -> None:
        """The study was changed: no trial is begun by the old terms any more."""
        self._is_outdated |= needs_new_workers(before, after)

    def renew(self, spec: StudySpec) -> None:
        """Hire others where that is due and nothing runs."""
        if self._is_outdated and not self.under_way:
            self.hire(spec)

    @property
    def capacity(self) -> int:
        """How many trials run at once."""
        return 0 if self.executor is None else self.executor.capacity

    def processes(self) -> dict[int, int]:
        """The process of each worker, by the worker's number."""
        executor = self.executor
        return {} if executor is None else executor.processes()

    @property
    def free(self) -> int:
        """How many trials can be begun now."""
        return 0 if self._is_outdated else max(0, self.capacity - len(self.under_way))

    def submit(self, trials: Sequence[Trial]) -> None:
        """Hand over trials, for which there is room."""
        self.under_way.update(trial.number for trial in trials)
        if trials and self.executor is not None:
            self.executor.submit(trials)

    def cancel(self, number: int) -> None:
        """End a trial that is under way, for good."""
        self._cancelled.add(number)
        self.stop(number)

    def interrupt(self) -> None:
        """Have all trials end with what they have."""
        for number in self.under_way:
            self.stop(number)

    def stop(self, number: int) -> None:
        """Have one trial end with what it has."""
        assert self.executor is not None
        self.executor.cancel(number)

    def over(self, number: int) -> bool:
        """A trial is not under way any longer; whether it had been cancelled."""
        was_cancelled = number in self._cancelled
        self.under_way.discard(number)
        self._cancelled.discard(number)
        return was_cancelled

    def close(self) -> None:
        """End the workers, and wait for that."""
        if self.executor is not None:
            self.executor.close()
            self.executor = None
