"""The window's model of a study: what events do to it, what it tells, and how quickly."""

import time
from dataclasses import replace
from functools import partial
from unittest.mock import Mock

import numpy as np
import pytest

from engine.events import (
    Logged,
    StopReason,
    StudyChanged,
    StudyState,
    StudyStateChanged,
    TrialFinished,
    TrialQueued,
    TrialReported,
    TrialStarted,
    TrialTested,
)
from engine.spec import Budget
from engine.trial import Report, Trial, TrialState
from gui.models.study_model import StudyModel
from gui.models.study_times import remaining
from tests.effort import calls_of
from tests.gui.made_up import curve, failed, grid_trials, made, running, snapshot, spec_of


@pytest.fixture
def model(qapp):
    return StudyModel(snapshot())


def _listen(model):
    names = [
        "trialsChanged",
        "reportsArrived",
        "stateChanged",
        "bestChanged",
        "selectionChanged",
        "logged",
    ]
    listeners = {name: Mock() for name in names}
    for name, listener in listeners.items():
        getattr(model, name).connect(listener)
    return listeners


def test_that_a_batch_of_events_is_told_once_for_each_kind(model):
    trials, heard = grid_trials(9), _listen(model)
    events = [TrialStarted(running(t.number, t.params)) for t in trials]
    events += [TrialReported(t.number, r) for t in trials for r in curve(t)]
    events += [TrialFinished(t) for t in trials]
    events += [Logged(0.0, "info", "a"), Logged(1.0, "info", "b")]
    model.apply(events)
    heard["trialsChanged"].assert_called_once_with(list(range(9)))
    heard["reportsArrived"].assert_called_once_with(list(range(9)))
    heard["bestChanged"].assert_called_once()
    assert [line.text for line in heard["logged"].call_args.args[0]] == ["a", "b"]
    heard["stateChanged"].assert_not_called()


def test_that_the_best_follows_the_direction_and_of_equals_is_the_earlier(qapp):
    params = spec_of().space.grid_at(0)
    values = [(3, 0.5), (1, 0.2), (2, 0.2), (0, 0.9)]
    down = StudyModel(snapshot(trials=[made(n, params, v) for n, v in values]))
    assert down.best.number == 1
    spec = spec_of()
    up_spec = spec.with_(task=spec.task.model_copy(update={"direction": "maximize"}))
    up = StudyModel(snapshot(up_spec, [made(n, params, v) for n, v in values]))
    assert up.best.number == 0


def test_that_values_that_are_not_finite_and_failed_trials_are_never_best(model):
    params = spec_of().space.grid_at(0)
    model.apply([TrialFinished(made(0, params, float("nan"))), TrialFinished(failed(1, params))])
    model.apply([TrialFinished(made(2, params, -1.0, state=TrialState.PRUNED))])
    assert model.best is None


def test_that_a_tested_best_trial_is_told_of(model):
    trial = grid_trials(1)[0]
    model.apply([TrialFinished(trial)])
    heard = _listen(model)
    model.apply([TrialTested(replace(trial, test={"test_accuracy": 0.9}))])
    heard["bestChanged"].assert_called_once()
    assert model.best.test == {"test_accuracy": 0.9}


def test_that_a_trial_that_is_run_again_starts_a_new_curve(qapp):
    trial = grid_trials(1)[0]
    interrupted = replace(trial, state=TrialState.INTERRUPTED, value=None)
    model = StudyModel(snapshot(trials=[interrupted]))
    assert len(model.reports[0]) == 20
    model.apply([TrialStarted(running(0, trial.params)), TrialReported(0, Report(1, 0.1, {}))])
    assert [report.step for report in model.reports[0]] == [1]


def test_that_a_trial_that_goes_on_from_a_checkpoint_goes_on_with_its_curve(qapp):
    trial = grid_trials(1)[0]
    model = StudyModel(snapshot(trials=[replace(trial, state=TrialState.INTERRUPTED)]))
    again = Report(20, 9.0, {})
    model.apply([TrialStarted(running(0, trial.params), continues=True), TrialReported(0, again)])
    assert [report.step for report in model.reports[0]] == list(range(1, 21))
    assert model.reports[0][-1] is again


def test_that_a_trial_added_by_hand_is_there_before_it_runs(model):
    params = spec_of().space.grid_at(3)
    model.apply([TrialQueued(Trial(0, params, TrialState.QUEUED))])
    assert model.count(TrialState.QUEUED) == 1
    assert model.progress() == (0, 25)


def test_that_a_changed_budget_and_number_of_workers_are_taken_over(model):
    spec = spec_of().with_(budget=Budget(trials=7))
    model.apply([StudyChanged(spec, workers=3)])
    assert model.progress() == (0, 7)
    assert model.workers == 3


def test_that_progress_counts_what_is_over_once(model):
    trial = grid_trials(1)[0]
    model.apply([TrialStarted(running(0, trial.params))])
    assert model.progress() == (0, 25)
    model.apply([TrialFinished(trial), TrialTested(trial)])
    assert model.progress() == (1, 25)


def test_that_the_best_so_far_is_a_step_line_that_skips_failures(qapp):
    params = spec_of().space.grid_at(0)
    trials = [failed(0, params), made(1, params, 0.5), made(2, params, 0.9), made(3, params, 0.1)]
    model = StudyModel(snapshot(trials=trials))
    np.testing.assert_equal(model.best_so_far(np.arange(4)), [np.nan, 0.5, 0.5, 0.1])


def test_that_time_runs_only_while_the_study_does(model, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    model.apply([StudyStateChanged(StudyState.RUNNING)])
    start = model.elapsed()
    now[0] += 5
    assert model.elapsed() - start == pytest.approx(5)
    model.apply([StudyStateChanged(StudyState.PAUSED)])
    now[0] += 5
    assert model.elapsed() - start == pytest.approx(5)


def test_that_remaining_time_shrinks_with_trials_and_with_epochs_of_running_ones(model):
    assert remaining(model) is None
    trials = grid_trials(5)
    model.apply([TrialFinished(replace(t, seconds=2.0)) for t in trials])
    assert remaining(model).seconds == pytest.approx(40)
    model.apply([TrialStarted(running(5, trials[0].params)), TrialReported(5, Report(10, 1.0, {}))])
    assert remaining(model).seconds == pytest.approx(39)


def test_that_a_time_budget_bounds_the_remaining_time(qapp):
    spec = spec_of()
    spec = spec.with_(budget=spec.budget.model_copy(update={"seconds": 30.0}))
    trials = [replace(t, seconds=10.0) for t in grid_trials(2)]
    model = StudyModel(snapshot(spec, trials, StudyState.PAUSED, elapsed=20.0))
    assert remaining(model).seconds == pytest.approx(10)


def test_that_a_selection_is_told_once_and_only_of_trials_that_exist(qapp):
    model = StudyModel(snapshot(trials=grid_trials(3)))
    heard = _listen(model)
    model.select(2)
    model.select(2)
    heard["selectionChanged"].assert_called_once()
    model.select(99)
    assert model.selected is None


def test_that_arrow_keys_go_through_the_trials_by_number(qapp):
    model = StudyModel(snapshot(trials=grid_trials(3)))
    seen = []
    for by in (1, 1, 1, 1, -1):
        model.select_next(by)
        seen.append(model.selected)
    assert seen == [0, 1, 2, 2, 1]


def test_that_the_state_and_why_it_stopped_are_kept(model):
    model.apply([StudyStateChanged(StudyState.FINISHED, StopReason.TARGET, "The target is met.")])
    assert (model.state, model.reason, model.message) == (
        StudyState.FINISHED,
        StopReason.TARGET,
        "The target is met.",
    )


def test_that_opening_a_study_of_ten_thousand_trials_is_a_little_work_for_each(qapp):
    spec = spec_of("digits-wide")
    params = spec.space.default()
    content = snapshot(spec, [made(n, params, 1.0 + n % 7) for n in range(10_000)])
    opened = []
    assert calls_of(lambda: opened.append(StudyModel(content))) < 100 * 10_000
    (model,) = opened
    assert model.best.number == 0
    assert model.arrays.params("lr")[77] == pytest.approx(-3)


def test_that_the_last_of_ten_thousand_trials_is_taken_in_with_no_more_work_than_the_first(qapp):
    model = StudyModel(snapshot(spec_of("digits-wide")))
    space, rng = model.spec.space, np.random.default_rng(0)
    configurations = [space.sample(rng) for _ in range(200)]
    events = [TrialFinished(made(n, configurations[n % 200], 1.0 + n % 7)) for n in range(10_000)]
    batches = [events[first : first + 100] for first in range(0, 10_000, 100)]
    work = [calls_of(partial(model.apply, batch)) for batch in batches]
    assert max(work) < 1.5 * work[0]
    assert len(model.arrays.column("value")) == 10_000
