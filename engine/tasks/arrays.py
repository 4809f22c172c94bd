"""Data sets from NPZ files: inputs and answers as arrays, with or without parts of their own."""

from __future__ import annotations

import zipfile
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.tasks import splits
from engine.tasks.catalog import Problem
from engine.tasks.dataset import Array, DataError, Dataset, parts_of
from engine.tasks.features import NumberEncoder
from engine.tasks.settings import SplitSettings, TaskSettings
from engine.tasks.targets import decide_problem, read_classes, read_numbers

_INPUTS = ("x", "X", "images", "data", "inputs", "features")
_ANSWERS = ("y", "Y", "labels", "target", "targets", "label")
_SUFFIXES = ("train", "training", "val", "valid", "validation", "test")
_CHANNELS = (1, 3, 4)

Headers = Mapping[str, tuple[tuple[int, ...], np.dtype[np.generic]]]
"""Shape and type of each array in a file."""


@dataclass(frozen=True)
class ArrayNames:
    """Which arrays of a file hold what: per part (code), or all rows at once (None)."""

    inputs: dict[int | None, str] = field(default_factory=dict)
    answers: dict[int | None, str] = field(default_factory=dict)
    split: str | None = None


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


def read_arrays(path: Path) -> tuple[Array, Array, Array | None]:
    """Inputs (n, ...), answers (n,), and part codes (n,) where the file names its parts."""
    names = find_arrays(array_headers(path), path.name)
    with _opened(path) as file:
        x, codes = _stack(file, names.inputs, path.name)
    values, named_codes = read_answers(path)
    if len(values) != len(x):
        raise DataError(
            f"{path.name}: has {len(x)} inputs but {len(values)} answers; give one for each."
        )
    return x, values, codes if named_codes is None else named_codes


def read_answers(path: Path) -> tuple[Array, Array | None]:
    """The answers alone (n,), and part codes (n,) where the file names its parts."""
    names = find_arrays(array_headers(path), path.name)
    with _opened(path) as file:
        values, codes = _stack(file, names.answers, path.name)
        named = None if names.split is None else file[names.split]
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(f"{path.name}: answers have shape {values.shape}; give one for each row.")
    if named is not None:
        codes = splits.named_parts([str(value) for value in named])
        if codes is None or len(codes) != len(values):
            raise DataError(
                f"{path.name}: '{names.split}' must name train, validation or test for each row."
            )
    return values, codes


@contextmanager
def _opened(path: Path) -> Iterator[np.lib.npyio.NpzFile]:
    try:
        with np.load(path, allow_pickle=False) as file:
            yield file
    except DataError:
        raise
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path.name}: is not a readable NPZ file; write it again.") from error


def find_arrays(headers: Headers, source: str) -> ArrayNames:
    """Which arrays hold inputs and answers, by their usual names."""
    for name, (_, dtype) in headers.items():
        if dtype.hasobject:
            raise DataError(f"{source}: array '{name}' holds Python objects; save plain numbers.")
    inputs, answers = _find(headers, _INPUTS), _find(headers, _ANSWERS)
    if not inputs or inputs.keys() != answers.keys():
        raise DataError(
            f"{source}: holds {', '.join(headers) or 'nothing'}; name the arrays x and y, or "
            "x_train, y_train, x_val, y_val (and x_test, y_test)."
        )
    if None not in inputs and not {splits.TRAIN, splits.VALIDATION} <= inputs.keys():
        raise DataError(f"{source}: has no x_val and y_val; add them, or give one x and one y.")
    split = "split" if "split" in headers and None in inputs else None
    return ArrayNames(inputs, answers, split)


def array_headers(path: Path) -> Headers:
    """Shape and type of each array in an NPZ file, without reading the arrays."""
    found: dict[str, tuple[tuple[int, ...], np.dtype[np.generic]]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                with archive.open(member) as file:
                    version = np.lib.format.read_magic(file)
                    read = (
                        np.lib.format.read_array_header_1_0
                        if version == (1, 0)
                        else np.lib.format.read_array_header_2_0
                    )
                    shape, _, dtype = read(file)
                found[member.removesuffix(".npy")] = (tuple(shape), dtype)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path.name}: is not a readable NPZ file; write it again.") from error
    return found


def answers_name(path: Path) -> str:
    """Name of the array that holds the answers."""
    return next(iter(find_arrays(array_headers(path), path.name).answers.values()))


def _find(names: Container[str], words: Sequence[str]) -> dict[int | None, str]:
    for word in words:
        if word in names:
            return {None: word}
    found: dict[int | None, str] = {}
    for word in words:
        for suffix in _SUFFIXES:
            if f"{word}_{suffix}" in names:
                found.setdefault(splits.part_named(suffix), f"{word}_{suffix}")
    return found


def _stack(
    file: np.lib.npyio.NpzFile, names: dict[int | None, str], source: str
) -> tuple[Array, Array | None]:
    if None in names:
        return file[names[None]], None
    arrays = {part: file[name] for part, name in sorted(names.items(), key=lambda one: one[0] or 0)}
    if len({array.shape[1:] for array in arrays.values()}) > 1:
        raise DataError(f"{source}: rows of {', '.join(names.values())} differ in shape.")
    codes = [np.full(len(array), part) for part, array in arrays.items()]
    return np.concatenate(list(arrays.values())), np.concatenate(codes)


def _column_names(count: int) -> list[str]:
    return [f"column_{k}" for k in range(1, count + 1)]
