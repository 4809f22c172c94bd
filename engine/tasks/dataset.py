"""What a data set is once it is ready to train on, and the errors that keep it from being so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.tasks.catalog import Problem

Array: TypeAlias = NDArray[Any]
Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")


class TaskError(ValueError):
    """A task that cannot be run as it is written; one sentence with the mend."""


class DataError(TaskError):
    """Data that cannot be used; one sentence naming the file or column, and the mend."""


@dataclass(frozen=True)
class BundledSet:
    """A data set that comes with the program, with a fixed split."""

    name: str
    title: str
    description: str
    rows: int
    problem: Problem
    path: Path
    target: str | None
    source: str
    licence: str
    is_images: bool = False


@dataclass(frozen=True)
class Rows:
    """One part of a data set, ready for a network.

    `x`: float32, (n, features) of a table or (n, channels, height, width) of images. `y`: int64
    class indices, or the float32 regression target, standardised; both (n,).
    """

    x: Array
    y: Array

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Dataset:
    """A data set in its three parts; whatever was learned from data is from `train` alone.

    `shape` is that of one row of `x`. `classes` are the class names in the order of their indices
    (empty for regression). A regression target in the user's units is `y * target_scale +
    target_mean`. `features` name the columns of a table's `x`. `notes` are sentences for people.
    """

    problem: Problem
    train: Rows
    validation: Rows
    test: Rows
    classes: tuple[str, ...] = ()
    target_mean: float = 0.0
    target_scale: float = 1.0
    features: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.train.x.shape[1:])

    @property
    def is_images(self) -> bool:
        return len(self.shape) == 3

    @property
    def outputs(self) -> int:
        """How many numbers a network gives for a row."""
        return len(self.classes) if self.problem == "classification" else 1

    def part(self, name: Part) -> Rows:
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]


def parts_of(x: Array, y: Array, codes: Array) -> dict[Part, Rows]:
    """Cut `x` and `y` into their parts; `codes` (n,) are indices into PARTS."""
    return {name: Rows(x[codes == code], y[codes == code]) for code, name in enumerate(PARTS)}


def class_indices(labels: Array) -> tuple[tuple[str, ...], Array]:
    """Names of the classes in `labels` (n,), in order, and each row's class index (int64)."""
    values, indices = np.unique(labels, return_inverse=True)
    return tuple(class_name(value) for value in values), indices.reshape(-1).astype(np.int64)


def class_name(value: object) -> str:
    """A class as people write it: 3.0 is the class 3."""
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, float) and number.is_integer():
        return str(int(number))
    return str(number)


def counts(names: tuple[str, ...], indices: Array) -> Mapping[str, int]:
    """How many rows each class has."""
    found = np.bincount(indices, minlength=len(names))
    return {name: int(count) for name, count in zip(names, found, strict=True)}
