"""Where trials were stopped early, and after how many steps they are judged, as curves show it.

Why each was stopped is the trial's own note; the rules are the engine's (engine/pruners).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.pruners import Pruner
from engine.trial import TrialState
from gui.models.curves_view import CurveBook, CurvesView, scaled
from gui.models.study_model import StudyModel

_DEALT = 1000
"""Trials are dealt to the brackets of a rule in rounds of no more than about so many."""
_ALONE = ("patience", "divergence")
"""Options by which the rule "none" stops trials all the same."""


@dataclass(frozen=True)
class Stops:
    """The last point of each stopped trial's curve."""

    numbers: np.ndarray
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Levels:
    """The steps at which trials are judged: `places` on the axis, `steps` done by then.

    `text` says what they are.
    """

    places: tuple[int, ...]
    steps: tuple[int, ...]
    text: str


def stops_of(model: StudyModel, book: CurveBook, view: CurvesView) -> Stops:
    """Where the trials that were looked at for `view` were stopped, those that were.

    Who was far out is marked at the end of the axis; who never had a value is left out.
    """
    ends = []
    for number in view.known:
        if model.trials[number].state is TrialState.PRUNED:
            x, y = scaled(book.curve(number), view.log)
            known = np.flatnonzero(np.isfinite(y))
            ends += [(number, x[at], y[at]) for at in known[-1:]]
    table = np.array(ends, dtype=float).reshape(-1, 3)
    y = np.clip(table[:, 2], view.low, view.high)
    return Stops(table[:, 0].astype(np.intp), table[:, 1], y)


def levels_of(model: StudyModel, number: int | None = None) -> Levels | None:
    """The rungs of the study's rule, or the least that every trial runs; None where it stops none.

    Of a `number` they are those of that trial, where not all trials have the same.
    """
    rule, options = model.spec.pruner.name, model.spec.pruner.options
    if rule == "none" and not any(options.get(name) is not None for name in _ALONE):
        return None
    pruner = _informed(model)
    whole = pruner.horizon
    some = range(min(_DEALT, len(model.trials))) if number is None else (number,)
    steps = sorted({level for one in some for level in pruner.levels_of(one)})
    unit = pruner.reports.unit
    if steps:
        text = f"rungs at {_listed(steps)} {unit}"
    elif pruner.levels_of(0):
        return Levels((), (), f"trial {number} has no rungs")
    elif whole is None or pruner.min_steps < whole:
        steps = [pruner.min_steps]
        text = f"none is stopped before {steps[0]} {unit}"
    else:
        return None
    first = _first_step(model)
    return Levels(tuple(step - (first == 0) for step in steps), tuple(steps), text)


def _informed(model: StudyModel) -> Pruner:
    """The study's rule; it knows how long a trial is as soon as the study shows that."""
    pruner = model.spec.make_pruner()
    if pruner.horizon is None:
        numbers = model.numbers(np.flatnonzero(model.arrays.complete)).tolist()
        known = [reports for number in numbers if (reports := model.reports.get(number))]
        if known:
            longest = max(known, key=lambda reports: reports[-1].step)
            for report in (longest[0], longest[-1]):
                pruner.tell(0, report.step, 0.0)
            pruner.end(0, TrialState.COMPLETE)
    return pruner


def _first_step(model: StudyModel) -> int:
    """The step that trials count from."""
    return next((reports[0].step for reports in model.reports.values() if reports), 1)


def _listed(steps: list[int]) -> str:
    *others, last = map(str, steps)
    return f"{', '.join(others)} and {last}" if others else last
