"""A look at the user's own code, taken by a job whenever the draft names other code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gui.models.look import Look


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


class CodePreview(Look):
    """Arrives as a CodeView."""

    def look_at(self, task: Mapping[str, Any], base: Path) -> None:
        """Take a look at what `task` names."""
        self._want((dict(task), base))

    def _work(self, wanted: Any) -> Callable[[], CodeView]:
        task, base = wanted
        see = _view_of_script if task.get("kind") == "script" else _command
        return lambda: see(task, base)


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
