"""Panels that show what the model makes of a study: why, trust, slices and importance."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from engine.analysis.views import ImportanceRequest, SlicesRequest, TrustRequest, WhyRequest
from engine.trial import TrialState
from gui.jobs import finish_jobs
from gui.models.slices_view import picture_slices
from gui.models.study_model import StudyModel
from gui.models.trust_words import detail, legend, verdict
from gui.models.why_words import chance, exploration, outcome, share
from gui.pages.run import RunPage, docks
from gui.panels.importance import bars_of
from gui.plots.bars import Bars
from gui.plots.marks import SQUARE
from gui.plots.slices_plot import SlicesPlot
from gui.plots.trust_plot import TrustPlot
from tests.gui.lens_stand_in import StandInLens
from tests.gui.made_up import failed, grid_trials, made, mixed_trials, running, snapshot, spec_of

NAMES = ("why", "trust", "slices", "importance")
NEWER = (*NAMES, "timeline", "devices")
"""Panels that there were not from the beginning."""


@pytest.fixture
def page(qtbot):
    result = RunPage()
    qtbot.addWidget(result)
    result.resize(1210, 715)
    result.show()
    qtbot.waitExposed(result)
    yield result
    finish_jobs(5000)


@pytest.fixture
def wide(qtbot, page):
    model = StudyModel(snapshot(spec_of("digits-wide"), mixed_trials(45)))
    lens = _show(qtbot, page, model)
    return model, lens


def _show(qtbot, page, model, up=NAMES, **lens_options):
    lens = StandInLens(model, **lens_options)
    page.set_study(model, lens)
    for name in up:
        page.docks.bring_up(name)
    _settled(qtbot, page)
    return lens


def _settled(qtbot, page):
    seen = [panel for panel in page.panels if panel._on_top and panel.isVisible()]
    qtbot.waitUntil(lambda: not any(panel._dirty for panel in seen))


def _why(**changes):
    model = StudyModel(snapshot(trials=grid_trials(25)))
    return replace(StandInLens(model).view_of(WhyRequest(7)), **changes)


# -- when they ask, and what they say before there is anything -------------------------------------


def test_that_panels_in_the_back_ask_for_nothing_and_those_in_front_for_their_own(qtbot, page):
    model = StudyModel(snapshot(trials=grid_trials(25)))
    lens = _show(qtbot, page, model, up=())
    assert lens.asked == []
    page.docks.bring_up("why")
    qtbot.waitUntil(lambda: lens.asked == [WhyRequest(None)])
    page.docks.bring_up("slices")
    qtbot.waitUntil(lambda: lens.asked[-1] == SlicesRequest())
    page.docks.bring_up("trials")
    qtbot.waitUntil(lambda: lens.forgotten == [SlicesRequest])


@pytest.mark.parametrize("name", NAMES)
def test_that_an_empty_panel_says_what_will_be_there_or_why_not(qtbot, page, name):
    model = StudyModel(snapshot(trials=grid_trials(2)))
    lens = _show(qtbot, page, model, up=(name,), answers=False)
    panel = getattr(page, name)
    qtbot.waitUntil(lambda: "appears here after a few" in panel.empty_text)
    lens.complain("The model needs 3 finished trials; there are 2.")
    qtbot.waitUntil(lambda: panel.empty_text.startswith("The model needs 3"))
    lens.complain("")
    lens.answers = True
    lens.ask_again()
    qtbot.waitUntil(lambda: panel.empty_text == "")


@pytest.mark.parametrize("name", NAMES)
def test_that_without_a_lens_nothing_breaks(qtbot, page, name):
    page.set_study(StudyModel(snapshot(trials=grid_trials(25))))
    page.docks.bring_up(name)
    qtbot.waitUntil(lambda: "appears here" in getattr(page, name).empty_text)


def test_that_the_past_is_asked_for_while_the_slider_is_there(qtbot, page, wide):
    _, lens = wide
    page.surface.time.slider.setValue(9)
    wanted = [TrustRequest(9), SlicesRequest(upto=9), ImportanceRequest(9)]
    qtbot.waitUntil(lambda: all(request in lens.asked for request in wanted))
    _settled(qtbot, page)
    assert page.slices.plot.picture.slices[0].rows.max() < 9
    assert lens.asked[-1] != WhyRequest(None)
    assert WhyRequest(8) in lens.asked


@pytest.mark.parametrize("name", ["trust", "slices", "importance"])
def test_that_a_moment_too_early_for_a_model_shows_no_other_moment(qtbot, page, wide, name):
    _, lens = wide
    panel = getattr(page, name)
    page.docks.bring_up(name)
    _settled(qtbot, page)
    for _ in range(2):  # the second time it is known to be too early
        lens.answers = False
        page.surface.time.slider.setValue(1)
        qtbot.waitUntil(lambda: panel._follower._wanted.upto == 1)
        lens.complain("The model needs 3 finished trials; there is 1.")
        qtbot.waitUntil(lambda: panel.empty_text == lens.problem)
        lens.answers = True
        page.surface.time.slider.setValue(9)
        qtbot.waitUntil(lambda: panel.empty_text == "")


def test_that_best_and_history_go_to_the_past_too(qtbot, page):
    model = StudyModel(snapshot(trials=grid_trials(25)))
    _show(qtbot, page, model, up=())
    page.surface.time.slider.setValue(4)
    qtbot.waitUntil(lambda: page.best.shown.number < 4)
    _settled(qtbot, page)
    assert len(page.history.marks) == 4 + 1
    page.surface.time.live.click()
    qtbot.waitUntil(lambda: page.best.shown is model.best)


# -- why here? -------------------------------------------------------------------------------------


def test_that_it_explains_the_next_trial_until_one_is_selected(qtbot, page, wide):
    model, lens = wide
    assert "Next trial" in page.why.heading.text()
    assert page.why.outcome.text() == "The model would try this next."
    model.select(12)
    qtbot.waitUntil(lambda: "Trial 12" in page.why.heading.text())
    assert WhyRequest(12) in lens.asked
    assert page.why.graphic.shown.actual == model.trials[12].value
    assert page.why.exploring.text().startswith("Mostly exploring: the place is 78 %")
    assert page.why.bar.share == 0.78


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (0.0714, "Came out at 0.0714: better than expected, within the interval."),
        (0.15, "Came out at 0.15: worse than expected, beyond the interval."),
        (0.01, "Came out at 0.01: better than expected, beyond the interval."),
        (0.09, "Came out at 0.09: just as expected."),
    ],
)
def test_that_what_came_of_it_is_compared_with_what_was_expected(qapp, value, says):
    view = _why(mean=0.09, low=0.05, high=0.13)
    trial = made(7, {"lr": 1e-3, "batch_size": 64}, value)
    assert outcome(view, trial, minimize=True) == says
    assert "worse" in outcome(view, replace(trial, value=0.06), minimize=False)


def test_that_a_trial_without_a_value_is_told_as_what_it_is(qapp):
    params = {"lr": 1e-3, "batch_size": 64}
    assert "running" in outcome(_why(), running(1, params), True)
    assert outcome(_why(), failed(1, params), True) == "It failed, so there is no value."
    pruned = made(1, params, 0.3, state=TrialState.PRUNED)
    assert "pruned" in outcome(_why(), pruned, True)


def test_that_chances_and_exploration_are_put_in_words(qapp):
    assert chance(_why(chance=0.32, best=0.08, feasibility=1.0)) == "32 % chance to beat 0.08"
    assert chance(_why(feasibility=0.7)).endswith("70 % to come through without failing")
    assert exploration(_why(exploration=1.0)).startswith("exploring: the place is as unknown as")
    assert exploration(_why(exploration=0.8)).startswith("mostly exploring: the place is 80 %")
    assert exploration(_why(exploration=0.5)).startswith("a bit of both: the place is 50 %")
    known = exploration(_why(exploration=0.2, chance=0.4))
    assert known == "mostly exploiting: the place is only 20 % as unknown as most of the space"
    assert exploration(_why(exploration=0.2, chance=0.01)).startswith("neither")
    assert [share(x) for x in (0.0, 0.004, 0.32, 0.999, 1.0)] == [
        "0 %",
        "under 1 %",
        "32 %",
        "over 99 %",
        "100 %",
    ]


# -- can I trust the model? ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "held", "says", "tone"),
    [
        (25, 23, "90 % intervals held 23 of 25: well calibrated", "good"),
        (25, 15, "90 % intervals held 15 of 25: too sure of itself", "warn"),
        (200, 198, "90 % intervals held 198 of 200: rather cautious", "good"),
        (5, 5, "90 % intervals held 5 of 5: too few trials to tell", ""),
    ],
)
def test_that_the_verdict_says_whether_the_intervals_held(qapp, count, held, says, tone):
    model = StudyModel(snapshot(trials=grid_trials(25)))
    view = StandInLens(model).view_of(TrustRequest())
    view = replace(view, numbers=tuple(range(count)), coverage90=held / count, coverage50=0.52)
    text, said_tone = verdict(view)
    assert text.startswith(says)
    assert said_tone == tone
    assert detail(view) == f"50 % held {round(0.52 * count)} of {count}"


def _trust(values):
    model = StudyModel(snapshot(trials=grid_trials(25)))
    view = StandInLens(model).view_of(TrustRequest())
    return replace(
        view,
        numbers=tuple(range(len(values))),
        actual=values,
        predicted=np.full(len(values), np.median(values)),
        **{end: values - 0.01 for end in ("low50", "low90")},
        **{end: values + 0.01 for end in ("high50", "high90")},
    )


@pytest.mark.parametrize("minimize", [True, False])
def test_that_a_value_far_out_leaves_the_others_their_room(qapp, minimize):
    sign = 1 if minimize else -1
    values = sign * np.array([*np.linspace(0.10, 0.14, 20), 0.6])
    plot = TrustPlot()
    plot.show_view(_trust(values), None, minimize)
    plot.resize(400, 200)
    places = np.array([plot.place_of(number).x() for number in range(len(values))])
    assert np.ptp(places[:20]) > 0.6 * np.ptp(places)
    assert sign * (places[-1] - places[19]) > 0
    assert plot.far_out == 1
    assert legend(plot.far_out).endswith("1 far out")
    plot.show_view(_trust(values[:20]), None, minimize)
    assert plot.far_out == 0


def test_that_a_missed_trial_has_a_shape_of_its_own(qapp):
    view = _trust(np.linspace(0.1, 0.2, 9))
    view.high90[3] = view.actual[3] - 0.001
    plot = TrustPlot()
    plot.show_view(view, None, True)
    shapes = [plot.marks._sprites[kind].shape for kind in plot.marks._kinds]
    assert [number for number, shape in enumerate(shapes) if shape is SQUARE] == [3]


def test_that_a_click_in_the_trust_plot_selects_the_trial(qtbot, page, wide):
    model, _ = wide
    plot = page.trust.plot
    number = next(t.number for t in model.trials.values() if t.state is TrialState.COMPLETE)
    place = plot.mapFromScene(plot.place_of(number))
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert model.selected is not None
    _settled(qtbot, page)
    assert len(page.trust.plot.marks) == page.trust._follower.view.actual.size + 2


# -- slices and importance -------------------------------------------------------------------------


def test_that_a_name_is_cut_only_when_it_alone_has_no_room(qapp, wide):
    model, lens = wide
    picture = picture_slices(model, lens.view_of(SlicesRequest()))
    part = next(part for part in picture.slices if part.scale.label == "weight_decay")
    plot = SlicesPlot()
    assert plot.title_of(part, 500) == "weight_decay  (log)"
    name = plot.fontMetrics().horizontalAdvance("weight_decay")
    assert plot.title_of(part, name) == "weight_decay"
    assert plot.title_of(part, name - 1).endswith("…")


def test_that_there_is_a_slice_for_each_active_parameter_over_one_axis(qtbot, page, wide):
    model, lens = wide
    view = lens.view_of(SlicesRequest())
    picture = picture_slices(model, view)
    assert [part.scale.label for part in picture.slices] == [part.name for part in view.slices]
    by_name = {part.scale.label: part for part in picture.slices}
    assert by_name["optimizer"].bins
    assert by_name["optimizer"].at.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert not by_name["lr"].bins
    assert by_name["lr"].at[[0, -1]] == pytest.approx([-5, -1], abs=0.05)
    assert picture.scale.low < min(part.mean.min() for part in picture.slices)


def test_that_a_click_on_a_point_of_a_slice_selects_its_trial(qtbot, page, wide):
    model, _ = wide
    plot = page.slices.plot
    cell, part = plot.cells()[0], plot.picture.slices[0]
    inside = np.flatnonzero((part.y > plot.picture.scale.low) & (part.y < plot.picture.scale.high))
    row = inside[0]
    x = plot._across(part, cell, part.x[row])
    y = plot._up(cell, part.y[row])
    place = QPoint(round(float(x)), round(float(y)))
    qtbot.mouseClick(plot, Qt.MouseButton.LeftButton, pos=place)
    assert model.selected == plot.trial_at(place.toPointF())


def test_that_a_slice_goes_into_as_many_rows_as_there_is_need_of(qtbot, page, wide):
    plot = page.slices.plot
    count = len(plot.picture.slices)
    assert plot.columns(10_000) == count
    assert plot.columns(200) == 1
    assert plot.heightForWidth(200) == count * plot.heightForWidth(10_000)


def test_that_bars_are_in_their_order_and_weak_pairs_left_out(qapp):
    model = StudyModel(snapshot(spec_of("digits-wide"), mixed_trials(45)))
    view = StandInLens(model).view_of(ImportanceRequest())
    view = replace(view, pairs=(("lr", "depth", 0.002), ("lr", "width", 0.2)))
    bars = bars_of(view)
    assert bars[0].name == "lr"
    assert bars[-1].name == "lr × width"
    assert bars[-1].text == "20 %"
    assert not any("depth" in bar.name and "×" in bar.name for bar in bars)


def test_that_a_pair_clicked_on_is_shown_on_the_surface(qtbot, page, wide):
    bars: Bars = page.importance.bars
    row = next(place for place, bar in enumerate(bars.bars) if bar.key == ("lr", "optimizer"))
    qtbot.mouseClick(
        bars, Qt.MouseButton.LeftButton, pos=QPoint(20, round((row + 0.5) * bars._row))
    )
    assert page.surface.axes == ("lr", "optimizer")


# -- docks -----------------------------------------------------------------------------------------


def test_that_the_new_panels_are_tabs_behind_others_and_in_the_menu(qtbot, page, wide):
    page.reset_layout()
    titles = [action.text() for action in page.panel_actions()]
    assert {"Why here?", "Can I trust the model?", "Slices", "Importance"} <= set(titles)
    assert all(not getattr(page, name)._on_top for name in NAMES)
    assert page.minimumSizeHint().width() <= 1210
    assert page.minimumSizeHint().height() <= 715


def test_that_a_layout_from_before_they_were_there_is_restored_with_them_as_tabs(
    qtbot, page, monkeypatch
):
    old = RunPage()
    qtbot.addWidget(old)
    with monkeypatch.context() as then:
        then.setattr(docks, "_BEHIND", {"log": "trials", "selected": "best"})
        before = docks.Docks([panel for panel in old.panels if panel.name not in NEWER])
    qtbot.addWidget(before)
    before.show()
    before.bring_up("log")
    before._docks["curves"].close()
    assert page.restore_layout(before.save_layout())
    assert not page.curves.isVisible()
    for name in NEWER:
        dock = page.docks._docks[name]
        assert page.docks.tabifiedDockWidgets(dock), name
        assert not dock.isHidden()
