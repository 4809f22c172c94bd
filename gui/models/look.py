"""A look at something outside of the program, taken by a job whenever that has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from gui.jobs import Job, run_job

_CALM_MS = 250


class Look(QObject):
    """Waits until nothing has changed for a moment, looks, and drops what came too late."""

    started = Signal()
    arrived = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted: Any = None
        self._job: Job | None = None
        self._calm = QTimer(self, singleShot=True, interval=_CALM_MS)
        self._calm.timeout.connect(self._begin)

    def look_again(self) -> None:
        """What was looked at last may be another one by now."""
        if self._wanted is not None:
            self._look(_CALM_MS)

    def _want(self, wanted: Any) -> None:
        """Look at `wanted`, unless that is what was last looked at."""
        if wanted != self._wanted:
            first = self._wanted is None
            self._wanted = wanted
            self._look(0 if first else _CALM_MS)

    def _look(self, in_ms: int) -> None:
        if self._job is not None:
            self._job.drop()
        self.started.emit()
        self._calm.start(in_ms)

    def _begin(self) -> None:
        self._job = run_job(self, self._work(self._wanted), self.arrived.emit, self._refused)

    def _work(self, wanted: Any) -> Callable[[], Any]:
        """What a job does to look at `wanted`."""
        raise NotImplementedError

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, ValueError | OSError):
            raise error
        self.failed.emit(str(error))
