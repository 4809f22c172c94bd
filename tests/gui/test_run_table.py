"""The table of trials on the Run page: its columns, what is chosen, and its filter."""

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication

from engine.events import TrialFinished, TrialStarted
from tests.gui.made_up import failed, grid_trials, made, mixed_trials, running, spec_of
from tests.gui.run_pages import run_page, settled, show


@pytest.fixture
def page(qtbot):
    with run_page(qtbot) as page:
        yield page


def test_that_the_columns_of_a_wide_study_fit_into_a_large_window(qtbot, page):
    page.resize(1850, 990)
    show(qtbot, page, spec_of("digits-wide"), mixed_trials(60))
    header = page.trials.table.horizontalHeader()
    device = [column.title for column in page.trials.rows.columns].index("Device")
    assert header.length() <= page.trials.table.viewport().width()
    assert page.trials.rows.index(0, device).data() == "cpu"
    header.setSortIndicator(device, Qt.SortOrder.DescendingOrder)
    title = page.trials.rows.headerData(device, Qt.Orientation.Horizontal)
    assert title == "Device ↓"
    assert header.sectionSize(device) > page.trials.table.fontMetrics().horizontalAdvance(title)


def test_that_a_long_number_among_short_ones_gets_its_room_at_once(qtbot, page):
    """As in the first trials of a model, which are at the defaults, and then are not."""
    plain = {"lr": 0.1, "batch_size": 64}
    model = show(qtbot, page, trials=[made(number, plain) for number in range(5)])
    model.apply([TrialFinished(made(5, {"lr": 0.0012345678, "batch_size": 64}))])
    settled(qtbot, page)
    table, rows = page.trials.table, page.trials.rows
    lr = [column.title for column in rows.columns].index("lr")
    text = rows.index(5, lr).data()
    assert text == "1.235e-3"
    assert table.columnWidth(lr) > table.fontMetrics().horizontalAdvance(text) + 10


def test_that_failures_have_a_column_once_there_are_any(qtbot, page):
    trials = grid_trials(3)
    model = show(qtbot, page, trials=trials)
    failure = [column.title for column in page.trials.rows.columns].index("Failure")
    assert page.trials.table.isColumnHidden(failure)
    model.apply([TrialFinished(failed(3, trials[0].params))])
    qtbot.waitUntil(lambda: not page.trials.table.isColumnHidden(failure))


def test_that_the_worker_is_named_where_there_are_several(qtbot, page):
    show(qtbot, page, trials=grid_trials(3), workers=2)
    device = [column.title for column in page.trials.rows.columns].index("Device")
    assert page.trials.rows.index(0, device).data() == "cpu · worker 1"


def test_that_selection_and_scroll_position_survive_growth(qtbot, page):
    model = show(qtbot, page, spec_of("digits-wide"), mixed_trials(60))
    table = page.trials.table
    model.select(3)
    settled(qtbot, page)
    table.verticalScrollBar().setValue(table.verticalScrollBar().maximum() // 2)
    place = table.verticalScrollBar().value()
    model.apply([TrialStarted(running(60 + n, model.trials[0].params)) for n in range(30)])
    settled(qtbot, page)
    assert page.trials.rows.rowCount() == 90
    assert table.verticalScrollBar().value() == place
    assert [page.trials.rows.number_at(row) for row in table.chosen_rows()] == [3]


def test_that_rows_are_copied_with_all_digits(qtbot, page):
    model = show(qtbot, page, spec_of("digits-wide"), mixed_trials(10))
    model.select(2)
    settled(qtbot, page)
    QGuiApplication.clipboard().clear()
    page.trials.table.setFocus()
    qtbot.waitUntil(page.trials.table.hasFocus)
    qtbot.keyClick(page.trials.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    text = QGuiApplication.clipboard().text()
    for value in model.trials[2].params.values():
        assert (repr(value) if isinstance(value, float) else str(value)) in text


def test_that_several_rows_can_be_chosen_and_stay_chosen(qtbot, page):
    model = show(qtbot, page, trials=grid_trials(25))
    table, flag = page.trials.table, QItemSelectionModel.SelectionFlag
    for row in (2, 5):
        table.selectionModel().setCurrentIndex(
            page.trials.rows.index(row, 0), flag.Select | flag.Rows
        )
    settled(qtbot, page)
    assert table.chosen_rows() == [2, 5]
    assert model.selected == 5


def test_that_the_filter_box_says_how_many_are_left(qtbot, page):
    model = show(qtbot, page, spec_of("digits-wide"), mixed_trials(60))
    failures = sum(trial.failure is not None for trial in model.trials.values())
    page.trials.filter.setText("failed")
    qtbot.waitUntil(lambda: page.trials.counted.text() == f"{failures} of 60")


def test_that_the_selected_trial_stays_in_view_while_the_filter_changes(qtbot, page):
    model = show(qtbot, page, spec_of("digits-wide"), mixed_trials(600))
    complete = [n for n, t in model.trials.items() if t.failure is None and t.value is not None]
    model.select(complete[len(complete) // 2])
    table, rows = page.trials.table, page.trials.rows
    for text in ("complete", "", "complete", ""):
        page.trials.filter.setText(text)
        settled(qtbot, page)
        row = rows.row_of(model.selected)
        assert table.chosen_rows() == [row]
        assert table.viewport().rect().contains(table.visualRect(rows.index(row, 0)).center())
