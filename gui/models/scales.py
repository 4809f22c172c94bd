"""Where a parameter's value is on an axis, and which ticks such an axis has. No Qt, no drawing.

A position is what a plot draws: the value itself, its logarithm, or the index of a choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.parameters import Categorical, Int, Parameter
from gui.numbers import number

Tick = tuple[float, str]
_NICE = (1.0, 2.0, 5.0)


class Scale(Protocol):
    """One axis: positions of values, and ticks between two positions."""

    label: str
    low: float
    high: float

    def position(self, value: Any) -> float:
        """Where `value` is drawn; NaN where it cannot be."""

    def value(self, position: float) -> Any:
        """What is drawn at `position`, rounded to what the axis can hold."""

    def ticks(self, low: float, high: float, most: int) -> tuple[list[Tick], list[float]]:
        """At most about `most` labelled ticks in order, and the unlabelled ones between them."""


@dataclass(frozen=True)
class LinearScale:
    """Positions are the values; `whole` ones have no ticks between the integers."""

    label: str
    low: float = 0.0
    high: float = 1.0
    whole: bool = False

    def position(self, value: Any) -> float:
        return float(value)

    def value(self, position: float) -> float | int:
        return round(position) if self.whole else position

    def ticks(self, low: float, high: float, most: int) -> tuple[list[Tick], list[float]]:
        step = _nice_step((high - low) / max(1, most))
        if self.whole:
            step = max(1.0, step)
        places = max(0, -math.floor(math.log10(step) + 1e-9))
        major = [(p, _plain(p, places)) for p in _multiples(low, high, step)]
        fine = step / (2 if str(step)[0] == "2" else 5)
        if self.whole and fine < 1:
            return major, []
        taken = {round(p / fine) for p, _ in major}
        return major, [p for p in _multiples(low, high, fine) if round(p / fine) not in taken]


@dataclass(frozen=True)
class LogScale:
    """Positions are logarithms to `base`; ticks are its powers for as long as two are in sight."""

    label: str
    low: float = 0.0
    high: float = 1.0
    base: int = 10
    whole: bool = False

    def position(self, value: Any) -> float:
        if value <= 0:
            return math.nan
        return math.log2(value) if self.base == 2 else math.log10(value)

    def value(self, position: float) -> float | int:
        value = float(self.base) ** position
        return round(value) if self.whole else value

    def ticks(self, low: float, high: float, most: int) -> tuple[list[Tick], list[float]]:
        first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
        if last - first < 1:
            return self._between_powers(low, high, most), []
        stride = max(1, math.ceil((last - first + 1) / max(2, most)))
        shown = range(math.ceil(first / stride) * stride, last + 1, stride)
        if self.base == 10 and last - first < 2 and most >= 3:
            return self._ones_twos_fives(low, high, first, last), []
        major = [(float(e), number(self.base**e)) for e in shown]
        if stride > 1:
            return major, [float(e) for e in range(first, last + 1) if e % stride]
        if self.base == 2:
            return major, []
        minor = [e + math.log10(m) for e in range(first - 1, last + 1) for m in range(2, 10)]
        return major, [p for p in minor if low <= p <= high]

    def _ones_twos_fives(self, low: float, high: float, first: int, last: int) -> list[Tick]:
        values = [float(f"{nice:.0f}e{e}") for e in range(first - 1, last + 1) for nice in _NICE]
        ticks = [(self.position(value), number(value)) for value in values]
        return [(place, text) for place, text in ticks if low <= place <= high]

    def _between_powers(self, low: float, high: float, most: int) -> list[Tick]:
        bottom, top = float(self.base) ** low, float(self.base) ** high
        step = _nice_step((top - bottom) / max(1, most))
        if self.whole:
            step = max(1.0, step)
        values = [v for v in _multiples(bottom, top, step) if v > 0]
        return [(self.position(v), number(float(f"{v:.10g}"))) for v in values]


@dataclass(frozen=True)
class ChoiceScale:
    """Positions are the indices of the choices, half a step of room on each side."""

    label: str
    choices: tuple[Any, ...]

    @property
    def low(self) -> float:
        return -0.5

    @property
    def high(self) -> float:
        return len(self.choices) - 0.5

    def position(self, value: Any) -> float:
        for index, choice in enumerate(self.choices):
            if choice == value and isinstance(choice, bool) == isinstance(value, bool):
                return float(index)
        return math.nan

    def value(self, position: float) -> Any:
        return self.choices[min(max(0, round(position)), len(self.choices) - 1)]

    def ticks(self, low: float, high: float, most: int) -> tuple[list[Tick], list[float]]:
        shown = [(float(i), number(c)) for i, c in enumerate(self.choices) if low <= i <= high]
        return shown[:: max(1, math.ceil(len(shown) / max(1, most)))], []


def scale_of(parameter: Parameter) -> Scale:
    """The axis of `parameter`, by its own bounds and scale; a fixed one has no width."""
    if isinstance(parameter, Categorical):
        return ChoiceScale(parameter.name, tuple(parameter.choices) or (parameter.value,))
    whole = isinstance(parameter, Int)
    low = parameter.low if parameter.low is not None else parameter.value
    high = parameter.high if parameter.high is not None else parameter.value
    if not parameter.log:
        return LinearScale(parameter.name, float(low), float(high), whole)
    base = 2 if whole and _is_power_of_two(low) and _is_power_of_two(high) else 10
    bare = LogScale(parameter.name, base=base, whole=whole)
    return LogScale(parameter.name, bare.position(low), bare.position(high), base, whole)


def value_scale(label: str, log: bool) -> Scale:
    """The axis of the objective or of another metric."""
    return LogScale(label) if log else LinearScale(label)


def _is_power_of_two(value: Any) -> bool:
    return isinstance(value, int) and value > 0 and value & (value - 1) == 0


def _nice_step(at_least: float) -> float:
    if not math.isfinite(at_least) or at_least <= 0:
        return 1.0
    exponent = math.floor(math.log10(at_least))
    for exponent_ in (exponent, exponent + 1):
        for nice in _NICE:
            step = float(f"{nice:.0f}e{exponent_}")
            if step >= at_least * (1 - 1e-9):
                return step
    raise ArithmeticError(f"no step for {at_least}")


def _multiples(low: float, high: float, step: float) -> Sequence[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def _plain(value: float, places: int) -> str:
    if value and (places > 4 or abs(value) >= 1e6):
        return number(float(f"{value:.10g}"))
    return f"{value:.{places}f}".replace("-0." + "0" * places, "0." + "0" * places)
