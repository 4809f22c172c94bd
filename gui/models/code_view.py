"""A look at the user's own code, taken by a job whenever the draft names other code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from gui.jobs import Job, run_job

_CALM_MS = 250


@dataclass(frozen=True)
class CodeView:
    """What would be run, and by what.

    `python` says what the chosen Python is and has; `problem` is why the code cannot be run, empty
    where nothing is known against it.
    """

    title: str = ""
    text: str = ""
    functions: tuple[str, ...] = ()
    interpreters: tuple[Path, ...] = ()
    python: str = ""
    problem: str = ""


class CodePreview(QObject):
    """Asks for views, and drops those that came too late."""

    started = Signal()
    arrived = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted: tuple[dict[str, Any], Path] | None = None
        self._job: Job | None = None
        self._calm = QTimer(self, singleShot=True, interval=_CALM_MS)
        self._calm.timeout.connect(self._begin)

    def look_at(self, task: Mapping[str, Any], base: Path) -> None:
        """Take a look at what `task` names, unless that is what was last looked at."""
        wanted = (dict(task), base)
        if wanted == self._wanted:
            return
        self._wanted = wanted
        self._look()

    def look_again(self) -> None:
        """The file may be another one by now."""
        if self._wanted is not None:
            self._look()

    def _look(self) -> None:
        if self._job is not None:
            self._job.drop()
        self.started.emit()
        self._calm.start()

    def _begin(self) -> None:
        assert self._wanted is not None
        self._job = run_job(self, _work(*self._wanted), self.arrived.emit)


def _work(task: dict[str, Any], base: Path) -> Callable[[], CodeView]:
    def work() -> CodeView:
        return _view_of_script(task, base) if task.get("kind") == "script" else _command(task, base)

    return work


def _view_of_script(task: dict[str, Any], base: Path) -> CodeView:
    from engine.tasks.brought import check_script, functions_of, read_script
    from engine.tasks.dataset import TaskError
    from engine.tasks.interpreters import InterpreterError, examine, find_interpreters

    problem = python = text = ""
    name = str(task.get("file", ""))
    file = base / name
    interpreter = task.get("interpreter")
    if interpreter:
        try:
            python = str(examine(base / interpreter))
        except InterpreterError as error:
            problem = str(error)
    try:
        text = read_script(file) if name else ""
        if name:
            check_script(task, base)
    except TaskError as error:
        problem = problem or str(error)
    return CodeView(
        title=file.name if name else "",
        text=text,
        functions=functions_of(text),
        interpreters=tuple(find_interpreters(file if name else None)),
        python=python,
        problem=problem,
    )


def _command(task: dict[str, Any], base: Path) -> CodeView:
    from engine.tasks.brought import check_command
    from engine.tasks.dataset import TaskError

    problem = ""
    if not isinstance(task.get("argv"), str) and task.get("argv"):
        try:
            check_command(task, base)
        except TaskError as error:
            problem = str(error)
    return CodeView(problem=problem)
