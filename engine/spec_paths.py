"""The files that a spec's task names, as they are named from another folder."""

from __future__ import annotations

import os
from pathlib import Path

from engine.task_tables import BuiltinTask, CommandTask, ScriptTask, Split, Task


def moved(task: Task, base: Path, folder: Path) -> Task:
    """A task whose files are named from `base`, with them named from `folder`."""
    fields = {name: getattr(task, name) for name in type(task).model_fields}
    match task:
        case BuiltinTask():
            file = task.split.file and _from_folder(task.split.file, base, folder)
            fields["data"] = _from_folder(task.data, base, folder)
            fields["split"] = Split(**{**task.split.model_dump(), "file": file})
        case ScriptTask():
            for key in ("file", "interpreter"):
                fields[key] = fields[key] and _from_folder(fields[key], base, folder)
        case CommandTask():
            fields["folder"] = _from_folder(fields["folder"] or ".", base, folder)
    return type(task)(**fields)


def _from_folder(data: str, base: Path, folder: Path) -> str:
    """A path that started from `base`, as seen from `folder`; names of bundled sets stay."""
    from engine.tasks.data import bundled  # late: the window is shown before it is needed

    if data in bundled() or Path(data).is_absolute() or not (base / data).exists():
        return data
    try:
        return Path(os.path.relpath(base / data, folder)).as_posix()
    except ValueError:  # another drive
        return str(base / data)
