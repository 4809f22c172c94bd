"""The program's window for tests: the real one, with settings and studies below a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from gui.app import study_door
from gui.crash import CrashLog
from gui.jobs import finish_jobs
from gui.open_studies import StudyDoor
from gui.program import Program
from gui.settings import Settings

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
        for entry in program.studies.all:
            entry.study.close()
            entry.bridge.close()
        finish_jobs(5000)
        settings.flush()
        take_down(program)


def take_down(program: Program) -> None:
    """Delete the window and all that belongs to it."""
    program.window.may_close = lambda: True
    program.window.close()
    program.window.deleteLater()
    program.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
