"""Members of a stack come to the numbers that each comes to alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from engine.tasks.hyperparameters import ACTIVATIONS, OPTIMIZERS, SCHEDULES
from engine.tasks.training import Result, evaluate
from tests.engine.stacks import Bench, assert_same


def assert_as_alone(bench: Bench, chosen: list[dict], rel: float = 3e-3) -> None:
    build = [lambda k=k, own=own: bench.member(k, **own) for k, own in enumerate(chosen)]
    _, curves = bench.stack([member() for member in build])
    for curve, member in zip(curves, build, strict=True):
        assert_same(curve, bench.alone(member())[1], rel)


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_that_every_optimizer_and_schedule_trains_in_one_stack_as_alone(network):
    own = [
        {"optimizer": optimizer, "schedule": schedule, "lr": lr, "momentum": 0.3 * k % 0.9}
        | {"weight_decay": 1e-2 * (k % 3), "label_smoothing": 0.1 * (k % 2)}
        for k, (optimizer, schedule) in enumerate(product(OPTIMIZERS, SCHEDULES))
        for lr in ((1e-3, 4e-3) if network == "mlp" else (2e-3,))
    ]
    size = {"channels": 4, "blocks": 2} if network == "cnn" else {"depth": 3, "width_2": 9}
    assert_as_alone(Bench(network), [size | one for one in own])


@pytest.mark.parametrize(("network", "place"), [("mlp", {"depth": 2}), ("cnn", {"channels": 4})])
def test_that_members_draw_the_dropout_noise_that_they_draw_alone(network, place):
    own = [{"dropout": share} for share in (0.5, 0.0, 0.2)]
    assert_as_alone(Bench(network), [place | one for one in own])


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_that_a_stack_of_one_comes_to_the_numbers_of_the_plain_loop(network):
    for batch_norm in (True, False):
        own = {"dropout": 0.2, "batch_norm": batch_norm, "batch_size": 50, "weight_decay": 0.01}
        assert_as_alone(Bench(network), [own])


def test_that_a_last_row_by_itself_joins_the_batch_before_it():
    assert_as_alone(Bench(), [{"batch_size": 149, "batch_norm": True, "lr": 0.01}])


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_that_batch_norm_keeps_the_running_statistics_of_each_member(network):
    own = [{"optimizer": "sgd", "lr": lr, "batch_norm": True} for lr in (0.02, 0.05)]
    assert_as_alone(Bench(network), own, rel=5e-3)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("pooling", ["max", "average"])
def test_that_every_activation_and_pooling_can_be_stacked(activation, pooling):
    place = {"activation": activation, "pooling": pooling, "channels": 3, "kernel_size": 5}
    assert_as_alone(Bench("cnn", epochs=1), [place | {"lr": lr} for lr in (1e-3, 4e-3)])


def test_that_numbers_are_predicted_in_a_stack_as_alone():
    own = [{"optimizer": name, "lr": 5e-3} for name in OPTIMIZERS]
    assert_as_alone(Bench(data="diabetes"), own)


def test_that_a_stack_ends_where_its_members_end_alone():
    bench = Bench(epochs=15)
    own = [{"lr": lr, "dropout": 0.2, "batch_norm": True} for lr in (2e-3, 5e-3, 1e-2)]
    endings, _ = bench.stack([bench.member(k, **one) for k, one in enumerate(own)])
    for k, (ending, one) in enumerate(zip(endings, own, strict=True)):
        alone, _ = bench.alone(bench.member(k, **one))
        assert ending.finished
        assert ending.value == pytest.approx(alone.value, rel=0.1)


@pytest.mark.parametrize("keep_best", [True, False])
def test_that_each_member_keeps_the_weights_of_the_epoch_it_is_judged_by(keep_best):
    bench = Bench(epochs=8, keep_best=keep_best)
    own = [{"lr": lr, "batch_norm": True} for lr in (0.05, 3e-3)]
    endings, curves = bench.stack([bench.member(k, **one) for k, one in enumerate(own)])
    steps = set()
    for ending, curve, one in zip(endings, curves, own, strict=True):
        assert isinstance(ending, Result)
        losses = [metrics["val_cross_entropy"] for metrics in curve]
        best = losses.index(min(losses)) + 1 if keep_best else 8
        assert (ending.step, ending.metrics) == (best, curve[best - 1])
        network = bench.member(9, **one).network
        network.load_state_dict(ending.weights)
        tested = evaluate(network, bench.goal, bench.rows[1])
        assert tested["cross_entropy"] == pytest.approx(ending.value, rel=1e-4)
        steps.add(ending.step)
    assert len(steps) == (2 if keep_best else 1)


def test_that_weights_are_those_that_training_alone_would_store():
    bench, own = Bench(epochs=2), {"optimizer": "sgd", "lr": 0.02, "batch_norm": True}
    (ending, _), _ = bench.stack([bench.member(seed, **own) for seed in (0, 1)])
    alone, _ = bench.alone(bench.member(0, **own))
    assert list(ending.weights) == list(alone.weights)
    for name, tensor in alone.weights.items():
        assert ending.weights[name].dtype == tensor.dtype
        assert torch.allclose(ending.weights[name], tensor, atol=1e-4)


READS = ("item", "tolist", "numpy", "cpu", "__bool__", "__float__", "__int__", "__index__")
"""What has a program wait until a device has computed a tensor."""
WAITS = ("aten._local_scalar_dense", "aten.nonzero", "aten.masked_select", "aten.lift_fresh")


class Waits(TorchDispatchMode):
    """Counts what would have a device waited for, or given numbers by the program."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        for name in READS:
            monkeypatch.setattr(torch.Tensor, name, self.counted(name))

    def counted(self, name: str) -> Callable[..., Any]:
        read = getattr(torch.Tensor, name)

        def counting(*args: Any, **options: Any) -> Any:
            self.counts[name] += 1
            return read(*args, **options)

        return counting

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.counts.update(name for name in WAITS if str(func).startswith(name))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("network", ["mlp", "cnn"])
@pytest.mark.parametrize("padded", [False, True])
def test_that_a_device_is_waited_for_once_an_epoch_however_many_steps_it_has(
    network: str, padded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def waits(*sizes: int) -> Counter[str]:
        bench = Bench(network)
        own = zip(sizes, ("adam", "sgd", "rmsprop"), strict=True)
        members = [bench.member(batch_size=b, optimizer=o, dropout=0.2) for b, o in own]
        with monkeypatch.context() as patched, Waits(patched) as seen:
            bench.stack(members)
        return seen.counts

    many_steps, few_steps = (
        (waits(8, 7, 6), waits(40, 30, 20)) if padded else (waits(8, 8, 8), waits(32, 32, 32))
    )
    assert few_steps["tolist"] + few_steps["cpu"] + few_steps["numpy"] > 0
    assert many_steps == few_steps
