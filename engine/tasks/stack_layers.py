"""The layers of a stack, forward and backward: one call for all members, and no graph.

The backward passes are torch's own kernels called by hand: for networks as small as these, autograd
takes as long as the arithmetic. Dense layers keep values as (members, units, rows): so no product,
gradient or batch norm needs a transposed copy. Convolutions keep theirs as
(rows, members * channels, height, width). Batch norm is in stack_batch_norm.py,
products in bfloat16 are in stack_bfloat16.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from engine.tasks.stack_batches import Batch
from engine.tasks.stack_dropout import Dropouts

if TYPE_CHECKING:
    from torch import Tensor

    Kernel = Callable[..., Tensor]


class Layer:
    """`backward` is called once after a `forward` in training, which keeps what it needs.

    `parameters` are views (members, ...) of what training moves; `gradients` are theirs, of the
    last backward pass. `first`: nobody asks for the gradient of what comes in.
    """

    keeps_order = False
    """Whether what is larger before it, within a channel, is not smaller after it."""

    def __init__(self, parameters: Sequence[Tensor] = (), first: bool = False) -> None:
        self.parameters, self.first = parameters, first
        self.gradients: Sequence[Tensor] = ()

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        """What the layer makes of `x`, which it may change; without a `batch`, not in training."""
        raise NotImplementedError

    def backward(self, gradient: Tensor) -> Tensor:
        """The gradient at the layer's input from the one at its output, which it may change."""
        raise NotImplementedError


class Linear(Layer):
    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        import torch

        weight, bias = self.parameters
        if batch:
            self.x = x
        return torch.baddbmm(bias.unsqueeze(2), weight, x)

    def backward(self, gradient: Tensor) -> Tensor:
        import torch

        self.gradients = torch.bmm(gradient, self.x.transpose(1, 2)), gradient.sum(dim=2)
        if self.first:
            return gradient
        return torch.bmm(self.parameters[0].transpose(1, 2), gradient)


class Convolution(Layer):
    """Without what is added to it: see Bias."""

    def __init__(self, weight: Tensor, first: bool, padding: Sequence[int]) -> None:
        super().__init__([weight], first)
        self.padding, self.members = list(padding), len(weight)

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        import torch

        weight = self.parameters[0].flatten(0, 1)
        if batch:
            self.x, self.weight = x, weight
        return torch.conv2d(x, weight, padding=self.padding, groups=self.members)

    def backward(self, gradient: Tensor) -> Tensor:
        import torch

        found, of_weight, _ = torch.ops.aten.convolution_backward.default(
            gradient,
            self.x,
            self.weight,
            None,
            [1, 1],
            self.padding,
            [1, 1],
            False,
            [0, 0],
            self.members,
            [not self.first, True, False],
        )
        self.gradients = [of_weight]
        return gradient if self.first else found


class Bias(Layer):
    """What a convolution adds to its channels: by itself, torch's own is slow backward."""

    keeps_order = True

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        return x.add_(self.parameters[0].reshape(-1, 1, 1))

    def backward(self, gradient: Tensor) -> Tensor:
        self.gradients = [gradient.sum(dim=(0, 2, 3))]
        return gradient


class Activation(Layer):
    """`name` is that of torch's layer."""

    def __init__(self, name: str) -> None:
        import torch
        from torch.nn import functional

        super().__init__()
        aten = torch.ops.aten
        kernels: dict[str, tuple[Kernel, Kernel, bool]] = {
            "ReLU": (torch.relu_, lambda g, y: aten.threshold_backward.default(g, y, 0), True),
            "Tanh": (torch.tanh_, aten.tanh_backward.default, True),
            "GELU": (functional.gelu, aten.gelu_backward.default, False),
            "SiLU": (functional.silu, aten.silu_backward.default, False),
        }
        self.apply, self.derive, self.keeps_output = kernels[name]
        self.keeps_order = name in ("ReLU", "Tanh")

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        y = self.apply(x)
        self.kept = y if self.keeps_output else x
        return y

    def backward(self, gradient: Tensor) -> Tensor:
        return self.derive(gradient, self.kept)


class MaxPool(Layer):
    def __init__(self, side: int) -> None:
        super().__init__()
        self.sides = [side, side]

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        from torch.nn import functional

        if batch is None:
            return functional.max_pool2d(x, self.sides)
        self.x = x
        found, self.places = functional.max_pool2d_with_indices(x, self.sides)
        return found

    def backward(self, gradient: Tensor) -> Tensor:
        import torch

        found: Tensor = torch.ops.aten.max_pool2d_with_indices_backward.default(
            gradient, self.x, self.sides, self.sides, [0, 0], [1, 1], False, self.places
        )
        return found


class AveragePool(Layer):
    def __init__(self, side: int) -> None:
        super().__init__()
        self.sides = [side, side]

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        from torch.nn import functional

        self.x = x
        return functional.avg_pool2d(x, self.sides)

    def backward(self, gradient: Tensor) -> Tensor:
        import torch

        found: Tensor = torch.ops.aten.avg_pool2d_backward.default(
            gradient, self.x, self.sides, self.sides, [0, 0], False, True, None
        )
        return found


def pooled_early(found: Iterable[Layer]) -> list[Layer]:
    """Layers with each maximum taken before what keeps the order: a fourth is left to do there."""
    ordered: list[Layer] = []
    for layer in found:
        place = len(ordered)
        while isinstance(layer, MaxPool) and place and ordered[place - 1].keeps_order:
            place -= 1
        ordered.insert(place, layer)
    return ordered


class Flatten(Layer):
    """From convolutions to dense layers."""

    def __init__(self, members: int) -> None:
        super().__init__()
        self.members = members

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        self.shape = x.shape
        return x.reshape(len(x), self.members, -1).permute(1, 2, 0)

    def backward(self, gradient: Tensor) -> Tensor:
        return in_layout(gradient.permute(2, 0, 1).reshape(self.shape))


def in_layout(x: Tensor) -> Tensor:
    """Channels last on a CPU, whose grouped convolutions and pooling are far faster so.

    Said by strides too, as one channel alone is contiguous either way.
    """
    import torch

    if x.device.type == "cpu":
        x = x.contiguous(memory_format=torch.channels_last)
        _, channels, height, width = x.shape
        return x.as_strided(x.shape, (channels * height * width, 1, width * channels, channels))
    return x


class Dropout(Layer):
    def __init__(self, dropouts: Dropouts) -> None:
        super().__init__()
        self.dropouts = dropouts

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        if batch is None:
            return x
        self.mask = self.dropouts.mask(x, batch.counts)
        return x * self.mask

    def backward(self, gradient: Tensor) -> Tensor:
        return gradient.mul_(self.mask)
