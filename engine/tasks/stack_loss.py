"""The gradient of a stack's losses at the networks' outputs, which is all that training needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.tasks.catalog import Problem
from engine.tasks.stack_batches import Padding

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class LossGradient:
    """Of each member's mean loss over its rows: cross-entropy with its smoothing, or mean square.

    Cross-entropy's is softmax(outputs) - target, the target smoothed as torch does it: a share
    `label_smoothing` of it is spread over all classes.
    """

    def __init__(
        self, problem: Problem, params: Sequence[Mapping[str, Any]], device: torch.device
    ) -> None:
        import torch

        self.problem = problem
        smoothing = [float(own["label_smoothing"]) for own in params]
        self.smoothing = torch.tensor(smoothing, device=device).view(-1, 1, 1)

    def __call__(self, outputs: Tensor, y: Tensor, padding: Padding | None) -> Tensor:
        """From outputs (members, classes or 1, rows) and answers (members, rows)."""
        gradient = self._of_sums(outputs, y.unsqueeze(1))
        return gradient.mul_(padding.shares) if padding else gradient.div_(y.shape[1])

    def _of_sums(self, outputs: Tensor, answers: Tensor) -> Tensor:
        if self.problem == "regression":
            return (outputs - answers).mul_(2)
        gradient = outputs.softmax(dim=1).sub_(self.smoothing / outputs.shape[1])
        hits = (self.smoothing - 1).expand(-1, 1, answers.shape[2])
        return gradient.scatter_add_(1, answers, hits)
