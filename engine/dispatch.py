"""Hands trials to the study's workers, and has its method propose as many as they need.

Which trial is next is supply.py's to say, who runs it workforce.py's, which go together
stacking.py's.
"""

from __future__ import annotations

import math
import statistics
from itertools import islice

from engine.continuing import Continuing
from engine.ending import Ending
from engine.events import StudyState
from engine.executors.messages import StackSized
from engine.journal import Journal
from engine.supply import Supply
from engine.surroundings import Surroundings
from engine.workforce import Workforce

RECENT = 20
"""So many trials say how long one takes."""


class Dispatch:
    """Brings trials and workers together, while the study is to begin any."""

    def __init__(
        self,
        journal: Journal,
        around: Surroundings,
        ending: Ending,
        workforce: Workforce,
        supply: Supply,
        continuing: Continuing,
    ) -> None:
        self._journal = journal
        self._ledger = journal.ledger
        self._around = around
        self._ending = ending
        self._workforce = workforce
        self._supply = supply
        self._continuing = continuing

    @property
    def _is_open(self) -> bool:
        """Whether trials are begun."""
        return self._ledger.state is StudyState.RUNNING and not self._ending.has_come

    def start(self) -> None:
        """Hand units to the free workers."""
        if not self._is_open:
            return
        workers, supply = self._workforce, self._supply
        most = 1 if self._around.stacking is None else self._around.stacking.most
        self._promote(workers.free * most)
        share = min(supply.share(workers.capacity, self._ending.trials_left()), self._in_time())
        while workers.free and (unit := supply.unit(share, self._ending.trials_left())):
            workers.submit(unit)

    def _in_time(self) -> float:
        """How many trials a worker can still run in the budget's seconds; few where that is not
        known: what has begun is let go on to its end, however many go together."""
        left = self._ending.seconds_left()
        if math.isinf(left):
            return math.inf
        known = (trial.seconds for trial in reversed(self._ledger.all_trials()))
        recent = list(islice((seconds for seconds in known if seconds), RECENT))
        return 1 if not recent else max(1, int(left / statistics.fmean(recent)))

    def fill_seats(self, member: int) -> None:
        """Have trials join a unit that goes on while some of its members have left it."""
        if self._around.stacking is None or not self._is_open:
            return
        beside = self._workforce.beside(member)
        self._promote(self._supply.seats(member, beside))
        for trial in self._supply.newcomers(member, beside, self._ending.trials_left()):
            self._workforce.join(trial, member)

    def _promote(self, most: int) -> None:
        """Stopped trials that the rule would let go on by now come before new ones."""
        if most and not self._ending.is_spent:
            self._continuing.by_rule(most)

    def ask_ahead(self) -> None:
        """Have configurations proposed for the free workers.

        A method that does not learn is asked for the next ones too, so that no worker waits, and
        for as many more as are looked through for some that train together.
        """
        if self._ending.has_come or self._ending.is_spent:
            return
        workers, around = self._workforce, self._around
        wanted = workers.free - len(self._supply.waiting)
        if around.looks_ahead:
            ahead = 1 if around.stacking is None else around.stacking.ahead
            wanted += workers.capacity * ahead
        self._continuing.offer()
        self._supply.method.ask(wanted, self._ending.trials_left())

    def sized(self, message: StackSized) -> None:
        """A worker has found how many trials are best at a time."""
        trial, stacking = self._ledger.trials[message.number], self._around.stacking
        if stacking is None or not stacking.found(trial.params, message.size):
            return
        how = f"{message.size} at a time" if message.size > 1 else "one by one"
        self._journal.log("info", f"Trials like {trial.number} train {how}.", trial.number)
