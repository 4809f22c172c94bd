"""The domains of numbers: between two bounds, on a linear or a log scale, with steps or without.

Floats are rounded to about twelve digits, far below what a trial can tell apart, so that values are
canonical (see engine.domains). Whether bounds and steps make sense is for engine.definitions.
"""

from __future__ import annotations

import math
from typing import Any

from engine.domains import Discrete, Domain, plain
from engine.wording import show

MAX_INT = 10**15
"""Largest magnitude of a whole number whose place in the unit interval is exact."""
MAX_LOG_INT = 10**12
"""The same on a log scale."""
DIGITS = 12
_FAR = 200.0
"""Logarithms (of 1e87) beyond which a float's logarithm is good for eleven digits only."""


def is_number(value: Any) -> bool:
    """Whether `value` is a finite number; true and false are not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or math.isfinite(value)


class Continuous(Domain):
    """Real numbers from `low` to `high`, on a linear or a log scale."""

    count = None

    def __init__(self, low: float, high: float, log: bool = False) -> None:
        self.low, self.high, self.log = low, high, log
        self._start, end = (math.log(low), math.log(high)) if log else (low, high)
        self._length = end - self._start
        self._digits = DIGITS if max(abs(self._start), abs(end)) < _FAR else DIGITS - 1
        self._decimals = decimals(low, high)

    def normalise(self, value: Any) -> float:
        number = float(_checked_number(value))
        slack_low, slack_high = self._slack(self.low), self._slack(self.high)
        if not self.low - slack_low <= number <= self.high + slack_high:
            raise ValueError(_outside(number, self.low, self.high))
        return self._clip(number)

    def canonical(self, value: float) -> float:
        if self.log:
            rounded = float(f"{value:.{self._digits - 1}e}")
        else:
            rounded = round(value, self._decimals) + 0.0
        for end in (self.low, self.high):
            if abs(rounded - end) < self._slack(end) / 2:
                return end
        return self._clip(rounded)

    def to_unit(self, value: float) -> float:
        place = math.log(value) if self.log else value
        return min(max((place - self._start) / self._length, 0.0), 1.0)

    def from_unit(self, u: float) -> float:
        if u <= 0.0:
            return self.low
        if u >= 1.0:
            return self.high
        place = self._start + u * self._length
        return self.canonical(math.exp(place) if self.log else place)

    def grid(self, points: int) -> list[float]:
        if points == 1:
            return [self.from_unit(0.5)]
        return [self.from_unit(k / (points - 1)) for k in range(points)]

    def _clip(self, number: float) -> float:
        return min(max(number, self.low), self.high)

    def _slack(self, end: float) -> float:
        """What rounding may add to or take from a value close to an end."""
        return float(10.0 ** (1 - self._digits) * end if self.log else 10.0 ** (-self._decimals))


class Integers(Discrete):
    """Whole numbers `low`, `low + step`, ... `high`, evenly spaced."""

    def __init__(self, low: int, high: int, step: int = 1) -> None:
        self.low, self.high, self.step = low, high, step
        self.count = (high - low) // step + 1

    def normalise(self, value: Any) -> int:
        number = _checked_number(value)
        if number != int(number):
            raise ValueError(f"must be a whole number, not {show(value)}")
        if not self.low <= number <= self.high:
            raise ValueError(_outside(number, self.low, self.high))
        index, rest = divmod(int(number) - self.low, self.step)
        if rest:
            raise ValueError(_between(number, self.at(index), self.at(index + 1)))
        return int(number)

    def at(self, index: int) -> int:
        return self.low + index * self.step

    def index(self, value: int) -> int:
        return (value - self.low) // self.step


class LogIntegers(Integers):
    """Whole numbers on a log scale: each owns the bin from itself - 0.5 to itself + 0.5."""

    def __init__(self, low: int, high: int) -> None:
        super().__init__(low, high)
        self._start = math.log(low - 0.5)
        self._length = math.log(high + 0.5) - self._start

    def to_unit(self, value: int) -> float:
        centre = (math.log(value - 0.5) + math.log(value + 0.5)) / 2
        return (centre - self._start) / self._length

    def from_unit(self, u: float) -> int:
        value = math.floor(math.exp(self._start + u * self._length) + 0.5)
        return min(max(value, self.low), self.high)

    def grid(self, points: int) -> list[int]:
        if self.count <= points or points == 1:
            return super().grid(points)
        start, length = math.log(self.low), math.log(self.high / self.low)
        wanted = [round(math.exp(start + length * k / (points - 1))) for k in range(points)]
        return _strictly_rising(wanted, self.low, self.high)


class Stepped(Discrete):
    """Real numbers `low`, `low + step`, ... `high`."""

    def __init__(self, low: float, high: float, step: float) -> None:
        self.low, self.high, self.step = low, high, step
        self.count = round((high - low) / step) + 1
        self._decimals = decimals(low, high)

    def normalise(self, value: Any) -> float:
        number = float(_checked_number(value))
        slack = 1e-6 * self.step
        if not self.low - slack <= number <= self.high + slack:
            raise ValueError(_outside(number, self.low, self.high))
        nearest = self.at(self.index(number))
        if abs(nearest - number) > slack:
            below = math.floor((number - self.low) / self.step)
            raise ValueError(_between(number, self.at(below), self.at(below + 1)))
        return nearest

    def at(self, index: int) -> float:
        if index >= self.count - 1:
            return self.high
        return max(self.low, round(self.low + index * self.step, self._decimals) + 0.0)

    def index(self, value: float) -> int:
        return min(max(round((value - self.low) / self.step), 0), self.count - 1)


def decimals(low: float, high: float) -> int:
    """Decimal places that tell 10^12 values between `low` and `high` apart.

    Fewer where floats of this magnitude do not lie as close as that.
    """
    finest = 4 * max(math.ulp(low), math.ulp(high))
    return -math.ceil(math.log10(max((high - low) * 10.0**-DIGITS, finest)))


def _checked_number(value: Any) -> float | int:
    value = plain(value)
    if not is_number(value):
        raise ValueError(f"must be a number, not {show(value)}")
    number: float | int = value
    return number


def _outside(value: float, low: float, high: float) -> str:
    return f"{show(value)} is outside {show(low)} to {show(high)}; take one between them"


def _between(value: float, below: float, above: float) -> str:
    return f"{show(value)} is between two steps; take {show(below)} or {show(above)}"


def _strictly_rising(wanted: list[int], low: int, high: int) -> list[int]:
    """Whole numbers close to those wanted, none twice; there must be room for them."""
    rising = [low]
    for value in wanted[1:]:
        rising.append(max(value, rising[-1] + 1))
    rising[-1] = high
    for place in range(len(rising) - 2, -1, -1):
        rising[place] = min(rising[place], rising[place + 1] - 1)
    return rising
