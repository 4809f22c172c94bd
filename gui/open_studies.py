"""The studies that are open, one of which the window shows, and the commands to them.

Files, locks and threads of a study are touched in jobs only. How studies are made and opened is
handed in by gui/app.py; who has the devices, and who waits for them, is the engine's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, Signal

from engine.events import StudyState
from gui.jobs import run_job

if TYPE_CHECKING:
    from engine.discovery import Discovered
    from engine.dry_run import DryRun, Projection
    from engine.spec import StudySpec
    from engine.study import Study
    from engine.task_tables import ScriptTask
    from gui.models.device_watch import Sampler
    from gui.models.lens_model import LensModel, MakeLens
    from gui.models.study_model import StudyModel

T = TypeVar("T")
_COMPUTING = frozenset({StudyState.RUNNING, StudyState.STOPPING})


@dataclass(frozen=True)
class StudyDoor:
    """What the engine offers; all but `look` is slow, and called in a job."""

    create: Callable[[Path, StudySpec], Study]
    open: Callable[[Path], Study]
    read: Callable[[Path], dict[str, Any]]
    dry_run: Callable[[StudySpec, threading.Event], tuple[DryRun, Projection | None]]
    look: MakeLens
    discover: Callable[[ScriptTask, Path, threading.Event], Discovered]
    sampler: Callable[[], Sampler]
    """Makes what looks at the machine's load; slow, like what it makes."""
    automatic_workers: Callable[[], int] = lambda: 1
    """How many trials run at once where the user chose neither workers nor devices."""


class OpenStudy(QObject):
    """A study, what the window knows of it, and the bridge between the two."""

    def __init__(self, study: Study, look: MakeLens, parent: QObject) -> None:
        from gui.bridge import Bridge
        from gui.models.lens_model import LensModel
        from gui.models.study_model import StudyModel  # late: numpy comes with it

        super().__init__(parent)
        self.study = study
        snapshot, events = study.subscribe()
        self.model: StudyModel = StudyModel(snapshot, self)
        self.bridge = Bridge(study, self.model, events, self)
        study.read_along()
        self.lens: LensModel = LensModel(self.model, look, self)
        self.model.spaceChanged.connect(lambda: self._renew_lens(look))

    def _renew_lens(self, look: MakeLens) -> None:
        """Look at the model of another space from now on."""
        from gui.models.lens_model import LensModel

        before, self.lens = self.lens, LensModel(self.model, look, self)
        before.close()
        before.deleteLater()

    @property
    def path(self) -> Path:
        """The study's file."""
        return self.model.path

    @property
    def name(self) -> str:
        """What the study is called in the window."""
        return self.path.stem

    @property
    def is_active(self) -> bool:
        """Whether its study thread is at work or waits."""
        return self.model.is_at_work_here


class OpenStudies(QObject):
    """Opens, creates, shows, commands and closes studies."""

    listChanged = Signal()
    currentChanged = Signal()
    stateChanged = Signal(object)
    refused = Signal(str)

    def __init__(self, door: StudyDoor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._door = door
        self._entries: list[OpenStudy] = []
        self._current: OpenStudy | None = None
        self._starting: set[OpenStudy] = set()
        self._closing: dict[OpenStudy, list[Callable[[], None]]] = {}

    # -- which there are ------------------------------------------------------------------------

    @property
    def current(self) -> OpenStudy | None:
        """The study that the window shows."""
        return self._current

    @property
    def all(self) -> tuple[OpenStudy, ...]:
        """All that are open, in the order of opening."""
        return tuple(self._entries)

    def active(self) -> list[OpenStudy]:
        """Those that run, pause, stop, or wait for devices."""
        return [entry for entry in self._entries if entry.is_active or entry in self._starting]

    def is_computing(self) -> bool:
        """Whether the computer is to be kept awake."""
        return any(e.is_active and e.model.state in _COMPUTING for e in self._entries)

    def show(self, entry: OpenStudy | None) -> None:
        """Show another one."""
        if entry is not self._current:
            self._current = entry
            self.currentChanged.emit()
            self.listChanged.emit()

    # -- coming and going -----------------------------------------------------------------------

    def create(
        self,
        path_of: Callable[[], Path],
        spec: StudySpec,
        done: Callable[[OpenStudy], None],
        refused: Callable[[], None],
    ) -> None:
        """Make a new study at the path that `path_of` finds (in the job), and show it."""
        self._take_in(lambda: self._door.create(path_of(), spec), done, refused)

    def open(self, path: Path, done: Callable[[OpenStudy], None]) -> None:
        """Open a study and show it; one that is open already is only shown."""
        known = next((entry for entry in self._entries if entry.path == path.absolute()), None)
        if known is not None:
            self.show(known)
            done(known)
        else:
            self._take_in(lambda: self._door.open(path), done)

    def close(self, entry: OpenStudy, done: Callable[[], None] = lambda: None) -> None:
        """Stop a study if it runs, in a job, and let go of its file; then it is not listed.

        One that is being closed already is closed once, and all who asked for it are told.
        """
        if entry in self._closing:
            self._closing[entry].append(done)
            return
        self._closing[entry] = [done]

        def failed(error: Exception) -> None:
            self._closed(entry)
            self._refuse(error)

        run_job(self, entry.study.close, lambda _: self._closed(entry), failed)

    def close_all(self, done: Callable[[], None]) -> None:
        """Close them all at the same time."""
        if not self._entries:
            done()
        for entry in self.all:
            self.close(entry, lambda: None if self._entries else done())

    def _take_in(
        self,
        make: Callable[[], Study],
        done: Callable[[OpenStudy], None],
        refused: Callable[[], None] = lambda: None,
    ) -> None:
        def arrived(study: Study) -> None:
            entry = OpenStudy(study, self._door.look, self)
            entry.model.stateChanged.connect(lambda: self._state_changed(entry))
            entry.model.spaceChanged.connect(lambda: self._show_anew(entry))
            self._entries.append(entry)
            self.show(entry)
            done(entry)

        def failed(error: Exception) -> None:
            refused()
            self._refuse(error)

        run_job(self, make, arrived, failed)

    def _closed(self, entry: OpenStudy) -> None:
        entry.bridge.drain()
        entry.bridge.close()
        entry.lens.close()
        self._entries.remove(entry)
        if entry is self._current:
            self._current = None
            self.show(self._entries[-1] if self._entries else None)
            if not self._entries:
                self.currentChanged.emit()
        self.listChanged.emit()
        entry.deleteLater()
        for done in self._closing.pop(entry):
            done()

    # -- commands -------------------------------------------------------------------------------

    def start(self, entry: OpenStudy, share: bool = False) -> None:
        """Begin or go on; it waits for devices that another one has, unless they are shared."""
        self._start(entry, lambda: entry.study.start(share=share))

    def extend(self, entry: OpenStudy, trials: int, share: bool = False) -> None:
        """Let a study that has ended have `trials` trials in all, and go on with it."""

        def go_on() -> None:
            entry.study.extend(trials)
            entry.study.start(share=share)

        self._start(entry, go_on)

    def _start(self, entry: OpenStudy, act: Callable[[], None]) -> None:
        if entry in self._starting or entry.is_active:
            return
        self._starting.add(entry)

        def over(_: object) -> None:
            self._starting.discard(entry)

        def failed(error: Exception) -> None:
            over(None)
            self._refuse(error)

        run_job(self, act, over, failed)

    def command(self, what: str, *arguments: Any) -> None:
        """Send "pause", "resume", "stop", "cancel_trial", ... to the study that is shown."""
        if self._current is not None:
            getattr(self._current.study, what)(*arguments)

    def ask(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Ask something of a study that may touch its file; what it refuses is shown."""
        run_job(self, work, done, self._refuse)

    @property
    def make_sampler(self) -> Callable[[], Sampler]:
        """What looks at the machine's load."""
        return self._door.sampler

    def _show_anew(self, entry: OpenStudy) -> None:
        """The axes and columns of a study are others now."""
        if entry is self._current:
            self.currentChanged.emit()

    def _state_changed(self, entry: OpenStudy) -> None:
        self.stateChanged.emit(entry)

    def _refuse(self, error: Exception) -> None:
        """A sentence of the engine's is shown; anything else is an error of the program."""
        if not isinstance(error, ValueError | OSError | RuntimeError):
            raise error
        self.refused.emit(str(error))
