"""Runs of a trial of a built-in network that is stopped, or killed, and goes on afterwards."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.tasks import checkpoints
from engine.tasks.builtin import Runner, open_task

EPOCHS = 4
BATCHES = math.ceil(1078 / 512)
TASK = {"data": "digits", "network": "mlp", "objective": "val_cross_entropy", "epochs": EPOCHS}
PARAMS = {"lr": 0.01, "batch_size": 512, "dropout": 0.3, "schedule": "cosine"}


class Killed(BaseException):
    """As if the process ended here."""


@dataclass
class Context:
    """A trial in `folder` that is stopped, or killed, after so many batches."""

    folder: Path
    params: dict[str, Any] = field(default_factory=lambda: PARAMS)
    stop_after: int | None = None
    kill_after: int | None = None
    seed: int = 0
    number: int = 0
    reports: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    batches: int = 0

    @property
    def weights(self) -> Path:
        return self.folder / "weights"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint"

    @property
    def file(self) -> Path:
        return self.checkpoint / checkpoints.FILE

    def report(self, step: int, metrics: dict[str, float]) -> None:
        self.reports.append((step, metrics))

    def should_stop(self) -> bool:
        self.batches += 1
        if self.batches == self.kill_after:
            raise Killed
        return self.batches == self.stop_after


def runner_for(seconds: float = 1e6, base: Path | str = ".", **task: Any) -> Runner:
    """A runner that leaves `seconds` between checkpoints."""
    runner = open_task({**TASK, **task}, str(base), "cpu", 1)
    runner.checkpoint_seconds = seconds
    return runner


def run(runner: Runner, context: Context) -> tuple[list[Any], Any, bytes]:
    """All that a trial tells: reports, outcome, weights."""
    outcome = runner.run(context)
    return context.reports, outcome, context.weights.read_bytes()
