"""Whether a task can be run, asked without torch and without reading everything."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from PIL import Image

from engine.space import Float, SearchSpace
from engine.tasks import tables
from engine.tasks.check import check
from engine.tasks.dataset import TaskError
from engine.tasks.table_files import read_table

DIGITS = {"data": "digits", "network": "mlp", "objective": "val_accuracy"}


@pytest.mark.parametrize(
    "task",
    [
        DIGITS,
        DIGITS | {"network": "cnn"},
        DIGITS | {"data": "breast_cancer"},
        DIGITS | {"data": "diabetes", "objective": "val_r2"},
    ],
)
def test_that_a_good_task_passes(task):
    check(task, ".", SearchSpace([Float("lr", 1e-4, 1e-1, log=True)]))


def test_that_check_and_opening_agree_on_what_is_wrong_without_torch(tmp_path):
    (tmp_path / "d.csv").write_text("a,b\n" + "\n".join(f"{k}.5,{k * 1.1:.1f}" for k in range(30)))
    (tmp_path / "pets" / "cat").mkdir(parents=True)
    Image.new("L", (4, 4)).save(tmp_path / "pets" / "cat" / "0.png")
    np.savez(tmp_path / "d.npz", x=np.ones((30, 3)), y=np.arange(30) * 1.5)
    table = DIGITS | {"data": "d.csv", "objective": "val_mse", "target": "b"}
    check(table, tmp_path)
    for task, says in (
        (DIGITS | {"objective": "val_mse"}, "digits is a classification set"),
        (DIGITS | {"data": "diabetes"}, "aim at val_mse, val_mae, val_r2"),
        (DIGITS | {"data": "breast_cancer", "network": "cnn"}, "cnn needs images"),
        (DIGITS | {"objective": None}, "objective: nothing is named"),
        ({"network": "mlp"}, "data: nothing is named"),
        (table | {"target": None}, "say which column of d.csv to predict"),
        (table | {"target": "c"}, "has no column 'c'"),
        (table | {"objective": "val_accuracy"}, "holds 30 different numbers"),
        (table | {"network": "cnn"}, "cnn needs images, but d.csv is a table"),
        (table | {"split": {"by": "time", "column": "c"}}, "split: d.csv has no column 'c'"),
        (table | {"split": {"by": "time"}}, "by time needs a column"),
        (table | {"split": {"by": "c"}}, "split: d.csv has no column 'c'"),
        (table | {"split": {"train": 0.1}}, "make them sum to 1"),
        (DIGITS | {"data": "d.npz"}, "holds 30 different numbers"),
        (DIGITS | {"data": "d.npz", "objective": "val_mse", "network": "cnn"}, "needs images"),
        (DIGITS | {"data": "pets", "objective": "val_mse"}, "which has no val_mse"),
        (DIGITS | {"data": "gone"}, "there is no file"),
    ):
        with pytest.raises(TaskError) as refused:
            check(task, tmp_path)
        assert says in str(refused.value)
        assert str(refused.value).endswith(".")


def test_that_label_smoothing_is_refused_for_a_regression():
    task = DIGITS | {"data": "diabetes", "objective": "val_mse"}
    with pytest.raises(TaskError, match="no labels to smooth; remove it from the space"):
        check(task, ".", SearchSpace([Float("label_smoothing", 0.0, 0.1)]))


def test_that_a_large_file_is_checked_by_its_first_rows(tmp_path, monkeypatch):
    rows = 400_000
    frame = pl.DataFrame({"a": np.arange(rows) * 0.31, "b": ["x", "y"] * (rows // 2)})
    frame.write_csv(tmp_path / "d.csv")
    read = []

    def read_and_keep(*args, **options):
        read.append(read_table(*args, **options))
        return read[-1]

    monkeypatch.setattr(tables, "read_table", read_and_keep)
    check(DIGITS | {"data": "d.csv", "target": "b"}, tmp_path)
    assert [table.rows_read for table in read] == [10_000]


def test_that_checking_a_bundled_set_imports_nothing_to_train_or_read_with():
    code = (
        "import sys; from engine.tasks.check import check\n"
        "check({'data': 'digits', 'network': 'cnn', 'objective': 'val_f1'}, '.')\n"
        "heavy = {'torch', 'polars', 'PIL', 'engine.tasks.arrays', 'engine.tasks.tables'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
