"""Takes out Python's garbage on the UI thread alone.

Left to itself, the collector runs on whatever thread happens to need memory; where it then destroys
an object of Qt's, on a study's thread or while Qt holds its own locks, the program may hang.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 1000
_OLDEST, _GROWTH = 2, 1.25


class Garbage(QObject):
    """Collects now and then, by Python's own thresholds; automatic again once it is closed.

    All of a long study's records take long to look through, so that this is done only when there
    are a quarter more of them than the last time: Python's own rule, which a collection by hand
    would pass over.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        self._survivors = 0
        self._timer = QTimer(self, interval=_EVERY_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()
        gc.disable()

    def collect(self) -> None:
        """Collect the oldest generation that is due, and with it the younger ones."""
        due = [
            generation
            for generation, (count, most) in enumerate(
                zip(gc.get_count(), self._thresholds, strict=True)
            )
            if count > most
        ]
        if _OLDEST in due and not self._has_grown():
            due.remove(_OLDEST)
        if due:
            gc.collect(max(due))
        if _OLDEST in due:
            self._survivors = len(gc.get_objects(_OLDEST))

    def _has_grown(self) -> bool:
        return len(gc.get_objects(_OLDEST)) > self._survivors * _GROWTH

    def close(self) -> None:
        """Leave it to Python again."""
        self._timer.stop()
        gc.enable()
