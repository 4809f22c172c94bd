"""One child process that speaks JSON lines, with everything it says in one queue.

The program's side of every process it starts: trial workers and the proposer. The end of a child
is seen by its handle, not by the end of its output, which its own children may hold open.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import psutil

from engine.executors.guard import guard

LOG_LINES = 60
LOG_LINE_LIMIT = 2_000
MESSAGE_LIMIT = 16_000_000


class ChildGoneError(Exception):
    """The process ended, so that nothing can be sent to it."""


@dataclass(frozen=True, slots=True)
class Exited:
    """The process ended with this exit code (negative: the signal that ended it)."""

    code: int

    def __str__(self) -> str:
        if self.code >= 0:
            return f"exit code {self.code}"
        with contextlib.suppress(ValueError):
            return f"signal {signal.Signals(-self.code).name}"
        return f"signal {-self.code}"


class Child:
    """A process, its messages, and the last lines of what it printed."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        messages: queue.SimpleQueue[Any] | None = None,
    ) -> None:
        """Start `command` with `environment` added to the program's own.

        What it says goes to `messages`, or to a queue of its own.
        """
        self.messages: queue.SimpleQueue[Any] = (
            queue.SimpleQueue() if messages is None else messages
        )
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._send_lock = threading.Lock()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
            start_new_session=sys.platform != "win32",
        )
        guard().protect(self.process)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        reader = self._thread(self._read, self.process.stdout)
        drain = self._thread(self._drain, self.process.stderr)
        self._waiter = self._thread(self._await_end, (reader, drain))

    def _thread(self, work: Any, argument: Any) -> threading.Thread:
        name = f"{work.__name__.strip('_')}-{self.process.pid}"
        thread = threading.Thread(target=work, args=(argument,), name=name, daemon=True)
        thread.start()
        return thread

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            while line := stream.readline(MESSAGE_LIMIT):
                try:
                    message = json.loads(line)
                except ValueError:
                    self._keep(line[:LOG_LINE_LIMIT])
                    continue
                if isinstance(message, dict) and "type" in message:
                    self.messages.put(message)

    def _drain(self, stream: IO[bytes]) -> None:
        with stream:
            while line := stream.readline(LOG_LINE_LIMIT):
                self._keep(line)

    def _keep(self, line: bytes) -> None:
        self._log.append(line.decode(errors="replace").rstrip())

    def _await_end(self, threads: tuple[threading.Thread, threading.Thread]) -> None:
        code = self.process.wait()
        self._end_group()
        for thread in threads:
            thread.join(timeout=1.0)
        self._close_input()
        guard().release(self.process)
        self.messages.put(Exited(code))

    def send(self, kind: str, **content: Any) -> None:
        """Say something to the process. Raises ChildGoneError when it has ended."""
        line = json.dumps({"type": kind, **content}).encode() + b"\n"
        stream = self.process.stdin
        assert stream is not None
        try:
            with self._send_lock:
                stream.write(line)
                stream.flush()
        except (OSError, ValueError) as error:
            raise ChildGoneError(str(error)) from error

    def log_tail(self) -> str:
        """The last lines that the process printed."""
        return "\n".join(self._log.copy())

    def kill(self) -> None:
        """End the process and all that it started, at once."""
        family = [self.process.pid]
        with contextlib.suppress(psutil.Error):
            family += [
                child.pid for child in psutil.Process(self.process.pid).children(recursive=True)
            ]
        self._end_group()
        for number in family:
            with contextlib.suppress(psutil.Error):
                psutil.Process(number).kill()

    def _end_group(self) -> None:
        """End what is left of the process group that the process leads."""
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def close(self, grace: float = 2.0) -> None:
        """Let the process end by closing its input; end it by force after `grace` seconds."""
        self._close_input()
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()
        self._waiter.join()

    def _close_input(self) -> None:
        stream = self.process.stdin
        assert stream is not None
        with self._send_lock, contextlib.suppress(OSError):
            stream.close()
