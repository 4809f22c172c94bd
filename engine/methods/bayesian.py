"""Bayesian optimisation: a model of the landscape chooses where to look next.

The model is engine.surrogate's. It is loaded when the first trial is told: whoever only checks a
spec, as the window does, does not wait for scipy.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.methods.base import Method, MethodError
from engine.methods.random import RandomMethod
from engine.outlook import Outlook
from engine.space import SearchSpace, SpaceError
from engine.surrogate.customary import starting_point
from engine.surrogate.partial import Curve, would_have_ended
from engine.trial import Params
from engine.wording import show

if TYPE_CHECKING:
    from engine.surrogate.cube import Array, Cube
    from engine.surrogate.evidence import Evidence
    from engine.surrogate.model import Learner, Model

LISTED = 2000
"""Of a space with no more configurations than this, each one is looked at."""
SPREAD = 16
"""How many points are looked at for one that lies away from what failed."""
MOST_COST_WEIGHT = 10.0
APART, LEAST_SHARED = 0.1, 3
"""What of a dimension's length is shared among the pending trials, and among the failed ones, with
as many more: nothing closer to one of them is asked for; and nothing as close as that to a failed
trial alone whose place is feared."""
FEARED = 0.5
"""A place is feared while a trial there is less likely than this to come through."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What was told of a configuration of the space."""

    key: Hashable
    point: Array
    value: float | None
    seconds: float | None
    curve: Curve
    failure: str | None

    @property
    def is_partial(self) -> bool:
        """Whether it was stopped on the way."""
        return self.value is None and self.failure is None and bool(self.curve)


class BayesianMethod(Method):
    """Learns from each trial, and asks where most improvement is to be expected.

    The first proposal is where a practitioner would start: at the parameters' defaults, or what is
    customary. Until a trial has a value, others are spread out evenly. `cost_weight` weighs
    improvement against time: 0 does not look at the seconds that a trial takes, 1 asks for the most
    improvement a second. A trial without a value that did not fail, but has a curve, was stopped on
    the way, and is taken to be worth what it would have come to; until it goes on, is pending once
    more, and is told to its end: then nothing is left of that.
    """

    learns = True

    def __init__(self, space: SearchSpace, seed: int = 0, *, cost_weight: float = 0.0) -> None:
        super().__init__(space, seed)
        self.cost_weight = _checked_weight(cost_weight)
        self._draws = RandomMethod(space, seed)
        self._points: list[Array] = []
        self._losses: list[float] = []
        self._seconds: list[float] = []
        self._curves: list[Curve] = []
        self._failed: list[Array] = []
        self._told: list[_Told] = []
        self._partial: set[Hashable] = set()
        self._model: Model | None = None
        self._held: Params = {}

    def ask(self, n: int = 1, *, like: Mapping[str, Any] | None = None) -> list[Params]:
        """The next `n` configurations, which have the values that `like` has.

        Fewer when what is left of the space does not have so many.
        """
        self._held = dict(like or {})
        try:
            return super().ask(n)
        finally:
            self._held = {}

    def pend(self, params: Mapping[str, Any]) -> None:
        super().pend(params)
        self._withdraw(self._see(params))

    def tell(
        self,
        params: Mapping[str, Any],
        value: float | None,
        *,
        seconds: float | None = None,
        curve: Sequence[tuple[int, float]] | None = None,
        failure: str | None = None,
    ) -> None:
        import engine.surrogate.chooser  # noqa: F401 -- now, so that the next proposal need not wait

        super().tell(params, value, seconds=seconds, curve=curve, failure=failure)
        key = self._see(params)
        self._withdraw(key)
        with contextlib.suppress(SpaceError):
            told = _Told(
                key, self.space.encode(params), value, seconds, tuple(curve or ()), failure
            )
            self._told.append(told)
            self._learn(told)

    def _withdraw(self, key: Hashable) -> None:
        """What was told of a configuration that had been stopped on the way is not so any more."""
        if key not in self._partial:
            return
        told = [old for old in self._told if old.key != key or not old.is_partial]
        for known in (self._points, self._losses, self._seconds, self._curves, self._failed):
            known.clear()
        self._partial.clear()
        self._told = told
        for old in told:
            self._learn(old)
        self._model = None
        self.learner.forget()

    def _learn(self, told: _Told) -> None:
        value, seconds, curve = told.value, told.seconds, told.curve
        if told.is_partial:
            self._partial.add(told.key)
            value, seconds = would_have_ended(curve, self._curves, self._losses), None
            curve = ()
        if value is not None and math.isfinite(value):
            self._points.append(told.point)
            self._losses.append(float(value))
            self._seconds.append(math.nan if seconds is None else float(seconds))
            self._curves.append(curve)
        elif value is not None or told.failure is not None:
            self._failed.append(told.point)
        self._model = None

    def preview(self) -> Params | None:
        """What `ask` would propose now; it is not asked for by that."""
        return self._propose()

    def outlook(self) -> Outlook | None:
        """What the model of the last proposal expects; None while it was made without one."""
        from engine.surrogate.prospects import outlook, worth_a_look

        if self._model is None:
            return None
        if self._listed is None:
            rng = np.random.default_rng([self.seed, self._count])
            return outlook(self._model, worth_a_look(self._model, rng))
        told = self._seen - self._pending.keys()
        open_ = [point for key, point in self._listed if key not in told]
        return outlook(self._model, _stacked(open_, len(self._cube)))

    def _see(self, params: Mapping[str, Any]) -> Hashable:
        self._draws._see(params)
        return super()._see(params)

    def _propose(self) -> Params | None:
        if self.capacity is not None and len(self._seen) >= self.capacity:
            return None
        if not self._seen:
            return starting_point(self.space)
        point = self._best_point() if self._losses else self._spread_out()
        if point is None:
            return None if self._held else self._draws._propose()
        return self._params(point)

    def _best_point(self) -> Array | None:
        """Where the model expects most, beside what is pending; None where it found nothing new."""
        from engine.surrogate.chooser import Chooser

        if self._model is None:
            self._model = self.learner.model(self.evidence())
        pending = self.pending_points
        chooser = Chooser(self._model, pending, self.cost_weight)
        if self._listed is not None:
            points = np.array([point for key, point in self._listed if self._is_open(key, point)])
            if not len(points):
                return None
            return np.asarray(points[int(chooser.value(points).argmax())])
        failed = _stacked(self._failed, len(self._cube))
        feared = failed[self._model.feasibility(failed) < FEARED]
        hairs = [
            (pending, APART / (LEAST_SHARED + len(pending))),
            (failed, APART / (LEAST_SHARED + len(failed))),
            (feared, APART / LEAST_SHARED),
        ]

        def is_apart(point: Array) -> bool:
            return all(_is_apart(self._cube, point, others, hair) for others, hair in hairs)

        seed = [self.seed, self._count]
        cube, rng = self._cube.holding(self._held), np.random.default_rng
        found = chooser.best(cube, lambda p: is_apart(p) and self._is_new(p), rng(seed))
        return chooser.best(cube, self._is_new, rng(seed)) if found is None else found

    def _is_open(self, key: Hashable, point: Array) -> bool:
        """Whether a configuration may be proposed: nobody has seen it, and it has what is held."""
        held = self._held.items()
        return key not in self._seen and (not held or held <= self._params(point).items())

    def _spread_out(self) -> Array | None:
        """The next of evenly spread points, or one of those that follow where trials fail."""
        from engine.surrogate.feasibility import Feasibility
        from engine.surrogate.features import Features

        points = self._cube.holding(self._held).snap(self._even_points(self._count, SPREAD))
        points = np.array([point for point in points if self._is_new(point)])
        if not len(points):
            return None
        failed = _stacked(self._failed, len(self._cube))
        likely = Feasibility(Features(self._cube), failed[:0], failed).of(points)
        return np.asarray(points[int(likely.argmax())])

    def _even_points(self, first: int, count: int) -> Array:
        """Points number `first` and on of a sequence that covers the cube evenly: (count, d).

        Multiples of powers of a generalised golden ratio, shifted at random (Roberts, "The
        unreasonable effectiveness of quasirandom sequences", 2018).
        """
        d = len(self._cube)
        ratio = 2.0
        for _ in range(60):
            ratio = (1.0 + ratio) ** (1.0 / (d + 1))
        steps = ratio ** -np.arange(1.0, d + 1.0)
        shift = np.random.default_rng(self.seed).random(d)
        return np.asarray((shift + np.arange(first, first + count)[:, None] * steps) % 1.0)

    def _params(self, point: Array) -> Params:
        return self.space.decode(np.where(np.isnan(point), 0.5, point))

    def _is_new(self, point: Array) -> bool:
        return self.space.key(self._params(point)) not in self._seen

    @property
    def counts(self) -> tuple[int, int]:
        """How many trials that say something of the value were told, and how many that failed."""
        return len(self._points), len(self._failed)

    def evidence(self) -> Evidence:
        """What was told, as the surrogate takes it."""
        from engine.surrogate.evidence import Evidence

        return Evidence(
            points=_stacked(self._points, len(self._cube)),
            losses=np.array(self._losses),
            seconds=np.array(self._seconds),
            failed=_stacked(self._failed, len(self._cube)),
        )

    @property
    def pending_points(self) -> Array:
        """Where what is pending lies, shape (p, d): those configurations that the space has."""
        points = []
        for params in self._pending.values():
            with contextlib.suppress(SpaceError):
                points.append(self.space.encode(params))
        return _stacked(points, len(self._cube))

    @cached_property
    def _cube(self) -> Cube:
        from engine.surrogate.cube import Cube

        return Cube(self.space)

    @cached_property
    def learner(self) -> Learner:
        """Finds the models' hyperparameters; methods that are told the same trials may share it."""
        from engine.surrogate.model import Learner

        return Learner(self._cube)

    @cached_property
    def _listed(self) -> list[tuple[Hashable, Array]] | None:
        """The keys and points of all configurations of a space that has but few."""
        if self.capacity is None or self.capacity > LISTED:
            return None
        all_of_them = map(self.space.enumeration.at, range(self.capacity))
        return [(self.space.key(params), self.space.encode(params)) for params in all_of_them]


def _stacked(points: list[Array], width: int) -> Array:
    return np.array(points, dtype=np.float64).reshape(len(points), width)


def _is_apart(cube: Cube, point: Array, others: Array, hair: float) -> bool:
    """Whether a point (d,) differs from each of `others` (p, d) by more than `hair`.

    Where a model is sure of its best place, all of a batch would go there, and tell one thing; and
    where a trial failed, it would go again and again, for a failure says nothing of the value.
    """
    gaps = np.abs(others - point)
    gaps[np.isnan(others) != np.isnan(point)] = 1.0
    choices = [dimension.is_categorical for dimension in cube.dimensions]
    gaps[:, choices] = np.where(gaps[:, choices] > 0.0, 1.0, 0.0)
    widest = np.fmax.reduce(gaps, 1, initial=0.0)
    return bool((widest > hair).all())


def _checked_weight(weight: Any) -> float:
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        raise MethodError("cost_weight", f"must be a number, not {show(weight)}.")
    if not 0.0 <= weight <= MOST_COST_WEIGHT:
        raise MethodError(
            "cost_weight", f"must be from 0 to {MOST_COST_WEIGHT:g}, not {show(weight)}."
        )
    return float(weight)
