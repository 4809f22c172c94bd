"""The surface in three dimensions: the scene, and a clear word where there is no OpenGL."""

import numpy as np
import pytest

from engine.analysis.views import MapRequest
from gui.jobs import finish_jobs
from gui.models.cube_axis import cube_axis
from gui.models.map_layers import Layer, LayerQuestion, paint_layer
from gui.models.scene import HEIGHT, build_scene
from gui.models.study_model import StudyModel
from gui.models.surface_view import view_surface
from gui.panels.surface import SurfacePanel
from gui.plots import opengl, surface_stage
from gui.plots.colours import value_table
from tests.gui.lens_stand_in import StandInLens
from tests.gui.made_up import failed, grid_trials, mixed_trials, snapshot, spec_of


@pytest.fixture
def panel(qtbot):
    result = SurfacePanel()
    qtbot.addWidget(result)
    result.resize(900, 560)
    result.show()
    yield result
    finish_jobs(5000)


def _scene(x="lr", y="batch_size", wide=False, proposal=None):
    spec = spec_of("digits-wide") if wide else spec_of()
    model = StudyModel(snapshot(spec, mixed_trials(45, spec) if wide else grid_trials(25)))
    view = view_surface(model, x, y)
    axes = tuple(cube_axis(spec.space[name], model.scales[name]) for name in (x, y))
    mapped = StandInLens(model).view_of(MapRequest(x, y))
    marks = np.empty((0, 2))
    question = LayerQuestion(Layer.MEAN, mapped, axes, view.colours, value_table(), marks)
    return model, mapped, build_scene(model, view, paint_layer(question), axes, proposal)


def test_that_heights_are_the_mean_and_points_the_values(qapp):
    model, mapped, scene = _scene()
    assert scene.height.shape == (64, 64)
    lowest = np.unravel_index(scene.height.argmin(), scene.height.shape)
    assert mapped.mean.T[lowest] == mapped.mean.min()
    assert len(scene.points) == 25
    assert np.abs(scene.points[:, :2]).max() <= 0.5
    assert scene.points[:, 2].min() >= 0
    assert scene.points[:, 2].max() <= HEIGHT
    best = scene.points[list(scene.numbers).index(model.best.number)]
    assert best[2] == scene.points[:, 2].min()


def test_that_points_stand_over_the_surface_where_they_are_above_the_mean(qapp):
    _, _, scene = _scene()
    tops, feet = scene.stems[::2], scene.stems[1::2]
    np.testing.assert_array_equal(tops[:, :2], feet[:, :2])
    assert np.abs(tops[:, 2] - feet[:, 2]).max() < 0.1  # the mean goes through what was made up


def test_that_what_comes_next_lies_on_the_surface(qapp):
    _, _, scene = _scene(proposal=(-3.0, 7.0))  # lr 1e-3, batch_size 2 ** 7
    ((x, y, z),) = scene.proposal
    assert (x, y) == pytest.approx((0.0, 0.0), abs=0.01)
    assert z == scene.height[32, 32]
    assert _scene()[2].proposal.shape == (0, 3)


def test_that_axes_carry_names_scales_and_choices(qapp):
    _, _, scene = _scene("lr", "optimizer", wide=True)
    assert [axis.name for axis in scene.axes] == ["lr  (log)", "optimizer", "val_cross_entropy"]
    assert [text for _, text in scene.axes[1].ticks] == ["sgd", "adam", "adamw", "rmsprop"]
    assert scene.axes[1].ticks[0][0] == pytest.approx(-0.375)


def test_that_a_display_without_opengl_is_said_and_the_map_comes_back(qtbot, panel, monkeypatch):
    monkeypatch.setattr(surface_stage, "has_opengl", lambda: False)
    model = StudyModel(snapshot(trials=grid_trials(25)))
    panel.set_study(model, StandInLens(model))
    qtbot.waitUntil(lambda: panel.redraws > 0 and not panel._dirty)
    panel.solid.click()
    assert panel.stage.currentWidget() is panel.stage.word
    assert panel.stage.word.text() == opengl.MISSING
    qtbot.waitUntil(lambda: panel.layer is Layer.MEAN)
    panel.solid.click()
    assert panel.stage.currentWidget() is panel.plot


def test_that_the_3d_view_turns_and_selects(qtbot, panel):
    if not opengl.has_opengl():
        pytest.skip("this display has no OpenGL")
    model = StudyModel(snapshot(trials=grid_trials(25)))
    panel.set_study(model, StandInLens(model))
    qtbot.waitUntil(lambda: panel.redraws > 0 and not panel._dirty)
    panel.solid.click()
    qtbot.waitUntil(lambda: panel.stage.is_ready and panel.stage.view.scene is not None)
    view = panel.stage.view
    place = view._on_screen(view.scene.points)[3].round().astype(int)
    assert view.trial_at(type(view.rect().center())(*place.tolist())) is not None
    before = view._corner
    view.orbit(180, 0)
    assert view._corner != before
    view.put_back()
    assert view.opts["azimuth"] == -60


def test_that_the_best_and_what_comes_next_are_seen_over_the_surface(qtbot, panel, monkeypatch):
    if not opengl.has_opengl():
        pytest.skip("this display has no OpenGL")
    from gui.plots import surface_3d

    drawn = []
    monkeypatch.setattr(surface_3d, "draw_sprite", lambda painter, sprite: drawn.append(sprite))
    model = StudyModel(
        snapshot(trials=[*grid_trials(25), failed(25, {"lr": 1e-3, "batch_size": 64})])
    )
    panel.set_study(model, StandInLens(model))
    panel.layer_choice.setCurrentText(Layer.MEAN)
    qtbot.waitUntil(lambda: "failed" in panel.legend._marks.accessibleDescription())
    panel.solid.click()
    qtbot.waitUntil(lambda: {round(sprite.size) for sprite in drawn} == {13, 18})
    assert "failed" not in panel.legend._marks.accessibleDescription()
