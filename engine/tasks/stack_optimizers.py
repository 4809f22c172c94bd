"""SGD, Adam, AdamW and RMSprop over a stack's rows, with torch.optim's formulas.

Each member has its own learning rate, decay and momentum: what differs between members is a column
(members, 1), so that a step takes as many kernels for fifty members as for one.

torch.optim itself is not used: its first optimiser imports torch's compiler, which takes a worker
as long as importing torch. The tests hold every rule against torch.optim's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

_BETA1, _BETA2, _ADAM_EPSILON = 0.9, 0.999, 1e-8
_RMS_DECAY, _RMS_EPSILON = 0.99, 1e-8


class StackedOptimizer:
    """Moves `parameters` (members, numbers) of members with the same rule.

    `memory` holds what it remembers: one row a member in each tensor, and those of new members 0.
    """

    vectors = 1
    """How many tensors of the parameters' shape it remembers."""
    counts_steps = False

    def __init__(
        self, parameters: Tensor, memory: Sequence[Tensor], params: Sequence[Mapping[str, Any]]
    ) -> None:
        self.parameters, self.memory = parameters, memory
        self.decay = self._column([float(own["weight_decay"]) for own in params])
        self.momentum = self._column([float(own["momentum"]) for own in params])
        self.decays = any(own["weight_decay"] for own in params)

    def step(self, gradients: Tensor, lr: Tensor) -> None:
        """Move by `gradients` (members, numbers), which it may change; `lr` is (members, 1)."""
        raise NotImplementedError

    def _column(self, numbers: list[float]) -> Tensor:
        return self.parameters.new_tensor(numbers).unsqueeze(1)

    def _decay_gradients(self, gradients: Tensor) -> None:
        if self.decays:
            gradients.addcmul_(self.parameters, self.decay)


class StackedSGD(StackedOptimizer):
    """Stochastic gradient descent with momentum; weight decay is added to the gradient."""

    def step(self, gradients: Tensor, lr: Tensor) -> None:
        self._decay_gradients(gradients)
        velocities = self.memory[0].mul_(self.momentum).add_(gradients)
        self.parameters.addcmul_(velocities, lr, value=-1)


class StackedAdam(StackedOptimizer):
    """Kingma and Ba, 2015, algorithm 1; weight decay is added to the gradient.

    torch's kernel, which knows one learning rate, finds each move; the rate then scales it.
    """

    vectors, counts_steps = 2, True

    def __init__(
        self, parameters: Tensor, memory: Sequence[Tensor], params: Sequence[Mapping[str, Any]]
    ) -> None:
        import torch

        super().__init__(parameters, memory, params)
        self.moves = torch.zeros_like(parameters, memory_format=torch.contiguous_format)
        self.rows = [list(tensor.unbind()) for tensor in (self.moves, *memory)]

    def step(self, gradients: Tensor, lr: Tensor) -> None:
        import torch

        self._decay(gradients, lr)
        moves, means, squares, steps = self.rows
        self.memory[2].add_(1)
        self.moves.zero_()
        torch._fused_adam_(
            moves,
            list(gradients.unbind()),
            means,
            squares,
            [],
            steps,
            lr=1.0,
            beta1=_BETA1,
            beta2=_BETA2,
            weight_decay=0.0,
            eps=_ADAM_EPSILON,
            amsgrad=False,
            maximize=False,
        )
        self.parameters.addcmul_(self.moves, lr)

    def _decay(self, gradients: Tensor, lr: Tensor) -> None:
        self._decay_gradients(gradients)


class StackedAdamW(StackedAdam):
    """Loshchilov and Hutter, 2019: weight decay moves the parameters by itself."""

    def _decay(self, gradients: Tensor, lr: Tensor) -> None:
        if self.decays:
            self.parameters.addcmul_(self.parameters, lr * self.decay, value=-1)


class StackedRMSprop(StackedOptimizer):
    """Hinton's lecture 6e (2012); weight decay is added to the gradient."""

    def step(self, gradients: Tensor, lr: Tensor) -> None:
        self._decay_gradients(gradients)
        squares = self.memory[0]
        squares.mul_(_RMS_DECAY).addcmul_(gradients, gradients, value=1 - _RMS_DECAY)
        self.parameters.addcdiv_(gradients.mul_(lr), squares.sqrt().add_(_RMS_EPSILON), value=-1)


STACKED: Mapping[str, type[StackedOptimizer]] = {
    "sgd": StackedSGD,
    "adam": StackedAdam,
    "adamw": StackedAdamW,
    "rmsprop": StackedRMSprop,
}
"""The rule of each of hyperparameters.OPTIMIZERS."""
