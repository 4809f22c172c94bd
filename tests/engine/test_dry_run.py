"""The dry run: real trials in a real worker, and what is concluded from them."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from engine.dry_run import DryRun, DryRunError, DryRunStoppedError, dry_run, project
from engine.spec import StudySpec

TEXT = """
name = "quick"
[task]
kind = "builtin"
network = "mlp"
data = "digits"
epochs = {epochs}
objective = "val_accuracy"
[[space]]
name = "lr"
type = "float"
low = 1e-4
high = 1e-1
log = true
[method]
name = "random"
[budget]
{budget}
[resources]
workers = 2
devices = ["cpu"]
{limits}
"""


def spec_of(epochs: int = 2, budget: str = "trials = 100", limits: str = "") -> StudySpec:
    return StudySpec.parse(TEXT.format(epochs=epochs, budget=budget, limits=limits))


def seen(**changes: object) -> DryRun:
    known = {
        "metrics": {"val_accuracy": 0.5},
        "steps": 3,
        "first_step": 2.0,
        "last_step": 4.0,
        "seconds": 5.0,
        "ended": False,
        "start": 1.5,
    }
    return DryRun(**{**known, **changes})  # type: ignore[arg-type]


def test_that_a_short_trial_is_run_to_its_end() -> None:
    found = dry_run(spec_of(epochs=2))
    assert found.ended
    assert found.steps == 2
    assert "val_accuracy" in found.metrics
    assert found.trial_seconds(2) == found.seconds > 0
    assert found.start > 0


def test_that_a_long_trial_is_watched_for_a_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.dry_run.WATCHED_SECONDS", 0.5)
    found = dry_run(spec_of(epochs=100_000))
    assert not found.ended
    assert found.steps >= 1
    whole = found.trial_seconds(100_000)
    assert whole is not None
    assert whole > 10 * found.seconds


def test_that_a_failure_is_told_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(DryRunError, match="longer than its limit"):
        dry_run(spec_of(epochs=100_000, limits="[limits]\ntrial_seconds = 0.2"))


def test_that_it_can_be_stopped() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(DryRunStoppedError):
        dry_run(spec_of(epochs=100_000), stop)


def test_that_the_steps_to_come_take_as_long_as_those_after_the_first() -> None:
    assert seen().trial_seconds(11) == 2.0 + 10 * 1.0


def test_that_a_single_step_stands_for_all() -> None:
    assert seen(steps=1, last_step=2.0).trial_seconds(10) == 20.0


def test_that_a_trial_takes_no_less_than_it_was_watched() -> None:
    assert seen().trial_seconds(4) == 5.0


def test_that_nothing_is_said_of_a_trial_whose_steps_nobody_knows() -> None:
    assert seen().trial_seconds(None) is None
    assert seen(ended=True).trial_seconds(None) == 5.0


def test_that_the_study_is_projected_for_its_workers() -> None:
    projected = project(seen(ended=True), spec_of())
    assert projected is not None
    assert projected.study.seconds == pytest.approx(5.0 * 100 / 2 + 1.5, rel=0.05)
    assert 0 < projected.study.margin < projected.study.seconds
    assert projected.gpu_hours == 0.0


def test_that_gpu_hours_count_each_gpu_for_as_long_as_the_study_takes() -> None:
    spec = spec_of().with_()
    resources = type(spec.resources)(devices=("cuda:0", "cuda:1"), per_device=2)
    projected = project(seen(ended=True, seconds=3600.0), spec.with_(resources=resources))
    assert projected is not None
    assert projected.gpu_hours == pytest.approx(2 * projected.study.seconds / 3600)


def test_that_a_study_without_a_number_of_trials_is_not_projected() -> None:
    assert project(seen(ended=True), spec_of(budget="seconds = 60")) is None


def test_that_a_trial_that_reports_no_number_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.dry_run.WATCHED_SECONDS", 0.2)
    (tmp_path / "train.py").write_text(
        "import time\ndef objective(trial):\n    trial.suggest_float('lr', 1e-4, 1e-1, log=True)\n"
        "    trial.report(float('nan'), 1)\n    time.sleep(60)\n"
    )
    text = TEXT.format(epochs=1, budget="trials = 2", limits="")
    task = text.index("[task]"), text.index("[[space]]")
    text = text[: task[0]] + '[task]\nkind = "script"\nfile = "train.py"\n' + text[task[1] :]
    with pytest.raises(DryRunError, match="reports nan as its value"):
        dry_run(StudySpec.parse(text, tmp_path))
