"""Several trials that train as one: what their task may ask and tell, and how each end is told."""

from __future__ import annotations

import time
from typing import Any

from .channel import Channel, end_if_forked
from .failures import describe, reason_of
from .trial import TrialContext, tell_failure, tell_outcome


class StackedTrial(TrialContext):
    """A member of a stack. Its seconds are its share of what the stack has taken."""

    share = 0.0

    def seconds(self) -> float:
        """Seconds that it has cost, as far as they have been shared out."""
        return self.share


class UnfinishedError(Exception):
    """The training of a stack returned, and did not say what became of one of its trials."""


class StackContext:
    """What the training of several trials may ask and tell.

    `trials` are those to begin with, of which it may give back what is too much; at most `most`
    are to train at a time. Where it was not `tried` whether so many are best, it is to find out.
    """

    def __init__(self, channel: Channel, job: dict[str, Any]) -> None:
        self._channel = channel
        self._device: str = job["device"]
        self._left: dict[int, StackedTrial] = {}
        self._at_work: dict[int, StackedTrial] = {}
        self._shared = time.perf_counter()
        self.most: int = job["most"]
        self.tried: bool = job.get("tried", False)
        self.trials: list[TrialContext] = self._take(job["trials"])

    def _take(self, orders: list[dict[str, Any]]) -> list[TrialContext]:
        taken = [StackedTrial(self._channel, dict(order, device=self._device)) for order in orders]
        self._left.update({trial.number: trial for trial in taken})
        return list(taken)

    def newcomers(self) -> list[TrialContext]:
        """Those that have joined since this was last asked; they are to begin, or be given back."""
        return self._take(self._channel.take_joined())

    def began(self, trial: TrialContext) -> None:
        """A trial is at work from now on."""
        self._at_work[trial.number] = self._left[trial.number]
        self._channel.send("started", trial=trial.number, time=time.time())

    def epoch_over(self) -> None:
        """Share out the time since the last call among those at work; call it before they report.

        What it took to prepare is shared out among the first ones.
        """
        if self._at_work:
            now = time.perf_counter()
            for trial in self._at_work.values():
                trial.share += (now - self._shared) / len(self._at_work)
            self._shared = now

    def ended(self, trial: TrialContext, outcome: Any) -> None:
        """A trial is over, with an outcome or by an exception; the others go on."""
        self._let_go(trial)
        if isinstance(outcome, BaseException):
            tell_failure(self._channel, trial, outcome)
            return
        try:
            tell_outcome(self._channel, trial, outcome)
        except Exception as error:
            tell_failure(self._channel, trial, error)

    def size(self, trial: TrialContext, size: int) -> None:
        """Of trials that can train together with this one, `size` at a time are best."""
        self._channel.send("sized", trial=trial.number, size=size)

    def give_back(self, trial: TrialContext, why: str = "", alone: bool = False) -> None:
        """A trial is not run now. `why`: a sentence where something happened; `alone`: that it is
        to be run by itself next time."""
        self._let_go(trial)
        self._channel.send("returned", trial=trial.number, why=why, alone=alone)

    def _let_go(self, trial: TrialContext) -> None:
        self.epoch_over()
        del self._left[trial.number]
        self._at_work.pop(trial.number, None)

    def give_all_back(self, error: BaseException) -> None:
        """Each that is left is to be run by itself: any may be to blame for `error`."""
        self._look_at_the_room(error)
        for trial in list(self._left.values()):
            self.give_back(trial, describe(error), alone=True)

    def fail(self, error: BaseException) -> None:
        """End all that are left by one exception."""
        self._look_at_the_room(error)
        for trial in list(self._left.values()):
            self.ended(trial, error)

    def _look_at_the_room(self, error: BaseException) -> None:
        """Where there was no memory for so many, half of them may do."""
        left = list(self._left.values())
        if len(left) > 1 and reason_of(error) == "out_of_memory":
            self.size(left[0], len(left) // 2)

    def close(self) -> None:
        """The stack is over: those that came too late are returned."""
        if self._left:
            self.fail(UnfinishedError("The training of several trials ended without this one."))
        for order in self._channel.close_unit():
            self._channel.send("returned", trial=order["trial"])


def run_stack(channel: Channel, runner: Any, job: dict[str, Any]) -> None:
    """Run several trials as one, tell how each ended, and then that this worker is free."""
    stack = StackContext(channel, job)
    try:
        runner.run_many(stack)
        end_if_forked(channel)
    except BaseException as error:
        end_if_forked(channel, error)
        stack.fail(error)
    stack.close()
    channel.send("done", unit=job["unit"])
