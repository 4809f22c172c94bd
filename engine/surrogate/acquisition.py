"""Log expected improvement, accurate far from the incumbent too.

Ament et al., "Unexpected improvements to expected improvement" (2023), eq. 9: log EI = log σ +
log h(z), h(z) = φ(z) + zΦ(z), z = (best - μ)/σ, with h evaluated by erfcx where it underflows.
"""

from __future__ import annotations

import numpy as np
from scipy.special import erfcx, log_ndtr, ndtr

from engine.surrogate.kernel import Array

LOG_SQRT_2PI = 0.5 * np.log(2.0 * np.pi)


def log_h(z: Array) -> Array:
    """log(φ(z) + zΦ(z))."""
    near = np.maximum(z, -1.0)
    direct = np.log(np.exp(-0.5 * near * near - LOG_SQRT_2PI) + near * ndtr(near))
    far = np.minimum(z, -1.0)
    mills = np.sqrt(np.pi / 2) * erfcx(-far / np.sqrt(2))
    with np.errstate(divide="ignore", invalid="ignore"):
        tail = np.log1p(far * mills)
    tail = np.where(far < -1e5, -2.0 * np.log(-far), tail)
    return np.asarray(np.where(z > -1.0, direct, -0.5 * far * far - LOG_SQRT_2PI + tail))


def log_expected_improvement(mean: Array, variance: Array, best: float) -> Array:
    """log E[max(best - f, 0)] for f ~ N(mean, variance)."""
    sigma = np.sqrt(variance)
    return np.log(sigma) + log_h((best - mean) / sigma)


def log_expected_improvement_gradient(
    mean: Array, variance: Array, mean_gradient: Array, variance_gradient: Array, best: float
) -> tuple[Array, Array]:
    """log EI (m,) and its gradient (m, c): (-Φ dμ + φ dσ) / (σ h)."""
    sigma = np.sqrt(variance)
    z = (best - mean) / sigma
    value = log_h(z)
    density = np.exp(-0.5 * z * z - LOG_SQRT_2PI - value)
    share = np.exp(log_ndtr(z) - value)
    sigma_gradient = variance_gradient / (2.0 * sigma[:, None])
    gradient = (-share[:, None] * mean_gradient + density[:, None] * sigma_gradient) / sigma[
        :, None
    ]
    return np.log(sigma) + value, gradient
