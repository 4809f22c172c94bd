"""May the model be trusted? The verdict on its leave-one-out predictions, in sentences."""

from __future__ import annotations

import math

from engine.analysis.views import TrustView

_FEW = 8
_SPREAD = 1.7
"""Standard deviations of a count that may be chance (nine times in ten it is within them)."""


def verdict(view: TrustView) -> tuple[str, str]:
    """A sentence on the 90 % intervals, and its tone (good, warn, or plain)."""
    count = len(view.numbers)
    held = round(view.coverage90 * count)
    said = f"90 % intervals held {held} of {count}"
    if count < _FEW:
        return f"{said}: too few trials to tell", ""
    chance = _SPREAD * math.sqrt(0.9 * 0.1 * count)
    if held < 0.9 * count - chance:
        return f"{said}: too sure of itself, expect more than the intervals say", "warn"
    if held > 0.9 * count + chance and held < count:
        return f"{said}: rather cautious", "good"
    return f"{said}: well calibrated", "good"


def detail(view: TrustView) -> str:
    """What the 50 % intervals held."""
    count = len(view.numbers)
    return f"50 % held {round(view.coverage50 * count)} of {count}"


def legend(far_out: int) -> str:
    """What whiskers and marks mean, and how many lie at the edge."""
    words = "thin 90 %, thick 50 %, ■ missed"
    return f"{words} · {far_out} far out" if far_out else words
