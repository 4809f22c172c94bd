"""What a worker tells, checked: a training may write what it likes where the worker writes.

Each raises ValueError for what a worker never says.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

LARGEST_STEP = 2**53


def read_number(told: Any) -> float:
    """A finite number."""
    if isinstance(told, bool) or not isinstance(told, int | float) or not math.isfinite(told):
        raise ValueError(f"{told!r:.80} is no finite number")
    return float(told)


def read_step(told: Any) -> int:
    """The number of a step."""
    if isinstance(told, bool) or not isinstance(told, int) or not 0 <= told <= LARGEST_STEP:
        raise ValueError(f"{told!r:.80} is no step")
    return told


def read_size(told: Any) -> int:
    """How many there are of something: one at least."""
    if read_step(told) < 1:
        raise ValueError(f"{told!r:.80} is no size")
    return int(told)


def read_flag(told: Any) -> bool:
    """Yes or no."""
    if not isinstance(told, bool):
        raise ValueError(f"{told!r:.80} is neither true nor false")
    return told


def read_text(told: Any) -> str:
    """Text."""
    if not isinstance(told, str):
        raise ValueError(f"{told!r:.80} is no text")
    return told


def read_metrics(told: Any) -> dict[str, float]:
    """Numbers by name, finite or not; the names are in memory once, however often they come."""
    if not isinstance(told, Mapping):
        raise ValueError(f"{told!r:.80} are no metrics")
    for value in told.values():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{value!r:.80} is no number")
    return {sys.intern(name): float(value) for name, value in told.items()}
