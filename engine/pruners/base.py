"""What all pruners share: the curves so far, the warm-up, and rules for a single trial.

A pruner knows numbers, steps and minimised values, nothing of studies, files or processes. What it
knows follows from the reports and ends alone, and judging changes nothing: one that is told them
again, trial after trial in the order in which they ended, goes on as the old one would have.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from engine.pruners.curves import Curve, Reports
from engine.pruners.options import number as checked_number
from engine.pruners.options import whole_or_none
from engine.trial import TrialState

WARM_UP, PART = 3, 16
"""No trial is stopped before it has done so many steps, or one in so many of all its steps. What a
first epoch says is about something else: over the networks of LCBench (Zimmer et al. 2021) its
rank correlation with the last is about -0.2, that of the third 0.6 to 0.8."""


class Pruner:
    """Stops no trial but by the rules for a single one, which all pruners have.

    `min_steps` is how far every trial gets, left out: a 16th of its way, but 3 steps at least.
    `patience` stops a trial whose value has not improved, by more than `min_delta`, for so many
    steps (Prechelt, "Early stopping - but when?", 1998). `divergence` stops one whose value is not
    finite, or is worse than its first by more than so many times the size of that first one.

    Where the length of a trial is not known, the longest that has come to its own end tells it.
    """

    def __init__(
        self,
        reports: Reports,
        *,
        min_steps: int | None = None,
        patience: int | None = None,
        min_delta: float = 0.0,
        divergence: float | None = None,
    ) -> None:
        self.reports = reports
        self._min_steps = whole_or_none("min_steps", min_steps, 1)
        self._patience = whole_or_none("patience", patience, 1)
        self._min_delta = checked_number("min_delta", min_delta, 0.0)
        self._divergence = (
            None if divergence is None else checked_number("divergence", divergence, 1.0)
        )
        self._curves: dict[int, Curve] = {}
        self._complete: list[int] = []
        self._spared: set[int] = set()
        self._horizon = reports.steps

    @property
    def horizon(self) -> int | None:
        """How many steps a whole trial has; None as long as nobody knows."""
        return self._horizon

    @property
    def min_steps(self) -> int:
        """No trial is stopped before it has done so many steps."""
        if self._min_steps is not None:
            return self._min_steps
        return max(WARM_UP, (self._horizon or 0) // PART)

    def levels_of(self, number: int) -> tuple[int, ...]:
        """After how many steps trial `number` is judged, where that is not after each."""
        return ()

    def report(self, number: int, step: int, value: float) -> str | None:
        """What a running trial said; None: it goes on, else why it should stop."""
        self.tell(number, step, value)
        return self.judge(number)

    def tell(self, number: int, step: int, value: float) -> None:
        """What a trial said, without a verdict.

        A step that is not greater than the trial's last one means that it was begun again from
        there: what it said of that step and later ones is forgotten.
        """
        curve = self._curves.get(number)
        if curve is None or curve.state is TrialState.COMPLETE or step <= curve.last_step:
            curve = self._begin(number, step)
        curve.state = None
        curve.add(step, float(value))
        self._told(number, curve)

    def judge(self, number: int) -> str | None:
        """Why a trial should stop after its last report; None: it goes on."""
        curve = self._curves[number]
        done, whole = curve.done[-1], self._horizon
        if done < self.min_steps or (whole is not None and done >= whole):
            return None
        if number in self._spared:
            reason = self._diverged(curve)
        else:
            reason = self._alone(curve) or self._among(number, curve)
        of = "" if whole is None else f" of {whole}"
        return reason and f"after {done}{of} {self.reports.unit} {reason}"

    def end(self, number: int, state: TrialState) -> None:
        """How a trial ended, for good or for now."""
        curve = self._curves.get(number)
        if curve is None or curve.state is TrialState.COMPLETE:
            return
        curve.state = TrialState(state)
        if curve.state is TrialState.PRUNED:
            self._spared.discard(number)
        if curve.state is TrialState.COMPLETE:
            self._complete.append(number)
            if curve.done[-1] > (self._horizon or 0):
                self._horizon = curve.done[-1]
                self._rebuild()

    def forget(self, number: int) -> None:
        """Nothing that a trial said counts: it is run from the start."""
        if self._curves.pop(number, None) is not None:
            self._complete = [other for other in self._complete if other != number]
            self._rebuild()

    # Trials that were stopped, and go on

    def can_go_on(self, number: int) -> bool:
        """Whether a trial was stopped, and not for itself alone."""
        curve = self._curves.get(number)
        return curve is not None and curve.state is TrialState.PRUNED and not self._alone(curve)

    def to_continue(self, stopped: Collection[int]) -> list[int]:
        """Which of the trials `stopped` on its word it would let go on by now, the best first.

        To be told of those alone that can go on: it looks at each.
        """
        ranks = {
            number: rank
            for number in stopped
            if self.can_go_on(number)
            and (rank := self._rank(number, self._curves[number])) is not None
        }
        return sorted(ranks, key=lambda number: (ranks[number], number))

    def why(self, number: int) -> str:
        """Why a trial that `to_continue` names may go on."""
        raise NotImplementedError

    def let_go_on(self, number: int) -> None:
        """A stopped trial goes on as `to_continue` has it: to its end, whatever others do."""
        self.spare(number)

    def spare(self, number: int) -> None:
        """A trial is to come to its end, whatever others do: it is judged no more, except that it
        must not diverge."""
        self._spared.add(number)
        self._is_under_way(number)

    def _is_under_way(self, number: int) -> None:
        """A trial is no longer one that was stopped."""
        if number in self._curves:
            self._curves[number].state = None

    def _rank(self, number: int, curve: Curve) -> Any:
        """Where a stopped trial stands, the less the better, if it may go on; None if not."""
        return None

    def _begin(self, number: int, step: int) -> Curve:
        """The curve of a trial that begins at `step`, for the first time or once more."""
        old = self._curves.get(number)
        if old is None:
            self._curves[number] = Curve(self.reports.at, self._min_delta)
        else:
            self._curves[number] = old.before(step)
            self._complete = [other for other in self._complete if other != number]
            self._rebuild()
        return self._curves[number]

    def _alone(self, curve: Curve) -> str | None:
        """Why a trial should stop whatever others do."""
        if diverged := self._diverged(curve):
            return diverged
        still = curve.done[-1] - max(curve.improved, curve.done[0])
        if self._patience is not None and still >= self._patience:
            return f"it has not improved for {still} {self.reports.unit}"
        return None

    def _diverged(self, curve: Curve) -> str | None:
        value, first = curve.values[-1], curve.values[0]
        if self._divergence is not None:
            if not math.isfinite(value):
                return "its value is not a finite number"
            if first != 0.0 and value - first > self._divergence * abs(first):
                said = self.reports.said
                return f"it has diverged: from {said(first)} to {said(value)}"
        return None

    def _among(self, number: int, curve: Curve) -> str | None:
        """Why a trial should stop beside the others; it is past the warm-up, not at its end."""
        return None

    def _told(self, number: int, curve: Curve) -> None:
        """Take note of the last report of a curve."""

    def _rebuild(self) -> None:
        """Make anew what was derived from the curves: one was changed, or the horizon was."""
