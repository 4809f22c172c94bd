"""Watches a unit while it runs: its limits, wishes to stop its trials, and the end of each.

What becomes of a trial is told at once where others go on beside it. Where the worker is lost, it
is told when the worker is gone: trials that ran beside each other are returned then, each to be
run by itself, because nobody knows whose fault it was.
"""

from __future__ import annotations

import math
import queue
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from engine.executors.child import Child, Exited
from engine.executors.devices import Slot
from engine.executors.job import Inbox, Job, Task
from engine.executors.launch import START_SECONDS
from engine.executors.member import Member, interrupted
from engine.executors.memory import oom_kills, resident_mb
from engine.executors.messages import StackSized, TrialEnded, TrialReturned
from engine.executors.shared_time import SharedTime
from engine.executors.wire import read_flag, read_size, read_text
from engine.trial import Failure, FailureReason

STOP_GRACE = 3.0
MEMORY_CHECK_SECONDS = 0.5

Fate = TrialEnded | TrialReturned


@dataclass(frozen=True, slots=True)
class End:
    """How a unit ended: what is to be told of its last trials once the worker was seen to.

    `lost`: the worker is of no use any more. `began`: one of the trials did.
    """

    fates: tuple[Fate, ...] = ()
    lost: bool = False
    began: bool = True


class Watch:
    """Watches a unit that a worker has been told of."""

    def __init__(self, task: Task, slot: Slot, job: Job, child: Child, inbox: Inbox) -> None:
        self._task = task
        self._slot = slot
        self._job = job
        self._child = child
        self._inbox = inbox
        self._clock = SharedTime(len(job.trials))
        self._members: dict[int, Member] = {}
        self._began = self._is_tainted = False
        self._done_by = math.inf
        self._memory_due = math.inf if task.memory_mb is None else time.monotonic()
        self._oom_kills = oom_kills()
        self._due = -math.inf
        """When the time is to be looked at; to look costs something, with many members."""
        self._look_at_the_job()

    def until_over(self) -> End:
        """Wait for the end of the last trial."""
        end = None
        while end is None:
            try:
                message = self._child.messages.get(timeout=self._patience())
            except queue.Empty:
                end = self._look_at_the_time()
            else:
                end = self._understand(message) or self._look_at_the_time()
        for member in self._members.values():
            member.reports.pass_on(time.monotonic())
        return end

    def _look_at_the_job(self) -> None:
        """Somebody has joined, or is to end."""
        for trial in self._job.trials:
            if trial.number not in self._members:
                self._members[trial.number] = Member(trial, self._slot, self._inbox, self._clock)
        for member in self._members.values():
            if member.number in self._job.stopped and math.isinf(member.asked):
                member.asked = time.monotonic()
        self._members_changed()

    def _members_changed(self) -> None:
        self._clock.share_among(len(self._members))
        self._done_by = math.inf if self._members else time.monotonic() + STOP_GRACE
        self._due = -math.inf

    def _leave(self, member: Member, fate: Fate) -> End | None:
        """A member is over: the unit's end, where it is a single trial's."""
        if not self._job.is_stack:
            return End((fate,), self._is_tainted)
        member.reports.pass_on(time.monotonic())
        del self._members[member.number]
        self._job.leave(member.number)
        self._inbox.put(fate)
        self._members_changed()
        return None

    # Time

    def _patience(self) -> float | None:
        """Seconds until something has to be looked at."""
        return None if math.isinf(self._due) else max(0.0, self._due - time.monotonic())

    def _look_at_the_time(self) -> End | None:
        now = time.monotonic()
        if now < self._due:
            return None
        for member in self._members.values():
            if now >= member.reports.due():
                member.reports.pass_on(now)
        end = self._look_at_wishes(now) or self._look_at_limits(now)
        if end is None and now >= self._memory_due:
            end = self._look_at_the_memory()
        self._due = min(self._dues())
        return end

    def _dues(self) -> Iterator[float]:
        yield self._done_by
        yield self._memory_due
        for member in self._members.values():
            yield from (self._obeys_by(member), self._ends_by(member), self._reports_by(member))
            yield member.reports.due()

    def _obeys_by(self, member: Member) -> float:
        """One that waits for the others to take it in has time until it has begun."""
        must = member.has_begun or self._job.is_stopped
        return member.asked + STOP_GRACE if must else math.inf

    def _ends_by(self, member: Member) -> float:
        return self._limit(member, member.begun, self._task.trial_seconds)

    def _reports_by(self, member: Member) -> float:
        return self._limit(member, member.heard, self._task.report_seconds)

    def _limit(self, member: Member, since: float, seconds: float | None) -> float:
        """When a limit is reached; one that is told to stop has another, and one that waits for
        the worker to try out how many train best has as long as a worker has to start."""
        if seconds is None or not math.isinf(member.asked):
            return math.inf
        if self._job.is_stack and not member.has_begun:
            seconds = max(seconds, START_SECONDS)
        return self._clock.when(since + seconds)

    def _look_at_wishes(self, now: float) -> End | None:
        if now >= self._done_by:
            return End(lost=True)
        deaf = next((m for m in self._members.values() if now >= self._obeys_by(m)), None)
        if deaf is None:
            return None
        why = f"Trial {deaf.number} did not stop when told to, so its worker was ended."
        return self._end(lambda other: TrialReturned(other.number, why))

    def _look_at_limits(self, now: float) -> End | None:
        for member in self._members.values():
            who = f"Trial {member.number}" if len(self._members) > 1 else "The trial"
            if now >= self._ends_by(member):
                said = f"{who} took longer than its limit of {self._task.trial_seconds:g} s."
                return self._lost(FailureReason.TIME_LIMIT, said)
            if now >= self._reports_by(member):
                said = f"{who} gave no report for {self._task.report_seconds:g} s."
                return self._lost(FailureReason.TIME_LIMIT, said)
        return None

    def _look_at_the_memory(self) -> End | None:
        limit = self._task.memory_mb
        assert limit is not None
        used = resident_mb(self._child.process.pid, limit)
        if used > limit:
            who = "A stack of trials" if self._job.is_stack else "The trial"
            said = f"{who} used {used:.0f} MB, more than its limit of {limit:g} MB."
            return self._lost(FailureReason.OUT_OF_MEMORY, said)
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
        if message["type"] == "wake":
            self._look_at_the_job()
        elif message["type"] == "done" and self._job.is_stack:
            return End(lost=self._is_tainted)
        elif (member := self._members.get(message.get("trial", -1))) is not None:
            return self._hear_of(member, message)
        return None

    def _hear_of(self, member: Member, message: dict[str, Any]) -> End | None:
        match message["type"]:
            case "started":
                member.on_started(message)
                self._began, self._due = True, -math.inf
            case "report":
                member.on_report(message)
                self._due = min(self._due, member.reports.due())
            case "result":
                return self._leave(member, member.result(message))
            case "failure":
                return self._leave(member, self._failure(member, message))
            case "sized":
                self._inbox.put(StackSized(member.number, read_size(message["size"])))
            case "returned" if self._job.is_stack:
                return self._leave(member, self._returned(member, message))
        return None

    def _failure(self, member: Member, message: dict[str, Any]) -> Fate:
        """That the memory did not suffice for several says nothing about one of them."""
        ended = member.failure(message, self._child.log_tail())
        assert ended.failure is not None
        if ended.failure.reason is not FailureReason.OUT_OF_MEMORY:
            return ended
        self._is_tainted = True
        if not self._job.is_stack:
            return ended
        return TrialReturned(member.number, ended.failure.message, alone=True)

    def _returned(self, member: Member, message: dict[str, Any]) -> Fate:
        if member.number in self._job.stopped:
            return interrupted(member.trial)
        alone = read_flag(message.get("alone", False))
        return TrialReturned(member.number, read_text(message.get("why", "")), alone)

    # The end of all that are left

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
        """The worker is lost. Of several trials none has failed: one of them may be at fault."""
        count = len(self._members)
        if not self._job.is_stack or (reason is FailureReason.TIME_LIMIT and count == 1):
            failure = Failure(reason, message, self._child.log_tail())
            return self._end(lambda member: member.lost(failure))
        if reason is FailureReason.OUT_OF_MEMORY and count > 1:
            self._inbox.put(StackSized(next(iter(self._members)), count // 2))
        return self._end(lambda member: TrialReturned(member.number, message, alone=True))

    def _end(self, fate_of: Callable[[Member], Fate]) -> End:
        stopped = self._job.stopped
        members = self._members.values()
        fates = [interrupted(m.trial) if m.number in stopped else fate_of(m) for m in members]
        return End(tuple(fates), lost=True, began=self._began)
