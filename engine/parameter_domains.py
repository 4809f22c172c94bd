"""Which domain a parameter has.

Whether its definition makes sense is for engine.definitions.
"""

from __future__ import annotations

from engine.domains import Choices, Domain, plain
from engine.parameters import Categorical, Float, Int, Parameter
from engine.ranges import Continuous, Integers, LogIntegers, Stepped


def domain_of(parameter: Parameter) -> Domain:
    """The domain of a definition that is sound; of a fixed parameter, its value alone."""
    if parameter.value is None:
        return stated_domain(parameter)
    value = plain(parameter.value)
    match parameter:
        case Float():
            return Choices([float(value)])
        case Int():
            return Choices([int(value)])
    return Choices([value])


def stated_domain(parameter: Parameter) -> Domain:
    """What a parameter could be if it were not fixed, where that is stated."""
    match parameter:
        case Categorical(choices=choices) if choices:
            return Choices(plain(choice) for choice in choices)
        case Int(low=low, high=high, step=step, log=log) if low is not None and high is not None:
            low, high = int(low), int(high)
            return LogIntegers(low, high) if log else Integers(low, high, int(step or 1))
        case Float(low=low, high=high, step=step) if low is not None and high is not None:
            if step is not None:
                return Stepped(float(low), float(high), float(step))
            return Continuous(float(low), float(high), parameter.log)
    return domain_of(parameter)
