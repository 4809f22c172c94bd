"""The surrogate of a study: a Gaussian process fitted to its finished trials.

A pure function of those trials in their order. Hyperparameters are found at milestones only, and on
a part of the trials where they are many; a model in between costs one factorisation.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np

from engine.surrogate.cube import Array, Cube
from engine.surrogate.evidence import Evidence, Rows
from engine.surrogate.feasibility import Feasibility
from engine.surrogate.features import Features
from engine.surrogate.gp import JITTER, GaussianProcess, Prior, Theta, fit
from engine.surrogate.partial import ends_of, learn
from engine.surrogate.prior_mean import prior_mean_of
from engine.surrogate.warp import Warp

MOST = 400
"""Of more trials than this, the best and an even choice of the others."""
MOST_TO_LEARN_FROM = 128
ROUNDS = 3
_COST_NOISE = float(np.log(0.1))


class Model:
    """What `evidence`, of at least one trial with a value, makes believe.

    Points are rows of the unit cube. The model's own scale is that of `warp`; less is better. The
    process `gp` is about what the prior mean leaves over. Trials that were stopped count as what is
    to be expected of them, with its uncertainty.
    """

    def __init__(
        self, cube: Cube, evidence: Evidence, theta: Theta, gains: Theta | None = None
    ) -> None:
        self.cube, self.features = cube, Features(cube)
        ends = ends_of(evidence, self.features, gains)
        self.evidence = replace(evidence, losses=ends.losses)
        self.rows = self.evidence.best_and_others(MOST)
        self.stopped = np.flatnonzero(np.isnan(evidence.losses[self.rows]))
        self.points = evidence.points[self.rows]
        self.warp = Warp(ends.losses)
        self.targets = self.warp.forward(ends.losses[self.rows])
        self.prior_mean = prior_mean_of(cube, self.evidence)
        x = self.features.of(self.points)
        residuals = self.targets - self.prior_mean.of(self.points)
        groups, unsure = self.features.groups, ends.noise(self.rows, self.warp)
        self.gp, self._unsure = conditioned(x, residuals, groups, theta, unsure)

    @cached_property
    def at_trials(self) -> Array:
        """The posterior mean at the trials (n,): what of their values is not taken for noise."""
        mean = np.asarray(self.targets - (self.gp.noise + JITTER) * self.gp.alpha)
        return mean if self._unsure is None else mean - self._unsure @ self.gp.alpha

    @property
    def best(self) -> float:
        """The least posterior mean at a trial that came to its end: the value to beat."""
        complete = np.delete(self.at_trials, self.stopped)
        return float((complete if len(complete) else self.at_trials).min())

    def ends(self) -> tuple[Array, Array]:
        """Mean and variance of the objective where trials were `stopped`: (k,).

        What one of them would come to by chance is left out, as it is anywhere else.
        """
        mean, variance = self.gp.predict(self.gp.x[self.stopped])
        return mean + self.prior_mean.of(self.points[self.stopped]), variance

    def best_points(self, count: int) -> Array:
        """The points (at most `count`, d) of the trials with the least posterior mean."""
        return np.asarray(self.points[np.argsort(self.at_trials, kind="stable")[:count]])

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Posterior mean and variance of the objective at points (m, d): shapes (m,)."""
        mean, variance = self.gp.predict(self.features.of(points))
        return mean + self.prior_mean.of(points), variance

    def feasibility(self, points: Array) -> Array:
        """How likely trials at points (m, d) are to come through: shape (m,)."""
        return self._feasibility.of(points)

    @cached_property
    def _feasibility(self) -> Feasibility:
        failed = self.evidence.failed  # thinned like those with a value, lest they outnumber them
        kept = round(len(failed) * len(self.rows) / len(self.evidence))
        if kept < len(failed):
            failed = failed[np.linspace(0, len(failed) - 1, max(1, kept)).astype(int)]
        return Feasibility(self.features, self.points, failed)

    def believing(self, points: Array) -> GaussianProcess:
        """The process, had what it expects at points (p, d) come about there."""
        if not len(points):
            return self.gp
        more = self.features.of(points)
        x = np.concatenate([self.gp.x, more])
        y = np.concatenate([self.gp.y, self.gp.predict(more)[0]])
        unsure = None if self._unsure is None else np.pad(self._unsure, (0, len(points)))
        return GaussianProcess(x, y, self.gp.groups, self.gp.theta, unsure=unsure)

    def cost(self) -> GaussianProcess | None:
        """A process over the log of a trial's seconds, its mean left out; None if none is known."""
        seconds = self.evidence.seconds[self.rows]
        known = np.isfinite(seconds) & (seconds > 0)
        if not known.any():
            return None
        logs = np.log(seconds[known])
        prior = Prior.of(len(self.cube)).theta
        theta = Theta(prior.lengths, _COST_NOISE, prior.effects, prior.pairs)
        return GaussianProcess(self.gp.x[known], logs - logs.mean(), self.gp.groups, theta)


class Learner:
    """Finds the hyperparameters of a study's models, and keeps them."""

    def __init__(self, cube: Cube) -> None:
        self._cube = cube
        self._known: dict[int, tuple[Theta, Theta | None]] = {}

    def forget(self) -> None:
        """The trials are not those of before."""
        self._known.clear()

    def model(self, evidence: Evidence) -> Model:
        """The model of at least one trial with a value."""
        return Model(self._cube, evidence, *self._thetas(evidence))

    def _thetas(self, evidence: Evidence) -> tuple[Theta, Theta | None]:
        """The hyperparameters of the objective, and of what stopped trials still gain."""
        at = milestone(len(evidence))
        if at not in self._known:
            features, first = Features(self._cube), evidence.first(at)
            gains = learn(first, features)
            ends = ends_of(first, features, gains)
            first = replace(first, losses=ends.losses)
            rows, warp = first.best_and_others(MOST_TO_LEARN_FROM), Warp(ends.losses)
            points = first.points[rows]
            y = warp.forward(first.losses[rows])
            y -= prior_mean_of(self._cube, first).of(points)
            x, prior = features.of(points), Prior.of(len(self._cube))
            centre, groups = prior.theta, features.groups
            _, unsure = conditioned(x, y, groups, centre, ends.noise(rows, warp))
            self._known[at] = fit(x, y, groups, prior, unsure), gains
        return self._known[at]


def conditioned(
    x: Array, y: Array, groups: Rows, theta: Theta, unsure: Array | None
) -> tuple[GaussianProcess, Array | None]:
    """The process that is told y (n,) at x, of which `unsure` (n, n) is the covariance of errors;
    and that in units of its scale, which is found by what it would be, and then is, with them."""
    gp = GaussianProcess(x, y, groups, theta)
    if unsure is None:
        return gp, None
    errors = unsure
    for _ in range(ROUNDS):
        errors = unsure / gp.scale
        gp = GaussianProcess(x, y, groups, theta, unsure=errors)
    return gp, errors


def milestone(count: int) -> int:
    """The last number of trials up to `count` at which hyperparameters are found anew."""
    last = 1
    while (following := last + 1 + last // 20) <= count:
        last = following
    return last
