"""The Python that runs a user's script: its command, its environment, and why it cannot be used."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.executors.child import Exited
from engine.executors.surroundings import restored

WORKER = Path(__file__).with_name("worker.py")
OLDEST = "3.8"


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
    had = dict(os.environ)
    plain = restored(had)
    changes = {name: plain.get(name) for name in had | plain if plain.get(name) != had.get(name)}
    if getattr(sys, "frozen", False):
        changes |= dict.fromkeys(("PYTHONHOME", "PYTHONPATH"))
    return {**changes, "PYTHONUNBUFFERED": "1"}


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
