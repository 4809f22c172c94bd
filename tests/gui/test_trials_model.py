"""The trials table's model: sorted and filtered by true values, and never torn down by news."""

from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from engine.events import TrialFinished, TrialStarted
from engine.trial import TrialState
from gui.models.study_model import StudyModel
from gui.models.trials_model import TrialsModel
from tests.effort import calls_of
from tests.gui.made_up import failed, grid_trials, made, mixed_trials, running, snapshot, spec_of

UP, DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder


@pytest.fixture
def study(qapp):
    return StudyModel(snapshot(spec_of("digits-wide"), mixed_trials(40)))


@pytest.fixture
def table(study):
    result = TrialsModel(study)
    result.tester = QAbstractItemModelTester(
        result, QAbstractItemModelTester.FailureReportingMode.Fatal
    )
    return result


def _column(table, title):
    return next(i for i, column in enumerate(table.columns) if column.title == title)


def _shown(table, title, role=Qt.ItemDataRole.DisplayRole):
    column = _column(table, title)
    return [table.index(row, column).data(role) for row in range(table.rowCount())]


def _numbers(table):
    return [table.number_at(row) for row in range(table.rowCount())]


def _resets(table):
    listener = Mock()
    table.modelReset.connect(listener)
    return listener


def test_that_rows_are_trials_and_columns_are_what_was_searched(table, study):
    assert table.rowCount() == 40
    titles = [column.title for column in table.columns]
    assert titles[:3] == ["#", "State", "val_cross_entropy"]
    assert titles[3:11] == study.varied


def test_that_sorting_goes_by_true_values_and_what_has_none_is_last_both_ways(table, study):
    column = _column(table, "val_cross_entropy")
    for order in (UP, DOWN):
        table.sort(column, order)
        trials = [study.trials[number] for number in _numbers(table)]
        whole = [trial.value for trial in trials if trial.state is TrialState.COMPLETE]
        stopped = [trial.value for trial in trials if trial.state is TrialState.PRUNED]
        assert [trial.value for trial in trials[: len(whole) + len(stopped)]] == whole + stopped
        for values in (whole, stopped):
            assert len(values) > 1
            assert values == sorted(values, reverse=order is DOWN)


def test_that_a_small_number_in_scientific_notation_sorts_as_a_number(table, study):
    table.sort(_column(table, "lr"), UP)
    rates = [study.trials[number].params["lr"] for number in _numbers(table)]
    assert rates == sorted(rates)


def test_that_the_header_says_how_rows_are_sorted(table):
    table.sort(2, DOWN)
    assert table.headerData(2, Qt.Orientation.Horizontal) == "val_cross_entropy ↓"
    assert table.headerData(0, Qt.Orientation.Horizontal) == "#"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("failed", lambda t: t.state == "failed"),
        ("adamw", lambda t: t.params["optimizer"] == "adamw"),
        ("lr<1e-3", lambda t: t.params["lr"] < 1e-3),
        ("value<=0.5", lambda t: t.value is not None and t.value <= 0.5),
        ("optimizer=adam", lambda t: t.params["optimizer"] == "adam"),
        ("depth=3 complete", lambda t: t.params["depth"] == 3 and t.state == "complete"),
        ("NaN.", lambda t: t.failure is not None),
        ("momentum>0", lambda t: "momentum" in t.params),
        ("nonsense<3", lambda t: False),
        ("", lambda t: True),
    ],
)
def test_that_a_filter_lets_through_what_it_says(table, study, text, holds):
    table.set_filter(text)
    assert _numbers(table) == [n for n, trial in study.trials.items() if holds(trial)]


def test_that_values_are_read_with_four_digits_and_copied_with_all(table, study):
    value = study.trials[0].value
    assert _shown(table, "val_cross_entropy")[0] == f"{value:.4g}"
    assert _shown(table, "val_cross_entropy", Qt.ItemDataRole.EditRole)[0] == repr(value)


def test_that_states_have_a_shape_and_a_word_and_the_best_a_star(table, study):
    assert "✕ failed" in _shown(table, "State")
    assert "● complete" in _shown(table, "State")
    table.catch_up()
    starred = [text for text in _shown(table, "#") if "★" in text]
    assert starred == [f"★ {study.best.number}"]


def test_that_a_failure_says_why_in_its_row_and_more_in_its_tip(table, study):
    number = next(n for n, trial in study.trials.items() if trial.failure)
    row = table.row_of(number)
    assert table.index(row, _column(table, "Failure")).data() == "diverged: The loss became NaN."
    tip = table.index(row, _column(table, "State")).data(Qt.ItemDataRole.ToolTipRole)
    assert "epoch 3: loss nan" in tip


def test_that_news_inserts_and_changes_rows_and_never_resets(table, study):
    resets, inserted, changed = _resets(table), Mock(), Mock()
    table.rowsInserted.connect(inserted)
    table.dataChanged.connect(changed)
    trial = grid_trials(1)[0]
    params = {**study.trials[0].params, "lr": 0.5e-3}
    study.apply([TrialStarted(running(40, params))])
    table.catch_up()
    inserted.assert_called_once_with(QModelIndex(), 40, 40)
    study.apply([TrialFinished(made(40, params, 9.0))])
    table.catch_up()
    assert changed.call_args.args[0].row() <= 40 <= changed.call_args.args[1].row()
    assert _shown(table, "val_cross_entropy")[40] == "9"
    resets.assert_not_called()
    assert trial.number == 0


def test_that_news_goes_where_sorting_and_filter_want_it(table, study):
    table.sort(2, UP)
    table.set_filter("complete")
    before, resets = table.rowCount(), _resets(table)
    params = study.trials[0].params
    study.apply([TrialStarted(running(40, params)), TrialStarted(running(41, params))])
    table.catch_up()
    assert table.rowCount() == before
    study.apply([TrialFinished(made(40, params, 0.001)), TrialFinished(failed(41, params))])
    table.catch_up()
    assert (table.rowCount(), table.number_at(0)) == (before + 1, 40)
    resets.assert_not_called()


def test_that_a_row_is_still_pointed_at_when_it_moves(table, study):
    table.sort(2, UP)
    pointer = QPersistentModelIndex(table.index(5, 0))
    number = table.number_at(5)
    params = study.trials[0].params
    study.apply([TrialFinished(made(40 + n, params, 0.001 + n)) for n in range(3)])
    table.catch_up()
    assert table.number_at(pointer.row()) == number


def test_that_a_filter_that_leaves_many_holes_is_taken_too(qapp):
    params = spec_of().space.grid_at(0)
    trials = [made(n, params) if n % 2 else failed(n, params) for n in range(400)]
    table = TrialsModel(StudyModel(snapshot(trials=trials)))
    table.set_filter("failed")
    assert _numbers(table) == list(range(0, 400, 2))
    table.set_filter("")
    assert _numbers(table) == list(range(400))


def test_that_sorting_and_filtering_ten_thousand_rows_looks_at_none_of_them_alone(qapp):
    spec = spec_of("digits-wide")
    rng, params = np.random.default_rng(0), spec.space.default()
    values = rng.random(10_000)
    trials = [made(n, params, float(value)) for n, value in enumerate(values)]
    study = StudyModel(snapshot(spec, trials, reports={}))
    table = TrialsModel(study)
    for act in (
        lambda: table.sort(2, UP),
        lambda: table.set_filter("value<0.5"),
        lambda: table.set_filter(""),
        lambda: study.apply([TrialFinished(replace(trials[7], value=0.0))]),
        table.catch_up,
    ):
        assert calls_of(act) < 10_000
    assert table.number_at(0) == 7
