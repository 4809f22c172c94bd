"""Stops the trials of a study that are not worth finishing, by the rule that its spec names.

The rule is engine.pruners'; here it is told what the study's trials report and how they end, in the
order in which the study hears of it, and kept account of which were told to stop, and why. That
some of them go on after all is continuing.py's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from engine.ledger import Ledger
from engine.trial import Report, Trial, TrialState, in_order_of_ending

BY_HAND = "it goes on: asked for by you"
"""The note of a stopped trial that goes on because a person wants it to; the rule has others."""
BY_METHOD = "it goes on: the method expects more of it than of a new trial"
"""That of one that goes on because the method wants it to."""
_DONE = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.CANCELLED)
"""How a trial ends that does not go on: it has no note but that with which it was stopped."""
_STOPPED = (TrialState.INTERRUPTED, TrialState.PRUNED)
"""How a trial ends that was told to stop, and did; a script may say by itself that it is pruned."""


class Pruning:
    """A study's pruner, from the start of its run to the end."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._stopped: dict[int, str] = {}
        self._pruner = ledger.spec.make_pruner()

    def begin(self) -> None:
        """Tell the rule all that the study has seen."""
        trials = self._ledger.all_trials()
        for trial in in_order_of_ending(trials):
            self._tell(trial.number, self._ledger.reports.get(trial.number, ()))
            self._pruner.end(trial.number, trial.state)
        for trial in trials:
            if not trial.state.is_finished:
                self._tell(trial.number, self._ledger.reports.get(trial.number, ()))
                if trial.note:
                    self.goes_on(trial)

    def is_to_stop(self, number: int, report: Report) -> bool:
        """Whether what a trial reported is the reason to stop it; said once."""
        self._tell(number, [report])
        if number in self._stopped or not self._is_known(report):
            return False
        why = self._pruner.judge(number)
        if why is not None and self._is_repeat(number):
            self._pruner.spare(number)
            why = self._pruner.judge(number)
        if why is not None:
            self._stopped[number] = why
        return why is not None

    def _is_repeat(self, number: int) -> bool:
        """Whether a trial shows how much an earlier one's value varies by its seed: were those that
        turn out worse than it stopped, the others would tell too little of that."""
        trial = self._ledger.trials[number]
        return any(
            other.number < number and other.params == trial.params and other.seed != trial.seed
            for other in self._ledger.all_trials()
        )

    def returned(self, number: int) -> None:
        """A trial is not run now, whatever it was told."""
        self._stopped.pop(number, None)

    def ended(self, trial: Trial) -> Trial:
        """A trial as it has ended: one that was told to stop, and did, is pruned."""
        why = self._stopped.pop(trial.number, "")
        if why and trial.state in _STOPPED:
            trial = replace(self._valued(trial), state=TrialState.PRUNED, note=why)
        elif trial.state in _DONE:
            trial = replace(trial, note="")
        self._pruner.end(trial.number, trial.state)
        return trial

    def to_continue(self, stopped: Iterable[int], most: int) -> dict[int, str]:
        """The notes of the trials among those `stopped` that the rule would let go on by now: the
        best first, `most` of them at most.

        It takes back its own word alone.
        """
        numbers = self._pruner.to_continue(self.can_go_on(stopped))
        return {number: f"it goes on: {self._pruner.why(number)}" for number in numbers[:most]}

    def can_go_on(self, stopped: Iterable[int]) -> list[int]:
        """Those of the trials `stopped` which the rule stopped for what others have reported.

        A script may say by itself that it is pruned: then the trial has no note.
        """
        trials = self._ledger.trials
        return [n for n in stopped if trials[n].note and self._pruner.can_go_on(n)]

    def goes_on(self, trial: Trial) -> None:
        """A trial that was stopped goes on, its note says on whose word."""
        if trial.note in (BY_HAND, BY_METHOD):
            self._pruner.spare(trial.number)
        else:
            self._pruner.let_go_on(trial.number)

    def stays(self, trial: Trial) -> Trial:
        """A trial that was to go on, and does not after all."""
        self._pruner.end(trial.number, TrialState.PRUNED)
        return self._valued(trial)

    def _valued(self, trial: Trial) -> Trial:
        """With the last value that it reported, if it gave none itself, as one that was killed."""
        reports = [r for r in self._ledger.reports.get(trial.number, ()) if self._is_known(r)]
        if trial.value is not None or not reports:
            return trial
        last = reports[-1]
        value = last.metrics[self._ledger.spec.task.objective]
        return replace(
            trial, value=value, step=last.step, metrics=last.metrics, seconds=last.seconds
        )

    def _tell(self, number: int, reports: Iterable[Report]) -> None:
        task = self._ledger.spec.task
        sign = -1.0 if task.direction == "maximize" else 1.0
        for report in reports:
            if self._is_known(report):
                self._pruner.tell(number, report.step, sign * report.metrics[task.objective])

    def _is_known(self, report: Report) -> bool:
        return self._ledger.spec.task.objective in report.metrics
