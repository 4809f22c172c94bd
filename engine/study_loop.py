"""The study thread's work: commands, workers and the method in; records, disk and events out.

Everything that changes a study happens here, one message at a time. The loop is handed its
executor, proposer and clock, so that tests run it in virtual time. How the study goes on and ends
is course.py's to say, what comes of a command steering.py's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.checkpoints import Checkpoints
from engine.commands import Command, Granted, Lasting
from engine.continuing import Continuing
from engine.course import Course
from engine.dispatch import Dispatch
from engine.ending import Ending
from engine.events import StopReason, StudyState, StudyStateChanged, TrialFinished
from engine.executors.messages import (
    ReportsThinned,
    StackSized,
    TrialBegan,
    TrialEnded,
    TrialProgressed,
    TrialReturned,
    TrialTestEnded,
    WorkerLeftOut,
    WorkerReady,
    WorkersRefused,
)
from engine.final_test import FinalTest
from engine.journal import Journal
from engine.kept_weights import KeptWeights
from engine.ledger import Ledger
from engine.outcomes import Outcomes
from engine.proposer import Proposed, ProposerLost
from engine.pruning import Pruning
from engine.retrying import Retrying
from engine.settling import Settling
from engine.steering import Steering
from engine.stop_rules import StopRules
from engine.store import Store
from engine.supply import Supply
from engine.surroundings import Surroundings
from engine.trial import Trial, TrialState
from engine.workforce import Workforce


class StudyLoop:
    """One run of a study, from its start to its end or its interruption."""

    def __init__(self, ledger: Ledger, store: Store, around: Surroundings) -> None:
        self.inbox = around.inbox
        self._ledger = ledger
        self._store = store
        self._around = around
        self._journal = Journal(ledger, store, around.clock)
        self._rules = StopRules(ledger)
        self._test = FinalTest(self._journal, around.clock, around.weights_of)
        self._ending = Ending(self._journal, self._rules, self._test)
        self._workforce = Workforce(around)
        self._checkpoints = Checkpoints(ledger, around.checkpoint_of)
        self._supply = Supply(self._journal, around, self._checkpoints)
        self._outcomes = Outcomes(self._journal, self._checkpoints)
        self._pruning = Pruning(ledger)
        self._continuing = Continuing(self._journal, self._pruning, self._checkpoints, self._supply)
        self._dispatch = Dispatch(
            self._journal, around, self._ending, self._workforce, self._supply, self._continuing
        )
        self._course = Course(
            self._journal,
            self._ending,
            self._workforce,
            self._supply,
            self._outcomes,
            self._continuing,
            self._dispatch,
        )
        self._steering = Steering(
            self._journal,
            self._ending,
            self._workforce,
            self._supply,
            self._continuing,
            self._course,
            self._conclude,
        )
        self._retrying = Retrying(ledger)
        self._settling = Settling(self._journal)
        self._weights = KeptWeights(ledger, around.weights_of)

    @property
    def is_over(self) -> bool:
        """Whether it has come to its end, and hears no more commands."""
        return self._ending.is_over

    def processes(self) -> dict[int, int]:
        """The process of each worker, by the worker's number. May be asked by any thread."""
        return self._workforce.processes()

    def run(self) -> None:
        """Run until the study is over. Whatever goes wrong is said in the study's state."""
        try:
            self._journal.set_state(StudyState.WAITING)
            while not self.is_over:
                message = self._around.clock.wait(self.inbox, self._course.patience())
                if message is not None:
                    self._handle(message)
                self._course.look_at_the_time()
        except OSError as error:
            self._break_off(f"The study cannot go on: {error}.")
        except Exception as error:
            self._break_off(f"An error of the program itself ended the study: {error!r}.")
            raise
        finally:
            self._workforce.close()
            self._supply.method.close()
            self._checkpoints.tidy()

    def carry_out(self, command: Lasting) -> None:
        """Do what is asked of a study that is not at work. Raises DiskError if it is only kept."""
        self._steering.carry_out(command)
        self._journal.commit()
        if self._journal.trouble is not None:
            raise self._journal.trouble

    def _handle(self, message: Any) -> None:
        if isinstance(message, Command):
            self._steering.carry_out(message)
            return
        match message:
            case Granted():
                self._begin()
            case TrialProgressed() if message.number in self._workforce.under_way:
                self._on_reported(message)
            case TrialBegan() if message.number in self._workforce.under_way:
                self._outcomes.began(message)
            case TrialEnded() if message.number in self._workforce.under_way:
                self._on_ended(message)
            case Proposed():
                self._on_proposed(message)
            case TrialTestEnded() if message.number == self._test.number:
                self._ending.end_test(message)
                self._course.go_on()
            case WorkerReady() | WorkerLeftOut() | ReportsThinned():
                self._outcomes.noted(message)
            case StackSized():
                self._dispatch.sized(message)
            case TrialReturned() if message.number in self._workforce.under_way:
                self._on_returned(message)
            case ProposerLost() if self._supply.method.restart(message):
                self._dispatch.ask_ahead()
            case ProposerLost() | WorkersRefused():
                self._course.give_up(message.message)

    # Beginning

    def _begin(self) -> None:
        """The devices are ours: start the workers and the method, and tell it what is known."""
        self._workforce.hire(self._ledger.spec)
        self._supply.method.start()
        self._pruning.begin()
        self._ending.begin()
        self._journal.set_state(StudyState.RUNNING)
        self._checkpoints.tidy()
        self._course.take_up()
        self._course.go_on()

    def _on_proposed(self, message: Proposed) -> None:
        """Take what was proposed, unless the method expects too little of it."""
        if self._supply.method.take(message) and not self._ending.has_come:
            why = self._settling.judge(message.outlook)
            if why is not None:
                self._course.end_because(*why)
            else:
                self._continuing.by_method()
        self._course.go_on()

    # What happens to trials

    def _on_reported(self, message: TrialProgressed) -> None:
        report = self._outcomes.reported(message)
        if self._pruning.is_to_stop(message.number, report):
            self._workforce.stop(message.number)
        else:
            self._dispatch.fill_seats(message.number)

    def _on_ended(self, message: TrialEnded) -> None:
        was_cancelled = self._workforce.over(message.number)
        trial = self._pruning.ended(self._outcomes.ended(message, was_cancelled))
        is_last = was_cancelled or self._ending.has_come
        if self._retrying.is_due(trial) and not is_last:
            self._outcomes.log_end(trial, None, self._retrying.attempt(trial.number))
            self._supply.try_again(trial)
        else:
            self._conclude(self._retrying.summed_up(trial))
        if self._journal.state is StudyState.PAUSED:
            self._course.say_paused()
        self._course.go_on()

    def _on_returned(self, message: TrialReturned) -> None:
        """A worker does not run a trial now; it waits again."""
        was_cancelled = self._workforce.over(message.number)
        self._pruning.returned(message.number)
        trial = self._ledger.trials[message.number]
        self._outcomes.log_return(message)
        if was_cancelled:
            self._conclude(replace(trial, state=TrialState.CANCELLED))
        else:
            self._supply.try_again(trial, message.alone)
        self._course.go_on()

    def _conclude(self, trial: Trial) -> None:
        """A trial is over: a worker gets the next, this one goes to disk, then the world hears."""
        best_before = self._ledger.best
        self._rules.count(trial)
        trial = self._store.put_trial(trial)
        if self._around.looks_ahead and not self._rules.is_met_by(trial):
            self._dispatch.start()
        self._journal.commit()
        self._ledger.publish(TrialFinished(trial))
        self._outcomes.log_end(trial, best_before)
        if trial.state.is_finished:
            self._supply.method.tell(trial)
            self._checkpoints.over(trial)
        elif not self._ending.has_come:
            self._supply.put_back(trial.number)
        if trial.state is TrialState.COMPLETE:
            self._weights.add(trial)
        self._course.judge(trial)

    # When something is wrong

    def _break_off(self, message: str) -> None:
        """Something is wrong that this cannot mend: say so, and keep in memory what is there."""
        self._ending.is_over = True
        for trial in self._ledger.all_trials():
            if trial.state is TrialState.RUNNING:
                self._ledger.publish(TrialFinished(replace(trial, state=TrialState.INTERRUPTED)))
        event = StudyStateChanged(StudyState.STOPPED, StopReason.ERROR, message)
        self._ledger.publish(event)
