"""The weights that a study keeps: those of its best few trials."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from engine.ledger import Ledger
from engine.task_tables import BuiltinTask
from engine.trial import Trial, TrialState


class KeptWeights:
    """Deletes the weights of trials that are no longer among the best."""

    def __init__(self, ledger: Ledger, weights_of: Callable[[int], Path]) -> None:
        self._ledger = ledger
        self._weights_of = weights_of
        complete = [t for t in ledger.trials.values() if t.state is TrialState.COMPLETE]
        task = ledger.spec.task
        self._keep = task.keep if isinstance(task, BuiltinTask) else 0
        self._best = self._ranked(complete)[: self._keep]

    def add(self, trial: Trial) -> None:
        """A trial is complete: its weights, or those of one that it displaces, are deleted."""
        ranked = self._ranked([*self._best, trial])
        self._best = ranked[: self._keep]
        for displaced in ranked[self._keep :]:
            with contextlib.suppress(OSError):
                self._weights_of(displaced.number).unlink(missing_ok=True)

    def _ranked(self, trials: list[Trial]) -> list[Trial]:
        return sorted(trials, key=lambda trial: (self._ledger.loss(trial), trial.number))
