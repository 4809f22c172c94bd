"""The curve rule: a trial stops when it will hardly become the best, by where curves like it ended.

The extrapolation itself is extrapolation.py's.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.pruners.base import Pruner
from engine.pruners.curves import Curve, Reports
from engine.pruners.extrapolation import Ended, Outlook, outlook
from engine.pruners.options import between, whole

RISEN = 4.0


class CurvePruner(Pruner):
    """Stops a trial when the probability that it ends among the best `top_k` is below a bound.

    As in Domhan et al., "Speeding up automatic hyperparameter optimization of deep neural networks
    by extrapolation of learning curves" (2015), with a bound of 5 %; the extrapolation is our own,
    from the study's own curves. The probability is to be better than the `top_k`th best that is
    complete. A trial that is the best so far after as many steps as it has done is never stopped,
    and none is before `min_trials` are complete. One that was stopped goes on, to its end, when the
    probability has risen far above the bound: RISEN times as high, or most of what is above it.
    """

    def __init__(
        self,
        reports: Reports,
        *,
        probability: float = 0.05,
        top_k: int = 1,
        min_trials: int = 5,
        **options: Any,
    ) -> None:
        super().__init__(reports, **options)
        self._bound = between("probability", probability, 0.0, 1.0)
        self._top_k = whole("top_k", top_k, 1)
        self._min_trials = max(whole("min_trials", min_trials, 2), self._top_k)
        self._columns: dict[int, _Column] = {}
        self._least: dict[int, float] = {}
        self._best: list[float] = []
        self._ranked = 0
        self._looked: tuple[tuple[int, int], list[int]] | None = None

    def outlook(self, number: int) -> Outlook | None:
        """Where a trial will end; None while too few are complete to say so."""
        curve = self._curves[number]
        done, whole = curve.done[-1], self._horizon
        if len(self._finals()) < self._min_trials or whole is None or not 0 < done < whole:
            return None
        column = self._column(done)
        if not column.rows or not math.isfinite(curve.scores[-1]):
            return None
        earlier = curve.score_at(column.earlier)
        return outlook(
            curve.scores[-1],
            earlier if math.isfinite(earlier) else curve.scores[-1],
            math.log2(done / column.earlier) or 1.0,
            math.log2(whole / done),
            column.ended(),
        )

    def chance(self, number: int) -> float | None:
        """The probability that a trial ends among the best; None where nothing can be said."""
        found = self.outlook(number)
        return None if found is None else self._chance(self._curves[number], found)

    def why(self, number: int) -> str:
        goal, percent = self._goal, 100 * (self.chance(number) or 0.0)
        return f"its chance to {goal} is {percent:.0f} % by what has been seen since"

    def to_continue(self, stopped: Collection[int]) -> list[int]:
        """At each trial that is complete one of those `stopped` is looked at, in turn: what is
        expected changes little from one to the next, and it takes as long as a verdict does."""
        numbers = sorted(filter(self.can_go_on, stopped))
        if not numbers:
            return []
        turn = len(self._complete), numbers[len(self._complete) % len(numbers)]
        if self._looked is None or self._looked[0] != turn:
            self._looked = turn, super().to_continue([turn[1]])
        return list(self._looked[1])

    def _rank(self, number: int, curve: Curve) -> float | None:
        chance = self.chance(number)
        risen = min(RISEN * self._bound, 0.5 * (1.0 + self._bound))
        return None if chance is None or chance <= risen else -chance

    def _chance(self, curve: Curve, found: Outlook) -> float:
        if self.reports.at == "best" and curve.scores[-1] < self._limit:
            return 1.0
        return found.chance_below(self._limit)

    @property
    def _limit(self) -> float:
        """What has to be beaten."""
        return self._finals()[self._top_k - 1]

    def _finals(self) -> list[float]:
        """What complete trials are worth, the best first; those that are finite."""
        for number in self._complete[self._ranked :]:
            if math.isfinite(final := self._curves[number].scores[-1]):
                insort(self._best, final)
        self._ranked = len(self._complete)
        return self._best

    def _among(self, number: int, curve: Curve) -> str | None:
        score, done = curve.scores[-1], curve.done[-1]
        if len(self._finals()) < self._min_trials:
            return None
        if math.isinf(score):
            return "its value is not a finite number"
        if score <= self._least[done] or (found := self.outlook(number)) is None:
            return None
        chance = self._chance(curve, found)
        return self._sentence(score, chance, found) if chance < self._bound else None

    def _sentence(self, score: float, chance: float, found: Outlook) -> str:
        said, best = self.reports.said, self.reports.at == "best"
        ends = [min(end, score) if best else end for end in found.interval()]
        middle, low, high = map(said, ends)
        percent = "less than 1 %" if chance < 0.01 else f"{100 * chance:.0f} %"
        span = f"{high} to {low}" if self.reports.maximised else f"{low} to {high}"
        return (
            f"its chance to {self._goal} is {percent}: it is at {said(score)} and should end near "
            f"{middle} ({span}), beside {said(self._limit)}"
        )

    @property
    def _goal(self) -> str:
        return "become the best" if self._top_k == 1 else f"come among the best {self._top_k}"

    def _told(self, number: int, curve: Curve) -> None:
        done, score = curve.done[-1], curve.scores[-1]
        self._least[done] = min(score, self._least.get(done, math.inf))

    def _column(self, done: int) -> _Column:
        """The complete curves that came so far, up to the last that is complete now."""
        column = self._columns.setdefault(done, _Column(max(1, done // 2)))
        for number in self._complete[column.seen :]:
            curve = self._curves[number]
            if curve.reached(done):
                column.add(curve.score_at(done), curve.score_at(column.earlier), curve.scores[-1])
        column.seen = len(self._complete)
        return column

    def _rebuild(self) -> None:
        self._columns, self._least, self._best, self._ranked = {}, {}, [], 0
        self._looked = None
        for curve in self._curves.values():
            for done, score in zip(curve.done, curve.scores, strict=True):
                self._least[done] = min(score, self._least.get(done, math.inf))


@dataclass(slots=True)
class _Column:
    """Scores of the first `seen` complete curves after a number of steps, and `earlier`."""

    earlier: int
    seen: int = 0
    rows: list[tuple[float, float, float]] = field(default_factory=list)
    _ended: Ended | None = None

    def add(self, now: float, earlier: float, final: float) -> None:
        """One more curve; one that was not finite then, or is not at its end, says nothing."""
        if math.isfinite(now) and math.isfinite(final):
            self.rows.append((now, earlier if math.isfinite(earlier) else now, final))
            self._ended = None

    def ended(self) -> Ended:
        """All of them."""
        if self._ended is None:
            self._ended = Ended(*np.array(self.rows).T)
        return self._ended
