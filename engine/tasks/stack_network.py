"""Many networks of one architecture as one: batched products in place of a product each.

Parameters lie as (members, numbers), a row for each network, which one gradient of the same shape
answers. The layers themselves are in stack_layers.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from engine.tasks import stack_layers as layers
from engine.tasks.catalog import Precision
from engine.tasks.stack_batch_norm import BatchNorm, PaddedBatchNorm
from engine.tasks.stack_batches import Batch
from engine.tasks.stack_bfloat16 import Bfloat16Convolution, Bfloat16Linear
from engine.tasks.stack_dropout import Dropouts
from engine.tasks.stack_layers import Layer

if TYPE_CHECKING:
    from torch import Tensor, nn

_VECTOR = 16
"""Numbers in the widest vector that a CPU computes with at once."""
_PRODUCTS: Mapping[Precision, tuple[type[layers.Linear], type[layers.Convolution]]] = {
    "float32": (layers.Linear, layers.Convolution),
    "bfloat16": (Bfloat16Linear, Bfloat16Convolution),
}


class Layout:
    """How one network's state_dict lies in flat rows: its parameters, and each of its buffers.

    Counters of batches are left out: they are the number of steps. A row of parameters ends in
    `padding` zeros: so every row begins where vectors do, and its numbers do not depend on which
    row it is.
    """

    def __init__(self, network: nn.Module) -> None:
        self.shapes = {name: tensor.shape for name, tensor in network.named_parameters()}
        self.sizes = [math.prod(shape) for shape in self.shapes.values()]
        self.padding = -sum(self.sizes) % _VECTOR
        named = dict(network.named_buffers())
        self.counters = [name for name, buffer in named.items() if not buffer.is_floating_point()]
        self.buffers = [name for name in named if name not in self.counters]
        self.names = list(network.state_dict())

    def rows(self, tensors: Mapping[str, Tensor]) -> list[Tensor]:
        """Copies of a state_dict's `tensors` as rows: parameters, then each buffer."""
        return [
            self.join([tensors[name] for name in self.shapes]),
            *(tensors[name].clone() for name in self.buffers),
        ]

    def named(self, rows: Sequence[Tensor], steps: int) -> dict[str, Tensor]:
        """The state_dict that `rows` are, as views of them; `steps` for the counters."""
        import torch

        parameters = dict(zip(self.shapes, self.split(rows[0]), strict=True))
        buffers = dict(zip(self.buffers, rows[1:], strict=True))
        counters = {name: torch.tensor(steps) for name in self.counters}
        found = parameters | buffers | counters
        return {name: found[name] for name in self.names}

    def join(self, tensors: Sequence[Tensor]) -> Tensor:
        """Tensors of the parameters' shapes as one new row."""
        import torch

        parts = [tensor.detach().reshape(-1) for tensor in tensors]
        return torch.cat([*parts, parts[0].new_zeros(self.padding)])

    def split(self, row: Tensor) -> list[Tensor]:
        """A row as views of the parameters' shapes."""
        *parts, _ = row.split_with_sizes([*self.sizes, self.padding])
        return [part.view(shape) for part, shape in zip(parts, self.shapes.values(), strict=True)]


class StackedNetwork:
    """Networks built like `template`; `rows` are (members, ...) as in its Layout, and are kept.

    `padded`: batches may hold rows that only fill them up. `precision`: the type that products are
    computed in, in training.
    """

    def __init__(
        self,
        template: nn.Sequential,
        rows: Sequence[Tensor],
        dropouts: Dropouts,
        padded: bool = False,
        precision: Precision = "float32",
    ) -> None:
        self.layout = Layout(template)
        self.parameters = rows[0]
        self.buffers = dict(zip(self.layout.buffers, rows[1:], strict=True))
        self.members, self.dropouts, self.padded = len(rows[0]), dropouts, padded
        self.linear, self.convolution = _PRODUCTS[precision]
        self.layers = layers.pooled_early(self._layers(template))
        self.padding = self.parameters.new_zeros(self.members, self.layout.padding)

    def __call__(self, x: Tensor, batch: Batch | None) -> Tensor:
        """Outputs (members, outputs, rows): in training for `batch`, which gather() got `x` for."""
        for layer in self.layers:
            x = layer.forward(x, batch)
        return x

    def gradients(self, gradient: Tensor) -> Tensor:
        """Of the parameters, from the one at the outputs of the last pass in training."""
        import torch

        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        found = [one.reshape(self.members, -1) for layer in self.layers for one in layer.gradients]
        return torch.cat([*found, self.padding], dim=1)

    def gather(self, x: Tensor, chosen: Tensor) -> Tensor:
        """The rows `chosen` (members, rows) of `x` (n, ...), each member its own."""
        members, rows = chosen.shape
        if x.dim() == 2:
            found = x.index_select(0, chosen.reshape(-1))
            return found.view(members, rows, -1).transpose(1, 2)
        found = x.index_select(0, chosen.t().reshape(-1)).view(rows, -1, *x.shape[2:])
        return layers.in_layout(found)

    def shared(self, x: Tensor) -> Tensor:
        """Rows `x` (rows, ...) for all members alike."""
        if x.dim() == 2:
            return x.t().expand(self.members, -1, -1)
        return layers.in_layout(x.repeat(1, self.members, 1, 1))

    def _layers(self, template: nn.Sequential) -> Iterator[Layer]:
        """A stacked layer for each of the template's, and dropout after each dense activation."""
        from torch import nn

        weights, dense = iter(self._weights()), False
        for name, layer in template.named_children():
            first = name == "0"
            if isinstance(layer, nn.Linear):
                dense = True
                yield self.linear([next(weights), next(weights)], first)
            elif isinstance(layer, nn.Conv2d):
                padding = [int(side) for side in layer.padding]
                yield self.convolution(next(weights), first, padding)
                yield layers.Bias([next(weights)])
            elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                yield self._batch_norm(name, [next(weights), next(weights)], layer)
            else:
                yield self._without_parameters(layer)
                if dense and self.dropouts.any:
                    yield layers.Dropout(self.dropouts)

    def _weights(self) -> list[Tensor]:
        """The parameters of all members (members, ...), as views."""
        sizes = [*self.layout.sizes, self.layout.padding]
        *parts, _ = self.parameters.split_with_sizes(sizes, dim=1)
        shapes = self.layout.shapes.values()
        return [part.view(-1, *shape) for part, shape in zip(parts, shapes, strict=True)]

    def _batch_norm(
        self, name: str, weights: Sequence[Tensor], layer: nn.BatchNorm1d | nn.BatchNorm2d
    ) -> Layer:
        mean, variance = (self.buffers[f"{name}.running_{word}"] for word in ("mean", "var"))
        kind = PaddedBatchNorm if self.padded else BatchNorm
        return kind(weights, mean, variance, layer)

    def _without_parameters(self, layer: nn.Module) -> Layer:
        from torch import nn

        if isinstance(layer, nn.MaxPool2d | nn.AvgPool2d):
            assert isinstance(layer.kernel_size, int)
            kind = layers.MaxPool if isinstance(layer, nn.MaxPool2d) else layers.AveragePool
            return kind(layer.kernel_size)
        if isinstance(layer, nn.Flatten):
            return layers.Flatten(self.members)
        return layers.Activation(type(layer).__name__)
