"""The Run page: what its head says and offers, panels in step, and docks put back in place."""

from dataclasses import replace
from functools import partial

import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication

from engine.events import (
    HolderChanged,
    Logged,
    StopReason,
    StudyState,
    StudyStateChanged,
    TrialFinished,
    TrialReported,
    TrialStarted,
)
from engine.trial import Report
from gui.jobs import finish_jobs
from gui.models.study_model import StudyModel
from gui.models.trial_commands import TrialCommand
from gui.pages.run import RunPage
from gui.widgets.turns import Turns
from tests.gui.made_up import failed, grid_trials, made, mixed_trials, running, snapshot, spec_of


@pytest.fixture
def page(qtbot):
    result = RunPage()
    qtbot.addWidget(result)
    result.resize(1210, 715)
    result.show()
    qtbot.waitExposed(result)
    yield result
    finish_jobs(5000)


def _show(qtbot, page, *args, **changes):
    model = StudyModel(snapshot(*args, **changes))
    page.set_study(model)
    settled(qtbot, page)
    return model


def settled(qtbot, page):
    seen = [panel for panel in page.panels if panel._on_top and panel.isVisible()]
    qtbot.waitUntil(lambda: not any(panel._dirty for panel in seen))


# -- the head ------------------------------------------------------------------------------------


MORE = ["Add trials…", "See results"]


def _offered(page):
    header = page.header
    buttons = (header.start, header.resume, header.more, header.share, header.results)
    return [button.text() for button in buttons if not button.isHidden()]


@pytest.mark.parametrize(
    ("state", "reason", "says", "offers"),
    [
        (StudyState.NEW, None, "Not started yet.", ["Run"]),
        (StudyState.WAITING, None, "Waiting", ["Share the devices"]),
        (StudyState.RUNNING, None, "", []),
        (StudyState.PAUSED, None, "no new trials start", ["Resume"]),
        (StudyState.STOPPING, None, "Stopping", []),
        (
            StudyState.STOPPED,
            StopReason.KILLED,
            "Interrupted: 14 of 25 trials are done. Go on?",
            ["Go on", "Add trials…"],
        ),
        (
            StudyState.STOPPED,
            StopReason.USER,
            "Stopped: 14 of 25 trials are done. Go on?",
            ["Go on", "Add trials…"],
        ),
        (
            StudyState.STOPPED,
            StopReason.FAILURES,
            "Stopped by an error. 14 of 25 trials are done. Go on?",
            ["Go on", "Add trials…"],
        ),
        (StudyState.FINISHED, StopReason.TARGET, "The target is reached", MORE),
    ],
)
def test_that_the_head_says_how_it_stands_and_offers_what_can_be_done(
    qtbot, page, state, reason, says, offers
):
    spec = spec_of()
    spec = spec.with_(budget=spec.budget.model_copy(update={"target": 0.2}))
    _show(qtbot, page, spec, grid_trials(14), state, reason)
    qtbot.waitUntil(lambda: says in page.header.sentence.text())
    assert page.header.bar.toolTip() == "14 of 25 trials"
    assert _offered(page) == offers


def test_that_a_study_that_gets_its_devices_at_once_is_not_said_to_wait(page):
    model = StudyModel(snapshot(trials=grid_trials(3), state=StudyState.NEW))
    page.set_study(model)
    model.apply([StudyStateChanged(StudyState.WAITING)])
    assert page.header.sentence.text() == ""
    assert _offered(page) == []


def test_that_a_study_of_somebody_else_can_only_be_looked_at(qtbot, page):
    _show(
        qtbot,
        page,
        trials=grid_trials(3),
        state=StudyState.STOPPED,
        read_only_because="It is being run by ada on lab-3.",
    )
    assert page.header.sentence.text().startswith("It is being run by ada on lab-3.")
    assert _offered(page) == []


def test_that_a_study_is_offered_when_somebody_else_lets_go_of_it(qtbot, page):
    model = _show(
        qtbot, page, None, grid_trials(3), StudyState.RUNNING, read_only_because="Ada has it."
    )
    assert _offered(page) == []
    model.apply(
        [StudyStateChanged(StudyState.STOPPED, StopReason.USER), HolderChanged("")],
    )
    assert page.header.sentence.text().startswith("Stopped: 3 of 25 trials are done. Go on?")
    assert "Go on" in _offered(page)
    model.apply([HolderChanged("It is being run by ada on lab-3.")])
    assert page.header.sentence.text().startswith("It is being run by ada on lab-3.")
    assert _offered(page) == []


def test_that_trouble_with_the_disk_is_said_in_its_own_words(page):
    model = StudyModel(snapshot(trials=grid_trials(3), state=StudyState.RUNNING))
    page.set_study(model)
    full = "The disk is full, so digits.tune cannot be written: 1 trial is not yet saved."
    model.apply([StudyStateChanged(StudyState.PAUSED, StopReason.ERROR, full)])
    assert page.header.sentence.text().startswith(full)
    assert _offered(page) == ["Resume"]
    model.apply([StudyStateChanged(StudyState.STOPPED, StopReason.ERROR, full)])
    assert page.header.sentence.text().startswith(f"{full} 3 of 25 trials are done. Go on?")


def test_that_buttons_ask_for_what_they_say(qtbot, page):
    model = _show(qtbot, page, trials=grid_trials(3))
    model.apply([StudyStateChanged(StudyState.PAUSED)])
    with qtbot.waitSignal(page.resumeRequested):
        page.header.resume.click()
    model.apply([StudyStateChanged(StudyState.STOPPED, StopReason.USER)])
    with qtbot.waitSignal(page.startRequested):
        page.header.start.click()
    model.apply([StudyStateChanged(StudyState.FINISHED, StopReason.TRIALS)])
    with qtbot.waitSignal(page.resultsRequested):
        page.header.results.click()
    with qtbot.waitSignal(page.moreRequested):
        page.header.more.click()


def test_that_no_trials_are_offered_where_every_configuration_was_tried(qtbot, page):
    trials = grid_trials(25)
    model = _show(qtbot, page, None, trials, StudyState.FINISHED, StopReason.TRIALS)
    assert model.room() == 0
    assert _offered(page) == ["See results"]


def test_that_progress_and_time_move_with_the_study(qtbot, page):
    model = _show(qtbot, page)
    assert page.header.bar.value() == 0
    trials = [replace(trial, seconds=2.0) for trial in grid_trials(10)]
    model.apply([TrialStarted(running(0, trials[0].params))])
    model.apply([TrialFinished(t) for t in trials])
    model.apply([TrialFinished(failed(10, trials[0].params))])
    assert page.header.bar.value() == 440
    assert page.header.sentence.text() == "1 failed"
    assert page.header.time.text().endswith("so far")


def test_that_the_head_says_that_workers_are_starting_until_one_begins_a_trial(qtbot, page):
    model = _show(qtbot, page, state=StudyState.WAITING, workers=2)
    model.apply([StudyStateChanged(StudyState.RUNNING)])
    assert page.header.sentence.text().startswith("Starting 2 workers")
    assert page.header.time.text() == "0 s so far"
    trial = grid_trials(1)[0]
    model.apply([TrialStarted(running(0, trial.params)), TrialFinished(trial)])
    assert page.header.sentence.text() == ""
    model.apply([StudyStateChanged(StudyState.PAUSED), StudyStateChanged(StudyState.RUNNING)])
    assert page.header.sentence.text() == ""
    model.apply([StudyStateChanged(StudyState.STOPPED), StudyStateChanged(StudyState.WAITING)])
    model.apply([StudyStateChanged(StudyState.RUNNING)])
    assert page.header.sentence.text().startswith("Starting 2 workers")


# -- panels in step ------------------------------------------------------------------------------


def test_that_empty_panels_say_what_will_be_there(qtbot, page):
    _show(qtbot, page)
    assert page.best.empty_text.startswith("The best trial appears here")
    assert page.history.empty_text.startswith("Each trial appears here with its value")
    assert page.curves.empty_text == "Curves appear with the first report."
    assert page.trials.empty_text.startswith("Each trial appears here as a row")
    page.set_study(None)
    qtbot.waitUntil(lambda: "Open or create a study" in page.surface.empty_text)


def test_that_a_selection_in_the_table_shows_everywhere(qtbot, page):
    model = _show(qtbot, page, trials=grid_trials(25))
    page.docks.bring_up("selected")
    row = page.trials.rows.row_of(7)
    page.trials.table.setCurrentIndex(page.trials.rows.index(row, 2))
    assert model.selected == 7
    qtbot.waitUntil(lambda: page.selected.shown is model.trials[7])
    settled(qtbot, page)
    for panel in (page.surface, page.history):
        marks = (panel.plot if panel is page.surface else panel).marks
        assert len(marks) == 25 + 2 + 1  # its halo, itself above that, and the star of the best
    assert len(page.curves.selected_line.getData()[0]) == 21


def test_that_a_click_in_the_history_selects_the_row_and_scrolls_to_it(qtbot, page):
    model = _show(qtbot, page, trials=grid_trials(25))
    plot = page.history.plot
    place = plot.mapFromScene(plot.place_of(21))
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert model.selected == 21
    settled(qtbot, page)
    table = page.trials.table
    assert page.trials.rows.number_at(table.currentIndex().row()) == 21
    assert table.viewport().rect().contains(table.visualRect(table.currentIndex()).center())


def test_that_no_mark_of_the_history_is_cut_at_an_edge(qtbot, page):
    _show(qtbot, page, spec_of("digits-wide"), mixed_trials(60), StudyState.FINISHED)
    plot = page.history.plot
    seen = plot.getViewBox().sceneBoundingRect().adjusted(8, 8, -8, -8)
    assert all(seen.contains(plot.place_of(number)) for number in range(60))
    page.resize(page.width() + 300, page.height() + 200)
    settled(qtbot, page)
    seen = plot.getViewBox().sceneBoundingRect().adjusted(8, 8, -8, -8)
    assert all(seen.contains(plot.place_of(number)) for number in range(60))


def test_that_panels_draw_one_at_a_time_and_the_window_is_heard_in_between(qtbot):
    turns, heard = Turns(), []

    def draw(name):
        heard.append(name)
        QTimer.singleShot(0, lambda: heard.append("window"))

    redraws = [partial(draw, name) for name in "abc"]
    for redraw in [*redraws, redraws[0]]:
        turns.ask(redraw)
    qtbot.waitUntil(lambda: len(heard) == 6)
    assert heard == ["a", "window", "b", "window", "c", "window"]


def test_that_the_columns_of_a_wide_study_fit_into_a_large_window(qtbot, page):
    page.resize(1850, 990)
    _show(qtbot, page, spec_of("digits-wide"), mixed_trials(60))
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
    model = _show(qtbot, page, trials=[made(number, plain) for number in range(5)])
    model.apply([TrialFinished(made(5, {"lr": 0.0012345678, "batch_size": 64}))])
    settled(qtbot, page)
    table, rows = page.trials.table, page.trials.rows
    lr = [column.title for column in rows.columns].index("lr")
    text = rows.index(5, lr).data()
    assert text == "1.235e-3"
    assert table.columnWidth(lr) > table.fontMetrics().horizontalAdvance(text) + 10


def test_that_failures_have_a_column_once_there_are_any(qtbot, page):
    trials = grid_trials(3)
    model = _show(qtbot, page, trials=trials)
    failure = [column.title for column in page.trials.rows.columns].index("Failure")
    assert page.trials.table.isColumnHidden(failure)
    model.apply([TrialFinished(failed(3, trials[0].params))])
    qtbot.waitUntil(lambda: not page.trials.table.isColumnHidden(failure))


def test_that_the_worker_is_named_where_there_are_several(qtbot, page):
    _show(qtbot, page, trials=grid_trials(3), workers=2)
    device = [column.title for column in page.trials.rows.columns].index("Device")
    assert page.trials.rows.index(0, device).data() == "cpu · worker 1"


def test_that_selection_and_scroll_position_survive_growth(qtbot, page):
    model = _show(qtbot, page, spec_of("digits-wide"), mixed_trials(60))
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
    model = _show(qtbot, page, spec_of("digits-wide"), mixed_trials(10))
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
    model = _show(qtbot, page, trials=grid_trials(25))
    table, flag = page.trials.table, QItemSelectionModel.SelectionFlag
    for row in (2, 5):
        table.selectionModel().setCurrentIndex(
            page.trials.rows.index(row, 0), flag.Select | flag.Rows
        )
    settled(qtbot, page)
    assert table.chosen_rows() == [2, 5]
    assert model.selected == 5


def test_that_the_filter_box_says_how_many_are_left(qtbot, page):
    model = _show(qtbot, page, spec_of("digits-wide"), mixed_trials(60))
    failures = sum(trial.failure is not None for trial in model.trials.values())
    page.trials.filter.setText("failed")
    qtbot.waitUntil(lambda: page.trials.counted.text() == f"{failures} of 60")


def test_that_the_selected_trial_stays_in_view_while_the_filter_changes(qtbot, page):
    model = _show(qtbot, page, spec_of("digits-wide"), mixed_trials(600))
    complete = [n for n, t in model.trials.items() if t.failure is None and t.value is not None]
    model.select(complete[len(complete) // 2])
    table, rows = page.trials.table, page.trials.rows
    for text in ("complete", "", "complete", ""):
        page.trials.filter.setText(text)
        settled(qtbot, page)
        row = rows.row_of(model.selected)
        assert table.chosen_rows() == [row]
        assert table.viewport().rect().contains(table.visualRect(rows.index(row, 0)).center())


def test_that_reports_of_a_running_trial_grow_its_curve(qtbot, page):
    model = _show(qtbot, page)
    model.apply([TrialStarted(running(0, spec_of().space.grid_at(0)))])
    for step in (1, 2, 3):
        model.apply([TrialReported(0, Report(step, 0.1, {"val_cross_entropy": 2.0 / step}))])
    settled(qtbot, page)
    x, _ = page.curves.running_line.getData()
    assert x[:-1].tolist() == [1, 2, 3]


def test_that_a_thousand_curves_become_a_band_and_the_best_ones(qtbot, page):
    _show(qtbot, page, spec_of("digits-wide"), mixed_trials(1000))
    assert page.curves.remark.text().startswith("1000 trials: 80 % in the band")
    x, _ = page.curves.thin_lines.getData()
    assert len(x) < 30 * 21


def test_that_the_log_follows_its_tail_unless_someone_scrolled_up(qtbot, page):
    model = _show(qtbot, page, trials=grid_trials(3))
    page.docks.bring_up("log")
    settled(qtbot, page)
    model.apply([Logged(0.0, "warning", f"line {n}", n % 3) for n in range(100)])
    settled(qtbot, page)
    bar = page.log.text.verticalScrollBar()
    assert bar.value() == bar.maximum()
    bar.setValue(5)
    model.apply([Logged(0.0, "info", "the newest", 0)])
    settled(qtbot, page)
    assert bar.value() == 5
    assert page.log.text.toPlainText().endswith("the newest")


def test_that_the_log_can_be_that_of_the_selected_trial(qtbot, page):
    model = _show(qtbot, page, trials=grid_trials(3))
    page.docks.bring_up("log")
    model.apply([Logged(0.0, "info", f"said by {n}", n) for n in range(3)])
    page.log.only_selected.click()
    model.select(1)
    settled(qtbot, page)
    lines = page.log.text.toPlainText().splitlines()
    assert [line.split("  ")[-1] for line in lines] == ["Trial 1 started on cpu.", "said by 1"]
    model.apply([Logged(0.0, "info", "more by 2", 2), Logged(0.0, "info", "more by 1", 1)])
    settled(qtbot, page)
    assert page.log.text.toPlainText().splitlines()[2:][0].endswith("more by 1")


def test_that_the_best_so_far_changes_and_can_be_copied(qtbot, page):
    model = _show(qtbot, page, trials=grid_trials(3))
    assert page.best.figure.text() == "0.1441"
    model.apply([TrialFinished(trial) for trial in grid_trials(25)[3:]])
    settled(qtbot, page)
    assert page.best.figure.text() == "0.1025"
    page.best.copy()
    assert '"batch_size": 64' in QGuiApplication.clipboard().text()


def test_that_a_trial_can_be_cancelled_from_the_page(qtbot, page):
    _show(qtbot, page, trials=[running(0, spec_of().space.grid_at(0))])
    page.surface._ask(0, QPoint(0, 0))
    with qtbot.waitSignal(page.trialCommand) as asked:
        next(a for a in page.surface.menu.actions() if a.text() == "Cancel it").trigger()
    assert asked.args == [TrialCommand.CANCEL, 0]
    page.surface.menu.close()


# -- docks ---------------------------------------------------------------------------------------


def test_that_the_default_layout_fits_a_small_window(qtbot, page):
    _show(qtbot, page, spec_of("digits-wide"), mixed_trials(60))
    assert page.minimumSizeHint().width() <= 1210
    assert page.minimumSizeHint().height() <= 715
    surface = page.surface.size()
    assert surface.width() > 0.55 * page.width()
    assert surface.height() > 0.45 * page.height()


def test_that_a_hidden_tab_draws_nothing_until_it_is_in_front(qtbot, page):
    model = _show(qtbot, page, trials=grid_trials(3))
    assert page.log.redraws == 0
    model.apply([Logged(0.0, "info", "unseen")])
    qtbot.wait(150)
    assert page.log.redraws == 0
    page.docks.bring_up("log")
    qtbot.waitUntil(lambda: "unseen" in page.log.text.toPlainText())


def test_that_a_closed_panel_is_brought_back_by_its_action(qtbot, page):
    actions = {action.text(): action for action in page.panel_actions()}
    assert list(actions) == [panel.title for panel in page.panels]
    assert actions["History"].isChecked()
    actions["History"].trigger()
    assert not page.history.isVisible()
    actions["History"].trigger()
    assert page.history.isVisible()


def test_that_a_layout_is_restored_and_reset(qtbot, page):
    actions = {action.text(): action for action in page.panel_actions()}
    first = page.save_layout()
    actions["Surface"].trigger()
    changed = page.save_layout()
    assert page.restore_layout(first)
    assert page.surface.isVisible()
    assert page.restore_layout(changed)
    assert not page.surface.isVisible()
    page.reset_layout()
    assert page.surface.isVisible()
    assert not page.restore_layout(b"rubbish")


def test_that_another_study_takes_the_place_of_the_first(qtbot, page):
    first = _show(qtbot, page, trials=grid_trials(25))
    _show(qtbot, page, spec_of("digits-wide"), mixed_trials(5))
    assert page.surface.x_choice.count() == 8
    assert page.trials.rows.rowCount() == 5
    drawn = page.history.redraws
    first.apply([TrialFinished(grid_trials(1)[0])])
    qtbot.wait(150)
    assert page.history.redraws == drawn


def test_that_a_reset_layout_has_its_sizes_even_if_the_page_is_left_at_once(qtbot, page):
    _show(qtbot, page, trials=grid_trials(3))
    page.docks.bring_up("timeline")
    page.reset_layout()
    page.hide()
    page.resize(1000, 600)
    qtbot.wait(50)
    page.show()
    qtbot.waitUntil(lambda: page.surface.height() > 0.45 * page.height())
    assert page.trials.isVisible()
