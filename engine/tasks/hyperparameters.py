"""The hyperparameters of the built-in networks: ranges, defaults, bounds, and words for people."""

from __future__ import annotations

from dataclasses import dataclass

from engine.space import Categorical, Float, Int, Parameter, When

Value = float | int | str | bool

OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop")
ACTIVATIONS = ("relu", "gelu", "silu", "tanh")
SCHEDULES = ("constant", "cosine", "step")
POOLINGS = ("max", "average")
MAX_DEPTH = 8


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


def _layer_width(layer: int) -> Hyperparameter:
    return Hyperparameter(
        Int(f"width_{layer}", low=16, high=512, log=True, default=64),
        label=f"Width of layer {layer}",
        help=f"Units in hidden layer {layer} in place of the common width, where there is one.",
        unset=0,
        least=1,
    )


TRAINING = (
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

REGULARISATION = (
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

MLP = (
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

CNN = (
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
