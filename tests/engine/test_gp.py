"""The Gaussian process and its acquisition: gradients against differences, posteriors by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import norm

from engine.space import Categorical, Float, SearchSpace, When
from engine.surrogate.acquisition import (
    log_expected_improvement,
    log_expected_improvement_gradient,
)
from engine.surrogate.cube import Cube
from engine.surrogate.features import Features
from engine.surrogate.gp import MEAN_VARIANCE, GaussianProcess, Prior, fit, matern

SPACE = SearchSpace(
    [
        Float("lr", 1e-5, 1e-1, log=True),
        Float("dropout", 0.0, 0.5),
        Categorical("optimizer", ("sgd", "adam", "adamw")),
        Float("momentum", 0.0, 0.99, when=When("optimizer", ("sgd",))),
    ]
)


@pytest.fixture
def points() -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.array([SPACE.encode(SPACE.sample(rng)) for _ in range(25)])


@pytest.fixture
def features() -> Features:
    return Features(Cube(SPACE))


def process(features: Features, points: np.ndarray, theta: np.ndarray) -> GaussianProcess:
    y = np.sin(5 * points[:, 0]) + np.nan_to_num(points[:, 3])
    return GaussianProcess(features.of(points), y, features.groups, theta[:-1], theta[-1])


def test_that_the_likelihoods_gradient_agrees_with_differences(features, points) -> None:
    theta = np.array([-0.3, 0.2, 0.1, -0.5, -4.0])
    gradient = process(features, points, theta).log_likelihood_gradient()
    numeric = approx_fprime(theta, lambda t: process(features, points, t).log_likelihood(), 1e-6)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-4)


def test_that_the_posterior_is_that_of_the_normal_equations(features, points) -> None:
    theta = np.array([-0.3, 0.2, 0.1, -0.5, -4.0])
    gp = process(features, points, theta)
    scaled = features.of(points) / np.exp(theta[:-1])[features.groups]
    r2 = ((scaled[:, None, :] - scaled[None, :, :]) ** 2).sum(2)
    kernel = matern(r2)[0] + MEAN_VARIANCE
    noisy = kernel + (np.exp(-4.0) + 1e-9) * np.eye(len(points))
    mean, variance = gp.predict(features.of(points))
    np.testing.assert_allclose(mean, kernel @ np.linalg.solve(noisy, gp.y), atol=1e-8)
    explained = np.einsum("ij,ji->i", kernel, np.linalg.solve(noisy, kernel))
    expected = gp.scale * (1 + MEAN_VARIANCE - explained)
    np.testing.assert_allclose(variance, expected, atol=1e-8)


def test_that_the_acquisitions_gradient_agrees_with_differences(features, points) -> None:
    gp = process(features, points, np.array([-0.3, 0.2, 0.1, -0.5, -4.0]))
    best = float(gp.predict(features.of(points))[0].min())
    place = points[~np.isnan(points[:, 3])][:1] * 0.9 + 0.03

    def value(x: np.ndarray) -> float:
        moved = place.copy()
        moved[0, [0, 1, 3]] = x
        return float(log_expected_improvement(*gp.predict(features.of(moved)), best)[0])

    found = log_expected_improvement_gradient(*gp.predict_with_gradient(features.of(place)), best)
    gradient = features.pull_back(place, found[1])[0, [0, 1, 3]]
    numeric = approx_fprime(place[0, [0, 1, 3]], value, 1e-7)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("best", [-3.0, 0.0, 2.0])
def test_that_log_expected_improvement_is_that_of_the_closed_form(best: float) -> None:
    mean, sigma = np.array([0.3]), np.array([0.7])
    z = (best - mean) / sigma
    direct = np.log(sigma * (norm.pdf(z) + z * norm.cdf(z)))
    np.testing.assert_allclose(log_expected_improvement(mean, sigma**2, best), direct, rtol=1e-9)


def test_that_log_expected_improvement_stays_finite_and_ordered_far_away() -> None:
    mean = np.array([10.0, 1e2, 1e4, 1e7])
    values = log_expected_improvement(mean, np.ones(4), 0.0)
    assert np.isfinite(values).all()
    assert (np.diff(values) < 0).all()


def test_that_an_active_and_an_inactive_value_are_always_as_far_apart(features) -> None:
    rows = [{"lr": 0.01, "dropout": 0.1, "optimizer": "sgd", "momentum": m} for m in (0.1, 0.9)]
    sgd = features.of(np.array([SPACE.encode(row) for row in rows]))
    adam = features.of(np.array([SPACE.encode({"lr": 0.01, "dropout": 0.1, "optimizer": "adam"})]))
    distances = np.linalg.norm(sgd - adam, axis=1)
    assert distances[0] == pytest.approx(distances[1])


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_that_fitting_survives_duplicates_and_any_scale(features, points, scale: float) -> None:
    twice = np.concatenate([points, points])
    y = np.concatenate([points[:, 0], points[:, 0]])
    standard = (scale * y - (scale * y).mean()) / (scale * y).std()
    gp = fit(features.of(twice), standard, features.groups, Prior.of(4))
    mean, variance = gp.predict(features.of(points))
    assert np.isfinite(mean).all()
    assert (variance > 0).all()
    assert np.corrcoef(mean, points[:, 0])[0, 1] > 0.95
