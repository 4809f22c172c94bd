"""A plain PyTorch loop, which the engine's training is held against: autograd and torch.optim.

Of the engine it has the network with its first weights, the seeds, and the metrics, which have
tests of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import lr_scheduler

from engine.tasks.stack import Member
from engine.tasks.training import DeviceRows, Goal, Metrics, Result, measure, prefixed

Curve = list[Metrics]


def train_alone(
    member: Member,
    goal: Goal,
    train: DeviceRows,
    validation: DeviceRows,
    stop_after: int | None = None,
) -> tuple[Result, Curve]:
    """Train `member` for all epochs, or the first `stop_after`; what they came to."""
    network, params, size = member.network, member.params, int(member.params["batch_size"])
    optimizer = torch_optimizer(network.parameters(), params)
    steps = goal.epochs * len(batches(torch.arange(len(train)), size))
    schedule = torch_schedule(optimizer, params["schedule"], steps)
    noise = torch.Generator().manual_seed(member.order_seed)
    add_dropout(network, params["dropout"], member.dropout_seed)
    curve: Curve = []
    weights: list[dict[str, Tensor]] = []
    for _ in range(stop_after or goal.epochs):
        order = torch.randperm(len(train), generator=noise)
        network.train()
        outputs = []
        for rows in batches(order, size):
            outputs.append(network(train.x[rows]))
            loss_of(goal, params, outputs[-1], train.y[rows]).backward()
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
        trained = measure(goal, torch.cat(outputs).detach(), train.y[order])
        network.eval()
        with torch.no_grad():
            validated = measure(goal, network(validation.x), validation.y)
        curve.append(prefixed("train", trained) | prefixed("val", validated))
        weights.append({name: tensor.clone() for name, tensor in network.state_dict().items()})
    return judged(goal, curve, weights), curve


def batches(order: Tensor, size: int) -> list[Tensor]:
    """Rows of each step; a single one that is left over joins those before it."""
    parts = list(order.split(size))
    if size > 1 and len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [torch.cat(parts[-2:])]
    return parts


def add_dropout(network: nn.Sequential, share: float, seed: int) -> None:
    """Have a `share` of each dense layer's units switched off in training, after the activation."""
    noise, keep = torch.Generator().manual_seed(seed), 1 - share

    def drop(layer: nn.Module, _: object, output: Tensor) -> Tensor:
        if not layer.training or not share:
            return output
        bits = torch.empty(math.ceil(output.numel() / 4), dtype=torch.int64)
        levels = bits.random_(-(2**63), None, generator=noise).view(torch.int16)
        kept = levels[: output.numel()].view(output.shape) < round(2**16 * keep) - 2**15
        return output * kept / keep

    dense = False
    for layer in network:
        dense = dense or isinstance(layer, nn.Linear)
        if dense and not isinstance(layer, nn.Linear | nn.BatchNorm1d):
            layer.register_forward_hook(drop)


def loss_of(goal: Goal, params: Mapping[str, Any], output: Tensor, y: Tensor) -> Tensor:
    if goal.problem == "regression":
        return functional.mse_loss(output.squeeze(1), y)
    return functional.cross_entropy(output, y, label_smoothing=params["label_smoothing"])


def torch_optimizer(
    parameters: Iterable[Tensor], params: Mapping[str, Any]
) -> torch.optim.Optimizer:
    """torch's own of that name."""
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "rmsprop": torch.optim.RMSprop}
    chosen = {"lr": params["lr"], "weight_decay": params["weight_decay"]}
    if params["optimizer"] == "sgd":
        return torch.optim.SGD(parameters, momentum=params["momentum"], **chosen)
    return kinds[params["optimizer"]](parameters, **chosen)


def torch_schedule(
    optimizer: torch.optim.Optimizer, name: str, steps: int
) -> lr_scheduler.LRScheduler:
    """torch's own: a half cosine over all steps, a tenth from the half and from three quarters."""
    if name == "cosine":
        return lr_scheduler.CosineAnnealingLR(optimizer, steps)
    at = [math.ceil(steps / 2), math.ceil(steps * 3 / 4)] if name == "step" else []
    return lr_scheduler.MultiStepLR(optimizer, at, gamma=0.1)


def judged(goal: Goal, curve: Curve, weights: Sequence[dict[str, Tensor]]) -> Result:
    """The epoch that counts, with the weights it had."""
    values = [metrics[goal.objective] for metrics in curve]
    best = max(values) if goal.maximize else min(values)
    step = values.index(best) if goal.keep_best else len(values) - 1
    return Result(values[step], step + 1, curve[step], weights[step], len(curve) == goal.epochs)
