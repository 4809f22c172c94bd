"""NPZ files: which arrays hold what, read whole or in part. Nothing in them is ever run."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from engine.tasks import splits
from engine.tasks.dataset import Array, DataError

_INPUTS = ("x", "X", "images", "data", "inputs", "features")
_ANSWERS = ("y", "Y", "labels", "target", "targets", "label")
_SUFFIXES = ("train", "training", "val", "valid", "validation", "test")

Headers = Mapping[str, tuple[tuple[int, ...], np.dtype[np.generic]]]
"""Shape and type of each array in a file."""


@dataclass(frozen=True)
class ArrayNames:
    """Which arrays of a file hold what: per part (code), or all rows at once (None)."""

    inputs: dict[int | None, str] = field(default_factory=dict)
    answers: dict[int | None, str] = field(default_factory=dict)
    split: str | None = None


def read_arrays(path: Path) -> tuple[Array, Array, Array | None]:
    """Inputs (n, ...), answers (n,), and part codes (n,) where the file names its parts."""
    names = find_arrays(array_headers(path), path.name)
    with _opened(path) as file:
        x, codes = _stack(file, names.inputs, path.name)
    values, named_codes = read_answers(path)
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
    for part, name in inputs.items():
        rows, answered = (headers[one][0][:1] for one in (name, answers[part]))
        if rows != answered or not rows:
            raise DataError(
                f"{source}: '{name}' has {rows[0] if rows else 0} rows, '{answers[part]}' "
                f"{answered[0] if answered else 0}; give an answer for each row."
            )
    split = "split" if "split" in headers and None in inputs else None
    return ArrayNames(inputs, answers, split)


def array_headers(path: Path) -> Headers:
    """Shape and type of each array in an NPZ file, without reading the arrays."""
    found: dict[str, tuple[tuple[int, ...], np.dtype[np.generic]]] = {}
    with _archive(path) as archive:
        for member in archive.namelist():
            with archive.open(member) as file:
                shape, _, dtype = _read_header(file)
            found[member.removesuffix(".npy")] = (shape, dtype)
    return found


def first_inputs(path: Path, most: int) -> Array:
    """The first rows of the inputs, `most` at most (all, where they are stored by column)."""
    name = next(iter(find_arrays(array_headers(path), path.name).inputs.values()))
    with _archive(path) as archive, archive.open(f"{name}.npy") as file:
        shape, by_column, dtype = _read_header(file)
        rows = shape[0] if by_column else min(most, shape[0])
        cells = rows * math.prod(shape[1:])
        flat = np.frombuffer(file.read(cells * dtype.itemsize), dtype, cells)
        return flat.reshape((rows, *shape[1:]), order="F" if by_column else "C")[:most]


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Shape, whether it is stored by column, and type of the array that begins here."""
    is_first = np.lib.format.read_magic(file) == (1, 0)
    form = np.lib.format
    read = form.read_array_header_1_0 if is_first else form.read_array_header_2_0
    shape, by_column, dtype = read(file)
    return tuple(shape), bool(by_column), dtype


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{path.name}: is not a readable NPZ file; write it again.") from error


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
