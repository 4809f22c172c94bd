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
from engine.surrogate.gp import JITTER, MEAN_VARIANCE, GaussianProcess, Prior, Theta, fit
from engine.surrogate.kernel import matern, matern_and_slope

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


THETA = Theta(np.array([-0.3, 0.2, 0.1, -0.5]), noise=-4.0, effects=-1.0, pairs=-2.0)


def process(features: Features, points: np.ndarray, theta: Theta = THETA) -> GaussianProcess:
    y = np.sin(5 * points[:, 0]) + np.nan_to_num(points[:, 3])
    return GaussianProcess(features.of(points), y, features.groups, theta)


def test_that_hyperparameters_survive_being_one_array() -> None:
    again = Theta.of(THETA.vector)
    assert again.vector.tolist() == THETA.vector.tolist()
    assert (again.noise, again.effects, again.pairs) == (-4.0, -1.0, -2.0)


@pytest.mark.parametrize("seed", range(3))
def test_that_the_likelihoods_gradient_agrees_with_differences(features, points, seed) -> None:
    prior = Prior.of(len(SPACE.dimensions))
    drawn = prior.centre + np.random.default_rng(seed).standard_normal(len(prior.centre))
    theta = np.clip(drawn, *prior.bounds.T) if seed else THETA.vector

    def likelihood(vector: np.ndarray) -> float:
        return process(features, points, Theta.of(vector)).log_likelihood()

    gradient = process(features, points, Theta.of(theta)).log_likelihood_gradient()
    numeric = approx_fprime(theta, likelihood, 1e-6)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-4)


def test_that_the_smooth_kernel_falls_off_by_the_slope_that_is_stated() -> None:
    r2 = np.array([[1e-6, 0.01, 0.3], [1.0, 7.0, 40.0]])
    k, slope = matern_and_slope(r2)
    np.testing.assert_allclose(matern(r2.copy()), k, rtol=1e-13)
    step = 1e-6 * r2
    numeric = (matern_and_slope(r2 + step)[0] - matern_and_slope(r2 - step)[0]) / (2 * step)
    np.testing.assert_allclose(slope, numeric, rtol=1e-4)


def kernel_by_hand(features: Features, points: np.ndarray) -> np.ndarray:
    """The prior covariance of the points, from the formula at the head of gp.py, term by term."""
    width, d = len(features.groups), len(SPACE.dimensions)
    x = features.of(points)
    scaled = x[:, :width] / np.exp(THETA.lengths)[features.groups]
    r2 = ((scaled[:, None, :] - scaled[None, :, :]) ** 2).sum(2)
    u = x[:, width:]
    pairs = np.zeros((len(u), len(u)))
    for i in range(u.shape[1]):
        for j in range(i):
            product = u[:, i] * u[:, j]
            pairs += 2.0 * np.outer(product, product) / d**2
    effects = np.exp(THETA.effects) * (u @ u.T) / d + np.exp(THETA.pairs) * pairs
    return matern(r2) + MEAN_VARIANCE + effects


def test_that_the_posterior_is_that_of_the_normal_equations(features, points) -> None:
    gp = process(features, points)
    kernel = kernel_by_hand(features, points)
    noisy = kernel + (np.exp(THETA.noise) + JITTER) * np.eye(len(points))
    mean, variance = gp.predict(features.of(points))
    np.testing.assert_allclose(mean, kernel @ np.linalg.solve(noisy, gp.y), atol=1e-8)
    explained = np.einsum("ij,ji->i", kernel, np.linalg.solve(noisy, kernel))
    expected = gp.scale * (np.diag(kernel) - explained)
    np.testing.assert_allclose(variance, expected, atol=1e-8)
    np.testing.assert_allclose(gp.covariance(features.of(points)), kernel, atol=1e-12)


def test_that_the_inverse_is_that_of_the_noisy_kernel(features, points) -> None:
    noisy = kernel_by_hand(features, points) + (np.exp(THETA.noise) + JITTER) * np.eye(len(points))
    inverse = process(features, points).inverse
    np.testing.assert_allclose(inverse @ noisy, np.eye(len(points)), atol=1e-8)


def test_that_the_acquisitions_gradient_agrees_with_differences(features, points) -> None:
    gp = process(features, points)
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


def test_that_only_what_both_have_is_compared(features) -> None:
    rows = [{"lr": 0.01, "dropout": 0.1, "optimizer": "sgd", "momentum": m} for m in (0.1, 0.9)]
    sgd = features.of(np.array([SPACE.encode(row) for row in rows]))
    adam = features.of(np.array([SPACE.encode({"lr": 0.01, "dropout": 0.1, "optimizer": "adam"})]))
    smooth = len(features.groups)
    distances = np.linalg.norm((sgd - adam)[:, :smooth], axis=1)
    assert distances[0] == pytest.approx(distances[1])
    effects = adam[:, smooth:] @ sgd[:, smooth:].T
    assert effects[0, 0] == pytest.approx(effects[0, 1])


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_that_fitting_survives_duplicates_and_any_scale(features, points, scale: float) -> None:
    twice = np.concatenate([points, points])
    y = np.concatenate([points[:, 0], points[:, 0]])
    standard = (scale * y - (scale * y).mean()) / (scale * y).std()
    theta = fit(features.of(twice), standard, features.groups, Prior.of(4))
    gp = GaussianProcess(features.of(twice), standard, features.groups, theta)
    mean, variance = gp.predict(features.of(points))
    assert np.isfinite(mean).all()
    assert (variance > 0).all()
    assert np.corrcoef(mean, points[:, 0])[0, 1] > 0.95
