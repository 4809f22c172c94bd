"""What training goes by: a trial's goal and data, its batches and schedule, how it is judged.

The loop itself is in stack.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.tasks.catalog import Precision, Problem
from engine.tasks.metrics import classification_metrics, regression_metrics

if TYPE_CHECKING:
    from torch import Tensor, nn

_ROWS_EVALUATED = 2_048
_STEP_AT = (0.5, 0.75)
_STEP_FACTOR = 0.1

Metrics = dict[str, float]


class Diverged(Exception):  # noqa: N818 (a result, not an error of the program)
    """The loss became NaN or infinite."""


@dataclass(frozen=True)
class DeviceRows:
    """Rows on the device: inputs (n, ...) float32, and int64 classes or float32 numbers (n,)."""

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Goal:
    """What a trial is trained for, for how long, and what type products are computed in."""

    problem: Problem
    objective: str
    maximize: bool
    keep_best: bool
    epochs: int
    target_scale: float = 1.0
    precision: Precision = "float32"


@dataclass
class Result:
    """The epoch that a trial is judged by, with the weights it had; None before the first one."""

    value: float | None = None
    step: int | None = None
    metrics: Metrics | None = None
    weights: dict[str, Tensor] | None = None
    finished: bool = False


def counts(goal: Goal, value: float, best: float | None) -> bool:
    """Whether an epoch's `value` is the one to be judged by after `best`, that of one before."""
    if best is None or not goal.keep_best:
        return True
    return value > best if goal.maximize else value < best


def evaluate(network: nn.Module, goal: Goal, rows: DeviceRows) -> Metrics:
    """Metrics of `rows`, names without prefix."""
    import torch

    network.eval()
    with torch.inference_mode():
        starts = range(0, len(rows), _ROWS_EVALUATED)
        outputs = [network(rows.x[start : start + _ROWS_EVALUATED]) for start in starts]
        return measure(goal, torch.cat(outputs), rows.y)


def measure(goal: Goal, outputs: Tensor, y: Tensor) -> Metrics:
    """Metrics of a network's outputs (n, classes or 1) against `y` (n,)."""
    if goal.problem == "classification":
        return classification_metrics(outputs, y)
    return regression_metrics(outputs.squeeze(1), y, goal.target_scale)


def prefixed(part: str, metrics: Metrics) -> Metrics:
    return {f"{part}_{name}": value for name, value in metrics.items()}


def batch_sizes(rows: int, batch_size: int) -> list[int]:
    """Rows of each batch; a last one of a single row, which has no spread, joins its neighbour."""
    full, rest = divmod(rows, min(batch_size, rows))
    sizes = [min(batch_size, rows)] * full
    if rest == 1 and batch_size > 1:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes


def schedule_factor(schedule: str, progress: float) -> float:
    """What the learning rate is multiplied by after a share `progress` of all steps."""
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * progress))
    if schedule == "step":
        return _STEP_FACTOR ** sum(progress >= at for at in _STEP_AT)
    return 1.0


def refuse_infinite(metrics: Metrics, epoch: int) -> None:
    """Raises Diverged for a metric that is not a finite number."""
    for name, value in metrics.items():
        if not math.isfinite(value):
            word = "NaN" if math.isnan(value) else "infinite"
            raise Diverged(
                f"The loss became {word} in epoch {epoch} ({name}); try a lower learning rate."
            )
