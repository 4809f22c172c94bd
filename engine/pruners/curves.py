"""What one trial has reported, and what the reports of a study's trials are."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

from engine.trial import TrialState

LARGEST = 1e100
"""No value worth comparing is larger."""


@dataclass(frozen=True, slots=True)
class Reports:
    """How the reports of a study's trials are read.

    `steps` is the number of a whole trial's last step, None where nobody knows; `at` says whether
    a trial is worth its "best" value or its "last"; `maximised` and `unit` are for sentences: the
    values are minimised, and are said with their sign turned where the user maximises.
    """

    steps: int | None = None
    at: str = "last"
    maximised: bool = False
    unit: str = "steps"

    def said(self, value: float) -> str:
        """A value as the user knows it."""
        return f"{-value if self.maximised else value:.4g}"


class Curve:
    """One trial's values, by how many steps were done; a score is what it would be worth by then.

    What is not finite, or beyond LARGEST, is as bad as can be: infinite. Steps may be counted
    from 0.
    """

    def __init__(self, at: str, min_delta: float) -> None:
        self.state: TrialState | None = None
        self.done: list[int] = []
        self.values: list[float] = []
        self.scores: list[float] = []
        self.best = math.inf
        self.improved = 0
        """When its value last was better than ever by more than `min_delta`."""
        self._at, self._min_delta = at, min_delta
        self._mark = math.inf
        self._shift = 0

    def __len__(self) -> int:
        return len(self.done)

    @property
    def last_step(self) -> int:
        """The step of the last report, as it was reported."""
        return self.done[-1] - self._shift

    def add(self, step: int, value: float) -> None:
        """A report whose step is greater than the last one's."""
        value = value if abs(value) <= LARGEST else math.inf
        if not self.done:
            self._shift = 1 if step == 0 else 0
        self.best = min(self.best, value)
        self.done.append(step + self._shift)
        self.values.append(value)
        self.scores.append(self.best if self._at == "best" else value)
        if value < self._mark - self._min_delta:
            self._mark, self.improved = value, self.done[-1]

    def before(self, step: int) -> Curve:
        """The curve as it was before `step`."""
        cut = Curve(self._at, self._min_delta)
        for done, value in zip(self.done, self.values, strict=True):
            if done - self._shift < step:
                cut.add(done - self._shift, value)
        return cut

    def reached(self, done: int) -> bool:
        """Whether it has got as far as that."""
        return bool(self.done) and self.done[-1] >= done

    def score_at(self, done: int) -> float:
        """What it was worth after so many steps, as last reported by then, or else at first."""
        return self.scores[max(0, bisect_right(self.done, done) - 1)]
