"""Where a new study will be saved: NAME.tune in the chosen folder, or NAME-2.tune where taken."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from gui.jobs import Job, run_job

SUFFIX = ".tune"


class StudyPlace(QObject):
    """Looks for a free name in a job, and says which."""

    found = Signal(Path)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self._job: Job | None = None

    def look_for(self, name: str) -> None:
        """Find the file for a study called `name`."""
        if self._job is not None:
            self._job.drop()
        self._job = run_job(self, _finder(self.folder, name), self.found.emit)


def free_path(folder: Path, name: str) -> Path:
    """The first of NAME.tune, NAME-2.tune, ... that does not exist."""
    for number in itertools.count(1):
        path = folder / f"{name}{'' if number == 1 else f'-{number}'}{SUFFIX}"
        if not path.exists():
            return path
    raise AssertionError("numbers do not end")


def _finder(folder: Path, name: str) -> Callable[[], Path]:
    return lambda: free_path(folder, name)
