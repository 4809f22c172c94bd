"""From a table's columns to the numbers a network sees; everything learned from training rows.

Numbers: missing ones become the training median (with an indicator column beside them if
training has any missing), then training mean 0 and standard deviation 1. Categories: one column a
level, rare levels together in one. Dates: days, and where they are in the year and the week.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.tasks.columns import Column
from engine.tasks.dataset import Array

if TYPE_CHECKING:
    import polars as pl

MAX_LEVELS = 32
_OTHER = "other"
_MICROSECONDS_A_DAY = 86_400e6


@dataclass(frozen=True)
class NumberEncoder:
    """Imputes and standardises a block of numbers (n, columns), NaN where missing."""

    names: tuple[str, ...]
    used: Array
    median: Array
    mean: Array
    scale: Array
    indicated: Array

    @classmethod
    def fit(cls, train: Array, names: Sequence[str]) -> NumberEncoder:
        """Learn from the training rows (n, columns); columns without spread are left out."""
        missing: Array = ~np.isfinite(train)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # all-missing columns: NaN, then 0
            median = np.nan_to_num(np.nanmedian(np.where(missing, np.nan, train), axis=0))
        filled = np.where(missing, median, train)
        scale = filled.std(axis=0)
        used = scale > 1e-12 * np.maximum(1.0, np.abs(filled).max(axis=0, initial=0.0))
        indicated = np.logical_and(missing.any(axis=0), ~missing.all(axis=0))
        kept = [name for name, use in zip(names, used, strict=True) if use]
        kept += [f"{name} is missing" for name, use in zip(names, indicated, strict=True) if use]
        return cls(tuple(kept), used, median, filled.mean(axis=0), scale, indicated)

    def transform(self, values: Array) -> Array:
        """Float32 (n, len(names)) of `values` (n, columns)."""
        missing = ~np.isfinite(values)
        filled = np.where(missing, self.median, values)[:, self.used]
        standard = (filled - self.mean[self.used]) / self.scale[self.used]
        return np.hstack([standard, missing[:, self.indicated]]).astype(np.float32)


@dataclass(frozen=True)
class CategoryEncoder:
    """One column for each level of a category that training knows.

    A level that training has not seen counts as a rare one; where training has no rare ones, all
    columns are zero.
    """

    name: str
    levels: tuple[str, ...]
    has_missing: bool
    has_other: bool

    @classmethod
    def fit(cls, train: pl.Series) -> CategoryEncoder:
        found = train.drop_nulls().value_counts().rows()
        by_count = [level for level, _ in sorted(found, key=lambda row: (-row[1], row[0]))]
        has_other = len(by_count) > MAX_LEVELS
        levels = tuple(sorted(by_count[: MAX_LEVELS - 1] if has_other else by_count))
        return cls(train.name, levels, train.has_nulls(), has_other)

    @property
    def names(self) -> tuple[str, ...]:
        extra = [_OTHER] * self.has_other + ["missing"] * self.has_missing
        return tuple(f"{self.name} = {level}" for level in (*self.levels, *extra))

    def transform(self, values: pl.Series) -> Array:
        """Float32 (n, len(names)), a one in each row's column."""
        import polars as pl

        known = len(self.levels)
        other = known if self.has_other else -1
        missing = known + self.has_other if self.has_missing else -1
        ranks = values.replace_strict(
            list(self.levels), list(range(known)), default=other, return_dtype=pl.Int64
        ).to_numpy()
        ranks = np.where(values.is_null().to_numpy(), missing, ranks)
        ones: Array = (ranks[:, None] == np.arange(len(self.names))).astype(np.float32)
        return ones


@dataclass(frozen=True)
class TableEncoder:
    """Encodes a table's feature columns, in their order by kind: numbers and dates, categories."""

    numbers: NumberEncoder
    categories: tuple[CategoryEncoder, ...]
    time_column: str | None

    @classmethod
    def fit(
        cls, columns: Sequence[Column], train: Array, time_column: str | None = None
    ) -> TableEncoder:
        """Learn from the rows where `train` (n,) is true.

        Of `time_column`, by which the rows were split, only the season is used: its later values
        are never in the training part.
        """
        values, names = _number_block(columns, time_column)
        return cls(
            NumberEncoder.fit(values[train], names),
            tuple(
                CategoryEncoder.fit(column.values.filter(train))
                for column in columns
                if column.kind == "category"
            ),
            time_column,
        )

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.numbers.names, *(name for one in self.categories for name in one.names))

    def transform(self, columns: Sequence[Column]) -> Array:
        """Float32 (n, len(names))."""
        values, _ = _number_block(columns, self.time_column)
        categories = [column for column in columns if column.kind == "category"]
        blocks = [self.numbers.transform(values)]
        for encoder, column in zip(self.categories, categories, strict=True):
            blocks.append(encoder.transform(column.values))
        return np.ascontiguousarray(np.hstack(blocks))


def _number_block(columns: Sequence[Column], time_column: str | None) -> tuple[Array, list[str]]:
    named: list[tuple[str, Array]] = []
    for column in columns:
        if column.kind in ("number", "boolean") and column.name != time_column:
            named.append((column.name, column.values.to_numpy().astype(np.float64)))
        elif column.kind == "date":
            named += _date_numbers(column, column.name != time_column)
    rows = len(columns[0].values) if columns else 0
    block = np.column_stack([values for _, values in named]) if named else np.empty((rows, 0))
    return block, [name for name, _ in named]


def _date_numbers(column: Column, with_days: bool) -> list[tuple[str, Array]]:
    """Days since 1970, and the angle in the year, the week and (of times) the day."""
    dates = column.values
    days = dates.to_physical().cast(float).to_numpy() / _MICROSECONDS_A_DAY
    cycles = [("year", 365.2425), ("week", 7.0)]
    if np.nanmax(np.abs(days - np.round(days)), initial=0.0) > 0:
        cycles.append(("day", 1.0))
    named = [(column.name, days)] if with_days else []
    for word, length in cycles:
        angle = 2 * math.pi * days / length
        named += [
            (f"{column.name} in {word} (sine)", np.sin(angle)),
            (f"{column.name} in {word} (cosine)", np.cos(angle)),
        ]
    return named
