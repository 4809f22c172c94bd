"""A trial that goes on from its checkpoint ends as if it had never been interrupted, to the bit."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from engine.tasks import checkpoints
from engine.tasks.builtin import Runner, open_task

EPOCHS = 4
BATCHES = math.ceil(1078 / 512)
TASK = {"data": "digits", "network": "mlp", "objective": "val_cross_entropy", "epochs": EPOCHS}
PARAMS = {"lr": 0.01, "batch_size": 512, "dropout": 0.3, "schedule": "cosine"}
KINDS = {
    "adam": {},
    "adamw": {"optimizer": "adamw", "weight_decay": 1e-2, "schedule": "step"},
    "sgd": {"optimizer": "sgd", "momentum": 0.0, "lr": 0.1},
    "momentum": {"optimizer": "sgd", "momentum": 0.9, "lr": 0.1, "batch_norm": True},
    "rmsprop": {"optimizer": "rmsprop", "batch_norm": True, "schedule": "constant"},
    "cnn": {"network": "cnn", "channels": 2, "blocks": 2, "width": 8, "batch_norm": True},
    "last": {"at": "last", "width": 16},
}


class Killed(BaseException):
    """As if the process ended here."""


@dataclass
class Context:
    """A trial in `folder` that is stopped, or killed, after so many batches."""

    folder: Path
    params: dict[str, Any] = field(default_factory=lambda: PARAMS)
    stop_after: int | None = None
    kill_after: int | None = None
    seed: int = 0
    number: int = 0
    reports: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    batches: int = 0

    @property
    def weights(self) -> Path:
        return self.folder / "weights"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint"

    @property
    def file(self) -> Path:
        return self.checkpoint / checkpoints.FILE

    def report(self, step: int, metrics: dict[str, float]) -> None:
        self.reports.append((step, metrics))

    def should_stop(self) -> bool:
        self.batches += 1
        if self.batches == self.kill_after:
            raise Killed
        return self.batches == self.stop_after


def runner_for(seconds: float = 1e6, base: Path | str = ".", **task: Any) -> Runner:
    """A runner that leaves `seconds` between checkpoints."""
    runner = open_task({**TASK, **task}, str(base), "cpu", 1)
    runner.checkpoint_seconds = seconds
    return runner


def runner_and_params(kind: str, seconds: float = 1e6) -> tuple[Runner, dict[str, Any]]:
    params = PARAMS | KINDS[kind]
    task = {name: params.pop(name) for name in ("network", "at") if name in params}
    return runner_for(seconds, **task), params


def run(runner: Runner, context: Context) -> tuple[list[Any], Any, bytes]:
    """All that a trial tells: reports, outcome, weights."""
    outcome = runner.run(context)
    return context.reports, outcome, context.weights.read_bytes()


@pytest.fixture(scope="module")
def every_epoch() -> Runner:
    return runner_for(0)


@pytest.fixture(scope="module")
def on_a_wish() -> Runner:
    return runner_for()


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


@pytest.mark.parametrize(
    ("task", "context"),
    [
        ({"epochs": 5}, {}),
        ({"network": "cnn"}, {}),
        ({"data": "breast_cancer"}, {}),
        ({"at": "last"}, {}),
        ({"objective": "val_accuracy"}, {}),
        ({}, {"seed": 1}),
        ({}, {"params": {**PARAMS, "lr": 0.02}}),
        ({}, {"params": {**PARAMS, "weight_decay": 0.5}}),
    ],
)
def test_that_a_checkpoint_of_other_settings_is_not_gone_on_from(
    task, context, on_a_wish, tmp_path, capfd
):
    on_a_wish.run(Context(tmp_path, stop_after=2 * BATCHES + 1))
    other = Context(tmp_path, **context)
    runner_for(**task).run(other)
    assert other.reports[0][0] == 1
    said = capfd.readouterr().out
    assert "belongs to a trial with other settings or data; the trial starts again." in said


def test_that_a_checkpoint_of_other_rows_is_not_gone_on_from(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 4)), np.arange(400) % 2
    for shift in (0.0, 0.5):
        np.savez(tmp_path / "rows.npz", x=x + shift * rng.normal(size=x.shape), y=y)
        context = Context(tmp_path, stop_after=None if shift else 4)
        runner_for(base=tmp_path, data="rows.npz").run(context)
        assert context.reports[0][0] == 1
        assert context.file.exists()


def damage_cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def damage_empty(file: Path) -> None:
    file.write_bytes(b"")


def damage_text(file: Path) -> None:
    file.write_text("not a checkpoint")


def damage_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def damage_weights_alone(file: Path) -> None:
    save_file({"x": np.zeros(3)}, file)


def damage_a_tensor_is_gone(file: Path) -> None:
    content = file.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    tensors = load_file(file)
    del tensors["random.dropout"]
    save_file(tensors, file, header["__metadata__"])


DAMAGES = [value for name, value in sorted(globals().items()) if name.startswith("damage_")]


@pytest.mark.parametrize("damage", DAMAGES)
def test_that_a_damaged_checkpoint_is_told_and_the_trial_starts_again(
    damage, on_a_wish, tmp_path, capfd
):
    whole = run(on_a_wish, Context(tmp_path / "whole"))
    on_a_wish.run(Context(tmp_path, stop_after=2 * BATCHES + 1))
    damage(Context(tmp_path).file)
    assert run(on_a_wish, Context(tmp_path)) == whole
    said = capfd.readouterr().out
    assert said.count("\n") == 1
    assert str(Context(tmp_path).file) in said
    assert said.endswith("; the trial starts again.\n")


def test_that_one_wrong_byte_anywhere_is_noticed(on_a_wish, tmp_path, capfd):
    on_a_wish.run(Context(tmp_path, stop_after=2 * BATCHES + 1))
    file = Context(tmp_path).file
    whole, identity = file.read_bytes(), identity_in(file)
    kept = checkpoints.Checkpoints(file.parent, lambda: identity, 0)
    assert kept.load() is not None
    for place in np.random.default_rng(0).choice(len(whole), 200, replace=False):
        wrong = bytearray(whole)
        wrong[place] ^= 1 + place % 255
        file.write_bytes(wrong)
        assert kept.load() is None, place


def identity_in(file: Path) -> str:
    content = file.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    identity: str = header["__metadata__"]["identity"].partition(" ")[2]
    return identity


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit of a file's size")
def test_that_a_full_disk_costs_the_checkpoint_and_not_the_trial(every_epoch, tmp_path, capfd):
    import resource

    whole = run(every_epoch, Context(tmp_path / "whole"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    begun, rest = Context(tmp_path, stop_after=BATCHES + 1), Context(tmp_path)
    every_epoch.run(begun)
    before = begun.file.read_bytes()
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        ending = run(every_epoch, rest)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (begun.reports + ending[0], *ending[1:]) == whole
    assert os.listdir(rest.checkpoint) == [checkpoints.FILE]
    assert rest.file.read_bytes() == before
    assert "cannot be written" in capfd.readouterr().out


def test_that_a_checkpoint_that_cannot_be_written_leaves_nothing(every_epoch, tmp_path, capfd):
    context = Context(tmp_path / "run")
    context.folder.mkdir()
    context.checkpoint.write_text("a file in the folder's place")
    assert every_epoch.run(context).finished
    assert sorted(os.listdir(context.folder)) == ["checkpoint", "weights"]
    assert "cannot be written" in capfd.readouterr().out


def test_that_a_trial_has_one_file_and_what_a_killed_write_left_is_cleared(every_epoch, tmp_path):
    context = Context(tmp_path, stop_after=2 * BATCHES + 1)
    context.checkpoint.mkdir()
    context.file.with_suffix(".part").write_text("half of a check")
    every_epoch.run(context)
    assert os.listdir(context.checkpoint) == [checkpoints.FILE]


def reports_among(said: list[dict[str, Any]]) -> dict[int, dict[str, float]]:
    return {m["step"]: m["metrics"] for m in said if m["type"] == "report"}


OUTCOME = ("type", "value", "step", "metrics", "finished")
WORKER = """if True:
    import sys
    from engine.executors import worker
    from engine.tasks.builtin import Runner

    Runner.checkpoint_seconds = 0.0
    sys.exit(worker.main())
"""


class Worker:
    """A real worker process that writes a checkpoint at each epoch's end."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def run(self, folder: Path, until: int | None = None) -> list[dict[str, Any]]:
        """What a trial says that is killed after the report of epoch `until`."""
        task = {**TASK, "kind": "builtin", "epochs": 30}
        self.send(type="open", task=task, base=".", device="cpu", threads=1)
        trial = {"trial": 0, "params": PARAMS, "seed": 5}
        places = {"weights": str(folder / "weights"), "checkpoint": str(folder / "checkpoint")}
        self.send(type="run", **trial, **places)
        said: list[dict[str, Any]] = []
        for line in self.process.stdout:
            said.append(json.loads(line))
            if said[-1]["type"] == "result" or said[-1].get("step", 0) == until:
                self.process.kill()
        return said

    def send(self, **message: Any) -> None:
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()


def test_that_a_worker_killed_twice_goes_on_and_ends_as_if_it_had_not_been(tmp_path):
    with Worker() as worker:
        whole = worker.run(tmp_path / "whole")
    heard: dict[int, Any] = {}
    for until in (6, 17, None):
        with Worker() as worker:
            said = worker.run(tmp_path, until)
        reports = reports_among(said)
        first, last = min(reports), max(heard, default=0)
        assert list(reports) == list(range(first, max(reports) + 1))
        assert first == last + 1 or first == last > 0  # killed before its checkpoint was whole
        heard |= reports
    assert heard == reports_among(whole)
    assert [said[-1][name] for name in OUTCOME] == [whole[-1][name] for name in OUTCOME]
    weights = [(folder / "weights").read_bytes() for folder in (tmp_path, tmp_path / "whole")]
    assert weights[0] == weights[1]
