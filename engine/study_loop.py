"""The study thread's work: commands, workers and the method in; records, disk and events out.

Everything that changes a study happens here, one message at a time. The loop is handed its
executor, proposer and clock, so that tests run it in virtual time. Which trials are next, and
whether any are, is dispatch.py's to say, when it is enough ending.py's.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from engine.changes import write_down
from engine.checkpoints import Checkpoints
from engine.commands import (
    Cancel,
    Change,
    Continue,
    Enqueue,
    Granted,
    Lasting,
    Pause,
    Resume,
    RunAgain,
    Stop,
)
from engine.continuing import Continuing
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
from engine.pruning import BY_HAND, Pruning
from engine.retrying import Retrying
from engine.settling import Settling
from engine.stop_rules import StopRules
from engine.store import Store
from engine.supply import Supply
from engine.surroundings import Surroundings
from engine.trial import Trial, TrialState
from engine.wording import trials_named
from engine.workforce import Workforce

PAUSABLE = (StudyState.RUNNING, StudyState.PAUSED)


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
                message = self._around.clock.wait(self.inbox, self._patience())
                if message is not None:
                    self._handle(message)
                self._look_at_the_time()
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
        self._handle(command)
        self._journal.commit()
        if self._journal.trouble is not None:
            raise self._journal.trouble

    def _handle(self, message: Any) -> None:
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
                self._go_on()
            case Pause() if self._ledger.state in PAUSABLE and not self._ending.has_come:
                self._pause(message.now)
            case Resume() if self._ledger.state is StudyState.PAUSED:
                self._journal.set_state(StudyState.RUNNING)
                self._journal.retry(anew=True)
                self._go_on()
            case Stop():
                self._ending.make_way()
                self._end_because(StopReason.USER, "Stopped by you; it can be gone on with.")
            case Cancel():
                self._cancel(message.number)
            case Enqueue():
                self._supply.add(message.params)
                self._go_on()
            case RunAgain():
                self._supply.add_again(message.number, message.seeds)
                self._go_on()
            case Continue():
                self._continuing.by_hand(message.number)
                self._go_on()
            case Change():
                self._change(message)
            case WorkerReady() | WorkerLeftOut() | ReportsThinned():
                self._outcomes.noted(message)
            case StackSized():
                self._dispatch.sized(message)
            case TrialReturned() if message.number in self._workforce.under_way:
                self._on_returned(message)
            case ProposerLost() if self._supply.method.restart(message):
                self._dispatch.ask_ahead()
            case ProposerLost() | WorkersRefused():
                self._give_up(message.message)

    # Beginning

    def _begin(self) -> None:
        """The devices are ours: start the workers and the method, and tell it what is known."""
        self._workforce.hire(self._ledger.spec)
        self._supply.method.start()
        self._pruning.begin()
        self._ending.begin()
        self._journal.set_state(StudyState.RUNNING)
        self._checkpoints.tidy()
        self._take_up()
        self._go_on()

    def _take_up(self) -> None:
        """The trials that nobody has finished wait; what was proposed only if the study goes on."""
        busy = {*self._workforce.under_way, *self._supply.waiting}
        for trial in self._ledger.all_trials():
            if trial.state.is_finished or trial.number in busy:
                continue
            if trial.state is TrialState.QUEUED:
                self._supply.put_back(trial.number)
                if trial.note in ("", BY_HAND):
                    self._supply.ask_for(trial.number)
            elif not self._ending.is_spent:
                self._supply.put_back(trial.number)
                self._outcomes.interrupted(trial)

    def _go_on(self) -> None:
        """Start what can be started, and end the study when nothing is left."""
        if not self._ending.has_come:
            self._workforce.renew(self._ledger.spec)
        self._dispatch.start()
        self._dispatch.ask_ahead()
        self._look_for_the_end()

    def _on_proposed(self, message: Proposed) -> None:
        """Take what was proposed, unless the method expects too little of it."""
        if self._supply.method.take(message) and not self._ending.has_come:
            why = self._settling.judge(message.outlook)
            if why is not None:
                self._end_because(*why)
            else:
                self._continuing.by_method()
        self._go_on()

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
            self._say_paused()
        self._go_on()

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
        self._go_on()

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
        self._judge(trial)

    def _judge(self, trial: Trial | None) -> None:
        """End the study where a trial was as good, or the last ones as bad, as is enough."""
        why = self._ending.verdict(trial)
        if why is not None:
            self._end_because(*why)

    # Commands

    def _pause(self, now: bool) -> None:
        if now:
            self._workforce.interrupt()
        self._say_paused()

    def _say_paused(self) -> None:
        runs = trials_named(self._workforce.under_way)
        self._journal.set_state(StudyState.PAUSED, message=runs and f"Still running: {runs}.")

    def _cancel(self, number: int) -> None:
        trial = self._ledger.trials.get(number)
        if trial is None or trial.state.is_finished or self._workforce.executor is None:
            return
        if number in self._workforce.under_way:
            self._workforce.cancel(number)
        else:
            self._supply.withdraw(number)
            self._conclude(self._continuing.withdrawn(trial))
            self._go_on()

    def _change(self, change: Change) -> None:
        """Go on by other terms: at once, or for the next trials where workers watch them."""
        before = self._ledger.spec
        write_down(self._journal, change)
        spec = self._ledger.spec
        if self._workforce.executor is None:
            return
        self._workforce.follow(before, spec)
        if spec.space != before.space:
            self._supply.method.start()
        if spec.budget != before.budget:
            self._ending.look_anew()
            self._take_up()
            self._judge(self._ledger.best)
        self._go_on()

    # Ending

    def _end_because(self, reason: StopReason, message: str) -> None:
        """Start nothing more, end what runs with what it has, then end the study."""
        self._ending.decide(reason, message)
        self._journal.set_state(StudyState.STOPPING)
        self._workforce.interrupt()
        self._look_for_the_end()

    def _give_up(self, message: str) -> None:
        """Nothing can run: stop, and say why."""
        self._ending.give_up(message)
        self._end_because(StopReason.ERROR, message)

    def _look_at_the_time(self) -> None:
        if self._journal.look_at_the_time():
            self._go_on()
        if self._ending.is_test_late() or self._ending.is_time_up():
            self._go_on()

    def _patience(self) -> float | None:
        """Seconds until the clock has to be looked at."""
        wait = min(self._journal.patience(), self._ending.patience())
        return None if math.isinf(wait) else max(0.0, wait)

    def _look_for_the_end(self) -> None:
        workers, supply = self._workforce, self._supply
        if not workers.under_way:
            if self._ending.is_final:
                self._leave_undone()
            exhausted = supply.method.is_exhausted
            self._ending.look(workers.executor, bool(supply.waiting), exhausted)

    def _leave_undone(self) -> None:
        """What waits was proposed, and is not run any more: the study has come to its end."""
        for trial in self._continuing.left_over():
            self._ledger.publish(TrialFinished(self._store.put_trial(trial)))
            self._journal.touch()

    def _break_off(self, message: str) -> None:
        """Something is wrong that this cannot mend: say so, and keep in memory what is there."""
        self._ending.is_over = True
        for trial in self._ledger.all_trials():
            if trial.state is TrialState.RUNNING:
                self._ledger.publish(TrialFinished(replace(trial, state=TrialState.INTERRUPTED)))
        event = StudyStateChanged(StudyState.STOPPED, StopReason.ERROR, message)
        self._ledger.publish(event)
