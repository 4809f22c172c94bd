"""Stopped trials that go on after all: because a person wants it, or by the rule that stopped them,
or because the method expects more of one than of a new trial.

Such a trial waits for a worker again and keeps what it has reported. Its note says on whose word it
goes on, until it has ended, so that it is known also when the program was killed meanwhile.
"""

from __future__ import annotations

from dataclasses import replace

from engine.checkpoints import Checkpoints
from engine.journal import Journal
from engine.pruning import BY_HAND, BY_METHOD, Pruning
from engine.supply import Supply
from engine.task_tables import BuiltinTask
from engine.trial import Trial, TrialState

_TAKEN_BACK = "it was to go on, and was cancelled before it did"
_TOO_LATE = "it was to go on, and the study ended before it did"


class Continuing:
    """Puts stopped trials back to those that wait."""

    def __init__(
        self, journal: Journal, pruning: Pruning, checkpoints: Checkpoints, supply: Supply
    ) -> None:
        self._journal = journal
        self._ledger = journal.ledger
        self._pruning = pruning
        self._checkpoints = checkpoints
        self._supply = supply

    def by_hand(self, number: int) -> None:
        """A person wants a stopped trial to be finished; one that was not stopped is left alone."""
        trial = self._ledger.trials[number]
        if trial.state is TrialState.PRUNED:
            self._supply.ask_for(number)
            self._go_on(trial, BY_HAND)

    def by_rule(self, most: int) -> None:
        """Up to `most` trials go on which the rule would let go on by now, and have a checkpoint:
        nothing is run from its start once more but by hand."""
        waiting = len(self._supply.waiting)
        stopped = self._checkpoints.stopped
        if stopped and waiting < most:
            for number, why in self._pruning.to_continue(stopped, most - waiting).items():
                self._go_on(self._ledger.trials[number], why)

    def offer(self) -> None:
        """Say to the method which trials it may have go on: those that have a checkpoint."""
        trials = self._ledger.trials
        numbers = self._pruning.can_go_on(self._checkpoints.stopped)
        self._supply.method.offer([trials[number] for number in numbers])

    def by_method(self) -> None:
        """The stopped trials whose configurations the method has proposed again go on."""
        for number in self._supply.method.proposed_again():
            if self._ledger.trials[number].state is TrialState.PRUNED:
                self._go_on(self._ledger.trials[number], BY_METHOD)

    def _go_on(self, trial: Trial, note: str) -> None:
        waiting = replace(trial, state=TrialState.QUEUED, ended=None, note=note)
        self._journal.log("info", self._sentence(waiting), trial.number)
        self._pruning.goes_on(waiting)
        self._checkpoints.goes_on(trial.number)
        self._supply.go_on(waiting)

    def _sentence(self, trial: Trial) -> str:
        reports = self._ledger.reports.get(trial.number)
        why = trial.note.partition(": ")[2]
        if reports and self._checkpoints.is_there(trial.number):
            unit = "epoch" if isinstance(self._ledger.spec.task, BuiltinTask) else "step"
            return f"Trial {trial.number} goes on from {unit} {reports[-1].step}: {why}."
        return f"Trial {trial.number} left no checkpoint and begins again from its start: {why}."

    def withdrawn(self, trial: Trial) -> Trial:
        """A trial that is cancelled while it waits: one that was to go on is stopped as it was."""
        return self._not_run(trial, TrialState.CANCELLED, _TAKEN_BACK)

    def left_over(self) -> list[Trial]:
        """The trials that have waited in vain, as they are from now on: the study is over."""
        numbers = self._supply.left_over
        for number in numbers:
            self._supply.withdraw(number)
        trials = [self._ledger.trials[number] for number in numbers]
        return [self._not_run(trial, TrialState.INTERRUPTED, _TOO_LATE) for trial in trials]

    def _not_run(self, trial: Trial, state: TrialState, note: str) -> Trial:
        if not trial.note:
            return replace(trial, state=state)
        return self._pruning.stays(replace(trial, state=TrialState.PRUNED, note=note))
