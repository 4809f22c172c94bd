"""Which configurations of a built-in network can train as one stack. No torch here."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from engine.tasks import catalog
from engine.tasks.networks import widths

OWN = ("lr", "optimizer", "momentum", "schedule", "dropout", "weight_decay", "label_smoothing")
"""Hyperparameters in which the members of a stack may differ."""


FEW_BATCH_SIZES = 8
"""Up to so many different ones in a space each has stacks of its own; else near ones share them."""


def stack_key(
    network: str, params: Mapping[str, Any], batch_sizes: float | None = None
) -> Hashable:
    """What members of a stack have in common: the network's shape and, about, the batch size.

    `params` may leave hyperparameters out, which then are as trials use them. `batch_sizes` is how
    many different ones there can be (infinity: endlessly many): where they are more than a few,
    members only share a bucket. None: they share the batch size itself.
    """
    known = catalog.hyperparameters(network)
    whole = {name: params.get(name, entry.unset) for name, entry in known.items()}
    if batch_sizes is not None and batch_sizes > FEW_BATCH_SIZES:
        whole["batch_size"] = bucket(int(whole["batch_size"]))
    shape = {
        name: value
        for name, value in whole.items()
        if name not in OWN and not (network == "mlp" and name.startswith(("width", "depth")))
    }
    units = tuple(widths(whole)) if network == "mlp" else ()
    return (network, units, tuple(sorted(shape.items())))


def bucket(batch_size: int) -> int:
    """The largest batch size of those that train together with `batch_size`, padded to it.

    Tops are the powers of two and one and a half times each: a ladder that was found by measuring
    (tests/bench/stacks.py); finer ones have too few members, coarser ones too much padding.
    """
    top = 1 << max(0, batch_size - 1).bit_length()
    return 3 * top // 4 if batch_size <= 3 * top // 4 else top


def shared_names(network: str, space_names: Sequence[str]) -> tuple[str, ...]:
    """The parameters of a space in which members of a stack are alike."""
    known = catalog.hyperparameters(network)
    return tuple(name for name in space_names if name in known and name not in OWN)


def can_stack(
    network: str,
    one: Mapping[str, Any],
    other: Mapping[str, Any],
    batch_sizes: float | None = None,
) -> bool:
    """Whether two configurations of `network` can be members of one stack."""
    return stack_key(network, one, batch_sizes) == stack_key(network, other, batch_sizes)
