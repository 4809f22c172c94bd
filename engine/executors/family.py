"""Finds and ends whatever descends from a process that the program started.

Each such process is given a mark of its own in its environment. All that it starts inherits the
mark: also what leads a session of its own, and what has lost its parents. Imports the standard
library alone, for the guard; without /proc it needs psutil.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import uuid
from collections.abc import Collection, Iterator

MARK = "TUNESCAPE_WORKER"
PATIENCE = 4.0


def new_mark() -> str:
    """A mark that nobody else has."""
    return uuid.uuid4().hex


def end_marked(
    marks: Collection[str], spared: int | None = None, patience: float = PATIENCE
) -> bool:
    """End every process that carries one of `marks`, but for the one with the number `spared`.

    Looks again until none is left, because they may start others meanwhile; whether that came
    about within `patience` seconds.
    """
    deadline = time.monotonic() + patience
    pause = 0.001
    while numbers := [number for number in marked(marks) if number != spared]:
        for number in numbers:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(2 * pause, 0.1)
    return True


def marked(marks: Collection[str]) -> Iterator[int]:
    """The numbers of the living processes that carry one of `marks`."""
    return _by_proc(marks) if sys.platform == "linux" else _by_psutil(marks)


def _by_proc(marks: Collection[str]) -> Iterator[int]:
    wanted = [f"{MARK}={mark}".encode() for mark in marks]
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/environ", "rb", buffering=0) as stream:
                    environment = stream.read()
            except OSError:  # somebody else's, or gone
                continue
            if any(entry in environment for entry in wanted):
                yield int(name)


def _by_psutil(marks: Collection[str]) -> Iterator[int]:
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) in marks:
                yield process.pid
