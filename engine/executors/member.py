"""One trial of a unit as its supervisor knows it: what the worker says of it, and how it ends."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from engine.executors.devices import Slot
from engine.executors.job import Inbox
from engine.executors.log import cut
from engine.executors.messages import ReportsThinned, TrialBegan, TrialEnded, TrialProgressed
from engine.executors.reports import Reports
from engine.executors.shared_time import SharedTime
from engine.executors.wire import read_metrics, read_number, read_step, read_text
from engine.trial import Failure, FailureReason, Report, Trial, TrialState


class Member:
    """A trial that a worker has been told of. Raises ValueError for what a worker never says."""

    def __init__(self, trial: Trial, slot: Slot, inbox: Inbox, clock: SharedTime) -> None:
        self.trial = trial
        self.number = trial.number
        self.has_begun = False
        self._slot = slot
        self._inbox = inbox
        self._clock = clock
        self.begun = self.heard = clock.now()
        """When it began, and when it was last heard of, by the clock that its limits go by."""
        self.asked = math.inf
        """The monotonic time from which it has to obey a wish to stop; infinite: nobody wishes."""
        self.reports = Reports(self._post_report)

    def _post_report(self, report: Report) -> None:
        self._inbox.put(TrialProgressed(self.number, report))

    def on_started(self, message: Mapping[str, Any]) -> None:
        """It has begun."""
        started = read_number(message["time"])
        self.has_begun = True
        self.begun = self.heard = self._clock.now()
        if not math.isinf(self.asked):
            self.asked = time.monotonic()
        self._inbox.put(TrialBegan(self.number, self._slot.worker, self._slot.device, started))

    def on_report(self, message: Mapping[str, Any]) -> None:
        """It has reported."""
        report = Report(
            read_step(message["step"]),
            read_number(message["seconds"]),
            read_metrics(message["metrics"]),
        )
        self.heard = self._clock.now()
        thinned = self.reports.thinned
        self.reports.add(report, time.monotonic())
        if self.reports.thinned and not thinned:
            self._inbox.put(ReportsThinned(self.number))

    def result(self, message: Mapping[str, Any]) -> TrialEnded:
        """It has come to an end that is none of failure."""
        state = TrialState.PRUNED if message.get("pruned") else TrialState.COMPLETE
        if not message["finished"]:  # a script may raise that it is pruned whenever it is stopped
            state = TrialState.INTERRUPTED
        return TrialEnded(
            self.number,
            state,
            read_number(message["time"]),
            read_number(message["seconds"]),
            None if message["value"] is None else read_number(message["value"]),
            None if message["step"] is None else read_step(message["step"]),
            read_metrics(message["metrics"]),
        )

    def failure(self, message: Mapping[str, Any], printed: str) -> TrialEnded:
        """It has failed, as the worker says."""
        told = cut(read_text(message["log"]))
        log = "\n".join(filter(None, (printed, told)))
        failure = Failure(FailureReason(message["reason"]), read_text(message["message"]), log)
        when, seconds = read_number(message["time"]), read_number(message["seconds"])
        return TrialEnded(self.number, TrialState.FAILED, when, seconds, failure=failure)

    def lost(self, failure: Failure) -> TrialEnded:
        """It is lost with its worker."""
        seconds = self._clock.now() - self.begun
        return TrialEnded(self.number, TrialState.FAILED, time.time(), seconds, failure=failure)


def interrupted(trial: Trial) -> TrialEnded:
    """How a trial ends that was told to stop and has nothing to hand in."""
    return TrialEnded(trial.number, TrialState.INTERRUPTED, time.time())
