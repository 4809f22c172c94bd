"""The posterior against an independent implementation, and its closed forms against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, Kernel, Matern

from engine.lens_fitted import Fits
from engine.surrogate.cube import Cube
from engine.surrogate.features import Features
from engine.surrogate.gp import JITTER, MEAN_VARIANCE, GaussianProcess, Prior, Theta
from engine.trial import Trial, TrialState
from tests.engine.landscapes import MIXED, evidence_of, model_of, points_of, wavy

D = len(MIXED.dimensions)


class Of(Kernel):
    """Another kernel, of something that is computed from the rows."""

    def __init__(self, inner, computed) -> None:
        self.inner = inner
        self.computed = computed

    def __call__(self, x, y=None, eval_gradient=False):
        return self.inner(self.computed(x), None if y is None else self.computed(y))

    def diag(self, x):
        return self.inner.diag(self.computed(x))

    def is_stationary(self):
        return False


def peer(features: Features, x: np.ndarray, y: np.ndarray, theta: Theta):
    """scikit-learn's process with the kernel that the head of gp.py states."""
    width = len(features.groups)

    def smooth(rows):
        return rows[:, :width]

    def effects(rows):
        return rows[:, width:]

    def pairs(rows):
        u = rows[:, width:]
        i, j = np.triu_indices(u.shape[1], 1)
        return u[:, i] * u[:, j]

    a, b = np.exp(theta.effects) / D, 2.0 * np.exp(theta.pairs) / D**2
    kernel = (
        Of(Matern(np.exp(theta.lengths)[features.groups], nu=2.5), smooth)
        + ConstantKernel(MEAN_VARIANCE)
        + ConstantKernel(a) * Of(DotProduct(sigma_0=0.0), effects)
        + ConstantKernel(b) * Of(DotProduct(sigma_0=0.0), pairs)
    )
    noise = np.exp(theta.noise) + JITTER
    return GaussianProcessRegressor(kernel, alpha=noise, optimizer=None).fit(x, y)


@pytest.mark.parametrize("seed", range(4))
def test_that_the_posterior_is_that_of_scikit_learn(seed: int) -> None:
    features = Features(Cube(MIXED))
    rng = np.random.default_rng(seed)
    theta = Theta(rng.normal(0.0, 0.7, D), *rng.normal([-4.0, -1.0, -2.0], 0.7).tolist())
    points, others = points_of(MIXED, 30, seed), points_of(MIXED, 200, 50 + seed)
    x, y = features.of(points), wavy(points)
    ours, theirs = GaussianProcess(x, y, features.groups, theta), peer(features, x, y, theta)
    mean, variance = ours.predict(features.of(others))
    expected, deviation = theirs.predict(features.of(others), return_std=True)
    np.testing.assert_allclose(mean, expected, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(variance, ours.scale * deviation**2, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(ours.quadratic, y @ theirs.alpha_, rtol=1e-8)


def test_that_likelihoods_differ_as_scikit_learns_do_but_for_the_scale() -> None:
    """Where the scale is integrated out, a Student's t density stands instead of a normal one."""
    features = Features(Cube(MIXED))
    points = points_of(MIXED, 20)
    x, y = features.of(points), wavy(points)
    theta = Theta.of(Prior.of(D).centre)
    ours, theirs = GaussianProcess(x, y, features.groups, theta), peer(features, x, y, theta)
    normal = theirs.log_marginal_likelihood_value_
    log_det = -2.0 * (normal + 0.5 * ours.quadratic + 0.5 * len(y) * np.log(2.0 * np.pi))
    assert 2.0 * np.log(np.diag(ours.chol)).sum() == pytest.approx(log_det, rel=1e-8)


def test_that_leaving_each_trial_out_agrees_with_fitting_without_it() -> None:
    trials = []
    for number, point in enumerate(points_of(MIXED, 24)):
        params = MIXED.decode(np.nan_to_num(point, nan=0.5))
        value = float(wavy(point[None, :])[0]) + 0.05 * (-1) ** number
        trials.append(
            Trial(number, params, TrialState.COMPLETE, value=value, finished=float(number))
        )
    fits = Fits(MIXED, 1.0)
    fits.know(trials)
    fitted = fits.at(None)
    means, variances = fitted.leave_one_out()
    gp = fitted.model.gp
    for row in range(len(trials)):
        rest = np.arange(len(trials)) != row
        left = GaussianProcess(gp.x[rest], gp.y[rest], gp.groups, gp.theta)
        mean, variance = left.predict(gp.x[row : row + 1])
        noisy = gp.scale * (variance / left.scale + gp.noise + JITTER)
        miss = fitted.targets[row] - means[row]
        assert miss == pytest.approx(gp.y[row] - mean[0], rel=1e-6, abs=1e-9)
        assert variances[row] == pytest.approx(noisy[0], rel=1e-6)


def test_that_the_mean_at_the_trials_is_what_predicting_there_gives() -> None:
    points = points_of(MIXED, 30)
    model = model_of(MIXED, evidence_of(points, wavy(points)))
    mean, _ = model.predict(points)
    np.testing.assert_allclose(model.at_trials, mean, atol=1e-7)
    assert model.best == pytest.approx(mean.min(), abs=1e-7)


def test_that_an_average_is_predicted_as_its_joint_distribution_says() -> None:
    """By hand from all covariances, of places that have a momentum and of such as have none."""
    points, others = points_of(MIXED, 30), points_of(MIXED, 12, seed=5)
    gp = model_of(MIXED, evidence_of(points, wavy(points))).gp
    x = Features(Cube(MIXED)).of(others)
    means, variances = gp.predict_average(x.reshape(4, 3, -1))  # 3 averages over 4 places each
    prior = GaussianProcess(x, x[:, 0], gp.groups, gp.theta).covariance(x)
    noisy = gp.covariance(gp.x) + (gp.noise + JITTER) * np.eye(len(points))
    joint = prior - gp.covariance(x) @ np.linalg.solve(noisy, gp.covariance(x).T)
    for cell in range(3):
        rows = np.arange(cell, 12, 3)
        assert means[cell] == pytest.approx(gp.predict(x[rows])[0].mean(), abs=1e-9)
        assert variances[cell] == pytest.approx(gp.scale * joint[np.ix_(rows, rows)].mean(), 1e-6)


def test_that_believing_what_is_expected_leaves_the_mean_and_takes_the_doubt_away() -> None:
    points = points_of(MIXED, 20)
    model = model_of(MIXED, evidence_of(points, wavy(points)))
    pending, others = points_of(MIXED, 3, seed=7), points_of(MIXED, 50, seed=8)
    believing = model.believing(pending)
    x = model.features.of(others)
    before, after = model.gp.predict(x), believing.predict(x)
    # a believed value is fitted within the noise, so that the mean moves by far less than that
    np.testing.assert_allclose(after[0], before[0], atol=0.05)
    doubt = model.predict(pending)[1] / model.gp.scale
    left = believing.predict(model.features.of(pending))[1] / believing.scale
    assert (left < 0.5 * doubt).all()
    assert (after[1] / believing.scale <= before[1] / model.gp.scale + 1e-9).all()
    assert model.believing(pending[:0]) is model.gp


def test_that_trials_with_and_without_a_parameter_compare_what_both_have() -> None:
    """What one trial's momentum was changes nothing of how alike it is to one that has none."""
    points = points_of(MIXED, 20)
    model = model_of(MIXED, evidence_of(points, wavy(points)))
    column = MIXED.dimensions.index("momentum")
    without = points[np.isnan(points[:, column])][:1]
    with_it = np.repeat(points[~np.isnan(points[:, column])][:1], 5, axis=0)
    with_it[:, column] = np.linspace(0.0, 1.0, 5)
    rows = model.features.of(np.concatenate([without, with_it]))
    kernel = GaussianProcess(rows, rows[:, 0], model.gp.groups, model.gp.theta).covariance(rows)
    assert np.ptp(kernel[0, 1:]) < 1e-12
    assert kernel[1, 2] > kernel[1, 5]
    assert np.linalg.eigvalsh(kernel).min() > -1e-9
