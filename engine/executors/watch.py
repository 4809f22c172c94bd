"""Watches one running trial: its reports, its limits, a wish to stop it, and its end."""

from __future__ import annotations

import math
import queue
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.executors.child import Child, Exited
from engine.executors.devices import Slot
from engine.executors.job import Inbox, Job, Task
from engine.executors.log import cut
from engine.executors.memory import oom_kills, resident_mb
from engine.executors.messages import ReportsThinned, TrialBegan, TrialEnded, TrialProgressed
from engine.executors.reports import Reports
from engine.executors.wire import read_metrics, read_number, read_step, read_text
from engine.trial import Failure, FailureReason, Report, Trial, TrialState

STOP_GRACE = 3.0
MEMORY_CHECK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class End:
    """How a trial ended, whether its worker is lost with it, and whether it ever began."""

    message: TrialEnded
    lost: bool = False
    began: bool = True


class Watch:
    """Watches one running trial: its reports, its limits, a wish to stop it, and its end."""

    def __init__(self, task: Task, slot: Slot, job: Job, child: Child, inbox: Inbox) -> None:
        self._task = task
        self._slot = slot
        self._job = job
        self._child = child
        self._inbox = inbox
        self._number = job.trial.number
        self._reports = Reports(self._post_report)
        self._begun = self._heard = time.monotonic()
        self._began = False
        self._stop_by = math.inf
        self._memory_due = math.inf if task.memory_mb is None else self._begun
        self._oom_kills = oom_kills()

    def until_over(self) -> End:
        """Wait for the end of the trial."""
        end = None
        while end is None:
            try:
                message = self._child.messages.get(timeout=self._patience())
            except queue.Empty:
                end = self._look_at_the_time()
            else:
                end = self._understand(message) or self._look_at_the_time()
        self._reports.pass_on(time.monotonic())
        return end

    def _post_report(self, report: Report) -> None:
        self._inbox.put(TrialProgressed(self._number, report))

    # Time

    def _patience(self) -> float | None:
        """Seconds until something has to be looked at."""
        due = min(
            self._stop_by,
            self._ends_by(),
            self._reports_by(),
            self._memory_due,
            self._reports.due(),
        )
        return None if math.isinf(due) else max(0.0, due - time.monotonic())

    def _ends_by(self) -> float:
        return self._limit(self._begun, self._task.trial_seconds)

    def _reports_by(self) -> float:
        return self._limit(self._heard, self._task.report_seconds)

    def _limit(self, since: float, seconds: float | None) -> float:
        """When a limit is reached; one that is told to stop has another."""
        return math.inf if seconds is None or self._job.stopping else since + seconds

    def _look_at_the_time(self) -> End | None:
        now = time.monotonic()
        if now >= self._reports.due():
            self._reports.pass_on(now)
        if now >= self._stop_by:
            return End(interrupted(self._job.trial), lost=True)
        if now >= self._ends_by():
            message = f"The trial took longer than its limit of {self._task.trial_seconds:g} s."
            return self._lost(FailureReason.TIME_LIMIT, message)
        if now >= self._reports_by():
            message = f"The trial gave no report for {self._task.report_seconds:g} s."
            return self._lost(FailureReason.TIME_LIMIT, message)
        return self._look_at_the_memory() if now >= self._memory_due else None

    def _look_at_the_memory(self) -> End | None:
        limit = self._task.memory_mb
        assert limit is not None
        used = resident_mb(self._child.process.pid, limit)
        if used > limit:
            message = f"The trial used {used:.0f} MB, more than its limit of {limit:g} MB."
            return self._lost(FailureReason.OUT_OF_MEMORY, message)
        self._memory_due = time.monotonic() + MEMORY_CHECK_SECONDS
        return None

    # What the worker says

    def _understand(self, message: Any) -> End | None:
        try:
            return self._hear(message)
        except (KeyError, TypeError, ValueError) as error:
            sentence = f"The worker said what makes no sense ({message['type']}: {error!r})."
            return self._lost(FailureReason.CRASHED, sentence)

    def _hear(self, message: dict[str, Any] | Exited) -> End | None:
        if isinstance(message, Exited):
            return self._exited(message)
        if message.get("trial") != self._number:
            return None
        match message["type"]:
            case "wake":
                self._stop_by = time.monotonic() + STOP_GRACE
            case "started":
                self._on_started(message)
            case "report":
                self._on_report(message)
            case "result":
                return End(self._result(message))
            case "failure":
                return self._failure(message)
        return None

    def _on_started(self, message: Mapping[str, Any]) -> None:
        slot, started = self._slot, read_number(message["time"])
        self._began = True
        self._begun = self._heard = time.monotonic()
        self._inbox.put(TrialBegan(self._number, slot.worker, slot.device, started))

    def _on_report(self, message: Mapping[str, Any]) -> None:
        report = Report(
            read_step(message["step"]),
            read_number(message["seconds"]),
            read_metrics(message["metrics"]),
        )
        self._heard = time.monotonic()
        thinned = self._reports.thinned
        self._reports.add(report, self._heard)
        if self._reports.thinned and not thinned:
            self._inbox.put(ReportsThinned(self._number))

    def _result(self, message: Mapping[str, Any]) -> TrialEnded:
        state = TrialState.COMPLETE if message["finished"] else TrialState.INTERRUPTED
        return TrialEnded(
            self._number,
            TrialState.PRUNED if message.get("pruned") else state,
            read_number(message["time"]),
            read_number(message["seconds"]),
            None if message["value"] is None else read_number(message["value"]),
            None if message["step"] is None else read_step(message["step"]),
            read_metrics(message["metrics"]),
        )

    def _failure(self, message: Mapping[str, Any]) -> End:
        reason = FailureReason(message["reason"])
        told = cut(read_text(message["log"]))
        log = "\n".join(filter(None, (self._child.log_tail(), told)))
        ended = TrialEnded(
            self._number,
            TrialState.FAILED,
            read_number(message["time"]),
            read_number(message["seconds"]),
            failure=Failure(reason, read_text(message["message"]), log),
        )
        return End(ended, lost=reason is FailureReason.OUT_OF_MEMORY)

    def _exited(self, exited: Exited) -> End:
        if sys.platform == "win32" or exited.code != -signal.SIGKILL:
            return self._lost(FailureReason.CRASHED, f"The training process ended ({exited}).")
        before, now = self._oom_kills, oom_kills()
        if before is not None and now is not None and now > before:
            message = f"The system ran out of memory and ended the training process ({exited})."
            return self._lost(FailureReason.OUT_OF_MEMORY, message)
        message = (
            f"The training process was ended from outside ({exited}); the system may have run out "
            "of memory."
        )
        return self._lost(FailureReason.CRASHED, message)

    def _lost(self, reason: FailureReason, message: str) -> End:
        if self._job.stopping:
            return End(interrupted(self._job.trial), lost=True)
        seconds = time.monotonic() - self._begun
        failure = Failure(reason, message, self._child.log_tail())
        ended = TrialEnded(self._number, TrialState.FAILED, time.time(), seconds, failure=failure)
        return End(ended, lost=True, began=self._began)


def interrupted(trial: Trial) -> TrialEnded:
    return TrialEnded(trial.number, TrialState.INTERRUPTED, time.time())
