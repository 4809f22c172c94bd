"""SGD, Adam, AdamW and RMSprop over torch's own fused kernels, with torch.optim's formulas.

torch.optim itself is not used: its first optimiser imports torch's compiler, which takes a worker
as long as importing torch, and its steps spend most of their time outside the kernels for
networks as small as these. The tests hold every rule against torch.optim's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

BETA1, BETA2, ADAM_EPSILON = 0.9, 0.999, 1e-8
RMS_DECAY, RMS_EPSILON = 0.99, 1e-8


class Optimizer:
    """One step at a time: `step(lr)` moves the parameters by their gradients, then drops those."""

    def __init__(self, parameters: Iterable[Tensor], weight_decay: float) -> None:
        self.parameters = list(parameters)
        self.weight_decay = weight_decay

    def step(self, lr: float) -> None:
        import torch

        gradients = [parameter.grad for parameter in self.parameters]
        with torch.no_grad():
            self._move([gradient for gradient in gradients if gradient is not None], lr)
        for parameter in self.parameters:
            parameter.grad = None

    def state(self) -> list[Tensor]:
        """The tensors that it remembers from step to step, themselves."""
        raise NotImplementedError

    def _move(self, gradients: list[Tensor], lr: float) -> None:
        raise NotImplementedError

    def _zeros(self) -> list[Tensor]:
        import torch

        return [torch.zeros_like(parameter) for parameter in self.parameters]


class SGD(Optimizer):
    """Stochastic gradient descent with momentum; weight decay is added to the gradient."""

    def __init__(self, parameters: Iterable[Tensor], weight_decay: float, momentum: float) -> None:
        super().__init__(parameters, weight_decay)
        self.momentum = momentum
        self.velocities = self._zeros() if momentum else []

    def state(self) -> list[Tensor]:
        return self.velocities

    def _move(self, gradients: list[Tensor], lr: float) -> None:
        import torch

        torch._fused_sgd_(
            self.parameters,
            gradients,
            self.velocities,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            lr=lr,
            dampening=0.0,
            nesterov=False,
            maximize=False,
            is_first_step=False,
        )


class Adam(Optimizer):
    """Kingma and Ba, 2015, algorithm 1; with `decoupled`, AdamW of Loshchilov and Hutter, 2019."""

    def __init__(self, parameters: Iterable[Tensor], weight_decay: float, decoupled: bool) -> None:
        import torch

        super().__init__(parameters, weight_decay)
        self.means, self.squares = self._zeros(), self._zeros()
        self.steps = torch.zeros((), device=self.parameters[0].device)
        self.kernel = torch._fused_adamw_ if decoupled else torch._fused_adam_

    def state(self) -> list[Tensor]:
        return [*self.means, *self.squares, self.steps]

    def _move(self, gradients: list[Tensor], lr: float) -> None:
        self.steps += 1
        self.kernel(
            self.parameters,
            gradients,
            self.means,
            self.squares,
            [],
            [self.steps] * len(gradients),
            lr=lr,
            beta1=BETA1,
            beta2=BETA2,
            weight_decay=self.weight_decay,
            eps=ADAM_EPSILON,
            amsgrad=False,
            maximize=False,
        )


class RMSprop(Optimizer):
    """Hinton's lecture 6e (2012); weight decay is added to the gradient."""

    def __init__(self, parameters: Iterable[Tensor], weight_decay: float) -> None:
        super().__init__(parameters, weight_decay)
        self.squares = self._zeros()

    def state(self) -> list[Tensor]:
        return self.squares

    def _move(self, gradients: list[Tensor], lr: float) -> None:
        for parameter, gradient, square in zip(
            self.parameters, gradients, self.squares, strict=True
        ):
            if self.weight_decay:
                gradient = gradient.add(parameter, alpha=self.weight_decay)
            square.mul_(RMS_DECAY).addcmul_(gradient, gradient, value=1 - RMS_DECAY)
            parameter.addcdiv_(gradient, square.sqrt().add_(RMS_EPSILON), value=-lr)


def make_optimizer(
    name: str, parameters: Iterable[Tensor], weight_decay: float, momentum: float
) -> Optimizer:
    """The optimiser of that name (hyperparameters.OPTIMIZERS); `momentum` is used by sgd alone."""
    if name == "sgd":
        return SGD(parameters, weight_decay, momentum)
    if name == "rmsprop":
        return RMSprop(parameters, weight_decay)
    return Adam(parameters, weight_decay, decoupled=name == "adamw")
