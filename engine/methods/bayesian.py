"""Bayesian optimisation: a model of the landscape chooses where to look next.

The model is engine.surrogate's. It is loaded when the first trial is told: whoever only checks a
spec, as the window does, does not wait for scipy.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.methods.base import Method, MethodError
from engine.methods.random import RandomMethod
from engine.outlook import Outlook
from engine.space import SearchSpace, SpaceError
from engine.surrogate.customary import starting_point
from engine.surrogate.record import Record
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


class BayesianMethod(Method):
    """Learns from each trial, and asks where most improvement is to be expected.

    The first proposal is where a practitioner would start: at the parameters' defaults, or what is
    customary. Until a trial has a value, others are spread out evenly. `cost_weight` weighs
    improvement against time: 0 does not look at the seconds that a trial takes, 1 asks for the most
    improvement a second. A trial without a value that did not fail, but has a curve, was stopped on
    the way: the model weighs what it would have come to. Where such a trial can go on (`offer`) and
    more is to be expected of that than of a new one, its configuration is proposed again.
    """

    learns = True

    def __init__(self, space: SearchSpace, seed: int = 0, *, cost_weight: float = 0.0) -> None:
        super().__init__(space, seed)
        self.cost_weight = _checked_weight(cost_weight)
        self._draws = RandomMethod(space, seed)
        self._record = Record(len(space.dimensions))
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
        try:
            point = self.space.encode(params)
        except SpaceError:
            return
        key = self.space.key(params)
        self._withdraw(key)
        if failure is not None and value is None:
            self._record.fail(point)
        elif value is not None:
            self._record.complete(point, value, seconds, curve or ())
        elif curve:
            self._record.stop(key, point, curve)
        self._model = None

    def _withdraw(self, key: Hashable) -> None:
        """What a stopped trial told counts no more: it goes on, as if it had not been stopped."""
        if self._record.forget(key):
            self.learner.forget()
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
        valued, _ = self.counts
        point = self._best_point() if valued else self._spread_out()
        if point is None:
            return None if self._held else self._draws._propose()
        return self._better_finished(point) or self._params(point)

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
        failed = self._record.failed
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

    def _better_finished(self, point: Array) -> Params | None:
        """Of the stopped trials on offer the one of which more is to be expected, for the steps
        that it has left, than of a new one at `point`; None if there is none."""
        from engine.surrogate.chooser import Chooser

        model = self._model
        keys = {row: key for key, row in self._record.stopped.items() if self._may_go_on(key)}
        if model is None or not keys:
            return None
        chooser = Chooser(model, self.pending_points, self.cost_weight)
        best, found = float(chooser.value(point[None, :])[0]), None
        for row, value in zip(model.rows[model.stopped], chooser.finishing(), strict=True):
            if row in keys and (worth := value - math.log(self._record.left(row))) > best:
                best, found = worth, self._offered[keys[row]]
        return found

    def _may_go_on(self, key: Hashable) -> bool:
        """Whether a stopped trial is on offer, does not go on already, and has what is held."""
        if key not in self._offered or key in self._pending:
            return False
        return self._held.items() <= self._offered[key].items()

    def _spread_out(self) -> Array | None:
        """The next of evenly spread points, or one of those that follow where trials fail."""
        from engine.surrogate.feasibility import Feasibility
        from engine.surrogate.features import Features

        points = self._cube.holding(self._held).snap(self._even_points(self._count, SPREAD))
        points = np.array([point for point in points if self._is_new(point)])
        if not len(points):
            return None
        failed = self._record.failed
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
        return self._record.counts

    def evidence(self) -> Evidence:
        """What was told, as the surrogate takes it."""
        return self._record.evidence()

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
