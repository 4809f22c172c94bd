"""Real studies commanded while they run, pause, and after they have ended."""

from __future__ import annotations

import queue
import re
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.events import (
    Event,
    StopReason,
    StudyState,
    StudyStateChanged,
    TrialFinished,
    TrialQueued,
    TrialReported,
    TrialStarted,
)
from engine.space import Float, Int, SearchSpace
from engine.spec import Budget, Limits, SpecError
from engine.store import Store
from engine.study import Study, StudyError
from engine.trial import TrialState
from tests.engine.simulation import make_spec

NARROW = SearchSpace(
    [Float("lr", 1e-3, 1e-1, log=True, grid=3), Int("batch_size", 32, 512, log=True, grid=5)]
)


@pytest.fixture
def study(tmp_path: Path):
    study = Study.create(tmp_path / "small.tune", make_spec("grid", "trials = 3"))
    yield study
    study.close()


def wait_for(events: queue.SimpleQueue[Event], kind: type, **attributes: Any) -> Any:
    """The next event of a kind whose attributes are these."""
    while True:
        event = events.get(timeout=60)
        if isinstance(event, kind) and all(
            getattr(event, name) == value for name, value in attributes.items()
        ):
            return event


def test_that_a_study_is_paused_at_once_and_ends_as_if_it_had_not_been(
    study: Study, tmp_path: Path
) -> None:
    whole = Study.create(tmp_path / "whole.tune", study.spec)
    whole.start(share=True)
    assert whole.wait(60)
    _, events = study.subscribe()
    study.start(share=True)
    wait_for(events, TrialReported)
    study.pause(now=True)
    wait_for(events, StudyStateChanged, state=StudyState.PAUSED, message="")
    assert not any(trial.state is TrialState.RUNNING for trial in study.trials)
    study.resume()
    assert study.wait(60)
    assert [(t.params, t.value) for t in study.trials] == [
        (t.params, t.value) for t in whole.trials
    ]
    whole.close()


def test_that_a_running_study_is_changed(study: Study) -> None:
    _, events = study.subscribe()
    study.start()
    wait_for(events, TrialStarted)
    study.change(limits=Limits(trial_seconds=500.0), workers=2, budget=Budget(trials=6))
    study.change(space=NARROW)
    assert study.wait(90)
    assert study.reason is StopReason.TRIALS
    assert [t.state for t in study.trials] == [TrialState.COMPLETE] * 6
    assert {t.worker for t in study.trials} == {0, 1}
    assert study.workers == 2
    assert all(t.params["lr"] >= 1e-3 for t in study.trials[2:])
    assert Store.open(study.path).spec().limits == Limits(trial_seconds=500.0)


def test_that_a_study_that_has_not_begun_is_changed_on_disk(study: Study) -> None:
    study.change(workers=3, space=NARROW)
    again = Study.open(study.path)
    assert again.spec.resources.workers == 3
    assert again.spec.space == NARROW
    again.close()


def test_that_a_change_that_does_not_fit_the_task_is_refused_at_once(study: Study) -> None:
    with pytest.raises(SpecError, match="temperature"):
        study.change(space=SearchSpace([Float("temperature", 0.0, 1.0)]))
    with pytest.raises(SpecError, match="workers"):
        study.change(workers=0)


def test_that_repeats_by_five_seeds_train_as_one_stack(study: Study) -> None:
    params = {"lr": 1e-3, "batch_size": 32}
    study.enqueue(params)
    study.run_again(0, seeds=5)
    study.start()
    assert study.wait(60)
    trials = study.trials
    assert [(t.params, t.state) for t in trials] == [(params, TrialState.COMPLETE)] * 6
    assert len({t.value for t in trials}) == 6, "each by a seed of its own"
    assert max(t.started for t in trials) < min(t.finished for t in trials)
    said = [line.text for line in Store.open(study.path).log()]
    assert any(re.fullmatch(r"Trials like 0 train \d+ at a time\.", line) for line in said)


def test_that_a_trial_of_a_finished_study_is_run_again_with_the_same_result(study: Study) -> None:
    study.start()
    assert study.wait(60)
    with pytest.raises(StudyError, match=r"small\.tune has no trial 7"):
        study.run_again(7)
    _, events = study.subscribe()
    study.run_again(1)
    assert wait_for(events, TrialQueued).trial == study.trials[3]
    assert study.has_more_to_do()
    study.start()
    assert wait_for(events, TrialFinished).trial.number == 3
    assert study.wait(60)
    first, again = study.trials[1], study.trials[3]
    assert (again.params, again.seed, again.value) == (first.params, first.seed, first.value)
    assert study.state is StudyState.FINISHED
    assert len(study.trials) == 4


def test_that_a_configuration_is_added_to_a_study_that_has_not_begun(study: Study) -> None:
    params = {"lr": 1e-3, "batch_size": 100}
    study.enqueue(params)
    assert Study.open(study.path).trials[0].params == params
    study.start()
    assert study.wait(60)
    assert [t.state for t in study.trials] == [TrialState.COMPLETE] * 3
    assert study.trials[0].params == params


def test_that_the_processes_of_the_workers_are_known_while_the_study_is_at_work(
    study: Study,
) -> None:
    assert study.processes() == {}
    _, events = study.subscribe()
    study.start(share=True)
    wait_for(events, TrialReported)
    (process,) = study.processes().values()
    assert psutil.Process(process).parent() == psutil.Process()
    assert study.wait(60)
    assert study.processes() == {}
