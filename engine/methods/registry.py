"""Methods by name, and their options checked."""

from __future__ import annotations

import inspect
from typing import Any

from engine.methods.base import Method, MethodError
from engine.methods.bayesian import BayesianMethod
from engine.methods.grid import GridMethod
from engine.methods.random import RandomMethod
from engine.space import SearchSpace
from engine.wording import did_you_mean

_METHODS: dict[str, type[Method]] = {
    "grid": GridMethod,
    "random": RandomMethod,
    "bayesian": BayesianMethod,
}


def method_names() -> tuple[str, ...]:
    """The names that `make_method` knows."""
    return tuple(_METHODS)


def make_method(name: str, space: SearchSpace, seed: int = 0, **options: Any) -> Method:
    """The method `name` over `space`; MethodError for a name or an option that it lacks."""
    if name not in _METHODS:
        hint = did_you_mean(name, _METHODS) or f"; take one of {', '.join(_METHODS)}."
        raise MethodError("name", f"there is no method '{name}'{hint}")
    method = _METHODS[name]
    known = _option_names(method)
    for option in options:
        if option not in known:
            has = f"; it has {', '.join(known)}." if known else "; remove it."
            hint = did_you_mean(option, known) or has
            raise MethodError(option, f"{name} has no such option{hint}")
    return method(space, seed, **options)


def _option_names(method: type[Method]) -> list[str]:
    parameters = inspect.signature(method).parameters.values()
    return [p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]
