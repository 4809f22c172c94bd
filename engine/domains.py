"""What the values of one parameter are: their order, the unit interval, grid points.

A domain maps its values to the unit interval and back. What `from_unit`, `at` and `grid` give is
canonical: `from_unit(to_unit(value)) == value`, exactly. Numbers between two bounds are in
engine.ranges; which domain a parameter has is for engine.parameter_domains.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np

from engine.wording import show


def plain(value: Any) -> Any:
    """A numpy scalar as the Python value it stands for; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


class Domain(ABC):
    """The values of one parameter. `count` is how many there are, None where they are infinite."""

    count: int | None

    @abstractmethod
    def normalise(self, value: Any) -> Any:
        """`value` as this domain holds it; raises ValueError with the end of a sentence."""

    @abstractmethod
    def canonical(self, value: Any) -> Any:
        """The value that a normalised one is told apart by."""

    @abstractmethod
    def to_unit(self, value: Any) -> float:
        """Where a normalised value lies in the unit interval."""

    @abstractmethod
    def from_unit(self, u: float) -> Any:
        """The canonical value at `u`; beyond the ends, the ends."""

    @abstractmethod
    def grid(self, points: int) -> list[Any]:
        """At most `points` canonical values, evenly spread over the scale, both ends included."""


class Discrete(Domain):
    """Finitely many values in a fixed order, each owning a bin of the unit interval."""

    count: int

    @abstractmethod
    def at(self, index: int) -> Any:
        """The value with this place in the order, from 0."""

    @abstractmethod
    def index(self, value: Any) -> int:
        """The place of a normalised value."""

    def canonical(self, value: Any) -> Any:
        return self.at(self.index(value))

    def to_unit(self, value: Any) -> float:
        return (self.index(value) + 0.5) / self.count

    def from_unit(self, u: float) -> Any:
        return self.at(min(max(math.floor(u * self.count), 0), self.count - 1))

    def grid(self, points: int) -> list[Any]:
        if self.count <= points:
            return [self.at(index) for index in range(self.count)]
        if points == 1:
            return [self.from_unit(0.5)]
        last = self.count - 1
        return [self.at((2 * k * last + points - 1) // (2 * (points - 1))) for k in range(points)]


class Choices(Discrete):
    """The listed values, in their order; all of them are grid points."""

    def __init__(self, values: Iterable[Any]) -> None:
        self.values = tuple(values)
        self.count = len(self.values)
        self._index = {value: index for index, value in enumerate(self.values)}

    def normalise(self, value: Any) -> Any:
        value = plain(value)
        try:
            known = self.values[self._index[value]]
        except (KeyError, TypeError):
            known = None
        if known is None or isinstance(known, bool) != isinstance(value, bool):
            if self.count == 1:
                raise ValueError(f"is fixed at {show(self.values[0])}, not {show(value)}")
            choices = ", ".join(show(choice) for choice in self.values)
            raise ValueError(f"{show(value)} is not one of {choices}")
        return known

    def at(self, index: int) -> Any:
        return self.values[index]

    def index(self, value: Any) -> int:
        return self._index[value]

    def grid(self, points: int) -> list[Any]:
        return list(self.values)
