"""The beginning and the end of what a process printed, however much that is and whatever it is."""

from __future__ import annotations

import re
import threading
from collections import deque

HEAD_LINES = 40
TAIL_LINES = 60
LINE_LIMIT = 1_000

_UNSHOWN = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
"""Terminal colours and movements, and other control characters."""


class Log:
    """Fed by one thread, read by others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.restart()

    def restart(self) -> None:
        """Forget what has come so far."""
        with self._lock:
            self._head: list[bytes] = []
            self._tail: deque[bytes] = deque(maxlen=TAIL_LINES)
            self._count = 0
            self._unfinished = b""

    def feed(self, data: bytes) -> None:
        """Add what was printed; lines may begin and end anywhere in it."""
        with self._lock:
            *lines, last = (self._unfinished + data).split(b"\n")
            self._unfinished = last if len(last) <= LINE_LIMIT else _shortened(last)
            self._count += len(lines)
            room = HEAD_LINES - len(self._head)
            self._head += map(_shortened, lines[:room])
            self._tail.extend(map(_shortened, lines[room:][-TAIL_LINES:]))

    def text(self) -> str:
        """The first lines and the last ones, and how many there were between."""
        with self._lock:
            left_out = self._count - len(self._head) - len(self._tail)
            gap = [f"... {left_out:,} lines left out ...".encode()] if left_out else []
            lines = [*self._head, *gap, *self._tail, _shortened(self._unfinished)]
        return _UNSHOWN.sub("", b"\n".join(lines).decode(errors="replace")).rstrip()


def cut(text: str) -> str:
    """What is kept of a text that a process told otherwise than by printing it."""
    log = Log()
    log.feed(text.encode(errors="replace"))
    return log.text()


def _shortened(line: bytes) -> bytes:
    """A line as a terminal would leave it: a progress bar at its last state; and not too long."""
    return line.rstrip(b"\r").rpartition(b"\r")[2][:LINE_LIMIT]
