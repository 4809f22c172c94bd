"""What of the user's own code may be run: scripts and commands, each known by what it would run.

A study is data, and opening it runs nothing. A script or command that it names is run only after a
person has seen it and said so; what was said is kept in the user's own folder, never in the study.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine import places
from engine.task_tables import CommandTask, ScriptTask, Task
from engine.tasks.brought import read_script
from engine.tasks.dataset import TaskError

MOST = 1_000
"""How many are remembered; the oldest are forgotten first."""


@dataclass(frozen=True)
class Code:
    """What a study would run: a sentence about it, and its text to be looked at."""

    title: str
    text: str
    key: str


def code_of(task: Task, given: Path) -> Code | None:
    """What of the user's own a task of the folder `given` runs; None for a built-in one.

    The script is read. It is known by its place and the Python that runs it, so that its author
    may go on editing it; a command by all that makes it.
    """
    base = Path(os.path.abspath(given))
    match task:
        case ScriptTask():
            file, interpreter = base / task.file, task.interpreter and str(base / task.interpreter)
            try:
                text = read_script(file)
            except TaskError as error:
                text = str(error)
            by = f" by {interpreter}" if interpreter else ""
            place = ["script", os.path.normpath(file), task.function, interpreter]
            what = task.function
            if task.many is not None:
                place.append(task.many)
                what += f" or {task.many}"
            return Code(f"{what} of {file} is run{by}.", text, _key(place))
        case CommandTask():
            folder = os.path.normpath(base / (task.folder or "."))
            lines = [f"{name}={value}" for name, value in task.environment.items()]
            lines.append(shlex.join(task.argv))
            parts = ["command", list(task.argv), dict(task.environment), folder, task.file]
            return Code(f"This command is run in {folder}.", "\n".join(lines), _key(parts))
    return None


def is_trusted(task: Task, base: Path) -> bool:
    """Whether a task runs nothing of the user's own, or only what may be run."""
    code = code_of(task, base)
    return code is None or code.key in _known()


def trust(task: Task, base: Path) -> None:
    """From now on what `task` names may be run."""
    code = code_of(task, base)
    if code is None:
        return
    known = [key for key in _known() if key != code.key]
    _write([*known, code.key][-MOST:])


def _key(parts: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _file() -> Path:
    return places.settings() / "trusted.json"


def _known() -> list[str]:
    """What was said so far; nothing where it cannot be read, so that it is asked again."""
    with contextlib.suppress(OSError, ValueError):
        keys = json.loads(_file().read_text(encoding="utf-8"))
        if isinstance(keys, list):
            return [key for key in keys if isinstance(key, str)]
    return []


def _write(keys: list[str]) -> None:
    """Written whole or not at all; where that cannot be, it is asked again the next time."""
    file = _file()
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(keys), encoding="utf-8")
        os.replace(draft, file)
