"""The course of a study at work: what waits is taken up, what can be started is, then it ends.

Which trials are next is dispatch.py's to say, when it is enough ending.py's. What happens to a
single trial is study_loop.py's, what a command asks of the study steering.py's.
"""

from __future__ import annotations

import math

from engine.continuing import Continuing
from engine.dispatch import Dispatch
from engine.ending import Ending
from engine.events import StopReason, StudyState, TrialFinished
from engine.journal import Journal
from engine.outcomes import Outcomes
from engine.pruning import BY_HAND
from engine.supply import Supply
from engine.trial import Trial, TrialState
from engine.wording import trials_named
from engine.workforce import Workforce


class Course:
    """Has a study go on, after each thing that has happened to it, or end."""

    def __init__(
        self,
        journal: Journal,
        ending: Ending,
        workforce: Workforce,
        supply: Supply,
        outcomes: Outcomes,
        continuing: Continuing,
        dispatch: Dispatch,
    ) -> None:
        self._journal = journal
        self._ledger = journal.ledger
        self._ending = ending
        self._workforce = workforce
        self._supply = supply
        self._outcomes = outcomes
        self._continuing = continuing
        self._dispatch = dispatch

    def take_up(self) -> None:
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

    def go_on(self) -> None:
        """Start what can be started, and end the study when nothing is left."""
        if not self._ending.has_come:
            self._workforce.renew(self._ledger.spec)
        self._dispatch.start()
        self._dispatch.ask_ahead()
        self._look_for_the_end()

    def say_paused(self) -> None:
        """The study is paused; what still runs is named."""
        runs = trials_named(self._workforce.under_way)
        self._journal.set_state(StudyState.PAUSED, message=runs and f"Still running: {runs}.")

    def look_at_the_time(self) -> None:
        """Do what is due by now."""
        if self._journal.look_at_the_time():
            self.go_on()
        if self._ending.is_test_late() or self._ending.is_time_up():
            self.go_on()

    def patience(self) -> float | None:
        """Seconds until the clock has to be looked at; None where it need not be."""
        wait = min(self._journal.patience(), self._ending.patience())
        return None if math.isinf(wait) else max(0.0, wait)

    # Ending

    def judge(self, trial: Trial | None) -> None:
        """End the study where a trial was as good, or the last ones as bad, as is enough."""
        why = self._ending.verdict(trial)
        if why is not None:
            self.end_because(*why)

    def end_because(self, reason: StopReason, message: str) -> None:
        """Start nothing more, end what runs with what it has, then end the study."""
        self._ending.decide(reason, message)
        self._journal.set_state(StudyState.STOPPING)
        self._workforce.interrupt()
        self._look_for_the_end()

    def give_up(self, message: str) -> None:
        """Nothing can run: stop, and say why."""
        self._ending.give_up(message)
        self.end_because(StopReason.ERROR, message)

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
            self._ledger.publish(TrialFinished(self._journal.store.put_trial(trial)))
            self._journal.touch()
