"""Rungs: what trials were worth after set numbers of steps, and which of them are at the top.

They know neither when a trial is stopped nor when one goes on: asha.py asks them both.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort


class Rung:
    """The values of the trials that have come to one level."""

    def __init__(self, level: int) -> None:
        self.level = level
        self._entries: dict[int, tuple[int, float]] = {}
        self._ranked: list[tuple[float, int]] = []

    def __len__(self) -> int:
        return len(self._entries)

    def enter(self, number: int, done: int, value: float) -> None:
        """Trial `number`, not in this rung yet, is worth `value` after `done` steps."""
        self._entries[number] = (done, value)
        insort(self._ranked, (value, number))

    def entered(self, number: int) -> int | None:
        """After how many steps a trial came here."""
        entry = self._entries.get(number)
        return None if entry is None else entry[0]

    def cutoff(self, reduction: int) -> float | None:
        """The worst value that is among the best one in `reduction`, rounded down.

        None while there are fewer than `reduction` values.
        """
        kept = len(self._ranked) // reduction
        return self._ranked[kept - 1][0] if kept else None

    def top(self, reduction: int) -> list[int]:
        """The trials that are among the best one in `reduction`, the best first."""
        cutoff = self.cutoff(reduction)
        if cutoff is None:
            return []
        kept = bisect_right(self._ranked, cutoff, key=lambda ranked: ranked[0])
        return [number for _, number in self._ranked[:kept]]

    def is_at_top(self, number: int, reduction: int) -> bool:
        """Whether a trial that is here is one of the `top`, and finite."""
        cutoff, value = self.cutoff(reduction), self.value(number)
        return cutoff is not None and value <= cutoff and math.isfinite(value)

    def value(self, number: int) -> float:
        """What a trial that is here was worth."""
        return self._entries[number][1]

    def place(self, number: int) -> int:
        """One more than how many are better than a trial that is here."""
        value = self.value(number)
        return bisect_left(self._ranked, value, key=lambda ranked: ranked[0]) + 1


class Ladder:
    """Rungs one above the other."""

    def __init__(self, levels: tuple[int, ...]) -> None:
        self.levels = levels
        self.rungs = tuple(Rung(level) for level in levels)

    def enter(self, number: int, before: int, done: int, value: float) -> None:
        """Put a trial that went from `before` to `done` steps on the highest rung in between.

        Rungs that it went past between two reports hold values of fewer steps, and do not get one
        of more.
        """
        place = bisect_right(self.levels, done)
        if place and before < self.levels[place - 1]:
            self.rungs[place - 1].enter(number, done, value)

    def entered(self, number: int, done: int) -> Rung | None:
        """The rung to which a trial came after just so many steps."""
        place = bisect_right(self.levels, done)
        rung = self.rungs[place - 1] if place else None
        return rung if rung is not None and rung.entered(number) == done else None

    def highest(self, number: int) -> Rung | None:
        """The highest rung to which a trial has come."""
        there = (rung for rung in reversed(self.rungs) if rung.entered(number) is not None)
        return next(there, None)


def levels(first: int, reduction: int, whole: int) -> tuple[int, ...]:
    """`first`, and each `reduction` times the one before, below the `whole`."""
    found = []
    level = first
    while level < whole:
        found.append(level)
        level *= reduction
    return tuple(found)
