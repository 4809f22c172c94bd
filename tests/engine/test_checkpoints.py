"""A trial that goes on from its checkpoint ends as if it had never been interrupted, to the bit."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from engine.tasks import checkpoints
from engine.tasks.builtin import Runner, open_task
from tests.engine.interrupted_runs import (
    BATCHES,
    EPOCHS,
    PARAMS,
    TASK,
    Context,
    Killed,
    run,
    runner_for,
)

KINDS = {
    "adam": {},
    "adamw": {"optimizer": "adamw", "weight_decay": 1e-2, "schedule": "step"},
    "sgd": {"optimizer": "sgd", "momentum": 0.0, "lr": 0.1},
    "momentum": {"optimizer": "sgd", "momentum": 0.9, "lr": 0.1, "batch_norm": True},
    "rmsprop": {"optimizer": "rmsprop", "batch_norm": True, "schedule": "constant"},
    "cnn": {"network": "cnn", "channels": 2, "blocks": 2, "width": 8, "batch_norm": True},
    "last": {"at": "last", "width": 16},
}


@pytest.fixture(scope="module")
def on_a_wish() -> Runner:
    return runner_for()


def runner_and_params(kind: str, seconds: float = 1e6) -> tuple[Runner, dict[str, Any]]:
    params = PARAMS | KINDS[kind]
    task = {name: params.pop(name) for name in ("network", "at") if name in params}
    return runner_for(seconds, **task), params


@pytest.mark.parametrize("kind", KINDS)
def test_that_a_trial_stopped_after_any_batch_ends_as_if_it_had_not_been(kind, tmp_path):
    runner, params = runner_and_params(kind)
    whole = run(runner, Context(tmp_path / "whole", params))
    for batch in range(1, EPOCHS * BATCHES + 1):
        folder = tmp_path / str(batch)
        begun = Context(folder, params, stop_after=batch)
        assert not runner.run(begun).finished
        reports, *ending = run(runner, Context(folder, params))
        assert (begun.reports + reports, *ending) == whole


@pytest.mark.parametrize("kind", KINDS)
def test_that_a_trial_killed_in_any_epoch_ends_as_if_it_had_not_been(kind, tmp_path):
    runner, params = runner_and_params(kind, seconds=0)
    whole = run(runner, Context(tmp_path / "whole", params))
    for epoch in range(EPOCHS):
        folder = tmp_path / str(epoch)
        begun = Context(folder, params, kill_after=epoch * BATCHES + 2)
        with pytest.raises(Killed):
            runner.run(begun)
        reports, *ending = run(runner, Context(folder, params))
        assert (begun.reports + reports, *ending) == whole


def test_that_a_trial_stopped_again_and_again_ends_as_if_it_had_not_been(on_a_wish, tmp_path):
    whole = run(on_a_wish, Context(tmp_path / "whole"))
    reports = []
    for _ in range(EPOCHS - 1):
        begun = Context(tmp_path, stop_after=BATCHES + 1)
        on_a_wish.run(begun)
        reports += begun.reports
    ending, *rest = run(on_a_wish, Context(tmp_path))
    assert len(ending) == 1
    assert (reports + ending, *rest) == whole


def test_that_a_trial_stopped_at_once_keeps_the_checkpoint_it_came_from(on_a_wish, tmp_path):
    on_a_wish.run(Context(tmp_path, stop_after=2 * BATCHES + 1))
    before = Context(tmp_path).file.read_bytes()
    outcome = on_a_wish.run(Context(tmp_path, stop_after=1))
    assert (outcome.finished, outcome.step) == (False, 2)
    assert Context(tmp_path).file.read_bytes() == before


def test_that_a_short_trial_writes_no_checkpoint_and_makes_no_folder(tmp_path):
    assert Runner.checkpoint_seconds == 10
    context = Context(tmp_path)
    open_task(TASK, ".", "cpu", 1).run(context)
    assert not context.checkpoint.exists()


def test_that_a_trial_stopped_in_its_first_epoch_leaves_no_folder(on_a_wish, tmp_path):
    context = Context(tmp_path, stop_after=BATCHES)
    on_a_wish.run(context)
    assert not context.checkpoint.exists()


def test_that_a_checkpoint_is_due_so_many_seconds_after_the_last_one(tmp_path, monkeypatch):
    context, written = Context(tmp_path), []
    tick = clock_that_ticks_with_reports(context, 4.0, monkeypatch)

    def report(step: int, metrics: dict[str, float]) -> None:
        written.append(context.file.read_bytes() if context.file.exists() else b"")
        tick(step, metrics)

    context.report = report
    runner_for(10.0, epochs=9).run(context)
    assert [step for step in range(1, 9) if written[step] != written[step - 1]] == [3, 6]


def clock_that_ticks_with_reports(context: Context, seconds: float, monkeypatch: Any) -> Any:
    """Let each report of `context` take `seconds`; returns its `report`."""
    now, report = [0.0], context.report

    def tick(step: int, metrics: dict[str, float]) -> None:
        now[0] += seconds
        report(step, metrics)

    monkeypatch.setattr(checkpoints, "time", SimpleNamespace(monotonic=lambda: now[0]))
    context.report = tick
    return tick


@pytest.mark.parametrize("epoch", range(1, 9))
def test_that_the_newer_of_what_is_kept_and_what_is_written_counts(epoch, tmp_path, monkeypatch):
    runner = runner_for(10.0, epochs=9)
    begun = Context(tmp_path, stop_after=epoch * BATCHES + 1)
    clock_that_ticks_with_reports(begun, 4.0, monkeypatch)
    runner.run(begun)
    runner.run(again := Context(tmp_path))
    assert [step for step, _ in begun.reports + again.reports] == list(range(1, 10))


def test_that_a_state_too_large_to_be_kept_twice_goes_on_from_the_last_file(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "_MOST_KEPT", 1000)
    runner = runner_for()
    context = Context(tmp_path, stop_after=2 * BATCHES + 1)
    runner.run(context)
    assert not context.checkpoint.exists()
    runner.checkpoint_seconds = 0
    runner.run(context := Context(tmp_path, stop_after=2 * BATCHES + 1))
    again = Context(tmp_path)
    runner.run(again)
    assert [step for step, _ in context.reports + again.reports] == [1, 2, 3, 4]
