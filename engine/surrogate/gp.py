"""Gaussian process regression: a smooth part, and what each parameter and pair does by itself.

Model: y = f(x) + noise, f ~ GP(0, v k), noise ~ N(0, v η), with

    k(x, x') = Matérn-5/2(x, x') + m + a (u·u')/d + b Σ_{i<j} 2 u_i u_j u'_i u'_j / d²

for the smooth columns x, one length scale a dimension, and the effect columns u (features.py). The
constant m is an unknown mean with a wide prior; the a-term is a linear effect of each parameter
and each choice, the b-term one of each pair: they carry what few trials say to the far corners,
where the smooth part has forgotten it. The scale v has an inverse-gamma prior and is integrated out
of the marginal likelihood (Gelman et al., Bayesian Data Analysis, 3.3). Lengths have the log-normal
prior of Hvarfner et al. (2024), whose median grows with the root of the dimension.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas, lapack
from scipy.optimize import minimize

from engine.surrogate.kernel import Array, Effects, matern, matern_and_slope, squared_distances

Groups = NDArray[np.int64]

MEAN_VARIANCE = 1.0
SCALE_SHAPE = 4.0
SCALE_RATE = 4.0
LENGTH_MEDIAN, NOISE_MEDIAN, EFFECTS_MEDIAN, PAIRS_MEDIAN = 0.5, 1e-3, 0.3, 0.1
LEAST_NOISE = 1e-4
JITTER = 1e-9
LEAST_VARIANCE = 1e-12
ITERATIONS = 40


@dataclass(frozen=True)
class Theta:
    """Hyperparameters: logs of the length scales (d,), noise η, effects a and pairs b."""

    lengths: Array
    noise: float
    effects: float
    pairs: float

    @classmethod
    def of(cls, vector: Array) -> Theta:
        """From one array, shape (d + 3,)."""
        return cls(vector[:-3], *(float(entry) for entry in vector[-3:]))

    @property
    def vector(self) -> Array:
        """As one array, shape (d + 3,)."""
        return np.append(self.lengths, [self.noise, self.effects, self.pairs])


@dataclass(frozen=True)
class Prior:
    """Normal priors of the logs, and their bounds."""

    centre: Array
    spread: Array
    bounds: Array

    @classmethod
    def of(cls, dimensions: int) -> Prior:
        """The prior for a number of dimensions."""
        length = LENGTH_MEDIAN * np.sqrt(max(1, dimensions))
        rows = [(length, 1.0, 0.02, 50.0)] * dimensions
        rows += [(NOISE_MEDIAN, 2.0, LEAST_NOISE, 3.0)]
        rows += [(m, 1.0, m / 50.0, m * 50.0) for m in (EFFECTS_MEDIAN, PAIRS_MEDIAN)]
        medians, spreads, lowest, highest = np.array(rows).T
        return cls(np.log(medians), spreads, np.log([lowest, highest]).T)

    @property
    def theta(self) -> Theta:
        """What is most probable before anything is known."""
        return Theta.of(self.centre)


class GaussianProcess:
    """A Gaussian process conditioned on n observations, for given hyperparameters.

    `x` (n, c + q) holds the smooth columns, of which `groups` (c,) names the dimensions, and then
    the effect columns. `unsure` (n, n) is the covariance of the observations' own errors beside the
    noise, in units of the scale. Raises LinAlgError where the kernel matrix is not positive
    definite.
    """

    def __init__(
        self,
        x: Array,
        y: Array,
        groups: Groups,
        theta: Theta,
        effects: tuple[Effects, Array, Array] | None = None,
        unsure: Array | None = None,
    ) -> None:
        self.x, self.y, self.groups, self.theta = x, y, groups, theta
        self.inverse_lengths = np.exp(-theta.lengths)[groups]
        self.noise, self._a, self._b = np.exp([theta.noise, theta.effects, theta.pairs]).tolist()
        smooth, u = self._split(x)
        self.z = smooth
        if effects is None:
            made = Effects(u, len(theta.lengths))
            effects = (made, *made.with_(u))
        self.effects, self._single, self._pairs = effects
        kernel, self.slope = matern_and_slope(squared_distances(self.z, self.z))
        kernel += MEAN_VARIANCE + self._a * self._single + self._b * self._pairs
        kernel.flat[:: len(y) + 1] += self.noise + JITTER
        if unsure is not None:
            kernel += unsure
        self.chol, info = lapack.dpotrf(kernel, lower=1, clean=1, overwrite_a=1)
        if info != 0:
            raise np.linalg.LinAlgError(f"the kernel matrix is not positive definite ({info})")
        self.alpha, _ = lapack.dpotrs(self.chol, y, lower=1)
        self.quadratic = float(y @ self.alpha)
        self.scale = (SCALE_RATE + self.quadratic) / (SCALE_SHAPE + len(y))

    def _split(self, x: Array) -> tuple[Array, Array]:
        """Smooth columns over their length scales, and effect columns."""
        width = len(self.groups)
        return x[:, :width] * self.inverse_lengths, x[:, width:]

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
        """Its gradient with respect to `theta.vector`: shape (d + 3,).

        With W = αα'/v - C⁻¹ it is ½ tr(W dC/dθ); all length scales come from one matrix product.
        """
        w = np.outer(self.alpha / self.scale, self.alpha) - self.inverse
        m = w * self.slope
        columns = (self.z * self.z * m.sum(1)[:, None] - self.z * (m @ self.z)).sum(0)
        lengths = np.bincount(self.groups, -2.0 * columns, len(self.theta.lengths))
        noise = 0.5 * self.noise * np.trace(w)
        single = 0.5 * self._a * np.vdot(w, self._single)
        pairs = 0.5 * self._b * np.vdot(w, self._pairs)
        return np.append(lengths, [noise, single, pairs])

    def covariance(self, x: Array) -> Array:
        """Covariances, the scale left out, of f at x (m, c + q) with the observations: (m, n)."""
        return self._kernel(*self._split(x))

    def _kernel(self, z: Array, u: Array) -> Array:
        kernel = matern(squared_distances(z, self.z))
        kernel += self.effects.kernel(u, self._a, self._b)
        kernel += MEAN_VARIANCE
        return kernel

    def explained(self, covariance: Array) -> Array:
        """What the observations take off the variances of m unknowns, the scale left out: (m,).

        `covariance` (m, n) is theirs with the observations, the scale left out; it is overwritten.
        """
        half = blas.dtrmm(1.0, self._half_inverse, covariance.T, lower=1, overwrite_b=1)
        return np.asarray(np.einsum("nm,nm->m", half, half))

    @cached_property
    def _half_inverse(self) -> Array:
        """The inverse of the Cholesky triangle, (n, n): a product is quicker than a solution."""
        return np.asarray(lapack.dtrtri(self.chol, lower=1)[0])

    def _variance(self, u: Array) -> Array:
        """The prior variance of f, the scale left out."""
        single, pairs = self.effects.variance(u)
        return np.asarray(1.0 + MEAN_VARIANCE + self._a * single + self._b * pairs)

    def predict(self, x: Array) -> tuple[Array, Array]:
        """Posterior mean and variance of f at x (m, c + q): shapes (m,)."""
        z, u = self._split(x)
        kernel = self._kernel(z, u)
        mean = kernel @ self.alpha
        variance = self._variance(u) - self.explained(kernel)
        return mean, self.scale * np.maximum(variance, LEAST_VARIANCE)

    def joint(self, x: Array) -> tuple[Array, Array]:
        """Posterior mean (m,) and covariance (m, m) of f at x (m, c + q)."""
        z, u = self._split(x)
        single, pairs = Effects(u, len(self.theta.lengths)).with_(u)
        prior = matern(squared_distances(z, z)) + MEAN_VARIANCE + self._a * single + self._b * pairs
        kernel = self._kernel(z, u)
        half = self._half_inverse @ kernel.T
        return kernel @ self.alpha, self.scale * (prior - half.T @ half)

    def predict_average(self, x: Array) -> tuple[Array, Array]:
        """Mean and variance (m,) of the average of f over s places, for each of m: x (s, m, c + q).

        The average is Gaussian as well: its covariance with the observations is the average of
        theirs.
        """
        covariance = self.covariance(x[0])
        for places in x[1:]:
            covariance += self.covariance(places)
        covariance /= len(x)
        mean = covariance @ self.alpha
        variance = self._variance_of_average(x.swapaxes(0, 1)) - self.explained(covariance)
        return mean, self.scale * np.maximum(variance, LEAST_VARIANCE)

    def _variance_of_average(self, x: Array) -> Array:
        """Its prior variance, the scale left out, for x (m, s, c + q): shape (m,)."""
        width = len(self.groups)
        z = x[:, :, :width] * self.inverse_lengths
        square = (z * z).sum(2)
        r2 = square[:, :, None] + square[:, None, :] - 2.0 * (z @ z.swapaxes(1, 2))
        smooth = matern(np.maximum(r2, 0.0, out=r2)).mean((1, 2))
        single, pairs = self.effects.variance_of_average(x[:, :, width:])
        return np.asarray(smooth + MEAN_VARIANCE + self._a * single + self._b * pairs)

    def predict_with_gradient(self, x: Array) -> tuple[Array, Array, Array, Array]:
        """Mean, variance, and their gradients (m, c + q) with respect to x."""
        z, u = self._split(x)
        kernel, slope = matern_and_slope(squared_distances(z, self.z))
        kernel += MEAN_VARIANCE + self.effects.kernel(u, self._a, self._b)
        solved, _ = lapack.dpotrs(self.chol, kernel.T, lower=1)
        solved = solved.T
        variance = self._variance(u) - np.einsum("mn,mn->m", kernel, solved)
        mean_gradient = np.hstack(
            [
                self._chain(z, slope * self.alpha),
                self.effects.gradient(u, self.alpha[None, :], self._a, self._b),
            ]
        )
        variance_gradient = np.hstack(
            [
                -2.0 * self._chain(z, slope * solved),
                self.effects.variance_gradient(u, self._a, self._b)
                - 2.0 * self.effects.gradient(u, solved, self._a, self._b),
            ]
        )
        return (
            kernel @ self.alpha,
            self.scale * np.maximum(variance, LEAST_VARIANCE),
            mean_gradient,
            self.scale * variance_gradient,
        )

    def _chain(self, z: Array, weights: Array) -> Array:
        """Gradient of Σ_n w_mn r²_mn with respect to the smooth columns of x_m."""
        spread = z * weights.sum(1)[:, None] - weights @ self.z
        return np.asarray(2.0 * spread * self.inverse_lengths)


def fit(x: Array, y: Array, groups: Groups, prior: Prior, unsure: Array | None = None) -> Theta:
    """The most probable hyperparameters given y (n,), of about unit size, at x (n, c + q)."""
    made = Effects(x[:, len(groups) :], len(prior.centre) - 3)
    effects = (made, *made.with_(made.u))

    def loss(vector: Array) -> tuple[float, Array]:
        try:
            gp = GaussianProcess(x, y, groups, Theta.of(vector), effects, unsure)
        except np.linalg.LinAlgError:
            return 1e10, np.zeros_like(vector)
        deviation = (vector - prior.centre) / prior.spread
        value = -gp.log_likelihood() + 0.5 * float(deviation @ deviation)
        return value, -gp.log_likelihood_gradient() + deviation / prior.spread

    found = minimize(
        loss,
        prior.centre,
        jac=True,
        method="L-BFGS-B",
        bounds=prior.bounds,
        options={"maxiter": ITERATIONS, "ftol": 1e-6, "gtol": 1e-3},
    )
    return Theta.of(found.x)
