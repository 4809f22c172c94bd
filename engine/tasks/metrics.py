"""How good predictions are: the metrics of catalog.METRICS, from a network's outputs.

They are those of the rows given, not averages over batches. Names are without prefix.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.tasks.dataset import Array

if TYPE_CHECKING:
    from torch import Tensor


def classification_metrics(logits: Tensor, y: Tensor) -> dict[str, float]:
    """Metrics of `logits` (n, classes) against class indices `y` (n,)."""
    from torch.nn import functional

    loss = float(functional.cross_entropy(logits, y))
    return {"cross_entropy": loss} | confusion_metrics(
        confusion(logits.argmax(dim=1), y, logits.shape[1])
    )


def confusion(predicted: Tensor, y: Tensor, classes: int) -> Array:
    """Counts (classes, classes): true class by row, predicted class by column."""
    import torch

    cells = torch.bincount(y * classes + predicted, minlength=classes * classes)
    found: Array = cells.cpu().numpy().reshape(classes, classes)
    return found


def confusion_metrics(counted: Array) -> dict[str, float]:
    """Accuracy, balanced accuracy and macro F1 of a confusion matrix (true by row).

    Balanced accuracy is the mean recall of the classes that occur; F1 the mean over the classes
    that occur or are predicted, a class that is never hit counting 0.
    """
    hits = np.diag(counted).astype(np.float64)
    true, predicted = counted.sum(axis=1), counted.sum(axis=0)
    occurs, seen = true > 0, true + predicted > 0
    return {
        "accuracy": float(hits.sum() / counted.sum()),
        "balanced_accuracy": float((hits[occurs] / true[occurs]).mean()),
        "f1": float((2 * hits[seen] / (true + predicted)[seen]).mean()),
    }


def regression_metrics(predicted: Tensor, y: Tensor, scale: float) -> dict[str, float]:
    """Metrics in the user's units of standardised predictions and targets, both (n,).

    R² is 1 - SS_res / SS_tot; of a target without spread it is 1 if every prediction hits, else 0.
    """
    answers = y.cpu().numpy().astype(np.float64)
    errors = predicted.cpu().numpy().astype(np.float64) - answers
    with np.errstate(over="ignore", invalid="ignore"):
        unexplained = float(np.square(errors).sum())
        total = float(np.square(answers - answers.mean()).sum())
        mse = unexplained / len(errors) * scale**2
        mae = float(np.abs(errors).mean()) * scale
    if total > 0:
        r2 = 1 - unexplained / total
    else:
        r2 = 0.0 if unexplained or math.isnan(unexplained) else 1.0
    return {"mse": mse, "mae": mae, "r2": r2}
