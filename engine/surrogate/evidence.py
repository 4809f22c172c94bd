"""What finished trials say, as arrays: rows are points of the unit cube."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.surrogate.cube import Array

Rows = NDArray[np.int64]
Curve = Sequence[tuple[int, float]]
"""(step, loss) pairs, in the order of steps."""


@dataclass(frozen=True)
class Evidence:
    """Trials in their order of finishing.

    `points` (n, d), `losses` (n,), finite and to be minimised, and `seconds` (n,), NaN where
    unknown, are those of trials with a value; `failed` (f, d) are the points of those without. A
    trial that was stopped has the loss NaN and a curve, whose last value is finite; `curves` may be
    left out where there is none such, and those of complete trials may be empty.
    """

    points: Array
    losses: Array
    seconds: Array
    failed: Array
    curves: tuple[Curve, ...] = ()

    def __len__(self) -> int:
        return len(self.losses)

    def first(self, count: int, failed: int | None = None) -> Evidence:
        """What the first `count` trials with a value and the first `failed` ones say."""
        points, losses, seconds = self.points[:count], self.losses[:count], self.seconds[:count]
        return Evidence(points, losses, seconds, self.failed[:failed], self.curves[:count])

    def and_then(self, more: Evidence) -> Evidence:
        """This, and what trials that finished later say."""
        arrays = ("points", "losses", "seconds", "failed")
        both = {name: np.concatenate([getattr(e, name) for e in (self, more)]) for name in arrays}
        return Evidence(**both, curves=self.curves + more.curves)

    def best_and_others(self, most: int) -> Rows:
        """Rows of at most `most` trials: the best half, and an even choice of the rest in time."""
        if len(self) <= most:
            return np.arange(len(self))
        order = np.argsort(self.losses, kind="stable")
        best, rest = order[: most // 2], np.sort(order[most // 2 :])
        even = rest[np.linspace(0, len(rest) - 1, most - len(best)).astype(int)]
        return np.sort(np.concatenate([best, even]))
