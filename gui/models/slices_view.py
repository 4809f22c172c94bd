"""What the slices panel draws: each parameter's effect beside the trials' own values."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.analysis.views import SlicesView
from gui.models.cube_axis import cube_axis
from gui.models.objective_axis import objective_axis
from gui.models.scales import LogScale, Scale
from gui.models.study_model import StudyModel

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
    scale = _within(scale, view, model.minimize)
    to_axis = _logarithm if _is_log(scale) else np.asarray
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


def _within(scale: Scale, view: SlicesView, minimize: bool) -> Scale:
    """The axis of the values, and up to half as much again where the model expects better ones.

    Bad values that are far out do not stretch it: as in the history, they lie beside its end.
    """
    means = np.concatenate([part.mean for part in view.slices] or [np.empty(0)])
    places = [scale.position(float(mean)) for mean in means if mean > 0 or not _is_log(scale)]
    width = scale.high - scale.low
    room = _MARGIN * width
    if minimize:
        lowest = min((place - room for place in places), default=scale.low)
        return replace(scale, low=min(scale.low, max(lowest, scale.low - width / 2)))
    highest = max((place + room for place in places), default=scale.high)
    return replace(scale, high=max(scale.high, min(highest, scale.high + width / 2)))


def _is_log(scale: Scale) -> bool:
    return isinstance(scale, LogScale)


def _logarithm(values: np.ndarray) -> np.ndarray:
    """Logarithms; far below every axis where there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(np.log10(values), nan=-99.0, neginf=-99.0)
