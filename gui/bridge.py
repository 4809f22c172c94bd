"""From the study thread to the window: drains a study's event queue and hands batches to its model.

The only file that touches the queue. It knows neither what events mean nor who shows them.
"""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from gui.models.study_model import StudyModel

if TYPE_CHECKING:
    from engine.events import Event
    from engine.study import Study

_BUSY_MS = 33
_IDLE_MS = 250
_MOST_EVENTS = 1000
"""Events to take in at once; what is left waits for the next tick."""


class Bridge(QObject):
    """Between one study and its model, until it is closed.

    `events` is the queue that came with the snapshot from which `model` was made.
    """

    def __init__(
        self,
        study: Study,
        model: StudyModel,
        events: queue.SimpleQueue[Event],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._study = study
        self._model = model
        self._events = events
        self._timer = QTimer(self, interval=_IDLE_MS)
        self._timer.timeout.connect(self.drain)
        self._timer.start()

    @property
    def interval_ms(self) -> int:
        """How often it looks."""
        return self._timer.interval()

    def drain(self) -> None:
        """Hand over what has come, in its order, without waiting for more."""
        batch: list[Event] = []
        while len(batch) < _MOST_EVENTS:
            try:
                batch.append(self._events.get_nowait())
            except queue.Empty:
                break
        if batch:
            self._model.apply(batch)
        busy = bool(batch) or self._model.state.is_active
        wanted = _BUSY_MS if busy else _IDLE_MS
        if self._timer.interval() != wanted and self._timer.isActive():
            self._timer.setInterval(wanted)

    def close(self) -> None:
        """Listen no longer."""
        self._timer.stop()
        self._study.unsubscribe(self._events)
