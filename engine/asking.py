"""What a study's method hears and is asked, and the configurations that it proposed.

A method that learns is rebuilt by telling it what has been seen, in the order of finishing. Where
trials of one that does not are trained together, they do not begin in the order in which they were
proposed: such a method's proposals are a row of their own, walked through from its beginning, and
what has been tried is passed over.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from engine.journal import Journal
from engine.proposer import Proposed, Proposer, ProposerLost
from engine.space import SpaceError
from engine.surroundings import Surroundings
from engine.trial import Params, Trial, TrialState, curve_of, in_order_of_ending

RESTARTS = 1
"""How often a method that answers no more is started again."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A configuration to try, and the number that its trial is to have; None: the next one."""

    params: Params
    number: int | None = None


class Asking:
    """The method, and what it has proposed that no trial has been made of yet."""

    def __init__(self, journal: Journal, around: Surroundings) -> None:
        self.proposals: deque[Proposal] = deque()
        self._journal = journal
        self._ledger = journal.ledger
        self._around = around
        self._stacking = around.stacking
        self._proposer: Proposer | None = None
        self._asked = 0
        self._has_said_all = False
        self._restarts = 0
        self._next = 0
        self._tried: set[Hashable] = set()
        self._first: Proposal | None = None
        self._most = 0
        self._offered: set[int] = set()
        self._stopped: dict[Hashable, int] = {}

    @property
    def walks(self) -> bool:
        """Whether the method's proposals are walked through, whatever became of them."""
        return self._stacking is not None and not self._stacking.learns

    @property
    def is_exhausted(self) -> bool:
        """Whether the method has proposed all there is, and all of that was taken."""
        return self._has_said_all and not self.proposals and not self._asked

    def start(self) -> None:
        """Make the method anew, and have it know what has been seen."""
        self.close()
        self._proposer = self._around.make_proposer(self._ledger.spec)
        self._asked = self._next = 0
        self._has_said_all, self._first = False, None
        self.proposals.clear()
        self._tried.clear()
        self._offered.clear()
        self._stopped.clear()
        trials = self._ledger.all_trials()
        for trial in in_order_of_ending(trials):
            self.tell(trial)
        for trial in trials:
            if self.walks or not trial.state.is_finished:
                self.pend(trial.params)

    def restart(self, lost: ProposerLost) -> bool:
        """The method answers no more: start it again, unless that happens too often."""
        if lost.by is self._proposer:
            self._restarts += 1
            if self._restarts > RESTARTS:
                return False
            self._journal.log("warning", f"{lost.message} It is started again.")
            self.start()
        return True

    def close(self) -> None:
        """Let the method go."""
        if self._proposer is not None:
            self._proposer.close()
            self._proposer = None

    def tell(self, trial: Trial) -> None:
        """Have the method learn from a trial that is over."""
        if self._proposer is None or self.walks:
            return
        ledger, task = self._ledger, self._ledger.spec.task
        sign = -1.0 if task.direction == "maximize" else 1.0
        complete = trial.state is TrialState.COMPLETE
        curve = curve_of(ledger.reports.get(trial.number, ()), task.objective, sign)
        self._proposer.tell(trial, ledger.loss(trial) if complete else None, curve)

    def pend(self, params: Params) -> None:
        """A configuration is tried that was not asked for."""
        if not self.walks:
            if self._proposer is not None:
                self._proposer.pend(params)
            return
        key = self._key(params)
        self._tried.add(key)
        others = [known for known in self.proposals if self._key(known.params) != key]
        self.proposals = deque(others)

    def drop(self, taken: Sequence[Proposal]) -> None:
        """Proposals were made trials of."""
        gone = {id(proposal) for proposal in taken}
        self.proposals = deque(known for known in self.proposals if id(known) not in gone)

    def offer(self, stopped: Sequence[Trial]) -> None:
        """Say which of the trials that were stopped the method may have go on."""
        numbers = {trial.number for trial in stopped}
        if self._proposer is not None and not self.walks and numbers != self._offered:
            self._offered = numbers
            self._stopped.update((self._key(trial.params), trial.number) for trial in stopped)
            self._proposer.offer([trial.params for trial in stopped])

    def proposed_again(self) -> list[int]:
        """The numbers of the stopped trials that were proposed again, each said once."""
        if not self._stopped:
            return []
        again = {
            number: proposal
            for proposal in self.proposals
            if (number := self._stopped.get(self._key(proposal.params))) is not None
        }
        self.drop(list(again.values()))
        return list(again)

    def ask(self, wanted: float, most: float) -> None:
        """See that `wanted` configurations, at most `most`, are at hand or asked for."""
        count = int(min(wanted, most)) - len(self.proposals) - self._asked
        if self._proposer is None or self._has_said_all or count <= 0:
            return
        if self._stacking is not None and self._stacking.learns:
            self._ask_for_a_unit(most)
            return
        self._asked += count
        self._proposer.ask(count)

    def _ask_for_a_unit(self, most: float) -> None:
        """Ask for the first of a unit, if that is not on its way; the others have to be like it."""
        assert self._proposer is not None
        assert self._stacking is not None
        if not self._asked and not self.proposals:
            self._most = int(min(most, self._stacking.asked))
            self._asked = 1
            self._proposer.ask(1)

    def take(self, message: Proposed) -> bool:
        """Keep what the method proposed, and say so; one that was replaced meanwhile has no say."""
        if message.by is not self._proposer:
            return False
        self._asked = max(0, self._asked - message.asked)
        found = [Proposal(params) for params in message.configurations]
        if self._first is not None:
            found.insert(0, self._first)
            self._first = None
        else:
            self._has_said_all = len(found) < message.asked
            if found and self._ask_for_others(found[0]):
                return True
        self.proposals.extend(self._untried(found) if self.walks else found)
        return True

    def _ask_for_others(self, first: Proposal) -> bool:
        """Ask for those that complete the unit of a first one, if there are to be any."""
        stacking = self._stacking
        if stacking is None or not stacking.learns or self._proposer is None:
            return False
        others = self._most - 1
        if others < 1:
            return False
        self._first, self._asked = first, others
        self._proposer.ask(others, stacking.held(first.params))
        return True

    def _untried(self, found: list[Proposal]) -> list[Proposal]:
        """The next of the row that nobody has tried, numbered in its order."""
        fresh = []
        for proposal in found:
            key = self._key(proposal.params)
            if key not in self._tried:
                self._tried.add(key)
                fresh.append(Proposal(proposal.params, self.next_number()))
        return fresh

    def next_number(self) -> int:
        """The least number that no trial has, and no proposal is to have."""
        while self._next in self._ledger.trials:
            self._next += 1
        self._next += 1
        return self._next - 1

    def _key(self, params: Params) -> Hashable:
        with contextlib.suppress(SpaceError):
            return self._ledger.spec.space.key(params)
        return None
