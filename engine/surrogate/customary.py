"""Where a practitioner would start: the customary values of well-known hyperparameters, by name.

They are the documented defaults of the common libraries and papers, not found by any search:
learning rates of Adam (0.001) and of plain or momentum SGD (0.01) and the batch size (32) are those
of Keras; momentum 0.9 and weight decay 1e-4 those of He et al., "Deep residual learning" (2016);
dropout 0.2 is the light end of Srivastava et al., "Dropout" (2014).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from engine.domains import Discrete
from engine.space import Categorical, Float, Int, SearchSpace
from engine.trial import Params

T = TypeVar("T")

_RATE = r"(^|_)(lr|learning_?rate)(_(init|initial|base|max))?$"
_MOMENTUM = r"(^|_)momentum$"
_NUMBERS = {
    _RATE: 1e-3,
    _MOMENTUM: 0.9,
    r"(^|_)(weight_?decay|wd)$": 1e-4,
    r"(^|_)drop_?out(_?(p|prob|rate))?$": 0.2,
    r"(^|_)batch(_?size)?$": 32.0,
}
_SGD_RATE = 1e-2
_CHOICES = {
    r"(^|_)optimi[sz]er$": "adam",
    r"(^|_)activation(_(fn|function))?$": "relu",
    r"(^|_)scheduler?$": "cosine",
}
_NUMBERING = r"_?\d+$"
_OTHERS = "norm"
"""Batch normalisation has a momentum of its own."""
_FIRST, _CENTRE = 0.0, 0.5


def starting_point(space: SearchSpace) -> Params:
    """The configuration to begin with.

    Each parameter has the default that it states; else what is customary for its name, or the
    nearest value that its range allows; else its centre or its first choice.
    """
    return space.decode(beginning.place for beginning in beginnings(space))


@dataclass(frozen=True)
class Beginning:
    """Where in the unit interval a dimension begins, and whether that is more than a guess."""

    place: float
    is_known: bool = True


def beginnings(space: SearchSpace) -> list[Beginning]:
    """Of each dimension, whether or not it is active at the starting point."""
    return [_beginning(space, space[name]) for name in space.dimensions]


def _beginning(space: SearchSpace, parameter: Float | Int | Categorical) -> Beginning:
    domain = space.domain(parameter.name)
    if parameter.default is not None:
        return Beginning(domain.to_unit(domain.normalise(parameter.default)))
    if isinstance(parameter, Categorical):
        wanted = _look_up(_CHOICES, parameter.name)
        for choice in parameter.choices:
            if isinstance(choice, str) and choice.lower() == wanted:
                return Beginning(domain.to_unit(domain.normalise(choice)))
        return Beginning(_FIRST, is_known=False)
    usual = _look_up(_NUMBERS, parameter.name)
    if usual is None or (isinstance(parameter, Int) and usual != int(usual)):
        return Beginning(_CENTRE, is_known=False)
    if _is_called(_RATE, parameter.name) and _is_sgd(space):
        usual = _SGD_RATE
    return Beginning(_nearest(space, parameter, usual))


def _look_up(table: Mapping[str, T], name: str) -> T | None:
    return next((value for pattern, value in table.items() if _is_called(pattern, name)), None)


def _is_called(pattern: str, name: str) -> bool:
    plain = re.sub(_NUMBERING, "", name.lower())
    return _OTHERS not in plain and re.search(pattern, plain) is not None


def _is_sgd(space: SearchSpace) -> bool:
    """Whether every trial has a momentum, which is what SGD is known by."""
    return any(p.when is None and p.value != 0 and _is_called(_MOMENTUM, p.name) for p in space)


def _nearest(space: SearchSpace, parameter: Float | Int, value: float) -> float:
    """The place of the value that a number may take and that is nearest to `value`."""
    assert parameter.low is not None
    assert parameter.high is not None
    domain, low = space.domain(parameter.name), float(parameter.low)
    value = min(max(value, low), float(parameter.high))
    if parameter.step is not None:
        assert isinstance(domain, Discrete)
        return domain.to_unit(domain.at(round((value - low) / float(parameter.step))))
    return domain.to_unit(domain.normalise(value))
