"""The metrics of a whole stack at once: those of metrics.py for each member, read back together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.tasks.dataset import Array
from engine.tasks.training import Goal, Metrics

if TYPE_CHECKING:
    from torch import Tensor


def measure_stack(goal: Goal, outputs: Tensor, y: Tensor) -> list[Metrics]:
    """Each member's metrics of `outputs` (members, classes or 1, n) against `y` (members, n)."""
    if goal.problem == "classification":
        columns = _classification(outputs, y)
    else:
        columns = _regression(outputs.squeeze(1), y, goal.target_scale)
    return [
        {name: float(column[member]) for name, column in columns.items()}
        for member in range(len(outputs))
    ]


def _classification(logits: Tensor, y: Tensor) -> dict[str, Array]:
    from torch.nn import functional

    losses = functional.cross_entropy(logits, y, reduction="none").mean(dim=1)
    return {"cross_entropy": losses.cpu().numpy()} | _of_confusions(_confusions(logits, y))


def _confusions(logits: Tensor, y: Tensor) -> Array:
    """Counts (members, classes, classes): true class by row, predicted class by column."""
    import torch

    members, classes, _ = logits.shape
    first = torch.arange(0, members * classes, classes, device=y.device).unsqueeze(1)
    cells = (first + y).mul_(classes).add_(logits.max(dim=1).indices).view(-1)
    counted = torch.bincount(cells, minlength=members * classes * classes)
    found: Array = counted.cpu().numpy().reshape(members, classes, classes)
    return found


def _of_confusions(counted: Array) -> dict[str, Array]:
    """Metrics of many confusion matrices (members, true, predicted), as confusion_metrics'."""
    hits = np.diagonal(counted, axis1=1, axis2=2).astype(np.float64)
    true, predicted = counted.sum(axis=2), counted.sum(axis=1)
    recalls = hits / np.maximum(true, 1)
    f1 = 2 * hits / np.maximum(true + predicted, 1)
    return {
        "accuracy": hits.sum(axis=1) / true.sum(axis=1),
        "balanced_accuracy": recalls.sum(axis=1) / (true > 0).sum(axis=1),
        "f1": f1.sum(axis=1) / (true + predicted > 0).sum(axis=1),
    }


def _regression(predicted: Tensor, y: Tensor, scale: float) -> dict[str, Array]:
    answers = np.ascontiguousarray(y.cpu().numpy(), dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        errors = predicted.cpu().numpy().astype(np.float64) - answers
        unexplained = np.square(errors).sum(axis=1)
        total = np.square(answers - answers.mean(axis=1, keepdims=True)).sum(axis=1)
    r2 = [_r2(*sums) for sums in zip(unexplained, total, strict=True)]
    return {
        "mse": unexplained / errors.shape[1] * scale**2,
        "mae": np.abs(errors).mean(axis=1) * scale,
        "r2": np.array(r2),
    }


def _r2(unexplained: float, total: float) -> float:
    if total > 0:
        return 1 - unexplained / total
    return 0.0 if unexplained or math.isnan(unexplained) else 1.0
