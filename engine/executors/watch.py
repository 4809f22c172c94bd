"""Watches one running trial: its reports, its limits, a wish to stop it, and its end."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psutil

from engine.executors.child import Child, Exited
from engine.executors.devices import Slot
from engine.executors.job import Inbox, Job, Task
from engine.executors.messages import TrialBegan, TrialEnded, TrialProgressed
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
        self._begun = time.monotonic()
        self._began = False
        self._stop_by: float | None = None

    def until_over(self) -> End:
        """Wait for the end of the trial."""
        while True:
            try:
                message = self._child.messages.get(timeout=self._patience())
            except queue.Empty:
                end = self._look_at_limits()
            else:
                end = self._hear(message)
            if end is not None:
                return end

    def _patience(self) -> float | None:
        """Seconds until a limit has to be looked at."""
        now = time.monotonic()
        waits = []
        if self._stop_by is not None:
            waits.append(self._stop_by - now)
        if self._task.trial_seconds is not None:
            waits.append(self._begun + self._task.trial_seconds - now)
        if self._task.memory_mb is not None:
            waits.append(MEMORY_CHECK_SECONDS)
        return max(0.0, min(waits)) if waits else None

    def _hear(self, message: dict[str, Any] | Exited) -> End | None:
        number = self._job.trial.number
        if isinstance(message, Exited):
            return self._crashed(message)
        if message.get("trial") != number:
            return None
        match message["type"]:
            case "wake":
                self._stop_by = time.monotonic() + STOP_GRACE
            case "started":
                self._began = True
                self._begun = time.monotonic()
                self._inbox.put(
                    TrialBegan(number, self._slot.worker, self._slot.device, message["time"])
                )
            case "report":
                report = Report(message["step"], message["seconds"], message["metrics"])
                self._inbox.put(TrialProgressed(number, report))
            case "result":
                return End(self._result(message))
            case "failure":
                return self._failure(message)
        return self._look_at_limits()

    def _result(self, message: Mapping[str, Any]) -> TrialEnded:
        finished = message["finished"]
        return TrialEnded(
            self._job.trial.number,
            TrialState.COMPLETE if finished else TrialState.INTERRUPTED,
            message["time"],
            message["seconds"],
            message["value"],
            message["step"],
            message["metrics"],
        )

    def _failure(self, message: Mapping[str, Any]) -> End:
        reason = FailureReason(message["reason"])
        failure = Failure(reason, message["message"], message["log"])
        ended = TrialEnded(
            self._job.trial.number,
            TrialState.FAILED,
            message["time"],
            message["seconds"],
            failure=failure,
        )
        return End(ended, lost=reason is FailureReason.OUT_OF_MEMORY)

    def _crashed(self, exited: Exited) -> End:
        if self._job.stopping:
            return End(interrupted(self._job.trial), lost=True)
        return self._lost(FailureReason.CRASHED, f"The training process ended ({exited}).")

    def _look_at_limits(self) -> End | None:
        now = time.monotonic()
        if self._stop_by is not None and now >= self._stop_by:
            return End(interrupted(self._job.trial), lost=True)
        limit = self._task.trial_seconds
        if limit is not None and now >= self._begun + limit:
            message = f"The trial took longer than its limit of {limit:g} s."
            return self._lost(FailureReason.TIME_LIMIT, message)
        memory = self._task.memory_mb
        if memory is not None and (used := _resident_mb(self._child.process.pid)) > memory:
            message = f"The trial used {used:.0f} MB, more than its limit of {memory:g} MB."
            return self._lost(FailureReason.OUT_OF_MEMORY, message)
        return None

    def _lost(self, reason: FailureReason, message: str) -> End:
        seconds = time.monotonic() - self._begun
        failure = Failure(reason, message, self._child.log_tail())
        number = self._job.trial.number
        ended = TrialEnded(number, TrialState.FAILED, time.time(), seconds, failure=failure)
        return End(ended, lost=True, began=self._began)


def interrupted(trial: Trial) -> TrialEnded:
    return TrialEnded(trial.number, TrialState.INTERRUPTED, time.time())


def _resident_mb(pid: int) -> float:
    """Resident memory of a process and its descendants, in MB."""
    total = 0
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
    return total / 1e6
