"""What the timeline draws: each worker's trials as bars over the time in which the study ran."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from engine.trial import TrialState
from gui.models.history_view import time_unit
from gui.models.scales import ChoiceScale, LinearScale
from gui.models.stacks import over_by, side_by_side
from gui.models.study_model import StudyModel

_LONG_GAP_S, _LONG_GAP_SHARE = 60.0, 0.5
"""A stretch without any trial is left out where it is longer than both of these: seconds, and a
share of the time in which trials ran."""
_SHOWN_SHARE = 0.015
"""What is shown of it instead, as a share of the same time."""
_NEWEST = 40
"""Trials a worker that are in view where only the newest are."""


@dataclass(frozen=True)
class TimelineView:
    """Bars of the trials of `rows`, by their beginning, in the unit of the time axis.

    `lane` is the height of each, the first worker at the top. Those of a stack, which overlap, lie
    beside each other within their lane, each on its `tier` of `tiers`, the first on top; `stacks`
    are where each of them begins and ends, its lane, and how many it had at once; `over` is when a
    bar is over for sure. `cuts` are the places where nothing ran for long, `left_out` the seconds
    that are not shown there, `newest` where the last stretch begins.
    """

    scales: tuple[LinearScale, ChoiceScale]
    rows: np.ndarray
    start: np.ndarray
    end: np.ndarray
    over: np.ndarray
    lane: np.ndarray
    tier: np.ndarray
    tiers: np.ndarray
    stacks: np.ndarray
    cuts: np.ndarray
    left_out: float
    newest: float


def view_timeline(
    model: StudyModel, known: np.ndarray | None = None, now: float | None = None
) -> TimelineView | None:
    """The trials of `model` as they ran; None before the first one has begun.

    Of the past, `known` is the mask of the trials there were. `now` (Unix time) is where those end
    that run.
    """
    arrays = model.arrays
    began = np.isfinite(arrays.column("started")) & np.isfinite(arrays.column("worker"))
    rows = np.flatnonzero(began if known is None else began & known)
    if not len(rows):
        return None
    rows = rows[np.argsort(arrays.column("started")[rows], kind="stable")]
    start = arrays.column("started")[rows]
    end = np.maximum(start, _ends(model, rows, time.time() if now is None else now))
    start, end, cuts, left_out = _without_long_gaps(start - start[0], end - start[0])
    unit, size = time_unit(float(end.max()))
    names = _lane_names(model)
    workers = arrays.column("worker")[rows].astype(np.intp)
    over = over_by(start, end)
    tiers = side_by_side(workers, start, over)
    top = len(names) - 1.0
    scales = (
        LinearScale(f"time ({unit})", 0.0, float(end.max()) / size),
        ChoiceScale("worker", names),
    )
    newest = start[-min(len(rows), _NEWEST * len(names))] / size
    stacks = np.column_stack([tiers.start / size, tiers.end / size, top - tiers.of, tiers.most])
    return TimelineView(
        scales,
        rows,
        start / size,
        end / size,
        over / size,
        top - workers,
        tiers.tier,
        tiers.count,
        stacks,
        cuts / size,
        left_out,
        float(newest),
    )


def trained_with(view: TimelineView, place: int) -> np.ndarray:
    """The places of the bars that overlap bar `place` in its lane, itself included."""
    meets = (view.start < view.over[place]) & (view.over > view.start[place])
    meets[place] = True
    return np.flatnonzero(meets & (view.lane == view.lane[place]))


def _ends(model: StudyModel, rows: np.ndarray, now: float) -> np.ndarray:
    """When each trial was over; of one that was cut off, when it was last heard of."""
    ends = model.arrays.column("finished")[rows].copy()
    runs = model.arrays.is_state(TrialState.RUNNING)[rows] & model.state.is_active
    ends[runs] = now
    for place in np.flatnonzero(np.isnan(ends)):
        number = int(model.arrays.column("number")[rows[place]])
        reports = model.reports.get(number)
        heard = reports[-1].seconds if reports else 0.0
        ends[place] = model.arrays.column("started")[rows[place]] + heard
    return ends


def _without_long_gaps(
    start: np.ndarray, end: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Bars with the long stretches between them cut short, where that is, and by how much in all.

    A study that is gone on with the next day is still to be read. `start` is in ascending order.
    """
    last = np.maximum.accumulate(end)
    gaps = np.concatenate([[0.0], np.maximum(0.0, start[1:] - last[:-1])])
    busy = float(last[-1] - gaps.sum())
    long = gaps > max(_LONG_GAP_S, _LONG_GAP_SHARE * busy)
    shown = _SHOWN_SHARE * busy
    shift = np.cumsum(np.where(long, gaps - shown, 0.0))
    cuts = (start - shift)[long] - shown / 2
    return start - shift, end - shift, cuts, float(shift[-1])


def _lane_names(model: StudyModel) -> tuple[str, ...]:
    """ "1 · cuda:0" for each worker that there was, the last one first."""
    highest = int(np.nanmax(model.arrays.column("worker")))
    devices: dict[int, str] = {}
    for trial in reversed(model.trials.values()):
        if trial.worker is not None and trial.device:
            devices.setdefault(trial.worker, trial.device)
            if len(devices) > highest:
                break
    names = [" · ".join(filter(None, (str(n + 1), devices.get(n)))) for n in range(highest + 1)]
    return tuple(reversed(names))
