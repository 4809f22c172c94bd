"""Where a study's next trials come from: those that wait for a worker, then the method's.

Waiting are the trials that were interrupted, failed and are run again, or were added by hand. The
method is rebuilt here by telling it what has been seen. When trials are started, and whether at
all, is the study loop's to say.
"""

from __future__ import annotations

from bisect import insort
from collections import deque

from engine.checkpoints import Checkpoints
from engine.events import TrialQueued
from engine.journal import Journal
from engine.proposer import Proposed, Proposer, ProposerLost
from engine.surroundings import Surroundings
from engine.trial import Params, Trial, TrialState, in_order_of_ending

RESTARTS = 1
"""How often a method whose process ends is started again."""


class Supply:
    """The trials that wait, the configurations that were proposed, and the method itself."""

    def __init__(self, journal: Journal, around: Surroundings, checkpoints: Checkpoints) -> None:
        self.proposer: Proposer | None = None
        self._journal = journal
        self._ledger = journal.ledger
        self._store = journal.store
        self._around = around
        self._checkpoints = checkpoints
        self._waiting: list[int] = []
        self._proposals: deque[Params] = deque()
        self._asked = 0
        self._has_said_all = False
        self._restarts = 0

    # The method

    def start_method(self) -> None:
        """Make the method anew and replay what it has seen, in the order of finishing."""
        self.close()
        self.proposer = self._around.make_proposer(self._ledger.spec)
        self._asked = 0
        self._has_said_all = False
        self._proposals.clear()
        trials = self._ledger.all_trials()
        for trial in in_order_of_ending(trials):
            self.tell(trial)
        for trial in trials:
            if not trial.state.is_finished:
                self.proposer.pend(trial.params)

    def restart_method(self, lost: ProposerLost) -> bool:
        """The method's process has ended: start it again, unless that happens too often."""
        if lost.by is self.proposer:
            self._restarts += 1
            if self._restarts > RESTARTS:
                return False
            self._journal.log("warning", f"{lost.message} It is started again.")
            self.start_method()
        return True

    def tell(self, trial: Trial) -> None:
        """Have the method learn from a trial that is over."""
        if self.proposer is None:
            return
        ledger, task = self._ledger, self._ledger.spec.task
        sign = -1.0 if task.direction == "maximize" else 1.0
        complete = trial.state is TrialState.COMPLETE
        curve = [
            (report.step, sign * report.metrics[task.objective])
            for report in ledger.reports.get(trial.number, ())
            if task.objective in report.metrics
        ]
        self.proposer.tell(trial, ledger.loss(trial) if complete else None, curve)

    def ask(self, wanted: float) -> None:
        """See that `wanted` configurations are at hand or asked for."""
        count = int(wanted) - len(self._proposals) - self._asked
        if self.proposer is not None and not self._has_said_all and count > 0:
            self._asked += count
            self.proposer.ask(count)

    def take(self, message: Proposed) -> None:
        """Keep what the method proposed; one that was replaced meanwhile has no say."""
        if message.by is not self.proposer:
            return
        self._asked = max(0, self._asked - message.asked)
        self._proposals.extend(message.configurations)
        self._has_said_all = len(message.configurations) < message.asked

    def close(self) -> None:
        """Let the method go."""
        if self.proposer is not None:
            self.proposer.close()
            self.proposer = None

    # Trials

    @property
    def waiting(self) -> tuple[int, ...]:
        """The numbers of the trials that wait for a worker, in the order in which they get one."""
        return tuple(self._waiting)

    @property
    def is_exhausted(self) -> bool:
        """Whether the method has proposed all there is, and all of that was taken."""
        return self._has_said_all and not self._proposals and not self._asked

    def put_back(self, number: int) -> None:
        """A trial waits for a worker, if it did not already."""
        if number not in self._waiting:
            insort(self._waiting, number)

    def withdraw(self, number: int) -> None:
        """A trial does not wait any longer, if it did."""
        if number in self._waiting:
            self._waiting.remove(number)

    def next(self, count: int, most_new: float) -> list[Trial]:
        """Up to `count` trials for workers, no more than `most_new` of them new ones.

        They are on disk a moment later: until then nobody has heard of them, and if the program
        dies before that, they are proposed again.
        """
        trials = [self._once_more(number) for number in self._waiting[:count]]
        del self._waiting[:count]
        while self._proposals and len(trials) < count and most_new > 0:
            trials.append(self._new_trial(self._proposals.popleft()))
            most_new -= 1
        for trial in trials:
            self._store.put_trial(trial)
            self._journal.touch()
        return trials

    def _once_more(self, number: int) -> Trial:
        """A trial as it is handed to a worker; its reports stay where it goes on from them."""
        old = self._ledger.trials[number]
        trial = Trial(number, old.params, TrialState.QUEUED, seed=old.seed)
        if self._checkpoints.go_on_from(number):
            self._ledger.put(trial)
        else:
            self._store.drop_reports(number)
            self._ledger.restart(trial)
        return trial

    def _new_trial(self, params: Params, seed: int | None = None) -> Trial:
        """A trial with the next number, in the records and nowhere else yet."""
        number = len(self._ledger.trials)
        seed = self._around.seed_of(number) if seed is None else seed
        trial = Trial(number, params, TrialState.QUEUED, seed=seed)
        self._ledger.put(trial)
        return trial

    def add(self, params: Params, how: str = "was added by hand", seed: int | None = None) -> None:
        """A trial that was not proposed: it is written, and waits for a worker."""
        trial = self._new_trial(params, seed)
        if self.proposer is not None:
            self.proposer.pend(params)
        self._journal.log("info", f"Trial {trial.number} {how}.", trial.number)
        self._queue(trial)

    def add_again(self, number: int) -> None:
        """One more trial with the configuration and the seed of a known one."""
        old = self._ledger.trials[number]
        self.add(old.params, f"is trial {number} once more", old.seed)

    def try_again(self, trial: Trial) -> None:
        """A trial that failed waits for a worker once more; the method does not hear of it."""
        self._queue(Trial(trial.number, trial.params, TrialState.QUEUED, seed=trial.seed))

    def _queue(self, trial: Trial) -> None:
        self._store.put_trial(trial)
        self.put_back(trial.number)
        self._journal.commit()
        self._ledger.publish(TrialQueued(trial))
