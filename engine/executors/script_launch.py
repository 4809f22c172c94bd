"""The Python that runs a user's script: its command, its environment, and why it cannot be used."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.executors.child import Exited

WORKER = Path(__file__).with_name("worker.py")
OLDEST = "3.8"

_BUNDLED = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH")
"""Where a frozen program finds its own libraries; what the user had is under NAME_ORIG."""


class NoInterpreterError(Exception):
    """There is no Python to run the script with: one sentence."""


def command(content: Mapping[str, Any], base: Path) -> list[str]:
    """The command that starts a worker for a script task. Raises NoInterpreterError."""
    return [str(interpreter(content, base)), str(WORKER)]


def interpreter(content: Mapping[str, Any], base: Path) -> Path:
    """The Python that a script task names, or else the program's own."""
    named = content.get("interpreter")
    if named is None:
        if getattr(sys, "frozen", False):
            raise NoInterpreterError(
                "interpreter: the program has no Python of its own for scripts; choose the one "
                "that runs it."
            )
        return Path(sys.executable)
    return base / str(named)


def environment() -> dict[str, str | None]:
    """What a user's Python finds changed in the program's environment; None: not there."""
    changes: dict[str, str | None] = {"PYTHONUNBUFFERED": "1"}
    if getattr(sys, "frozen", False):
        own = [name for name in os.environ if name.startswith(("_PYI_", "_MEIPASS"))]
        changes |= dict.fromkeys(["PYTHONHOME", "PYTHONPATH", *own])
        changes |= {name: os.environ.get(f"{name}_ORIG") for name in _BUNDLED}
    return changes


def why_not_started(python: str, error: OSError) -> str:
    """The sentence for a Python that could not be started at all."""
    if not Path(python).exists():
        said = "is not there"
    elif isinstance(error, PermissionError):
        said = "is not a program"
    elif error.errno in (errno.ENOEXEC, errno.ENOENT):
        said = "is not a program for this machine"
    else:
        said = f"cannot be started ({error.strerror})"
    return f"interpreter: {python} {said}; choose the Python that runs the script."


def why_ended(python: str, exited: Exited, log: Sequence[str]) -> str:
    """The sentence for a Python that ended before its worker was ready."""
    if any("SyntaxError" in line for line in log):
        return f"interpreter: {python} is too old; choose a Python {OLDEST} or newer."
    said = f": {log[-1]}" if log else ""
    return f"interpreter: {python} ended at once ({exited}){said}"
