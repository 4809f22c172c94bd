"""Where a search begins, and the prior mean that rises around it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from engine.methods import make_method
from engine.space import Categorical, Float, Int, SearchSpace, When
from engine.surrogate.cube import Cube
from engine.surrogate.customary import beginnings, starting_point
from engine.surrogate.prior_mean import PriorMean, prior_mean_of
from tests.engine.landscapes import evidence_of, points_of, wavy

NETWORK = SearchSpace(
    [
        Float("learning_rate", 1e-5, 1e-1, log=True),
        Int("batch_size", 8, 512, log=True),
        Float("dropout_1", 0.0, 0.6),
        Int("width", 16, 1024, log=True),
        Categorical("optimizer", ["sgd", "adam"]),
        Categorical("pooling", ["max", "average"]),
        Float("momentum", 0.0, 0.99, when=When("optimizer", ("sgd",))),
    ]
)


def test_that_a_search_begins_with_what_is_customary_then_in_the_middle() -> None:
    (first,) = make_method("bayesian", NETWORK).ask(1)
    assert first == starting_point(NETWORK)
    assert first["learning_rate"] == pytest.approx(1e-3)
    assert first["batch_size"] == 32
    assert first["dropout_1"] == pytest.approx(0.2)
    assert first["optimizer"] == "adam"
    assert first["pooling"] == "max"
    assert 120 <= first["width"] <= 136


def test_that_a_stated_default_comes_before_what_is_customary() -> None:
    space = SearchSpace([Float("lr", 1e-5, 1e-1, log=True, default=0.03)])
    assert starting_point(space) == {"lr": 0.03}
    assert beginnings(space)[0].is_known


def test_that_momentum_in_every_trial_asks_for_the_learning_rate_of_sgd() -> None:
    rate, momentum = Float("init_lr", 1e-5, 1.0, log=True), Float("momentum", 0.0, 0.99)
    assert starting_point(SearchSpace([rate, momentum]))["init_lr"] == pytest.approx(1e-2)
    assert starting_point(SearchSpace([rate]))["init_lr"] == pytest.approx(1e-3)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (Float("weight_decay", 0.005, 0.1), 0.005),
        (Int("batch", 64, 256), 64),
        (Float("dropout", 0.3, 0.5, step=0.1), 0.3),
        (Float("dropout", 0.0, 0.5, step=0.25), 0.25),
        (Float("dropout", 0.0, 1.0, step=0.1), 0.2),
        (Int("batch_size", 30, 130, step=10), 30),
        (Float("lr", value=0.5), 0.5),
    ],
)
def test_that_what_is_customary_is_put_into_the_range(parameter, value) -> None:
    assert starting_point(SearchSpace([parameter]))[parameter.name] == pytest.approx(value)


@pytest.mark.parametrize(
    "name",
    [
        *("slr", "clrs", "batches", "momentums", "x", "dropouts_of_school", "lr_decay"),
        *("lr_gamma", "batch_norm_eps", "batch_norm_momentum", "weight_decay_schedule"),
    ],
)
def test_that_a_name_that_only_looks_alike_means_nothing(name: str) -> None:
    assert not beginnings(SearchSpace([Float(name, 0.0, 1.0)]))[0].is_known


@pytest.mark.parametrize("name", ["lr", "init_lr", "LearningRate", "learning_rate_init", "lr_2"])
def test_that_common_spellings_are_understood(name: str) -> None:
    assert starting_point(SearchSpace([Float(name, 1e-5, 1.0, log=True)])) == {name: 1e-3}


@pytest.mark.parametrize("name", ["dropout", "lr", "momentum"])
def test_that_a_whole_number_of_such_a_name_is_something_else(name: str) -> None:
    method = make_method("bayesian", SearchSpace([Int(name, 0, 50), Float("x", 0, 1)]))
    for value in (0.3, 0.2, 0.4):
        (params,) = method.ask(1)
        method.tell(params, value)


def test_that_only_a_momentum_of_the_optimiser_means_sgd() -> None:
    rate = Float("lr", 1e-5, 1.0, log=True)
    for other in (Float("batch_norm_momentum", 0.1, 0.9), Float("momentum", value=0.0)):
        assert starting_point(SearchSpace([rate, other]))["lr"] == pytest.approx(1e-3)


def test_that_only_what_is_known_counts() -> None:
    points = points_of(NETWORK, 30)
    moved = points.copy()
    for name in ("width", "pooling"):
        moved[:, NETWORK.dimensions.index(name)] = 0.9
    prior = PriorMean(Cube(NETWORK), 1.0)
    np.testing.assert_array_equal(prior.of(points), prior.of(moved))
    nameless = SearchSpace([Float("x", 0.0, 1.0), Categorical("c", ["a", "b"])])
    assert (PriorMean(Cube(nameless), 1.0).of(points_of(nameless, 9)) == 0.0).all()


def test_that_the_prior_mean_is_lowest_where_the_search_begins() -> None:
    prior = PriorMean(Cube(NETWORK), 1.0)
    start = NETWORK.encode(starting_point(NETWORK))[None, :]
    assert prior.of(start)[0] == pytest.approx(0.0, abs=1e-9)
    assert (prior.of(points_of(NETWORK, 50)) > 0.0).all()


def test_that_the_prior_means_slope_agrees_with_differences() -> None:
    prior = PriorMean(Cube(NETWORK), 1.7)
    for point in points_of(NETWORK, 10, seed=3):
        active = np.flatnonzero(~np.isnan(point) & (prior.slope(point[None, :])[0] != 0.0))

        def value(u, point=point, active=active):
            moved = point.copy()
            moved[active] = u
            return float(prior.of(moved[None, :])[0])

        numeric = approx_fprime(point[active], value, 1e-7)
        np.testing.assert_allclose(prior.slope(point[None, :])[0, active], numeric, atol=1e-5)


def test_that_the_prior_mean_flattens_and_goes_where_nothing_matters() -> None:
    cube, points = Cube(NETWORK), points_of(NETWORK, 60)
    far = points[:1]
    heights = [
        prior_mean_of(cube, evidence_of(points[:n], wavy(points[:n]))).of(far)[0]
        for n in (1, 5, 20, 60)
    ]
    assert (np.diff(heights) < 0.0).all()
    assert heights[-1] > 0.0
    assert prior_mean_of(cube, evidence_of(points, np.ones(60))).of(far)[0] == 0.0
