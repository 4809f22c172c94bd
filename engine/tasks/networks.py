"""The built-in networks: an MLP for tables and flat images, a small CNN for images.

The first weights come from the trial's seed, and on the CPU, so that they are the same for every
device; they leave no trace in torch's global random state. Dropout is no part of a network but of
its training: see stack_dropout.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

_MOST_CHANNELS = 512
_SMALLEST_SIDE = 2
_ACTIVATIONS = {"relu": "ReLU", "gelu": "GELU", "silu": "SiLU", "tanh": "Tanh"}


def build_network(
    network: str,
    params: Mapping[str, Any],
    shape: tuple[int, ...],
    outputs: int,
    seed: int,
    device: str,
) -> nn.Sequential:
    """A network for rows of `shape` with every hyperparameter given in `params`, on `device`."""
    import torch
    from torch import nn

    build = _mlp if network == "mlp" else _cnn
    with torch.random.fork_rng(devices=()):
        torch.default_generator.manual_seed(seed)
        layers = build(params, shape, outputs)
    return nn.Sequential(*layers).to(device)


def widths(params: Mapping[str, Any]) -> list[int]:
    """Units of each hidden layer of an MLP: the common width, or the layer's own."""
    return [
        int(params.get(f"width_{layer}") or params["width"])
        for layer in range(1, int(params["depth"]) + 1)
    ]


def largest_product(network: nn.Sequential, shape: tuple[int, ...]) -> float:
    """Floating-point operations that the largest layer's forward pass takes for one row."""
    import torch

    largest, training = 0.0, network.training
    network.eval()
    with torch.no_grad():
        x = torch.zeros(1, *shape, device=next(network.parameters()).device)
        for layer in network:
            x = layer(x)
            if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d):
                places = x.numel() / len(layer.weight)
                largest = max(largest, 2.0 * layer.weight.numel() * places)
    network.train(training)
    return largest


def _mlp(params: Mapping[str, Any], shape: tuple[int, ...], outputs: int) -> list[nn.Module]:
    from torch import nn

    layers: list[nn.Module] = []
    inputs = shape[0]
    for units in widths(params):
        layers += _dense(params, inputs, units)
        inputs = units
    return [*layers, nn.Linear(inputs, outputs)]


def _cnn(params: Mapping[str, Any], shape: tuple[int, ...], outputs: int) -> list[nn.Module]:
    from torch import nn

    layers: list[nn.Module] = []
    channels, *sides = shape
    for block in range(int(params["blocks"])):
        filters = min(_MOST_CHANNELS, int(params["channels"]) * 2**block)
        layers += _convolution(params, channels, filters)
        channels = filters
        if min(sides) >= 2 * _SMALLEST_SIDE:
            layers.append(nn.MaxPool2d(2) if params["pooling"] == "max" else nn.AvgPool2d(2))
            sides = [side // 2 for side in sides]
    flat = channels * sides[0] * sides[1]
    dense = _dense(params, flat, int(params["width"]))
    return [*layers, nn.Flatten(), *dense, nn.Linear(int(params["width"]), outputs)]


def _dense(params: Mapping[str, Any], inputs: int, units: int) -> list[nn.Module]:
    from torch import nn

    layers: list[nn.Module] = [nn.Linear(inputs, units)]
    if params["batch_norm"]:
        layers.append(nn.BatchNorm1d(units))
    return [*layers, _activation(params)]


def _convolution(params: Mapping[str, Any], inputs: int, filters: int) -> list[nn.Module]:
    from torch import nn

    kernel = int(params["kernel_size"])
    layers: list[nn.Module] = [nn.Conv2d(inputs, filters, kernel, padding=kernel // 2)]
    if params["batch_norm"]:
        layers.append(nn.BatchNorm2d(filters))
    return [*layers, _activation(params)]


def _activation(params: Mapping[str, Any]) -> nn.Module:
    from torch import nn

    activation: nn.Module = getattr(nn, _ACTIVATIONS[params["activation"]])()
    return activation
