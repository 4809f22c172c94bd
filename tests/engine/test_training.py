"""Real trials on real data: what they reach, what they report, and that they repeat exactly."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.tasks import catalog
from engine.tasks.builtin import Diverged, open_task
from engine.tasks.dataset import DataError, TaskError
from engine.tasks.hyperparameters import SCHEDULES
from engine.tasks.stack_formation import Formation
from engine.tasks.training import batch_sizes, schedule_factor
from tests.engine.trained_alone import torch_schedule

DIGITS = {"kind": "builtin", "data": "digits", "network": "mlp", "objective": "val_cross_entropy"}


@dataclass
class Context:
    params: dict[str, Any]
    seed: int = 0
    weights: Path | None = None
    checkpoint: Path | None = None
    stop_after: int | None = None
    number: int = 0
    reports: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    asked: int = 0

    def report(self, step: int, metrics: dict[str, float]) -> None:
        self.reports.append((step, metrics))

    def should_stop(self) -> bool:
        self.asked += 1
        return self.stop_after is not None and self.asked > self.stop_after


def runner_for(base: Path | str = ".", **task):
    return open_task({**DIGITS, "direction": None, **task}, str(base), "cpu", 1)


@pytest.fixture(scope="module")
def digits():
    return runner_for(epochs=8)


@pytest.mark.parametrize(
    ("network", "params"),
    [
        ("mlp", {"lr": 3e-3, "batch_size": 32}),
        ("mlp", {"lr": 0.05, "batch_size": 32, "optimizer": "sgd", "momentum": 0.9}),
        ("mlp", {"lr": 3e-3, "optimizer": "adamw", "weight_decay": 1e-2, "schedule": "cosine"}),
        ("mlp", {"lr": 3e-3, "optimizer": "rmsprop", "batch_norm": True, "dropout": 0.2}),
        ("mlp", {"lr": 3e-3, "width_1": 96, "depth": 3, "label_smoothing": 0.1}),
        ("cnn", {"lr": 5e-3, "batch_size": 32}),
        ("cnn", {"lr": 5e-3, "batch_size": 32, "batch_norm": True, "pooling": "average"}),
    ],
)
def test_that_digits_are_learned_in_a_few_epochs(network, params):
    context = Context(params)
    outcome = runner_for(network=network, epochs=8, objective="val_accuracy").run(context)
    assert outcome.finished
    assert outcome.value > 0.9
    assert outcome.metrics["train_accuracy"] > 0.9


def test_that_diabetes_is_predicted_better_than_by_its_mean():
    runner = runner_for(data="diabetes", objective="val_r2", epochs=30)
    context = Context({"lr": 3e-3, "weight_decay": 1e-3})
    outcome = runner.run(context)
    assert 0.3 < outcome.value < 0.7
    assert outcome.metrics["val_mae"] == pytest.approx(43, abs=8)
    assert set(outcome.metrics) == set(catalog.objectives("regression"))


def test_that_breast_cancer_is_told_apart():
    outcome = runner_for(data="breast_cancer", objective="val_f1").run(Context({"lr": 1e-2}))
    assert outcome.value > 0.93


def test_that_each_epoch_reports_all_metrics_and_the_best_one_counts(digits):
    context = Context({"lr": 3e-3})
    outcome = digits.run(context)
    assert [step for step, _ in context.reports] == list(range(1, 9))
    for _, metrics in context.reports:
        assert set(metrics) == set(catalog.objectives("classification"))
        assert all(type(value) is float and math.isfinite(value) for value in metrics.values())
    losses = {step: metrics["val_cross_entropy"] for step, metrics in context.reports}
    assert outcome.value == min(losses.values())
    assert outcome.step == min(losses, key=losses.get)
    assert outcome.metrics == dict(context.reports)[outcome.step]


def test_that_the_last_epoch_counts_where_that_is_asked_for(tmp_path):
    runner = runner_for(epochs=6, at="last", objective="val_accuracy")
    context = Context({"lr": 0.05}, weights=tmp_path / "w")
    outcome = runner.run(context)
    assert outcome.step == 6
    assert outcome.value == context.reports[-1][1]["val_accuracy"]
    assert (tmp_path / "w").exists()


def test_that_a_stated_direction_wins_over_the_metrics_own():
    runner = runner_for(epochs=4, objective="val_cross_entropy", direction="maximize")
    context = Context({"lr": 1e-2})
    outcome = runner.run(context)
    assert outcome.value == max(shown["val_cross_entropy"] for _, shown in context.reports)


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_that_the_same_seed_gives_the_same_numbers_whatever_ran_before(network):
    params = {"lr": 3e-3, "dropout": 0.3, "batch_norm": True}
    runner = runner_for(network=network, epochs=3)
    first = Context(params, seed=7)
    runner.run(first)
    runner.run(Context({"lr": 0.1, "batch_size": 33}, seed=3))
    torch.manual_seed(1234)
    torch.rand(10)
    again, other = Context(params, seed=7), Context(params, seed=8)
    runner_for(network=network, epochs=3).run(again)
    runner.run(other)
    assert first.reports == again.reports
    assert first.reports != other.reports


def test_that_stored_weights_are_those_of_the_best_epoch_and_give_the_test_metrics(
    digits, tmp_path, monkeypatch
):
    path = tmp_path / "deep" / "best.safetensors"
    outcome = digits.run(Context({"lr": 3e-3}, weights=path))
    assert [child.name for child in path.parent.iterdir()] == ["best.safetensors"]
    tested = digits.test({"lr": 3e-3}, 0, path)
    assert set(tested) == {f"test_{name}" for name in catalog.metrics("classification")}
    assert tested["test_accuracy"] > 0.9
    monkeypatch.setattr(digits, "dataset", replace(digits.dataset, test=digits.dataset.validation))
    validated = digits.test({"lr": 3e-3}, 0, str(path))
    assert validated["test_cross_entropy"] == pytest.approx(outcome.value, rel=1e-5)


def test_that_the_search_never_sees_the_test_part(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(90, 4)), np.arange(90) % 2
    parts = np.array(["train", "validation", "test"])[np.arange(90) % 3]
    seen = []
    for scramble in (False, True):
        if scramble:
            x[parts == "test"] *= -1e6
            y[parts == "test"] = 1 - y[parts == "test"]
        np.savez(tmp_path / "d.npz", x=x, y=y, split=parts)
        context = Context({"lr": 1e-2})
        runner_for(tmp_path, data="d.npz", epochs=3).run(context)
        assert not any(name.startswith("test") for _, shown in context.reports for name in shown)
        seen.append(context.reports)
    assert seen[0] == seen[1]


def test_that_weights_of_another_configuration_are_refused(digits, tmp_path):
    path = tmp_path / "w.safetensors"
    digits.run(Context({"width": 32}, weights=path))
    with pytest.raises(TaskError, match="holds no weights of this configuration"):
        digits.test({"width": 33}, 0, path)
    path.write_bytes(b"broken")
    with pytest.raises(TaskError, match="holds no weights"):
        digits.test({"width": 32}, 0, path)
    with pytest.raises(TaskError, match="holds no weights"):
        digits.test({"width": 32}, 0, tmp_path / "gone")


def test_that_data_without_a_test_part_has_no_test_metrics(tmp_path):
    np.savez(
        tmp_path / "d.npz", x=np.random.default_rng(0).normal(size=(60, 3)), y=np.arange(60) % 2
    )
    split = {"train": 0.8, "validation": 0.2, "test": 0.0}
    runner = runner_for(tmp_path, data="d.npz", epochs=1, split=split)
    runner.run(Context({}, weights=tmp_path / "w"))
    assert runner.test({}, 0, tmp_path / "w") == {}


@pytest.mark.parametrize(
    ("task", "params"),
    [
        ({"data": "diabetes", "objective": "val_mse"}, {"lr": 1e6, "optimizer": "sgd"}),
        ({"objective": "val_cross_entropy"}, {"lr": 1e20, "optimizer": "sgd"}),
    ],
)
def test_that_a_loss_that_runs_away_is_told_with_its_epoch(task, params, tmp_path):
    runner = runner_for(**task, epochs=10)
    with pytest.raises(Diverged, match=r"The loss became (NaN|infinite) in epoch \d+"):
        runner.run(Context(params, weights=tmp_path / "w"))
    assert not (tmp_path / "w").exists()


def test_that_stopping_is_asked_after_each_batch_and_keeps_the_best_so_far(digits, tmp_path):
    batches = math.ceil(1078 / 64)
    context = Context({"lr": 3e-3}, weights=tmp_path / "w", stop_after=3 * batches + 2)
    outcome = digits.run(context)
    assert not outcome.finished
    assert len(context.reports) == 3
    assert context.asked == 3 * batches + 3
    assert outcome.value == min(metrics["val_cross_entropy"] for _, metrics in context.reports)
    assert digits.test({"lr": 3e-3}, 0, tmp_path / "w")


def test_that_a_trial_stopped_before_its_first_epoch_has_no_value(digits, tmp_path):
    outcome = digits.run(Context({}, weights=tmp_path / "w", stop_after=0))
    assert (outcome.value, outcome.step, outcome.metrics, outcome.finished) == (
        None,
        None,
        {},
        False,
    )
    assert not (tmp_path / "w").exists()


def test_that_a_batch_may_be_larger_than_the_data_and_a_single_last_row_joins_its_neighbour():
    assert batch_sizes(10, 4) == [4, 4, 2]
    assert batch_sizes(9, 4) == [4, 5]
    assert batch_sizes(8, 4) == [4, 4]
    assert batch_sizes(3, 512) == [3]
    assert batch_sizes(3, 1) == [1, 1, 1]
    assert batch_sizes(1, 4) == [1]
    for rows in range(1, 60):
        for batch in range(1, 70):
            assert sum(batch_sizes(rows, batch)) == rows


def test_that_each_epoch_shows_every_row_once_in_a_new_order(monkeypatch):
    shown, step = [], Formation.step

    def seen(formation, batch, rates):
        shown.extend(batch.chosen[0].tolist())
        return step(formation, batch, rates)

    monkeypatch.setattr(Formation, "step", seen)
    runner_for(epochs=2).run(Context({"batch_size": 100}))
    first, second = shown[:1078], shown[1078:]
    assert sorted(first) == sorted(second) == list(range(1078))
    assert first != second


def test_that_schedules_start_at_the_full_rate_and_go_down():
    assert [schedule_factor("step", at) for at in (0, 0.49, 0.5, 0.74)] == [1, 1, 0.1, 0.1]
    assert [schedule_factor("step", at) for at in (0.75, 0.99)] == [0.1**2] * 2
    assert schedule_factor("cosine", 0) == 1
    assert schedule_factor("cosine", 0.5) == pytest.approx(0.5)
    assert schedule_factor("cosine", 1) == pytest.approx(0)
    assert schedule_factor("constant", 0.9) == 1


@pytest.mark.parametrize("steps", [15, 40])
@pytest.mark.parametrize("name", SCHEDULES)
def test_that_schedules_are_those_of_torch(name, steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    schedule = torch_schedule(optimizer, name, steps)
    for step in range(steps):
        factor = schedule_factor(name, step / steps)
        assert schedule.get_last_lr() == [pytest.approx(0.3 * factor, abs=1e-9)]
        optimizer.step()
        schedule.step()


@pytest.mark.parametrize(
    ("task", "says"),
    [
        ({"data": "diabetes", "objective": "val_accuracy"}, "is a regression set"),
        ({"objective": "val_mse"}, "digits is a classification set, which has no val_mse"),
        ({"network": "cnn", "data": "breast_cancer"}, "cnn needs images"),
        ({"data": "gone.csv"}, "there is no file"),
        ({"objective": "test_accuracy"}, "would let the search see the test part"),
    ],
)
def test_that_a_task_that_cannot_run_is_refused_on_opening(task, says):
    with pytest.raises(ValueError, match=says):
        runner_for(**task)


def test_that_parameters_that_the_network_cannot_take_are_refused(digits):
    with pytest.raises(TaskError, match="wdith: mlp has no such hyperparameter"):
        digits.run(Context({"wdith": 3}))
    with pytest.raises(ValueError, match="lr: -1 is too low"):
        digits.run(Context({"lr": -1.0}))


def test_that_batch_norm_over_single_rows_is_refused_with_the_mend(digits):
    with pytest.raises(TaskError, match="batch_size: batch normalisation needs at least 2 rows"):
        digits.run(Context({"batch_size": 1, "batch_norm": True}))


def test_that_training_loads_no_compiler_and_nothing_of_other_kinds_of_data():
    code = """if True:
        import sys
        from types import SimpleNamespace
        from engine.tasks.builtin import open_task

        task = {"data": "digits", "network": "mlp", "objective": "val_f1", "epochs": 1}
        trial = SimpleNamespace(number=0, params={}, seed=0, weights=None, checkpoint=None)
        trial.report, trial.should_stop = lambda step, metrics: None, lambda: False
        open_task(task, ".", "cpu", 1).run(trial)
        print([m for m in ("torch._dynamo", "sympy", "polars", "PIL") if m in sys.modules])
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_that_threads_are_used_where_there_is_work_for_them():
    runner = open_task({**DIGITS, "epochs": 1, "network": "cnn"}, ".", "cpu", 2)
    try:
        runner.run(Context({"batch_size": 32, "channels": 4}))
        assert torch.get_num_threads() == 1
        runner.run(Context({"batch_size": 512, "channels": 32}))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


def test_that_a_wrong_file_is_a_data_error_when_opened(tmp_path):
    (tmp_path / "d.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="too few to split"):
        runner_for(tmp_path, data="d.csv", target="b")


@pytest.mark.parametrize("device", ["cuda:63", "mps"])
def test_that_a_device_that_is_not_there_is_refused_with_the_mend(device):
    if device == "mps" and torch.backends.mps.is_available():
        pytest.skip("it is there")
    with pytest.raises(TaskError, match=r"cannot use the device .*; name others in \[resources\]"):
        open_task(DIGITS, ".", device, 1)
