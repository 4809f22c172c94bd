"""The Run page: panels in step, and docks put back in place."""

from functools import partial

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication

from engine.events import Logged, StudyState, TrialFinished, TrialReported, TrialStarted
from engine.trial import Report
from gui.models.trial_commands import TrialCommand
from gui.widgets.turns import Turns
from tests.gui.made_up import grid_trials, mixed_trials, running, spec_of
from tests.gui.run_pages import run_page, settled, show


@pytest.fixture
def page(qtbot):
    with run_page(qtbot) as page:
        yield page


# -- panels in step ------------------------------------------------------------------------------


def test_that_empty_panels_say_what_will_be_there(qtbot, page):
    show(qtbot, page)
    assert page.best.empty_text.startswith("The best trial appears here")
    assert page.history.empty_text.startswith("Each trial appears here with its value")
    assert page.curves.empty_text == "Curves appear with the first report."
    assert page.trials.empty_text.startswith("Each trial appears here as a row")
    page.set_study(None)
    qtbot.waitUntil(lambda: "Open or create a study" in page.surface.empty_text)


def test_that_a_selection_in_the_table_shows_everywhere(qtbot, page):
    model = show(qtbot, page, trials=grid_trials(25))
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
    model = show(qtbot, page, trials=grid_trials(25))
    plot = page.history.plot
    place = plot.mapFromScene(plot.place_of(21))
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert model.selected == 21
    settled(qtbot, page)
    table = page.trials.table
    assert page.trials.rows.number_at(table.currentIndex().row()) == 21
    assert table.viewport().rect().contains(table.visualRect(table.currentIndex()).center())


def test_that_no_mark_of_the_history_is_cut_at_an_edge(qtbot, page):
    show(qtbot, page, spec_of("digits-wide"), mixed_trials(60), StudyState.FINISHED)
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


def test_that_reports_of_a_running_trial_grow_its_curve(qtbot, page):
    model = show(qtbot, page)
    model.apply([TrialStarted(running(0, spec_of().space.grid_at(0)))])
    for step in (1, 2, 3):
        model.apply([TrialReported(0, Report(step, 0.1, {"val_cross_entropy": 2.0 / step}))])
    settled(qtbot, page)
    x, _ = page.curves.running_line.getData()
    assert x[:-1].tolist() == [1, 2, 3]


def test_that_a_thousand_curves_become_a_band_and_the_best_ones(qtbot, page):
    show(qtbot, page, spec_of("digits-wide"), mixed_trials(1000))
    assert page.curves.remark.text().startswith("1000 trials: 80 % in the band")
    x, _ = page.curves.thin_lines.getData()
    assert len(x) < 30 * 21


def test_that_the_log_follows_its_tail_unless_someone_scrolled_up(qtbot, page):
    model = show(qtbot, page, trials=grid_trials(3))
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
    model = show(qtbot, page, trials=grid_trials(3))
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
    model = show(qtbot, page, trials=grid_trials(3))
    assert page.best.figure.text() == "0.1441"
    model.apply([TrialFinished(trial) for trial in grid_trials(25)[3:]])
    settled(qtbot, page)
    assert page.best.figure.text() == "0.1025"
    page.best.copy()
    assert '"batch_size": 64' in QGuiApplication.clipboard().text()


def test_that_a_trial_can_be_cancelled_from_the_page(qtbot, page):
    show(qtbot, page, trials=[running(0, spec_of().space.grid_at(0))])
    page.surface._ask(0, QPoint(0, 0))
    with qtbot.waitSignal(page.trialCommand) as asked:
        next(a for a in page.surface.menu.actions() if a.text() == "Cancel it").trigger()
    assert asked.args == [TrialCommand.CANCEL, 0]
    page.surface.menu.close()


# -- docks ---------------------------------------------------------------------------------------


def test_that_the_default_layout_fits_a_small_window(qtbot, page):
    show(qtbot, page, spec_of("digits-wide"), mixed_trials(60))
    assert page.minimumSizeHint().width() <= 1210
    assert page.minimumSizeHint().height() <= 715
    surface = page.surface.size()
    assert surface.width() > 0.55 * page.width()
    assert surface.height() > 0.45 * page.height()


def test_that_a_hidden_tab_draws_nothing_until_it_is_in_front(qtbot, page):
    model = show(qtbot, page, trials=grid_trials(3))
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
    first = show(qtbot, page, trials=grid_trials(25))
    show(qtbot, page, spec_of("digits-wide"), mixed_trials(5))
    assert page.surface.x_choice.count() == 8
    assert page.trials.rows.rowCount() == 5
    drawn = page.history.redraws
    first.apply([TrialFinished(grid_trials(1)[0])])
    qtbot.wait(150)
    assert page.history.redraws == drawn


def test_that_a_reset_layout_has_its_sizes_even_if_the_page_is_left_at_once(qtbot, page):
    show(qtbot, page, trials=grid_trials(3))
    page.docks.bring_up("timeline")
    page.reset_layout()
    page.hide()
    page.resize(1000, 600)
    qtbot.wait(50)
    page.show()
    qtbot.waitUntil(lambda: page.surface.height() > 0.45 * page.height())
    assert page.trials.isVisible()
