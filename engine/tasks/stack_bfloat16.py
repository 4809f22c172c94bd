"""Dense layers and convolutions whose products, in training, are computed in bfloat16.

Weights, what is added to a product, and whatever lies between two products stay float32: so do
all numbers without a batch, as in validation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.tasks.dataset import TaskError
from engine.tasks.stack_batches import Batch
from engine.tasks.stack_layers import Convolution, Linear

if TYPE_CHECKING:
    from torch import Tensor


class Bfloat16Linear(Linear):
    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        import torch

        if batch is None:
            return super().forward(x, batch)
        weight, bias = self.parameters
        self.x, self.weight = x.bfloat16(), weight.bfloat16()
        return torch.add(bias.unsqueeze(2), torch.bmm(self.weight, self.x))

    def backward(self, gradient: Tensor) -> Tensor:
        import torch

        low = gradient.bfloat16()
        of_weight = torch.bmm(low, self.x.transpose(1, 2)).float()
        self.gradients = of_weight, gradient.sum(dim=2)
        if self.first:
            return gradient
        return torch.bmm(self.weight.transpose(1, 2), low).float()


class Bfloat16Convolution(Convolution):
    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        import torch

        if batch is None:
            return super().forward(x, batch)
        self.x, self.weight = x.bfloat16(), self.parameters[0].flatten(0, 1).bfloat16()
        found = torch.conv2d(self.x, self.weight, padding=self.padding, groups=self.members)
        return found.float()

    def backward(self, gradient: Tensor) -> Tensor:
        found = super().backward(gradient.bfloat16())
        self.gradients = [of_weight.float() for of_weight in self.gradients]
        return found if self.first else found.float()


def check_device(device: str) -> None:
    """Raises TaskError where torch has no products in bfloat16 on `device`."""
    import torch

    try:
        one = torch.ones(1, 1, 1, 1, dtype=torch.bfloat16, device=device)
        torch.bmm(one[0], one[0])
        torch.conv2d(one, one)
    except (RuntimeError, TypeError) as error:
        reason = str(error).strip().splitlines()[0].split(". ")[0].rstrip(".")
        raise TaskError(
            f"precision: {device} cannot compute in bfloat16 ({reason}); take float32."
        ) from error
