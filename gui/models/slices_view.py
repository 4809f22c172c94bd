"""What the slices panel draws: each parameter's effect beside the trials' own values."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.analysis.views import SlicesView
from gui.models.cube_axis import cube_axis
from gui.models.objective_axis import objective_axis
from gui.models.scales import LogScale, Scale
from gui.models.study_model import StudyModel
from gui.models.value_colours import ValueColours

_MARGIN = 0.06


@dataclass(frozen=True)
class SlicePicture:
    """One parameter: plot positions of the mean and its interval over `at`, and of the trials.

    `bins` says that `at` are values apart from each other; `rows` are those of the trials.
    """

    scale: Scale
    ends: tuple[float, float]
    bins: bool
    at: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    rows: np.ndarray
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class SlicesPicture:
    """All slices over one axis of the objective."""

    scale: Scale
    slices: tuple[SlicePicture, ...]


def picture_slices(
    model: StudyModel, view: SlicesView, known: np.ndarray | None = None
) -> SlicesPicture:
    """The slices of `view`, and the complete trials (of `known` ones, in the past)."""
    scale, places = objective_axis(model)
    rows = np.flatnonzero(model.arrays.complete if known is None else model.arrays.complete & known)
    values = model.arrays.column("value")[rows]
    scale = _within(scale, view, ValueColours.of(values, model.minimize))
    to_axis = _logarithm if isinstance(scale, LogScale) else np.asarray
    slices = []
    for part in view.slices:
        own = model.scales[part.name]
        axis = cube_axis(model.spec.space[part.name], own)
        mean, low, high = (to_axis(curve) for curve in (part.mean, part.low, part.high))
        slices.append(
            SlicePicture(
                own,
                (axis.low, axis.high),
                axis.steps is not None,
                axis.positions(part.position),
                mean,
                low,
                high,
                rows,
                model.arrays.params(part.name)[rows],
                places[rows],
            )
        )
    return SlicesPicture(scale, tuple(slices))


def _within(scale: Scale, view: SlicesView, colours: ValueColours | None) -> Scale:
    """The axis: from the best of values and means to the worst mean, or to half of the values."""
    if not view.slices:
        return scale
    means = np.concatenate([part.mean for part in view.slices])
    ends = [float(means.min()), float(means.max())]
    if colours is not None:
        ends.append(colours.best)
        ends.append(colours.value(0.5))
    places = [scale.position(end) for end in ends]
    places = [place for place in places if np.isfinite(place)] or [scale.low, scale.high]
    low, high = min(places), max(places)
    room = _MARGIN * ((high - low) or abs(high) or 1.0)
    return replace(scale, low=low - room, high=high + room)


def _logarithm(values: np.ndarray) -> np.ndarray:
    """Logarithms; far below every axis where there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(np.log10(values), nan=-99.0, neginf=-99.0)
