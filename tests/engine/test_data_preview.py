"""The look at data before anything runs: forgiving, quick, and right about the counts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from PIL import Image

from engine.tasks import data


def test_that_digits_show_images_classes_and_parts():
    preview = data.preview({"data": "digits", "objective": "val_accuracy"}, ".")
    assert (preview.title, preview.rows, preview.problem) == (
        "Handwritten digits",
        1797,
        "classification",
    )
    assert preview.parts == {"train": 1078, "validation": 360, "test": 359}
    assert sum(preview.class_counts.values()) == 1797
    assert preview.images[0].shape == (8, 8)
    assert preview.images[0].dtype == np.uint8
    assert preview.image_labels[:10] == tuple("0123456789")


def test_that_a_bundled_table_shows_its_columns_and_rows():
    preview = data.preview({"data": "diabetes"}, ".")
    roles = {column.name: column.role for column in preview.columns}
    assert (roles["progression"], roles["split"], roles["age"]) == ("target", "split", "feature")
    assert preview.head[0][:3] == ("59", "2", "32.1")
    assert preview.problem == "regression"


def test_that_a_table_without_a_target_yet_is_shown_with_what_is_wanting(tmp_path):
    (tmp_path / "d.csv").write_text("a,b\n" + "\n".join(f"{k}.5,x{k % 3}" for k in range(30)))
    preview = data.preview({"data": "d.csv", "objective": "val_mse"}, tmp_path)
    assert preview.problem is None
    assert preview.problems == ("target: choose the column to predict.",)
    wrong = data.preview({"data": "d.csv", "target": "c"}, tmp_path)
    assert "there is no column 'c'" in wrong.problems[0]
    fits = data.preview({"data": "d.csv", "target": "b", "objective": "val_mse"}, tmp_path)
    assert (fits.problem, fits.problems) == ("classification", ())
    assert fits.class_counts == {"x0": 10, "x1": 10, "x2": 10}


def test_that_columns_are_summed_up(tmp_path):
    frame = pl.DataFrame(
        {
            "n": [None if k == 3 else k * 0.5 for k in range(40)],
            "kind": [f"k{k % 3}" for k in range(40)],
            "row": range(40),
            "y": [k % 2 for k in range(40)],
        }
    )
    frame.write_parquet(tmp_path / "d.parquet")
    number, kind, row, target = data.preview({"data": "d.parquet", "target": "y"}, tmp_path).columns
    assert (number.kind, number.missing, number.low, number.high) == ("number", 1, 0.0, 19.5)
    assert (kind.levels, kind.level_count) == ((("k0", 14), ("k1", 13), ("k2", 13)), 3)
    assert (row.role, "not used" in row.why) == ("unused", True)
    assert target.role == "target"


def test_that_a_large_file_is_judged_from_its_first_rows_with_its_true_count(tmp_path):
    rows = 400_000
    frame = pl.DataFrame({"a": np.arange(rows) * 0.31, "b": ["x", "y"] * (rows // 2)})
    frame.with_columns(pl.col("a").alias("c"), pl.col("b").alias("d")).write_csv(tmp_path / "d.csv")
    frame.write_parquet(tmp_path / "d.parquet")
    for name in ("d.csv", "d.parquet"):
        preview = data.preview({"data": name, "target": "b"}, tmp_path)
        assert preview.rows == rows
        assert preview.rows_read == 10_000
        assert "Judged from the first 10,000 of 400,000 rows." in preview.notes
        assert preview.parts == {"train": 280_000, "validation": 60_000, "test": 60_000}


def test_that_a_broken_image_does_not_keep_the_rest_from_being_shown(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for k in range(6):
            Image.new("L", (5, 5), k).save(tmp_path / name / f"{k}.png")
    assert len(data.preview({"data": str(tmp_path)}, ".").images) == 12
    (tmp_path / "a" / "0.png").write_text("broken")
    preview = data.preview({"data": str(tmp_path)}, ".")
    assert preview.class_counts == {"a": 6, "b": 6}
    assert "a/0.png: is not a readable image" in preview.problems[0]


@pytest.mark.parametrize("split", [{"train": 0.5}, {"by": "time"}, {"by": "nobody"}])
def test_that_a_split_that_cannot_be_is_a_problem_of_the_preview(tmp_path, split):
    (tmp_path / "d.csv").write_text("a,b\n" + "\n".join(f"{k}.5,{k % 3}" for k in range(30)))
    preview = data.preview({"data": "d.csv", "target": "b", "split": split}, tmp_path)
    assert preview.problems[0].startswith("split: ")
    assert preview.rows == 30


def test_that_a_separate_test_file_is_counted(tmp_path):
    (tmp_path / "d.csv").write_text("a,b\n" + "\n".join(f"{k}.5,{k % 3}" for k in range(30)))
    (tmp_path / "t.csv").write_text("a,b\n" + "\n".join(f"{k}.5,{k % 3}" for k in range(7)))
    task = {"data": "d.csv", "target": "b", "split": {"file": "t.csv"}}
    assert data.preview(task, tmp_path).parts == {"train": 25, "validation": 5, "test": 7}
