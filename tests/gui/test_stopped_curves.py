"""Stopped trials on the curves: where they were stopped, why, and the rungs at which."""

import numpy as np
import pytest

from engine.events import TrialFinished
from engine.spec_tables import PrunerSpec
from engine.task_tables import ScriptTask
from engine.trial import Report, TrialState
from gui.main_window import RUN
from gui.models.curve_stops import levels_of, stops_of
from gui.models.curves_view import CurveBook, view_curves
from gui.models.study_model import StudyModel
from gui.panels.curves import CurvesPanel
from tests.gui.made_up import made, snapshot, spec_of
from tests.gui.stand_in import StandInDevices
from tests.gui.windows import program_in

LOSS = "val_cross_entropy"
PARAMS = spec_of().space.grid_at(0)
WHY = "after 3 of 20 epochs it is number 9 of 12 there, where the best one in 3 goes on"


def curve_of(*values, first=1):
    return tuple(Report(first + n, 0.1 * n, {LOSS: v}) for n, v in enumerate(values))


def spec_with(rule, **options):
    return spec_of().with_(pruner=PrunerSpec(name=rule, options=options))


def stops_in(model, log=False):
    book = CurveBook(model.reports, LOSS)
    return stops_of(model, book, view_curves(model, book, log))


def stopped(number, value=0.5, why=WHY):
    return made(number, PARAMS, value, state=TrialState.PRUNED, step=3, note=why)


def model_of(*trials, rule="asha", first=1, **options):
    """A study in which complete trials have 20 epochs and stopped ones 3."""

    def values_of(trial):
        return (2.0, 1.0, 0.5, *[0.4] * (17 if trial.state is TrialState.COMPLETE else 0))

    reports = {t.number: curve_of(*values_of(t), first=first) for t in trials}
    return StudyModel(snapshot(spec_with(rule, **options), trials, reports=reports))


@pytest.fixture
def panel(qtbot):
    result = CurvesPanel()
    qtbot.addWidget(result)
    result.resize(500, 300)
    result.show()
    qtbot.waitExposed(result)
    return result


def show(qtbot, panel, model):
    panel.set_study(model)
    drawn(qtbot, panel)
    return model


def drawn(qtbot, panel):
    qtbot.waitUntil(lambda: not panel._dirty)


# -- where, and the rungs --------------------------------------------------------------------------


def test_that_a_stopped_curve_ends_in_a_mark_and_a_complete_one_does_not(qapp):
    model = model_of(made(0, PARAMS), stopped(1))
    stops = stops_in(model, log=True)
    assert stops.numbers.tolist() == [1]
    assert stops.x.tolist() == [3]
    assert stops.y.tolist() == [pytest.approx(np.log10(0.5))]


def test_that_a_trial_that_ended_without_a_number_is_marked_at_its_last_one(qapp):
    model = StudyModel(
        snapshot(spec_with("asha"), [stopped(0)], reports={0: curve_of(2.0, 1.0, float("nan"))})
    )
    stops = stops_in(model)
    assert (stops.x.tolist(), stops.y.tolist()) == ([2], [1.0])


def test_that_one_that_was_far_out_is_marked_at_the_end_of_the_axis(qapp):
    reports = {n: curve_of(2.0, 1.0, 0.5) for n in range(9)} | {9: curve_of(900.0, 901.0)}
    trials = [*(made(n, PARAMS) for n in range(9)), stopped(9)]
    model = StudyModel(snapshot(spec_with("asha"), trials, reports=reports))
    assert stops_in(model).y.tolist() == [2.0]


def test_that_rungs_are_those_of_the_rule(qapp):
    levels = levels_of(model_of(made(0, PARAMS)))
    assert levels.places == levels.steps == (3, 9)
    assert levels.text == "rungs at 3 and 9 epochs"


def test_that_a_trial_of_another_bracket_has_other_rungs(qapp):
    model = model_of(*(made(n, PARAMS) for n in range(9)), rule="hyperband")
    pruner = model.spec.make_pruner()
    assert levels_of(model).steps == (3, 9)
    assert {levels_of(model, n).steps for n in range(9)} == {pruner.levels_of(n) for n in range(9)}
    last = next(n for n in range(9) if not pruner.levels_of(n))
    assert levels_of(model, last).text == f"trial {last} has no rungs"


@pytest.mark.parametrize("rule", ["median", "curve"])
def test_that_a_rule_without_rungs_shows_how_far_every_trial_gets(qapp, rule):
    levels = levels_of(model_of(made(0, PARAMS), rule=rule, min_steps=5))
    assert levels.places == (5,)
    assert levels.text == "none is stopped before 5 epochs"


def test_that_where_nothing_is_stopped_there_are_no_lines(qapp):
    assert levels_of(model_of(made(0, PARAMS), rule="none")) is None
    assert levels_of(model_of(made(0, PARAMS), rule="median", min_steps=20)) is None
    assert levels_of(model_of(made(0, PARAMS), rule="none", patience=4)).places == (3,)


def test_that_rungs_of_a_script_are_known_from_its_first_complete_trial(qapp):
    """Nobody said how many steps it makes; its first step is number 0."""
    task = ScriptTask(kind="script", file="train.py", function="objective", objective=LOSS)
    model = model_of(stopped(1), first=0)
    model.spec = model.spec.with_(task=task)
    assert levels_of(model).text == "none is stopped before 3 steps"
    model.reports[0] = curve_of(*[0.4] * 20, first=0)
    model.apply([TrialFinished(made(0, PARAMS))])
    levels = levels_of(model)
    assert (levels.steps, levels.places) == ((3, 9), (2, 8))


# -- the panel -------------------------------------------------------------------------------------


def test_that_marks_and_rungs_are_drawn_and_told(qtbot, panel):
    show(qtbot, panel, model_of(made(0, PARAMS), stopped(1), stopped(2)))
    assert (len(panel.stops), len(panel.rungs)) == (2, 2)
    assert panel.remark.text() == "▼ 2 stopped early · ┊ rungs at 3 and 9 epochs"


def test_that_a_selected_trial_says_why_it_was_stopped(qtbot, panel):
    model = show(qtbot, panel, model_of(made(0, PARAMS), stopped(1)))
    model.select(1)
    drawn(qtbot, panel)
    assert panel.remark.text() == f"▼ trial 1: {WHY}"
    panel.remark.resize(60, 20)
    assert panel.remark.toolTip() == panel.remark.text()


def test_that_the_pointer_on_a_mark_says_why_and_all_of_it_is_seen(qtbot, panel):
    show(qtbot, panel, model_of(made(0, PARAMS), stopped(1)))
    place = panel.plot.place_of(1)
    assert panel.plot.nearest(place) == 1
    panel.plot.pointed.emit(1)
    card = panel.plot.card
    assert WHY in card.text()
    assert panel.plot.rect().contains(card.geometry())
    card.show_at(card.text(), panel.plot.rect().bottomRight() * 2)
    assert panel.plot.rect().contains(card.geometry()), "the mouse has left meanwhile"


def test_that_of_very_many_curves_stopped_ones_are_marked_that_are_not_drawn(qtbot, panel):
    model = show(qtbot, panel, model_of(*(made(0, PARAMS), *map(stopped, range(1, 300)))))
    assert len(panel.stops) == 299
    panel.plot.picked.emit(panel.plot.nearest(panel.plot.place_of(200)))
    assert model.trials[model.selected].state is TrialState.PRUNED


def test_that_marks_and_rungs_can_be_put_away(qtbot, panel):
    show(qtbot, panel, model_of(made(0, PARAMS), stopped(1)))
    panel.show_stops.trigger()
    drawn(qtbot, panel)
    assert len(panel.stops) == 0
    assert panel.remark.text() == "┊ rungs at 3 and 9 epochs"
    panel.show_rungs.trigger()
    drawn(qtbot, panel)
    assert len(panel.rungs) == 0
    assert panel.remark.text() == ""


def test_that_what_is_marked_is_remembered_from_one_start_to_the_next(qtbot, tmp_path):
    with program_in(tmp_path, StandInDevices().door()) as program:
        program.window.go_to(RUN)
        program.window.page(RUN).curves.show_rungs.trigger()
    with program_in(tmp_path, StandInDevices().door()) as program:
        program.window.go_to(RUN)
        curves = program.window.page(RUN).curves
        assert (curves.show_stops.isChecked(), curves.show_rungs.isChecked()) == (True, False)
