"""Many networks of one architecture as one: batched products in place of a product each.

Parameters lie as (members, numbers), a row for each network, which one gradient of the same shape
answers. Dense layers keep their values as (members, units, rows): so no product, gradient or batch
norm needs a transposed copy. Convolutions keep theirs as (rows, members * channels, ...).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from engine.tasks.stack_dropout import Dropouts

if TYPE_CHECKING:
    from torch import Tensor, nn

    Forward = Callable[["Weights", Tensor, bool], Tensor]
    Weights = Iterator[Tensor]


class Layout:
    """How one network's state_dict lies in flat rows: its parameters, and each of its buffers.

    Counters of batches are left out: they are the number of steps.
    """

    def __init__(self, network: nn.Module) -> None:
        self.shapes = {name: tensor.shape for name, tensor in network.named_parameters()}
        self.sizes = [math.prod(shape) for shape in self.shapes.values()]
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

        return torch.cat([tensor.detach().reshape(-1) for tensor in tensors])

    def split(self, row: Tensor) -> list[Tensor]:
        """A row as views of the parameters' shapes."""
        parts = row.split_with_sizes(self.sizes)
        return [part.view(shape) for part, shape in zip(parts, self.shapes.values(), strict=True)]


class StackedNetwork:
    """Networks built like `template`; `rows` are (members, ...) as in its Layout, and are kept."""

    def __init__(self, template: nn.Sequential, rows: Sequence[Tensor], dropouts: Dropouts) -> None:
        self.layout = Layout(template)
        self.parameters = rows[0].detach().requires_grad_()
        self.buffers = dict(zip(self.layout.buffers, rows[1:], strict=True))
        self.members, self.dropouts = len(rows[0]), dropouts
        self.layers = list(self._layers(template))

    def __call__(self, x: Tensor, training: bool) -> Tensor:
        """Outputs (members, outputs, rows) of what gather() or shared() gives."""
        parts = self.parameters.split_with_sizes(self.layout.sizes, dim=1)
        shapes = self.layout.shapes.values()
        weights = iter(
            [p.view(self.members, *shape) for p, shape in zip(parts, shapes, strict=True)]
        )
        for layer in self.layers:
            x = layer(weights, x, training)
        return x

    def gather(self, x: Tensor, chosen: Tensor) -> Tensor:
        """The rows `chosen` (members, rows) of `x` (n, ...), each member its own."""
        members, rows = chosen.shape
        if x.dim() == 2:
            found = x.index_select(0, chosen.reshape(-1))
            return found.view(members, rows, -1).transpose(1, 2)
        found = x.index_select(0, chosen.t().reshape(-1)).view(rows, -1, *x.shape[2:])
        return self._images(found)

    def shared(self, x: Tensor) -> Tensor:
        """Rows `x` (rows, ...) for all members alike."""
        if x.dim() == 2:
            return x.t().expand(self.members, -1, -1)
        return self._images(x.repeat(1, self.members, 1, 1))

    def _images(self, x: Tensor) -> Tensor:
        """Channels last on a CPU, whose grouped convolutions and pooling are far faster so."""
        import torch

        if x.device.type == "cpu":
            return x.contiguous(memory_format=torch.channels_last)
        return x

    def _layers(self, template: nn.Sequential) -> Iterator[Forward]:
        """A stacked layer for each of the template's, and dropout after each dense activation."""
        from torch import nn

        dense = False
        for name, layer in template.named_children():
            if isinstance(layer, nn.Linear):
                dense = True
                yield _linear
            elif isinstance(layer, nn.Conv2d):
                yield self._convolution(layer)
            elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                yield self._batch_norm(name, layer)
            elif isinstance(layer, nn.Flatten):
                yield self._flatten
            else:
                yield _elementwise(layer)
                if dense and self.dropouts.any:
                    yield self._dropout

    def _convolution(self, layer: nn.Conv2d) -> Forward:
        from torch.nn import functional

        def forward(weights: Weights, x: Tensor, training: bool) -> Tensor:
            weight, bias = next(weights).flatten(0, 1), next(weights).reshape(-1)
            return functional.conv2d(x, weight, bias, padding=layer.padding, groups=self.members)

        return forward

    def _batch_norm(self, name: str, layer: nn.BatchNorm1d | nn.BatchNorm2d) -> Forward:
        from torch.nn import functional

        mean = self.buffers[f"{name}.running_mean"].view(-1)
        variance = self.buffers[f"{name}.running_var"].view(-1)
        momentum, epsilon = layer.momentum or 0.0, layer.eps

        def forward(weights: Weights, x: Tensor, training: bool) -> Tensor:
            weight, bias = next(weights).reshape(-1), next(weights).reshape(-1)
            channels = x if x.dim() == 4 else x.view(1, -1, x.shape[2])
            return functional.batch_norm(
                channels, mean, variance, weight, bias, training, momentum, epsilon
            ).view(x.shape)

        return forward

    def _dropout(self, weights: Weights, x: Tensor, training: bool) -> Tensor:
        return self.dropouts(x) if training else x

    def _flatten(self, weights: Weights, x: Tensor, training: bool) -> Tensor:
        return x.reshape(len(x), self.members, -1).permute(1, 2, 0)


def _linear(weights: Weights, x: Tensor, training: bool) -> Tensor:
    import torch

    weight, bias = next(weights), next(weights)
    return torch.baddbmm(bias.unsqueeze(2), weight, x)


def _elementwise(layer: nn.Module) -> Forward:
    """The layer itself, without the template's own dropout, which hooks into calls."""

    def forward(weights: Weights, x: Tensor, training: bool) -> Tensor:
        found: Tensor = layer.forward(x)
        return found

    return forward
