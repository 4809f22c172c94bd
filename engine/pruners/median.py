"""Median stopping: a trial stops whose best is worse than what others had after as many steps."""

from __future__ import annotations

import math
from bisect import insort
from typing import Any

from engine.pruners.base import Pruner
from engine.pruners.curves import Curve, Reports
from engine.pruners.options import between, whole


class MedianPruner(Pruner):
    """Golovin et al., "Google Vizier" (2017), section 3.2, in the form that Optuna gives it.

    A trial stops when the best of its values so far is worse than the median of what the trials
    that are complete were worth after as many steps: their values there, where Vizier takes
    averages up to there, which large first losses dominate. `percentile` other than 50 keeps the
    better part of that many in a hundred. Nothing is stopped before `min_trials` are complete.
    """

    def __init__(
        self, reports: Reports, *, percentile: float = 50.0, min_trials: int = 5, **options: Any
    ) -> None:
        super().__init__(reports, **options)
        self._part = between("percentile", percentile, 0.0, 100.0) / 100.0
        self._min_trials = whole("min_trials", min_trials, 1)
        self._columns: dict[int, _Column] = {}

    def _among(self, number: int, curve: Curve) -> str | None:
        if len(self._complete) < self._min_trials:
            return None
        scores = self._scores_at(curve.done[-1])
        if not scores:
            return None
        limit = _quantile(scores, self._part)
        if curve.best <= limit:
            return None
        if math.isinf(curve.best):
            return "it has not had a finite value"
        said = self.reports.said
        half, name = f"worse {100 * (1 - self._part):.3g} %", f"{100 * self._part:.3g} % mark"
        if self._part == 0.5:
            half, name = "worse half", "median"
        return f"it is in the {half}: {said(curve.best)} beside a {name} of {said(limit)}"

    def _scores_at(self, done: int) -> list[float]:
        """What complete trials were worth after so many steps, rising; those that were finite."""
        column = self._columns.setdefault(done, _Column())
        for number in self._complete[column.seen :]:
            curve = self._curves[number]
            if curve.reached(done) and math.isfinite(score := curve.score_at(done)):
                insort(column.scores, score)
        column.seen = len(self._complete)
        return column.scores

    def _rebuild(self) -> None:
        self._columns = {}


class _Column:
    """The finite scores of the first `seen` complete trials after a number of steps."""

    def __init__(self) -> None:
        self.seen = 0
        self.scores: list[float] = []


def _quantile(rising: list[float], part: float) -> float:
    """The quantile of values in order, interpolated between two neighbours."""
    place = part * (len(rising) - 1)
    below = math.floor(place)
    above = min(below + 1, len(rising) - 1)
    return rising[below] + (place - below) * (rising[above] - rising[below])
