"""Trials that go on where they were, with real workers: after a crash, a pause, or a rule."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.events import (
    StudyState,
    StudyStateChanged,
    TrialFinished,
    TrialQueued,
    TrialReported,
    TrialStarted,
)
from engine.spec import StudySpec
from engine.store import Store
from engine.study import Study, StudyError
from engine.trial import TrialState
from tests.engine.test_study_control import wait_for

SCRIPT = """
import os, pathlib, time

class TrialPruned(Exception):
    pass

def raise_when_told(trial):
    while not trial.should_prune():
        time.sleep(0.01)
    raise TrialPruned

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


@pytest.mark.parametrize("what", ["time.sleep(600)", "raise_when_told(trial)"])
def test_that_a_script_that_a_pause_interrupts_goes_on_from_its_checkpoint(
    tmp_path: Path, what: str
) -> None:
    study = make(tmp_path, what)
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


STOPPED = """
import pathlib, time

class TrialPruned(Exception):
    pass

def objective(trial):
    lr = trial.suggest_float("lr", 0.0, 1.0)
    place = pathlib.Path(trial.checkpoint_dir) / "step"
    first = int(place.read_text()) + 1 if place.exists() else 1
    while trial.number == 3 and not pathlib.Path("go").exists():
        time.sleep(0.01)
    value = 9.0 if trial.number == 2 else 1.0
    for step in range(first, 6):
        trial.report(value, step)
        place.write_text(str(step))
        while trial.number == 2 and step == 3 and first == 1:
            if trial.should_prune():
                {ending}
            time.sleep(0.01)
    return value
"""
RULE = """
[pruner]
name = "median"
min_steps = 3
min_trials = 2
"""


@pytest.mark.parametrize("ending", ["return None", "raise TrialPruned"])
def test_that_a_script_that_was_stopped_early_goes_on_from_its_checkpoint(
    tmp_path: Path, ending: str
) -> None:
    (tmp_path / "train.py").write_text(STOPPED.format(ending=ending))
    spec = SPEC.replace("trials = 1", "trials = 4") + RULE
    study = Study.create(tmp_path / "script.tune", StudySpec.parse(spec, tmp_path))
    _, events = study.subscribe()
    study.start(share=True)
    while (trial := wait_for(events, TrialFinished).trial).number != 2:
        pass
    assert trial.state is TrialState.PRUNED
    assert trial.note == "after 3 of 5 steps it is in the worse half: 9 beside a median of 1"
    assert study.continue_trial(2)
    wait_for(events, TrialQueued)
    (tmp_path / "go").touch()
    assert study.wait(60)
    assert study.trials[2].state is TrialState.COMPLETE
    reports = Store.open(study.path).reports()[2]
    assert [report.step for report in reports] == [1, 2, 3, 4, 5]
    with pytest.raises(StudyError, match="Trial 2 is complete; only a stopped one can go on"):
        study.continue_trial(2)
    study.close()


NETWORK = """
name = "network"
[task]
kind = "builtin"
network = "mlp"
data = "digits"
epochs = 6
objective = "val_cross_entropy"
[[space]]
name = "lr"
type = "float"
low = 1e-5
high = 1e-1
log = true
[method]
name = "random"
[budget]
trials = 5
[resources]
devices = ["cpu"]
"""
HALVING = """
[pruner]
name = "asha"
min_steps = 1
reduction = 2
"""


def test_that_a_network_that_was_stopped_early_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole = Study.create(tmp_path / "whole.tune", StudySpec.parse(NETWORK))
    whole.start(share=True)
    assert whole.wait(60)
    study = Study.create(tmp_path / "study.tune", StudySpec.parse(NETWORK + HALVING))
    _, events = study.subscribe()
    study.start(share=True)
    while (trial := wait_for(events, TrialFinished).trial).state is not TrialState.PRUNED:
        pass
    assert study.continue_trial(trial.number)
    study.extend(6)
    assert study.wait(60)
    ended = {t.number: t for t in study.trials if t.state is TrialState.COMPLETE}
    assert trial.number in ended
    for number in ended.keys() - {5}:
        assert ended[number].value == whole.trials[number].value
    assert list((study.path.with_name("study.tune.d") / "checkpoints").iterdir()) == []
    for one in (whole, study):
        one.close()


COMMAND = """
name = "command"
[task]
kind = "command"
argv = ["{python}", "train.py", "{{lr}}"]
objective = "loss"
[[space]]
name = "lr"
type = "float"
low = 0.0
high = 1.0
[method]
name = "random"
[budget]
trials = 3
[resources]
devices = ["cpu"]
"""
PROGRAM = """
import json, pathlib, sys, time
runs = pathlib.Path(sys.argv[1])
again = runs.exists()
runs.touch()
value = 9.0 if len(list(pathlib.Path(".").glob("0.*"))) == 3 else 1.0
for step in range(1, 6):
    print(json.dumps({"loss": value, "step": step}), flush=True)
    if step == 4 and value == 9.0 and not again:
        time.sleep(600)
"""


def test_that_a_command_that_was_stopped_early_begins_again(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(PROGRAM)
    spec = COMMAND.format(python=sys.executable) + RULE
    study = Study.create(tmp_path / "command.tune", StudySpec.parse(spec, tmp_path))
    study.start(share=True)
    assert study.wait(60)
    assert study.trials[2].state is TrialState.PRUNED
    assert not study.continue_trial(2)
    assert study.trials[2].state is TrialState.QUEUED
    study.start(share=True)
    assert study.wait(60)
    assert study.trials[2].state is TrialState.COMPLETE
    said = [line.text for line in Store.open(study.path).log() if line.number == 2]
    why = "left no checkpoint and begins again from its start: asked for by you."
    assert f"Trial 2 {why}" in said
    study.close()
