"""Where a learning curve will end, with its uncertainty, from the curves that have ended.

Plain arithmetic on arrays: whose curves they are, and what is done about it, is said elsewhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.pruners.student import chance_below, quantile

Array = NDArray[np.float64]

NEAR = 0.5
"""What is less than this part of the median's distance from the best is near the best."""
FAR, LEAST_UNIT = 1e12, 1e-200
"""As far from the best as any, in units; and a unit that nothing overflows by."""
LEAST_VARIANCE = 1e-18
_ENDS = math.asinh(FAR)
ALIKE = np.array([1.0, 1.5])
"""How far another curve, in standard deviations of score and of progress, is still alike."""
GOES_ON = 0.4
"""A curve gains in each doubling of its steps about this part of what it gained in the last one:
a power law of exponent 1/2 would in the first, and loses by and by."""
_PRECISION = np.diag([0.2, 0.5, 0.3])
"""How many curves' worth the prior of level, slope and progress each is."""
_SPREAD, _CURVES = 0.15, 2.0
"""The prior scale of what is left to chance in one doubling, and how many curves' worth it is."""
_DOUBLINGS = 3.0
"""More doublings than this are no more uncertain."""
_TAILS, _ROUNDS = 4.0, 3
"""Degrees of freedom of what is left to chance: now and then a curve does something else. And how
often those that do are weighed anew."""
_INTERVAL = 0.8


@dataclass(frozen=True, slots=True)
class Ended:
    """Curves that ended: scores after the steps in question, `earlier` ones, `final` ones: (n,)."""

    now: Array
    earlier: Array
    final: Array


@dataclass(frozen=True, slots=True)
class Outlook:
    """Where a curve will end: Student's t on a bent scale."""

    bend: Bend
    mean: float
    scale: float
    freedom: float

    def chance_below(self, value: float) -> float:
        """The probability that it ends below `value`."""
        z = (float(self.bend.forward(np.array(value))) - self.mean) / self.scale
        return chance_below(z, self.freedom)

    def interval(self) -> tuple[float, float, float]:
        """The median, and the ends of the interval that holds it with a probability of 80 %."""
        half = self.scale * quantile(0.5 + _INTERVAL / 2, self.freedom)
        low, middle, high = self.bend.back(self.mean + half * np.array([-1.0, 0.0, 1.0]))
        return float(middle), float(low), float(high)


@dataclass(frozen=True, slots=True)
class Bend:
    """A scale on which values far above the best lie as their logarithms: asinh, from the best.

    Shifting and stretching all values changes nothing, so losses and accuracies are alike.
    """

    best: float
    unit: float

    @classmethod
    def of(cls, final: Array) -> Bend:
        """The scale for curves that ended at `final`."""
        best = float(final.min())
        unit = NEAR * float(np.median(final) - best) or NEAR * float(final.max() - best)
        return cls(best, max(unit or abs(best) or 1.0, LEAST_UNIT))

    def forward(self, values: Array) -> Array:
        """Values on this scale."""
        away = np.clip((values - self.best) / self.unit, -FAR, FAR)
        return np.asarray(np.arcsinh(away))

    def back(self, bent: Array) -> Array:
        """The values that `bent` stands for."""
        return np.asarray(self.best + self.unit * np.sinh(np.clip(bent, -_ENDS, _ENDS)))


def outlook(
    now: float, earlier: float, doublings_done: float, doublings_left: float, ended: Ended
) -> Outlook:
    """Where a curve will end that is at `now`, and was at `earlier` so many doublings before.

    Bayesian linear regression (Bishop 2006, section 3.3; normal and inverse gamma) of what is
    still gained on where a curve is and on its progress, that is, what it would gain if each
    doubling brought as much as the last. The curves that ended count by how much alike they are
    to this one (locally weighted, Cleveland 1979); where few are, the prior says that progress
    slows down as a power law does (GOES_ON). Of curves that were stopped nothing is needed: they
    were for where they stood, which is what is conditioned on.
    """
    bend = Bend.of(ended.final)
    here, before = bend.forward(np.array([now, earlier]))
    there, their_before = bend.forward(ended.now), bend.forward(ended.earlier)
    pace = doublings_left / doublings_done
    progress, theirs = (here - before) * pace, (there - their_before) * pace
    away = np.column_stack([there - here, theirs - progress])
    spread = np.column_stack([there, theirs]).std(0)
    weights = np.exp(-0.5 * ((away / (ALIKE * np.maximum(spread, 1e-9))) ** 2).sum(1))
    gained = bend.forward(ended.final) - there - GOES_ON * theirs
    level, variance, freedom = _regression(away, gained, weights, min(doublings_left, _DOUBLINGS))
    return Outlook(bend, here + GOES_ON * progress + level, math.sqrt(variance), freedom)


def _regression(
    away: Array, gained: Array, weights: Array, doublings: float
) -> tuple[float, float, float]:
    """What is gained where `away` is 0, (n, 2): the mean, and the predictive variance and freedom.

    `gained`, (n,), is beyond what the prior says. What is left to chance is Student's t, fitted by
    expectation and maximisation (Lange, Little & Taylor, "Robust statistical modeling using the t
    distribution", 1989).
    """
    design = np.column_stack([np.ones(len(away)), away])
    chance, count = _CURVES * (_SPREAD * doublings) ** 2, _CURVES + float(weights.sum())
    robust = weights
    for _ in range(_ROUNDS):
        weighted = design * robust[:, None]
        precision = _PRECISION + weighted.T @ design
        mean = np.linalg.solve(precision, weighted.T @ gained)
        left = chance + float(robust @ gained**2) - float(mean @ precision @ mean)
        variance = max(left, LEAST_VARIANCE) / count
        error = gained - design @ mean
        robust = weights * (_TAILS + 1.0) / (_TAILS + error * error / variance)
    unsure = float(np.linalg.inv(precision)[0, 0])
    return float(mean[0]), variance * (1.0 + unsure), min(count, _TAILS)
