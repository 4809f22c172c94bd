"""What finished trials say, as arrays: rows are points of the unit cube."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from engine.surrogate.cube import Array

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Evidence:
    """Trials in their order of finishing.

    `points` (n, d), `losses` (n,), finite and to be minimised, and `seconds` (n,), NaN where
    unknown, are those of trials with a value; `failed` (f, d) are the points of those without.
    """

    points: Array
    losses: Array
    seconds: Array
    failed: Array

    def __len__(self) -> int:
        return len(self.losses)

    def first(self, count: int, failed: int | None = None) -> Evidence:
        """What the first `count` trials with a value and the first `failed` ones say."""
        points, losses, seconds = self.points[:count], self.losses[:count], self.seconds[:count]
        return Evidence(points, losses, seconds, self.failed[:failed])

    def and_then(self, more: Evidence) -> Evidence:
        """This, and what trials that finished later say."""
        pairs = ((getattr(self, f.name), getattr(more, f.name)) for f in fields(self))
        return Evidence(*(np.concatenate(pair) for pair in pairs))

    def best_and_others(self, most: int) -> Rows:
        """Rows of at most `most` trials: the best half, and an even choice of the rest in time."""
        if len(self) <= most:
            return np.arange(len(self))
        order = np.argsort(self.losses, kind="stable")
        best, rest = order[: most // 2], np.sort(order[most // 2 :])
        even = rest[np.linspace(0, len(rest) - 1, most - len(best)).astype(int)]
        return np.sort(np.concatenate([best, even]))
