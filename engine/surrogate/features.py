"""Points of the unit cube as the Gaussian process sees them.

For the smooth part of the kernel numbers stay as they are. A category becomes one column a choice,
so that two different choices are one length apart. A number that is not always active lies on an
arc (Swersky et al., "Raiders of the lost architecture", 2014): two active values are apart by their
difference, an active and an inactive one always by the same, so that only what both have is
compared, and the kernel stays positive definite.

For the effects that each parameter has by itself there is a second block of columns: a number from
-√3 to √3 (variance one over the range), nothing where it is inactive; one column a choice.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.surrogate.cube import Array, Cube, Dimension

ARC = 0.5 * np.pi
"""Angle of an arc's whole length; chord lengths are then close to differences."""
ROOT3 = np.sqrt(3.0)
PLAIN, ON_ARC, CHOICE = range(3)


class Features:
    """The columns that a cube's points become: smooth ones, then those of effects.

    `groups[c]` is the dimension of smooth column c; `effects` is the number of the others.
    """

    def __init__(self, cube: Cube) -> None:
        self.cube = cube
        kinds = np.array([_kind(dimension) for dimension in cube.dimensions], dtype=np.int64)
        self._choices = np.array(
            [_choices(dimension) for dimension in cube.dimensions], dtype=np.int64
        )
        widths = np.choose(kinds, [1, 2, self._choices])
        effect_widths = np.choose(kinds, [1, 1, self._choices])
        self.groups: NDArray[np.int64] = np.repeat(np.arange(len(cube)), widths)
        self.effects = int(effect_widths.sum())
        starts = np.cumsum(widths) - widths
        effect_starts = len(self.groups) + np.cumsum(effect_widths) - effect_widths
        self._plain, self._arcs, self._choosing = (
            np.flatnonzero(np.equal(kinds, kind)) for kind in (PLAIN, ON_ARC, CHOICE)
        )
        self._numbers = np.flatnonzero(np.not_equal(kinds, CHOICE))
        self._plain_columns, self._arc_columns = starts[self._plain], starts[self._arcs]
        self._number_effects = effect_starts[self._numbers]
        self._choice_columns = _ranges(starts[self._choosing], self._choices[self._choosing])
        self._choice_effects = _ranges(effect_starts[self._choosing], self._choices[self._choosing])
        self._choice_numbers = _ranges(0 * self._choosing, self._choices[self._choosing])

    def of(self, points: Array) -> Array:
        """Columns for points (n, d) of the cube: shape (n, len(groups) + effects)."""
        found = np.empty((len(points), len(self.groups) + self.effects))
        inactive = np.isnan(points)
        known = np.where(inactive, 0.5, points)
        found[:, self._plain_columns] = known[:, self._plain]
        found[:, self._number_effects] = ROOT3 * (2.0 * known[:, self._numbers] - 1.0)
        if len(self._arcs):
            angle = ARC * known[:, self._arcs]
            radius = np.where(inactive[:, self._arcs], 0.0, 1.0 / ARC)
            found[:, self._arc_columns] = radius * np.cos(angle)
            found[:, self._arc_columns + 1] = radius * np.sin(angle)
        if len(self._choosing):
            counts = self._choices[self._choosing]
            level = np.minimum((known[:, self._choosing] * counts).astype(np.int64), counts - 1)
            level[inactive[:, self._choosing]] = -1
            chosen = np.repeat(level, counts, axis=1) == self._choice_numbers
            found[:, self._choice_columns] = chosen / np.sqrt(2.0)
            found[:, self._choice_effects] = chosen
        return found

    def pull_back(self, points: Array, gradient: Array) -> Array:
        """The gradient (n, d) in the cube of a function whose gradient in the columns is given.

        Zero for categories and for inactive parameters.
        """
        result = np.zeros_like(points)
        result[:, self._numbers] = 2.0 * ROOT3 * gradient[:, self._number_effects]
        result[:, self._plain] += gradient[:, self._plain_columns]
        angle = ARC * points[:, self._arcs]
        result[:, self._arcs] += np.cos(angle) * gradient[:, self._arc_columns + 1]
        result[:, self._arcs] -= np.sin(angle) * gradient[:, self._arc_columns]
        return np.where(np.isnan(points), 0.0, result)


def _kind(dimension: Dimension) -> int:
    if dimension.is_categorical:
        return CHOICE
    return PLAIN if dimension.parent is None else ON_ARC


def _choices(dimension: Dimension) -> int:
    """How many choices a category has; 1 for a number."""
    if not dimension.is_categorical:
        return 1
    assert dimension.levels is not None
    return len(dimension.levels)


def _ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The whole numbers of all ranges that begin at `starts`, one after the other."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)
