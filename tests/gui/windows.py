"""The program's window for tests: the real one, with settings and studies below a folder."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyqtgraph import PlotWidget
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from gui.app import study_door
from gui.crash import CrashLog
from gui.jobs import finish_jobs
from gui.open_studies import StudyDoor
from gui.program import Program
from gui.settings import Settings

PATIENCE_S = 20.0
EXAMPLES = Path(__file__).parents[2] / "resources" / "examples"


@contextmanager
def program_in(folder: Path, door: StudyDoor | None = None) -> Iterator[Program]:
    """The program with its window open; closed, and its settings written, at the end."""
    settings = Settings(folder / "window.ini")
    settings.set("design/folder", str(folder))
    program = Program(settings, CrashLog(folder), door or study_door())
    program.open_window()
    try:
        yield program
    finally:
        close_studies(program)
        finish_jobs(5000)
        take_down(program)
        settings.flush()


def close_studies(program: Program) -> None:
    """Close what is open, and wait for that."""
    program.studies.close_all(lambda: None)
    deadline = time.monotonic() + PATIENCE_S
    while program.studies.all and time.monotonic() < deadline:
        QApplication.processEvents()
        time.sleep(0.005)


def take_down(program: Program) -> None:
    """Delete the window and all that belongs to it."""
    program.window.close()
    for plot in program.window.findChildren(PlotWidget):
        plot.close()  # it has menus that belong to nobody else, and leaves its parent
        plot.deleteLater()
    program.window.deleteLater()
    program.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
