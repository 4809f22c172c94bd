"""Which configurations of a built-in network can train as one stack. No torch here."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from engine.tasks import catalog
from engine.tasks.networks import widths

OWN = ("lr", "optimizer", "momentum", "schedule", "dropout", "weight_decay", "label_smoothing")
"""Hyperparameters in which the members of a stack may differ."""


def stack_key(network: str, params: Mapping[str, Any]) -> Hashable:
    """What members of a stack have in common: the network's shape and the batch size.

    `params` may leave hyperparameters out, which then are as trials use them.
    """
    known = catalog.hyperparameters(network)
    whole = {name: params.get(name, entry.unset) for name, entry in known.items()}
    shape = {
        name: value
        for name, value in whole.items()
        if name not in OWN and not (network == "mlp" and name.startswith(("width", "depth")))
    }
    units = tuple(widths(whole)) if network == "mlp" else ()
    return (network, units, tuple(sorted(shape.items())))


def can_stack(network: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two configurations of `network` can be members of one stack."""
    return stack_key(network, one) == stack_key(network, other)
