"""Which of a trial's reports are passed on, so that no training can drown the program in them.

The first FULL are, all of them. From then on it is the last one in each INTERVAL, and only where
the trial has made a share of SPACING more reports than when the one before was passed on: some
2,000 in all, however long it goes on. The very last report always arrives.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from engine.trial import Report

FULL = 1_000
INTERVAL = 0.05
SPACING = 0.01


class Reports:
    """The reports of one trial on their way. Times are monotonic seconds."""

    def __init__(self, post: Callable[[Report], None]) -> None:
        self._post = post
        self._count = 0
        self._next_count = 0
        self._next_time = -math.inf
        self._held: Report | None = None
        self.thinned = False
        """Whether some were not passed on."""

    def add(self, report: Report, now: float) -> None:
        """The trial reported: pass it on, or hold it back in the place of the one before."""
        self._count += 1
        self.thinned |= self._held is not None
        self._held = report
        if self._count <= FULL or (self._count >= self._next_count and now >= self._next_time):
            self.pass_on(now)

    def due(self) -> float:
        """The time at which `pass_on` is to be called; infinite when nothing waits for it."""
        if self._held is None or self._count < self._next_count:
            return math.inf
        return self._next_time

    def pass_on(self, now: float) -> None:
        """Pass on what was held back."""
        if self._held is not None:
            self._post(self._held)
            self._held = None
            self._next_count = math.ceil(self._count * (1 + SPACING))
            self._next_time = now + INTERVAL
