"""What is handed to a worker: the task that it loads, and the trials that pass through it."""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.executors.child import Child, ChildGoneError
from engine.trial import Trial

Inbox = queue.SimpleQueue[Any]


@dataclass(frozen=True, slots=True)
class Task:
    """What workers are told when they start, and the limits of a trial.

    `content` is the JSON form of the spec's task, `base` the folder its paths are relative to and
    `folder` that of the study: trials put their weights and checkpoints in it.
    """

    content: Mapping[str, Any]
    base: Path
    folder: Path
    trial_seconds: float | None = None
    report_seconds: float | None = None
    memory_mb: float | None = None

    def weights_of(self, number: int) -> Path:
        """The file for the weights of a trial."""
        return self.folder / f"trial-{number:06d}.safetensors"

    def checkpoint_of(self, number: int) -> Path:
        """The folder for the checkpoint of a trial; it is there once something is in it."""
        return self.folder / "checkpoints" / f"trial-{number:06d}"

    def order_for(self, trial: Trial) -> dict[str, Any]:
        """What a worker is told of a trial that it is to run."""
        return {
            "trial": trial.number,
            "params": trial.params,
            "seed": trial.seed,
            "weights": str(self.weights_of(trial.number)),
            "checkpoint": str(self.checkpoint_of(trial.number)),
        }


@dataclass
class Job:
    """A unit on its way through a worker: one trial, or several that train as one there.

    `stop` and `join` may be called from another thread than that of the worker's supervisor. What
    they send is sent without the lock: a worker that does not listen must not hold up its
    supervisor, who has to end it.
    """

    kind: str
    trials: tuple[Trial, ...]
    """Those that have not ended."""
    most: int = 1
    tried: bool = True
    """How many may train as one."""
    stopped: frozenset[int] = frozenset()
    """Those that are to end with what they have, or have done so."""
    is_stack: bool = False
    """Whether it was begun as several, which others may join."""
    is_over: bool = False
    unit: int = field(default_factory=itertools.count().__next__)
    """A number that no other job has."""
    _child: Child | None = None
    _has_begun: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_stopped(self) -> bool:
        """Whether all that is left of it is to end."""
        return all(trial.number in self.stopped for trial in self.trials)

    # Said by the supervisor

    def give_to(self, child: Child) -> None:
        """The worker that runs this job from now on."""
        with self._lock:
            self._child, self._has_begun, self.is_stack = child, False, False
        _tell_to_stop(child, self.stopped)

    def begin(self) -> tuple[Trial, ...]:
        """Those that the worker is to be told of now; what may be several is a stack."""
        with self._lock:
            self._has_begun, self.is_stack = True, max(self.most, len(self.trials)) > 1
            return self.trials

    def stop_again(self) -> None:
        """The worker has been told of all, and forgot what it was told of them before."""
        if self._child is not None:
            there = frozenset(trial.number for trial in self.trials)
            _tell_to_stop(self._child, there & self.stopped)

    def leave(self, number: int) -> None:
        """A trial has ended here."""
        with self._lock:
            self.trials = tuple(trial for trial in self.trials if trial.number != number)

    def close(self) -> tuple[Trial, ...]:
        """None may join any more; those that are left."""
        with self._lock:
            self.is_over = True
            return self.trials

    # Asked by the study

    def stop(self, numbers: Collection[int] | None = None) -> None:
        """Have some trials, or all, end with what they have."""
        with self._lock:
            every = (trial.number for trial in self.trials)
            fresh = frozenset(every if numbers is None else numbers) - self.stopped
            self.stopped |= fresh
            child = self._child
        if child is not None:
            _tell_to_stop(child, fresh)

    def join(self, trials: tuple[Trial, ...], task: Task) -> bool:
        """Have more trials run in this unit; False when it is over, or a single trial's."""
        with self._lock:
            if self.is_over or (self._has_begun and not self.is_stack):
                return False
            self.trials += trials
            self.stopped -= {trial.number for trial in trials}
            child = self._child if self._has_begun else None
        if child is not None:
            child.messages.put({"type": "wake"})
            with contextlib.suppress(ChildGoneError):
                orders = [task.order_for(trial) for trial in trials]
                child.send("join", unit=self.unit, trials=orders)
        return True


def _tell_to_stop(child: Child, numbers: Collection[int]) -> None:
    """Tell a worker, and its supervisor, which trials are to end."""
    if not numbers:
        return
    child.messages.put({"type": "wake"})
    with contextlib.suppress(ChildGoneError):
        for number in numbers:
            child.send("stop", trial=number)
