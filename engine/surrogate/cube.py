"""A search space as arrays: which points of the unit cube are configurations, and which are near.

Rows are points as `SearchSpace.encode` gives them, one column a dimension; inactive coordinates
are NaN. Nothing here knows what the points are worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.domains import Choices, Discrete
from engine.space import SearchSpace

Array = NDArray[np.float64]

MAX_LEVELS = 1000
"""Beyond this many values a number is treated as continuous, and rounded at the end."""


@dataclass(frozen=True)
class Dimension:
    """One column: the levels that it may take (None: any number), and when it is active."""

    levels: Array | None
    is_categorical: bool
    parent: int | None = None
    parent_levels: tuple[int, ...] = ()
    never: bool = False


class Cube:
    """The unit cube of a search space."""

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        columns = {name: index for index, name in enumerate(space.dimensions)}
        self.dimensions = [_dimension(space, name, columns) for name in space.dimensions]
        self.held: dict[int, float] = {}
        self._order = [columns[name] for name in space.parents_first if name in columns]

    def __len__(self) -> int:
        return len(self.dimensions)

    def holding(self, values: Mapping[str, Any]) -> Cube:
        """The part of the cube where parameters have these `values`, wherever they are active."""
        part = copy(self)
        columns = {name: index for index, name in enumerate(self.space.dimensions)}
        part.held = {
            columns[name]: self.space.domain(name).to_unit(value)
            for name, value in values.items()
            if name in columns
        }
        return part

    def level(self, points: Array, column: int) -> NDArray[np.int64]:
        """The index of the nearest level in each row, shape (n,); -1 where inactive."""
        levels, x = self.dimensions[column].levels, points[:, column]
        if levels is None:
            return self._index(x, column)
        found = np.searchsorted((levels[1:] + levels[:-1]) / 2, np.nan_to_num(x, nan=0.0))
        return np.where(np.isnan(x), -1, found)

    def place(self, column: int, level: int) -> float:
        """The coordinate of a level."""
        domain = self._discrete(column)
        return domain.to_unit(domain.at(level))

    def _discrete(self, column: int) -> Discrete:
        domain = self.space.domain(self.space.dimensions[column])
        assert isinstance(domain, Discrete)
        return domain

    def _index(self, x: Array, column: int) -> NDArray[np.int64]:
        """The level in each row where there are too many to list."""
        domain = self._discrete(column)
        found = [-1 if np.isnan(u) else domain.index(domain.from_unit(float(u))) for u in x]
        return np.array(found, dtype=np.int64)

    def snap(self, points: Array) -> Array:
        """The configurations that `points` (n, d) stand for: on levels, inactive ones NaN."""
        snapped = np.clip(points, 0.0, 1.0)
        for column, place in self.held.items():
            snapped[:, column] = place
        for column in self._order:
            dimension = self.dimensions[column]
            if dimension.never:
                snapped[:, column] = np.nan
                continue
            filled = np.where(np.isnan(snapped[:, column]), 0.5, snapped[:, column])
            snapped[:, column] = filled
            if dimension.levels is not None:
                snapped[:, column] = dimension.levels[self.level(snapped, column)]
            if dimension.parent is not None:
                parent = self.level(snapped, dimension.parent)
                active = np.isin(parent, dimension.parent_levels)
                snapped[~active, column] = np.nan
        return snapped


def _dimension(space: SearchSpace, name: str, columns: dict[str, int]) -> Dimension:
    domain = space.domain(name)
    levels, is_categorical = None, isinstance(domain, Choices)
    if isinstance(domain, Discrete) and (is_categorical or domain.count <= MAX_LEVELS):
        levels = np.array([domain.to_unit(domain.at(index)) for index in range(domain.count)])
    when = space[name].when
    if when is None:
        return Dimension(levels, is_categorical)
    if when.parameter not in columns:
        return Dimension(levels, is_categorical, never=not space.is_active(name, {}))
    parent = space.domain(when.parameter)
    assert isinstance(parent, Discrete)
    chosen = tuple(parent.index(parent.normalise(value)) for value in when.values)
    return Dimension(levels, is_categorical, columns[when.parameter], chosen)
