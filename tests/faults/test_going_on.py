"""Trials that go on where they were: after a crash, and after a pause, with real workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.events import StudyState, StudyStateChanged, TrialReported, TrialStarted
from engine.spec import StudySpec
from engine.store import Store
from engine.study import Study
from engine.trial import TrialState
from tests.engine.test_study_control import wait_for

SCRIPT = """
import os, pathlib, time

def objective(trial):
    lr = trial.suggest_float("lr", 0.0, 1.0)
    place = pathlib.Path(trial.checkpoint_dir) / "step"
    first = int(place.read_text()) + 1 if place.exists() else 1
    for step in range(first, 6):
        trial.report(lr / step, step)
        place.write_text(str(step))
        if step == 3 and first == 1:
            {what}
    return lr / 5
"""
SPEC = """
name = "script"
[task]
kind = "script"
file = "train.py"
[[space]]
name = "lr"
type = "float"
low = 0.0
high = 1.0
[method]
name = "random"
[budget]
trials = 1
[limits]
retries = 1
[resources]
devices = ["cpu"]
"""


def make(folder: Path, what: str) -> Study:
    (folder / "train.py").write_text(SCRIPT.format(what=what))
    return Study.create(folder / "script.tune", StudySpec.parse(SPEC, folder))


def check(study: Study) -> None:
    """Its one trial has all reports, in the order of time, and nothing is left to go on from."""
    (trial,) = study.trials
    assert trial.state is TrialState.COMPLETE
    assert trial.value == pytest.approx(trial.params["lr"] / 5)
    reports = Store.open(study.path).reports()[0]
    assert [report.step for report in reports] == [1, 2, 3, 4, 5]
    times = [report.seconds for report in reports]
    assert times == sorted(times)
    assert trial.seconds >= times[-1]
    assert list((study.path.with_name("script.tune.d") / "checkpoints").iterdir()) == []


def test_that_a_crashed_script_is_tried_again_from_its_checkpoint(tmp_path: Path) -> None:
    study = make(tmp_path, "os._exit(3)")
    study.start(share=True)
    assert study.wait(60)
    check(study)
    errors = [line.text for line in Store.open(study.path).log() if line.level == "error"]
    assert len(errors) == 1
    assert errors[0].startswith("Trial 0 failed (attempt 1 of 2): ")
    study.close()


def test_that_a_script_that_a_pause_interrupts_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    study = make(tmp_path, "time.sleep(600)")
    _, events = study.subscribe()
    study.start(share=True)
    while wait_for(events, TrialReported).report.step < 3:
        pass
    study.pause(now=True)
    wait_for(events, StudyStateChanged, state=StudyState.PAUSED, message="")
    assert study.trials[0].state is TrialState.INTERRUPTED
    study.resume()
    assert wait_for(events, TrialStarted).continues
    assert study.wait(60)
    check(study)
    study.close()
