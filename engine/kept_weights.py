"""The weights that a study keeps: those of its best few trials."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from engine.ledger import Ledger
from engine.trial import Trial, TrialState


class KeptWeights:
    """Deletes the weights of trials that are no longer among the best."""

    def __init__(self, ledger: Ledger, weights_of: Callable[[int], Path]) -> None:
        self._ledger = ledger
        self._weights_of = weights_of
        complete = [t for t in ledger.trials.values() if t.state is TrialState.COMPLETE]
        self._best = self._ranked(complete)[: ledger.spec.task.keep]

    def add(self, trial: Trial) -> None:
        """A trial is complete: its weights, or those of one that it displaces, are deleted."""
        keep = self._ledger.spec.task.keep
        ranked = self._ranked([*self._best, trial])
        self._best = ranked[:keep]
        for displaced in ranked[keep:]:
            with contextlib.suppress(OSError):
                self._weights_of(displaced.number).unlink(missing_ok=True)

    def _ranked(self, trials: list[Trial]) -> list[Trial]:
        return sorted(trials, key=lambda trial: (self._ledger.loss(trial), trial.number))
