"""The worker's two ends of the protocol, and how what is left of a trial's forks is ended."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import threading
from typing import Any, NoReturn

from .failures import exit_code, log_of

LONGEST_LINE = 15_000_000
"""Bytes; the program takes no longer one for a message."""


class Channel:
    """The two ends of the protocol, taken from stdin and stdout so that no trial can disturb it."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._input = os.fdopen(os.dup(0), "rb")
        self._output = os.dup(1)
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(  # type: ignore[union-attr]
                encoding="utf-8", errors="backslashreplace", line_buffering=True
            )
        self.jobs: queue.Queue[dict[str, Any]] = queue.Queue()
        self.stopping: set[int] = set()
        self._unit: int | None = None
        self._joined: list[dict[str, Any]] = []
        self._door = threading.Lock()
        threading.Thread(target=self._listen, name="listen", daemon=True).start()

    def _listen(self) -> None:
        for line in self._input:
            message = json.loads(line.decode("utf-8"))
            if message["type"] == "stop":
                self._stop(message["trial"])
                continue
            orders = message.get("trials", [message])
            self.stopping.difference_update([order.get("trial") for order in orders])
            if message["type"] == "join":
                self._join(message)
            else:
                self._open_unit(message.get("unit"))
                self.jobs.put(message)
        end_with_children()

    def _stop(self, number: int) -> None:
        """A trial is to end; one that has joined and was not taken yet has ended by that."""
        self.stopping.add(number)
        with self._door:
            waiting = [order for order in self._joined if order["trial"] == number]
            self._joined = [order for order in self._joined if order["trial"] != number]
        for order in waiting:
            self.send("returned", trial=order["trial"])

    # Trials that join a unit while it runs

    def _open_unit(self, unit: int | None) -> None:
        with self._door:
            self._unit, self._joined = unit, []

    def _join(self, message: dict[str, Any]) -> None:
        """Keep those that join; the program knows by itself of what comes too late."""
        with self._door:
            if message["unit"] == self._unit:
                self._joined += message["trials"]

    def take_joined(self) -> list[dict[str, Any]]:
        """Those that have joined since this was last asked; a fork of the worker takes none."""
        if self.is_forked():
            return []
        with self._door:
            taken, self._joined = self._joined, []
        return taken

    def close_unit(self) -> list[dict[str, Any]]:
        """None may join any more; those that have, and were not taken."""
        with self._door:
            left, self._unit, self._joined = self._joined, None, []
        return left

    def is_forked(self) -> bool:
        """Whether this is a fork of the worker, made by what it runs."""
        return os.getpid() != self._owner

    def send(self, kind: str, **content: Any) -> None:
        """Say something to the program; a fork of this process stays silent.

        Raises ValueError where it is too much.
        """
        if self.is_forked():
            return
        content["type"] = kind
        text = json.dumps(content, default=float, ensure_ascii=False)
        line = text.encode("utf-8", "replace") + b"\n"  # half a character becomes "?"
        if len(line) > LONGEST_LINE:
            raise ValueError(f"a {kind} of {len(line) / 1e6:.0f} MB is too much; tell less at once")
        with self._lock:
            while line:
                line = line[os.write(self._output, line) :]


def end_with_children() -> NoReturn:
    """The program is gone: end at once, with whatever this process has started."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


def end_if_forked(channel: Channel, error: BaseException | None = None) -> None:
    """End a fork that comes back from what it was made in: it is not a second worker."""
    if not channel.is_forked():
        return
    code = 0
    if isinstance(error, SystemExit):
        code = exit_code(error)
    elif error is not None:
        sys.stderr.write(log_of(error))
        code = 1
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    os._exit(code)
