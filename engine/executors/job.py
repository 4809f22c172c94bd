"""What is handed to a worker: the task that it loads, and the trials that pass through it."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Mapping
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


@dataclass
class Job:
    """A trial on its way through a worker; `stop` may be called from another thread."""

    kind: str
    trial: Trial
    child: Child | None = None
    stopping: bool = False
    over: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def give_to(self, child: Child) -> None:
        """The worker that runs this job from now on."""
        with self._lock:
            self.child = child
            if self.stopping:
                self._tell()

    def stop(self) -> None:
        with self._lock:
            if not self.stopping:
                self.stopping = True
                self._tell()

    def _tell(self) -> None:
        if self.child is not None:
            self.child.messages.put({"type": "wake", "trial": self.trial.number})
            with contextlib.suppress(ChildGoneError):
                self.child.send("stop", trial=self.trial.number)
