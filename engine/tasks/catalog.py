"""What the built-in networks can be tuned by, and what they report. Names, ranges and words only.

The window and the spec read this page, so nothing here imports torch or numpy. How a value is
used is in networks.py and training.py; how a metric is computed is in metrics.py.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from engine.space import Categorical, Float, Int, Parameter, SearchSpace, When

Network = Literal["mlp", "cnn"]
Problem = Literal["classification", "regression"]
Direction = Literal["minimize", "maximize"]
Value = float | int | str | bool

NETWORKS: tuple[str, ...] = ("mlp", "cnn")
OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop")
ACTIVATIONS = ("relu", "gelu", "silu", "tanh")
SCHEDULES = ("constant", "cosine", "step")
POOLINGS = ("max", "average")
MAX_DEPTH = 8

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


@dataclass(frozen=True)
class Hyperparameter:
    """One thing to tune: a suggested search range, and what people are told about it.

    `parameter.default` is a good first value inside the suggested range. `parameter.when` is a
    suggestion that only makes sense in a space that has the parameter it names. `unset` is what a
    trial uses when the space does not name this hyperparameter at all. `least` and `most` are the
    hard bounds of a number (`above` and `below` say that the bound itself is not allowed).
    """

    parameter: Parameter
    label: str
    help: str
    unset: Value
    least: float | None = None
    most: float | None = None
    above: bool = False
    below: bool = False


def hyperparameters(network: str) -> dict[str, Hyperparameter]:
    """Everything that `network` can be tuned by, in the order that people think of it."""
    if network not in NETWORKS:
        raise CatalogError(
            f"network: there is no '{network}'{_did_you_mean(network, NETWORKS)}; "
            f"take one of {', '.join(NETWORKS)}."
        )
    entries = [*_TRAINING, *(_MLP if network == "mlp" else _CNN), *_REGULARISATION]
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


def _layer_width(layer: int) -> Hyperparameter:
    return Hyperparameter(
        Int(f"width_{layer}", low=16, high=512, log=True, default=64),
        label=f"Width of layer {layer}",
        help=f"Units in hidden layer {layer} in place of the common width, where there is one.",
        unset=0,
        least=1,
    )


_TRAINING = (
    Hyperparameter(
        Float("lr", low=1e-5, high=1e-1, log=True, default=1e-3),
        label="Learning rate",
        help="How far each step moves the weights: too low learns slowly, too high diverges.",
        unset=1e-3,
        least=0.0,
        above=True,
    ),
    Hyperparameter(
        Int("batch_size", low=32, high=512, log=True, default=64),
        label="Batch size",
        help="Rows that each step looks at: small is noisy and slow, large is smooth and fast.",
        unset=64,
        least=1,
    ),
    Hyperparameter(
        Categorical("optimizer", choices=OPTIMIZERS, default="adam"),
        label="Optimiser",
        help="The rule by which gradients become steps; adam is a good first choice.",
        unset="adam",
    ),
    Hyperparameter(
        Float("momentum", low=0.0, high=0.99, default=0.9, when=When("optimizer", ("sgd",))),
        label="Momentum",
        help="How much of the last step is kept in the next one; used by sgd alone.",
        unset=0.9,
        least=0.0,
        most=1.0,
        below=True,
    ),
    Hyperparameter(
        Categorical("schedule", choices=SCHEDULES, default="constant"),
        label="Learning-rate schedule",
        help="Constant; cosine, down to zero; or step, a tenth after half and three quarters.",
        unset="constant",
    ),
)

_REGULARISATION = (
    Hyperparameter(
        Categorical("activation", choices=ACTIVATIONS, default="relu"),
        label="Activation",
        help="The bend after each layer, without which the network could only draw straight lines.",
        unset="relu",
    ),
    Hyperparameter(
        Float("dropout", low=0.0, high=0.5, default=0.0),
        label="Dropout",
        help="Share of units switched off at random in training, against learning by heart.",
        unset=0.0,
        least=0.0,
        most=1.0,
        below=True,
    ),
    Hyperparameter(
        Categorical("batch_norm", choices=(False, True), default=False),
        label="Batch normalisation",
        help="Keeps each layer's values in a steady range; often lets the learning rate be higher.",
        unset=False,
    ),
    Hyperparameter(
        Float("weight_decay", low=1e-6, high=1e-2, log=True, default=1e-4),
        label="Weight decay",
        help="Pulls weights towards zero, against learning by heart.",
        unset=0.0,
        least=0.0,
    ),
    Hyperparameter(
        Float("label_smoothing", low=0.0, high=0.2, default=0.0),
        label="Label smoothing",
        help="Share of certainty given to the other classes, against overconfidence.",
        unset=0.0,
        least=0.0,
        most=1.0,
        below=True,
    ),
)

_MLP = (
    Hyperparameter(
        Int("width", low=16, high=512, log=True, default=64),
        label="Width",
        help="Units in each hidden layer: more can learn more, and take longer.",
        unset=64,
        least=1,
    ),
    Hyperparameter(
        Int("depth", low=1, high=4, default=2),
        label="Depth",
        help="Number of hidden layers.",
        unset=2,
        least=1,
        most=MAX_DEPTH,
    ),
    *(_layer_width(layer) for layer in range(1, MAX_DEPTH + 1)),
)

_CNN = (
    Hyperparameter(
        Int("channels", low=8, high=64, log=True, default=16),
        label="Channels",
        help="Filters in the first block; each further block has twice as many.",
        unset=16,
        least=1,
    ),
    Hyperparameter(
        Int("blocks", low=1, high=3, default=2),
        label="Blocks",
        help="Number of convolution blocks; each halves the picture while it is large enough.",
        unset=2,
        least=1,
        most=MAX_DEPTH,
    ),
    Hyperparameter(
        Categorical("kernel_size", choices=(3, 5, 7), default=3),
        label="Kernel size",
        help="Side of the square that each filter looks at, in pixels.",
        unset=3,
    ),
    Hyperparameter(
        Categorical("pooling", choices=POOLINGS, default="max"),
        label="Pooling",
        help="How neighbouring pixels become one: the strongest, or their average.",
        unset="max",
    ),
    Hyperparameter(
        Int("width", low=16, high=256, log=True, default=64),
        label="Width",
        help="Units in the dense layer after the convolutions.",
        unset=64,
        least=1,
    ),
)
