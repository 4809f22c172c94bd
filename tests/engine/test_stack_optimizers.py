"""The optimisers of a stack take the very steps that torch.optim's take for each member alone."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from engine.tasks.hyperparameters import OPTIMIZERS
from engine.tasks.stack_optimizers import STACKED
from tests.engine.trained_alone import torch_optimizer

STEPS = 25
NUMBERS = 15
MEMBERS = [
    {"lr": lr, "weight_decay": decay, "momentum": momentum}
    for lr, decay, momentum in product((0.05, 0.2), (0.1, 0.0, 0.02), (0.9, 0.0))
]


def loss_of(row: torch.Tensor, step: int) -> torch.Tensor:
    """Of a layer of 12 weights and 3 biases."""
    x = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
    return (torch.tanh(x @ row[:12].view(4, 3) + row[12:]) ** 2).mean()


def gradient_at(row: torch.Tensor, step: int) -> torch.Tensor:
    row = row.detach().requires_grad_()
    return torch.autograd.grad(loss_of(row, step), row)[0]


@pytest.mark.parametrize("members", [MEMBERS, [own | {"weight_decay": 0.0} for own in MEMBERS]])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_that_each_member_moves_as_torch_moves_it_alone(name, members):
    rows = torch.randn(len(members), NUMBERS, generator=torch.Generator().manual_seed(0))
    alone = [row.clone().requires_grad_() for row in rows]
    peers = [
        torch_optimizer([row], {"optimizer": name, **own})
        for row, own in zip(alone, members, strict=True)
    ]
    rule = STACKED[name]
    memory = [torch.zeros_like(rows) for _ in range(rule.vectors)]
    steps = [torch.zeros(len(members))] if rule.counts_steps else []
    stacked = rule(rows, memory + steps, members)
    for step in range(STEPS):
        rates = [own["lr"] / (1 + step) for own in members]
        stacked.step(
            torch.stack([gradient_at(row, step) for row in rows]),
            torch.tensor(rates).unsqueeze(1),
        )
        for row, peer, lr in zip(alone, peers, rates, strict=True):
            peer.param_groups[0]["lr"] = lr
            peer.zero_grad()
            loss_of(row, step).backward()
            peer.step()
    assert torch.allclose(rows, torch.stack(alone), atol=1e-6)
