"""Data sets from folders of images: one sub-folder a class, Pillow does the reading."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.tasks import splits
from engine.tasks.arrays import dataset_of, split_arrays
from engine.tasks.dataset import Array, DataError, Dataset
from engine.tasks.settings import TaskSettings
from engine.tasks.targets import check_objective

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
MAX_SIDE = 64
_GRAY_MODES = ("1", "L", "LA", "I", "I;16", "F")


@dataclass(frozen=True)
class ImageFolder:
    """The files of a folder with their classes, and their parts where sub-folders name them."""

    path: Path
    files: tuple[Path, ...]
    labels: tuple[str, ...]
    codes: Array | None

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(sorted(set(self.labels)))


def list_images(path: Path) -> ImageFolder:
    """Files of `path`/CLASS/, or of `path`/PART/CLASS/ with parts train, val and test."""
    folders = sorted(child for child in path.iterdir() if child.is_dir() and child.name[0] != ".")
    parts = [splits.part_named(folder.name) for folder in folders]
    if folders and None not in parts and {splits.TRAIN, splits.VALIDATION} <= set(parts):
        listed = [(code, *_classes_of(folder)) for code, folder in zip(parts, folders, strict=True)]
        codes = [np.full(len(files), code) for code, files, _ in listed]
        files = [file for _, some, _ in listed for file in some]
        labels = [label for _, _, some in listed for label in some]
        return ImageFolder(path, tuple(files), tuple(labels), np.concatenate(codes))
    found, labels = _classes_of(path)
    return ImageFolder(path, tuple(found), tuple(labels), None)


def load_images(settings: TaskSettings, path: Path, test_path: Path | None = None) -> Dataset:
    """The data set of a folder, and of a separate one with the test part if there is one."""
    check_objective(settings, "classification")
    folder = list_images(path)
    labels = np.array(folder.labels)
    codes = folder.codes
    if codes is None:
        codes = split_arrays(settings.split, labels, "classification", path.name)
    files = folder.files
    if test_path is not None:
        test = list_images(test_path)
        unknown = sorted(set(test.labels) - set(folder.labels))
        if unknown:
            raise DataError(f"{test_path.name}: class '{unknown[0]}' is not in {path.name}.")
        files = (*files, *test.files)
        labels = np.concatenate([labels, np.array(test.labels)])
        codes = np.concatenate([codes, np.full(len(test.files), splits.TEST)])
    pixels, notes = read_images(files)
    return dataset_of(pixels, labels, codes, "classification", path.name, notes)


def read_images(files: Sequence[Path]) -> tuple[Array, list[str]]:
    """Pixels (n, height, width) or (n, height, width, 3), uint8, all of one size."""
    with ThreadPoolExecutor() as pool:
        headers = list(pool.map(_header, files))
        mode = "L" if all(gray for _, gray in headers) else "RGB"
        size = common_size([size for size, _ in headers])
        pixels = list(pool.map(lambda file: _pixels(file, mode, size), files))
    different = {size for size, _ in headers} - {size}
    notes = [f"Images are resized to {size[0]} × {size[1]} pixels."] if different else []
    return np.stack(pixels), notes


def common_size(sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Width and height for all: the middle one of each, scaled down to MAX_SIDE."""
    width, height = (int(np.median([size[axis] for size in sizes])) for axis in (0, 1))
    shrink = min(1.0, MAX_SIDE / max(width, height))
    return max(1, round(width * shrink)), max(1, round(height * shrink))


def _classes_of(path: Path) -> tuple[list[Path], list[str]]:
    files: list[Path] = []
    for child in sorted(path.iterdir()):
        if child.is_dir() and child.name[0] != ".":
            files += sorted(file for file in child.iterdir() if file.suffix.lower() in SUFFIXES)
    if not files:
        raise DataError(
            f"{path.name}: holds no images; give a folder with one sub-folder of images a class."
        )
    return files, [file.parent.name for file in files]


def _header(file: Path) -> tuple[tuple[int, int], bool]:
    with _open(file) as image:
        return image.size, image.mode in _GRAY_MODES


def _pixels(file: Path, mode: str, size: tuple[int, int]) -> Array:
    from PIL import Image

    with _open(file) as image:
        try:
            picture = _eight_bits(image).convert(mode)
        except OSError as error:
            raise DataError(_broken(file)) from error
        if picture.size != size:
            picture = picture.resize(size, Image.Resampling.BILINEAR)
        return np.asarray(picture, dtype=np.uint8)


def _eight_bits(image: Image) -> Image:
    """Deeper gray levels scaled to eight bits, which a plain conversion would cut off."""
    from PIL import Image as Pillow

    if image.mode not in ("I;16", "I", "F"):
        return image
    values = np.asarray(image, dtype=np.float64)
    top = 65535.0 if values.max(initial=0.0) > 255 else 255.0
    return Pillow.fromarray(np.clip(values * 255 / top, 0, 255).astype(np.uint8))


def _open(file: Path) -> Image:
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(file)
    except (UnidentifiedImageError, OSError) as error:
        raise DataError(_broken(file)) from error


def _broken(file: Path) -> str:
    return f"{file.parent.name}/{file.name}: is not a readable image; mend or remove it."
