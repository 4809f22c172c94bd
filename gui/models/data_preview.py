"""A look at the draft's data, taken by a job whenever the data or its split has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from gui.jobs import Job, run_job

if TYPE_CHECKING:
    from engine.tasks.data import Preview

_CALM_MS = 250
_ASPECTS = ("data", "target", "split")


class DataPreview(QObject):
    """Asks for previews and drops those that came too late."""

    started = Signal()
    arrived = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted: tuple[dict[str, Any], Path] | None = None
        self._job: Job | None = None
        self._calm = QTimer(self, singleShot=True, interval=_CALM_MS)
        self._calm.timeout.connect(self._begin)

    def look_at(self, task: Mapping[str, Any], base: Path) -> None:
        """Take a look at the data of `task`, unless that is what was last looked at."""
        wanted = ({key: _plain(task[key]) for key in _ASPECTS if key in task}, base)
        if wanted == self._wanted:
            return
        first = self._wanted is None
        self._wanted = wanted
        if self._job is not None:
            self._job.drop()
        self.started.emit()
        self._calm.start(0 if first else _CALM_MS)

    def _begin(self) -> None:
        assert self._wanted is not None
        self._job = run_job(self, _work(*self._wanted), self.arrived.emit, self._refused)

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, ValueError | OSError):
            raise error
        self.failed.emit(str(error))


def _work(task: dict[str, Any], base: Path) -> Callable[[], Preview]:
    def work() -> Preview:
        from engine.tasks.data import preview  # late: polars and Pillow come with it

        return preview(task, base)

    return work


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
