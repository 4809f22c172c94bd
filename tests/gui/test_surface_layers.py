"""Layers of the model under the surface's marks: what is asked, what is shown, what is dropped."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from engine.analysis.views import MapRequest, MapView
from engine.events import TrialFinished, TrialStarted
from engine.parameters import Categorical, Float, Int
from gui.jobs import finish_jobs
from gui.models.cube_axis import cube_axis
from gui.models.map_layers import Layer, LayerQuestion, paint_layer, refined
from gui.models.replay import Replay
from gui.models.scales import scale_of
from gui.models.study_model import StudyModel
from gui.models.value_colours import ValueColours
from gui.panels.surface import SurfacePanel
from gui.plots.colours import acquisition_table, uncertainty_table, value_table
from tests.gui.lens_stand_in import StandInLens
from tests.gui.made_up import grid_trials, mixed_trials, running, snapshot, spec_of


@pytest.fixture
def panel(qtbot):
    result = SurfacePanel()
    qtbot.addWidget(result)
    result.resize(900, 560)
    result.show()
    yield result
    finish_jobs(5000)


def _watch(qtbot, panel, model, answers=True, replay=None):
    lens = StandInLens(model, answers)
    panel.set_study(model, lens, replay)
    qtbot.waitUntil(lambda: panel.redraws > 0 and not panel._dirty)
    return lens


def _choose(qtbot, panel, layer):
    panel.layer_choice.setCurrentText(layer)
    qtbot.waitUntil(lambda: panel.painter.painted is not None and panel.plot.shows_picture)
    qtbot.waitUntil(lambda: panel.painter.painted.layer is layer)
    qtbot.waitUntil(lambda: not panel._dirty)


def test_that_without_a_model_there_is_only_the_landscape(qtbot, panel):
    panel.set_study(StudyModel(snapshot(trials=grid_trials(25))))
    qtbot.waitUntil(lambda: panel.plot.shows_picture)
    assert panel.layer_choice.isHidden()
    assert panel.layer is Layer.LANDSCAPE


@pytest.mark.parametrize("layer", [layer for layer in Layer if layer.is_of_model])
def test_that_each_layer_of_the_model_is_shown_with_its_own_legend(qtbot, panel, layer):
    model = StudyModel(snapshot(trials=grid_trials(25)))
    lens = _watch(qtbot, panel, model)
    assert lens.asked == []  # the landscape needs no model
    _choose(qtbot, panel, layer)
    assert lens.asked == [MapRequest("lr", "batch_size")]
    says = {
        Layer.MEAN: "",
        Layer.UNCERTAINTY: "unsure →",
        Layer.ACQUISITION: "look here next →",
        Layer.FEASIBILITY: "comes through",
    }
    assert panel.legend.layer_bar.text.endswith(says[layer])
    assert panel.legend.layer_bar.isHidden() == (layer is Layer.MEAN)
    assert "better →" in panel.legend.bar.text


def test_that_contour_lines_of_the_mean_carry_the_objectives_values(qtbot, panel):
    _watch(qtbot, panel, StudyModel(snapshot(trials=grid_trials(25))))
    _choose(qtbot, panel, Layer.MEAN)
    texts = {label.text for label in panel.painter.painted.picture.labels}
    assert len(texts) >= 3
    assert all(0.1 <= float(text) <= 2.5 for text in texts)


def test_that_uncertainty_is_told_in_spreads_of_the_results(qtbot, panel):
    _watch(qtbot, panel, StudyModel(snapshot(trials=grid_trials(25))))
    _choose(qtbot, panel, Layer.UNCERTAINTY)
    strip = panel.painter.painted.strip
    assert strip.low.startswith("± ")
    assert strip.high.endswith("× results' spread")


def test_that_maps_of_uncertainty_and_acquisition_have_no_colour_of_the_values(qapp):
    values = value_table().astype(int)
    for table in (uncertainty_table(), acquisition_table()):
        apart = np.abs(values[:, None] - table[None].astype(int)).sum(axis=2)
        assert apart.min(axis=0).max() > 100
        assert np.mean(apart.min(axis=0) > 40) > 0.6


def test_that_the_next_proposal_is_marked_and_named_in_the_legend(qtbot, panel):
    model = StudyModel(snapshot(trials=grid_trials(25)))
    _watch(qtbot, panel, model)
    assert len(panel.plot.marks) == 25 + 1
    _choose(qtbot, panel, Layer.MEAN)
    assert len(panel.plot.marks) == 25 + 1 + 1
    proposed = panel.painter.painted.view.proposed
    x, y = panel._proposal(panel.view)
    assert x == pytest.approx(np.log10(proposed["lr"]))
    assert y == pytest.approx(np.log2(proposed["batch_size"]))


@pytest.mark.parametrize("layer", [layer for layer in Layer if layer.is_of_model])
def test_that_what_runs_is_marked_beside_what_comes_next_on_every_layer(qtbot, panel, layer):
    model = StudyModel(snapshot(trials=grid_trials(25)))
    _watch(qtbot, panel, model)
    _choose(qtbot, panel, layer)
    plain = len(panel.plot.marks)
    model.apply([TrialStarted(running(25, {"lr": 0.003, "batch_size": 90}))])
    qtbot.waitUntil(lambda: len(panel.plot.marks) == plain + 1)
    assert panel._proposal(panel.view) is not None


def test_that_the_others_are_at_the_best_or_averaged(qtbot, panel):
    spec = spec_of("digits-wide")
    lens = _watch(qtbot, panel, StudyModel(snapshot(spec, mixed_trials(40))))
    _choose(qtbot, panel, Layer.MEAN)
    panel.others_choice.setCurrentIndex(1)
    qtbot.waitUntil(lambda: lens.asked[-1] == MapRequest("lr", "batch_size", averaged=True))
    panel.layer_choice.setCurrentText(Layer.ACQUISITION)  # of which there is no average
    qtbot.waitUntil(lambda: lens.asked[-1] == MapRequest("lr", "batch_size"))
    assert not panel.others_choice.isEnabled()


def test_that_the_old_picture_stays_until_the_new_one_is_there(qtbot, panel):
    model = StudyModel(snapshot(trials=grid_trials(20)))
    lens = _watch(qtbot, panel, model)
    _choose(qtbot, panel, Layer.MEAN)
    before = panel.painter.painted
    lens.answers = False
    model.apply([TrialFinished(trial) for trial in grid_trials(25)[20:]])
    qtbot.waitUntil(lambda: len(panel.view.rows) == 25)
    assert panel.painter.painted is before
    assert panel.plot.shows_picture
    lens.answer(lens.asked[-1])
    qtbot.waitUntil(lambda: panel.painter.painted is not before)


def test_that_a_view_of_earlier_axes_is_dropped(qtbot, panel):
    lens = _watch(qtbot, panel, StudyModel(snapshot(spec_of("digits-wide"), mixed_trials(40))))
    lens.answers = False
    panel.layer_choice.setCurrentText(Layer.MEAN)
    qtbot.waitUntil(lambda: len(lens.asked) == 1)
    panel.set_axes("lr", "depth")
    qtbot.waitUntil(lambda: len(lens.asked) == 2)
    lens.answer(lens.asked[0])
    qtbot.wait(100)
    assert panel.painter.painted is None
    lens.answer(lens.asked[1])
    qtbot.waitUntil(lambda: panel.painter.painted is not None)
    assert panel.painter.painted.view.request.y == "depth"


def test_that_a_hidden_panel_asks_for_nothing(qtbot, panel):
    model = StudyModel(snapshot(trials=grid_trials(20)))
    lens = _watch(qtbot, panel, model)
    _choose(qtbot, panel, Layer.MEAN)
    panel.hide()
    assert lens.forgotten == [MapRequest]
    model.apply([TrialFinished(trial) for trial in grid_trials(25)[20:]])
    qtbot.wait(200)
    assert len(lens.asked) == 1
    panel.show()
    qtbot.waitUntil(lambda: len(lens.asked) == 2)
    qtbot.waitUntil(lambda: panel.plot.shows_picture)


def test_that_the_reason_why_there_is_no_model_is_said(qtbot, panel):
    lens = _watch(qtbot, panel, StudyModel(snapshot(trials=grid_trials(2))), answers=False)
    panel.layer_choice.setCurrentText(Layer.MEAN)
    qtbot.waitUntil(lambda: len(lens.asked) == 1)
    lens.complain("The model needs three finished trials.")
    qtbot.waitUntil(lambda: panel.legend.remark.text().startswith("The model needs"))


def test_that_the_model_of_a_study_is_forgotten_with_it(qtbot, panel):
    first = StudyModel(snapshot(trials=grid_trials(25)))
    lens = _watch(qtbot, panel, first)
    _choose(qtbot, panel, Layer.MEAN)
    panel.set_study(StudyModel(snapshot(trials=grid_trials(3))))
    lens.answer(MapRequest("lr", "batch_size"))
    qtbot.wait(100)
    assert panel.painter.painted is None
    assert panel.layer is Layer.LANDSCAPE


def test_that_numbers_with_steps_own_bins_that_reach_half_a_step_to_both_sides(qapp):
    depth = Int("depth", 1, 4)
    axis = cube_axis(depth, scale_of(depth))
    assert (axis.low, axis.high, axis.steps) == (0.5, 4.5, 4)
    rate = Float("lr", 1e-4, 1e-1, log=True)
    axis = cube_axis(rate, scale_of(rate))
    assert axis.steps is None
    assert (axis.low, axis.high) == pytest.approx((-4, -1))
    choice = Categorical("optimizer", ["adam", "sgd", "rmsprop"])
    assert cube_axis(choice, scale_of(choice)).steps == 3


def test_that_a_map_is_smoothed_along_numbers_and_not_across_choices(qapp):
    rate, choice = Float("lr", 0.0, 1.0), Categorical("optimizer", ["adam", "sgd"])
    axes = tuple(cube_axis(p, scale_of(p)) for p in (rate, choice))
    places = (np.arange(64) + 0.5) / 64
    field = places[None, :] + np.where(places < 0.5, 0.0, 10.0)[:, None]
    fine = refined(field, axes)
    assert set(np.round(fine[:, 96] - fine[0, 96], 9)) == {0.0, 10.0}
    middle = (np.arange(192) + 0.5) / 192
    np.testing.assert_allclose(fine[0], middle, atol=1e-9)  # straight to its very ends


def test_that_a_map_has_no_steps_where_it_leaves_the_colours(qapp):
    """Along a slanting edge, steep beyond the worst colour, one colour lies on a straight line."""
    rate, size = Float("lr", 0.0, 1.0), Float("width", 0.0, 1.0)
    axes = tuple(cube_axis(p, scale_of(p)) for p in (rate, size))
    x, y = np.meshgrid(*[(np.arange(64) + 0.5) / 64] * 2)
    mean = 0.1 + np.exp(30.0 * (x + 0.3 * y - 0.6))
    view = MapView(MapRequest("lr", "width"), 9, mean, mean, mean, mean, None)
    greys = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    question = LayerQuestion(
        Layer.MEAN, view, axes, ValueColours(0.1, 1.0), greys, np.empty((0, 2))
    )
    goodness = paint_layer(question).picture.image[..., 0].astype(float)
    fine = np.arange(192)
    edge = [np.interp(-10.0, -row, fine) for row in goodness[10:-10]]
    assert np.std(edge + 0.3 * fine[10:-10]) < 0.2


def test_that_a_map_without_failures_says_why_it_is_plain(qtbot, panel):
    lens = _watch(qtbot, panel, StudyModel(snapshot(trials=grid_trials(25))), answers=False)
    panel.layer_choice.setCurrentText(Layer.FEASIBILITY)
    qtbot.waitUntil(lambda: len(lens.asked) == 1)
    view = lens.view_of(lens.asked[0])
    lens.viewArrived.emit(replace(view, feasibility=np.ones_like(view.mean)))
    qtbot.waitUntil(lambda: panel.legend.remark.text() == "No trial has failed")
    lens.answer(lens.asked[0])
    qtbot.waitUntil(lambda: panel.legend.remark.text() == "")


# -- the time slider -----------------------------------------------------------------------------


@pytest.fixture
def past(qtbot, panel):
    model = StudyModel(snapshot(trials=grid_trials(25)))
    replay = Replay(model)
    lens = _watch(qtbot, panel, model, replay=replay)
    _choose(qtbot, panel, Layer.MEAN)
    return model, replay, lens


def test_that_the_slider_shows_points_and_model_as_they_were_after_a_trial(qtbot, panel, past):
    _, _, lens = past
    panel.time.slider.setValue(9)
    qtbot.waitUntil(lambda: len(panel.view.rows) == 9)
    qtbot.waitUntil(lambda: lens.asked[-1] == MapRequest("lr", "batch_size", upto=9))
    qtbot.waitUntil(lambda: panel.painter.painted.view.upto == 9)
    assert panel.time.said.text() == "after 9 of 25 trials"
    panel.time.live.click()
    qtbot.waitUntil(lambda: len(panel.view.rows) == 25)
    assert panel.time.said.text() == "now"
    assert panel.time.slider.value() == 25


def test_that_a_moment_too_early_for_a_model_shows_no_other_moments_map(qtbot, panel, past):
    _, _, lens = past
    assert panel.plot.shows_picture
    lens.answers = False
    panel.time.slider.setValue(1)
    qtbot.waitUntil(lambda: lens.asked[-1] == MapRequest("lr", "batch_size", upto=1))
    lens.complain("The model needs 3 finished trials; there is 1.")
    qtbot.waitUntil(lambda: not panel.plot.shows_picture)
    assert panel.legend.remark.text() == lens.problem
    lens.answers, lens.problem = True, ""
    panel.time.slider.setValue(9)
    qtbot.waitUntil(lambda: panel.plot.shows_picture)
    assert panel.legend.remark.text() == ""


def test_that_arrow_keys_go_through_the_past_one_trial_at_a_time(qtbot, panel, past):
    _, replay, _ = past
    panel.time.slider.setFocus()
    qtbot.keyClick(panel.time.slider, Qt.Key.Key_Left)
    assert replay.upto == 24
    qtbot.keyClick(panel.time.slider, Qt.Key.Key_Home)
    assert replay.upto == 1
    qtbot.keyClick(panel.time.slider, Qt.Key.Key_End)
    assert replay.upto is None


def test_that_the_latest_moment_wins_and_one_seen_before_is_there_at_once(qtbot, panel, past):
    _, replay, lens = past
    replay.go_to(5)
    qtbot.waitUntil(lambda: panel.painter.painted.view.upto == 5)
    lens.answers = False
    replay.go_to(8)
    qtbot.waitUntil(lambda: lens.asked[-1].upto == 8)
    replay.go_to(5)
    qtbot.waitUntil(lambda: len(panel.view.rows) == 5)
    lens.answer(replace(lens.asked[-1], upto=8))  # too late
    qtbot.wait(100)
    assert panel.painter.painted.view.upto == 5


def test_that_the_slider_stays_at_now_while_trials_finish_and_in_the_past_otherwise(qtbot, panel):
    model = StudyModel(snapshot(trials=grid_trials(20)))
    replay = Replay(model)
    _watch(qtbot, panel, model, replay=replay)
    model.apply([TrialFinished(grid_trials(25)[20])])
    assert panel.time.slider.value() == 21
    assert replay.upto is None
    replay.go_to(7)
    model.apply([TrialFinished(grid_trials(25)[21])])
    assert (panel.time.slider.value(), panel.time.slider.maximum()) == (7, 22)
    assert panel.time.said.text() == "after 7 of 22 trials"


def test_that_it_plays_to_the_end_by_itself_and_stops_there(qtbot, panel, past):
    _, replay, _ = past
    replay.go_to(20)
    panel.time.play.click()
    assert panel.time.is_playing
    panel.time._timer.setInterval(20)
    qtbot.waitUntil(lambda: replay.upto is None)
    assert not panel.time.is_playing


def test_that_the_best_of_the_past_is_the_best_there_was(qapp):
    model = StudyModel(snapshot(trials=grid_trials(25)))
    replay = Replay(model)
    for upto in (1, 5, 24):
        replay.go_to(upto)
        assert replay.best().value == min(t.value for t in grid_trials(25)[:upto])
    replay.go_to(25)
    assert replay.upto is None
    assert replay.best() is model.best


def test_that_the_past_goes_by_the_order_in_which_trials_ended_and_not_by_the_clock(qapp):
    first, second, third = grid_trials(3)
    trials = [replace(first, ended=2), replace(second, ended=1), replace(third, ended=3)]
    replay = Replay(StudyModel(snapshot(trials=trials)))
    replay.go_to(1)
    assert replay.newest().number == 1
    assert replay.known().tolist() == [False, True, False]
