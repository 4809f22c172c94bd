"""Our optimisers take the very steps that torch.optim's take."""

from __future__ import annotations

import pytest
import torch

from engine.tasks.optimizers import make_optimizer

PEERS = {
    "sgd": lambda p, decay: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=decay),
    "plain sgd": lambda p, decay: torch.optim.SGD(p, lr=0.05, weight_decay=decay),
    "adam": lambda p, decay: torch.optim.Adam(p, lr=0.05, weight_decay=decay),
    "adamw": lambda p, decay: torch.optim.AdamW(p, lr=0.05, weight_decay=decay),
    "rmsprop": lambda p, decay: torch.optim.RMSprop(p, lr=0.05, weight_decay=decay),
}


def parameters() -> list[torch.Tensor]:
    noise = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=noise, requires_grad=True) for shape in ((4, 3), (3,))]


def loss_of(weights: list[torch.Tensor], step: int) -> torch.Tensor:
    x = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
    return (torch.tanh(x @ weights[0] + weights[1]) ** 2).mean()


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("name", PEERS)
def test_that_an_optimizer_steps_as_torch_does(name, decay):
    ours, theirs = parameters(), parameters()
    momentum = 0.9 if name == "sgd" else 0.0
    optimizer = make_optimizer(name.removeprefix("plain "), ours, decay, momentum)
    peer = PEERS[name](theirs, decay)
    for step in range(25):
        lr = 0.05 / (1 + step)
        peer.param_groups[0]["lr"] = lr
        loss_of(ours, step).backward()
        loss_of(theirs, step).backward()
        optimizer.step(lr)
        peer.step()
        peer.zero_grad()
        assert all(weight.grad is None for weight in ours)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, atol=1e-6)
