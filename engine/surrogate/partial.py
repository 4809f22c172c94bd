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

from engine.pruners.curves import LARGEST
from engine.pruners.extrapolation import GOES_ON, Bend
from engine.surrogate.cube import Array
from engine.surrogate.evidence import Curve, Evidence, Rows
from engine.surrogate.features import Features
from engine.surrogate.gp import GaussianProcess, Prior, Theta, fit
from engine.surrogate.warp import Warp

MOST_CURVES, MOST_RUNGS = 64, 4
"""From so many complete trials at most, after so many different numbers of steps."""
SPREAD = 0.3
"""What a trial gains in one doubling of its steps beside what is to be expected, on the bent scale,
where little is known yet."""
LENGTH, NOISE = 0.3, 0.1
"""Over what part of the length that is usual for losses gains are alike, and what part of their
variance is each trial's own: medians of what is learned."""
LEAST_SPREAD = 1e-6
FARTHEST = 1e9
"""More than so many of the model's units off is as good as nothing known."""


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
            slope = np.minimum(high - low, FARTHEST) / (2.0 * spread)
            found[np.ix_(at, at)] = slope[:, None] * covariance * slope
        return found


def ends_of(evidence: Evidence, features: Features, theta: Theta | None = None) -> Ends:
    """What all trials came to, or would have: those that have no loss were stopped.

    `theta` is what `learn` found. Where no complete trial has a curve, their last values count.
    """
    losses, stopped, curves = _read(evidence, features)
    if curves is None:
        return Ends(losses)
    gains = Gains(curves, _prior(features).theta if theta is None else theta)
    losses[stopped] = gains.ends
    return Ends(losses, gains, stopped)


def learn(evidence: Evidence, features: Features) -> Theta | None:
    """The most probable hyperparameters of the gains; None while there is nothing to learn from."""
    *_, curves = _read(evidence, features)
    if curves is None:
        return None
    return fit(curves.passed.x, curves.gained, curves.groups, _prior(features))


def _read(evidence: Evidence, features: Features) -> tuple[Array, Rows, Curves | None]:
    """Losses (n,), of stopped trials their last ones; the rows of these; and their curves beside
    those of complete trials, if there are both."""
    stopped, losses = np.flatnonzero(np.isnan(evidence.losses)), evidence.losses.copy()
    losses[stopped] = [evidence.curves[row][-1][1] for row in stopped]
    curves = _curves(evidence, losses, stopped, features) if len(stopped) else None
    return losses, stopped, curves


def _prior(features: Features) -> Prior:
    """Of the gains: the last two lengths, of a curve's value and of its progress, are about 1."""
    prior = Prior.of(len(features.cube))
    rows = [*range(len(prior.centre) - 3), 0, 0, *range(-3, 0)]
    centre, spread, bounds = (part[rows] for part in (prior.centre, prior.spread, prior.bounds))
    centre[:-3] += math.log(LENGTH)
    centre[-5:-3], centre[-3], spread[-3] = 0.0, math.log(NOISE), 1.0
    return Prior(centre, spread, bounds)


def _curves(evidence: Evidence, losses: Array, stopped: Rows, features: Features) -> Curves | None:
    curves = evidence.curves
    known = np.array([row for row in np.flatnonzero(~np.isnan(evidence.losses)) if curves[row]])
    if not len(known):
        return None
    known = known[replace(evidence, losses=losses[known]).best_and_others(MOST_CURVES)]
    losses = np.clip(losses, -LARGEST, LARGEST)
    bend, whole = Bend.of(losses), max(_done(curves[row]) for row in known)
    x = features.of(evidence.points)[:, : len(features.groups)]

    def standing(places: Iterable[tuple[int, int]]) -> Standing:
        found = [(row, *_stands(curves[row], done, whole, bend)) for row, done in places]
        rows, left, now, progress = np.array(found, dtype=np.float64).reshape(-1, 4).T
        return Standing(np.column_stack([x[rows.astype(int)], now, progress]), left)

    ended = [(row, _done(curves[row])) for row in stopped]
    rungs = [done for done in _few({done for _, done in ended}, MOST_RUNGS) if done < whole]
    passed = [(row, d) for row in known for d in rungs if _value(curves[row], d) is not None]
    if not passed:
        return None
    final = bend.forward(losses[[row for row, _ in passed]])
    groups = np.append(features.groups, len(features.cube) + np.arange(2))
    return Curves(bend, standing(passed), final, standing(ended), groups)


@dataclass(frozen=True)
class Standing:
    """Where m curves stand: the columns `x` (m, c + 2), those of their trials, then their values
    and what they gained in the last doubling of their steps; and the doublings that are left."""

    x: Array
    left: Array

    @property
    def expected(self) -> Array:
        """Where they end by progress alone: (m,)."""
        now, progress = self.x[:, -2:].T
        return np.asarray(now - GOES_ON * progress * self.left)

    @property
    def unit(self) -> Array:
        """How far from there, (m,): what is gained in different doublings is independent."""
        return np.asarray(SPREAD * np.sqrt(self.left))


@dataclass(frozen=True)
class Curves:
    """What complete trials were when they `passed` where others were `stopped`, and their `final`
    values (n,), on a scale on which much of what is gained is linear."""

    bend: Bend
    passed: Standing
    final: Array
    stopped: Standing
    groups: Rows

    @property
    def gained(self) -> Array:
        """By the complete trials, beside what was to be expected, in units: (n,)."""
        return np.asarray((self.final - self.passed.expected) / self.passed.unit)


class Gains:
    """A Gaussian process over what is still gained, told of complete trials and asked of the
    stopped ones: where these end, `ends` (k,).

    Gains are alike as configurations, values and progress are. Their errors go together: those that
    lie near to each other are all too good or all too bad.
    """

    def __init__(self, curves: Curves, theta: Theta) -> None:
        self.bend, stopped = curves.bend, curves.stopped
        gp = GaussianProcess(curves.passed.x, curves.gained, curves.groups, theta)
        mean, covariance = gp.joint(stopped.x)
        covariance.flat[:: len(mean) + 1] += gp.scale * gp.noise
        self.ends = self.bend.back(stopped.expected + stopped.unit * mean)
        self._covariance = covariance * np.outer(stopped.unit, stopped.unit)

    def covariance(self, places: Rows) -> Array:
        """Covariances (k, k) of the ends of the stopped trials at `places`, on the bent scale."""
        return np.asarray(self._covariance[np.ix_(places, places)])


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
