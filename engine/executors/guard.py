"""Nothing is left behind: ends the program's processes when the program dies, however it dies.

On POSIX a small process of its own (this module's `main`, standard library alone) is told of every
process the program starts: its group, and the mark that all its descendants carry (family.py).
When its stdin closes the program is gone, and it ends those that are left. On Windows a job object
that is closed with the program does the same.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from engine.executors.family import end_marked


def own_command(role: str) -> list[str]:
    """The command that starts this program in a role of its own: `--worker`, `--guard`, ..."""
    if getattr(sys, "frozen", False):
        return [sys.executable, role]
    return [sys.executable, str(Path(__file__).parents[2] / "main.py"), role]


class GroupGuard:
    """Keeps a guard process informed of the processes that are alive (POSIX)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            own_command("--guard"), stdin=subprocess.PIPE, start_new_session=True
        )

    def protect(self, process: subprocess.Popen[bytes], mark: str) -> None:
        """From now on the group that `process` leads, and all that carry `mark`, die with us."""
        self._tell(f"+{process.pid} {mark}\n")

    def release(self, process: subprocess.Popen[bytes], mark: str) -> None:
        """The process is gone, and its number may be given to a stranger's."""
        self._tell(f"-{process.pid} {mark}\n")

    def _tell(self, line: str) -> None:
        stream = self._process.stdin
        assert stream is not None
        with self._lock, contextlib.suppress(BrokenPipeError):
            stream.write(line.encode())
            stream.flush()


class JobGuard:
    """A Windows job object that ends its processes when its last handle is closed."""

    def __init__(self) -> None:
        self._job = _kill_on_close_job()

    def protect(self, process: subprocess.Popen[bytes], mark: str) -> None:
        """From now on `process` and what it starts die with the program."""
        import ctypes

        handle = int(process._handle)  # type: ignore[attr-defined]
        ctypes.windll.kernel32.AssignProcessToJobObject(self._job, handle)  # type: ignore[attr-defined]

    def release(self, process: subprocess.Popen[bytes], mark: str) -> None:
        """Nothing to do: a job forgets processes that have ended."""


def _kill_on_close_job() -> int:
    """A job object with JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE (winnt.h; class 9 of the limits)."""
    import ctypes
    from ctypes import wintypes

    class Basic(ctypes.Structure):
        _fields_ = (
            ("PerProcessUserTimeLimit", wintypes.LARGE_INTEGER),
            ("PerJobUserTimeLimit", wintypes.LARGE_INTEGER),
            ("LimitFlags", wintypes.DWORD),
            ("MinimumWorkingSetSize", ctypes.c_size_t),
            ("MaximumWorkingSetSize", ctypes.c_size_t),
            ("ActiveProcessLimit", wintypes.DWORD),
            ("Affinity", ctypes.c_size_t),
            ("PriorityClass", wintypes.DWORD),
            ("SchedulingClass", wintypes.DWORD),
        )

    class Extended(ctypes.Structure):
        _fields_ = (
            ("BasicLimitInformation", Basic),
            ("IoInfo", ctypes.c_ulonglong * 6),
            ("ProcessMemoryLimit", ctypes.c_size_t),
            ("JobMemoryLimit", ctypes.c_size_t),
            ("PeakProcessMemoryUsed", ctypes.c_size_t),
            ("PeakJobMemoryUsed", ctypes.c_size_t),
        )

    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]
    kernel.CreateJobObjectW.restype = wintypes.HANDLE
    job = kernel.CreateJobObjectW(None, None)
    limits = Extended()
    limits.BasicLimitInformation.LimitFlags = 0x2000
    kernel.SetInformationJobObject(job, 9, ctypes.byref(limits), ctypes.sizeof(limits))
    return int(job)


Guard = GroupGuard | JobGuard
_guard: Guard | None = None
_guard_lock = threading.Lock()


def guard() -> Guard:
    """The program's one guard, started when it is first needed."""
    global _guard
    with _guard_lock:
        if _guard is None:
            _guard = JobGuard() if sys.platform == "win32" else GroupGuard()
        return _guard


def main() -> int:
    """The guard process: listen until the program is gone, then end what it left behind."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    alive: dict[int, str] = {}
    for line in sys.stdin:
        number, mark = line[1:].split()
        if line[0] == "+":
            alive[int(number)] = mark
        else:
            alive.pop(int(number), None)
    for group in alive:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    if alive:
        with contextlib.suppress(ImportError):  # psutil, where it is needed
            end_marked(alive.values())
    return 0
