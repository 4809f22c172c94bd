"""Data sets from arrays: cut into parts and standardised. Reading NPZ files is in npz.py."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.tasks import splits
from engine.tasks.catalog import Problem
from engine.tasks.dataset import Array, DataError, Dataset, class_indices, parts_of
from engine.tasks.features import NumberEncoder
from engine.tasks.npz import answers_name, read_arrays
from engine.tasks.settings import SplitSettings, TaskSettings
from engine.tasks.targets import decide_problem, known_classes, read_classes, read_numbers

_CHANNELS = (1, 3, 4)


def load_arrays(settings: TaskSettings, path: Path, test_path: Path | None = None) -> Dataset:
    """The data set of an NPZ file, and of a separate one with the test part if there is one."""
    x, values, codes = read_arrays(path)
    if test_path is not None:
        test_x, test_values, _ = read_arrays(test_path)
        if test_x.shape[1:] != x.shape[1:]:
            raise DataError(
                f"{test_path.name}: its rows have shape {test_x.shape[1:]}, those of {path.name} "
                f"{x.shape[1:]}; make them alike."
            )
    problem = decide_problem(settings, values, f"'{answers_name(path)}'")
    if codes is None:
        codes = split_arrays(settings.split, values, problem, path.name)
    if test_path is not None:
        if problem == "classification":
            known_classes(test_values, class_indices(values)[0], test_path.name, path.name)
        codes = np.concatenate([codes, np.full(len(test_values), splits.TEST)])
        x, values = np.concatenate([x, test_x]), np.concatenate([values, test_values])
    return dataset_of(x, values, codes, problem, path.name)


def dataset_of(
    x: Array, values: Array, codes: Array, problem: Problem, source: str, notes: Sequence[str] = ()
) -> Dataset:
    """Standardise inputs on the training part: tables by column, images by channel."""
    train = codes == splits.TRAIN
    features: tuple[str, ...] = ()
    if x.ndim == 2:
        encoder = NumberEncoder.fit(x[train].astype(np.float64), _column_names(x.shape[1]))
        features = encoder.names
        x = encoder.transform(x.astype(np.float64))
        if not features:
            raise DataError(f"{source}: every input is the same in all training rows.")
    else:
        x = standardise_images(as_channels_first(x, source), train, source)
    mean, scale = 0.0, 1.0
    classes: tuple[str, ...] = ()
    if problem == "classification":
        classes, y = read_classes(values, source)
    else:
        y, mean, scale = read_numbers(values, train, source)
    parts = parts_of(x, y, codes)
    return Dataset(
        problem,
        parts["train"],
        parts["validation"],
        parts["test"],
        classes,
        mean,
        scale,
        features,
        tuple(notes),
    )


def split_arrays(split: SplitSettings, values: Array, problem: Problem, source: str) -> Array:
    """Part codes for rows that have no columns to split by."""
    if len(values) < splits.FEWEST_ROWS:
        raise DataError(
            f"{source}: {len(values)} row(s) are too few to split; give at least "
            f"{splits.FEWEST_ROWS}."
        )
    fractions = splits.fractions_of(split)
    how = split.by or ("stratified" if problem == "classification" else "random")
    if how == "random":
        return splits.by_chance(len(values), fractions)
    if how == "stratified":
        strata = values if problem == "classification" else splits.number_strata(values)
        return splits.by_strata(np.unique(strata, return_inverse=True)[1].reshape(-1), fractions)
    raise DataError(
        f"split: {source} has no columns to split by '{how}'; take random or stratified."
    )


def standardise_images(images: Array, train: Array, source: str) -> Array:
    """Float32 images (n, C, H, W), each channel of training mean 0 and deviation 1."""
    standard: Array = images.astype(np.float32)
    if not np.isfinite(standard).all():
        raise DataError(f"{source}: some inputs are NaN or infinite; mend or remove those rows.")
    known = standard[train]
    mean = known.mean(axis=(0, 2, 3), dtype=np.float64).reshape(1, -1, 1, 1)
    scale = known.std(axis=(0, 2, 3), dtype=np.float64).reshape(1, -1, 1, 1)
    standard -= mean.astype(np.float32)
    standard /= np.where(scale > 0, scale, 1.0).astype(np.float32)
    return standard


def as_channels_first(x: Array, source: str) -> Array:
    """Images (n, C, H, W) from (n, H, W), (n, H, W, C) or (n, C, H, W)."""
    if x.ndim == 3:
        return x[:, None]
    if x.ndim == 4 and x.shape[1] in _CHANNELS and x.shape[3] not in _CHANNELS:
        return x
    if x.ndim == 4 and x.shape[3] in _CHANNELS:
        return np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    if x.ndim == 4 and x.shape[1] in _CHANNELS:
        return x
    raise DataError(
        f"{source}: inputs of shape {x.shape} are neither a table (n, columns) nor images "
        "(n, height, width[, channels]); reshape them."
    )


def _column_names(count: int) -> list[str]:
    return [f"column_{k}" for k in range(1, count + 1)]
