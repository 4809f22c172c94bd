"""The surface panel: axes, marks, landscape, and what the mouse does."""

import time
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMessageBox

from engine.events import TrialFinished, TrialStarted
from gui.jobs import finish_jobs
from gui.models.landscape import paint, trace
from gui.models.study_model import StudyModel
from gui.models.surface_view import COLOURS, question_of, view_surface
from gui.models.trial_commands import TrialCommand
from gui.panels.surface import SurfacePanel
from gui.panels.trial_menu import save_csv, save_picture
from gui.plots.colours import value_table
from tests.gui.made_up import failed, grid_trials, made, mixed_trials, running, snapshot, spec_of


@pytest.fixture
def panel(qtbot):
    result = SurfacePanel()
    qtbot.addWidget(result)
    result.resize(700, 500)
    result.show()
    yield result
    finish_jobs(5000)


def _watch(qtbot, panel, model):
    panel.set_study(model)
    qtbot.waitUntil(lambda: panel.redraws > 0 and not panel._dirty)
    return model


def _mouse_at(panel, number):
    return panel.plot.mapFromScene(panel.plot.place_of(number))


# -- what is shown -------------------------------------------------------------------------------


def test_that_it_says_what_will_be_here_before_the_first_trial(qtbot, panel):
    panel.set_study(None)
    qtbot.waitUntil(lambda: "Open or create a study" in panel.empty_text)
    panel.set_study(StudyModel(snapshot()))
    qtbot.waitUntil(lambda: "Each trial appears here as a point" in panel.empty_text)


def test_that_axes_are_the_first_two_searched_parameters_at_first(qtbot, panel):
    _watch(qtbot, panel, StudyModel(snapshot(trials=grid_trials(3))))
    assert panel.axes == ("lr", "batch_size")
    assert panel.empty_text == ""


def test_that_axes_carry_name_and_scale_and_ticks_of_their_kind(qtbot, panel):
    _watch(qtbot, panel, StudyModel(snapshot(trials=grid_trials(3))))
    bottom, left = panel.plot.axes["bottom"], panel.plot.axes["left"]
    assert "lr  (log)" in bottom.labelString()
    assert "batch_size  (log)" in left.labelString()
    (_, powers), _ = left.tickValues(4.8, 9.2, 400)
    assert left.tickStrings(powers, 1, 1) == ["32", "64", "128", "256", "512"]


def test_that_choosing_the_other_axis_swaps_them(qtbot, panel):
    _watch(qtbot, panel, StudyModel(snapshot(trials=grid_trials(3))))
    panel.x_choice.setCurrentText("batch_size")
    assert panel.axes == ("batch_size", "lr")


def test_that_one_parameter_is_shown_against_the_objective(qtbot, panel):
    full = spec_of()
    lr = next(p for p in full.space.parameters if p.name == "lr")
    spec = full.with_(space=type(full.space)([lr]))
    trials = [made(n, {"lr": 10.0 ** -(5 - n / 3)}) for n in range(12)]
    _watch(qtbot, panel, StudyModel(snapshot(spec, trials)))
    assert panel.axes == ("lr", "val_cross_entropy")


def test_that_a_space_without_freedom_says_so(qtbot, panel):
    full = spec_of()
    fixed = [replace(p, value=p.default or p.low, grid=None) for p in full.space.parameters]
    panel.set_study(StudyModel(snapshot(full.with_(space=type(full.space)(fixed)))))
    qtbot.waitUntil(lambda: "every parameter has a fixed value" in panel.empty_text)


def test_that_trials_without_a_conditional_parameter_are_left_out_and_counted(qtbot, panel):
    model = _watch(qtbot, panel, StudyModel(snapshot(spec_of("digits-wide"), mixed_trials(40))))
    panel.set_axes("lr", "momentum")
    qtbot.waitUntil(lambda: panel.view.axes == ("lr", "momentum"))
    have = sum("momentum" in trial.params for trial in model.trials.values())
    assert len(panel.view.rows) == have
    assert panel.legend.remark.text() == f"{40 - have} of 40 trials have no such parameter"


def test_that_better_values_are_brighter_and_lie_on_top(qapp):
    model = StudyModel(
        snapshot(trials=[*grid_trials(25), running(25, {"lr": 0.01, "batch_size": 64})])
    )
    view = view_surface(model, "lr", "batch_size")
    values = model.arrays.column("value")[view.rows][:-1]
    assert (np.diff(values) <= 0).all()
    assert (np.diff(view.kinds[:-1]) >= 0).all()
    assert view.kinds[-1] > COLOURS


def test_that_trials_with_the_same_choice_and_place_lie_side_by_side(qapp):
    spec = spec_of("digits-wide")
    params = {**spec.space.default(), "optimizer": "adam", "depth": 2}
    model = StudyModel(snapshot(spec, [made(n, params, 0.1 * n) for n in range(4)]))
    view = view_surface(model, "optimizer", "depth")
    assert len(set(view.x.tolist())) == 4
    assert np.abs(view.x - 1).max() < 0.5


def test_that_the_legend_says_which_end_is_better_and_what_was_cut_off(qtbot, panel):
    params = [spec_of().space.grid_at(i) for i in range(25)]
    trials = [made(n, p, 0.5 + n / 50) for n, p in enumerate(params[:24])]
    _watch(qtbot, panel, StudyModel(snapshot(trials=[*trials, made(24, params[24], 1e6)])))
    assert panel.legend.bar.text == "≥ 0.96  0.5  better →"
    assert "1 value lies beyond" in panel.legend.bar.toolTip()


# -- the landscape -------------------------------------------------------------------------------


def test_that_a_landscape_appears_under_six_trials_and_not_under_five(qtbot, panel):
    model = _watch(qtbot, panel, StudyModel(snapshot(trials=grid_trials(5))))
    qtbot.wait(200)
    assert not panel.plot.shows_picture
    model.apply([TrialFinished(trial) for trial in grid_trials(9)[5:]])
    qtbot.waitUntil(lambda: panel.plot.shows_picture)


def test_that_the_landscape_of_earlier_axes_is_not_shown_under_new_ones(qtbot, panel):
    _watch(qtbot, panel, StudyModel(snapshot(spec_of("digits-wide"), mixed_trials(60))))
    qtbot.waitUntil(lambda: panel.plot.shows_picture)
    panel.set_axes("lr", "depth")
    assert not panel.plot.shows_picture
    qtbot.waitUntil(lambda: panel.plot.shows_picture)


def test_that_contour_lines_carry_round_values(qapp):
    model = StudyModel(snapshot(trials=grid_trials(25)))
    view = view_surface(model, "lr", "batch_size")
    picture = paint(question_of(model, view, value_table()))
    assert {label.text for label in picture.labels} <= {f"{0.2 * k:.1f}" for k in range(1, 12)}
    assert len(picture.labels) >= 3
    assert picture.image.shape[2] == 4


def test_that_the_curve_over_one_parameter_follows_the_values(qapp):
    model = StudyModel(snapshot(spec_of("digits-wide"), mixed_trials(200)))
    profile = trace(
        question_of(model, view_surface(model, "lr", "val_cross_entropy"), value_table())
    )
    best_at = profile.x[np.argmin(profile.value)]
    assert 0.4 < best_at < 0.75  # the bowl is deepest near 2e-3


# -- how it is used ------------------------------------------------------------------------------


def test_that_hovering_names_the_trial_and_shows_its_configuration(qtbot, panel):
    model = _watch(qtbot, panel, StudyModel(snapshot(trials=grid_trials(25))))
    qtbot.mouseMove(panel.plot.viewport(), _mouse_at(panel, 7))
    qtbot.waitUntil(lambda: panel.plot.card.isVisible())
    text = panel.plot.card.text()
    assert "Trial 7" in text
    for name in model.trials[7].params:
        assert name in text
    qtbot.mouseMove(panel.plot.viewport(), _mouse_at(panel, 7) + QPoint(-60, 40))
    qtbot.waitUntil(lambda: not panel.plot.card.isVisible())


def test_that_a_click_selects_the_trial_and_one_beside_all_selects_none(qtbot, panel):
    model = _watch(qtbot, panel, StudyModel(snapshot(trials=grid_trials(25))))
    left = Qt.MouseButton.LeftButton
    qtbot.mouseClick(panel.plot.viewport(), left, pos=_mouse_at(panel, 7))
    assert model.selected == 7
    beside = _mouse_at(panel, 7) + QPoint(45, 35)
    qtbot.mouseClick(panel.plot.viewport(), left, pos=beside)
    assert model.selected is None


def test_that_arrow_keys_go_from_trial_to_trial_and_ctrl_c_copies_exactly(qtbot, panel):
    model = _watch(
        qtbot, panel, StudyModel(snapshot(trials=mixed_trials(5), spec=spec_of("digits-wide")))
    )
    qtbot.keyClick(panel.plot, Qt.Key.Key_Right)
    qtbot.keyClick(panel.plot, Qt.Key.Key_Right)
    assert model.selected == 1
    panel.plot.setFocus()
    qtbot.waitUntil(panel.plot.hasFocus)
    qtbot.keyClick(panel.plot, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert repr(model.trials[1].params["lr"]) in QGuiApplication.clipboard().text()


def test_that_a_view_someone_zoomed_stays_until_a_double_click(qtbot, panel):
    model = _watch(qtbot, panel, StudyModel(snapshot(trials=grid_trials(9))))
    home = panel.plot.getViewBox().viewRange()
    qtbot.keyClick(panel.plot, Qt.Key.Key_Plus)
    zoomed = panel.plot.getViewBox().viewRange()
    assert zoomed != home
    drawn = panel.redraws
    model.apply([TrialStarted(running(9, {"lr": 0.01, "batch_size": 64}))])
    qtbot.waitUntil(lambda: panel.redraws > drawn)
    assert panel.plot.getViewBox().viewRange() == zoomed
    panel.plot.go_home()
    np.testing.assert_allclose(panel.plot.getViewBox().viewRange(), home)


def test_that_the_menu_offers_what_can_be_done_with_a_trial(qtbot, panel):
    trials = [*grid_trials(3), running(3, {"lr": 0.01, "batch_size": 64})]
    model = _watch(qtbot, panel, StudyModel(snapshot(trials=trials)))
    panel._ask(3, QPoint(0, 0))
    actions = {action.text(): action for action in panel.menu.actions()}
    assert model.selected == 3
    with qtbot.waitSignal(panel.trial_command) as asked:
        actions["Cancel it"].trigger()
    assert asked.args == [TrialCommand.CANCEL, 3]
    actions["Copy configuration of trial 3 as TOML"].trigger()
    assert QGuiApplication.clipboard().text() == "lr = 0.01\nbatch_size = 64"
    panel.menu.close()
    panel._ask(1, QPoint(0, 0))
    cancel = next(a for a in panel.menu.actions() if a.text() == "Cancel it")
    assert not cancel.isEnabled()
    panel.menu.close()


def test_that_trials_and_picture_are_saved_where_asked(qtbot, panel, tmp_path):
    _watch(qtbot, panel, StudyModel(snapshot(trials=grid_trials(25))))
    for save, name, starts in (
        (lambda: save_csv(panel), "trials.csv", b"number,state,value,lr,batch_size"),
        (lambda: save_picture(panel.plot), "picture.png", b"\x89PNG"),
    ):
        save()
        dialog = panel.findChild(QFileDialog)
        dialog.fileSelected.emit(str(tmp_path / name))
        dialog.close()
        dialog.deleteLater()
        qtbot.waitUntil((tmp_path / name).exists)
        finish_jobs(5000)
        assert (tmp_path / name).read_bytes().startswith(starts)
        qtbot.wait(10)


def test_that_a_file_that_cannot_be_written_is_said(qtbot, panel, tmp_path):
    _watch(qtbot, panel, StudyModel(snapshot(trials=grid_trials(3))))
    save_csv(panel)
    dialog = panel.findChild(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "nowhere" / "trials.csv"))
    dialog.close()
    qtbot.waitUntil(lambda: panel.findChild(QMessageBox) is not None)
    box = panel.findChild(QMessageBox)
    assert "No such file" in box.text()
    box.close()


def test_that_a_hidden_panel_does_no_work_and_is_up_to_date_when_shown(qtbot, panel):
    model = _watch(qtbot, panel, StudyModel(snapshot(trials=grid_trials(3))))
    panel.hide()
    drawn = panel.redraws
    for number in range(3, 25):
        model.apply([TrialFinished(grid_trials(25)[number])])
    qtbot.wait(250)
    assert panel.redraws == drawn
    panel.show()
    qtbot.waitUntil(lambda: len(panel.view.rows) == 25)


def test_that_a_flood_of_news_is_drawn_at_a_bearable_rate(qtbot, panel):
    model = _watch(qtbot, panel, StudyModel(snapshot(trials=grid_trials(3))))
    drawn, since = panel.redraws, time.monotonic()
    for _ in range(20):
        model.apply([TrialFinished(failed(3, {"lr": 0.01, "batch_size": 64}))])
        qtbot.wait(10)
    bearable = (time.monotonic() - since) / 0.1
    assert panel.redraws - drawn <= bearable + 2
