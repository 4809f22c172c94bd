"""Student's t distribution on numpy alone.

scipy has it too, and loads for a tenth of a second and more, on the thread that the study runs on.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

_NODES = 96
_ROUNDS = 200
_BEND = 3
"""The angle is a power of what is integrated over: its end at 0, where a power of the sine that is
no whole number has no expansion, is left smoothly."""


def chance_below(z: float, freedom: float) -> float:
    """The probability that t with so many degrees of `freedom`, 1 or more, is below `z`.

    With z = sqrt(freedom) / tan(angle), the tail is the integral of sin^(freedom - 1) from 0 to the
    angle, times a factor (Abramowitz & Stegun 1964, equation 26.7.1, after that substitution), so
    that small tails are as exact as large ones.
    """
    angle = math.atan2(math.sqrt(freedom), abs(z))
    places, weights = _gauss()
    angles = angle * places**_BEND
    slopes = angle * _BEND * places ** (_BEND - 1)
    tail = _factor(freedom) * float(weights @ (np.sin(angles) ** (freedom - 1.0) * slopes))
    return tail if z < 0.0 else 1.0 - tail


def quantile(probability: float, freedom: float) -> float:
    """Below which t lies with a `probability` above 0 and below 1: the inverse of `chance_below`.

    Newton's method on the tail from the middle: the distribution is concave beyond, so that each
    step ends before the goal.
    """
    if probability > 0.5:
        return -quantile(1.0 - probability, freedom)
    z = 0.0
    for _ in range(_ROUNDS):
        step = (chance_below(z, freedom) - probability) / _density(z, freedom)
        z -= step
        if abs(step) <= 1e-13 * abs(z):
            break
    return z


def _density(z: float, freedom: float) -> float:
    power = -0.5 * (freedom + 1.0)
    return _factor(freedom) / math.sqrt(freedom) * math.pow(1.0 + z * z / freedom, power)


def _factor(freedom: float) -> float:
    """Gamma((v + 1) / 2) / (sqrt(pi) Gamma(v / 2))."""
    logs = math.lgamma(0.5 * (freedom + 1.0)) - math.lgamma(0.5 * freedom)
    return math.exp(logs) / math.sqrt(math.pi)


@cache
def _gauss() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places and weights of the Gauss-Legendre rule from 0 to 1."""
    places, weights = np.polynomial.legendre.leggauss(_NODES)
    return 0.5 * (places + 1.0), 0.5 * weights
