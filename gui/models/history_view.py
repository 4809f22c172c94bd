"""What the history panel draws: each trial's value, and the best so far, over number or time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gui.models.objective_axis import objective_axis
from gui.models.scales import LinearScale, LogScale, Scale
from gui.models.study_model import StudyModel

_UNITS = (("s", 1.0, 180.0), ("min", 60.0, 3 * 3600.0), ("h", 3600.0, np.inf))


@dataclass(frozen=True)
class HistoryView:
    """Places of the trials of `rows`; `line` are the corners of the best-so-far steps."""

    scales: tuple[Scale, Scale]
    rows: np.ndarray
    x: np.ndarray
    y: np.ndarray
    line: tuple[np.ndarray, np.ndarray]


def view_history(
    model: StudyModel, by_time: bool, log: bool | None = None, known: np.ndarray | None = None
) -> HistoryView:
    """The trials of `model` by number or by the time at which they were done.

    Of the past, `known` is the mask of the trials there were; the axes stay those of all.
    """
    x_scale, x = _time_axis(model) if by_time else _number_axis(model)
    y_scale, y = objective_axis(model, log)
    rows = np.flatnonzero(np.isfinite(x) if known is None else np.isfinite(x) & known)
    line = _steps(model, rows[np.argsort(x[rows], kind="stable")], x, y_scale)
    return HistoryView((x_scale, y_scale), rows, x[rows], y[rows], line)


def _number_axis(model: StudyModel) -> tuple[Scale, np.ndarray]:
    numbers = model.arrays.column("number")
    _, planned = model.progress()
    last = max(numbers.max(initial=0.0), min(planned or 0, 2 * len(numbers) + 10) - 1.0)
    return LinearScale("trial", -0.5, last + 0.5, whole=True), numbers


def _time_axis(model: StudyModel) -> tuple[Scale, np.ndarray]:
    seconds = busy_seconds(model.arrays.column("started"), model.arrays.column("finished"))
    longest = float(np.nanmax(seconds, initial=0.0))
    unit, size = time_unit(longest)
    high = longest / size or 1.0
    return LinearScale(f"time ({unit})", -0.02 * high, 1.02 * high), seconds / size


def time_unit(longest: float) -> tuple[str, float]:
    """The unit of an axis that is `longest` seconds long, and its seconds."""
    return next((name, size) for name, size, end in _UNITS if longest < end)


def busy_seconds(started: np.ndarray, finished: np.ndarray) -> np.ndarray:
    """When each trial was done, counted in seconds in which any trial ran; NaN if it is not done.

    Nights between two sittings of a study leave no gap.
    """
    result = np.full(len(started), np.nan)
    done = np.flatnonzero(np.isfinite(started) & np.isfinite(finished))
    if not len(done):
        return result
    order = done[np.argsort(started[done], kind="stable")]
    begin, last = started[order], np.maximum.accumulate(finished[order])
    idle = np.concatenate([[0.0], np.cumsum(np.maximum(0.0, begin[1:] - last[:-1]))])
    result[order] = finished[order] - begin[0] - idle
    return result


def _steps(
    model: StudyModel, order: np.ndarray, x: np.ndarray, scale: Scale
) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the best-so-far line over the rows `order`, which are sorted by `x`."""
    best = model.best_so_far(order)
    places, best = x[order][np.isfinite(best)], best[np.isfinite(best)]
    if not len(best):
        return np.empty(0), np.empty(0)
    corners = np.flatnonzero(np.diff(best, prepend=np.nan) != 0)
    corners = np.union1d(corners, [len(best) - 1])
    places, best = places[corners], best[corners]
    if isinstance(scale, LogScale):
        best = np.log10(best)
    return np.repeat(places, 2)[1:], np.repeat(best, 2)[:-1]
