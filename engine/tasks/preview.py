"""A look at a task's data before anything is trained: for people, quick, and forgiving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from engine.tasks import arrays, npz, splits
from engine.tasks.catalog import Problem
from engine.tasks.columns import Column, drop_reason, notes_of
from engine.tasks.dataset import Array, DataError, class_indices, class_name, counts
from engine.tasks.images import list_images, read_images
from engine.tasks.settings import SplitSettings, TaskSettings
from engine.tasks.table_files import Table, read_table
from engine.tasks.tables import problem_of_column, split_table
from engine.tasks.targets import infer_problem, target_values

_HEAD_ROWS = 20
_IMAGES = 12
_LEVELS = 8
_INPUTS_READ = 1_000


@dataclass(frozen=True)
class ColumnSummary:
    """One column in a few words. `role`: target, feature, split, or unused (`why` says why).

    `low` and `high` are a number's range; `levels` a category's most frequent levels with their
    counts, of `level_count` in all.
    """

    name: str
    kind: str
    role: str
    missing: int
    low: float | None = None
    high: float | None = None
    levels: tuple[tuple[str, int], ...] = ()
    level_count: int = 0
    why: str = ""


@dataclass(frozen=True)
class Preview:
    """What a data set looks like.

    `rows` counts all rows, `rows_read` those that the rest was judged from. `problem` is what the
    target itself suggests (None without one). `parts` are rows by part. `head` holds the first
    rows as text under `columns`. `images` are uint8, (height, width) or (height, width, 3), with
    their classes in `image_labels`. `problems` are sentences on what would keep it from running.
    """

    rows: int
    rows_read: int
    title: str = ""
    problem: Problem | None = None
    target: str | None = None
    columns: tuple[ColumnSummary, ...] = ()
    class_counts: Mapping[str, int] = field(default_factory=dict)
    parts: Mapping[str, int] = field(default_factory=dict)
    head: tuple[tuple[str, ...], ...] = ()
    images: tuple[Array, ...] = ()
    image_labels: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def preview_table(settings: TaskSettings, path: Path) -> Preview:
    """Preview of a CSV or Parquet file, judged from its first rows where it is large."""
    table = read_table(path, preview=True)
    target = next((one for one in table.columns if one.name == settings.target), None)
    problem = None if target is None else problem_of_column(target, table.name)
    parts, class_counts, problems = _answers(table, settings, target, problem)
    notes = [*table.notes, *notes_of(table.columns)]
    if table.rows_read < table.rows:
        notes.append(f"Judged from the first {table.rows_read:,} of {table.rows:,} rows.")
    return Preview(
        rows=table.rows,
        rows_read=table.rows_read,
        problem=settings.problem or problem,
        target=None if target is None else target.name,
        columns=tuple(_summary(column, settings) for column in table.columns),
        class_counts=class_counts,
        parts=parts,
        head=_head(table),
        shape=(len(table.columns),),
        notes=tuple(notes),
        problems=tuple(problems),
    )


def preview_arrays(settings: TaskSettings, path: Path) -> Preview:
    """Preview of an NPZ file."""
    values, codes = npz.read_answers(path)
    x = npz.first_inputs(path, _INPUTS_READ)
    problem = settings.problem or infer_problem(values)
    problems: list[str] = []
    if codes is None:
        codes, problems = _array_parts(settings.split, values, problem, path.name)
    images: tuple[Array, ...] = ()
    labels: tuple[str, ...] = ()
    if x.ndim > 2:
        picked = _picked(values[: len(x)] if problem == "classification" else np.arange(len(x)))
        shown = arrays.as_channels_first(x[picked], path.name)
        images = tuple(_eight_bits(shown))
        labels = tuple(class_name(values[row]) for row in picked)
    return Preview(
        rows=len(values),
        rows_read=len(values),
        problem=problem,
        target=npz.answers_name(path),
        class_counts=counts(*class_indices(values)) if problem == "classification" else {},
        parts={} if codes is None else splits.part_sizes(codes),
        head=() if x.ndim > 2 else tuple(tuple(map(str, row)) for row in x[:_HEAD_ROWS].tolist()),
        images=images,
        image_labels=labels,
        shape=tuple(x.shape[1:]),
        problems=tuple(problems),
    )


def preview_images(settings: TaskSettings, path: Path) -> Preview:
    """Preview of a folder of images; only the few that are shown are read."""
    folder = list_images(path)
    labels = np.array(folder.labels)
    codes: Array | None = folder.codes
    problems: list[str] = []
    if codes is None:
        codes, problems = _array_parts(settings.split, labels, "classification", path.name)
    picked = _picked(labels)
    try:
        pixels, notes = read_images([folder.files[row] for row in picked])
    except DataError as error:
        pixels, notes = np.empty((0, 1, 1), dtype=np.uint8), []
        problems.append(str(error))
    return Preview(
        rows=len(labels),
        rows_read=len(labels),
        problem="classification",
        class_counts=counts(*class_indices(labels)),
        parts={} if codes is None else splits.part_sizes(codes),
        images=tuple(pixels),
        image_labels=tuple(str(labels[row]) for row in picked) if len(pixels) else (),
        shape=tuple(pixels.shape[1:]),
        notes=tuple(notes),
        problems=tuple(problems),
    )


def _answers(
    table: Table, settings: TaskSettings, target: Column | None, problem: Problem | None
) -> tuple[Mapping[str, int], Mapping[str, int], list[str]]:
    """Sizes of the parts, class counts, and what is wrong with target or split."""
    if target is None:
        named = f"there is no column '{settings.target}'; " if settings.target else ""
        return {}, {}, [f"target: {named}choose the column to predict."]
    try:
        values = target_values(target, table.name)
        decided = settings.problem or problem or "regression"
        codes, _ = split_table(table, settings.split, target, values, decided)
    except DataError as error:
        return {}, {}, [str(error)]
    class_counts = counts(*class_indices(values)) if decided == "classification" else {}
    if table.rows_read == table.rows:
        return splits.part_sizes(codes), class_counts, []
    shares = splits.part_sizes(codes)
    scale = table.rows / table.rows_read
    return {name: round(rows * scale) for name, rows in shares.items()}, class_counts, []


def _array_parts(
    split: SplitSettings, values: Array, problem: Problem, source: str
) -> tuple[Array | None, list[str]]:
    try:
        return arrays.split_arrays(split, values, problem, source), []
    except DataError as error:
        return None, [str(error)]


def _summary(column: Column, settings: TaskSettings) -> ColumnSummary:
    values = column.values
    why = drop_reason(column)
    role = "unused" if why else "feature"
    if column.name == settings.target:
        role, why = "target", ""
    elif column.name in (settings.split.by, settings.split.column):
        role, why = "split", ""
    summary = ColumnSummary(column.name, column.kind, role, values.null_count(), why=why)
    if column.kind in ("number", "boolean"):
        known = values.drop_nulls().to_numpy()
        return replace(summary, low=float(known.min()), high=float(known.max()))
    if column.kind == "category":
        found = values.drop_nulls().value_counts().rows()
        levels = sorted(found, key=lambda row: (-row[1], row[0]))
        return replace(summary, levels=tuple(levels[:_LEVELS]), level_count=len(levels))
    return summary


def _head(table: Table) -> tuple[tuple[str, ...], ...]:
    shown = [column.values.head(_HEAD_ROWS).to_list() for column in table.columns]
    return tuple(
        tuple("" if value is None else _text(value) for value in row)
        for row in zip(*shown, strict=True)
    )


def _text(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _picked(labels: Array) -> list[int]:
    """A few rows to show, each class in turn."""
    _, indices = class_indices(labels)
    by_class = [list(np.flatnonzero(indices == k)[:_IMAGES]) for k in range(indices.max() + 1)]
    rounds = [rows[k] for k in range(_IMAGES) for rows in by_class if k < len(rows)]
    return [int(row) for row in rounds[:_IMAGES]]


def _eight_bits(images: Array) -> Sequence[Array]:
    """Images (n, C, H, W) as uint8 (H, W) or (H, W, 3), stretched over the range of them all."""
    low, high = float(images.min()), float(images.max())
    scaled = np.clip((images - low) * (255 / max(high - low, 1e-12)), 0, 255).astype(np.uint8)
    return [one[0] if one.shape[0] == 1 else one[:3].transpose(1, 2, 0) for one in scaled]
