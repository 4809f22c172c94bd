"""Starts the real window as a user does, and says when it was painted and what it had taken.

Run as `python -m tests.window_start SECONDS_AT_REST [ARGS]`; prints one line of JSON and ends.
`painted` and `idle` are Unix times: the window's first painting, and the event loop's first rest
after it. `modules` and `rss` (bytes, with child processes) are those after the seconds at rest.
"""

from __future__ import annotations

import json
import sys
import time

import psutil
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow

import main
from tests.real_window import before_event_loop


class PaintWatch(QObject):
    """Notices the first painting of the main window, then lets it rest, reports and quits."""

    def __init__(self, app: QApplication, seconds_at_rest: float) -> None:
        super().__init__()
        self._app = app
        self._milliseconds = round(1000 * seconds_at_rest)
        self._times: dict[str, float] = {}
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Look for the main window's repaint; nothing is kept from anyone."""
        if event.type() == QEvent.Type.UpdateRequest and _belongs_to_main_window(watched):
            self._app.removeEventFilter(self)
            QTimer.singleShot(0, self, self._rest)
        return False

    def _rest(self) -> None:
        self._times["painted"] = time.time()
        QTimer.singleShot(0, self, lambda: self._times.update(idle=time.time()))
        QTimer.singleShot(self._milliseconds, self, self._report)

    def _report(self) -> None:
        print(json.dumps({**self._times, "rss": _memory(), "modules": sorted(sys.modules)}))
        sys.stdout.flush()
        self._app.closeAllWindows()
        self._app.quit()


def _belongs_to_main_window(watched: QObject) -> bool:
    return isinstance(watched, QMainWindow) and watched.isVisible()


def _memory() -> int:
    process = psutil.Process()
    return sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))


if __name__ == "__main__":
    before_event_loop(lambda: PaintWatch(QApplication.instance(), float(sys.argv[1])))
    sys.exit(main.main(sys.argv[2:]))
