"""Nothing that training sees depends on the other parts: they may hold anything."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.tasks import data
from engine.tasks.dataset import Dataset

ROWS = 60
PARTS = np.array(["train", "train", "train", "validation", "test"])[np.arange(ROWS) % 5]
HELD_BACK = st.tuples(
    st.one_of(st.none(), st.floats(-1e9, 1e9)),
    st.one_of(st.none(), st.sampled_from(["red", "blue", "never seen", "nor this"])),
    st.dates(min_value=dt.date(1950, 1, 1)),
    st.floats(-1e6, 1e6),
)


def frame_with(rows: dict[int, tuple]) -> pl.DataFrame:
    """A table of fixed training rows, in which the other rows hold what `rows` says."""
    rng = np.random.default_rng(1)
    number = rng.normal(size=ROWS).tolist()
    colour = [["red", "blue", None][k % 3] for k in range(ROWS)]
    day = pl.date_range(pl.date(2020, 1, 1), interval="1d", end=pl.date(2020, 2, 29), eager=True)
    answer = rng.normal(size=ROWS).tolist()
    number[0] = None
    days = day.to_list()
    for row, (one, other, date, target) in rows.items():
        number[row], colour[row], days[row], answer[row] = one, other, date, target
    return pl.DataFrame(
        {"n": number, "colour": colour, "day": days, "part": PARTS, "y": answer},
        schema_overrides={"n": pl.Float64, "colour": pl.String},
    )


def loaded(folder: Path, frame: pl.DataFrame) -> Dataset:
    frame.write_parquet(folder / "data.parquet")
    task = {"data": "data.parquet", "target": "y", "objective": "val_mse", "split": {"by": "part"}}
    return data.load(task, folder)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(HELD_BACK, min_size=24, max_size=24))
def test_that_validation_and_test_rows_change_no_value_that_training_sees(tmp_path, held_back):
    rows = dict(zip(np.flatnonzero(PARTS != "train").tolist(), held_back, strict=True))
    plain, changed = loaded(tmp_path, frame_with({})), loaded(tmp_path, frame_with(rows))
    assert plain.features == changed.features
    assert np.array_equal(plain.train.x, changed.train.x)
    assert np.array_equal(plain.train.y, changed.train.y)
    assert (plain.target_mean, plain.target_scale) == (changed.target_mean, changed.target_scale)
    assert np.isfinite(changed.validation.x).all()


def test_that_an_unseen_level_is_no_level_at_all(tmp_path):
    validation = np.flatnonzero(PARTS == "validation").tolist()
    row = (0.5, "never seen", dt.date(2020, 5, 5), 1.0)
    dataset = loaded(tmp_path, frame_with({validation[0]: row}))
    levels = [k for k, name in enumerate(dataset.features) if name.startswith("colour")]
    assert dataset.validation.x[0, levels].tolist() == [0.0] * 3


@pytest.mark.parametrize("shape", [(5,), (6, 6), (6, 6, 3)])
def test_that_arrays_are_standardised_on_their_training_rows_alone(tmp_path, shape):
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, size=(50, *shape))
    kept = {"split": PARTS[:50], "y": rng.normal(size=50)}
    np.savez(tmp_path / "one.npz", x=x, **kept)
    x[PARTS[:50] != "train"] *= 1000
    np.savez(tmp_path / "other.npz", x=x, **kept)
    one, other = (data.load({"data": name}, tmp_path) for name in ("one.npz", "other.npz"))
    assert np.array_equal(one.train.x, other.train.x)
    assert one.train.x.std() == pytest.approx(1, abs=1e-3)
