"""The study thread's work: commands, workers and the method in; records, disk and events out.

Everything that changes a study happens here, one message at a time. The loop is handed its
executor, proposer and clock, so that tests run it in virtual time.
"""

from __future__ import annotations

import math
import queue
import sqlite3
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from engine.commands import Cancel, Enqueue, Granted, Pause, Resume, Stop
from engine.events import (
    StopReason,
    StudyState,
    StudyStateChanged,
    TrialFinished,
    TrialStarted,
    TrialTested,
)
from engine.executors.messages import (
    ReportsThinned,
    TrialBegan,
    TrialEnded,
    TrialProgressed,
    TrialTestEnded,
    WorkerLeftOut,
    WorkerReady,
    WorkersRefused,
)
from engine.final_test import FinalTest
from engine.journal import Journal
from engine.kept_weights import KeptWeights
from engine.ledger import Ledger
from engine.proposer import Proposed, Proposer, ProposerLost
from engine.stop_rules import StopRules
from engine.store import Store
from engine.surroundings import Executor, Surroundings
from engine.trial import Params, Trial, TrialState, in_order_of_ending

PROPOSER_RESTARTS = 1


class StudyLoop:
    """One run of a study, from its start to its end or its interruption."""

    def __init__(self, ledger: Ledger, store: Store, around: Surroundings) -> None:
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._ledger = ledger
        self._spec = ledger.spec
        self._store = store
        self._around = around
        self._clock = around.clock
        self._executor: Executor | None = None
        self._proposer: Proposer | None = None
        self._again: deque[int] = deque()
        self._proposals: deque[Params] = deque()
        self._asked = 0
        self._exhausted = False
        self._under_way: set[int] = set()
        self._cancelled: set[int] = set()
        self._ending: tuple[StopReason, str] | None = None
        self._journal = Journal(ledger, store, around.clock)
        self._rules = StopRules(ledger)
        self._test = FinalTest(ledger, around.clock, around.weights_of)
        self._weights = KeptWeights(ledger, around.weights_of)
        self._restarts = 0
        self._over = False

    def run(self) -> None:
        """Run until the study is over. Whatever goes wrong is said in the study's state."""
        try:
            self._journal.set_state(StudyState.WAITING)
            while not self._over:
                message = self._clock.wait(self.inbox, self._patience())
                if message is not None:
                    self._handle(message)
                self._look_at_the_time()
        except (sqlite3.Error, OSError) as error:
            self._break_off(f"The study's file cannot be written: {error}.")
        except Exception as error:
            self._break_off(f"An error of the program itself ended the study: {error!r}.")
            raise
        finally:
            for part in (self._executor, self._proposer):
                if part is not None:
                    part.close()

    def _handle(self, message: Any) -> None:
        match message:
            case Granted():
                self._begin()
            case TrialProgressed():
                self._on_report(message)
            case TrialBegan():
                self._on_began(message)
            case ReportsThinned():
                text = f"Trial {message.number} reports very often: not all of it is recorded."
                self._journal.log("info", text, message.number)
            case TrialEnded():
                self._on_ended(message)
            case Proposed():
                self._on_proposed(message)
            case TrialTestEnded():
                self._on_tested(message)
            case Pause() if self._ledger.state is StudyState.RUNNING and self._ending is None:
                self._journal.set_state(StudyState.PAUSED)
            case Resume() if self._ledger.state is StudyState.PAUSED:
                self._journal.set_state(StudyState.RUNNING)
                self._go_on()
            case Stop():
                self._stop()
            case Cancel():
                self._cancel(message.number)
            case Enqueue():
                self._enqueue(message.params)
            case WorkerReady():
                where = f"Worker {message.worker + 1} is ready on {message.device}"
                self._journal.log("info", f"{where} ({message.seconds:.1f} s).")
            case WorkerLeftOut():
                where = f"Worker {message.worker + 1} on {message.device} is left out"
                self._journal.log("warning", f"{where}: {message.message}")
            case WorkersRefused():
                self._give_up(message.message)
            case ProposerLost():
                self._on_proposer_lost(message)

    # Beginning

    def _begin(self) -> None:
        """The devices are ours: start the workers and the method, and tell it what is known."""
        self._executor = self._around.make_executor()
        self._make_proposer()
        self._journal.set_state(StudyState.RUNNING)
        unfinished = [trial for trial in self._ledger.all_trials() if not trial.state.is_finished]
        for trial in unfinished:
            self._again.append(trial.number)
            if trial.state is not TrialState.QUEUED:
                self._mark_interrupted(trial)
        self._go_on()

    def _mark_interrupted(self, trial: Trial) -> None:
        if trial.state is not TrialState.INTERRUPTED:
            trial = replace(trial, state=TrialState.INTERRUPTED)
            self._store.put_trial(trial)
            self._ledger.publish(TrialFinished(trial))
        self._journal.log(
            "info", f"Trial {trial.number} was interrupted and is run again.", trial.number
        )

    def _make_proposer(self) -> None:
        """Make the method anew and replay what it has seen, in the order of finishing."""
        self._proposer = self._around.make_proposer()
        self._asked = 0
        self._exhausted = False
        self._proposals.clear()
        trials = self._ledger.all_trials()
        for trial in in_order_of_ending(trials):
            self._tell(trial)
        for trial in trials:
            if not trial.state.is_finished:
                self._proposer.pend(trial.params)

    def _tell(self, trial: Trial) -> None:
        assert self._proposer is not None
        ledger, objective = self._ledger, self._spec.task.objective
        sign = -1.0 if self._spec.task.direction == "maximize" else 1.0
        complete = trial.state is TrialState.COMPLETE
        curve = [
            (report.step, sign * report.metrics[objective])
            for report in ledger.reports.get(trial.number, ())
            if objective in report.metrics
        ]
        self._proposer.tell(trial, ledger.loss(trial) if complete else None, curve)

    # Choosing and starting trials

    def _go_on(self) -> None:
        """Start what can be started, and end the study when nothing is left."""
        self._submit(self._choose())
        self._ask_ahead()
        self._look_for_the_end()

    def _submit(self, trials: Sequence[Trial]) -> None:
        """Hand trials to the workers.

        They are on disk a moment later: until then nobody has heard of them, and if the program
        dies before that, they are proposed again.
        """
        if trials and self._executor is not None:
            self._executor.submit(trials)
            self._journal.touch()

    def _choose(self) -> list[Trial]:
        """Trials for the free workers, written but not yet durable."""
        chosen: list[Trial] = []
        if self._executor is None or self._ledger.state is not StudyState.RUNNING or self._ending:
            return chosen
        while len(self._under_way) < self._executor.capacity:
            trial = self._next()
            if trial is None:
                break
            self._under_way.add(trial.number)
            self._store.put_trial(trial)
            chosen.append(trial)
        return chosen

    def _next(self) -> Trial | None:
        if self._again:
            return self._afresh(self._again.popleft())
        if not self._proposals or self._rules.trials_left() == 0:
            return None
        return self._new_trial(self._proposals.popleft())

    def _afresh(self, number: int) -> Trial:
        """A trial that was interrupted or enqueued, as it is handed to a worker."""
        old = self._ledger.trials[number]
        trial = Trial(number, old.params, TrialState.QUEUED, seed=old.seed)
        self._store.drop_reports(number)
        self._ledger.restart(trial)
        return trial

    def _new_trial(self, params: Params) -> Trial:
        number = len(self._ledger.trials)
        trial = Trial(number, params, TrialState.QUEUED, seed=self._around.seed_of(number))
        self._ledger.put(trial)
        return trial

    def _ask_ahead(self) -> None:
        """Have configurations proposed for the free workers.

        A method that does not learn is asked for the next ones too, so that no worker waits.
        """
        if self._proposer is None or self._executor is None or self._exhausted or self._ending:
            return
        wanted = self._executor.capacity - len(self._under_way) - len(self._again)
        if self._around.looks_ahead:
            wanted += self._executor.capacity
        at_hand = len(self._proposals) + self._asked
        count = int(min(wanted, self._rules.trials_left())) - at_hand
        if count > 0:
            self._asked += count
            self._proposer.ask(count)

    def _on_proposed(self, message: Proposed) -> None:
        self._asked = max(0, self._asked - message.asked)
        self._proposals.extend(message.configurations)
        self._exhausted = len(message.configurations) < message.asked
        self._go_on()

    # What happens to trials

    def _on_began(self, message: TrialBegan) -> None:
        if message.number not in self._under_way:
            return
        trial = replace(
            self._ledger.trials[message.number],
            state=TrialState.RUNNING,
            started=message.time,
            worker=message.worker,
            device=message.device,
        )
        self._store.put_trial(trial)
        self._journal.touch()
        self._ledger.publish(TrialStarted(trial))

    def _on_report(self, message: TrialProgressed) -> None:
        if message.number in self._under_way:
            self._journal.report(message.number, message.report)

    def _on_ended(self, message: TrialEnded) -> None:
        """A trial is over: a worker gets the next, this one goes to disk, then the world hears."""
        if message.number not in self._under_way:
            return
        self._under_way.discard(message.number)
        trial = self._store.put_trial(self._ended(message))
        best_before = self._ledger.best
        self._submit(self._choose_after(trial))
        self._journal.commit()
        self._ledger.publish(TrialFinished(trial))
        self._log_end(trial, best_before)
        if trial.state.is_finished:
            self._tell(trial)
        if trial.state is TrialState.COMPLETE:
            self._weights.add(trial)
        self._look_at_the_target(trial)
        self._go_on()

    def _choose_after(self, trial: Trial) -> list[Trial]:
        """The next trials, where they need not wait for the method to hear of this one."""
        if self._rules.is_target_reached(trial) or not self._around.looks_ahead:
            return []
        return self._choose()

    def _ended(self, message: TrialEnded) -> Trial:
        state = message.state
        if state is TrialState.INTERRUPTED and message.number in self._cancelled:
            self._cancelled.discard(message.number)
            state = TrialState.CANCELLED
        return replace(
            self._ledger.trials[message.number],
            state=state,
            value=message.value,
            step=message.step,
            metrics=dict(message.metrics or {}),
            failure=message.failure,
            seconds=message.seconds,
            finished=message.time,
        )

    def _log_end(self, trial: Trial, best_before: Trial | None) -> None:
        number = trial.number
        if trial.failure is not None:
            self._journal.log("error", f"Trial {number} failed: {trial.failure.message}", number)
        elif trial.state is not TrialState.COMPLETE:
            self._journal.log("warning", f"Trial {number} was {trial.state}.", number)
        else:
            objective = self._spec.task.objective
            news = " It is the best so far." if self._ledger.best is not best_before else ""
            text = f"Trial {number} finished: {objective} {trial.value:.6g}"
            self._journal.log("info", f"{text} in {trial.seconds:.2f} s.{news}", number)

    # Commands

    def _stop(self) -> None:
        self._end_because(StopReason.USER, "Stopped by you; it can be gone on with.")

    def _end_because(self, reason: StopReason, message: str) -> None:
        """Start nothing more, end what runs with what it has, then end the study."""
        if self._ending is None:
            self._ending = (reason, message)
        self._journal.set_state(StudyState.STOPPING)
        if self._executor is not None:
            for number in self._under_way:
                self._executor.cancel(number)
        self._look_for_the_end()

    def _give_up(self, message: str) -> None:
        """Nothing can run: stop, and say why."""
        if self._ending is None or self._ending[0] is not StopReason.ERROR:
            self._journal.log("error", message)
            self._ending = (StopReason.ERROR, message)
        self._end_because(StopReason.ERROR, message)

    def _cancel(self, number: int) -> None:
        trial = self._ledger.trials.get(number)
        if trial is None or trial.state.is_finished:
            return
        if number in self._under_way:
            self._cancelled.add(number)
            assert self._executor is not None
            self._executor.cancel(number)
        elif number in self._again:
            self._again.remove(number)
            cancelled = self._store.put_trial(replace(trial, state=TrialState.CANCELLED))
            self._journal.commit()
            self._ledger.publish(TrialFinished(cancelled))
            self._tell(cancelled)
            self._go_on()

    def _enqueue(self, params: Params) -> None:
        trial = self._new_trial(params)
        self._store.put_trial(trial)
        self._again.append(trial.number)
        if self._proposer is not None:
            self._proposer.pend(params)
        self._journal.log("info", f"Trial {trial.number} was added by hand.", trial.number)
        self._go_on()

    def _on_proposer_lost(self, message: ProposerLost) -> None:
        if self._restarts >= PROPOSER_RESTARTS:
            self._give_up(message.message)
            return
        self._restarts += 1
        self._journal.log("warning", f"{message.message} It is started again.")
        self._make_proposer()
        self._ask_ahead()

    # Ending

    def _look_at_the_target(self, trial: Trial) -> None:
        if self._ending is None and self._rules.is_target_reached(trial):
            text = f"Trial {trial.number} reached the target of {self._spec.budget.target:g}."
            self._end_because(StopReason.TARGET, text)

    def _look_at_the_time(self) -> None:
        self._journal.commit_if_due()
        if self._test.number is not None and self._test.seconds_left() <= 0:
            self._on_tested(TrialTestEnded(self._test.number, {}, "it took too long"))
        if self._ending is None and self._rules.seconds_left() <= 0:
            text = f"The {self._spec.budget.seconds:g} s of the budget are used up."
            self._ending = (StopReason.SECONDS, text)
            self._look_for_the_end()

    def _patience(self) -> float | None:
        """Seconds until the clock has to be looked at."""
        waits = [self._journal.patience(), self._test.seconds_left()]
        if self._ending is None:
            waits.append(self._rules.seconds_left())
        wait = min(waits)
        return None if math.isinf(wait) else max(0.0, wait)

    def _look_for_the_end(self) -> None:
        if self._under_way or self._over or self._test.number is not None:
            return
        if self._ending is None:
            self._ending = self._natural_end()
        if self._ending is not None and not self._test_best():
            self._finish(*self._ending)

    def _natural_end(self) -> tuple[StopReason, str] | None:
        if self._again or self._executor is None:
            return None
        if self._rules.trials_left() == 0:
            return StopReason.TRIALS, f"All {self._spec.budget.trials} trials are done."
        if self._exhausted and not self._proposals and not self._asked:
            count = len(self._ledger.trials)
            return StopReason.EXHAUSTED, f"All {count} configurations have been tried."
        return None

    def _test_best(self) -> bool:
        """Have the test metrics of the best trial computed, if that is still to be done."""
        if self._executor is None or self._ending is None or self._ending[0] is StopReason.ERROR:
            return False
        best = self._test.due()
        if best is not None:
            self._test.begin(best)
            self._executor.test(best)
        return best is not None

    def _on_tested(self, message: TrialTestEnded) -> None:
        if message.number != self._test.number:
            return
        self._test.end()
        if message.problem:
            text = f"The test metrics of trial {message.number} are missing: {message.problem}."
            self._journal.log("warning", text, message.number)
        else:
            trial = replace(self._ledger.trials[message.number], test=dict(message.metrics))
            self._store.put_trial(trial)
            self._journal.commit()
            self._ledger.publish(TrialTested(trial))
        self._look_for_the_end()

    def _finish(self, reason: StopReason, message: str) -> None:
        can_go_on = reason in (StopReason.USER, StopReason.ERROR)
        self._over = True
        if reason is not StopReason.ERROR:  # which was said when it happened
            self._journal.log("info", message)
        self._journal.set_state(
            StudyState.STOPPED if can_go_on else StudyState.FINISHED, reason, message
        )

    def _break_off(self, message: str) -> None:
        """The disk refuses: say so, and keep in memory what is there."""
        self._over = True
        for trial in self._ledger.all_trials():
            if trial.state is TrialState.RUNNING:
                self._ledger.publish(TrialFinished(replace(trial, state=TrialState.INTERRUPTED)))
        event = StudyStateChanged(StudyState.STOPPED, StopReason.ERROR, message)
        self._ledger.publish(event)
