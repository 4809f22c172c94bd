"""Whether a task can be run, asked before anything runs: no torch, no more data than needed.

Of a user's script or command it is seen whether what it names is there; none of it is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.space import SearchSpace
from engine.tasks.brought import check_command, check_script
from engine.tasks.catalog import Problem, check_space
from engine.tasks.data import facts
from engine.tasks.dataset import TaskError
from engine.tasks.settings import TaskSettings, read_task
from engine.tasks.splits import fractions_of
from engine.tasks.targets import check_objective

__all__ = ["check", "check_fit"]


def check(task: Any, base: Path | str, space: SearchSpace | None = None) -> None:
    """Raise TaskError (or DataError, or CatalogError), one sentence, if `task` cannot be run.

    Of a large file the first rows are judged alone; what is wrong further down is found when a
    worker opens the task.
    """
    if not isinstance(task, Mapping):
        task = task if isinstance(task, TaskSettings) else task.model_dump(mode="json")
    match task.get("kind") if isinstance(task, Mapping) else "builtin":
        case "script":
            check_script(task, Path(base))
        case "command":
            check_command(task, Path(base))
        case _:
            _check_builtin(read_task(task), base, space)


def _check_builtin(settings: TaskSettings, base: Path | str, space: SearchSpace | None) -> None:
    known = facts(settings, base)
    fractions_of(settings.split)
    check_fit(settings, known.problem, known.is_images)
    if space is not None:
        check_space(settings.network, space)
        if known.problem == "regression" and "label_smoothing" in space.names:
            raise TaskError(
                f"label_smoothing: {settings.data} is a regression set, which has no labels to "
                "smooth; remove it from the space."
            )


def check_fit(settings: TaskSettings, problem: Problem, is_images: bool) -> None:
    """Raise TaskError if network, objective and data do not go together."""
    if settings.objective is None:
        raise TaskError("objective: nothing is named; aim at val_cross_entropy or val_mse.")
    check_objective(settings, problem)
    if settings.network == "cnn" and not is_images:
        raise TaskError(
            f"network: cnn needs images, but {settings.data} is a table; take mlp instead."
        )
