"""What the built-in networks can be tuned by, and what they report. Names, ranges and words only.

The window and the spec read this page, so torch is not imported. The hyperparameters themselves are
in hyperparameters.py; how a value is used is in networks.py, training.py and the stack's modules;
how a metric is computed is in metrics.py.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Literal

from engine.space import Categorical, Int, Parameter, SearchSpace
from engine.tasks.hyperparameters import CNN, MLP, REGULARISATION, TRAINING, Hyperparameter

__all__ = [
    "METRICS",
    "NETWORKS",
    "CatalogError",
    "Direction",
    "Hyperparameter",
    "Network",
    "Precision",
    "Problem",
    "check_space",
    "check_value",
    "direction_of",
    "hyperparameters",
    "metrics",
    "objectives",
    "problem_of",
]

Network = Literal["mlp", "cnn"]
Problem = Literal["classification", "regression"]
Direction = Literal["minimize", "maximize"]
Precision = Literal["float32", "bfloat16"]


NETWORKS: tuple[str, ...] = ("mlp", "cnn")
METRICS: Mapping[str, Mapping[str, Direction]] = {
    "classification": {
        "cross_entropy": "minimize",
        "accuracy": "maximize",
        "balanced_accuracy": "maximize",
        "f1": "maximize",
    },
    "regression": {"mse": "minimize", "mae": "minimize", "r2": "maximize"},
}
_SEARCHED_PARTS = ("train", "val")


class CatalogError(ValueError):
    """A name or a range that the built-in networks do not know; one sentence with the mend."""


def hyperparameters(network: str) -> dict[str, Hyperparameter]:
    """Everything that `network` can be tuned by, in the order that people think of it."""
    if network not in NETWORKS:
        raise CatalogError(
            f"network: there is no '{network}'{_did_you_mean(network, NETWORKS)}; "
            f"take one of {', '.join(NETWORKS)}."
        )
    entries = [*TRAINING, *(MLP if network == "mlp" else CNN), *REGULARISATION]
    return {entry.parameter.name: entry for entry in entries}


def metrics(problem: str) -> dict[str, Direction]:
    """The metrics of a problem by name without prefix, and which way is better."""
    return dict(METRICS[problem])


def objectives(problem: str) -> dict[str, Direction]:
    """What a search of `problem` can aim at: every metric of the training and validation parts."""
    return {
        f"{part}_{name}": direction
        for part in reversed(_SEARCHED_PARTS)
        for name, direction in METRICS[problem].items()
    }


def problem_of(objective: str) -> Problem:
    """The problem that `objective` belongs to."""
    for problem in ("classification", "regression"):
        if objective in objectives(problem):
            return "classification" if problem == "classification" else "regression"
    raise CatalogError(_unknown_objective(objective))


def direction_of(objective: str) -> Direction:
    """Which way `objective` is better."""
    return objectives(problem_of(objective))[objective]


def check_space(network: str, space: SearchSpace | Iterable[Parameter]) -> None:
    """Refuse parameters that `network` does not have, or values that it cannot take."""
    known = hyperparameters(network)
    parameters = space.parameters if isinstance(space, SearchSpace) else space
    for parameter in parameters:
        entry = known.get(parameter.name)
        if entry is None:
            raise CatalogError(
                f"{parameter.name}: {network} has no such hyperparameter"
                f"{_did_you_mean(parameter.name, known)}; it has {', '.join(_short(known))}."
            )
        for value in _extremes(parameter):
            check_value(network, parameter.name, value)


def check_value(network: str, name: str, value: object) -> None:
    """Refuse a value that hyperparameter `name` of `network` cannot take."""
    entry = hyperparameters(network)[name]
    suggested = entry.parameter
    if isinstance(suggested, Categorical):
        if value not in suggested.choices:
            choices = ", ".join(str(choice) for choice in suggested.choices)
            raise CatalogError(f"{name}: there is no {value!r}; take one of {choices}.")
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CatalogError(f"{name}: {value!r} is not a number; give it numbers.")
    if isinstance(suggested, Int) and value != int(value):
        raise CatalogError(f"{name}: {value} is not a whole number; make it an int.")
    _check_bounds(entry, value)


def _check_bounds(entry: Hyperparameter, value: float) -> None:
    name = entry.parameter.name
    if entry.least is not None and (value < entry.least or (entry.above and value == entry.least)):
        rule = "above" if entry.above else "at least"
        raise CatalogError(f"{name}: {value:g} is too low; it must be {rule} {entry.least:g}.")
    if entry.most is not None and (value > entry.most or (entry.below and value == entry.most)):
        rule = "below" if entry.below else "at most"
        raise CatalogError(f"{name}: {value:g} is too high; it must be {rule} {entry.most:g}.")


def _extremes(parameter: Parameter) -> list[object]:
    """The values that decide whether all of a parameter's values are allowed."""
    if parameter.value is not None:
        return [parameter.value]
    if isinstance(parameter, Categorical):
        return list(parameter.choices)
    ends: list[object] = [end for end in (parameter.low, parameter.high) if end is not None]
    return ends + (list(parameter.grid) if isinstance(parameter.grid, list | tuple) else [])


def _short(known: Iterable[str]) -> list[str]:
    return [name for name in known if not name.startswith("width_")]


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def _unknown_objective(objective: str) -> str:
    if objective.startswith("test_"):
        return (
            f"objective: {objective} would let the search see the test part; "
            f"aim at val_{objective.removeprefix('test_')}."
        )
    known = [*objectives("classification"), *objectives("regression")]
    return (
        f"objective: there is no '{objective}'{_did_you_mean(objective, known)}; "
        f"take one of {', '.join(known)}."
    )
