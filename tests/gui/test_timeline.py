"""The timeline: bars in the lanes of their workers, what is left out, and what a click means."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from engine.events import StudyState, StudyStateChanged, TrialFinished, TrialStarted
from engine.trial import Report, Trial, TrialState
from gui.models.replay import Replay
from gui.models.study_model import StudyModel
from gui.models.timeline_view import view_timeline
from gui.panels.timeline import TimelinePanel
from tests.effort import calls_of
from tests.gui.made_up import START, made, snapshot, spec_of

PARAMS = spec_of().space.grid_at(0)
HOUR = 3600.0


def trial(number, start, end, worker=0, state=TrialState.COMPLETE, **changes):
    """A trial that ran from `start` to `end`, in seconds after the study's beginning."""
    times = {"started": START + start, "finished": None if end is None else START + end}
    return made(number, PARAMS, 0.5, state=state, worker=worker, **times, **changes)


def under_way(number, start, worker=0):
    return Trial(number, PARAMS, TrialState.RUNNING, started=START + start, worker=worker)


def model_of(*trials, state=StudyState.RUNNING, **changes):
    return StudyModel(snapshot(trials=trials, state=state, **changes))


@pytest.fixture
def panel(qtbot):
    result = TimelinePanel()
    qtbot.addWidget(result)
    result.resize(800, 240)
    result.show()
    qtbot.waitExposed(result)
    return result


def show(qtbot, panel, model):
    panel.set_study(model)
    drawn(qtbot, panel)
    return model


def drawn(qtbot, panel):
    qtbot.waitUntil(lambda: not panel._dirty)


# -- where bars are ------------------------------------------------------------------------------


def test_that_each_worker_has_a_lane_with_its_device_the_first_on_top(qapp):
    view = view_timeline(
        model_of(
            trial(0, 0, 4, worker=0, device="cuda:0"),
            trial(1, 1, 5, worker=1, device="cuda:1"),
            trial(2, 5, 9, worker=0, device="cuda:0"),
        )
    )
    assert view.scales[1].choices == ("2 · cuda:1", "1 · cuda:0")
    assert view.lane.tolist() == [1, 0, 1]
    assert view.start.tolist() == [0, 1, 5]
    assert view.end.tolist() == [4, 5, 9]


def test_that_gaps_stay_and_the_time_has_a_unit_that_fits(qapp):
    view = view_timeline(model_of(trial(0, 0, 120), trial(1, 180, 240)))
    assert view.scales[0].label == "time (min)"
    assert view.start.tolist() == [0, 3]
    assert not len(view.cuts)


def test_that_a_night_between_two_sittings_is_cut_short_and_told(qtbot, panel):
    show(qtbot, panel, model_of(trial(0, 0, 100), trial(1, 10 * HOUR, 10 * HOUR + 100)))
    view = panel.view
    assert 100 / 60 < view.start[1] < 105 / 60
    assert view.end[0] < view.cuts[0] < view.start[1]
    assert panel.legend.remark.text() == "┊ 1 pause of 9 h 58 min left out"


def test_that_a_running_trial_reaches_to_now_and_one_that_was_cut_off_to_its_last_report(qapp):
    reports = {1: (Report(1, 2.0, {}), Report(2, 7.0, {}))}
    trials = (trial(0, 0, 5, 0), trial(1, 1, None, 1, TrialState.INTERRUPTED), under_way(2, 6, 0))
    model = model_of(*trials, reports=reports)
    assert view_timeline(model, now=START + 20).end.tolist() == [5, 8, 20]
    model.apply([StudyStateChanged(StudyState.STOPPED)])
    assert view_timeline(model, now=START + 20).end.tolist() == [5, 8, 6]


def test_that_a_clock_that_was_set_back_makes_no_bar_run_backwards(qapp):
    view = view_timeline(model_of(trial(0, 0, -50), trial(1, 1, 3)))
    assert (view.end >= view.start).all()


# -- the panel -----------------------------------------------------------------------------------


def test_that_an_empty_timeline_says_what_will_be_there(qtbot, panel):
    model = show(qtbot, panel, model_of())
    assert panel.empty_text.startswith("Each worker's trials appear here")
    model.apply([TrialStarted(under_way(0, 0))])
    drawn(qtbot, panel)
    assert panel.empty_text == ""
    assert len(panel.bars) == 1


def test_that_a_click_on_a_bar_selects_its_trial_and_one_beside_all_none(qtbot, panel):
    model = show(qtbot, panel, model_of(trial(0, 0, 4), trial(1, 5, 9, 1), trial(2, 5, 9, 0)))
    for number in (1, 2):
        place = panel.plot.mapFromScene(panel.plot.place_of(number))
        qtbot.mouseClick(panel.plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert model.selected == number
    gap = panel.plot.getViewBox().mapViewToScene(panel.plot.getViewBox().rect().center())
    gap.setY(panel.plot.place_of(1).y())
    gap.setX(panel.plot.place_of(0).x())
    qtbot.mouseClick(
        panel.plot.viewport(), Qt.MouseButton.LeftButton, pos=panel.plot.mapFromScene(gap)
    )
    assert model.selected is None


def test_that_the_trial_under_the_mouse_is_named(qtbot, panel):
    show(qtbot, panel, model_of(trial(0, 0, 4), trial(1, 5, 9)))
    panel.plot.pointed.emit(1)
    assert "Trial 1" in panel.plot.card.text()


def test_that_states_are_told_by_shape_and_counted_in_words(qtbot, panel):
    states = (TrialState.COMPLETE, TrialState.FAILED, TrialState.PRUNED, TrialState.CANCELLED)
    trials = [trial(n, 5 * n, 5 * n + 4, state=state) for n, state in enumerate(states)]
    show(qtbot, panel, model_of(*trials))
    marks = panel.legend.findChildren(object)
    said = " ".join(m.accessibleDescription() for m in marks if hasattr(m, "setAccessibleName"))
    assert "1 complete, 1 pruned, 1 failed, 1 cancelled" in said
    picture = panel.plot.grab().toImage()
    backdrop = picture.pixelColor(panel.plot.mapFromScene(panel.plot.place_of(0)) * 0)
    column = [_filled(panel, picture, number, backdrop) for number in range(4)]
    assert len({tuple(rows) for rows in column}) == 4


def _filled(panel, picture, number, backdrop):
    """Which of ten heights of a bar's lane are painted, at a quarter of its length."""
    view, box = panel.view, panel.plot.getViewBox()
    x = view.start[number] + 0.25 * (view.end[number] - view.start[number])
    for step in range(10):
        scene = box.mapViewToScene(panel.plot.getViewBox().viewRect().center())
        scene.setX(box.mapViewToScene(_point(x, 0)).x())
        scene.setY(box.mapViewToScene(_point(0, 0.35 - 0.7 * step / 9)).y())
        yield picture.pixelColor(panel.plot.mapFromScene(scene)) != backdrop


def _point(x, y):
    return QPointF(float(x), float(y))


def test_that_the_end_moves_along_until_somebody_zooms_and_a_double_click_fits_all(qtbot, panel):
    model = show(qtbot, panel, model_of(trial(0, 0, 4)))
    box = panel.plot.getViewBox()
    model.apply([TrialFinished(trial(1, 5, 40))])
    drawn(qtbot, panel)
    assert box.viewRect().right() > 40
    panel.plot._zoom(0.5)
    seen = box.viewRect()
    model.apply([TrialFinished(trial(2, 41, 80))])
    drawn(qtbot, panel)
    assert box.viewRect() == seen
    centre = panel.plot.viewport().rect().center()
    qtbot.mouseClick(panel.plot.viewport(), Qt.MouseButton.LeftButton, pos=centre)
    qtbot.mouseDClick(panel.plot.viewport(), Qt.MouseButton.LeftButton, pos=centre)
    qtbot.mouseRelease(panel.plot.viewport(), Qt.MouseButton.LeftButton, pos=centre)
    assert box.viewRect().left() <= 0
    assert box.viewRect().right() > 80


def test_that_zooming_leaves_the_lanes_alone(qtbot, panel):
    show(qtbot, panel, model_of(trial(0, 0, 4), trial(1, 0, 9, 1)))
    box = panel.plot.getViewBox()
    before = box.viewRect()
    panel.plot._zoom(0.5)
    after = box.viewRect()
    assert after.width() == pytest.approx(before.width() / 2)
    assert (after.top(), after.bottom()) == (before.top(), before.bottom())


def test_that_only_the_newest_trials_are_shown_on_request(qtbot, panel):
    show(qtbot, panel, model_of(*(trial(n, 2 * n, 2 * n + 1) for n in range(200))))
    panel.newest.click()
    drawn(qtbot, panel)
    assert panel.plot.getViewBox().viewRect().left() == pytest.approx(320 / 60, abs=0.1)
    qtbot.keyClick(panel.plot, Qt.Key.Key_Home)
    assert panel.plot.getViewBox().viewRect().left() <= 0
    assert not panel.newest.isChecked()


def test_that_it_is_drawn_again_by_itself_only_while_something_runs_and_is_seen(qtbot, panel):
    model = show(qtbot, panel, model_of(under_way(0, 0)))
    assert panel._tick.isActive()
    panel.hide()
    assert not panel._tick.isActive()
    panel.show()
    model.apply([TrialFinished(trial(0, 0, 4))])
    drawn(qtbot, panel)
    assert not panel._tick.isActive()


def test_that_ten_thousand_bars_are_no_more_work_to_draw_than_a_hundred(qtbot, panel):
    def work(count):
        trials = [trial(n, n, n + 0.9, worker=n % 4) for n in range(count)]
        model = show(qtbot, panel, model_of(*trials, reports={}, log=()))
        model.select(count // 2)
        return calls_of(lambda: (panel.refresh(), panel.grab()))

    few, many = work(100), work(10_000)
    assert many < 3 * few


def test_that_a_past_moment_shows_the_trials_of_that_time(qtbot, panel):
    model = model_of(*(trial(n, 2 * n, 2 * n + 1) for n in range(9)))
    replay = Replay(model)
    panel.set_study(model, replay=replay)
    replay.go_to(4)
    drawn(qtbot, panel)
    assert len(panel.bars) == 4
    assert np.array_equal(panel.view.rows, np.arange(4))
