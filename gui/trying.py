"""What the Design page tries before there is a study: a dry run, and a look for parameters.

Both run the user's code in a worker, so both ask first, and both can be stopped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from gui.jobs import run_job
from gui.models.trial_run_words import dry_run_words
from gui.trusting import Trusting

if TYPE_CHECKING:
    from engine.spec import StudySpec
    from engine.task_tables import ScriptTask
    from gui.open_studies import StudyDoor


class Trying(QObject):
    """Tries one thing at a time."""

    busyChanged = Signal(str)
    """ "dry run", "discovery", or nothing."""
    tried = Signal(object, object, str)
    """A spec, the seconds of one of its trials (None: not known), and what was seen in words."""
    discovered = Signal(object)
    failed = Signal(str, str)
    """What is wrong, and the last lines that the code printed."""

    def __init__(self, door: StudyDoor, trusting: Trusting, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._door = door
        self._trusting = trusting
        self._stop: threading.Event | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something is being tried."""
        return self._stop is not None

    def dry_run(self, spec: StudySpec) -> None:
        """Run one trial for a step or more."""
        self._try(
            "dry run",
            spec.task,
            spec.base,
            lambda stop: self._door.dry_run(spec, stop),
            lambda outcome: self._tell_of(spec, *outcome),
        )

    def discover(self, task: ScriptTask, base: Path) -> None:
        """Run a script up to its first report to see what it asks for."""
        self._try(
            "discovery",
            task,
            base,
            lambda stop: self._door.discover(task, base, stop),
            self.discovered.emit,
        )

    def stop(self) -> None:
        """End what is being tried."""
        if self._stop is not None:
            self._stop.set()

    def _try(
        self,
        what: str,
        task: Any,
        base: Path,
        work: Callable[[threading.Event], Any],
        done: Callable[[Any], object],
    ) -> None:
        if self._stop is not None:
            return
        stop = self._stop = threading.Event()
        self.busyChanged.emit(what)

        def over() -> None:
            self._stop = None
            self.busyChanged.emit("")

        def succeeded(outcome: Any) -> None:
            over()
            done(outcome)

        def failed(error: Exception) -> None:
            over()
            if not isinstance(error, ValueError | OSError | RuntimeError):
                raise error
            if not stop.is_set():
                self.failed.emit(str(error), getattr(error, "log", ""))

        self._trusting.then(
            task, base, lambda: run_job(self, lambda: work(stop), succeeded, failed), over
        )

    def _tell_of(self, spec: StudySpec, seen: Any, projected: Any) -> None:
        seconds = seen.trial_seconds(spec.task.steps_planned)
        self.tried.emit(spec, seconds, dry_run_words(seen, projected))
