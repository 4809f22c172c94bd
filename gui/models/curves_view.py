"""What the learning curves panel draws: each trial's curve, or a band where they are too many."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.trial import Report, TrialState
from gui.models.study_model import StudyModel

MOST_CURVES = 150
"""Up to so many are drawn one by one."""
_SAMPLE = 400
_BEST_OF_MANY = 20
_BAND = (0.1, 0.5, 0.9)
_FENCE = 3.0
_SPREAD_FOR_LOG = 30.0
_MOST_VALUES = 0.99
_LITTLE_MORE = 0.25
"""Values up to this share of the axis above most others are still shown."""

Curve = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Band:
    """Quantiles over the epochs: eight of ten curves are between `low` and `high`."""

    x: np.ndarray
    low: np.ndarray
    middle: np.ndarray
    high: np.ndarray
    of: int


@dataclass(frozen=True)
class CurvesView:
    """`curves` by trial number; the values of a logarithmic view are their logarithms.

    `known` are the trials whose curves were looked at: those that are drawn and those of the band.
    """

    curves: dict[int, Curve]
    known: tuple[int, ...]
    band: Band | None
    log: bool
    low: float
    high: float
    last_step: float


class CurveBook:
    """The curves of one metric, made once for each trial and again when it has reported more."""

    def __init__(self, reports: Mapping[int, Sequence[Report]], metric: str) -> None:
        self._reports = reports
        self._metric = metric
        self._made: dict[int, tuple[Sequence[Report], int, Curve]] = {}

    def curve(self, number: int) -> Curve:
        """Epochs and values of a trial, in order; values that were not reported are NaN."""
        reports = self._reports.get(number, ())
        made = self._made.get(number)
        if made is None or made[0] is not reports or made[1] != len(reports):
            pairs = [(r.step, r.metrics.get(self._metric, np.nan)) for r in reports]
            table = np.array(pairs, dtype=float).reshape(-1, 2)
            made = (reports, len(reports), (table[:, 0], table[:, 1]))
            self._made[number] = made
        return made[2]


def metrics_of(model: StudyModel) -> list[str]:
    """Names of the metrics that trials report, the objective first."""
    for reports in model.reports.values():
        if reports:
            names = sorted(reports[-1].metrics)
            return [model.objective] * (model.objective in names) + [
                name for name in names if name != model.objective
            ]
    return []


def view_curves(model: StudyModel, book: CurveBook, log: bool | None = None) -> CurvesView | None:
    """The curves to draw; None before the first report."""
    numbers = [number for number, reports in model.reports.items() if reports]
    if not numbers:
        return None
    some = _evenly(numbers, _SAMPLE) if len(numbers) > MOST_CURVES else numbers
    sampled = [book.curve(number) for number in some]
    values = np.concatenate([curve[1] for curve in sampled])
    low, high, use_log = _range(values, log)
    band, drawn = None, numbers
    if len(numbers) > MOST_CURVES:
        band, drawn = _band(sampled, len(numbers), use_log), _worth_drawing(model)
    curves = {number: scaled(book.curve(number), use_log) for number in drawn}
    last = max(curve[0][-1] for curve in sampled if len(curve[0]))
    if use_log:
        low, high = math.log10(low), math.log10(high)
    known = tuple(dict.fromkeys([*drawn, *some]))
    return CurvesView(curves, known, band, use_log, low, high, float(last))


def _worth_drawing(model: StudyModel) -> list[int]:
    """Of very many trials: the best ones, those that run, and the selected one."""
    arrays = model.arrays
    rows = np.flatnonzero(arrays.complete)
    values = arrays.column("value")[rows] * (1 if model.minimize else -1)
    best = rows[np.argsort(values, kind="stable")[:_BEST_OF_MANY]]
    running = np.flatnonzero(arrays.is_state(TrialState.RUNNING))
    numbers = model.numbers(np.concatenate([best, running])).tolist()
    if model.selected is not None and model.selected not in numbers:
        numbers.append(model.selected)
    return [number for number in numbers if model.reports.get(number)]


def _band(curves: list[Curve], of: int, log: bool) -> Band:
    steps = np.unique(np.concatenate([curve[0] for curve in curves]))
    table = np.full((len(curves), len(steps)), np.nan)
    for row, curve in enumerate(curves):
        table[row, np.searchsorted(steps, curve[0])] = scaled(curve, log)[1]
    some = np.isfinite(table).any(axis=0)
    low, middle, high = np.nanquantile(table[:, some], _BAND, axis=0)
    return Band(steps[some], low, middle, high, of)


def _range(values: np.ndarray, log: bool | None) -> tuple[float, float, bool]:
    """Where the values are but for far-out ones, and whether they are shown as logarithms.

    Where `log` does not say it, they are when they span much; they cannot be unless all of them
    are positive.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0, False
    lowest = float(finite.min())
    spans_much = bool(finite.max() > _SPREAD_FOR_LOG * lowest)
    if lowest > 0 and (spans_much if log is None else log):
        return lowest, _top(lowest, finite), True
    lower, upper = np.quantile(finite, [0.25, 0.75])
    reach = _FENCE * (upper - lower)
    inside = finite[(finite >= lower - reach) & (finite <= upper + reach)]
    return float(inside.min()), float(inside.max()), False


def _top(lowest: float, values: np.ndarray) -> float:
    """The end of a logarithmic axis: the highest of the values, unless it is far above the rest."""
    most, highest = float(np.quantile(values, _MOST_VALUES)), float(values.max())
    return highest if highest / most <= (most / lowest) ** _LITTLE_MORE else most


def scaled(curve: Curve, log: bool) -> Curve:
    """The curve, or its logarithm; NaN where there is none."""
    if not log:
        return curve
    with np.errstate(divide="ignore", invalid="ignore"):
        return curve[0], np.log10(np.where(curve[1] > 0, curve[1], np.nan))


def _evenly(numbers: list[int], most: int) -> list[int]:
    places = np.linspace(0, len(numbers) - 1, min(most, len(numbers))).round().astype(int)
    return [numbers[place] for place in np.unique(places)]
