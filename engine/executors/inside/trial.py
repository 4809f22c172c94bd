"""A trial as its task sees it: what it may ask and tell, and how its end is told."""

from __future__ import annotations

import math
import time
from typing import Any

from .channel import Channel, end_if_forked
from .failures import Diverged, describe, log_of, reason_of


class TrialContext:
    """What a running trial may ask and tell."""

    def __init__(self, channel: Channel, job: dict[str, Any]) -> None:
        self._channel = channel
        self._begun = time.perf_counter()
        self.number: int = job["trial"]
        self.params: dict[str, Any] = job["params"]
        self.seed: int = job["seed"]
        self.weights: str = job["weights"]
        self.checkpoint: str | None = job.get("checkpoint")
        self.device: str = job["device"]

    def seconds(self) -> float:
        """Seconds since this trial began."""
        return time.perf_counter() - self._begun

    def report(self, step: int, metrics: dict[str, float]) -> None:
        """Tell the metrics after `step` epochs."""
        self._channel.send(
            "report", trial=self.number, step=step, metrics=metrics, seconds=self.seconds()
        )

    def should_stop(self) -> bool:
        """Whether the trial was cancelled or the study stopped: return as soon as you can."""
        return self.number in self._channel.stopping


def run_trial(channel: Channel, runner: Any, job: dict[str, Any]) -> None:
    """Run one trial and tell how it ended."""
    started = time.time()
    context = TrialContext(channel, job)
    channel.send("started", trial=context.number, time=started)
    try:
        outcome = runner.run(context)
        end_if_forked(channel)
        tell_outcome(channel, context, outcome)
    except BaseException as error:
        end_if_forked(channel, error)
        tell_failure(channel, context, error)


def tell_outcome(channel: Channel, context: TrialContext, outcome: Any) -> None:
    """Tell what became of a trial. Raises Diverged, and ValueError where it is too much."""
    if outcome.value is not None and not math.isfinite(outcome.value):
        raise Diverged(f"the objective is {float(outcome.value)}.")
    channel.send(
        "result",
        trial=context.number,
        value=outcome.value,
        step=outcome.step,
        metrics=outcome.metrics,
        finished=outcome.finished,
        pruned=getattr(outcome, "pruned", False),
        seconds=context.seconds(),
        time=time.time(),
    )


def tell_failure(channel: Channel, context: TrialContext, error: BaseException) -> None:
    """Tell that a trial has failed, and why."""
    channel.send(
        "failure",
        trial=context.number,
        reason=reason_of(error),
        message=describe(error),
        log=log_of(error),
        seconds=context.seconds(),
        time=time.time(),
    )
