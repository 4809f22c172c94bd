"""Pruners by name, and their options checked."""

from __future__ import annotations

import inspect
from typing import Any

from engine.pruners.asha import AshaPruner
from engine.pruners.base import Pruner
from engine.pruners.curve import CurvePruner
from engine.pruners.curves import Reports
from engine.pruners.hyperband import HyperbandPruner
from engine.pruners.median import MedianPruner
from engine.pruners.options import PrunerError, whole_or_none
from engine.wording import did_you_mean, show

_PRUNERS: dict[str, type[Pruner]] = {
    "none": Pruner,
    "median": MedianPruner,
    "asha": AshaPruner,
    "hyperband": HyperbandPruner,
    "curve": CurvePruner,
}


def pruner_names() -> tuple[str, ...]:
    """The names that `make_pruner` knows."""
    return tuple(_PRUNERS)


def make_pruner(
    name: str,
    steps: int | None = None,
    *,
    at: str = "last",
    maximised: bool = False,
    unit: str = "steps",
    **options: Any,
) -> Pruner:
    """The pruner `name` for trials of so many `steps`; the other arguments are those of Reports.

    PrunerError for a name or an option that there is not, or one that is wrong.
    """
    if name not in _PRUNERS:
        hint = did_you_mean(name, _PRUNERS) or f"; take one of {', '.join(_PRUNERS)}."
        raise PrunerError("name", f"there is no pruner '{name}'{hint}")
    pruner = _PRUNERS[name]
    known = _option_names(pruner)
    for option in options:
        if option not in known:
            hint = did_you_mean(option, known) or f"; it has {', '.join(known)}."
            raise PrunerError(option, f"{name} has no such option{hint}")
    if at not in ("best", "last"):
        raise PrunerError("at", f"must be 'best' or 'last', not {show(at)}.")
    return pruner(Reports(whole_or_none("steps", steps, 1), at, maximised, unit), **options)


def _option_names(pruner: type[Pruner]) -> list[str]:
    """The keyword arguments of a class and of those that it hands the rest to."""
    names: dict[str, None] = {}
    for kind in pruner.__mro__:
        if issubclass(kind, Pruner):
            parameters = inspect.signature(kind.__init__).parameters.values()
            names |= {p.name: None for p in parameters if p.kind is p.KEYWORD_ONLY}
    return list(names)
