"""Panels draw in turn: after each, the window paints and hears of mouse and keys."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

_PAUSE_MS = 8


class Turns(QObject):
    """First come, first served; one redraw in a turn of the event loop."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._line: deque[Callable[[], None]] = deque()
        self._last = 0.0
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._serve)

    def ask(self, redraw: Callable[[], None]) -> None:
        """Have `redraw` called soon; one that waits already keeps its place."""
        if redraw not in self._line:
            self._line.append(redraw)
        self._go_on()

    def _serve(self) -> None:
        self._line.popleft()()
        self._last = time.monotonic()
        self._go_on()

    def _go_on(self) -> None:
        if self._line and not self._timer.isActive():
            since = (time.monotonic() - self._last) * 1000
            self._timer.start(max(0, round(_PAUSE_MS - since)))
