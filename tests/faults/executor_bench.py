"""An executor over odd workers for tests, and how to see that their processes are gone."""

from __future__ import annotations

import queue
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from engine.executors.devices import Slot
from engine.executors.job import Task
from engine.executors.local import LocalExecutor
from engine.executors.messages import TrialEnded, TrialProgressed, TrialReturned
from engine.trial import Trial, TrialState


class Bench:
    """An executor over odd workers, and what it posted."""

    def __init__(
        self,
        folder: Path,
        workers: int = 1,
        content: Any = None,
        devices: Sequence[str] = (),
        **limits: Any,
    ) -> None:
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.heard: list[Any] = []
        task = Task(content or {}, folder, folder, **limits)
        places = [
            Slot(index, device, 1) for index, device in enumerate(devices or ["cpu"] * workers)
        ]
        self.executor = LocalExecutor(task, places, self.inbox)

    def submit(self, number: int, behaviour: str, **params: Any) -> None:
        params["behaviour"] = behaviour
        self.executor.submit([Trial(number, params, TrialState.QUEUED, seed=number)])

    def submit_stack(self, trials: Mapping[int, Mapping[str, Any]], **options: Any) -> None:
        """Some trials as one, each with its parameters (odd_stacks.py)."""
        queued = [Trial(n, dict(p), TrialState.QUEUED, seed=n) for n, p in trials.items()]
        self.executor.submit(queued, **{"most": len(queued), **options})

    def wait_for(self, kind: type | tuple[type, ...], number: int | None = None) -> Any:
        """The next message of a kind, of one trial."""
        while True:
            message = self.inbox.get(timeout=60)
            self.heard.append(message)
            if isinstance(message, kind) and number in (None, getattr(message, "number", None)):
                return message

    def run(self, number: int, behaviour: str, **params: Any) -> TrialEnded:
        self.submit(number, behaviour, **params)
        return self.wait_for(TrialEnded, number)

    def fates(self, *numbers: int) -> dict[int, TrialEnded | TrialReturned]:
        """What became of some trials, by number, in the order in which it was told."""
        found: dict[int, TrialEnded | TrialReturned] = {}
        while len(found) < len(numbers):
            message = self.wait_for((TrialEnded, TrialReturned))
            assert message.number in numbers
            assert message.number not in found
            found[message.number] = message
        return found

    def progress(self) -> list[Any]:
        """The reports so far."""
        return self.all(TrialProgressed)

    def all(self, kind: type) -> list[Any]:
        return [message for message in self.heard if isinstance(message, kind)]


def gone(pid: int, patience: float = 20.0) -> bool:
    """Whether a process ends within `patience` seconds."""
    deadline = time.monotonic() + patience
    while _is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pids_in(note: Path) -> list[int]:
    """The numbers of two processes or more that a training wrote down."""
    while not note.exists() or len(note.read_text().split()) < 2:
        time.sleep(0.01)
    return [int(word) for word in note.read_text().split()]
