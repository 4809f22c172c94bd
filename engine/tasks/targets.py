"""What a task predicts: finding the target, and telling classes from numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.tasks import catalog
from engine.tasks.catalog import Problem
from engine.tasks.columns import Column
from engine.tasks.dataset import Array, DataError, TaskError, class_indices, counts
from engine.tasks.settings import TaskSettings

_MOST_CLASSES_OF_NUMBERS = 20
_FEWEST_ROWS_A_CLASS = 10


def find_target(columns: Sequence[Column], target: str | None, source: str) -> Column:
    """The column named `target`."""
    names = [column.name for column in columns]
    if not target:
        raise DataError(f"target: say which column of {source} to predict; it has {_list(names)}.")
    for column in columns:
        if column.name == target:
            return column
    raise DataError(f"target: {source} has no column '{target}'; it has {_list(names)}.")


def target_values(column: Column, source: str) -> Array:
    """Values of a target column (n,), every one of them there: numbers or strings."""
    if column.kind == "date":
        raise DataError(
            f"target: '{column.name}' in {source} holds dates; predict a number or a class."
        )
    if column.stray:
        one = column.stray == 1
        entries = (
            "1 entry that is no number" if one else f"{column.stray} entries that are not numbers"
        )
        raise DataError(f"target: '{column.name}' in {source} has {entries}; mend or remove them.")
    missing = column.values.is_null().to_numpy()
    if missing.any():
        raise DataError(
            f"target: '{column.name}' in {source} has no value in {missing.sum()} of "
            f"{len(missing)} rows (first in row {int(np.argmax(missing)) + 1}); fill them in or "
            "remove those rows."
        )
    if column.kind == "boolean":
        return np.where(column.values.to_numpy() > 0, "true", "false")
    if column.values.dtype.is_numeric():
        numbers: Array = column.values.to_numpy()
        return numbers
    return np.array(column.values.to_list(), dtype=np.str_)


def infer_problem(values: Array) -> Problem:
    """Classes are text, or few different whole numbers; everything else is regression."""
    if values.dtype.kind not in "fiu":
        return "classification"
    few = len(np.unique(values)) <= _MOST_CLASSES_OF_NUMBERS
    return "classification" if few and _whole(values) else "regression"


def decide_problem(settings: TaskSettings, values: Array, target: str) -> Problem:
    """The problem as the task states it, by its objective too, checked against the target."""
    stated = settings.problem or (
        catalog.problem_of(settings.objective) if settings.objective else None
    )
    if stated is None:
        return infer_problem(values)
    named = settings.objective or f"problem = {stated}"
    if stated == "regression":
        if values.dtype.kind not in "fiu":
            shown = _list([str(value) for value in np.unique(values)[:3]])
            raise TaskError(
                f"objective: {named} needs numbers, but {target} holds text ({shown}); aim at "
                f"{_list(list(_validation_metrics('classification')))}."
            )
        return "regression"
    if values.dtype.kind in "fiu" and not _may_be_classes(values):
        raise TaskError(
            f"objective: {named} needs classes, but {target} holds {len(np.unique(values))} "
            f"different numbers; aim at {_list(list(_validation_metrics('regression')))}."
        )
    return "classification"


def check_objective(settings: TaskSettings, problem: Problem) -> None:
    """Refuse an objective that data of `problem` does not give."""
    if settings.objective and catalog.problem_of(settings.objective) != problem:
        raise TaskError(
            f"objective: {settings.data} is a {problem} set, which has no {settings.objective}; "
            f"aim at {_list(list(_validation_metrics(problem)))}."
        )


def read_classes(values: Array, source: str) -> tuple[tuple[str, ...], Array]:
    """Class names and each row's index; every class has two rows or more."""
    names, indices = class_indices(values)
    if len(names) < 2:
        raise DataError(
            f"{source}: has the single class '{names[0]}'; there must be two or more to tell apart."
        )
    lonely = [name for name, count in counts(names, indices).items() if count < 2]
    if lonely:
        raise DataError(
            f"{source}: class '{lonely[0]}' appears once; give it more rows or remove that row."
        )
    return names, indices


def known_classes(values: Array, classes: tuple[str, ...], source: str, main: str) -> Array:
    """Class indices (n,) of another file's `values`, which must all be among `classes`."""
    names, indices = class_indices(values)
    unknown = [name for name in names if name not in classes]
    if unknown:
        raise DataError(f"{source}: class '{unknown[0]}' is not in {main}; remove its rows.")
    return np.array([classes.index(name) for name in names], dtype=np.int64)[indices]


def read_numbers(values: Array, train: Array, source: str) -> tuple[Array, float, float]:
    """The standardised regression target (n,) float32, and the mean and scale of `train`'s."""
    numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all():
        row = int(np.argmin(np.isfinite(numbers))) + 1
        raise DataError(f"{source}: the target of row {row} is no number; mend or remove that row.")
    mean, scale = float(numbers[train].mean()), float(numbers[train].std())
    if scale <= 1e-12 * max(1.0, abs(mean)):
        raise DataError(f"{source}: the target is the same in every training row; choose another.")
    return ((numbers - mean) / scale).astype(np.float32), mean, scale


def _validation_metrics(problem: Problem) -> list[str]:
    return [f"val_{name}" for name in catalog.metrics(problem)]


def _may_be_classes(values: Array) -> bool:
    most = max(_MOST_CLASSES_OF_NUMBERS, len(values) // _FEWEST_ROWS_A_CLASS)
    return _whole(values) and len(np.unique(values)) <= most


def _whole(values: Array) -> bool:
    return bool(np.all(np.equal(np.mod(values, 1), 0)))


def _list(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
