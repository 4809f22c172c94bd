"""Where a study's next trials come from: those that wait for a worker, then the method's.

Waiting are the trials that were interrupted, failed and are run again, or were added by hand. When
trials are started, and whether at all, is dispatch.py's to say; what the method hears and is
asked is asking.py's, and which go together stacking.py's.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Sequence
from itertools import count, islice

from engine.asking import Asking, Proposal
from engine.checkpoints import Checkpoints
from engine.events import TrialQueued
from engine.journal import Journal
from engine.stacking import Unit
from engine.surroundings import Surroundings
from engine.trial import Params, Trial, TrialState


class Supply:
    """The trials that wait, and what becomes of the method's proposals."""

    def __init__(self, journal: Journal, around: Surroundings, checkpoints: Checkpoints) -> None:
        self.method = Asking(journal, around)
        self._journal = journal
        self._ledger = journal.ledger
        self._store = journal.store
        self._around = around
        self._stacking = around.stacking
        self._checkpoints = checkpoints
        self._waiting: list[int] = []
        self._alone: set[int] = set()
        self._asked_for: set[int] = set()

    @property
    def waiting(self) -> tuple[int, ...]:
        """The numbers of the trials that wait for a worker, in the order in which they get one."""
        return tuple(self._waiting)

    @property
    def left_over(self) -> list[int]:
        """The numbers of those that wait and that no person has asked for."""
        return [number for number in self._waiting if number not in self._asked_for]

    def ask_for(self, number: int) -> None:
        """A person wants a trial to be run, whatever becomes of the study."""
        self._asked_for.add(number)

    def put_back(self, number: int, alone: bool = False) -> None:
        """A trial waits for a worker, if it did not already; from now on for one of its own if
        `alone`. Those that had begun come first."""
        if alone:
            self._alone.add(number)
        if number not in self._waiting:
            insort(self._waiting, number, key=self._turn)

    def _turn(self, number: int) -> tuple[bool, int]:
        return self._ledger.trials[number].state is TrialState.QUEUED, number

    def withdraw(self, number: int) -> None:
        """A trial does not wait any longer, if it did."""
        if number in self._waiting:
            self._waiting.remove(number)

    # For the workers

    def share(self, workers: int, most_new: float) -> int:
        """How many of the trials that are at hand are one worker's."""
        return math.ceil(len(self._pool(most_new)) / max(1, workers))

    def unit(self, share: float, most_new: float) -> Unit | None:
        """The next unit: about a worker's `share`, no more than `most_new` of them new trials.

        Its trials are on disk a moment later: until then nobody has heard of them, and if the
        program dies before that, they are proposed again.
        """
        if self._waiting and (self._stacking is None or self._waiting[0] in self._alone):
            return Unit(self._taken([self._waiting[0]]))
        pool = self._pool(most_new)
        if not pool:
            return None
        if self._stacking is None:
            return Unit(self._taken(pool[:1]))
        configurations = [self._params(entry) for entry in pool]
        places, most = self._stacking.choose(configurations, share)
        tried = self._stacking.size_for(configurations[0]) is not None
        return Unit(self._taken([pool[place] for place in places]), most, tried)

    def newcomers(self, member: int, beside: float, most_new: float) -> list[Trial]:
        """Trials that can join the unit of a member, in which so many are."""
        seats, params = self.seats(member, beside), self._ledger.trials[member].params
        if not seats or self._stacking is None:
            return []
        pool = self._pool(most_new)
        places = self._stacking.alike(params, [self._params(entry) for entry in pool])
        return self._taken([pool[place] for place in places[:seats]])

    def seats(self, member: int, beside: float) -> int:
        """How many trials can join the unit of a member, in which so many are."""
        stacking = self._stacking
        if stacking is None or stacking.learns or not stacking.joins or member in self._alone:
            return 0
        size = stacking.size_for(self._ledger.trials[member].params) or 0
        return int(max(0.0, size - beside))

    def _pool(self, most_new: float) -> list[int | Proposal]:
        """The trials that wait and need no worker of their own, then what was proposed."""
        proposed = islice(self.method.proposals, int(min(most_new, len(self.method.proposals))))
        return [number for number in self._waiting if number not in self._alone] + list(proposed)

    def _params(self, entry: int | Proposal) -> Params:
        return self._ledger.trials[entry].params if isinstance(entry, int) else entry.params

    def _taken(self, entries: Sequence[int | Proposal]) -> list[Trial]:
        """Trials for workers, which do not wait any longer."""
        trials = []
        for entry in entries:
            if isinstance(entry, int):
                self._waiting.remove(entry)
                trials.append(self._once_more(entry))
            else:
                trials.append(self._new_trial(entry.params, entry.number))
        self.method.drop([entry for entry in entries if isinstance(entry, Proposal)])
        for trial in trials:
            self._store.put_trial(trial)
            self._journal.touch()
        return trials

    def _once_more(self, number: int) -> Trial:
        """A trial as it is handed to a worker; its reports stay where it goes on from them."""
        old = self._ledger.trials[number]
        trial = Trial(number, old.params, TrialState.QUEUED, seed=old.seed, note=old.note)
        if self._checkpoints.go_on_from(number):
            self._ledger.put(trial)
        else:
            self._store.drop_reports(number)
            self._ledger.restart(trial)
        return trial

    def _new_trial(
        self, params: Params, number: int | None = None, seed: int | None = None
    ) -> Trial:
        """A trial with this number or the next one, in the records and nowhere else yet."""
        number = self.method.next_number() if number is None else number
        seed = self._around.seed_of(number) if seed is None else seed
        trial = Trial(number, params, TrialState.QUEUED, seed=seed)
        self._ledger.put(trial)
        return trial

    # What is added

    def add(self, params: Params, how: str = "was added by hand", seed: int | None = None) -> None:
        """A trial that was not proposed: it is written, and waits for a worker."""
        trial = self._new_trial(params, seed=seed)
        self.method.pend(params)
        self.ask_for(trial.number)
        self._journal.log("info", f"Trial {trial.number} {how}.", trial.number)
        self._queue(trial)

    def add_again(self, number: int, seeds: int = 0) -> None:
        """One more trial with the configuration and the seed of a known one; or `seeds` of them,
        each by a seed that no trial of this configuration has."""
        old = self._ledger.trials[number]
        if not seeds:
            self.add(old.params, f"is trial {number} once more", old.seed)
        for _ in range(seeds):
            self.add(old.params, f"repeats trial {number}", self._unused_seed(old.params))

    def _unused_seed(self, params: Params) -> int:
        """The seed of the first number from the count of all trials on that none like it has."""
        used = {trial.seed for trial in self._ledger.all_trials() if trial.params == params}
        seeds = map(self._around.seed_of, count(len(self._ledger.trials)))
        return next(seed for seed in seeds if seed not in used)

    def try_again(self, trial: Trial, alone: bool = False) -> None:
        """A trial waits for a worker once more; the method does not hear of it."""
        again = Trial(trial.number, trial.params, TrialState.QUEUED, trial.seed, note=trial.note)
        self._queue(again, alone)

    def go_on(self, trial: Trial) -> None:
        """A trial that was stopped waits for a worker, and the method for what comes of it."""
        self.method.pend(trial.params)
        self._queue(trial)

    def _queue(self, trial: Trial, alone: bool = False) -> None:
        self._store.put_trial(trial)
        self._journal.commit()
        self._ledger.publish(TrialQueued(trial))
        self.put_back(trial.number, alone)
