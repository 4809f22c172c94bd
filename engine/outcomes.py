"""What is written down and told of a trial while it runs, and when it has ended.

What follows from it (the next trial, the end of the study) is course.py's affair.
"""

from __future__ import annotations

from dataclasses import replace

from engine.checkpoints import Checkpoints
from engine.events import TrialFinished, TrialStarted
from engine.executors.messages import (
    ReportsThinned,
    TrialBegan,
    TrialEnded,
    TrialProgressed,
    TrialReturned,
    WorkerLeftOut,
    WorkerReady,
)
from engine.journal import Journal
from engine.trial import Report, Trial, TrialState


class Outcomes:
    """Takes what workers say of trials into the records."""

    def __init__(self, journal: Journal, checkpoints: Checkpoints) -> None:
        self._journal = journal
        self._ledger = journal.ledger
        self._store = journal.store
        self._checkpoints = checkpoints
        self._returned_because = ""

    def began(self, message: TrialBegan) -> None:
        """A worker has begun a trial."""
        self._returned_because = ""
        trial = replace(
            self._ledger.trials[message.number],
            state=TrialState.RUNNING,
            started=message.time,
            worker=message.worker,
            device=message.device,
        )
        self._store.put_trial(trial)
        self._journal.touch()
        continues = bool(self._ledger.reports.get(trial.number))
        self._ledger.publish(TrialStarted(trial, continues))

    def reported(self, message: TrialProgressed) -> Report:
        """A running trial has reported."""
        report = self._checkpoints.timed(message.number, message.report)
        self._journal.report(message.number, report)
        return report

    def ended(self, message: TrialEnded, is_cancelled: bool) -> Trial:
        """The trial as it has ended; nothing is written yet."""
        state, seconds = message.state, message.seconds
        if state is TrialState.INTERRUPTED and is_cancelled:
            state = TrialState.CANCELLED
        if seconds is not None:
            seconds = self._checkpoints.seconds(message.number, seconds)
        return replace(
            self._ledger.trials[message.number],
            state=state,
            value=message.value,
            step=message.step,
            metrics=dict(message.metrics or {}),
            failure=message.failure,
            seconds=seconds,
            finished=message.time,
        )

    def interrupted(self, trial: Trial) -> None:
        """A trial was cut short by the end of the program; it is run again."""
        if trial.state is not TrialState.INTERRUPTED:
            trial = replace(trial, state=TrialState.INTERRUPTED)
            self._store.put_trial(trial)
            self._ledger.publish(TrialFinished(trial))
        goes_on = self._checkpoints.is_there(trial.number)
        what = "goes on from its checkpoint" if goes_on else "is run again"
        text = f"Trial {trial.number} was interrupted and {what}."
        self._journal.log("info", text, trial.number)

    def log_end(self, trial: Trial, best_before: Trial | None, note: str = "") -> None:
        """Say in the log how a trial has ended; `note` goes behind "failed"."""
        number = trial.number
        if trial.failure is not None:
            text = f"Trial {number} failed{note}: {trial.failure.message}"
            self._journal.log("error", text, number)
        elif trial.state is TrialState.PRUNED and trial.note:
            self._journal.log("info", f"Trial {number} was stopped: {trial.note}.", number)
        elif trial.state is not TrialState.COMPLETE:
            self._journal.log("warning", f"Trial {number} was {trial.state}.", number)
        else:
            objective = self._ledger.spec.task.objective
            news = " It is the best so far." if self._ledger.best is not best_before else ""
            text = f"Trial {number} finished: {objective} {trial.value:.6g}"
            self._journal.log("info", f"{text} in {trial.seconds:.2f} s.{news}", number)

    def log_return(self, message: TrialReturned) -> None:
        """Say in the log why a trial waits again, once for all that come back for one reason."""
        if message.why and message.why != self._returned_because:
            text = f"Trial {message.number} and others beside it are run again: {message.why}"
            self._journal.log("warning", text, message.number)
        self._returned_because = message.why

    def noted(self, message: WorkerReady | WorkerLeftOut | ReportsThinned) -> None:
        """Something for the log alone."""
        match message:
            case ReportsThinned(number=number):
                text = f"Trial {number} reports very often: not all of it is recorded."
                self._journal.log("info", text, number)
            case WorkerReady(worker=worker, device=device, seconds=seconds):
                text = f"Worker {worker + 1} is ready on {device} ({seconds:.1f} s)."
                self._journal.log("info", text)
            case WorkerLeftOut(worker=worker, device=device, message=why):
                text = f"Worker {worker + 1} on {device} is left out: {why}"
                self._journal.log("warning", text)
