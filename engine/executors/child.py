"""One child process that speaks JSON lines, with everything it says in one queue.

The program's side of every process it starts: trial workers, the proposer and the lens. The end of
a child is seen by its handle, not by the end of its output, which its own children may hold open.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import psutil

from engine.executors.family import MARK, PATIENCE, end_marked, new_mark
from engine.executors.guard import guard
from engine.executors.log import Log

CHUNK = 65_536
MESSAGE_LIMIT = 16_000_000
BACKLOG = 1_000
"""Messages that may wait; a process that says more has to wait itself."""
LAST_WORDS = 1.0
"""Seconds in which what a process has said is read after its end."""


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
    """A process, its messages, and the first and last lines of what it printed."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str | None],
        messages: queue.SimpleQueue[Any] | None = None,
    ) -> None:
        """Start `command` with `environment` added to the program's own, or taken from it (None).

        What it says goes to `messages`, or to a queue of its own. Raises OSError.
        """
        self.messages: queue.SimpleQueue[Any] = (
            queue.SimpleQueue() if messages is None else messages
        )
        self.log = Log()
        self.killed = False
        self.mark = new_mark()
        self._send_lock = threading.Lock()
        variables = {**os.environ, **environment, MARK: self.mark}
        self.process = subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={name: value for name, value in variables.items() if value is not None},
            start_new_session=sys.platform != "win32",
        )
        guard().protect(self.process, self.mark)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._has_ended = threading.Event()
        self._enough, self._say_enough = os.pipe()
        reader = self._thread(self._read, self.process.stdout)
        drain = self._thread(self._drain, self.process.stderr)
        self._waiter = self._thread(self._await_end, (reader, drain))

    def _thread(self, work: Any, argument: Any) -> threading.Thread:
        name = f"{work.__name__.strip('_')}-{self.process.pid}"
        thread = threading.Thread(target=work, args=(argument,), name=name, daemon=True)
        thread.start()
        return thread

    # What it says

    def _read(self, stream: IO[bytes]) -> None:
        rest = b""
        for chunk in self._chunks(stream):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._hear(line)
            if len(rest) > MESSAGE_LIMIT:
                self.log.feed(rest)
                rest = b""

    def _hear(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            self.log.feed(line + b"\n")
            return
        while self.messages.qsize() > BACKLOG and self.process.returncode is None:
            time.sleep(0.005)
        if isinstance(message, dict) and "type" in message:
            self.messages.put(message)

    def _drain(self, stream: IO[bytes]) -> None:
        for chunk in self._chunks(stream):
            self.log.feed(chunk)

    def _chunks(self, stream: IO[bytes]) -> Iterator[bytes]:
        """What comes through a pipe, until its end or until it is enough."""
        number = stream.fileno()
        with stream:
            while self._wait_for(number) and (chunk := os.read(number, CHUNK)):
                yield chunk

    def _wait_for(self, number: int) -> bool:
        """Wait until there is something to read; False when nothing more is to be read."""
        if sys.platform == "win32":
            return True
        poll = select.poll()
        poll.register(number, select.POLLIN)
        poll.register(self._enough, select.POLLIN)
        return self._enough not in dict(poll.poll())

    # Its end

    def _await_end(self, threads: tuple[threading.Thread, threading.Thread]) -> None:
        code = self.process.wait()
        self._has_ended.set()
        self._end_group()
        end_marked({self.mark})
        deadline = time.monotonic() + LAST_WORDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        os.close(self._say_enough)
        if sys.platform != "win32":
            for thread in threads:
                thread.join()
        os.close(self._enough)
        self._close_input()
        guard().release(self.process, self.mark)
        self.messages.put(Exited(code))

    def send(self, kind: str, **content: Any) -> None:
        """Say something to the process. Raises ChildGoneError when it has ended."""
        line = json.dumps({"type": kind, **content}).encode() + b"\n"
        stream = self.process.stdin
        assert stream is not None
        try:
            with self._send_lock:
                while line:
                    line = line[stream.write(line) :]
        except (OSError, ValueError) as error:
            raise ChildGoneError(str(error)) from error

    def log_tail(self) -> str:
        """The first and the last lines that the process printed."""
        return self.log.text()

    def end_descendants(self) -> None:
        """End all that the process has started and left behind, but not the process itself."""
        _end(self._descendants())
        end_marked({self.mark}, spared=self.process.pid)

    def _descendants(self) -> list[psutil.Process]:
        """What it has started that has not lost its parents: marked or not."""
        with contextlib.suppress(psutil.Error):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []

    def kill(self) -> None:
        """End the process and all that it started, at once, and wait until they are gone."""
        if self.process.poll() is None:
            self.killed = True
            descendants = self._descendants()
            self._end_group()
            self.process.kill()
            _end(descendants)
        self._waiter.join(PATIENCE)

    def _end_group(self) -> None:
        """End what is left of the process group that the process leads."""
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def close(self, grace: float = 2.0) -> None:
        """Let the process end by closing its input; end it by force after `grace` seconds."""
        descendants = self._descendants()
        self._close_input()
        if not self._has_ended.wait(grace):
            self.kill()
        _end(descendants)
        self._waiter.join(PATIENCE)

    def _close_input(self) -> None:
        stream = self.process.stdin
        assert stream is not None
        with self._send_lock, contextlib.suppress(OSError):
            stream.close()


def _end(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
