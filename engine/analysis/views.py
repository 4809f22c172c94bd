"""What the surrogate of a study looks like: the records that panels draw.

Arrays are float64. Values are the objective as the user states it (not flipped when it is
maximised); positions are coordinates of the unit cube (engine/space.py), of the middle of each
cell. `upto` is how many finished trials, in their order of finishing, the model was told.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.trial import Params

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MapRequest:
    """Layers over two parameters; the others held at the best configuration or averaged over."""

    x: str
    y: str
    averaged: bool = False
    size: int = 64
    upto: int | None = None


@dataclass(frozen=True, slots=True)
class MapView:
    """Layers on a grid, each of shape (size, size), rows along y.

    `deviation` is the posterior standard deviation on the model's own scale, on which the values
    told have one of 1 and no skew: in the user's terms it would say how steep that scale is, and
    nothing of where was looked. `acquisition` is the log expected improvement less its largest
    value (so at most 0), `feasibility` a probability. `averaged` maps have no acquisition (None).
    `proposed` is where the model would look next. Both take the trials under way into account, but
    for the past, of which it is not known what ran.
    """

    request: MapRequest
    upto: int
    mean: Array
    deviation: Array
    feasibility: Array
    acquisition: Array | None
    proposed: Params | None


@dataclass(frozen=True, slots=True)
class SlicesRequest:
    """Each parameter's effect, the others at the best configuration."""

    size: int = 48
    upto: int | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """The posterior along one parameter: mean and 90 % interval of the objective, shapes (k,)."""

    name: str
    position: Array
    mean: Array
    low: Array
    high: Array


@dataclass(frozen=True, slots=True)
class SlicesView:
    """A slice for each parameter that is not fixed and is active in `centre`."""

    request: SlicesRequest
    upto: int
    centre: Params
    slices: tuple[Slice, ...]


@dataclass(frozen=True, slots=True)
class ImportanceRequest:
    """How much of the objective's variance each parameter and each pair explains."""

    upto: int | None = None


@dataclass(frozen=True, slots=True)
class ImportanceView:
    """Shares of the variance of the posterior mean: of each parameter alone (d,), and of pairs."""

    request: ImportanceRequest
    upto: int
    names: tuple[str, ...]
    alone: Array
    pairs: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True, slots=True)
class TrustRequest:
    """What the model would have said of each trial, had it not been told its value."""

    upto: int | None = None


@dataclass(frozen=True, slots=True)
class TrustView:
    """Leave-one-out predictions of n trials: arrays (n,), and shares of truths within intervals."""

    request: TrustRequest
    upto: int
    numbers: tuple[int, ...]
    actual: Array
    predicted: Array
    low50: Array
    high50: Array
    low90: Array
    high90: Array
    coverage50: float
    coverage90: float


@dataclass(frozen=True, slots=True)
class WhyRequest:
    """Why the model chose a trial's configuration; None: the one it would choose next."""

    number: int | None = None


@dataclass(frozen=True, slots=True)
class WhyView:
    """What the model expected of a configuration when it had been told `upto` trials.

    `low` and `high` bound its 90 % interval; `best` is the value to beat at the time; `chance` the
    probability of beating it. `exploration` is the standard deviation there over the median one of
    the whole space, at most 1. The two terms of the expected improvement would not tell exploring
    from exploiting: where the mean is no better than the best, as it seldom is, uncertainty has all
    the merit, beside the best place as well as far from it.
    """

    request: WhyRequest
    upto: int
    params: Params
    mean: float
    low: float
    high: float
    best: float
    chance: float
    exploration: float
    feasibility: float


Request = MapRequest | SlicesRequest | ImportanceRequest | TrustRequest | WhyRequest
View = MapView | SlicesView | ImportanceView | TrustView | WhyView


@dataclass(frozen=True, slots=True)
class LensProblem:
    """Why there is no view: one sentence. It answers `request`."""

    request: Request
    sentence: str
