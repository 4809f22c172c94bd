"""Grid search: complete, and even whenever it is stopped."""

from __future__ import annotations

import itertools
import math
import random
import tracemalloc
from collections import Counter

import numpy as np
import pytest

from engine.methods import make_method
from engine.methods.stride import discrepancy, even_stride
from engine.space import Categorical, Float, Int, SearchSpace, When
from engine.trial import Params
from tests.engine.spaces import CONDITIONAL

SHAPES = [(5, 5), (4, 6), (10, 10), (7, 3), (3, 3, 3), (2, 3, 4), (5, 5, 5), (3, 3, 3, 3)]


def factorial(shape: tuple[int, ...]) -> SearchSpace:
    return SearchSpace([Int(f"p{i}", 0, n - 1, grid=n) for i, n in enumerate(shape)])


def places(order: list[Params], shape: tuple[int, ...]) -> np.ndarray:
    """Where the configurations lie in the unit cube, shape (n, d)."""
    return np.array(
        [[(value + 0.5) / n for value, n in zip(p.values(), shape, strict=True)] for p in order]
    )


def unevenness(points: np.ndarray) -> float:
    """The mean discrepancy of the first tenth, two tenths, ... of the points."""
    return float(
        np.mean([discrepancy(points[: max(2, len(points) * k // 10)]) for k in range(1, 10)])
    )


def imbalance(points: np.ndarray) -> float:
    """How much oftener the commonest level was met than the rarest, over all beginnings."""
    gaps = []
    for n in range(1, len(points)):
        for column in points.T:
            counts = [np.sum(column[:n] == level) for level in np.unique(column)]
            gaps.append(max(counts) - min(counts))
    return float(np.mean(gaps))


def test_that_the_first_configuration_is_the_one_in_the_middle() -> None:
    space = SearchSpace(
        [Float("lr", 1e-5, 1e-1, log=True, grid=5), Int("batch_size", 32, 512, log=True)]
    )
    assert make_method("grid", space).ask(1) == [{"lr": 1e-3, "batch_size": 128}]


def test_that_half_of_a_square_grid_meets_each_row_and_column_twice_or_thrice() -> None:
    for half in (12, 13):
        asked = make_method("grid", factorial((5, 5))).ask(half)
        for name in ("p0", "p1"):
            counts = Counter(params[name] for params in asked)
            assert len(counts) == 5
            assert set(counts.values()) <= {2, 3}


@pytest.mark.parametrize("shape", SHAPES)
def test_that_the_order_is_more_even_than_others(shape: tuple[int, ...]) -> None:
    space = factorial(shape)
    in_order = [space.grid_at(index) for index in range(space.grid_size())]
    ours = places(make_method("grid", space).ask(len(in_order)), shape)
    plain = places(in_order, shape)
    assert len(ours) == len(plain)
    shuffled = [np.array(random.Random(s).sample(list(plain), len(plain))) for s in range(10)]
    for measure in (unevenness, imbalance):
        assert measure(ours) < measure(plain)
        assert measure(ours) < np.mean([measure(points) for points in shuffled])


def test_that_the_seed_does_not_change_the_order() -> None:
    space = factorial((4, 6))
    assert make_method("grid", space, seed=1).ask(24) == make_method("grid", space, seed=2).ask(24)


def test_that_an_endless_grid_is_walked_at_once_and_in_little_memory() -> None:
    space = SearchSpace([Float(f"x{i}", 0, 1, grid=10) for i in range(30)])
    method = make_method("grid", space)
    assert method.capacity == 10**30
    tracemalloc.start()
    asked = method.ask(100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len({space.key(params) for params in asked}) == 100
    assert peak < 20e6


def test_that_the_slow_parameters_of_a_large_grid_are_met_evenly_too() -> None:
    space = SearchSpace([Float(f"x{i}", 0, 1, grid=10) for i in range(8)])
    asked = make_method("grid", space).ask(100)
    for name in space.names:
        counts = Counter(params[name] for params in asked)
        assert len(counts) == 10
        assert max(counts.values()) <= 16


def test_that_conditional_grids_are_complete() -> None:
    space = CONDITIONAL
    asked = make_method("grid", space).ask(1000)
    momenta, optimizers = space.grid_values("momentum"), ("sgd", "adam", "none")
    expected = set()
    for momentum, optimizer, nesterov, delay in itertools.product(
        momenta, optimizers, (False, True), (1, 2, 3)
    ):
        params: Params = {"optimizer": optimizer}
        if optimizer == "sgd":
            params["momentum"] = momentum
        if optimizer != "none":
            params["nesterov"] = nesterov
            if nesterov:
                params["delay"] = delay
        expected.add(space.key(params))
    assert {space.key(params) for params in asked} == expected
    assert len(asked) == len(expected)


def test_that_grid_values_given_as_a_list_are_taken() -> None:
    space = SearchSpace(
        [
            Categorical("optimizer", ["sgd", "adam"]),
            Float("momentum", 0, 1, grid=[0.0, 0.9], when=When("optimizer", ("sgd",))),
        ]
    )
    asked = make_method("grid", space).ask(10)
    assert sorted(map(str, asked)) == [
        "{'optimizer': 'adam'}",
        "{'optimizer': 'sgd', 'momentum': 0.0}",
        "{'optimizer': 'sgd', 'momentum': 0.9}",
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 6, 30, 210, 10**30, 2**100])
def test_that_a_stride_has_no_factor_in_common_with_the_size(size: int) -> None:
    stride = even_stride(size, lambda number: [((number * 7919) % size + 0.5) / size])
    assert math.gcd(stride, size) == 1


def test_that_the_discrepancy_agrees_with_another_implementation() -> None:
    qmc = pytest.importorskip("scipy.stats").qmc
    points = np.random.default_rng(0).random((50, 4))
    assert discrepancy(points) ** 2 == pytest.approx(
        qmc.discrepancy(points, method="CD"), rel=1e-10
    )
