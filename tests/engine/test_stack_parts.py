"""What stacks are made of: who may share one, their metrics, and their size."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.tasks.stack_formation import Formation
from engine.tasks.stack_keys import OWN, can_stack, stack_key
from engine.tasks.stack_memory import free_memory, most_in, ran_out
from engine.tasks.stack_metrics import measure_stack
from engine.tasks.stack_probe import choose_size, probe
from engine.tasks.training import DeviceRows, measure
from tests.engine.stacks import Bench


def test_that_members_differ_in_what_has_no_shape():
    one = {"lr": 1e-3, "optimizer": "adam", "dropout": 0.0, "width": 32}
    other = {"lr": 0.1, "optimizer": "sgd", "momentum": 0.5, "dropout": 0.4, "width": 32}
    assert can_stack("mlp", one, other | {"label_smoothing": 0.1, "schedule": "step"})
    for name, value in {"width": 33, "depth": 3, "batch_size": 65, "batch_norm": True}.items():
        assert name not in OWN
        assert not can_stack("mlp", one, one | {name: value})
    assert not can_stack("cnn", {"channels": 8}, {"channels": 9})


def test_that_units_count_and_not_how_they_are_told():
    assert can_stack("mlp", {"width": 20, "depth": 2}, {"width": 7, "width_1": 20, "width_2": 20})
    assert can_stack("mlp", {"depth": 1}, {"depth": 1, "width_2": 9})
    assert len({stack_key("mlp", {}), stack_key("mlp", {"batch_size": 64})}) == 1


def test_that_metrics_of_a_stack_are_those_of_each_member():
    goal = Bench().goal
    noise = np.random.default_rng(0)
    outputs = torch.from_numpy(noise.normal(size=(4, 6, 40)).astype(np.float32))
    y = torch.from_numpy(noise.integers(0, 4, size=(4, 40)))
    y[1], outputs[2] = 2, 0.0
    outputs[2, 1] = 1.0
    for member, found in enumerate(measure_stack(goal, outputs, y)):
        assert found == pytest.approx(measure(goal, outputs[member].t(), y[member]))


def test_that_metrics_of_numbers_are_those_of_each_member():
    goal = replace(Bench(data="diabetes").goal, target_scale=7.0)
    outputs = torch.randn(4, 1, 30, generator=torch.Generator().manual_seed(0))
    y = torch.randn(4, 30, generator=torch.Generator().manual_seed(1))
    y[1], y[2], outputs[2] = 0.5, 0.25, 0.25
    outputs[3, 0, 0] = math.nan
    for member, found in enumerate(measure_stack(goal, outputs, y)):
        alone = measure(goal, outputs[member].t(), y[member])
        assert found == pytest.approx(alone, nan_ok=True)


@pytest.mark.parametrize(
    ("seconds", "most", "size"),
    [
        (lambda size: 1.0, 48, 48),
        (lambda size: 1.0 * size, 48, 1),
        (lambda size: 0.95 * size, 48, 1),
        (lambda size: 0.6 + 0.4 * size, 48, 16),
        (lambda size: max(1.0, size * size / 16), 64, 4),
        (lambda size: 1.0 if size < 10 else math.inf, 64, 4),
        (lambda size: 1.0, 1, 1),
        (lambda size: 1.0 if size == 1 else 0.5 * size, 5, 5),
        (lambda size: 1.0 if size == 1 else 0.5 * size, 8, 4),
        (lambda size: {1: 1.0, 4: 2.0, 5: 2.9}[size], 5, 4),
        (lambda size: 1.0, 3, 3),
    ],
)
def test_that_the_size_with_the_most_members_a_second_is_chosen(seconds, most, size):
    assert choose_size(seconds, most) == size


def test_that_a_size_that_memory_does_not_hold_ends_the_search():
    asked = []

    def seconds(size: int) -> float:
        asked.append(size)
        return 1.0 if size <= 4 else math.inf

    assert choose_size(seconds, 1000) == 4
    assert asked == [1, 4, 16]


@pytest.mark.parametrize(("each", "size"), [(0.8, 4), (0.95, 1)])
def test_that_nothing_larger_is_tried_that_promises_no_more(each, size):
    asked = []

    def seconds(size: int) -> float:
        asked.append(size)
        return 1 - each + each * size

    assert choose_size(seconds, 64) == size
    assert asked == [1, 4]


def test_that_a_probe_names_a_size_and_leaves_a_members_weights_as_they_are():
    bench = Bench()
    member = bench.member(lr=1e20, optimizer="sgd", dropout=0.2)
    before = [tensor.clone() for tensor in member.network.parameters()]
    assert probe(member, bench.goal, bench.rows[0], most=4) in (1, 4)
    for tensor, was in zip(member.network.parameters(), before, strict=True):
        assert torch.equal(tensor, was)


def test_that_a_probe_takes_a_few_steps_of_each_size(monkeypatch):
    steps, step = Counter(), Formation.step

    def counted(formation, *rows):
        steps[len(formation.seats)] += 1
        return step(formation, *rows)

    monkeypatch.setattr(Formation, "step", counted)
    bench = Bench()
    probe(bench.member(), bench.goal, bench.rows[0], most=8)
    assert steps.keys() <= {1, 4, 8}
    assert steps[4] <= 5
    assert steps[8] <= 5


def test_that_padding_counts_against_a_stack():
    bench = Bench()
    assert (
        probe(
            bench.member(), bench.goal, bench.rows[0], most=4, waste=lambda size: 1e6 ** (size > 1)
        )
        == 1
    )


def test_that_memory_bounds_a_stack_by_parameters_rows_and_values_inside():
    bench = Bench()
    rows = bench.rows[0]
    small, wide = (bench.member(width=width).network for width in (16, 256))
    assert most_in(1, small, 32, rows) == 1
    assert most_in(10**8, small, 32, rows) > most_in(10**8, small, 512, rows)
    assert most_in(10**8, small, 32, rows) > most_in(10**8, wide, 32, rows)
    many = DeviceRows(rows.x.repeat(100, 1), rows.y.repeat(100))
    assert most_in(10**8, small, 32, rows) > most_in(10**8, small, 32, many)


def test_that_some_of_the_memory_that_is_free_is_left_to_others():
    import psutil

    assert 0 < free_memory("cpu") < 0.75 * psutil.virtual_memory().available


def test_that_an_allocation_that_fails_is_known_by_what_torch_says_of_it():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60)
    assert ran_out(caught.value)
    assert ran_out(torch.OutOfMemoryError("CUDA out of memory."))
    assert ran_out(MemoryError())
    assert not ran_out(RuntimeError("shapes do not match"))
