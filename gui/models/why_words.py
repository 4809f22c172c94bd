"""Why the model chose a configuration, in sentences."""

from __future__ import annotations

import math

from engine.analysis.views import WhyView
from engine.trial import Trial, TrialState
from gui.numbers import DIGITS, number

_MOSTLY = 0.6
_HARDLY = 0.05
_SURE = 0.995


def share(value: float) -> str:
    """A probability or share in whole percent; the ends are kept for what is certain."""
    if 0 < value < 0.01:
        return "under 1 %"
    if _SURE <= value < 1:
        return "over 99 %"
    return f"{round(100 * value)} %"


def chance(view: WhyView) -> str:
    """How likely it was to beat the best, and to fail where that is to be feared."""
    beats = f"{share(view.chance)} chance to beat {number(view.best)}"
    if view.feasibility >= _SURE:
        return beats
    return f"{beats}, {share(view.feasibility)} to come through without failing"


def exploration(view: WhyView) -> str:
    """Whether it was chosen for what is known or for what is not."""
    unknown = f"{share(view.exploration)} as unknown as most of the space"
    if view.exploration == 1:
        return "exploring: the place is as unknown as most of the space, or more"
    if view.exploration >= _MOSTLY:
        return f"mostly exploring: the place is {unknown}"
    if view.exploration > 1 - _MOSTLY:
        return f"a bit of both: the place is {unknown}"
    if view.chance < _HARDLY:
        return f"neither exploring nor exploiting: the place is only {unknown}, and unpromising"
    return f"mostly exploiting: the place is only {unknown}"


def outcome(view: WhyView, trial: Trial | None, minimize: bool) -> str:
    """What came of it, against what was expected."""
    if trial is None:
        return "The model would try this next."
    match trial.state:
        case TrialState.QUEUED | TrialState.INTERRUPTED:
            return "It has yet to run."
        case TrialState.RUNNING:
            return "It is running: what comes of it will be here."
        case TrialState.FAILED:
            return "It failed, so there is no value."
        case TrialState.PRUNED | TrialState.CANCELLED:
            return f"It was {trial.state}, so there is no value to compare."
    value = trial.value
    if value is None or not math.isfinite(value):
        return "It gave no value that could be compared."
    return f"Came out at {number(value)}: {_compared(view, value, minimize)}."


def _compared(view: WhyView, value: float, minimize: bool) -> str:
    better = (value < view.mean) == minimize
    if f"{value:.{DIGITS}g}" == f"{view.mean:.{DIGITS}g}":
        return "just as expected"
    word = "better than expected" if better else "worse than expected"
    if view.low <= value <= view.high:
        return f"{word}, within the interval"
    return f"{word}, beyond the interval"
