"""Cutting rows into parts: no row twice, groups whole, time in order, shares as asked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tasks import splits
from engine.tasks.dataset import DataError
from engine.tasks.settings import SplitSettings

SHARES = st.sampled_from([(0.7, 0.15, 0.15), (0.6, 0.2, 0.2), (0.8, 0.2, 0.0), (0.5, 0.25, 0.25)])
ROWS = st.integers(min_value=10, max_value=400)


def sizes_of(codes: np.ndarray) -> tuple[int, ...]:
    return tuple(np.bincount(codes, minlength=3).tolist())


@given(ROWS, SHARES)
def test_that_every_part_that_is_wanted_has_rows_and_all_rows_are_in_one(rows, shares):
    wanted = splits.sizes(rows, shares)
    assert sum(wanted) == rows
    assert all((size > 0) == (share > 0) for size, share in zip(wanted, shares, strict=True))
    for codes in (splits.by_chance(rows, shares), splits.by_time(np.arange(rows), shares)):
        assert sizes_of(codes) == wanted


@given(ROWS, SHARES)
def test_that_the_same_rows_are_always_cut_the_same_way(rows, shares):
    assert np.array_equal(splits.by_chance(rows, shares), splits.by_chance(rows, shares))


@given(st.lists(st.integers(0, 4), min_size=10, max_size=300), SHARES)
def test_that_strata_have_their_share_of_each_part_to_a_row_or_so(strata, shares):
    strata = np.array(strata)
    codes = splits.by_strata(strata, shares)
    assert sizes_of(codes) == splits.sizes(len(strata), shares)
    total = np.array(splits.sizes(len(strata), shares)) / len(strata)
    for stratum in np.unique(strata):
        found = np.bincount(codes[strata == stratum], minlength=3)
        assert np.all(np.abs(found - total * found.sum()) <= 1.5)


@given(st.lists(st.floats(-1e6, 1e6), min_size=10, max_size=200), SHARES)
def test_that_by_time_nothing_in_training_is_later_than_what_comes_after(times, shares):
    times = np.array(times)
    codes = splits.by_time(times, shares)
    assert times[codes == 0].max() <= times[codes == 1].min()
    if shares[2]:
        assert times[codes == 1].max() <= times[codes == 2].min()


@given(st.lists(st.integers(0, 30), min_size=20, max_size=300), SHARES)
def test_that_groups_are_never_torn_apart(groups, shares):
    groups = np.array(groups)
    needed = np.count_nonzero(shares)
    if len(np.unique(groups)) < needed:
        with pytest.raises(DataError, match="too few"):
            splits.by_groups(groups, shares, "patient")
        return
    codes = splits.by_groups(groups, shares, "patient")
    assert all(len(set(codes[groups == group].tolist())) == 1 for group in np.unique(groups))
    assert all((size > 0) == (share > 0) for size, share in
               zip(sizes_of(codes), shares, strict=True))  # fmt: skip


def test_that_many_small_groups_give_the_shares_asked_for():
    groups = np.repeat(np.arange(100), 7)
    assert sizes_of(splits.by_groups(groups, (0.7, 0.15, 0.15), "g")) == pytest.approx(
        (490, 105, 105), abs=7
    )


def test_that_a_column_may_name_the_parts_itself():
    assert splits.named_parts(["train", "Val", " test ", "train"]).tolist() == [0, 1, 2, 0]
    assert splits.named_parts(["train", "other"]) is None
    assert splits.named_parts(["train", "train"]) is None
    assert splits.named_parts([None, "train", "val"]) is None


def test_that_a_separate_test_file_leaves_the_rows_to_the_other_parts():
    shares = splits.fractions_of(SplitSettings(0.7, 0.15, 0.15, file="test.csv"))
    assert shares == pytest.approx((0.7 / 0.85, 0.15 / 0.85, 0))


@pytest.mark.parametrize(
    ("split", "says"),
    [
        (SplitSettings(0.5, 0.2, 0.2), "sum to 0.9; make them sum to 1"),
        (SplitSettings(0.9, 0.0, 0.1), "leaves a part empty"),
        (SplitSettings(1.2, -0.1, -0.1), "leaves a part empty"),
    ],
)
def test_that_impossible_shares_are_refused(split, says):
    with pytest.raises(DataError, match=says):
        splits.fractions_of(split)
