"""The window's program: sets up Qt, settings and the crash log, and lends the window the engine.

With gui/bridge.py the only place that knows engine.study, which is imported in jobs alone.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from engine import places
from gui import theme
from gui.crash import CrashLog
from gui.garbage import Garbage
from gui.interrupts import Interrupts
from gui.jobs import finish_jobs, run_job
from gui.late import late_import, warm_up
from gui.open_studies import StudyDoor
from gui.program import SCHEME, VALUE_MAP, Program
from gui.settings import Settings

if TYPE_CHECKING:
    from engine.analysis.views import LensProblem, View
    from engine.discovery import Discovered
    from engine.dry_run import DryRun, Projection
    from engine.executors.load import LoadSampler
    from engine.lens import Lens
    from engine.spec import StudySpec
    from engine.study import Study
    from engine.task_tables import ScriptTask

_LAST_JOBS_MS = 3000
_WARM_UP_MS = 300
_NEEDED_NEXT = ("engine.study", "gui.pages.design.page", "gui.pages.run")


def run(path: Path | None = None) -> int:
    """Open the window, with a study, a spec or a data file in it; returns the exit code."""
    # before numpy is loaded: on busy cores, BLAS threads of pictures would spin and hold all up
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    late_import("engine.spec")  # before any job does: pydantic cannot be imported by two at once
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName(places.APP)
    app.setDesktopFileName(places.APP.lower())
    app.setStyle("Fusion")
    app.setFont(theme.font())
    settings = Settings()
    theme.apply(app, settings.get(SCHEME, "system"))
    theme.use_value_map(settings.get(VALUE_MAP, theme.value_map()))
    crashes = CrashLog()
    crashes.install()
    garbage = Garbage()
    program = Program(settings, crashes, study_door())
    interrupts = Interrupts(program.closing.stop_and_leave)
    program.open_window(path)
    QTimer.singleShot(
        _WARM_UP_MS,
        program,
        lambda: run_job(program, lambda: warm_up(_NEEDED_NEXT), lambda _: None),
    )
    code = QApplication.exec()
    if interrupts.number is not None:
        code = 128 + interrupts.number
    interrupts.close()
    garbage.close()
    settings.flush()
    if not finish_jobs(_LAST_JOBS_MS):  # whatever hangs, the engine's guard ends its processes
        os._exit(code)
    crashes.uninstall()
    return code


def study_door() -> StudyDoor:
    """The engine's studies, as the window is lent them."""
    return StudyDoor(
        _create, _open, _read, _dry_run, _look, _discover, _sampler, _automatic_workers
    )


def _create(path: Path, spec: StudySpec) -> Study:
    from engine.study import Study

    return Study.create(path, spec)


def _open(path: Path) -> Study:
    from engine.study import Study

    return Study.open(path)


def _read(path: Path) -> dict[str, Any]:
    """A study's state in a few words, for the list of recent ones."""
    study = _open(path)
    try:
        best = study.best
        return {
            "state": str(study.state),
            "best": None if best is None else best.value,
            "objective": study.spec.task.objective,
            "finished": sum(trial.state.is_finished for trial in study.trials),
            "planned": study.spec.planned_trials(),
        }
    finally:
        study.close()


def _dry_run(spec: StudySpec, stop: threading.Event) -> tuple[DryRun, Projection | None]:
    from engine.dry_run import dry_run, project

    seen = dry_run(spec, stop)
    return seen, project(seen, spec)


def _discover(task: ScriptTask, base: Path, stop: threading.Event) -> Discovered:
    from engine.discovery import discover

    return discover(task, base, stop)


def _look(spec: StudySpec, deliver: Callable[[View | LensProblem], None]) -> Lens:
    from engine.lens import Lens

    return Lens(spec, deliver)


def _sampler() -> LoadSampler:
    from engine.executors.load import LoadSampler

    return LoadSampler()


def _automatic_workers() -> int:
    from engine.executors.devices import slots

    return len(slots())
