"""Data sets from tables: target found, rows cut into parts, columns encoded.

Reading the files themselves is in table_files.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.tasks import splits
from engine.tasks.catalog import Problem
from engine.tasks.columns import Column, drop_reason, notes_of, read_like
from engine.tasks.dataset import Array, DataError, Dataset, Rows, parts_of
from engine.tasks.features import TableEncoder
from engine.tasks.settings import SplitSettings, TaskSettings
from engine.tasks.table_files import Table, read_frame, read_table
from engine.tasks.targets import (
    decide_problem,
    find_target,
    infer_problem,
    known_classes,
    read_classes,
    read_numbers,
    target_values,
)


def load_table(settings: TaskSettings, path: Path, test_path: Path | None = None) -> Dataset:
    """The data set of a table file, and of a separate test file if there is one."""
    table = read_table(path)
    if table.rows < splits.FEWEST_ROWS:
        raise DataError(
            f"{table.name}: {table.rows} row(s) are too few to split; give at least "
            f"{splits.FEWEST_ROWS}."
        )
    target = find_target(table.columns, settings.target, table.name)
    values = target_values(target, table.name)
    problem = decide_problem(settings, values, f"'{target.name}'")
    codes, split_notes = split_table(table, settings.split, target, values, problem)
    features, dropped = _features(table, target, settings.split)
    train = codes == splits.TRAIN
    encoder = TableEncoder.fit(features, train, _time_column(settings.split)) if features else None
    if encoder is None or not encoder.names:
        raise DataError(f"{table.name}: has nothing to predict '{target.name}' from; add columns.")
    notes = [*table.notes, *notes_of(features), *dropped, *split_notes]
    x = encoder.transform(features)
    y, classes, mean, scale = _target(values, train, problem, f"'{target.name}' in {table.name}")
    parts = parts_of(x, y, codes)
    if test_path is not None:
        held_back = _test_rows(test_path, table, features, target, encoder)
        if problem == "classification":
            answers = known_classes(held_back.y, classes, test_path.name, table.name)
        else:
            answers = ((held_back.y - mean) / scale).astype(np.float32)
        parts["test"] = Rows(held_back.x, answers)
    return Dataset(
        problem,
        parts["train"],
        parts["validation"],
        parts["test"],
        classes,
        mean,
        scale,
        encoder.names,
        tuple(notes + _classes_missing_in_training(classes, y, train)),
    )


def facts_of_table(settings: TaskSettings, path: Path) -> Problem:
    """The problem, judged from the first rows; raises for what can be seen to be wrong there."""
    table = read_table(path, preview=True)
    target = find_target(table.columns, settings.target, table.name)
    values = target_values(target, table.name)
    for name in (_time_column(settings.split), _group_column(settings.split)):
        if name is not None:
            table.column(name, "split")
    if settings.split.by == "time":
        _times(table, settings.split)
    return decide_problem(settings, values, f"'{target.name}'")


def split_table(
    table: Table, split: SplitSettings, target: Column, values: Array, problem: Problem
) -> tuple[Array, list[str]]:
    """Part codes of a table's rows, and what people should know about them."""
    fractions = splits.fractions_of(split)
    how = split.by or ("stratified" if problem == "classification" else "random")
    if how == "random":
        return splits.by_chance(table.rows_read, fractions), []
    if how == "stratified":
        strata = values if problem == "classification" else splits.number_strata(values)
        return splits.by_strata(np.unique(strata, return_inverse=True)[1], fractions), []
    if how == "time":
        return _split_by_time(table, split, fractions)
    column = table.column(how, "split")
    if column.name == target.name:
        raise DataError(f"split: '{how}' is the target; split by another column, or stratified.")
    named = splits.named_parts(column.values.to_list())
    if named is not None:
        return named, []
    groups = np.array([str(value) for value in column.values.to_list()])
    codes = splits.by_groups(groups, fractions, how)
    return codes, [f"'{how}' groups the rows and is not shown to the network."]


def problem_of_column(target: Column, source: str) -> Problem | None:
    """What a column would be as a target, judged from its values alone; None where it cannot."""
    try:
        return infer_problem(target_values(target, source))
    except DataError:
        return None


def _split_by_time(
    table: Table, split: SplitSettings, fractions: Sequence[float]
) -> tuple[Array, list[str]]:
    column = _times(table, split)
    ordered = column.values.to_physical().to_numpy()
    note = f"'{column.name}' orders the rows; the network sees at most its season."
    return splits.by_time(ordered, fractions), [note]


def _times(table: Table, split: SplitSettings) -> Column:
    """The column that orders the rows. Raises DataError where it cannot."""
    if not split.column:
        dates = [column.name for column in table.columns if column.kind == "date"]
        choice = f", such as '{dates[0]}'" if dates else ""
        raise DataError(f"split: by time needs a column; name a date or number column{choice}.")
    column = table.column(split.column, "split")
    times = column.values
    if column.kind != "date" and not times.dtype.is_numeric():
        raise DataError(
            f"split: '{column.name}' holds no dates or numbers; name a column that does."
        )
    if times.has_nulls():
        raise DataError(f"split: '{column.name}' has no value in some rows; fill them in.")
    return column


def _features(table: Table, target: Column, split: SplitSettings) -> tuple[list[Column], list[str]]:
    kept, dropped = [], []
    for column in table.columns:
        if column.name in (target.name, _group_column(split)):
            continue
        reason = "" if column.name == _time_column(split) else drop_reason(column)
        if reason:
            dropped.append(reason)
        else:
            kept.append(column)
    return kept, dropped


def _target(
    values: Array, train: Array, problem: Problem, source: str
) -> tuple[Array, tuple[str, ...], float, float]:
    if problem == "classification":
        classes, indices = read_classes(values, source)
        return indices, classes, 0.0, 1.0
    numbers, mean, scale = read_numbers(values, train, source)
    return numbers, (), mean, scale


def _test_rows(
    path: Path,
    main: Table,
    features: Sequence[Column],
    target: Column,
    encoder: TableEncoder,
) -> Rows:
    """Rows of a separate test file, read as the main file was; `y` holds the values as they are."""
    frame, decimal_comma, _ = read_frame(path)
    for needed in (target, *features):
        if needed.name not in frame.columns:
            raise DataError(
                f"{path.name}: has no column '{needed.name}', which {main.name} has; add it."
            )
    alike = [read_like(column, frame[column.name], decimal_comma) for column in features]
    answers = read_like(target, frame[target.name], decimal_comma)
    return Rows(encoder.transform(alike), target_values(answers, path.name))


def _classes_missing_in_training(classes: tuple[str, ...], y: Array, train: Array) -> list[str]:
    if not classes:
        return []
    seen = np.bincount(y[train], minlength=len(classes))
    return [
        f"Class '{name}' has no row in the training part; split stratified to give it some."
        for name, count in zip(classes, seen, strict=True)
        if count == 0
    ]


def _time_column(split: SplitSettings) -> str | None:
    return split.column if split.by == "time" else None


def _group_column(split: SplitSettings) -> str | None:
    return split.by if split.by not in (None, "random", "stratified", "time") else None
