"""Which stride walks through a grid evenly: 0, s, 2s, 3s, ... modulo its size.

With s coprime to the size the walk meets each number once, in constant memory. With s near an
irrational share of the size (the golden ratio's first of all) the slow parameters are met evenly
too, as by a Kronecker sequence, while the fast ones turn round and round. Which of some such
strides is best depends on the grid, so they are tried out on the beginning of the walk.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

CANDIDATES = 16
LONGEST = 128
"""How far into a walk it is looked at."""
_SPREAD_WEIGHT = 0.25
_IRRATIONALS = (0.6180339887498949, 0.7548776662466927, 0.4142135623730951)
"""Golden ratio, plastic number (its reciprocal) and the square root of two, less their ones."""


def even_stride(size: int, levels: Callable[[int], Sequence[float]]) -> int:
    """The stride of the most even walk through a grid of `size` configurations.

    `levels(number)` is where a configuration lies: for each parameter the centre of its level's
    bin in the unit interval, NaN where it is inactive. The same grid gives the same stride.
    """
    strides = _candidates(size)
    if len(strides) == 1:
        return strides[0]
    length = min(size, LONGEST)

    def walk_of(stride: int) -> NDArray[np.float64]:
        return np.array([levels(k * stride % size) for k in range(length)])

    return min(strides, key=lambda stride: unevenness(walk_of(stride), size))


def unevenness(walk: NDArray[np.float64], size: int) -> float:
    """How far the beginnings of a walk, shape (n, d), are from covering the grid evenly.

    The mean over beginnings of their centred discrepancy and of how much oftener some level of a
    parameter was met than another.
    """
    lengths = [length for length in _beginnings(size) if length <= len(walk)]
    columns = [_numbered(column) for column in walk.T]
    return float(
        np.mean([discrepancy(walk[:n]) + _SPREAD_WEIGHT * _spread(columns, n) for n in lengths])
    )


def discrepancy(points: NDArray[np.float64]) -> float:
    """Centred L2 discrepancy of points (n, d) of the unit cube; NaN counts as the centre.

    Hickernell, A generalized discrepancy and quadrature error bound (1998), equation 5.1c.
    """
    x = np.nan_to_num(points, nan=0.5)
    n, d = x.shape
    off = np.abs(x - 0.5)
    pairs = np.ones((n, n))
    for j in range(d):
        apart = np.abs(x[:, None, j] - x[None, :, j])
        pairs *= 1 + (off[:, None, j] + off[None, :, j] - apart) / 2
    single = np.prod(1 + (off - off**2) / 2, axis=1).sum()
    square = (13 / 12) ** d - 2 / n * single + pairs.sum() / n**2
    return math.sqrt(max(square, 0.0))


def _numbered(column: NDArray[np.float64]) -> tuple[NDArray[np.int64], int]:
    """The number of the level at each step of a walk, -1 where it is NaN; how many there are."""
    known = sorted(set(column[~np.isnan(column)].tolist()))
    return np.where(np.isnan(column), -1, np.searchsorted(known, column)), len(known)


def _spread(columns: Sequence[tuple[NDArray[np.int64], int]], length: int) -> float:
    """How much oftener the commonest level was met than the rarest: mean of the squares."""
    spreads = []
    for levels, count in columns:
        met = levels[:length]
        if count > 1:
            spreads.append(np.ptp(np.bincount(met[met >= 0], minlength=count)) ** 2)
    return float(np.mean(spreads)) if spreads else 0.0


def _beginnings(size: int) -> list[int]:
    lengths = {2**power for power in range(2, 8)} | {round(size * k / 8) for k in range(1, 8)}
    return sorted(length for length in lengths if 1 < length < size) or [size]


def _candidates(size: int) -> list[int]:
    """Strides coprime to `size`: near the irrational shares first, then anywhere."""
    anywhere = random.Random(0)
    shares = [*_IRRATIONALS, *(anywhere.random() for _ in range(8 * CANDIDATES))]
    strides: dict[int, None] = {}
    for share in shares:
        strides[_coprime_near(size * int(share * 2**53) >> 53, size)] = None
        if len(strides) == CANDIDATES:
            break
    return list(strides)


def _coprime_near(target: int, size: int) -> int:
    return next(s for s in _around(target) if 0 < s <= size and math.gcd(s, size) == 1)


def _around(target: int) -> Iterator[int]:
    yield target
    offset = 1
    while True:
        yield target + offset
        yield target - offset
        offset += 1
