"""The load of the machine's devices while somebody looks: samples taken in jobs, a minute kept.

What a sample is, and how it is taken, is the engine's (executors/load.py); it is handed in.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from gui.jobs import Job, run_job

if TYPE_CHECKING:
    from engine.executors.load import LoadSample

INTERVAL_MS = 1000
KEPT_S = 60.0

Processes = Callable[[], Mapping[int, int]]
"""The process of each worker by the worker's number."""


class Sampler(Protocol):
    """What takes samples; it may take its time."""

    def sample(self, processes: Mapping[int, int]) -> LoadSample: ...


class DeviceWatch(QObject):
    """Looks about once a second between `start` and `stop`, and never twice at the same time."""

    sampled = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.latest: LoadSample | None = None
        self.problem = ""
        """Why there are no samples, in a sentence."""
        self._make: Callable[[], Sampler] | None = None
        self._sampler: Sampler | None = None
        self._processes: Processes = dict
        self._history: dict[str, deque[tuple[float, float]]] = {}
        self._job: Job | None = None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)

    def use(self, make: Callable[[], Sampler]) -> None:
        """Take samples by what `make` makes, in a job, when it is first needed."""
        self._make = make

    def mind(self, processes: Processes) -> None:
        """Say from now on how much memory these processes take."""
        self._processes = processes

    @property
    def is_watching(self) -> bool:
        """Whether samples are being taken."""
        return self._timer.isActive()

    def start(self) -> None:
        """Look from now on; what was seen before a break is forgotten."""
        if self._make is not None and not self._timer.isActive():
            self._history.clear()
            self._timer.start(INTERVAL_MS)
            self._look()

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()

    def history(self, device: str) -> list[tuple[float, float]]:
        """Seconds before now (negative) and the busy share, of the last minute."""
        now = time.monotonic()
        return [(at - now, busy) for at, busy in self._history.get(device, ())]

    def _look(self) -> None:
        if self._job is None or not self._job.active:
            self._job = run_job(self, self._take_sample, self._keep, self._give_up)

    def _take_sample(self) -> LoadSample:
        if self._sampler is None:
            assert self._make is not None
            self._sampler = self._make()
        return self._sampler.sample(self._processes())

    def _keep(self, sample: LoadSample) -> None:
        self.latest = sample
        now = time.monotonic()
        for device in sample.devices:
            kept = self._history.setdefault(device.device, deque())
            if device.busy is not None:
                kept.append((now, device.busy))
            while kept and kept[0][0] < now - KEPT_S:
                kept.popleft()
        self.sampled.emit()

    def _give_up(self, error: Exception) -> None:
        """A machine that cannot be read is not asked every second."""
        self.stop()
        self.problem = f"The load of the devices cannot be read ({error})."
        self.sampled.emit()
