"""A study's records in memory, and everyone who is told when they change.

Only the study thread publishes; anybody may subscribe or look. The lock makes a snapshot and the
events after it fit together without a gap.
"""

from __future__ import annotations

import math
import queue
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path

from engine.clock import Clock
from engine.events import (
    Event,
    HolderChanged,
    Logged,
    StopReason,
    StudyChanged,
    StudySnapshot,
    StudyState,
    StudyStateChanged,
    TrialFinished,
    TrialQueued,
    TrialReported,
    TrialStarted,
    TrialTested,
)
from engine.spec import StudySpec
from engine.store_reader import LOG_LINES
from engine.trial import Report, Trial, TrialState, put_report


class Ledger:
    """What is known of a study."""

    def __init__(self, path: Path, spec: StudySpec, clock: Clock) -> None:
        self.path = path
        self.spec = spec
        self.state = StudyState.NEW
        self.reason: StopReason | None = None
        self.message = ""
        self.read_only_because = ""
        self.workers = 1
        self.trials: dict[int, Trial] = {}
        self.reports: dict[int, list[Report]] = {}
        self.best: Trial | None = None
        self._log: deque[Logged] = deque(maxlen=LOG_LINES)
        self._clock = clock
        self._ran_before = 0.0
        self._running_since: float | None = None
        self._listeners: list[queue.SimpleQueue[Event]] = []
        self._lock = threading.RLock()

    def fill(
        self,
        trials: Iterable[Trial],
        reports: Mapping[int, tuple[Report, ...]],
        log: Iterable[Logged],
        condition: tuple[StudyState, StopReason | None, str, float],
    ) -> None:
        """Take over what a study's file holds."""
        self.state, self.reason, self.message, elapsed = condition
        self.set_elapsed(elapsed)
        self.trials = {trial.number: trial for trial in trials}
        self.reports = {number: list(items) for number, items in reports.items()}
        self._log.extend(log)
        for trial in self.trials.values():
            self._consider(trial)

    def publish(self, event: Event) -> None:
        """Take an event into the records and tell everybody who listens."""
        with self._lock:
            self._apply(event)
            for listener in self._listeners:
                listener.put(event)

    def put(self, trial: Trial) -> None:
        """Take a trial into the records of which there is nothing to tell yet."""
        with self._lock:
            self.trials[trial.number] = trial

    def restart(self, trial: Trial) -> None:
        """Take in a trial that is to be run again, from its beginning."""
        with self._lock:
            self.trials[trial.number] = trial
            self.reports.pop(trial.number, None)

    def _apply(self, event: Event) -> None:
        match event:
            case StudyStateChanged():
                self.state, self.reason, self.message = event.state, event.reason, event.message
                self._mind_the_time()
            case StudyChanged():
                self.spec, self.workers = event.spec, event.workers
            case HolderChanged():
                self.read_only_because = event.read_only_because
            case TrialReported():
                put_report(self.reports.setdefault(event.number, []), event.report)
            case TrialQueued() | TrialStarted() | TrialFinished() | TrialTested():
                self.trials[event.trial.number] = event.trial
                self._consider(event.trial)
            case Logged():
                self._log.append(event)

    def _mind_the_time(self) -> None:
        now = self._clock.monotonic()
        if self._running_since is not None:
            self._ran_before += now - self._running_since
        runs = self.state in (StudyState.RUNNING, StudyState.STOPPING)
        self._running_since = now if runs else None

    def _consider(self, trial: Trial) -> None:
        if trial.state is not TrialState.COMPLETE or trial.value is None:
            return
        if self.best is None or trial.number == self.best.number or self.is_better(trial):
            self.best = trial

    def is_better(self, trial: Trial) -> bool:
        """Whether a finished trial beats the best so far; of equals the earlier one wins."""
        assert self.best is not None
        ours, best = self.loss(trial), self.loss(self.best)
        return ours < best or (ours == best and trial.number < self.best.number)

    def loss(self, trial: Trial) -> float:
        """A trial's value as it is minimised, infinite where there is none."""
        if trial.value is None:
            return math.inf
        return -trial.value if self.spec.task.direction == "maximize" else trial.value

    def set_elapsed(self, seconds: float) -> None:
        """Go by what a study's file says of the time that it has run."""
        with self._lock:
            self._ran_before = seconds
            self._running_since = None
            self._mind_the_time()

    def elapsed(self) -> float:
        """Seconds that the study has run so far, pauses aside."""
        with self._lock:
            since = self._running_since
            return self._ran_before + (0.0 if since is None else self._clock.monotonic() - since)

    def all_trials(self) -> tuple[Trial, ...]:
        """The trials by number."""
        with self._lock:
            return tuple(self.trials[number] for number in sorted(self.trials))

    def subscribe(self) -> tuple[StudySnapshot, queue.SimpleQueue[Event]]:
        """The records as they are, and a queue that receives every event from now on."""
        listener: queue.SimpleQueue[Event] = queue.SimpleQueue()
        with self._lock:
            self._listeners.append(listener)
            return self._snapshot(), listener

    def unsubscribe(self, listener: queue.SimpleQueue[Event]) -> None:
        """Stop telling a listener."""
        with self._lock:
            self._listeners = [other for other in self._listeners if other is not listener]

    def _snapshot(self) -> StudySnapshot:
        return StudySnapshot(
            path=self.path,
            spec=self.spec,
            state=self.state,
            reason=self.reason,
            message=self.message,
            trials=self.all_trials(),
            reports={number: tuple(items) for number, items in self.reports.items()},
            log=tuple(self._log),
            best=self.best,
            elapsed=self.elapsed(),
            read_only_because=self.read_only_because,
            workers=self.workers,
        )
