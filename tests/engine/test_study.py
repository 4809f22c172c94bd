"""Studies as the program commands them, with real workers training real networks."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from engine import headless
from engine.events import (
    Event,
    StopReason,
    StudyChanged,
    StudyState,
    StudyStateChanged,
    TrialFinished,
    TrialReported,
)
from engine.executors.turns import turns
from engine.spec import StudySpec
from engine.study import LockedError, Study, StudyError
from engine.trial import TrialState
from tests.engine.simulation import make_spec


def quick_spec(trials: int = 4, **changes: object) -> StudySpec:
    """Real training, but little of it."""
    return make_spec("grid", f"trials = {trials}").with_(**changes)


@pytest.fixture
def study(tmp_path: Path):
    study = Study.create(tmp_path / "quick.tune", quick_spec())
    yield study
    study.close()


def drain(events) -> list:
    found = []
    while not events.empty():
        found.append(events.get_nowait())
    return found


def test_that_a_study_trains_tests_its_best_and_is_there_when_opened_again(study: Study) -> None:
    assert study.best is None
    assert study.state is StudyState.NEW
    _, events = study.subscribe()
    study.start()
    assert study.wait(60)
    assert [t.state for t in study.trials] == [TrialState.COMPLETE] * 4
    assert study.best == min(study.trials, key=lambda trial: trial.value)
    assert study.best.test["test_accuracy"] > 0.1
    assert study.weights_of(study.best.number).exists()
    heard = drain(events)
    assert sum(isinstance(event, TrialReported) for event in heard) == 12
    assert sum(isinstance(event, TrialFinished) for event in heard) == 4
    again = Study.open(study.path)
    assert again.trials == study.trials
    assert again.best == study.best
    assert again.state is StudyState.FINISHED
    with pytest.raises(StudyError, match="is finished; give it more trials"):
        again.start()
    again.close()


def test_that_a_snapshot_and_the_events_after_it_tell_the_whole_story(study: Study) -> None:
    study.start()
    snapshots = []

    def join_late() -> None:
        snapshots.append(study.subscribe())

    timer = threading.Timer(2.5, join_late)
    timer.start()
    assert study.wait(60)
    timer.join()
    snapshot, events = snapshots[0]
    seen = {t.number: t for t in snapshot.trials if t.state.is_finished}
    seen |= {e.trial.number: e.trial for e in drain(events) if isinstance(e, TrialFinished)}
    assert {n: t.value for n, t in seen.items()} == {t.number: t.value for t in study.trials}


def test_that_a_second_study_waits_for_the_devices(tmp_path: Path) -> None:
    first = Study.create(tmp_path / "first.tune", quick_spec(trials=2))
    second = Study.create(tmp_path / "second.tune", quick_spec(trials=1))
    _, events = second.subscribe()
    first.start()
    second.start()
    assert second.wait(90)
    states = [e.state for e in drain(events) if isinstance(e, StudyStateChanged)]
    assert states[:2] == [StudyState.WAITING, StudyState.RUNNING]
    assert first.state is StudyState.FINISHED
    assert second.trials[0].started >= max(t.finished for t in first.trials)
    first.close()
    second.close()


def test_that_a_study_that_waits_can_be_stopped(tmp_path: Path) -> None:
    first = Study.create(tmp_path / "first.tune", quick_spec(trials=2))
    second = Study.create(tmp_path / "second.tune", quick_spec(trials=1))
    first.start()
    second.start()
    second.stop()
    assert second.wait(10)
    assert second.state is StudyState.STOPPED
    assert second.trials == ()
    first.close()
    assert first.reason in (StopReason.USER, StopReason.TRIALS)
    second.close()


def test_that_a_headless_run_hears_of_the_end_and_does_not_look_for_it(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headless, "LOOK_SECONDS", 3600.0)
    _, events = study.subscribe()
    devices_of_another = turns.request({"cpu"}, lambda: None)
    study.start()
    study.stop()
    shown: list[Event | None] = []
    headless._follow(study, events, shown.append)
    turns.release(devices_of_another)
    assert study.wait(0)
    assert isinstance(shown[-1], StudyStateChanged)
    assert shown[-1].state is StudyState.STOPPED


def test_that_a_running_study_cannot_be_started_by_somebody_else(study: Study) -> None:
    study.start()
    other = Study.open(study.path)
    snapshot, _ = other.subscribe()
    assert "is being run by" in snapshot.read_only_because
    with pytest.raises(LockedError, match="is being run by"):
        other.start()
    other.close()
    study.stop()
    assert study.wait(20)


def test_that_a_study_that_reached_its_target_goes_on_when_it_is_given_more(
    tmp_path: Path,
) -> None:
    easy = make_spec("grid", "trials = 3\ntarget = 1000.0")
    study = Study.create(tmp_path / "easy.tune", easy)
    study.start()
    assert study.wait(60)
    assert (len(study.trials), study.reason) == (1, StopReason.TARGET)
    with pytest.raises(StudyError, match="is finished"):
        study.start()
    _, events = study.subscribe()
    study.extend(2)
    study.start()
    assert study.wait(60)
    assert (len(study.trials), study.reason) == (2, StopReason.TRIALS)
    assert isinstance(drain(events)[0], StudyChanged)
    assert Study.open(study.path).spec.budget.target is None
    study.close()


def test_that_a_task_whose_data_are_missing_is_refused_before_a_file_is_made(
    tmp_path: Path,
) -> None:
    spec = quick_spec()
    task = type(spec.task)(**{**dict(spec.task), "data": "absent.csv", "target": "price"})
    with pytest.raises(ValueError, match=r"absent\.csv"):
        Study.create(tmp_path / "none.tune", spec.with_(task=task))
    assert list(tmp_path.glob("none*")) == []
