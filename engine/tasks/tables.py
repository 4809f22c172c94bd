"""Data sets from CSV and Parquet files: read, cut into parts, encoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.tasks import splits
from engine.tasks.catalog import Problem
from engine.tasks.columns import Column, drop_reason, notes_of, read_columns, same_kind
from engine.tasks.dataset import Array, DataError, Dataset, Rows, parts_of
from engine.tasks.delimited import read_delimited
from engine.tasks.features import TableEncoder
from engine.tasks.settings import SplitSettings, TaskSettings
from engine.tasks.targets import (
    decide_problem,
    find_target,
    infer_problem,
    read_classes,
    read_numbers,
    target_values,
)

if TYPE_CHECKING:
    import polars as pl

DELIMITED = (".csv", ".tsv", ".txt", ".data")
PARQUET = (".parquet", ".pq")
PREVIEW_ROWS = 10_000
_PREVIEW_BYTES = 4_000_000


@dataclass(frozen=True)
class Table:
    """The columns of a file, or of its first rows. `rows` counts all of the file's."""

    name: str
    columns: tuple[Column, ...]
    rows: int
    rows_read: int
    decimal_comma: bool = False
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def column(self, name: str, role: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise DataError(
            f"{role}: {self.name} has no column '{name}'; it has {', '.join(self.names)}."
        )


def read_table(path: Path, preview: bool = False) -> Table:
    """Columns of a CSV or Parquet file; of its first rows alone for a preview."""
    if path.suffix.lower() in PARQUET:
        return _read_parquet(path, PREVIEW_ROWS if preview else None)
    read = read_delimited(path, _PREVIEW_BYTES if preview else None)
    frame = read.frame.head(PREVIEW_ROWS) if preview else read.frame
    rows = len(read.frame)
    if preview and path.stat().st_size > _PREVIEW_BYTES:
        rows = _count_lines(path) - 1
    return _table(path, frame, rows, read.decimal_comma, read.notes)


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
        parts["test"] = _test_rows(test_path, table, features, target, encoder, classes)
        if problem == "regression":
            standard = (parts["test"].y - mean) / scale
            parts["test"] = Rows(parts["test"].x, standard.astype(np.float32))
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
    if not split.column:
        dates = [column.name for column in table.columns if column.kind == "date"]
        choice = f", such as '{dates[0]}'" if dates else ""
        raise DataError(f"split: by time needs a column; name a date or number column{choice}.")
    column = table.column(split.column, "split")
    times = column.values
    if column.kind == "identifier":
        times = times.cast(float, strict=False)
    if column.kind not in ("date", "number", "identifier") or times.null_count() == len(times):
        raise DataError(
            f"split: '{column.name}' holds no dates or numbers; name a column that does."
        )
    if times.has_nulls():
        raise DataError(f"split: '{column.name}' has no value in some rows; fill them in.")
    ordered = times.to_physical().to_numpy()
    note = f"'{column.name}' orders the rows; the network sees at most its season."
    return splits.by_time(ordered, fractions), [note]


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
    classes: tuple[str, ...],
) -> Rows:
    """Rows of a separate test file, whose columns are read as those of the main file were."""
    table = read_table(path)
    found = {column.name: column for column in table.columns}
    for needed in (target, *features):
        if needed.name not in found:
            raise DataError(
                f"{path.name}: has no column '{needed.name}', which {main.name} has; add it."
            )
    alike = [
        same_kind(column, found[column.name].values, table.decimal_comma) for column in features
    ]
    answers = same_kind(target, found[target.name].values, table.decimal_comma)
    values = target_values(answers, path.name)
    x = encoder.transform(alike)
    if not classes:
        return Rows(x, values.astype(np.float64))
    return Rows(x, _known_classes(values, classes, path.name, main.name))


def _known_classes(values: Array, classes: tuple[str, ...], source: str, main: str) -> Array:
    from engine.tasks.dataset import class_indices

    names, indices = class_indices(values)
    unknown = [name for name in names if name not in classes]
    if unknown:
        raise DataError(f"{source}: class '{unknown[0]}' is not in {main}; remove its rows.")
    return np.array([classes.index(name) for name in names], dtype=np.int64)[indices]


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


def _read_parquet(path: Path, limit: int | None) -> Table:
    import polars as pl

    try:
        frame = pl.read_parquet(path, n_rows=limit)
        rows = len(frame)
        if limit is not None:
            rows = int(pl.scan_parquet(path).select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path.name}: is not a readable Parquet file; write it again.") from error
    return _table(path, frame, rows, False, ())


def _table(
    path: Path, frame: pl.DataFrame, rows: int, decimal_comma: bool, notes: tuple[str, ...]
) -> Table:
    if not rows:
        raise DataError(f"{path.name}: has no rows; give a file with a header and rows.")
    columns = tuple(read_columns(frame, decimal_comma))
    return Table(path.name, columns, rows, len(frame), decimal_comma, notes)


def _count_lines(path: Path) -> int:
    """Lines of a large file, without reading it as a table."""
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while chunk := file.read(1 << 22):
            count += chunk.count(b"\n")
            last = chunk[-1:]
    return count + (last != b"\n")
