"""A unit of trials on one worker, trained as one: how many, who comes, who goes, who is given back.

The trials of a unit share a stack_key, be it with batch sizes of one bucket. How a stack trains is
in stack.py; where a unit comes from, and what becomes of a trial that is given back, is not known
here.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import inf
from typing import TYPE_CHECKING, Protocol

from engine.tasks.catalog import CatalogError
from engine.tasks.dataset import TaskError
from engine.tasks.stack import Ending, Member, StackTrainer
from engine.tasks.stack_batches import Batches
from engine.tasks.stack_keys import bucket, stack_key
from engine.tasks.stack_memory import free_memory, most_in, ran_out
from engine.tasks.stack_probe import probe
from engine.tasks.training import Diverged, batch_sizes

if TYPE_CHECKING:
    from engine.tasks.builtin import Outcome, Runner, TrialContext


class StackContext(Protocol):
    """What a worker gives a unit.

    `trials` are those to begin with, `most` is how many may train as one; where that was not
    `tried`, fewer may be better. `epoch_over` shares the time since its last call out among the
    trials at work.
    """

    trials: list[TrialContext]
    most: int
    tried: bool

    def newcomers(self) -> list[TrialContext]:
        """Those that have joined since this was last asked."""

    def began(self, trial: TrialContext) -> None: ...

    def ended(self, trial: TrialContext, outcome: Outcome | Exception) -> None: ...

    def size(self, trial: TrialContext, size: int) -> None:
        """How many trials like this one train best as one."""

    def give_back(self, trial: TrialContext) -> None:
        """It is not run now; what there is of its checkpoint stays."""

    def epoch_over(self) -> None: ...


def run_many(runner: Runner, stack: StackContext) -> None:
    """Train a unit's trials, and those that join, in a stack of the size that pays.

    Where memory runs out, half of the members go on, from their last epoch's end if that is kept.
    """
    unit = _Unit(runner, stack)
    trials = unit.admit(stack.trials)
    while trials:
        size = unit.size_for(trials)
        if size < stack.most or not stack.tried:
            stack.size(trials[0], size)
        trials = unit.keep(trials, size)
        trials = unit.train(trials, size) if size > 1 else unit.train_alone(trials[0])
    unit.keep(stack.newcomers(), 0)


class _Unit:
    """One call of run_many."""

    def __init__(self, runner: Runner, stack: StackContext) -> None:
        self.runner, self.stack = runner, stack
        self.is_mixed = len({trial.params.get("batch_size") for trial in stack.trials}) > 1
        self.begun: set[int] = set()
        self.members: list[TrialContext] = []
        self.ended: set[int] = set()

    def admit(self, trials: Sequence[TrialContext]) -> list[TrialContext]:
        """Those of `trials` whose parameters are sound; the others fail.

        Next to each other are those whose batches are filled up least beside one another.
        """
        return sorted(filter(self._is_sound, trials), key=self._batch_size)

    def keep(self, trials: Sequence[TrialContext], count: int) -> list[TrialContext]:
        """The first `count` of `trials`; the others are given back."""
        for surplus in trials[count:]:
            self.stack.give_back(surplus)
        return list(trials[:count])

    def size_for(self, trials: Sequence[TrialContext]) -> int:
        """How many trials like these train best as one: found once for their group, then kept."""
        sizes, group = self.runner.stack_sizes, self._group(trials[0])
        if group not in sizes:
            sizes[group] = self.stack.most if self.stack.tried else self._probed(trials)
        return min(sizes[group], self.stack.most)

    def train_alone(self, trial: TrialContext) -> list[TrialContext]:
        """Train `trial` by itself; nobody is left."""
        self._begin(trial)
        try:
            outcome: Outcome | Exception = self.runner.run(trial, self.stack.epoch_over)
        except Exception as error:
            outcome = error
        self.stack.ended(trial, outcome)
        return []

    def train(self, trials: Sequence[TrialContext], size: int) -> list[TrialContext]:
        """Train `trials`, and those that join, as one; who is left because memory ran out.

        Then the group's size is halved.
        """
        self.members, self.ended, trainer = [], set(), None
        try:
            trainer = self._trainer(self._join(trials))
            self._run(trainer, size)
        except Exception as error:
            if not ran_out(error):
                raise
            if trainer:
                trainer.save()
        left = self._at_work()
        if left:
            self.runner.stack_sizes[self._group(left[0])] = max(1, min(size, len(left)) // 2)
        return left

    def _is_sound(self, trial: TrialContext) -> bool:
        try:
            self.runner.complete(trial.params)
        except (TaskError, CatalogError) as error:
            self._begin(trial)
            self.stack.ended(trial, error)
            return False
        return True

    def _begin(self, trial: TrialContext) -> None:
        if trial.number not in self.begun:
            self.begun.add(trial.number)
            self.stack.began(trial)

    def _group(self, trial: TrialContext) -> Hashable:
        many = inf if self.is_mixed else None
        params = self.runner.complete(trial.params)
        return stack_key(self.runner.settings.network, params, many)

    def _probed(self, trials: Sequence[TrialContext]) -> int:
        runner, member, rows = self.runner, self.runner.member(trials[0]), len(self.runner.train)
        own = self._batch_size(trials[0])
        batch = min(bucket(own) if self.is_mixed else own, rows)
        held = most_in(free_memory(runner.device), member.network, batch, runner.train)
        return probe(
            member,
            runner.goal,
            runner.train,
            min(self.stack.most, held),
            lambda size: runner.share_out(member.network, size * batch),
            lambda size: self._waste(trials[:size]),
        )

    def _waste(self, trials: Sequence[TrialContext]) -> float:
        """How many rows are computed with for each that a trial has, if these train as one."""
        train = self.runner.train
        sizes = [batch_sizes(len(train), self._batch_size(trial)) for trial in trials]
        return Batches(sizes, train.y.device).waste

    def _batch_size(self, trial: TrialContext) -> int:
        return int(self.runner.complete(trial.params)["batch_size"])

    def _trainer(self, members: Sequence[Member]) -> StackTrainer:
        runner = self.runner
        return StackTrainer(
            members,
            runner.goal,
            runner.train,
            runner.validation,
            lambda number, epoch, metrics: self.members[number].report(epoch, metrics),
            self._ended,
            self.stack.epoch_over,
        )

    def _run(self, trainer: StackTrainer, size: int) -> None:
        """Train; torch gets the threads that all at work can feed."""

        def newcomers() -> list[Member]:
            joining = self._newcomers(size)
            self.runner.share_out(trainer.template, trainer.rows_together)
            return joining

        trainer.run(lambda number: self.members[number].should_stop(), newcomers)

    def _newcomers(self, size: int) -> list[Member]:
        """Who joins now, as far as there is room."""
        room = size - len(self._at_work())
        return self._join(self.keep(self.admit(self.stack.newcomers()), room))

    def _join(self, trials: Sequence[TrialContext]) -> list[Member]:
        self.members += trials
        for trial in trials:
            self._begin(trial)
        return [self.runner.member(trial) for trial in trials]

    def _ended(self, number: int, ending: Ending) -> None:
        self.ended.add(number)
        trial = self.members[number]
        if isinstance(ending, Diverged):
            self.stack.ended(trial, ending)
        else:
            self.stack.ended(trial, self.runner.outcome(trial, ending))

    def _at_work(self) -> list[TrialContext]:
        return [trial for k, trial in enumerate(self.members) if k not in self.ended]
