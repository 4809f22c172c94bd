"""Landscapes for tests of the surrogate: a mixed space with a condition, and searches over any."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np

from engine.methods import Method
from engine.space import Categorical, Float, Int, SearchSpace, When
from engine.surrogate.cube import Array, Cube
from engine.surrogate.evidence import Evidence
from engine.surrogate.model import Learner, Model
from engine.trial import Params

MIXED = SearchSpace(
    [
        Float("lr", 1e-5, 1e-1, log=True),
        Float("dropout", 0.0, 0.5),
        Int("depth", 1, 6),
        Categorical("optimizer", ("sgd", "adam", "adamw")),
        Float("momentum", 0.0, 0.99, when=When("optimizer", ("sgd",))),
    ]
)
SQUARE = SearchSpace([Float("x", 0.0, 1.0), Float("y", 0.0, 1.0)])


def points_of(space: SearchSpace, count: int, seed: int = 0) -> Array:
    """Random configurations as rows of the unit cube."""
    rng = np.random.default_rng(seed)
    return np.array([space.encode(space.sample(rng)) for _ in range(count)])


def wavy(points: Array) -> Array:
    """Some smooth losses of points (n, d)."""
    u = np.nan_to_num(points, nan=0.2)
    return np.asarray(np.sin(4.0 * u[:, 0]) + (u[:, 1:] ** 2).sum(1))


def evidence_of(
    points: Array,
    losses: Array,
    *,
    seconds: Array | None = None,
    failed: Array | None = None,
) -> Evidence:
    """What trials at `points` say; by default none failed and how long they took is not known."""
    return Evidence(
        points=points,
        losses=losses,
        seconds=np.full(len(points), np.nan) if seconds is None else seconds,
        failed=points[:0] if failed is None else failed,
    )


def model_of(space: SearchSpace, evidence: Evidence) -> Model:
    """The model that a search would have."""
    return Learner(Cube(space)).model(evidence)


def search(
    method: Method,
    loss: Callable[[Params], float | None],
    trials: int,
    seconds: Callable[[Params], float] = lambda params: 1.0,
) -> list[Params]:
    """Ask and tell one at a time; a trial whose loss is None runs out of memory."""
    asked = []
    for _ in range(trials):
        (params,) = method.ask(1)
        asked.append(params)
        report(method, params, loss(params), seconds(params))
    return asked


def report(method: Method, params: Params, value: float | None, seconds: float = 1.0) -> None:
    """Tell a method what became of a configuration."""
    failure = "out_of_memory" if value is None else None
    method.tell(params, value, seconds=seconds, failure=failure)


def apart(asked: list[Params]) -> float:
    """How far the two nearest of some configurations of SQUARE are from one another."""
    points = np.array([SQUARE.encode(params) for params in asked])
    return min(float(np.abs(a - b).max()) for a, b in combinations(points, 2))


def bowl(x: float, y: float) -> Callable[[Params], float]:
    """A loss over SQUARE whose least value, 0, is at x, y."""

    def loss(params: dict[str, Any]) -> float:
        return math.hypot(params["x"] - x, params["y"] - y) ** 2

    return loss
