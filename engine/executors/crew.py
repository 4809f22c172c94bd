"""The workers of a study as one crew: who is ready, who is left out, and when that is said.

Where one worker is ready, another that cannot start fails for a reason of its own, such as its
device, and the study hears of it. Until then the reason may be one that all share, such as a
mistake in the data, of which the last of them speaks for all.
"""

from __future__ import annotations

import threading

from engine.executors.devices import Slot
from engine.executors.job import Inbox
from engine.executors.messages import WorkerLeftOut, WorkerReady, WorkersRefused


class Crew:
    """Counts the workers, all but the last of which may leave, and tells the study's inbox."""

    def __init__(self, size: int, inbox: Inbox) -> None:
        self.size = size
        self._inbox = inbox
        self._lock = threading.Lock()
        self._works = False
        self._unsaid: list[WorkerLeftOut] = []

    def join(self, slot: Slot, seconds: float) -> None:
        """A worker is ready, `seconds` after it was started."""
        with self._lock:
            self._works = True
            self._inbox.put(WorkerReady(slot.worker, slot.device, seconds))
            self._say_who_is_left_out()

    def leave(self, slot: Slot, reason: str) -> bool:
        """Whether a worker that cannot start may go; the last one stays, and nothing can run."""
        with self._lock:
            if self.size == 1:
                self._say_who_is_left_out(but_for=reason)
                self._inbox.put(WorkersRefused(reason))
                return False
            self.size -= 1
            self._unsaid.append(WorkerLeftOut(slot.worker, slot.device, reason))
            if self._works:
                self._say_who_is_left_out()
            return True

    def _say_who_is_left_out(self, but_for: str = "") -> None:
        for left_out in self._unsaid:
            if left_out.message != but_for:
                self._inbox.put(left_out)
        self._unsaid.clear()
