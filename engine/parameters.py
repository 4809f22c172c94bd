"""What a person states about each parameter of a search: names, ranges, choices, conditions.

Plain records that may hold anything, so that a half-edited table can exist; engine.definitions
says what is wrong with them, engine.parameter_domains what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class SpaceError(ValueError):
    """One sentence that names the parameter and the mend.

    `parameter` is its name, `index` its place in the list (from 0), `field` what is to be changed
    ("low", "when", ...; empty where that is not one field), and `sentence` what is said, without
    the name in front. For a configuration that does not fit, only `parameter` is known.
    """

    def __init__(
        self, sentence: str, parameter: str = "", index: int | None = None, field: str = ""
    ) -> None:
        self.sentence = sentence
        self.parameter = parameter
        self.index = index
        self.field = field
        super().__init__(f"{self.place}: {sentence}" if self.place else sentence)

    @property
    def place(self) -> str:
        """The parameter's name, or which one it is where it has none."""
        if self.index is not None and not self.parameter:
            return f"parameter {self.index + 1}"
        return self.parameter if self.parameter.isprintable() else repr(self.parameter)


@dataclass(frozen=True)
class When:
    """A condition: active while `parameter` has one of `values`."""

    parameter: str
    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _as_tuple(self.values))


@dataclass(frozen=True)
class Float:
    """A real number from `low` to `high`, both included.

    With `log`, equal ratios are equally likely; with `step`, only low, low + step, ... are taken.
    `value` fixes the parameter, and low and high may then be left out. `grid` is how many points a
    grid tries, or the points themselves.
    """

    name: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    step: float | None = None
    default: float | None = None
    value: float | None = None
    grid: Any = None
    when: When | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "grid", _as_tuple(self.grid))


@dataclass(frozen=True)
class Int:
    """A whole number from `low` to `high`, both included; fields as those of Float."""

    name: str
    low: int | None = None
    high: int | None = None
    log: bool = False
    step: int | None = None
    default: int | None = None
    value: int | None = None
    grid: Any = None
    when: When | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "grid", _as_tuple(self.grid))


@dataclass(frozen=True)
class Categorical:
    """One of `choices`: text, numbers, or true and false. `grid` may list some of them."""

    name: str
    choices: tuple[Any, ...] = ()
    default: Any = None
    value: Any = None
    grid: Any = None
    when: When | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", _as_tuple(self.choices))
        object.__setattr__(self, "grid", _as_tuple(self.grid))


Parameter = Float | Int | Categorical


def _as_tuple(values: Any) -> Any:
    """Lists as tuples, so that equal definitions are equal and hashable; anything else as it is."""
    return tuple(values) if isinstance(values, list) else values
