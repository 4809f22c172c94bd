"""Folders of images: classes by sub-folder, one size for all, broken files named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.tasks import data
from engine.tasks.dataset import DataError, TaskError

RNG = np.random.default_rng(0)


def paint(folder: Path, sizes=((12, 10),), mode="RGB", classes=("cat", "dog"), each=12) -> Path:
    for name in classes:
        (folder / name).mkdir(parents=True)
        for k in range(each):
            width, height = sizes[k % len(sizes)]
            shape = (height, width, 3) if mode == "RGB" else (height, width)
            pixels = RNG.integers(0, 255, shape, np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{k}.png")
    return folder


def load(folder: Path, **task):
    return data.load({"data": str(folder), **task}, ".")


def test_that_each_sub_folder_is_a_class(tmp_path):
    dataset = load(paint(tmp_path / "pets"))
    assert dataset.classes == ("cat", "dog")
    assert dataset.shape == (3, 10, 12)
    assert [len(dataset.part(part)) for part in ("train", "validation", "test")] == [16, 4, 4]
    assert np.allclose(dataset.train.x.mean(axis=(0, 2, 3)), 0, atol=1e-4)


def test_that_gray_images_stay_gray_and_mixed_ones_become_colour(tmp_path):
    gray = paint(tmp_path / "gray", mode="L")
    assert load(gray).shape == (1, 10, 12)
    Image.new("RGB", (12, 10), (200, 10, 10)).save(gray / "cat" / "red.jpg")
    assert load(gray).shape == (3, 10, 12)


def test_that_mixed_sizes_become_one_and_large_ones_smaller(tmp_path):
    mixed = load(paint(tmp_path / "mixed", sizes=((20, 30), (22, 28), (24, 26))))
    assert mixed.shape == (3, 28, 22)
    assert mixed.notes == ("Images are resized to 22 × 28 pixels.",)
    assert load(paint(tmp_path / "large", sizes=((256, 128),), each=6)).shape == (3, 32, 64)


def test_that_sixteen_bit_images_keep_their_levels(tmp_path):
    folder = tmp_path / "deep"
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True)
        for k in range(8):
            levels = (RNG.random((6, 6)) * 60000).astype(np.uint16)
            Image.fromarray(levels).save(folder / name / f"{k}.png")
    pixels = data.preview({"data": str(folder)}, ".").images[0]
    assert len(np.unique(pixels)) > 20


def test_that_folders_of_parts_are_the_split(tmp_path):
    for part, each in {"train": 9, "val": 4, "test": 3}.items():
        paint(tmp_path / "pets" / part, each=each)
    dataset = load(tmp_path / "pets")
    assert [len(dataset.part(part)) for part in ("train", "validation", "test")] == [18, 8, 6]


def test_that_a_separate_folder_can_hold_the_test_part(tmp_path):
    paint(tmp_path / "held back", each=3)
    dataset = load(paint(tmp_path / "pets"), split={"file": str(tmp_path / "held back")})
    assert len(dataset.test) == 6


def test_that_a_broken_image_is_named(tmp_path):
    folder = paint(tmp_path / "pets")
    whole = (folder / "cat" / "0.png").read_bytes()
    (folder / "dog" / "3.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"dog/3.png: is not a readable image; mend or remove it"):
        load(folder)
    (folder / "dog" / "3.png").write_text("no image")
    with pytest.raises(DataError, match=r"dog/3.png"):
        load(folder)


def test_that_folders_and_objectives_that_do_not_fit_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        DataError, match="empty: holds no images; give a folder with one sub-folder"
    ):
        load(tmp_path / "empty")
    folder = paint(tmp_path / "pets")
    with pytest.raises(TaskError, match="is a classification set, which has no val_mse"):
        load(folder, objective="val_mse")
    with pytest.raises(DataError, match="no columns to split by 'time'"):
        load(folder, split={"by": "time", "column": "day"})
    with pytest.raises(DataError, match=r"one: has the single class 'cat'"):
        load(paint(tmp_path / "one", classes=("cat",)))
