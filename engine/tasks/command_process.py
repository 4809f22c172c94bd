"""The process of a command: started, listened to, told to stop, and cleared away with its children.

It stays in the worker's process group, so that it ends with the worker. What it leaves running
behind it is found by a mark in the environment, which is inherited (Linux; elsewhere such processes
go when the worker does). Standard library alone and Python 3.8 syntax, like command.py.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Callable, Mapping, Sequence

STOP_GRACE = 2.0
_CHUNK = 65_536
_TICK = 0.1
_DRAIN_SECONDS = 5.0
_CLEARING_ROUNDS = 50
_MARK = "TUNESCAPE_COMMAND"
KILL_COUNT_FILE = "/proc/vmstat"
_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class Process:
    """A command that runs; `hear` is given its stdout, which also goes to this process's stderr."""

    def __init__(
        self,
        argv: Sequence[str],
        folder: str,
        environment: Mapping[str, str],
        hear: Callable[[bytes], None],
    ) -> None:
        """Start it. Raises OSError."""
        self._mark = f"{os.getpid()}-{time.monotonic_ns()}"
        self._process = subprocess.Popen(
            argv,
            cwd=folder,
            env={**_surroundings(), **environment, _MARK: self._mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        self._hear = hear
        self._problem: Exception | None = None
        self._over = False
        self._silent = threading.Event()
        self._reader = threading.Thread(target=self._read, name="command-stdout", daemon=True)
        self._reader.start()

    def wait(self, should_stop: Callable[[], bool], look: Callable[[], None]) -> int | None:
        """Its exit code (negative: the signal that ended it); None when it was told to stop.

        `look` is called every now and then while it runs.
        """
        try:
            while self._process.poll() is None:
                if should_stop():
                    self._stop()
                    return None
                look()
                if self._silent.wait(_TICK):
                    self._await_end(_TICK)
            return self._process.returncode
        finally:
            self._clear()

    def _stop(self) -> None:
        """Ask it to end, and give it time to."""
        self._process.terminate()
        self._await_end(STOP_GRACE)

    def _await_end(self, seconds: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def _clear(self) -> None:
        """End whatever still runs, hear the last of it, and raise what went wrong in hearing."""
        self._process.kill()
        self._process.wait()
        for _ in range(_CLEARING_ROUNDS):
            if not _kill_marked(f"{_MARK}={self._mark}"):
                break
            time.sleep(0.01)
        self._reader.join(_DRAIN_SECONDS)
        self._over = True
        if self._problem is not None:
            raise self._problem

    def _read(self) -> None:
        """Listen until nobody holds the other end of its stdout; runs in a thread of its own."""
        stream = self._process.stdout
        assert stream is not None
        held = b""
        with stream:
            while True:
                data = os.read(stream.fileno(), _CHUNK)
                held += data
                end = held.rfind(b"\n") + 1 if data and len(held) < _CHUNK else len(held)
                _write_log(held[:end])
                held = held[end:]
                if not data:
                    break
                self._pass_on(data)
        self._silent.set()

    def _pass_on(self, data: bytes) -> None:
        """Have it heard, unless the command is over or hearing has failed."""
        if self._over or self._problem is not None:
            return
        try:
            self._hear(data)
        except Exception as error:
            self._problem = error


def _write_log(data: bytes) -> None:
    """Write whole lines where there are any, so that those on stderr do not come within them."""
    with contextlib.suppress(OSError):  # where nobody keeps a log
        while data:
            data = data[os.write(2, data) :]


def _surroundings() -> dict[str, str]:
    """This process's environment, in which Python prints at once, and without what a bundled
    program has set for its own libraries."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    for name in _LIBRARY_PATHS:
        before = environment.pop(name + "_ORIG", None)
        if before is not None:
            environment[name] = before
        elif getattr(sys, "frozen", False):
            environment.pop(name, None)
    return environment


def _kill_marked(mark: str) -> bool:
    """Kill every process with `mark` in its environment; whether there was any (Linux alone)."""
    if not sys.platform.startswith("linux"):
        return False
    found = False
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and mark.encode() in _environment_of(name):
                os.kill(int(name), signal.SIGKILL)
                found = True
        except OSError:
            continue  # it is gone already, or somebody else's
    return found


def _environment_of(process: str) -> list[bytes]:
    with open(f"/proc/{process}/environ", "rb") as file:
        return file.read().split(b"\0")


def kills_for_memory() -> int:
    """How many processes the system has killed since it started because memory ran out (Linux)."""
    try:
        with open(KILL_COUNT_FILE, encoding="ascii") as file:
            counts = dict(line.split() for line in file)
    except (OSError, ValueError):
        return 0
    return int(counts.get("oom_kill", 0))


def how_it_ended(code: int) -> str:
    """An exit code in words; a shell's 128 + n is the signal that ended what it ran."""
    if code < 0:
        return f"was ended by signal {_signal_name(-code)}"
    if code > 0xFFFF:
        return f"ended with exit code {code} ({code:#x})"
    name = _signal_name(code - 128) if 128 < code < 128 + 65 else ""
    return f"ended with exit code {code}" + (f" (signal {name})" if name.startswith("S") else "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
