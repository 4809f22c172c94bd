"""The time that a study goes by. Tests put a virtual one in its place."""

from __future__ import annotations

import queue
import time
from typing import Any


class Clock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()

    def time(self) -> float:
        """Unix time in seconds."""
        return time.time()

    def wait(self, inbox: queue.SimpleQueue[Any], timeout: float | None) -> Any:
        """The next message, or None after `timeout` seconds without one."""
        try:
            return inbox.get(timeout=timeout)
        except queue.Empty:
            return None
