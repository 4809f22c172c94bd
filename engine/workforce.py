"""The study's workers as its loop sees them: how many are free, and who is at which trials.

The processes are the executor's. Other workers are hired, when the study was changed so that they
have to be, as soon as nothing runs on the present ones.
"""

from __future__ import annotations

import math

from engine.changes import needs_new_workers
from engine.spec import StudySpec
from engine.stacking import Unit
from engine.surroundings import Executor, Surroundings
from engine.trial import Trial


class Workforce:
    """An executor, once the study has begun, and the trials that are under way on it."""

    def __init__(self, around: Surroundings) -> None:
        self.executor: Executor | None = None
        self._around = around
        self._units: list[set[int]] = []
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
        """How many units run at once: the workers."""
        return 0 if self.executor is None else self.executor.capacity

    def processes(self) -> dict[int, int]:
        """The process of each worker, by the worker's number."""
        executor = self.executor
        return {} if executor is None else executor.processes()

    @property
    def under_way(self) -> set[int]:
        """The trials that were handed over and have not ended."""
        return {number for unit in self._units for number in unit}

    @property
    def free(self) -> int:
        """How many units can be begun now."""
        return 0 if self._is_outdated else max(0, self.capacity - len(self._units))

    def submit(self, unit: Unit) -> None:
        """Hand over a unit, for which there is a worker."""
        assert self.executor is not None
        self._units.append({trial.number for trial in unit.trials})
        self.executor.submit(unit.trials, most=unit.most, tried=unit.tried)

    def beside(self, member: int) -> float:
        """How many trials are in the unit of one of them; no more may be, where none is begun."""
        unit = next(unit for unit in self._units if member in unit)
        return math.inf if self._is_outdated else len(unit)

    def join(self, trial: Trial, member: int) -> None:
        """Hand over a trial that joins the unit of another."""
        assert self.executor is not None
        next(unit for unit in self._units if member in unit).add(trial.number)
        self.executor.submit([trial], beside=member)

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
        for unit in self._units:
            unit.discard(number)
        self._units = [unit for unit in self._units if unit]
        self._cancelled.discard(number)
        return was_cancelled

    def close(self) -> None:
        """End the workers, and wait for that."""
        if self.executor is not None:
            self.executor.close()
            self.executor = None
