"""Grid search: every combination of the parameters' grid values, evenly at every moment."""

from __future__ import annotations

import math
from functools import cached_property

from engine.enumeration import Enumeration
from engine.methods.base import Method
from engine.methods.stride import even_stride
from engine.space import SearchSpace
from engine.trial import Params


class GridMethod(Method):
    """The full factorial, from its middle on, in an order whose every beginning is even.

    The order depends on the space alone, not on the seed.
    """

    def __init__(self, space: SearchSpace, seed: int = 0) -> None:
        super().__init__(space, seed)
        self._size = space.grid_size()
        self._walked = 0

    @property
    def capacity(self) -> int:
        """The number of configurations of the grid."""
        return self._size

    def _propose(self) -> Params | None:
        while self._walked < self._size:
            number = self._walked * self._stride % self._size
            self._walked += 1
            params = self.space.validate(self._numbering.at(number))
            if self.space.key(params) not in self._seen:
                return params
        return None

    @cached_property
    def _numbering(self) -> Enumeration:
        """The grid's configurations, number 0 being the one in the middle."""
        return self.space.factorial({name: self._from_middle(name) for name in self.space.names})

    @cached_property
    def _stride(self) -> int:
        return even_stride(self._size, self._levels)

    @cached_property
    def _bins(self) -> dict[str, dict[object, float]]:
        """For each parameter, its grid values' places in the unit interval."""
        bins: dict[str, dict[object, float]] = {}
        for name in self.space.dimensions:
            values = self.space.grid_values(name)
            bins[name] = {value: (k + 0.5) / len(values) for k, value in enumerate(values)}
        return bins

    def _levels(self, number: int) -> list[float]:
        params = self._numbering.at(number)
        return [
            bins[params[name]] if name in params else math.nan for name, bins in self._bins.items()
        ]

    def _from_middle(self, name: str) -> list[object]:
        values = self.space.grid_values(name)
        middle = len(values) // 2
        return values[middle:] + values[:middle]
