"""The axis of the objective's values: every trial has a place on it, with a value or without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.trial import TrialState
from gui.models.scales import LogScale, Scale, value_scale
from gui.models.study_model import StudyModel
from gui.models.value_colours import ValueColours

_MARGIN = 0.1


def objective_axis(model: StudyModel, log: bool | None = None) -> tuple[Scale, np.ndarray]:
    """The scale of the values but for the far-out bad ones, and the place of each trial on it.

    A trial that was stopped early is at the last value it had. Far-out values, and trials that have
    none, are put beside the bad end. Without `log` the scale
    is logarithmic where the values span much; where one is not positive it cannot be.
    """
    values = np.where(model.arrays.complete, model.arrays.column("value"), np.nan)
    colours = ValueColours.of(values, model.minimize)
    if colours is None:
        return replace(value_scale(model.objective, False), low=0.0, high=1.0), np.full_like(
            values, 0.5
        )
    wanted = colours.log if log is None else log
    known = _with_stopped(model, values)
    scale = value_scale(model.objective, wanted and bool(np.nanmin(known) > 0))
    best = float((np.nanmin if model.minimize else np.nanmax)(known))
    good, bad = scale.position(best), scale.position(colours.worst)
    width = abs(bad - good) or abs(good) or 1.0
    room = _MARGIN * (width if model.minimize else -width)
    places = np.log10(known) if isinstance(scale, LogScale) else known
    lane = bad + 0.45 * room
    beyond = (places > lane) if model.minimize else (places < lane)
    places[beyond | np.isnan(places)] = lane
    ends = sorted((good - room, bad + room))
    return replace(scale, low=ends[0], high=ends[1]), places


def _with_stopped(model: StudyModel, values: np.ndarray) -> np.ndarray:
    """The values of complete trials, and beside them those that stopped ones had at last."""
    last = model.arrays.column("value")
    stopped = model.arrays.is_state(TrialState.PRUNED) & np.isfinite(last)
    return np.where(stopped, last, values)
