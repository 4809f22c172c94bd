"""What the history and the learning curves are drawn from."""

from dataclasses import replace

import numpy as np
import pytest

from engine.trial import Report
from gui.models.curves_view import MOST_CURVES, CurveBook, metrics_of, view_curves
from gui.models.history_view import busy_seconds, view_history
from gui.models.scales import LogScale
from gui.models.study_model import StudyModel
from tests.gui.made_up import failed, grid_trials, made, mixed_trials, running, snapshot, spec_of

PARAMS = {"lr": 0.01, "batch_size": 64}


def _model(*trials, **changes):
    return StudyModel(snapshot(trials=trials, **changes))


def test_that_trials_without_a_value_lie_beside_the_bad_end(qapp):
    model = _model(
        made(0, PARAMS, 1.0), made(1, PARAMS, 2.0), failed(2, PARAMS), running(3, PARAMS)
    )
    view = view_history(model, by_time=False)
    scale = view.scales[1]
    assert scale.low < 1.0
    assert (view.y[2:] > 2.0).all()
    assert (view.y[2:] < scale.high).all()


def test_that_the_bad_end_is_below_when_more_is_better(qapp):
    spec = spec_of()
    spec = spec.with_(task=spec.task.model_copy(update={"direction": "maximize"}))
    model = StudyModel(
        snapshot(spec, [made(0, PARAMS, 1.0), made(1, PARAMS, 2.0), failed(2, PARAMS)])
    )
    view = view_history(model, by_time=False)
    assert view.scales[1].low < view.y[2] < 1.0


def test_that_a_value_far_out_does_not_flatten_the_others(qapp):
    trials = [made(n, PARAMS, 1.0 + n / 10) for n in range(20)]
    view = view_history(_model(*trials, made(20, PARAMS, 1e9)), by_time=False)
    assert view.scales[1].high < 4
    assert view.y[20] == pytest.approx(view.y.max())


def test_that_values_over_decades_get_a_logarithmic_axis_unless_told_otherwise(qapp):
    model = _model(*(made(n, PARAMS, 10.0**-n) for n in range(5)))
    assert isinstance(view_history(model, False).scales[1], LogScale)
    assert not isinstance(view_history(model, False, log=False).scales[1], LogScale)
    negative = _model(*(made(n, PARAMS, n - 2.0) for n in range(5)))
    assert not isinstance(view_history(negative, False, log=True).scales[1], LogScale)


def test_that_the_line_steps_down_where_a_trial_was_better(qapp):
    model = _model(*(made(n, PARAMS, v) for n, v in enumerate([3.0, 1.0, 2.0, 0.5])))
    x, y = view_history(model, by_time=False, log=False).line
    assert x.tolist() == [0, 1, 1, 3, 3]
    assert y.tolist() == [3, 3, 1, 1, 0.5]


def test_that_over_time_trials_are_in_the_order_in_which_they_were_done(qapp):
    slow = replace(made(0, PARAMS, 1.0), started=0.0, finished=90.0)
    quick = replace(made(1, PARAMS, 2.0), started=0.0, finished=30.0)
    view = view_history(_model(slow, quick, running(2, PARAMS)), by_time=True, log=False)
    assert view.x.tolist() == [90, 30]
    assert view.line[1].tolist() == [2, 2, 1]
    assert view.scales[0].label == "time (s)"


def test_that_a_night_between_two_sittings_leaves_no_gap():
    started = np.array([0.0, 10.0, 50_000.0, 50_005.0, np.nan])
    finished = np.array([10.0, 25.0, 50_010.0, 50_020.0, np.nan])
    np.testing.assert_allclose(busy_seconds(started, finished), [10, 25, 35, 45, np.nan])


def test_that_a_curve_grows_with_reports_and_starts_anew_with_its_trial():
    reports = {0: [Report(1, 0.1, {"loss": 2.0}), Report(2, 0.2, {})]}
    book = CurveBook(reports, "loss")
    np.testing.assert_equal(book.curve(0)[1], [2.0, np.nan])
    assert book.curve(0) is book.curve(0)
    reports[0].append(Report(3, 0.3, {"loss": 1.0}))
    assert book.curve(0)[0].tolist() == [1, 2, 3]
    reports[0] = [Report(1, 0.1, {"loss": n}) for n in (5.0, 4.0, 3.0)]
    assert book.curve(0)[1].tolist() == [5, 4, 3]
    assert len(book.curve(99)[0]) == 0


def test_that_the_objective_is_the_first_metric_offered(qapp):
    assert metrics_of(_model(*grid_trials(2))) == [
        "val_cross_entropy",
        "train_cross_entropy",
        "val_accuracy",
    ]
    assert metrics_of(_model()) == []


def test_that_few_curves_are_all_drawn_and_many_become_a_band(qapp):
    few = StudyModel(snapshot(spec_of("digits-wide"), mixed_trials(MOST_CURVES)))
    view = view_curves(few, CurveBook(few.reports, "val_cross_entropy"))
    assert (len(view.curves), view.band) == (MOST_CURVES, None)
    many = StudyModel(snapshot(spec_of("digits-wide"), mixed_trials(1000)))
    many.select(7)
    view = view_curves(many, CurveBook(many.reports, "val_cross_entropy"))
    assert view.band.of == 1000
    assert {many.best.number, 7, 998, 999} <= set(view.curves)
    assert len(view.curves) <= 24
    assert (view.band.low <= view.band.middle).all()
    assert (view.band.middle <= view.band.high).all()


def test_that_a_diverging_curve_does_not_flatten_the_others(qapp):
    good = {
        n: tuple(Report(s, 0.1, {"val_cross_entropy": 1.0 + 1 / s}) for s in range(1, 9))
        for n in range(9)
    }
    bad = {9: tuple(Report(s, 0.1, {"val_cross_entropy": 10.0**s}) for s in range(1, 4))}
    model = _model(*(made(n, PARAMS) for n in range(10)), reports=good | bad)
    view = view_curves(model, CurveBook(model.reports, "val_cross_entropy"), log=False)
    assert view.high < 1000


def test_that_a_logarithmic_axis_ends_at_the_highest_value_unless_it_is_far_out(qapp):
    def top(highest):
        curves = {
            n: tuple(Report(s, 0.1, {"val_cross_entropy": 2.0 / s}) for s in range(1, 101))
            for n in range(10)
        }
        curves[0] = (Report(1, 0.1, {"val_cross_entropy": highest}), *curves[0][1:])
        model = _model(*(made(n, PARAMS) for n in range(10)), reports=curves)
        return 10 ** view_curves(model, CurveBook(model.reports, "val_cross_entropy"), True).high

    assert top(2.4) == pytest.approx(2.4)
    assert top(1e6) < 10


def test_that_of_ten_thousand_curves_only_a_sample_and_the_best_are_looked_at(qapp, monkeypatch):
    reports = tuple(Report(s, 0.1, {"val_cross_entropy": 1.0 + 1 / s}) for s in range(1, 21))
    trials = [made(n, PARAMS, 1.0 + n) for n in range(10_000)]
    model = StudyModel(snapshot(spec_of(), trials, reports=dict.fromkeys(range(10_000), reports)))
    book, looked_at, curve = CurveBook(model.reports, "val_cross_entropy"), [], CurveBook.curve
    monkeypatch.setattr(CurveBook, "curve", lambda b, n: looked_at.append(n) or curve(b, n))
    view = view_curves(model, book)
    assert len(looked_at) < 500
    assert set(view.curves) == set(range(20))
