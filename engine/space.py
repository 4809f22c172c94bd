"""The search space: which configurations there are, as the rest of the program sees them.

Definitions are in engine.parameters, their faults in engine.definitions, values and the unit
interval in engine.domains and engine.ranges, counting in engine.enumeration. How a space is
searched is for engine.methods.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.conditions import parents_first, resolve
from engine.definitions import find_problems
from engine.domains import Choices, Discrete, Domain, plain
from engine.enumeration import Enumeration, Fine, Levels
from engine.parameter_domains import domain_of
from engine.parameters import Categorical, Float, Int, Parameter, SpaceError, When
from engine.ranges import Continuous
from engine.trial import Params
from engine.wording import did_you_mean

__all__ = [
    "Categorical",
    "Float",
    "Int",
    "Parameter",
    "SearchSpace",
    "SpaceError",
    "When",
    "find_problems",
]

GRID_POINTS = 5
"""How many points of a parameter a grid tries unless its definition says otherwise."""


class SearchSpace:
    """A valid, immutable list of parameters, some of which may depend on others.

    A configuration (Params) holds a value for each active parameter, in the order of definition;
    inactive ones are absent. Raises SpaceError for the first definition that makes no sense.
    """

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self.parameters: tuple[Parameter, ...] = tuple(parameters)
        problems = find_problems(self.parameters)
        if problems:
            raise problems[0]
        self._by_name = {parameter.name: parameter for parameter in self.parameters}
        self._domains = {p.name: domain_of(p) for p in self.parameters}
        self._conditions = {p.name: resolve(p.when, self._by_name) for p in self.parameters}
        self.parents_first = parents_first(self.parameters)
        self._fixed = {
            p.name: self._domains[p.name].from_unit(0.5)
            for p in self.parameters
            if p.value is not None
        }

    @property
    def names(self) -> tuple[str, ...]:
        """All parameters' names, in the order of definition."""
        return tuple(self._by_name)

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the parameters that are not fixed: the columns of the unit cube."""
        return tuple(p.name for p in self.parameters if p.value is None)

    def domain(self, name: str) -> Domain:
        """The values of a parameter; of a fixed one, its value alone."""
        return self._domains[name]

    def __getitem__(self, name: str) -> Parameter:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __len__(self) -> int:
        return len(self.parameters)

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.parameters)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SearchSpace) and self.parameters == other.parameters

    def __hash__(self) -> int:
        return hash(self.parameters)

    def __repr__(self) -> str:
        return f"SearchSpace({list(self.parameters)!r})"

    # --- configurations -------------------------------------------------------------------

    def is_active(self, name: str, params: Mapping[str, Any]) -> bool:
        """Whether `name` plays a part beside the values of the parameters that it depends on."""
        condition = self._conditions[name]
        while condition is not None:
            parent, values = condition
            value = self._fixed.get(parent, params.get(parent))
            if plain(value) not in values:
                return False
            condition = self._conditions[parent]
        return True

    def active(self, params: Mapping[str, Any]) -> list[str]:
        """Names of the parameters that play a part beside these values, in order."""
        return [name for name in self._by_name if self.is_active(name, params)]

    def validate(self, params: Mapping[str, Any]) -> Params:
        """The configuration in its normal form, fixed values filled in; SpaceError if it has none.

        Numbers get their parameter's type, and values a rounding error beside a bound or a step
        are put on it; other than that they stay as they are.
        """
        for name in params:
            if name not in self._by_name:
                raise SpaceError(
                    f"there is no such parameter{did_you_mean(str(name), self.names) or '.'}",
                    str(name),
                )
        values: Params = {}
        for name in self.parents_first:
            if self._holds(name, values):
                values[name] = self._value(name, params)
            elif name in params:
                raise SpaceError("it is not active beside these values; remove it.", name)
        return self._ordered(values)

    def key(self, params: Mapping[str, Any]) -> Hashable:
        """Equal for equal configurations (floats: to about twelve digits), and only for those."""
        values = self.validate(params)
        return tuple(
            domain.canonical(values[name]) if name in values else None
            for name, domain in self._domains.items()
        )

    def default(self) -> Params:
        """Each parameter's default where it has one, else its centre or first choice."""
        return self._build(self._default)

    def sample(self, rng: np.random.Generator) -> Params:
        """A configuration drawn uniformly on each parameter's scale."""
        return self.decode(rng.random(len(self.dimensions)))

    # --- the unit cube --------------------------------------------------------------------

    def encode(self, params: Mapping[str, Any]) -> NDArray[np.float64]:
        """Where a configuration lies in the unit cube: shape (d,), d = len(dimensions).

        Discrete values lie at the centre of their bin; inactive parameters are NaN.
        """
        values = self.validate(params)
        return np.array(
            [
                self._domains[name].to_unit(values[name]) if name in values else np.nan
                for name in self.dimensions
            ],
            dtype=np.float64,
        )

    def decode(self, u: NDArray[np.float64] | Iterable[float]) -> Params:
        """The configuration at a point of the unit cube, shape (d,).

        Coordinates of inactive parameters do not matter. Exact inverse of `encode` for whatever
        decode, sample, default and grid_at return.
        """
        point = [float(coordinate) for coordinate in u]
        if len(point) != len(self.dimensions):
            raise ValueError(f"{len(point)} coordinates for {len(self.dimensions)} dimensions")
        place = dict(zip(self.dimensions, point, strict=True))
        return self._build(lambda name: self._domains[name].from_unit(place[name]))

    # --- counting -------------------------------------------------------------------------

    def size(self) -> int | None:
        """The number of distinct configurations, exactly; None when there is no end of them."""
        return None if self._has_continuum else self.enumeration.size

    @cached_property
    def enumeration(self) -> Enumeration:
        """A numbering of all configurations, with 2^40 values for each continuous parameter."""
        levels: dict[str, Levels] = {}
        for name in self.parents_first:
            domain = self._domains[name]
            levels[name] = domain if isinstance(domain, Discrete) else Fine(domain)
        return Enumeration(levels, self._conditions_within(levels))

    def grid_values(self, name: str) -> list[Any]:
        """The values of a parameter that a grid tries."""
        parameter, domain = self._by_name[name], self._domains[name]
        if parameter.value is not None:
            return domain.grid(1)
        if isinstance(parameter.grid, tuple):
            return [domain.canonical(domain.normalise(value)) for value in parameter.grid]
        if parameter.grid == 1 and parameter.default is not None:
            return [self._default(name)]
        return domain.grid(parameter.grid or GRID_POINTS)

    @cached_property
    def grid(self) -> Enumeration:
        """A numbering of the configurations of the full factorial, conditions respected."""
        return self.factorial({name: self.grid_values(name) for name in self.names})

    def factorial(self, values: Mapping[str, Iterable[Any]]) -> Enumeration:
        """A numbering of all combinations of some canonical values of each parameter."""
        levels = {name: Choices(values[name]) for name in self.parents_first}
        return Enumeration(levels, self._conditions_within(levels))

    def grid_size(self) -> int:
        """The number of configurations of the grid, exactly."""
        return self.grid.size

    def grid_at(self, index: int) -> Params:
        """Configuration number `index` of the grid, 0 <= index < grid_size()."""
        return self._ordered(self.grid.at(index))

    # --- inside ---------------------------------------------------------------------------

    def _holds(self, name: str, values: Params) -> bool:
        """Whether `name` is active where `values` holds the active ones before it, in order."""
        condition = self._conditions[name]
        return condition is None or values.get(condition[0], _ABSENT) in condition[1]

    def _value(self, name: str, params: Mapping[str, Any]) -> Any:
        if name not in params:
            if name in self._fixed:
                return self._fixed[name]
            raise SpaceError("its value is missing; give one.", name)
        try:
            return self._domains[name].normalise(params[name])
        except ValueError as error:
            raise SpaceError(f"{error}.", name) from None

    def _default(self, name: str) -> Any:
        parameter, domain = self._by_name[name], self._domains[name]
        if parameter.default is not None:
            return domain.canonical(domain.normalise(parameter.default))
        return domain.from_unit(0.0 if isinstance(parameter, Categorical) else 0.5)

    def _build(self, value_of: Callable[[str], Any]) -> Params:
        values: Params = {}
        for name in self.parents_first:
            if self._holds(name, values):
                values[name] = self._fixed[name] if name in self._fixed else value_of(name)
        return self._ordered(values)

    def _ordered(self, values: Params) -> Params:
        return {name: values[name] for name in self._by_name if name in values}

    @cached_property
    def _has_continuum(self) -> bool:
        return any(
            isinstance(self._domains[p.name], Continuous) and self._is_reachable(p.name)
            for p in self.parameters
        )

    def _is_reachable(self, name: str) -> bool:
        """Whether some configuration has this parameter: fixed parents can rule it out."""
        condition = self._conditions[name]
        while condition is not None:
            parent, values = condition
            if parent in self._fixed and self._fixed[parent] not in values:
                return False
            condition = self._conditions[parent]
        return True

    def _conditions_within(
        self, levels: Mapping[str, Levels]
    ) -> dict[str, tuple[str, tuple[int, ...]]]:
        """For each child its parent, and the positions among its levels that activate it."""
        positions: dict[str, tuple[str, tuple[int, ...]]] = {}
        for name, condition in self._conditions.items():
            if condition is not None:
                parent, values = condition
                known = levels[parent]
                if isinstance(known, Choices):
                    values = values & frozenset(known.values)
                positions[name] = (parent, tuple(known.index(value) for value in values))
        return positions


_ABSENT = object()
