"""The options of pruners checked: what they must be, in one sentence."""

from __future__ import annotations

import math
from typing import Any

from engine.wording import show

MOST = 10**9


class PrunerError(ValueError):
    """An unknown pruner or option: `key` says which, `sentence` what is wrong."""

    def __init__(self, key: str, sentence: str) -> None:
        self.key = key
        self.sentence = sentence
        super().__init__(f"{key}: {sentence}")


def whole(key: str, value: Any, low: int) -> int:
    """A whole number from `low`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= MOST:
        raise PrunerError(key, f"must be a whole number from {low}, not {show(value)}.")
    return value


def whole_or_none(key: str, value: Any, low: int) -> int | None:
    """A whole number from `low`, or nothing."""
    return None if value is None else whole(key, value, low)


def number(key: str, value: Any, low: float, high: float = math.inf) -> float:
    """A finite number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise PrunerError(key, f"must be a number, not {show(value)}.")
    if not low <= value <= high:
        span = f"from {low:g} to {high:g}" if math.isfinite(high) else f"at least {low:g}"
        raise PrunerError(key, f"must be {span}, not {show(value)}.")
    return float(value)


def between(key: str, value: Any, low: float, high: float) -> float:
    """A number above `low` and below `high`."""
    found = number(key, value, low, high)
    if found in (low, high):
        raise PrunerError(key, f"must be above {low:g} and below {high:g}, not {show(value)}.")
    return found
