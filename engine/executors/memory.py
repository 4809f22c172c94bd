"""How much memory a training takes, and whether the system has ended a process for want of it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil

_COUNTERS = Path("/proc/vmstat")


def resident_mb(pid: int, limit: float) -> float:
    """Resident memory of a process and its descendants, in MB.

    What several of them share, such as data that was there before a fork, is counted once where
    the system tells (Linux); because telling takes it long, only when the sum is above `limit`.
    """
    family = _family(pid)
    total = sum(_resident(process) for process in family) / 1e6
    if total > limit and len(family) > 1:
        total = sum(_proportional(process) for process in family) / 1e6
    return total


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return []


def _resident(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _proportional(process: psutil.Process) -> int:
    """Resident memory, of which what is shared counts in proportion."""
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, AttributeError):
        return _resident(process)


def oom_kills() -> int | None:
    """How many processes the system has ended for want of memory; None where it does not tell."""
    try:
        counters = dict(line.split() for line in _COUNTERS.read_text().splitlines())
        return int(counters["oom_kill"])
    except (OSError, ValueError, KeyError):
        return None
