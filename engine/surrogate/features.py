"""Points of the unit cube as the Gaussian process sees them.

Numbers stay as they are. A category becomes one column a choice, so that two different choices are
one length apart. A number that is not always active lies on an arc (Swersky et al., "Raiders of
the lost architecture", 2014): two active values are apart by their difference, an active and an
inactive one always by the same, so that only what both have is compared, and the kernel stays
positive definite.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.surrogate.cube import Array, Cube

ARC = 0.5 * np.pi
"""Angle of an arc's whole length; chord lengths are then close to differences."""


class Features:
    """The columns that a cube's points become; `groups[c]` is the dimension of column c."""

    def __init__(self, cube: Cube) -> None:
        self.cube = cube
        groups: list[int] = []
        for index in range(len(cube.dimensions)):
            groups += [index] * self._width(index)
        self.groups: NDArray[np.int64] = np.array(groups, dtype=np.int64)
        self.has_arcs = any(
            dimension.parent is not None and not dimension.is_categorical
            for dimension in cube.dimensions
        )

    def _width(self, index: int) -> int:
        dimension = self.cube.dimensions[index]
        if dimension.is_categorical:
            assert dimension.levels is not None
            return len(dimension.levels)
        return 1 if dimension.parent is None else 2

    def of(self, points: Array) -> Array:
        """Columns for points (n, d) of the cube: shape (n, len(groups))."""
        columns = []
        for index, dimension in enumerate(self.cube.dimensions):
            x = points[:, index]
            if dimension.is_categorical:
                assert dimension.levels is not None
                level = self.cube.level(points, index)
                columns.append((level[:, None] == np.arange(len(dimension.levels))) / np.sqrt(2))
            elif dimension.parent is None:
                columns.append(np.nan_to_num(x, nan=0.5)[:, None])
            else:
                radius = np.where(np.isnan(x), 0.0, 1.0 / ARC)
                angle = ARC * np.nan_to_num(x, nan=0.0)
                columns.append(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1))
        return np.concatenate(columns, axis=1)

    def pull_back(self, points: Array, gradient: Array) -> Array:
        """The gradient (n, d) in the cube of a function whose gradient in the columns is given.

        Zero for categories and for inactive parameters.
        """
        result = np.zeros_like(points)
        start = 0
        for index, dimension in enumerate(self.cube.dimensions):
            width = self._width(index)
            part = gradient[:, start : start + width]
            start += width
            if dimension.is_categorical:
                continue
            if dimension.parent is None:
                result[:, index] = part[:, 0]
            else:
                angle = ARC * np.nan_to_num(points[:, index], nan=0.0)
                chain = -np.sin(angle) * part[:, 0] + np.cos(angle) * part[:, 1]
                result[:, index] = np.where(np.isnan(points[:, index]), 0.0, chain)
        return result
