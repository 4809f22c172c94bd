"""Checkpoints that are not gone on from, and those that cannot be written."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from engine.tasks import checkpoints
from engine.tasks.builtin import Runner
from tests.engine.interrupted_runs import BATCHES, PARAMS, Context, run, runner_for


@pytest.fixture(scope="module")
def every_epoch() -> Runner:
    return runner_for(0)


@pytest.fixture(scope="module")
def on_a_wish() -> Runner:
    return runner_for()


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
