"""Counting and numbering the configurations of a space without listing them.

Each parameter has at most one condition, so a space is a forest: the number of configurations is
a product over parameters that stand side by side, and a sum over the values of a parameter that
others depend on. Only the values that conditions name are looked at one by one, so a parent with
10^9 values costs no more than one with three, and 10^30 configurations no more than ten.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

from engine.domains import Domain
from engine.trial import Params


class Levels(Protocol):
    """The values of one parameter that are counted, in order."""

    @property
    def count(self) -> int: ...
    def at(self, index: int) -> Any: ...
    def index(self, value: Any) -> int: ...


class Fine:
    """A continuous domain as very many values, for counting where there is no end of them."""

    count = 2**40

    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    def at(self, index: int) -> Any:
        return self._domain.from_unit((index + 0.5) / self.count)

    def index(self, value: Any) -> int:
        return min(int(self._domain.to_unit(value) * self.count), self.count - 1)


@dataclass(frozen=True)
class _Branch:
    """A value on which others depend: its position, who is active then, and how many ways."""

    position: int
    children: tuple[str, ...]
    weight: int
    offset: int
    """Number of configurations of the subtree that come before this value's."""


class Enumeration:
    """A numbering of all configurations from 0 to `size` - 1.

    `levels` holds each parameter's values, parents before children; `conditions` says for a child
    which parameter it depends on and which positions among that one's values make it active.
    """

    def __init__(
        self, levels: Mapping[str, Levels], conditions: Mapping[str, tuple[str, Iterable[int]]]
    ) -> None:
        self._levels = dict(levels)
        self._roots = tuple(name for name in levels if name not in conditions)
        dependents: dict[str, dict[int, list[str]]] = {name: {} for name in levels}
        for child, (parent, positions) in conditions.items():
            for position in positions:
                dependents[parent].setdefault(position, []).append(child)
        self._branches: dict[str, tuple[_Branch, ...]] = {}
        self._sizes: dict[str, int] = {}
        for name in reversed(self._levels):
            self._count(name, dependents[name])
        self.size = prod(self._sizes[name] for name in self._roots)

    def at(self, index: int) -> Params:
        """Configuration number `index`, 0 <= index < size; inactive parameters are absent."""
        if not 0 <= index < self.size:
            raise IndexError(f"{index} is not between 0 and {self.size - 1}")
        local = self._split(index, self._roots)
        params: Params = {}
        for name, levels in self._levels.items():
            if name in local:
                position, children, rest = self._descend(name, local[name])
                params[name] = levels.at(position)
                local.update(self._split(rest, children))
        return params

    def rank(self, params: Params) -> int:
        """The number of a configuration whose values are all counted here."""
        local: dict[str, int] = {}
        for name in reversed(self._levels):
            if name in params:
                position = self._levels[name].index(params[name])
                local[name] = self._ascend(name, position, local)
        return self._join(self._roots, local)

    def _count(self, name: str, dependents: Mapping[int, Sequence[str]]) -> None:
        branches: list[_Branch] = []
        extra = 0
        for position in sorted(dependents):
            children = tuple(dependents[position])
            weight = prod(self._sizes[child] for child in children)
            branches.append(_Branch(position, children, weight, position + extra))
            extra += weight - 1
        self._branches[name] = tuple(branches)
        self._sizes[name] = self._levels[name].count + extra

    def _descend(self, name: str, index: int) -> tuple[int, tuple[str, ...], int]:
        """Position of the value, the children active then, and what is left for them."""
        branches = self._branches[name]
        place = bisect_right(branches, index, key=lambda branch: branch.offset) - 1
        if place < 0:
            return index, (), 0
        branch = branches[place]
        beyond = index - branch.offset
        if beyond < branch.weight:
            return branch.position, branch.children, beyond
        return branch.position + beyond - branch.weight + 1, (), 0

    def _ascend(self, name: str, position: int, local: Mapping[str, int]) -> int:
        branches = self._branches[name]
        place = bisect_right(branches, position, key=lambda branch: branch.position) - 1
        if place < 0:
            return position
        branch = branches[place]
        if branch.position == position:
            return branch.offset + self._join(branch.children, local)
        return branch.offset + branch.weight + position - branch.position - 1

    def _split(self, index: int, names: Sequence[str]) -> dict[str, int]:
        """Mixed-radix digits of `index`, the last name's turning fastest."""
        digits: dict[str, int] = {}
        for name in reversed(names):
            index, digits[name] = divmod(index, self._sizes[name])
        return digits

    def _join(self, names: Sequence[str], digits: Mapping[str, int]) -> int:
        index = 0
        for name in names:
            index = index * self._sizes[name] + digits[name]
        return index
