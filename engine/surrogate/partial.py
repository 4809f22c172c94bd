"""What trials that were stopped on the way would have come to, by where others went from there.

A stopped trial says something of its place: thrown away, the model would look there again; taken at
its last value, it would think it worse than it is. It is given the loss that trials which were as
good by then ended with.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

NEAREST = 5
"""From so many of the complete trials that were most like it by then."""

Curve = Sequence[tuple[int, float]]
"""(step, loss) pairs, in the order of steps."""


def would_have_ended(partial: Curve, curves: Sequence[Curve], losses: Sequence[float]) -> float:
    """The loss of a trial that was stopped after `partial`, not empty, had it gone on.

    `curves` and `losses` are those of the complete trials; a curve may be empty. It is the last
    value plus what the NEAREST by then gained from there to their end (the median), and never less
    than the least of `losses`: what was not seen to its end does not become the best.
    """
    step, value = partial[-1]
    known = [
        (reached, loss)
        for curve, loss in zip(curves, losses, strict=True)
        if (reached := _at(curve, step)) is not None
    ]
    if known:
        then, end = np.array(known).T
        nearest = np.argsort(np.abs(then - value), kind="stable")[:NEAREST]
        value += float(np.median(end[nearest] - then[nearest]))
    return max(value, min(losses, default=value))


def _at(curve: Curve, step: int) -> float | None:
    """The value of a curve by `step`; None where it has none, or no finite one."""
    place = bisect_right([known for known, _ in curve], step)
    if place == 0 or not np.isfinite(curve[place - 1][1]):
        return None
    return float(curve[place - 1][1])
