"""Methods by name, and their options checked."""

from __future__ import annotations

import inspect
from typing import Any

from engine.definitions import did_you_mean
from engine.methods.base import Method, MethodError
from engine.methods.grid import GridMethod
from engine.methods.random import RandomMethod
from engine.space import SearchSpace

_METHODS: dict[str, type[Method]] = {"grid": GridMethod, "random": RandomMethod}


def method_names() -> tuple[str, ...]:
    """The names that `make_method` knows."""
    return tuple(_METHODS)


def make_method(name: str, space: SearchSpace, seed: int = 0, **options: Any) -> Method:
    """The method `name` over `space`; MethodError for a name or an option that it lacks."""
    if name not in _METHODS:
        hint = did_you_mean(str(name), _METHODS)
        raise MethodError(
            f"name: there is no method '{name}'{hint or f'; take one of {_listed(_METHODS)}.'}"
        )
    method = _METHODS[name]
    known = _option_names(method)
    for option in options:
        if option not in known:
            has = f"it has {_listed(known)}" if known else "it has none"
            raise MethodError(
                f"{option}: {name} has no such option{did_you_mean(option, known) or f'; {has}.'}"
            )
    return method(space, seed, **options)


def _option_names(method: type[Method]) -> list[str]:
    parameters = inspect.signature(method).parameters.values()
    return [p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]


def _listed(names: Any) -> str:
    return ", ".join(names)
