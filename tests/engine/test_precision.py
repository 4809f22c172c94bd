"""Products in bfloat16, where a study allows it: training is as good, and judged in float32."""

from __future__ import annotations

from statistics import mean

import pytest
import torch
from safetensors.torch import load_file

from engine.tasks import stack_bfloat16 as bfloat16
from engine.tasks import stack_layers as layers
from engine.tasks.builtin import Runner, open_task
from engine.tasks.dataset import TaskError
from engine.tasks.stack_formation import Formation
from engine.tasks.stack_network import Layout
from engine.tasks.stack_probe import probe
from engine.tasks.stack_run import run_many
from engine.tasks.stack_seats import Seat
from engine.tasks.training import evaluate
from tests.engine.stack_units import Trial, Unit
from tests.engine.stacks import Bench, Curve

SIZES = {"mlp": {"width": 64}, "cnn": {"channels": 8, "blocks": 2, "width": 32}}
BATCH = object()


def runner_of(network: str, epochs: int = 4, **task: str) -> Runner:
    task = {"data": "digits", "network": network, "objective": "val_cross_entropy", **task}
    return open_task({**task, "epochs": epochs}, ".", "cpu", 1)


def losses(curve: Curve, part: str = "train") -> list[float]:
    names = (f"{part}_cross_entropy", f"{part}_mse")
    return [metrics[name] for metrics in curve for name in names if name in metrics]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_that_a_layer_gives_float32_from_products_in_bfloat16(network, first):
    torch.manual_seed(0)
    if network == "mlp":
        parameters = [torch.randn(3, 6, 9), torch.randn(3, 6)]
        x, gradient = torch.randn(3, 9, 20), torch.randn(3, 6, 20)
        pair = layers.Linear(parameters, first), bfloat16.Bfloat16Linear(parameters, first)
    else:
        weight, padding = torch.randn(3, 6, 4, 3, 3), [1, 1]
        x, gradient = torch.randn(20, 12, 8, 8), torch.randn(20, 18, 8, 8)
        pair = (
            layers.Convolution(weight, first, padding),
            bfloat16.Bfloat16Convolution(weight, first, padding),
        )
    exact, low = (
        [layer.forward(x, BATCH), layer.backward(gradient), *layer.gradients] for layer in pair
    )
    if first:
        exact.pop(1)
        low.pop(1)
    for one, other in zip(low, exact, strict=True):
        assert one.dtype == torch.float32
        assert one.shape == other.shape
        assert (one - other).norm() < 0.01 * other.norm()
    assert not torch.equal(low[0], exact[0])
    assert torch.equal(pair[1].forward(x, None), pair[0].forward(x, None))


@pytest.mark.parametrize(
    ("network", "data"), [("mlp", "digits"), ("cnn", "digits"), ("mlp", "diabetes")]
)
def test_that_the_first_losses_are_near_those_of_float32(network, data):
    curves = {}
    for precision in ("float32", "bfloat16"):
        bench = Bench(network, data, precision=precision)
        _, (curves[precision],) = bench.stack([bench.member(**SIZES[network])])
    for part in ("train", "val"):
        exact, low = (losses(curves[name], part) for name in ("float32", "bfloat16"))
        assert low == pytest.approx(exact, rel=0.02)
        assert low != exact


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_that_a_trained_network_is_as_good(network, tmp_path):
    found = {}
    for precision in ("float32", "bfloat16"):
        runner = runner_of(network, 8, precision=precision)
        params = SIZES[network] | {"batch_size": 64, "lr": 5e-3}
        trials = [Trial(seed, tmp_path / precision, params) for seed in range(3)]
        found[precision] = mean(runner.run(trial).value or 0 for trial in trials)
    assert found["float32"] < 0.25
    assert found["bfloat16"] == pytest.approx(found["float32"], rel=0.1)


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_that_float32_is_what_a_task_means_that_says_nothing(network, tmp_path):
    weights = []
    for task in ({}, {"precision": "float32"}, {"precision": "bfloat16"}):
        trial = Trial(0, tmp_path / str(len(weights)), SIZES[network])
        runner_of(network, **task).run(trial)
        weights.append(load_file(trial.weights))
    silent, exact, low = weights
    assert all(torch.equal(silent[name], exact[name]) for name in silent)
    assert all(tensor.dtype == torch.float32 for tensor in low.values())
    assert not any(torch.equal(low[name], exact[name]) for name in low)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_that_a_study_has_the_layers_of_its_precision(network, precision):
    bench = Bench(network, precision=precision)
    member = bench.member(**SIZES[network])
    seat = Seat(0, member, Layout(member.network), bench.goal, len(bench.rows[0]))
    found = Formation([seat], member.network, bench.goal, bench.rows[0]).whole.network.layers
    names = {type(layer).__name__ for layer in found}
    front, other = ("Bfloat16", "") if precision == "bfloat16" else ("", "Bfloat16")
    for name in ("Linear", "Convolution") if network == "cnn" else ("Linear",):
        assert front + name in names
        assert other + name not in names


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_that_moves_too_small_for_bfloat16_are_not_lost(network):
    bench = Bench(network, precision="bfloat16", keep_best=False)
    member = bench.member(**SIZES[network], lr=2e-6)
    before = {name: one.detach().clone() for name, one in member.network.named_parameters()}
    (ending,), _ = bench.stack([member])
    for name, was in before.items():
        moved = (ending.weights[name] - was).abs()
        if name.endswith("weight"):
            assert moved.max() < was.abs().max() / 512
            assert (moved > 0).float().mean() > 0.7


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_that_dropout_batch_norm_and_batches_filled_up_do_as_in_float32(network):
    own = [{"batch_size": size, "dropout": 0.1 * k} for k, size in enumerate((20, 32, 27))]
    curves = {}
    for precision in ("float32", "bfloat16"):
        bench = Bench(network, precision=precision, epochs=2)
        place = SIZES[network] | {"batch_norm": True}
        members = [bench.member(k, **place, **one) for k, one in enumerate(own)]
        _, curves[precision] = bench.stack(members)
    for exact, low in zip(curves["float32"], curves["bfloat16"], strict=True):
        assert losses(low) == pytest.approx(losses(exact), rel=0.03)
        assert losses(low, "val") == pytest.approx(losses(exact, "val"), rel=0.03)


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_that_validation_judges_the_network_as_it_is_saved(network):
    bench = Bench(network, precision="bfloat16")
    member = bench.member(**SIZES[network], batch_norm=True)
    (ending,), _ = bench.stack([member])
    member.network.load_state_dict(ending.weights)
    judged = evaluate(member.network, bench.goal, bench.rows[1])
    assert ending.value == pytest.approx(judged["cross_entropy"], rel=1e-5)


def test_that_a_trial_goes_on_from_its_checkpoint_to_the_bit(tmp_path):
    params = {"dropout": 0.3, "batch_norm": True}
    whole = Trial(0, tmp_path / "whole", params)
    runner_of("mlp", precision="bfloat16").run(whole)
    halves = Trial(0, tmp_path / "halves", params, stop_after=2)
    runner_of("mlp", precision="bfloat16").run(halves)
    assert list(halves.curve) == [1, 2]
    halves.stop_after = None
    runner_of("mlp", precision="bfloat16").run(halves)
    assert halves.curve == whole.curve


@pytest.mark.parametrize(("first", "second"), [("float32", "bfloat16"), ("bfloat16", "float32")])
def test_that_a_checkpoint_of_another_precision_is_not_gone_on_from(
    first, second, tmp_path, capsys
):
    trial = Trial(0, tmp_path, stop_after=2)
    runner_of("mlp", precision=first).run(trial)
    assert list(trial.checkpoint.iterdir())
    again = Trial(0, tmp_path)
    runner_of("mlp", precision=second).run(again)
    assert list(again.curve) == [1, 2, 3, 4]
    assert "belongs to a trial with other settings or data" in capsys.readouterr().out


def test_that_a_unit_trains_as_one_and_its_size_is_tried_in_the_same_precision(
    tmp_path, monkeypatch
):
    used = []
    forward = bfloat16.Bfloat16Linear.forward

    def counted(layer, x, batch):
        if batch:
            used.append(layer.parameters[0].shape[0])
        return forward(layer, x, batch)

    monkeypatch.setattr(bfloat16.Bfloat16Linear, "forward", counted)
    bench = Bench(precision="bfloat16")
    probe(bench.member(), bench.goal, bench.rows[0], 4)
    assert {1, 4} <= set(used)
    used.clear()
    unit = Unit([Trial(k, tmp_path) for k in range(3)], most=3)
    unit.tried = True
    run_many(runner_of("mlp", precision="bfloat16"), unit)
    assert set(used) == {3}
    assert all(outcome.finished for outcome in unit.outcomes.values())


def test_that_a_device_that_cannot_is_refused_before_anything_runs(monkeypatch):
    def refuse(*tensors):
        raise RuntimeError("BFloat16 is not supported. See the manual.\nmore")

    monkeypatch.setattr(torch, "bmm", refuse)
    with pytest.raises(TaskError) as refused:
        runner_of("mlp", precision="bfloat16")
    assert str(refused.value) == (
        "precision: cpu cannot compute in bfloat16 (BFloat16 is not supported); take float32."
    )
    runner_of("mlp")
