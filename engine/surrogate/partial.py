"""What trials that were stopped on the way would have come to, by where others went from there.

A stopped trial says something of its place: thrown away, the model would look there again; taken at
its last value, it would think it worse than it is. Here it is given the loss that is to be expected
of it, and how far from it the truth may lie.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import solve_triangular

from engine.pruners.curves import LARGEST
from engine.pruners.extrapolation import GOES_ON, Bend
from engine.surrogate.cube import Array
from engine.surrogate.evidence import Curve, Evidence, Rows
from engine.surrogate.features import Features
from engine.surrogate.gp import LENGTH_MEDIAN
from engine.surrogate.kernel import matern, squared_distances
from engine.surrogate.warp import Warp

MOST_CURVES, MOST_RUNGS = 64, 4
"""From so many complete trials at most, after so many different numbers of steps."""
COMMON, OWN = 0.1, 0.2
"""What all trials have in common, and what is each one's own, beside what those near to it have."""
SPREAD, TRIALS = 0.3, 4.0
"""What a trial gains in one doubling of its steps, and how many trials' worth that guess is."""
LEAST_NOISE = 1e-3
LEAST_SPREAD = 1e-6


@dataclass(frozen=True)
class Ends:
    """The losses (n,) of all trials, those of the stopped ones as they are to be expected."""

    losses: Array
    _gains: Gains | None = None
    _stopped: Rows | None = None

    def noise(self, rows: Rows, warp: Warp) -> Array | None:
        """How uncertain the losses of `rows` (k,) are, as `warp` has them: covariances (k, k).

        None where all are certain.
        """
        if self._gains is None or self._stopped is None:
            return None
        at, places = np.nonzero(rows[:, None] == self._stopped)
        found = np.zeros((len(rows), len(rows)))
        if len(at):
            covariance = self._gains.covariance(places)
            bend, spread = self._gains.bend, np.sqrt(np.diag(covariance)) + LEAST_SPREAD
            middle = bend.forward(self.losses[rows[at]])
            high, low = (warp.forward(bend.back(middle + s)) for s in (spread, -spread))
            slope = (high - low) / (2.0 * spread)
            found[np.ix_(at, at)] = slope[:, None] * covariance * slope
        return found


def ends_of(evidence: Evidence, features: Features) -> Ends:
    """What all trials came to, or would have: those that have no loss were stopped.

    Where no complete trial has a curve, their last values count.
    """
    stopped = np.flatnonzero(np.isnan(evidence.losses))
    if not len(stopped):
        return Ends(evidence.losses)
    losses = evidence.losses.copy()
    losses[stopped] = [evidence.curves[row][-1][1] for row in stopped]
    gains = _gains(evidence, losses, stopped, features)
    if gains is None:
        return Ends(losses)
    losses[stopped] = gains.ends
    return Ends(losses, gains, stopped)


def _gains(evidence: Evidence, losses: Array, stopped: Rows, features: Features) -> Gains | None:
    curves = evidence.curves
    known = np.array([row for row in np.flatnonzero(~np.isnan(evidence.losses)) if curves[row]])
    if not len(known):
        return None
    known = known[replace(evidence, losses=losses[known]).best_and_others(MOST_CURVES)]
    losses = np.clip(losses, -LARGEST, LARGEST)
    bend, whole = Bend.of(losses), max(_done(curves[row]) for row in known)
    width = len(features.groups)
    x = features.of(evidence.points)[:, :width] / (
        LENGTH_MEDIAN * math.sqrt(max(1, len(features.cube)))
    )

    def standing(places: Iterable[tuple[int, int]]) -> Standing:
        found = [(row, *_stands(curves[row], done, whole, bend)) for row, done in places]
        rows, left, now, progress = np.array(found, dtype=np.float64).reshape(-1, 4).T
        return Standing(rows, x[rows.astype(int)], left, now, progress)

    ended = [(row, _done(curves[row])) for row in stopped]
    rungs = [done for done in _few({done for _, done in ended}, MOST_RUNGS) if done < whole]
    passed = [(row, d) for row in known for d in rungs if _value(curves[row], d) is not None]
    if not passed:
        return None
    final = bend.forward(losses[[row for row, _ in passed]])
    return Gains(bend, standing(passed), final, standing(ended))


@dataclass(frozen=True)
class Standing:
    """Where m curves stand: whose they are, the columns `x` (m, c) of these trials, the doublings
    of their steps that are left, their values, and what they gained in the last doubling."""

    rows: Array
    x: Array
    left: Array
    now: Array
    progress: Array

    def likeness(self, other: Standing) -> Array:
        """The covariances of what is gained from here and from there to the end.

        What is gained in different doublings is independent, in the same one alike by how near
        the configurations, the values and the progress are.
        """
        here, there = (np.column_stack([s.x, s.now, s.progress]) for s in (self, other))
        likeness = matern(squared_distances(here, there))
        likeness += COMMON * (1.0 + np.outer(self.progress, other.progress))
        likeness += OWN * (self.rows[:, None] == other.rows)
        return np.asarray(likeness * np.minimum(self.left[:, None], other.left))

    @property
    def expected(self) -> Array:
        """What is gained from here to the end by what progress says alone: less is better."""
        return -GOES_ON * self.progress * self.left


class Gains:
    """A Gaussian process over what is still gained, on a scale on which much of it is linear.

    Told what complete trials gained from where they stood, `passed`, to their ends, `final` (n,),
    it is asked of those that were `stopped`. Their errors go together: those that lie near to each
    other are all too good or all too bad.
    """

    def __init__(self, bend: Bend, passed: Standing, final: Array, stopped: Standing) -> None:
        self.bend, self._stopped = bend, stopped
        gained = final - passed.now - passed.expected
        kernel = passed.likeness(passed)
        kernel.flat[:: len(final) + 1] += LEAST_NOISE
        chol = np.linalg.cholesky(kernel)
        white = solve_triangular(chol, gained, lower=True)
        self._half = solve_triangular(chol, passed.likeness(stopped), lower=True)
        self._scale = (TRIALS * SPREAD**2 + float(white @ white)) / (TRIALS + len(final))
        self.ends = bend.back(stopped.now + stopped.expected + self._half.T @ white)

    def covariance(self, places: Rows) -> Array:
        """Covariances (k, k) of the ends of the stopped trials at `places`, on the bent scale."""
        at, half = self._stopped, self._half[:, places]
        chosen = Standing(*(column[places] for column in vars(at).values()))
        return np.asarray(self._scale * (chosen.likeness(chosen) - half.T @ half))


def _stands(curve: Curve, done: int, whole: int, bend: Bend) -> tuple[float, float, float]:
    """Doublings left, value, and progress of a curve after so many steps."""
    now, before = _value(curve, done), _value(curve, max(1, done // 2))
    assert now is not None
    bent = bend.forward(np.array([now, now if before is None else before]))
    return math.log2(max(1.0, whole / done)), float(bent[0]), float(bent[1] - bent[0])


def _done(curve: Curve) -> int:
    """How many steps a curve has come to; they may be counted from 0."""
    return curve[-1][0] + (curve[0][0] == 0)


def _value(curve: Curve, done: int) -> float | None:
    """The value of a curve by so many steps; None where it has none, or no finite one."""
    place = bisect_right(curve, done - (curve[0][0] == 0), key=lambda point: point[0])
    value = curve[place - 1][1] if place else math.nan
    return min(max(float(value), -LARGEST), LARGEST) if math.isfinite(value) else None


def _few(numbers: Iterable[int], most: int) -> Sequence[int]:
    """An even choice of at most so many of different numbers, with the least and the greatest."""
    rising = sorted(numbers)
    if len(rising) <= most:
        return rising
    return [rising[place] for place in np.linspace(0, len(rising) - 1, most).round().astype(int)]
