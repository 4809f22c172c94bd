"""Times that a study's trials tell: how long it still takes, and what stopping early has saved.

How long it has run is the model's own to say.
"""

from __future__ import annotations

import numpy as np

from engine.analysis.cost import Estimate, estimate
from engine.trial import TrialState
from gui.models.study_model import StudyModel

_RECENT = 300
"""Trials from whose durations the remaining time is told."""


def remaining(model: StudyModel) -> Estimate | None:
    """Time until the study ends by its budget; None while nothing is known."""
    finished, planned = model.progress()
    if planned is None:
        return None
    done = model.arrays.is_state(TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED)
    seconds = model.arrays.column("seconds")[done][-_RECENT:]
    left = planned - finished - _part_way(model)
    guess = estimate(seconds.tolist(), left, model.workers)
    limit = model.spec.budget.seconds
    if guess is None or limit is None:
        return guess
    within = max(0.0, limit - model.elapsed())
    return guess if guess.seconds <= within else Estimate(within, 0.0)


def _part_way(model: StudyModel) -> float:
    """How many trials' worth of work the running ones have behind them."""
    planned = model.spec.task.steps_planned
    if planned is None:
        return 0.0
    running = model.arrays.column("number")[model.arrays.is_state(TrialState.RUNNING)]
    steps = [model.reports[int(n)][-1].step for n in running if model.reports.get(int(n))]
    return sum(min(1.0, step / planned) for step in steps)


def saved_seconds(model: StudyModel) -> float:
    """The time that trials which were stopped early would have taken on top, like the others.

    The median of the complete trials stands for each; nothing while there is none.
    """
    seconds = model.arrays.column("seconds")
    whole = seconds[model.arrays.is_state(TrialState.COMPLETE)]
    stopped = seconds[model.arrays.is_state(TrialState.PRUNED)]
    if not np.isfinite(whole).any():
        return 0.0
    spared = np.nanmedian(whole) - stopped[np.isfinite(stopped)]
    return float(np.maximum(spared, 0.0).sum())
