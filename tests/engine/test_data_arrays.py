"""NPZ files: which arrays are what, their parts, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from engine.tasks import data, npz
from engine.tasks.dataset import DataError, TaskError

RNG = np.random.default_rng(0)
LABELS = np.arange(60) % 3


def save(folder, **arrays):
    np.savez(folder / "data.npz", **arrays)
    return folder


def load(folder, **task):
    return data.load({"data": "data.npz", **task}, folder)


@pytest.mark.parametrize(
    "names", [("x", "y"), ("X", "y"), ("images", "labels"), ("data", "target")]
)
def test_that_arrays_go_by_their_usual_names(tmp_path, names):
    dataset = load(save(tmp_path, **{names[0]: RNG.normal(size=(60, 4)), names[1]: LABELS}))
    assert dataset.problem == "classification"
    assert dataset.classes == ("0", "1", "2")
    assert [len(dataset.part(part)) for part in ("train", "validation", "test")] == [42, 9, 9]


def test_that_a_file_may_bring_its_own_parts(tmp_path):
    parts = {"train": 30, "val": 12, "test": 7}
    arrays = {f"x_{part}": RNG.normal(size=(rows, 4)) for part, rows in parts.items()}
    arrays |= {f"y_{part}": RNG.normal(size=rows) for part, rows in parts.items()}
    dataset = load(save(tmp_path, **arrays))
    assert [len(dataset.part(part)) for part in ("train", "validation", "test")] == [30, 12, 7]
    expected = arrays["y_val"]
    found = dataset.validation.y * dataset.target_scale + dataset.target_mean
    assert np.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "becomes"),
    [((8, 8), (1, 8, 8)), ((8, 8, 3), (3, 8, 8)), ((3, 8, 8), (3, 8, 8)), ((5, 6, 1), (1, 5, 6))],
)
def test_that_images_come_in_any_usual_order_of_axes(tmp_path, shape, becomes):
    dataset = load(save(tmp_path, x=RNG.integers(0, 255, (60, *shape), np.uint8), y=LABELS))
    assert dataset.shape == becomes
    assert dataset.is_images


def test_that_text_labels_are_classes_in_order(tmp_path):
    labels = np.array(["cat", "ant", "bee"])[LABELS]
    dataset = load(save(tmp_path, x=RNG.normal(size=(60, 4)), y=labels))
    assert dataset.classes == ("ant", "bee", "cat")


def test_that_missing_numbers_in_arrays_are_imputed(tmp_path):
    x = RNG.normal(size=(60, 2))
    x[::7, 0] = np.nan
    dataset = load(save(tmp_path, x=x, y=LABELS))
    assert dataset.features == ("column_1", "column_2", "column_1 is missing")
    assert np.isfinite(dataset.train.x).all()


def test_that_a_separate_file_can_hold_the_test_part(tmp_path):
    np.savez(tmp_path / "test.npz", x=RNG.normal(size=(5, 4)), y=LABELS[:5])
    dataset = load(save(tmp_path, x=RNG.normal(size=(60, 4)), y=LABELS), split={"file": "test.npz"})
    assert len(dataset.test) == 5
    assert len(dataset.train) + len(dataset.validation) == 60


X = RNG.normal(size=(60, 4))
REFUSED = {
    "no names": ({"a": X, "b": LABELS}, {}, "holds a, b; name the arrays x and y"),
    "no answers": ({"x": X}, {}, "name the arrays x and y"),
    "no validation": ({"x_train": X, "y_train": LABELS}, {}, "has no x_val and y_val"),
    "lengths": ({"x": X, "y": LABELS[:50]}, {}, "'x' has 60 rows, 'y' 50"),
    "wide answers": ({"x": X, "y": np.ones((60, 2))}, {}, "answers have shape (60, 2)"),
    "objects": ({"x": X, "y": np.array([{}] * 60)}, {}, "'y' holds Python objects"),
    "flat": ({"x": np.ones((60, 2, 2, 2, 2)), "y": LABELS}, {}, "neither a table"),
    "nan image": ({"x": np.full((60, 4, 4), np.nan), "y": LABELS}, {}, "NaN or infinite"),
    "nan target": (
        {"x": X, "y": np.where(np.arange(60) == 5, np.nan, np.arange(60) * 1.5)},
        {"objective": "val_mse"},
        "the target of row 6 is no number",
    ),
    "few rows": ({"x": X[:5], "y": LABELS[:5]}, {}, "5 row(s) are too few to split"),
    "by column": ({"x": X, "y": LABELS}, {"split": {"by": "who"}}, "no columns to split by 'who'"),
    "constant": ({"x": np.ones((60, 2)), "y": LABELS}, {}, "every input is the same"),
    "bad parts": (
        {"x": X, "y": LABELS, "split": np.array(["a"] * 60)},
        {},
        "'split' must name train, validation or test",
    ),
    "numbers classed": (
        {"x": X, "y": RNG.normal(size=60)},
        {"objective": "val_accuracy"},
        "'y' holds 60 different numbers",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_that_bad_arrays_are_refused_in_one_sentence(tmp_path, case):
    arrays, task, says = REFUSED[case]
    with pytest.raises(TaskError) as refused:
        load(save(tmp_path, **arrays), **task)
    assert says in str(refused.value)
    assert str(refused.value).endswith(".")


def test_that_reading_an_array_of_objects_runs_no_code(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    np.savez(tmp_path / "data.npz", x=X, y=np.array([Trap()] * 60, dtype=object))
    with pytest.raises(DataError, match="Python objects"):
        load(tmp_path)
    with pytest.raises(DataError, match="Python objects"):
        data.preview({"data": "data.npz"}, tmp_path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("save_as", [np.savez, np.savez_compressed])
def test_that_the_first_rows_are_read_alone_however_they_are_stored(tmp_path, save_as):
    x = RNG.normal(size=(60, 4, 3))
    save_as(tmp_path / "by_row.npz", x=x, y=LABELS)
    save_as(tmp_path / "by_column.npz", x=np.asfortranarray(x), y=LABELS)
    for name in ("by_row.npz", "by_column.npz"):
        assert np.array_equal(npz.first_inputs(tmp_path / name, 7), x[:7])
        assert np.array_equal(npz.first_inputs(tmp_path / name, 100), x)


def test_that_a_class_of_the_test_file_alone_is_refused(tmp_path):
    np.savez(tmp_path / "test.npz", x=RNG.normal(size=(4, 4)), y=[0, 1, 7, 7])
    save(tmp_path, x=RNG.normal(size=(60, 4)), y=LABELS)
    with pytest.raises(DataError, match=r"test.npz: class '7' is not in data.npz"):
        load(tmp_path, split={"file": "test.npz"})
