"""The data sets that come with the program."""

from __future__ import annotations

import numpy as np
import pytest

from engine import places
from engine.tasks import data

SIZES = {"digits": (1078, 360, 359), "breast_cancer": (341, 115, 113), "diabetes": (265, 89, 88)}


@pytest.mark.parametrize("name", SIZES)
def test_that_a_bundled_set_has_its_fixed_split_source_and_licence(name):
    bundled, dataset = data.bundled()[name], data.load({"data": name}, ".")
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == SIZES[name]
    assert sum(SIZES[name]) == bundled.rows
    assert dataset.problem == bundled.problem
    assert bundled.source.startswith("https://")
    assert bundled.licence
    assert bundled.path.name in (places.resources() / "datasets" / "README.md").read_text("utf-8")


def test_that_the_split_is_the_files_own_whatever_the_task_says():
    plain = data.load({"data": "diabetes"}, ".")
    asked = {"train": 0.5, "validation": 0.4, "test": 0.1, "by": "random"}
    assert len(data.load({"data": "diabetes", "split": asked}, ".").train) == len(plain.train)


@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
def test_that_the_classes_are_spread_alike_over_the_parts(name):
    dataset = data.load({"data": name}, ".")
    shares = [
        np.bincount(rows.y, minlength=len(dataset.classes)) / len(rows)
        for rows in (dataset.train, dataset.validation, dataset.test)
    ]
    assert np.ptp(shares, axis=0).max() < 0.02


def test_that_digits_are_images_of_ten_classes_standardised_on_training_rows():
    dataset = data.load({"data": "digits"}, ".")
    assert dataset.shape == (1, 8, 8)
    assert dataset.classes == tuple("0123456789")
    assert dataset.train.x.dtype == np.float32
    assert dataset.train.y.dtype == np.int64
    assert abs(dataset.train.x.mean()) < 1e-4
    assert dataset.train.x.std() == pytest.approx(1, abs=1e-4)
    assert abs(dataset.validation.x.mean()) > 1e-4


def test_that_the_regression_target_can_be_brought_back_to_its_units():
    dataset = data.load({"data": "diabetes"}, ".")
    values = [rows.y * dataset.target_scale + dataset.target_mean for rows in
              (dataset.train, dataset.validation, dataset.test)]  # fmt: skip
    every = np.concatenate(values)
    assert every.min() == pytest.approx(25, abs=1e-3)
    assert every.max() == pytest.approx(346, abs=1e-3)
    assert dataset.outputs == 1
    assert dataset.features[2] == "body_mass_index"
