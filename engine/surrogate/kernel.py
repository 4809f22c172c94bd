"""What the kernel of gp.py is made of: its smooth part, and the effects of parameters and pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROOT5 = float(np.sqrt(5.0))


def matern(r2: Array) -> Array:
    """Matérn-5/2 of squared distances, in whose memory it works.

    k = (1 + s + s²/3) exp(-s) with s = √(5 r²) (Rasmussen & Williams 2006, eq. 4.17).
    """
    r = np.sqrt(r2, out=r2)
    e = -ROOT5 * r
    np.exp(e, out=e)
    k = (5.0 / 3.0) * r
    k += ROOT5
    k *= r
    k += 1.0
    k *= e
    return np.asarray(k)


def matern_and_slope(r2: Array) -> tuple[Array, Array]:
    """Matérn-5/2, and its derivative with respect to r²: dk/dr² = -5/6 (1 + s) exp(-s)."""
    s = np.sqrt(5.0 * r2)
    e = np.exp(-s)
    part = e + s * e
    e *= s
    e *= s
    e *= 1.0 / 3.0
    e += part
    part *= -5.0 / 6.0
    return e, part


def squared_distances(a: Array, b: Array) -> Array:
    """Squared Euclidean distances between the rows of a (n, c) and b (m, c): shape (n, m).

    One product of matrices gives |a|² + |b|² - 2 a·b.
    """
    left = np.column_stack([-2.0 * a, (a * a).sum(1), np.ones(len(a))])
    right = np.column_stack([b, np.ones(len(b)), (b * b).sum(1)])
    r2 = left @ right.T
    return np.asarray(np.maximum(r2, 0.0, out=r2))


class Effects:
    """Inner products of the effect columns u (n, q) of n observations with those of others."""

    def __init__(self, u: Array, dimensions: int) -> None:
        self.u, self.square = u, u * u
        self._scale = 1.0 / max(1, dimensions)

    def with_(self, other: Array) -> tuple[Array, Array]:
        """The kernels of single effects and of pairs with rows of `other` (m, q): shapes (m, n)."""
        single = (other @ self.u.T) * self._scale
        return single, single * single - ((other * other) @ self.square.T) * self._scale**2

    def kernel(self, u: Array, a: float, b: float) -> Array:
        """The kernel a single + b pairs with rows of u (m, q): shape (m, n)."""
        single = (self._scale * u) @ self.u.T
        kernel = (-b * self._scale**2 * u * u) @ self.square.T
        weighed = b * single
        weighed += a
        weighed *= single
        kernel += weighed
        return np.asarray(kernel)

    def variance(self, u: Array) -> tuple[Array, Array]:
        """Both kernels of each row with itself: shapes (m,)."""
        square = u * u
        single = square.sum(1) * self._scale
        return single, single * single - (square * square).sum(1) * self._scale**2

    def variance_of_average(self, u: Array) -> tuple[Array, Array]:
        """Both kernels, averaged over all pairs of s rows, for each of m blocks u (m, s, q): (m,).

        As Σ (u·u')² over all pairs of rows is the squared norm of Σ u uᵀ.
        """
        mean, square = u.mean(1), (u * u).mean(1)
        moments = u.swapaxes(1, 2) @ u / u.shape[1]
        pairs = (moments * moments).sum((1, 2)) - (square * square).sum(1)
        return self._scale * (mean * mean).sum(1), self._scale**2 * pairs

    def gradient(self, u: Array, weights: Array, a: float, b: float) -> Array:
        """Gradient (m, q) of Σ_n w_mn k(u_m, u_n) for the kernel a single + b pairs."""
        single = (u @ self.u.T) * self._scale
        slope = ((a * weights + (2.0 * b) * weights * single) @ self.u) * self._scale
        return np.asarray(slope - (2.0 * b * self._scale**2) * u * (weights @ self.square))

    def variance_gradient(self, u: Array, a: float, b: float) -> Array:
        """Gradient (m, q) of a row's kernel with itself."""
        square = u * u
        single = square.sum(1)[:, None] * self._scale
        slope = (2.0 * a * self._scale + (4.0 * b * self._scale) * single) * u
        return np.asarray(slope - (4.0 * b * self._scale**2) * square * u)
