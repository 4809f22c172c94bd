"""The built-in networks: an MLP for tables and flat images, a small CNN for images.

Nothing here leaves a trace in torch's global random state: the first weights come from the trial's
seed (on the CPU, so that they are the same for every device), dropout from a generator of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

_MOST_CHANNELS = 512
_SMALLEST_SIDE = 2
LEVELS_A_DRAW = 4
_ACTIVATIONS = {"relu": "ReLU", "gelu": "GELU", "silu": "SiLU", "tanh": "Tanh"}


@dataclass(frozen=True)
class Dropout:
    """A hook after a layer, which in training keeps a share `keep` of what the layer gives."""

    keep: float
    noise: torch.Generator

    def __call__(self, layer: nn.Module, _: object, output: Tensor) -> Tensor:
        if not layer.training:
            return output
        if self.noise.device.type == "cpu":
            mask = random_levels(self.noise, output).lt_(level_of(self.keep))
        else:
            mask = output.new_empty(output.shape).bernoulli_(self.keep, generator=self.noise)
        return output * mask.div_(self.keep)


def random_levels(noise: torch.Generator, like: Tensor) -> Tensor:
    """Whole numbers from -32,768 to 32,767 in the shape of `like`, on the CPU.

    Four come from each draw of 64 bits: a seventh of what bernoulli_ takes.
    """
    import torch

    draws = torch.empty(-(-like.numel() // LEVELS_A_DRAW), dtype=torch.int64)
    levels = draws.random_(-(2**63), None, generator=noise).view(torch.int16)
    return levels[: like.numel()].view(like.shape).to(like.dtype)


def level_of(share: float) -> float:
    """The level below which a `share` of random levels lies."""
    return float(round(65_536 * share) - 32_768)


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

    noise = torch.Generator(device).manual_seed(seed)
    build = _mlp if network == "mlp" else _cnn
    with torch.random.fork_rng(devices=()):
        torch.default_generator.manual_seed(seed)
        layers = build(params, shape, outputs, noise)
    return nn.Sequential(*layers).to(device)


def dropout_noise(network: nn.Sequential) -> torch.Generator | None:
    """The generator that the dropout of `network` draws from; None without dropout."""
    hooks = (hook for layer in network for hook in layer._forward_hooks.values())
    return next((hook.noise for hook in hooks if isinstance(hook, Dropout)), None)


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


def _mlp(
    params: Mapping[str, Any], shape: tuple[int, ...], outputs: int, noise: torch.Generator
) -> list[nn.Module]:
    from torch import nn

    layers: list[nn.Module] = []
    inputs = shape[0]
    for units in widths(params):
        layers += _dense(params, inputs, units, noise)
        inputs = units
    return [*layers, nn.Linear(inputs, outputs)]


def _cnn(
    params: Mapping[str, Any], shape: tuple[int, ...], outputs: int, noise: torch.Generator
) -> list[nn.Module]:
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
    dense = _dense(params, flat, int(params["width"]), noise)
    return [*layers, nn.Flatten(), *dense, nn.Linear(int(params["width"]), outputs)]


def _dense(
    params: Mapping[str, Any], inputs: int, units: int, noise: torch.Generator
) -> list[nn.Module]:
    from torch import nn

    layers: list[nn.Module] = [nn.Linear(inputs, units)]
    if params["batch_norm"]:
        layers.append(nn.BatchNorm1d(units))
    layers.append(_activation(params))
    if params["dropout"] > 0:
        layers[-1].register_forward_hook(Dropout(1.0 - float(params["dropout"]), noise))
    return layers


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
