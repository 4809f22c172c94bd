"""Ctrl-C in the terminal and SIGTERM: they end the window as a click on its close button would.

Python runs a signal's handler only between its own instructions, of which a resting event loop has
none; a byte on a socket wakes it up.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Interrupts(QObject):
    """Calls `leave` at the first signal; the second one ends the program at once."""

    def __init__(self, leave: Callable[[], object]) -> None:
        super().__init__()
        self._leave = leave
        self.number: int | None = None
        """The signal that has come, if one has."""
        self._ear, self._mouth = socket.socketpair()
        self._ear.setblocking(False)
        self._mouth.setblocking(False)
        self._notifier = QSocketNotifier(self._ear.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(lambda: self._ear.recv(64))
        self._before = [signal.signal(number, self._receive) for number in _NUMBERS]
        self._fd_before = signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)

    def _receive(self, number: int, _frame: Any) -> None:
        if self.number is not None:
            os._exit(128 + number)
        self.number = number
        self._leave()

    def close(self) -> None:
        """Leave signals to whoever had them before."""
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in zip(_NUMBERS, self._before, strict=True):
            signal.signal(number, handler)
        self._notifier.setEnabled(False)
        self._ear.close()
        self._mouth.close()
