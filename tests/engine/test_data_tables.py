"""Reading tables as people have them, and the sentences for what cannot be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from engine.tasks import data
from engine.tasks.dataset import DataError, TaskError
from tests.effort import calls_of

PLAIN = {"target": "y"}


def write(folder: Path, header: str, rows: list[str], name: str = "data.csv", **options) -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows, ""]), **{"encoding": "utf-8", **options})
    return path


def numbers(rows: int = 40) -> list[str]:
    rng = np.random.default_rng(0)
    return [f"{a:.3f},{b:.3f},{'ab'[k % 2]}" for k, (a, b) in enumerate(rng.normal(size=(rows, 2)))]


def load(path: Path, **task):
    return data.load({"data": path.name, **PLAIN, **task}, path.parent)


def column(dataset, name: str) -> np.ndarray:
    where = dataset.features.index(name)
    return np.concatenate([part.x for part in every_part(dataset)])[:, where]


def every_part(dataset):
    return dataset.train, dataset.validation, dataset.test


def test_that_a_plain_table_becomes_standardised_numbers_and_classes(tmp_path):
    dataset = load(write(tmp_path, "a,b,y", numbers()))
    assert dataset.features == ("a", "b")
    assert dataset.classes == ("a", "b")
    assert dataset.train.x.dtype == np.float32
    assert np.allclose(dataset.train.x.mean(axis=0), 0, atol=1e-6)
    assert np.allclose(dataset.train.x.std(axis=0), 1, atol=1e-6)
    assert [len(part) for part in every_part(dataset)] == [28, 6, 6]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_that_delimiters_and_encodings_are_recognised_and_told(tmp_path, delimiter, encoding):
    rows = [delimiter.join((f"{k * 0.37:.2f}", "größe" if k % 3 else "maß")) for k in range(40)]
    path = write(tmp_path, f"wert{delimiter}y", rows, encoding=encoding)
    assert load(path).classes == ("größe", "maß")
    notes = " ".join(data.preview({"data": str(path)}, ".").notes)
    words = {",": "", ";": "emicolons", "\t": "abs", "|": "ars"}[delimiter]
    assert words in notes
    assert ("encoding" in notes) == (encoding not in ("utf-8", "utf-8-sig"))


def test_that_decimal_commas_and_thousands_are_read_as_numbers(tmp_path):
    rows = [f"1.234,{k:02d};-0,{k + 10};{'ab'[k % 2]}" for k in range(40)]
    path = write(tmp_path, "a;b;y", rows)
    preview = data.preview({"data": str(path), "target": "y"}, ".")
    assert preview.notes == ("Semicolons and decimal commas recognised.",)
    assert (preview.columns[0].low, preview.columns[0].high) == (1234.0, 1234.39)
    assert preview.columns[1].low == -0.49


def test_that_thousands_with_commas_inside_quotes_are_read_as_numbers(tmp_path):
    path = write(tmp_path, "a,y", [f'"1,{k:03d}.5",{k % 2}' for k in range(40)])
    assert data.preview({"data": str(path)}, ".").columns[0].high == 1039.5


def test_that_quoted_fields_may_hold_delimiters_quotes_and_line_breaks(tmp_path):
    rows = [f'"x, ""{k % 3}""\nz",{k % 2}' for k in range(40)]
    preview = data.preview({"data": str(write(tmp_path, "a,y", rows)), "target": "y"}, ".")
    assert preview.rows == 40
    assert preview.columns[0].level_count == 3
    assert preview.head[0] == ('x, "0"\nz', "0")


def test_that_a_file_without_a_header_gets_column_names(tmp_path):
    path = write(tmp_path, "1.5,2.5,0", [f"{k}.5,{k * k}.1,{k % 2}" for k in range(30)])
    dataset = load(path, target="column_3")
    assert dataset.features == ("column_1", "column_2")
    assert any("column_1" in note for note in dataset.notes)


def test_that_parquet_and_csv_give_the_same_data_set(tmp_path):
    frame = pl.DataFrame(
        {
            "n": np.arange(40) * 0.5,
            "i": np.arange(40) % 7,
            "flag": [k % 3 == 0 for k in range(40)],
            "kind": [f"k{k % 4}" for k in range(40)],
            "y": ["ab"[k % 2] for k in range(40)],
        }
    )
    frame.write_parquet(tmp_path / "data.parquet")
    frame.write_csv(tmp_path / "data.csv")
    one, other = load(tmp_path / "data.parquet"), load(tmp_path / "data.csv")
    assert one.features == other.features
    assert np.array_equal(one.train.x, other.train.x)
    assert np.array_equal(one.test.y, other.test.y)


def test_that_missing_numbers_become_the_training_median_with_an_indicator(tmp_path):
    marks = ["", "NA", "n/a", "NaN", "?", "null"]
    rows = [f"{marks[k % 6] if k % 4 == 0 else k},{'ab'[k % 2]}" for k in range(60)]
    dataset = load(write(tmp_path, "a,y", rows))
    assert dataset.features == ("a", "a is missing")
    assert np.isfinite(dataset.train.x).all()
    assert column(dataset, "a is missing").sum() == 15
    missing = dataset.train.x[dataset.train.x[:, 1] == 1, 0]
    assert len(set(missing.tolist())) == 1


def test_that_a_few_stray_words_in_a_number_column_count_as_missing(tmp_path):
    rows = [f"{'broken' if k == 7 else k * 1.5},{'ab'[k % 2]}" for k in range(60)]
    dataset = load(write(tmp_path, "a,y", rows))
    assert "'a': 1 entry is no number and counts as missing." in dataset.notes
    assert dataset.features[0] == "a"


def test_that_categories_get_a_column_a_level_and_missing_ones_their_own(tmp_path):
    rows = [f"{['red', 'blue', ''][k % 3]},{k % 2}" for k in range(60)]
    dataset = load(write(tmp_path, "colour,y", rows))
    assert dataset.features == ("colour = blue", "colour = red", "colour = missing")
    assert np.array_equal(dataset.train.x.sum(axis=1), np.ones(len(dataset.train)))


def test_that_rare_levels_above_the_limit_share_a_column(tmp_path):
    rows = [f"level{min(k % 97, k % 45):02d},{k % 2}" for k in range(600)]
    dataset = load(write(tmp_path, "kind,y", rows))
    assert len(dataset.features) == 32
    assert dataset.features[-1] == "kind = other"
    assert dataset.train.x[:, -1].sum() > 0
    assert np.array_equal(dataset.validation.x.sum(axis=1), np.ones(len(dataset.validation)))


def test_that_booleans_and_leading_zeros_are_not_taken_for_other_things(tmp_path):
    rows = [f"{['yes', 'no'][k % 2]},0{k % 3}42,{k % 2}" for k in range(40)]
    dataset = load(write(tmp_path, "flag,code,y", rows))
    assert dataset.features == ("flag", "code = 0042", "code = 0142", "code = 0242")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("%Y-%m-%d", "year-month-day"),
        ("%d.%m.%Y", "day.month.year"),
        ("%m/%d/%Y", "month/day/year"),
        ("%Y-%m-%dT%H:%M:%S", "year-month-day and time"),
    ],
)
def test_that_dates_become_days_and_seasons(tmp_path, form, words):
    days = pl.date_range(pl.date(2021, 1, 1), pl.date(2021, 3, 1), eager=True)
    rows = [f"{day.strftime(form)},{k % 2}" for k, day in enumerate(days)]
    dataset = load(write(tmp_path, "day,y", rows))
    assert dataset.features[0] == "day"
    assert "day in year (sine)" in dataset.features
    assert f"'day' is read as dates ({words})." in dataset.notes


def test_that_identifiers_constants_and_empty_columns_are_dropped_and_told(tmp_path):
    rows = [f"{k},name-{k * 7},same,,{k * 0.3:.1f},{k % 2}" for k in range(40)]
    dataset = load(write(tmp_path, "row,who,fixed,nothing,a,y", rows))
    assert dataset.features == ("a",)
    for name in ("row", "who", "fixed", "nothing"):
        assert any(f"'{name}'" in note and "not used" in note for note in dataset.notes)


def test_that_few_whole_numbers_are_classes_and_others_a_regression(tmp_path):
    rows = [f"{k * 0.3:.1f},{k % 5},{k * 1.7:.2f}" for k in range(60)]
    path = write(tmp_path, "a,stars,price", rows)
    assert load(path, target="stars").problem == "classification"
    assert load(path, target="stars").classes == ("0", "1", "2", "3", "4")
    assert load(path, target="price").problem == "regression"
    assert load(path, target="stars", objective="val_mse").problem == "regression"


def test_that_a_regression_target_is_standardised_and_its_scale_kept(tmp_path):
    rows = [f"{k * 0.3:.1f},{k * 10 + 0.5}" for k in range(50)]
    dataset = load(write(tmp_path, "a,y", rows))
    assert dataset.train.y.dtype == np.float32
    assert dataset.train.y.std() == pytest.approx(1, abs=1e-5)
    back = np.concatenate([part.y for part in every_part(dataset)])
    back = np.sort(back * dataset.target_scale + dataset.target_mean)
    assert np.allclose(back, [k * 10 + 0.5 for k in range(50)], atol=1e-3)


def test_that_a_separate_test_file_is_the_test_part_and_nothing_else(tmp_path):
    main = write(tmp_path, "a,b,y", numbers(40))
    write(tmp_path, "y,b,a", ["a,0.5,1.5", "b,0.25,x"], "test.csv")
    dataset = load(main, split={"file": "test.csv"})
    assert [len(part) for part in every_part(dataset)] == [33, 7, 2]
    assert dataset.test.y.tolist() == [0, 1]
    assert np.isfinite(dataset.test.x).all()


def test_that_time_and_groups_order_and_part_the_rows(tmp_path):
    rows = [f"2024-{1 + k // 28:02d}-{1 + k % 28:02d},g{k % 9},{k % 11},{k % 2}" for k in range(99)]
    path = write(tmp_path, "day,who,a,y", rows)
    ordered = load(path, split={"by": "time", "column": "day"})
    assert "day" not in ordered.features
    assert "day in week (sine)" in ordered.features
    grouped = load(path, split={"by": "who"})
    assert not any(name.startswith("who") for name in grouped.features)
    assert "'who' groups the rows and is not shown to the network." in grouped.notes
    assert sum(len(part) for part in every_part(grouped)) == 99


def test_that_a_column_of_part_names_is_the_split(tmp_path):
    parts = ["train", "train", "train", "val", "test"]
    path = write(tmp_path, "a,part,y", [f"{k * 0.7},{parts[k % 5]},{k % 2}" for k in range(50)])
    assert [len(p) for p in every_part(load(path, split={"by": "part"}))] == [30, 10, 10]


def test_that_a_class_that_training_never_sees_is_told(tmp_path):
    rows = [f"{k * 0.7:.1f},{k},{'ab'[k % 2] if k < 37 else 'c'}" for k in range(40)]
    dataset = load(write(tmp_path, "a,t,y", rows), split={"by": "time", "column": "t"})
    assert any("Class 'c' has no row in the training part" in note for note in dataset.notes)


ROWS = [f"{k * 0.3:.1f},{'ab'[k % 2]}" for k in range(40)]
REFUSED = {
    "no file": (None, {}, "data: there is no file"),
    "no target": (ROWS, {"target": None}, "say which column of data.csv to predict; it has a, y"),
    "wrong target": (ROWS, {"target": "z"}, "data.csv has no column 'z'; it has a, y"),
    "few rows": (ROWS[:4], {}, "4 row(s) are too few to split"),
    "no rows": ([], {}, "data.csv: has no rows"),
    "a class once": ([*ROWS, "1.0,c"], {}, "class 'c' appears once"),
    "one class": ([row[:-1] + "a" for row in ROWS], {}, "has the single class 'a'"),
    "missing target": ([*ROWS, "1.0,"], {}, "no value in 1 of 41 rows (first in row 41)"),
    "text regressed": (ROWS, {"objective": "val_mse"}, "'y' holds text (a, b); aim at val_cross"),
    "numbers classed": (
        ROWS,
        {"target": "a", "objective": "val_accuracy"},
        "'a' holds 40 different numbers; aim at val_mse, val_mae, val_r2",
    ),
    "ragged": ([*ROWS, "1,b,c"], {}, "line 42 has 3 fields where the header has 2"),
    "no features": ([f"same,{k % 2}" for k in range(40)], {}, "nothing to predict 'y' from"),
    "no time column": (ROWS, {"split": {"by": "time"}}, "by time needs a column"),
    "time of text": (ROWS, {"split": {"by": "time", "column": "y"}}, "'y' holds no dates or"),
    "no group column": (ROWS, {"split": {"by": "who"}}, "split: data.csv has no column 'who'"),
    "target as group": (ROWS, {"split": {"by": "y"}}, "'y' is the target"),
    "test file gone": (ROWS, {"split": {"file": "no.csv"}}, "split: file: there is no file"),
    "constant": (
        [f"{k}.3,5.5" for k in range(40)],
        {"objective": "val_mse"},
        "'y' in data.csv: the target is the same in every training row",
    ),
    "stray target": (
        [f"{k}.5,{'oops' if k == 3 else k * 1.5}" for k in range(60)],
        {"objective": "val_mse"},
        "1 entry that is no number",
    ),
    "bad split": (ROWS, {"split": {"train": 0.5}}, "make them sum to 1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_that_bad_tables_are_refused_in_one_sentence(tmp_path, case):
    rows, task, says = REFUSED[case]
    path = tmp_path / "data.csv" if rows is None else write(tmp_path, "a,y", rows)
    with pytest.raises(TaskError) as refused:
        load(path, **task)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("data.csv", b"", "the file is empty"),
        ("data.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 9, "not a text file"),
        ("data.parquet", b"not parquet", "is not a readable Parquet file"),
        ("data.xyz", b"1,2", "is of no known kind"),
        ("data.npz", b"PK\x03\x04broken", "is not a readable NPZ file"),
    ],
)
def test_that_files_that_are_not_what_they_seem_are_refused(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=says):
        load(tmp_path / name)


def test_that_a_test_file_must_have_the_columns_and_classes_of_the_main_one(tmp_path):
    main = write(tmp_path, "a,b,y", numbers())
    write(tmp_path, "a,y", ["1,a"], "short.csv")
    write(tmp_path, "a,b,y", ["1,2,c"], "strange.csv")
    with pytest.raises(DataError, match=r"short.csv: has no column 'b', which data.csv has"):
        load(main, split={"file": "short.csv"})
    with pytest.raises(DataError, match=r"strange.csv: class 'c' is not in data.csv"):
        load(main, split={"file": "strange.csv"})


def test_that_a_test_file_is_read_as_the_main_one_whatever_it_looks_like_alone(tmp_path):
    rows = [
        f"{'0' * (k % 2)}{k % 4},{['yes', 'no'][k % 3 > 0]},{k * 0.7},{k % 3}" for k in range(60)
    ]
    main = write(tmp_path, "code,flag,a,y", rows)
    write(tmp_path, "code;flag;a;y", ["2;no;1,5;2", "3;yes;2,5;0", "2;no;3,5;1"], "test.csv")
    dataset = load(main, split={"file": "test.csv"})
    levels = [dataset.features.index(f"code = {level}") for level in ("2", "03")]
    assert dataset.test.x[:, levels].tolist() == [[1, 0], [0, 0], [1, 0]]
    assert dataset.test.y.tolist() == [2, 0, 1]
    scale = dataset.test.x[1, 1] - dataset.test.x[0, 1]
    assert dataset.test.x[2, 1] - dataset.test.x[1, 1] == pytest.approx(scale, rel=1e-4)
    assert dataset.test.x[0, 0] == dataset.test.x[2, 0] != dataset.test.x[1, 0]


def test_that_a_target_that_counts_its_rows_is_still_a_number(tmp_path):
    rows = [f"{k * 0.7:.1f},{k}" for k in range(40)]
    assert load(write(tmp_path, "a,y", rows)).problem == "regression"


def test_that_repeated_and_empty_column_names_are_told_apart(tmp_path):
    rows = [f"{k}.5,{k * k}.5,{k * 3}.5,{k % 2}" for k in range(40)]
    dataset = load(write(tmp_path, "a, a,,y", rows))
    assert dataset.features == ("a", "a_2", "column_3")


def test_that_no_row_of_a_large_file_is_looked_at_alone(tmp_path):
    rows = 200_000
    frame = pl.DataFrame({f"c{k}": np.random.default_rng(k).normal(size=rows) for k in range(4)})
    frame.with_columns(y=pl.Series(["u", "v"] * (rows // 2))).write_csv(tmp_path / "data.csv")
    assert calls_of(lambda: load(tmp_path / "data.csv")) < rows
