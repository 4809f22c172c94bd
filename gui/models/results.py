"""What a study came to: its best trials, their metrics, and what speaks for or against them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.trial import Trial, TrialState
from gui.models.scales import ChoiceScale
from gui.models.study_model import StudyModel
from gui.numbers import number

_PARTS = ("train", "val", "test")
_EDGE = 0.02
"""A value in this share of its range beside a bound is said to be at the edge."""


@dataclass(frozen=True)
class MetricRow:
    """One metric on the training, validation and test part; None where it was not computed."""

    name: str
    train: float | None
    val: float | None
    test: float | None


def top_trials(model: StudyModel, count: int) -> list[Trial]:
    """The `count` best complete trials, the best one first."""
    rows = np.flatnonzero(model.arrays.complete)
    values = model.arrays.column("value")[rows] * (1 if model.minimize else -1)
    numbers = model.numbers(rows)
    order = np.lexsort((numbers, values))[:count]
    return [model.trials[number] for number in numbers[order].tolist()]


def metric_rows(model: StudyModel, trial: Trial) -> list[MetricRow]:
    """The metrics of `trial`, the objective's first."""
    known = {**trial.metrics, **trial.test}
    names = dict.fromkeys(_without_part(name) for name in (model.objective, *sorted(known)))
    return [
        MetricRow(name, *(known.get(f"{part}_{name}") for part in _PARTS))
        for name in names
        if any(f"{part}_{name}" in known for part in _PARTS)
    ]


def remarks(model: StudyModel, trial: Trial) -> list[str]:
    """What is worth knowing before `trial`, the best one, is used: a sentence each."""
    found = [_on_test(model, trial), *_at_edges(model, trial), _close_ones(model), _failures(model)]
    return [remark for remark in found if remark]


def _without_part(metric: str) -> str:
    part, _, name = metric.partition("_")
    return name if part in _PARTS else metric


def _on_test(model: StudyModel, trial: Trial) -> str:
    name = _without_part(model.objective)
    tested = trial.test.get(f"test_{name}")
    if tested is None or trial.value is None:
        return ""
    return (
        f"On the test part, which the search never saw, {name} is {number(tested)};"
        f" the search had {number(trial.value)}."
    )


def _at_edges(model: StudyModel, trial: Trial) -> list[str]:
    sentences = []
    for name in model.varied:
        scale = model.scales[name]
        if isinstance(scale, ChoiceScale) or name not in trial.params:
            continue
        place = (scale.position(trial.params[name]) - scale.low) / (scale.high - scale.low)
        if min(place, 1 - place) < _EDGE:
            end = "lower" if place < 0.5 else "upper"
            sentences.append(
                f"{name} = {number(trial.params[name])} is at the {end} end of its range:"
                " better values may lie beyond. Widen it?"
            )
    return sentences


def _close_ones(model: StudyModel) -> str:
    best = top_trials(model, 5)
    if len(best) < 2:
        return ""
    gap = abs(best[-1].value - best[0].value)
    return f"The {len(best)} best trials are within {number(float(f'{gap:.3g}'))} of each other."


def _failures(model: StudyModel) -> str:
    failed = model.count(TrialState.FAILED)
    if not failed:
        return ""
    return f"{failed} of {len(model.trials)} trials failed; the table on the Run page says why."


def difference(model: StudyModel, trial: Trial, best: Trial) -> str:
    """How far `trial` is behind `best`, with a sign; empty for the best itself."""
    gap = trial.value - best.value
    if trial.number == best.number or not math.isfinite(gap):
        return ""
    return f"{'+' if gap >= 0 else '−'}{number(float(f'{abs(gap):.3g}'))}"
