"""Asynchronous successive halving: at each rung only the better ones go on."""

from __future__ import annotations

import math
from typing import Any

from engine.pruners.base import Pruner
from engine.pruners.curves import Curve, Reports
from engine.pruners.options import whole
from engine.pruners.rungs import Ladder, levels


class AshaPruner(Pruner):
    """Li et al., "A System for Massively Parallel Hyperparameter Tuning" (2020).

    Rungs are at `min_steps` and at each `reduction` times as many. A trial that comes to a rung
    goes on if it is among the best one in `reduction` of those that have come there so far; while
    they are fewer than `reduction`, each goes on. The others stop, as in Ray Tune and in Syne Tune,
    so that no worker ever waits and every decision is made with what is there. One that has risen
    to the top of its rung since is promoted, as in the paper: it goes on from its checkpoint, once
    a worker is free, and is judged again at the next rung.
    """

    def __init__(self, reports: Reports, *, reduction: int = 3, **options: Any) -> None:
        super().__init__(reports, **options)
        self._reduction = whole("reduction", reduction, 2)
        self._ladders: tuple[Ladder, ...] = ()
        self._promoted: dict[int, int] = {}
        self._build()

    def let_go_on(self, number: int) -> None:
        if number in self._curves:
            self._promoted[number] = self._curves[number].done[-1]
        self._is_under_way(number)

    def why(self, number: int) -> str:
        rung = self._ladder_of(number).highest(number)
        assert rung is not None
        limit = f"the best one in {self._reduction} goes on"
        return f"it is number {rung.place(number)} of {len(rung)} on its rung by now, where {limit}"

    def levels_of(self, number: int) -> tuple[int, ...]:
        return self._ladder_of(number).levels if self._ladders else ()

    def _ladder_of(self, number: int) -> Ladder:
        return self._ladders[0]

    def _build(self) -> None:
        """Empty rungs, as soon as it is known how long a trial is."""
        if self._horizon is not None:
            all_levels = levels(self.min_steps, self._reduction, self._horizon)
            self._ladders = self._make_ladders(all_levels)

    def _make_ladders(self, all_levels: tuple[int, ...]) -> tuple[Ladder, ...]:
        return (Ladder(all_levels),)

    def _told(self, number: int, curve: Curve) -> None:
        self._enter(number, curve, len(curve) - 1)

    def _enter(self, number: int, curve: Curve, index: int) -> None:
        """Put a trial on the rung that its report number `index` has brought it to."""
        if self._ladders:
            before = curve.done[index - 1] if index else 0
            ladder = self._ladder_of(number)
            ladder.enter(number, before, curve.done[index], curve.scores[index])

    def _rebuild(self) -> None:
        self._build()
        for number, curve in self._curves.items():
            for index in range(len(curve)):
                self._enter(number, curve, index)

    def _rank(self, number: int, curve: Curve) -> tuple[int, float] | None:
        """Algorithm 2 of the paper: from the highest rung down, whoever is at its top."""
        rung = self._ladder_of(number).highest(number) if self._ladders else None
        if rung is None or not rung.is_at_top(number, self._reduction):
            return None
        return -rung.level, rung.value(number)

    def _among(self, number: int, curve: Curve) -> str | None:
        if not self._ladders or curve.done[-1] <= self._promoted.get(number, 0):
            return None
        rung = self._ladder_of(number).entered(number, curve.done[-1])
        value = curve.scores[-1]
        if rung is None:
            return None
        if math.isinf(value):
            return "it comes to a rung without a finite value"
        cutoff = rung.cutoff(self._reduction)
        if cutoff is None or value <= cutoff:
            return None
        said, place = self.reports.said, f"number {rung.place(number)} of {len(rung)}"
        limit = f"the best one in {self._reduction} goes on"
        return f"it is {place} there, where {limit}: {said(value)} beside {said(cutoff)}"
