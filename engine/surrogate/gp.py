"""Gaussian process regression with a Matérn-5/2 kernel and one length scale a dimension.

Model: y = f(x) + noise, f ~ GP(0, v (k(x, x') + MEAN_VARIANCE)), noise ~ N(0, v η). The constant in
the kernel is an unknown mean with a wide prior; the scale v has an inverse-gamma prior and is
integrated out of the marginal likelihood (Gelman et al., Bayesian Data Analysis, 3.3). Lengths
have the log-normal prior of Hvarfner et al. (2024), whose median grows with the root of the
dimension.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.optimize import minimize

Array = NDArray[np.float64]
Groups = NDArray[np.int64]

SQRT5 = np.sqrt(5.0)
MEAN_VARIANCE = 1.0
SCALE_SHAPE = 4.0
SCALE_RATE = 4.0
LENGTH_MEDIAN = 0.5
LENGTH_SPREAD = 1.0
NOISE_MEDIAN = 1e-3
NOISE_SPREAD = 2.0
LOG_LENGTH_BOUNDS = (np.log(0.02), np.log(50.0))
LOG_NOISE_BOUNDS = (np.log(1e-6), np.log(3.0))


@dataclass(frozen=True)
class Prior:
    """Log-normal priors of length scales and noise ratio."""

    length_median: float
    length_spread: float = LENGTH_SPREAD
    noise_median: float = NOISE_MEDIAN
    noise_spread: float = NOISE_SPREAD

    @classmethod
    def of(cls, dimensions: int) -> Prior:
        """The prior for a number of dimensions."""
        return cls(LENGTH_MEDIAN * np.sqrt(max(1, dimensions)))


def matern(r2: Array) -> tuple[Array, Array]:
    """Matérn-5/2 of squared distances, and its derivative with respect to them.

    k = (1 + s + s²/3) exp(-s) with s = √(5 r²) (Rasmussen & Williams 2006, eq. 4.17), so that
    dk/dr² = -5/6 (1 + s) exp(-s).
    """
    s = np.sqrt(5.0 * r2)
    e = np.exp(-s)
    return (1.0 + s + s * s / 3.0) * e, (-5.0 / 6.0) * (1.0 + s) * e


def squared_distances(a: Array, b: Array) -> Array:
    """Squared Euclidean distances between the rows of a (n, c) and b (m, c): shape (n, m)."""
    r2 = (a * a).sum(1)[:, None] + (b * b).sum(1)[None, :] - 2.0 * (a @ b.T)
    return np.asarray(np.maximum(r2, 0.0, out=r2))


class GaussianProcess:
    """A Gaussian process conditioned on n observations, for given length scales and noise."""

    def __init__(
        self, x: Array, y: Array, groups: Groups, log_lengths: Array, log_noise: float
    ) -> None:
        self.x, self.y, self.groups = x, y, groups
        self.log_lengths, self.log_noise = log_lengths, log_noise
        self.inverse_lengths = np.exp(-log_lengths)[groups]
        self.z = x * self.inverse_lengths
        kernel, self.slope = matern(squared_distances(self.z, self.z))
        kernel += MEAN_VARIANCE
        self.noise = float(np.exp(log_noise))
        kernel.flat[:: len(y) + 1] += self.noise + 1e-9
        self.chol, info = lapack.dpotrf(kernel, lower=1, clean=1, overwrite_a=1)
        if info != 0:
            raise np.linalg.LinAlgError(f"the kernel matrix is not positive definite ({info})")
        self.alpha, _ = lapack.dpotrs(self.chol, y, lower=1)
        self.quadratic = float(y @ self.alpha)
        self.scale = (SCALE_RATE + self.quadratic) / (SCALE_SHAPE + len(y))

    @cached_property
    def inverse(self) -> Array:
        """The inverse of the kernel matrix, shape (n, n)."""
        half, _ = lapack.dpotri(self.chol, lower=1)
        full = half + half.T
        full.flat[:: len(half) + 1] *= 0.5
        return np.asarray(full)

    def log_likelihood(self) -> float:
        """Log marginal likelihood, the scale integrated out, up to a constant."""
        n = len(self.y)
        log_det = 2.0 * np.log(self.chol.flat[:: n + 1]).sum()
        return float(-0.5 * log_det - 0.5 * (SCALE_SHAPE + n) * np.log(SCALE_RATE + self.quadratic))

    def log_likelihood_gradient(self) -> Array:
        """Its gradient with respect to (log lengths, log noise): shape (g + 1,).

        With W = αα'/v - C⁻¹ it is ½ tr(W dC/dθ); all length scales come from one matrix product.
        """
        w = np.outer(self.alpha / self.scale, self.alpha) - self.inverse
        m = w * self.slope
        columns = (self.z * self.z * m.sum(1)[:, None] - self.z * (m @ self.z)).sum(0)
        lengths = np.zeros(len(self.log_lengths))
        np.add.at(lengths, self.groups, -2.0 * columns)
        noise = 0.5 * self.noise * np.trace(w)
        return np.append(lengths, noise)

    def predict(self, x: Array) -> tuple[Array, Array]:
        """Posterior mean and variance of f at x (m, c): shapes (m,)."""
        k, _ = matern(squared_distances(x * self.inverse_lengths, self.z))
        k += MEAN_VARIANCE
        half = _solve_lower(self.chol, k.T)
        variance = 1.0 + MEAN_VARIANCE - (half * half).sum(0)
        return k @ self.alpha, self.scale * np.maximum(variance, 1e-12)

    def predict_with_gradient(self, x: Array) -> tuple[Array, Array, Array, Array]:
        """Mean, variance, and their gradients (m, c) with respect to x."""
        z = x * self.inverse_lengths
        k, slope = matern(squared_distances(z, self.z))
        k += MEAN_VARIANCE
        solved, _ = lapack.dpotrs(self.chol, k.T, lower=1)
        variance = self.scale * np.maximum(
            1.0 + MEAN_VARIANCE - np.einsum("mn,nm->m", k, solved), 1e-12
        )
        mean_weights = slope * self.alpha
        variance_weights = slope * solved.T
        mean_gradient = self._chain(z, mean_weights)
        variance_gradient = (-2.0 * self.scale) * self._chain(z, variance_weights)
        return k @ self.alpha, variance, mean_gradient, variance_gradient

    def _chain(self, z: Array, weights: Array) -> Array:
        """Gradient of Σ_n w_mn r²_mn with respect to x_m."""
        spread = z * weights.sum(1)[:, None] - weights @ self.z
        return np.asarray(2.0 * spread * self.inverse_lengths)


def fit(
    x: Array,
    y: Array,
    groups: Groups,
    prior: Prior,
    start: Array | None = None,
    max_iterations: int = 40,
) -> GaussianProcess:
    """The process whose length scales and noise are most probable given y (standardised)."""
    count = int(groups.max()) + 1
    centre = np.append(np.full(count, np.log(prior.length_median)), np.log(prior.noise_median))
    spread = np.append(np.full(count, prior.length_spread), prior.noise_spread)
    bounds = [LOG_LENGTH_BOUNDS] * count + [LOG_NOISE_BOUNDS]

    def loss(theta: Array) -> tuple[float, Array]:
        try:
            gp = GaussianProcess(x, y, groups, theta[:-1], float(theta[-1]))
        except np.linalg.LinAlgError:
            return 1e10, np.zeros_like(theta)
        deviation = (theta - centre) / spread
        value = -gp.log_likelihood() + 0.5 * deviation @ deviation
        return value, -gp.log_likelihood_gradient() + deviation / spread

    first = centre if start is None else start
    found = minimize(
        loss,
        first,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": max_iterations, "ftol": 1e-6, "gtol": 1e-3},
    )
    return GaussianProcess(x, y, groups, found.x[:-1], float(found.x[-1]))


def _solve_lower(chol: Array, b: Array) -> Array:
    solved, _ = lapack.dtrtrs(chol, b, lower=1)
    return np.asarray(solved)
