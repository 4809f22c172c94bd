"""The lock that makes one program a study's writer, and the words by which others know it."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from engine.store_errors import LockedError

PROBE_S = 0.5
"""For so long somebody who only looks whether a study is held may hold it."""


def companions(path: Path) -> Path:
    """The folder beside a study's file that holds its weights and its lock."""
    return path.with_name(path.name + ".d")


class StudyLock:
    """The lock of the study in the file `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder = companions(path)
        self._lock: FileLock | None = None
        self._inode = 0

    @property
    def is_ours(self) -> bool:
        """Whether this object has it."""
        return self._lock is not None

    def take(self) -> None:
        """Take it. Raises LockedError, which names who has it, or OSError."""
        self._folder.mkdir(exist_ok=True)
        file = self._folder / "lock"
        lock = FileLock(file, thread_local=False)
        try:
            lock.acquire(timeout=PROBE_S)
        except Timeout:
            raise LockedError(f"{self._path.name} is being run by {self.holder()}.") from None
        try:
            (self._folder / "holder").write_text(_me(), encoding="utf-8")
            self._inode = file.stat().st_ino
        except OSError:
            lock.release()
            raise
        self._lock = lock

    def take_again(self) -> None:
        """Take it anew where its file is another one by now. Raises as `take` does."""
        file = self._folder / "lock"
        if not file.exists() or file.stat().st_ino != self._inode:
            before = self._lock
            self.take()
            if before is not None:
                before.release()

    def release(self) -> None:
        """Let others have it."""
        if self._lock is not None:
            with contextlib.suppress(OSError):
                (self._folder / "holder").unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    def holder(self) -> str:
        """Who has it, in words."""
        try:
            return (self._folder / "holder").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return "another program"

    def is_held(self) -> bool:
        """Whether another program, or another part of this one, has it."""
        file = self._folder / "lock"
        if self._lock is not None or not file.exists():
            return False
        lock = FileLock(file, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        except OSError:  # we may only read, so that nobody tells us but the holder's own word
            return (self._folder / "holder").exists()
        lock.release()
        return False


def _me() -> str:
    with contextlib.suppress(psutil.Error, KeyError, OSError):
        return f"{psutil.Process().username()} on {socket.gethostname()} (process {os.getpid()})"
    return f"process {os.getpid()} on {socket.gethostname()}"
