"""The part of a study's [task] table that built-in tasks read, from JSON or from the spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.tasks import catalog
from engine.tasks.catalog import Precision, Problem
from engine.tasks.dataset import TaskError


@dataclass(frozen=True)
class SplitSettings:
    """How a user's file is cut into parts.

    `by` is "random", "stratified", "time" (in the order of `column`), or the name of a column of
    groups that stay together (or that names each row's part). None: stratified where there are
    classes, else random. `file` is a separate test file.
    """

    train: float = 0.7
    validation: float = 0.15
    test: float = 0.15
    by: str | None = None
    column: str | None = None
    file: str | None = None


@dataclass(frozen=True)
class TaskSettings:
    """A [task] table of kind "builtin"."""

    data: str
    network: str = "mlp"
    epochs: int = 20
    objective: str | None = None
    at: str = "best"
    direction: str | None = None
    target: str | None = None
    problem: Problem | None = None
    split: SplitSettings = field(default_factory=SplitSettings)
    precision: Precision = "float32"

    @property
    def maximize(self) -> bool:
        """Whether a larger objective is a better one."""
        direction = self.direction or catalog.direction_of(self.objective or "")
        return direction == "maximize"


def read_task(task: Any) -> TaskSettings:
    """Settings of `task`: TaskSettings, the JSON form of a spec's task, or its pydantic model."""
    if isinstance(task, TaskSettings):
        return task
    table = _mapping(task)
    if not table.get("data"):
        raise TaskError("data: nothing is named; give a bundled set or the path of a file.")
    chosen = _chosen(table, TaskSettings)
    chosen["split"] = SplitSettings(**_chosen(_mapping(table.get("split") or {}), SplitSettings))
    return TaskSettings(**chosen)


def _mapping(task: Any) -> Mapping[str, Any]:
    if isinstance(task, Mapping):
        return task
    dumped: Mapping[str, Any] = task.model_dump(mode="json")
    return dumped


def _chosen(table: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """The entries of `table` that `kind` has a field for and that are not None."""
    fields: Mapping[str, Any] = kind.__dataclass_fields__  # type: ignore[attr-defined]
    return {name: table[name] for name in fields if table.get(name) is not None}
