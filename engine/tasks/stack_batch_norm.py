"""Batch norm in a stack: over each member's own rows, with running statistics of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.tasks.stack_batches import Batch, Padding
from engine.tasks.stack_layers import Layer

if TYPE_CHECKING:
    from torch import Tensor, nn


class BatchNorm(Layer):
    """`mean` and `variance` (members, channels) are the running ones."""

    def __init__(
        self,
        parameters: Sequence[Tensor],
        mean: Tensor,
        variance: Tensor,
        layer: nn.BatchNorm1d | nn.BatchNorm2d,
    ) -> None:
        super().__init__(parameters)
        self.mean, self.variance = mean, variance
        self.momentum, self.epsilon = layer.momentum or 0.0, layer.eps

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        import torch

        weight, bias = (parameter.reshape(-1) for parameter in self.parameters)
        self.running = self.mean.view(-1), self.variance.view(-1)
        channels = _channels(x)
        found, *saved = torch.native_batch_norm(
            channels, weight, bias, *self.running, batch is not None, self.momentum, self.epsilon
        )
        if batch:
            self.x, self.weight, self.saved = channels, weight, saved
        y: Tensor = found.view(x.shape)
        return y

    def backward(self, gradient: Tensor) -> Tensor:
        import torch

        found, *self.gradients = torch.ops.aten.native_batch_norm_backward.default(
            _channels(gradient),
            self.x,
            self.weight,
            *self.running,
            *self.saved,
            True,
            self.epsilon,
            [True, True, True],
        )
        below: Tensor = found.view(gradient.shape)
        return below


class PaddedBatchNorm(BatchNorm):
    """Ioffe and Szegedy, 2015, over the rows that are not fill; a gradient there is 0."""

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        import torch

        if batch is None or batch.padding is None:
            return super().forward(x, batch)
        self.dims = (0, 2, 3) if x.dim() == 4 else (2,)
        self.shares = self._shares(batch.padding, x)
        mean = (x * self.shares).sum(self.dims, keepdim=True)
        centred = x - mean
        variance = (centred.square() * self.shares).sum(self.dims, keepdim=True)
        self._remember(batch.padding, mean, variance, x.shape[2:].numel() if x.dim() == 4 else 1)
        weight, bias = (parameter.reshape(mean.shape) for parameter in self.parameters)
        scale = (variance + self.epsilon).rsqrt_()
        self.normal, self.slope = centred.mul_(scale), weight * scale
        return torch.addcmul(bias, self.normal, weight)

    def backward(self, gradient: Tensor) -> Tensor:
        of_bias = gradient.sum(self.dims, keepdim=True)
        of_weight = (gradient * self.normal).sum(self.dims, keepdim=True)
        self.gradients = of_weight, of_bias
        common = (self.normal * of_weight).add_(of_bias).mul_(self.shares)
        return gradient.sub_(common).mul_(self.slope)

    def _shares(self, padding: Padding, x: Tensor) -> Tensor:
        """What each value of `x` has of its channel's mean."""
        if x.dim() == 3:
            return padding.shares
        channels = x.shape[1] // len(padding.shares)
        rows = padding.shares.squeeze(1).t().repeat_interleave(channels, dim=1)
        return rows.div(x.shape[2:].numel())[:, :, None, None]

    def _remember(self, padding: Padding, mean: Tensor, variance: Tensor, places: int) -> None:
        """Update what is running, except of members that are through."""
        import torch

        counts = padding.counts.unsqueeze(1) * places
        part = self.momentum * (counts > 0)
        unbiased = variance.view_as(self.variance) * (counts / (counts - 1).clamp_(min=1))
        for running, now in ((self.mean, mean.view_as(self.mean)), (self.variance, unbiased)):
            torch.lerp(running, now, part, out=running)


def _channels(x: Tensor) -> Tensor:
    return x if x.dim() == 4 else x.view(1, -1, x.shape[2])
