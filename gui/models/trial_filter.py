"""The filter box of the trials table: words and comparisons, all of which have to hold.

"failed", "adam", "lr<1e-3", "value<=0.1", "optimizer=sgd", "seconds>60".
"""

from __future__ import annotations

import math
import re

import numpy as np

from engine.trial import TrialState
from gui.models.scales import ChoiceScale, Scale
from gui.models.study_model import StudyModel
from gui.models.trial_arrays import STATES
from gui.numbers import exact
from gui.theme import state_mark

_COMPARISON = re.compile(r"^(.+?)(<=|>=|!=|==?|<|>)(.+)$")
_OPERATORS = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
_FIELDS = {"number": "number", "value": "value", "seconds": "seconds", "epoch": "step"}


def rows_matching(model: StudyModel, text: str) -> np.ndarray:
    """Mask of the rows that `text` lets through; an empty text lets all through."""
    mask = np.ones(len(model.arrays), dtype=bool)
    for word in text.lower().split():
        mask &= _matching(model, word)
    return mask


def _matching(model: StudyModel, word: str) -> np.ndarray:
    comparison = _COMPARISON.match(word)
    if comparison:
        name, operator, wanted = comparison.groups()
        for parameter, scale in model.scales.items():
            if parameter.lower() == name:
                return _compared(model.arrays.params(parameter), operator, _place(scale, wanted))
        field = "value" if name == model.objective.lower() else _FIELDS.get(name)
        if field is not None:
            return _compared(model.arrays.column(field), operator, _number(wanted))
    return _containing(model, word)


def _compared(places: np.ndarray, operator: str, wanted: float) -> np.ndarray:
    close = np.isclose(places, wanted, rtol=1e-9, atol=1e-12)
    if operator in ("=", "=="):
        return close
    if operator == "!=":
        return ~close & np.isfinite(places)
    if operator in ("<=", ">="):
        return close | _OPERATORS[operator](places, wanted)
    return ~close & _OPERATORS[operator](places, wanted)


def _place(scale: Scale, text: str) -> float:
    if isinstance(scale, ChoiceScale):
        texts = [exact(choice).lower() for choice in scale.choices]
        return float(texts.index(text)) if text in texts else math.nan
    value = _number(text)
    return math.nan if math.isnan(value) else scale.position(value)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _containing(model: StudyModel, word: str) -> np.ndarray:
    """Rows whose state, choices, failure, device or number contain `word`."""
    arrays = model.arrays
    words = np.array([word in state_mark(state).word for state in STATES])
    mask = words[arrays.column("state").astype(np.intp)]
    for name, scale in model.scales.items():
        if isinstance(scale, ChoiceScale):
            for index, choice in enumerate(scale.choices):
                if word in exact(choice).lower():
                    mask |= arrays.params(name) == index
    for row in np.flatnonzero(arrays.is_state(TrialState.FAILED)):
        failure = model.trials[int(arrays.column("number")[row])].failure
        mask[row] |= failure is not None and word in f"{failure.reason} {failure.message}".lower()
    if word.isdigit():
        mask |= arrays.column("number") == int(word)
    return mask
