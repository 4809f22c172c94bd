"""Runs the real program, from its own front door, with a script in the place of its user.

For benchmarks and screenshots; tests of the window use tests/gui/windows.py, within pytest's own
event loop.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, QTimer
from PySide6.QtWidgets import QApplication

import main
from gui import app as gui_app
from gui.program import Program

POLL_MS = 20
PATIENCE_S = 300.0

Wish = int | Callable[[], bool]
Script = Iterator[Wish]
"""Does something, then yields what it waits for: milliseconds, or a condition."""


def before_event_loop(act: Callable[[], object]) -> None:
    """Have `act` called when the program is about to run its event loop; what it returns lives."""
    run_event_loop = QApplication.exec

    def watched_exec(*_: Any) -> int:
        kept = act()
        code = run_event_loop()
        del kept
        return code

    QApplication.exec = watched_exec  # type: ignore[method-assign,assignment]


def drive(script: Callable[[Program], Script], arguments: Sequence[str] = ()) -> int:
    """Run the program until `script` has ended and the window is closed; its exit code."""
    programs: list[Program] = []

    class SeenProgram(Program):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            programs.append(self)

    gui_app.Program = SeenProgram  # type: ignore[misc]
    before_event_loop(lambda: Driver(programs[0], script(programs[0])))
    return main.main(list(arguments))


class Driver(QObject):
    """Goes on with a script whenever what it waits for has come."""

    def __init__(self, program: Program, script: Script) -> None:
        super().__init__()
        self._program = program
        self._script = script
        self._wish: Wish = 0
        self._since = time.monotonic()
        self._poll = QTimer(self, interval=POLL_MS)
        self._poll.timeout.connect(self._go_on)
        self._poll.start()

    def _go_on(self) -> None:
        if not self._granted():
            return
        try:
            self._wish = next(self._script)
            self._since = time.monotonic()
        except StopIteration:
            self._poll.stop()
            self._program.window.close()
        except Exception:
            self._give_up(traceback.format_exc())

    def _granted(self) -> bool:
        waited = time.monotonic() - self._since
        if isinstance(self._wish, int):
            return waited >= self._wish / 1000
        if waited > PATIENCE_S:
            self._give_up(f"Waited {waited:.0f} s for {self._wish} in vain.")
        return self._wish()

    def _give_up(self, why: str) -> None:
        print(why, flush=True)
        self._poll.stop()
        QCoreApplication.exit(1)
