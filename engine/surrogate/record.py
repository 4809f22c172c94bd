"""What is told of a study's trials one by one, until the surrogate takes it as evidence."""

from __future__ import annotations

import math
from collections.abc import Hashable

import numpy as np

from engine.surrogate.cube import Array
from engine.surrogate.evidence import Curve, Evidence


class Record:
    """Trials in their order of finishing; points are rows of a unit cube of so many dimensions."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._points: list[Array] = []
        self._losses: list[float] = []
        self._seconds: list[float] = []
        self._curves: list[Curve] = []
        self._failed: list[Array] = []
        self.stopped: dict[Hashable, int] = {}
        """The rows of the trials that were stopped, by the keys of their configurations."""

    @property
    def counts(self) -> tuple[int, int]:
        """How many trials there are that say something of the value, and how many that failed."""
        return len(self._points), len(self._failed)

    @property
    def failed(self) -> Array:
        """Where trials failed, shape (f, d)."""
        return self._stacked(self._failed)

    def complete(self, point: Array, loss: float, seconds: float | None, curve: Curve) -> None:
        """A trial came to its end; without a finite loss it failed."""
        self._add(point, loss, loss, math.nan if seconds is None else seconds, curve)

    def stop(self, key: Hashable, point: Array, curve: Curve) -> None:
        """A trial was stopped on the way, after `curve`, not empty; it failed if that diverged."""
        if math.isfinite(curve[-1][1]):
            self.stopped[key] = len(self._points)
        self._add(point, curve[-1][1], math.nan, math.nan, curve)

    def fail(self, point: Array) -> None:
        """A trial failed."""
        self._failed.append(point)

    def _add(self, point: Array, last: float, loss: float, seconds: float, curve: Curve) -> None:
        if not math.isfinite(last):
            self.fail(point)
            return
        self._points.append(point)
        self._losses.append(float(loss))
        self._seconds.append(float(seconds))
        self._curves.append(tuple(curve))

    def forget(self, key: Hashable) -> bool:
        """Forget what a stopped trial told, which has gone on; whether there was such a one."""
        row = self.stopped.pop(key, None)
        if row is None:
            return False
        for column in (self._points, self._losses, self._seconds, self._curves):
            del column[row]
        self.stopped = {key: at - (at > row) for key, at in self.stopped.items()}
        return True

    def left(self, row: int) -> float:
        """What part of a whole trial is left to a stopped one: above 0, and at most 1."""
        whole = max(curve[-1][0] for curve in self._curves if curve)
        return 1.0 - float(max(0, self._curves[row][-1][0])) / (max(0, whole) + 1)

    def evidence(self) -> Evidence:
        """All of it, as the surrogate takes it."""
        return Evidence(
            points=self._stacked(self._points),
            losses=np.array(self._losses),
            seconds=np.array(self._seconds),
            failed=self.failed,
            curves=tuple(self._curves),
        )

    def _stacked(self, points: list[Array]) -> Array:
        return np.array(points, dtype=np.float64).reshape(len(points), self._width)
