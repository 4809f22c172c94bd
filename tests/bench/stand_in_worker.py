"""A trial worker whose training is a stand-in; protocol and process are the real ones.

`instant` trains nothing, so that what remains of a trial is the engine. `busy` keeps its cores
busy with a real network and reports at a steady rate, whatever the machine's speed.
"""

from __future__ import annotations

import contextlib
import math
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

BUSY_REPORTS_A_SECOND = 25
BUSY_SECONDS = 2.0

METRICS = [
    f"{part}_{metric}"
    for part in ("train", "val")
    for metric in ("cross_entropy", "accuracy", "balanced_accuracy", "f1")
]


class Outcome(NamedTuple):
    """What a real runner's `run` returns."""

    value: float
    step: int | None
    metrics: dict[str, float]
    finished: bool = True


class InstantRunner:
    """A trial without training; with more than one epoch it reports after each but the last."""

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs

    def run(self, context: Any) -> Outcome:
        """Report an invented learning curve and be done."""
        loss = abs(math.log10(context.params["lr"]) + 2.5)
        metrics = dict.fromkeys(METRICS, loss)
        for epoch in range(1, self._epochs):
            context.report(epoch, metrics)
        return Outcome(loss, self._epochs, metrics)


class BusyRunner:
    """A trial that multiplies matrices without a pause and reports at a steady rate."""

    def run(self, context: Any) -> Outcome:
        """Work for BUSY_SECONDS."""
        import torch

        model = torch.nn.Sequential(
            torch.nn.Linear(64, 512), torch.nn.ReLU(), torch.nn.Linear(512, 10)
        )
        optimiser = torch.optim.SGD(model.parameters(), lr=1e-3)
        images, labels = torch.randn(512, 64), torch.randint(10, (512,))
        metrics: dict[str, float] = {}
        for epoch in range(1, round(BUSY_SECONDS * BUSY_REPORTS_A_SECOND) + 1):
            until = time.monotonic() + 1 / BUSY_REPORTS_A_SECOND
            while time.monotonic() < until:
                optimiser.zero_grad()
                loss = torch.nn.functional.cross_entropy(model(images), labels)
                loss.backward()
                optimiser.step()
            metrics = dict.fromkeys(METRICS, loss.item())
            context.report(epoch, metrics)
            if context.should_stop():
                return Outcome(loss.item(), epoch, metrics, finished=False)
        return Outcome(loss.item(), epoch, metrics)


def open_task(kind: str, task: dict[str, Any]) -> Any:
    """What a worker asks of `engine.tasks.builtin`."""
    return InstantRunner(task["epochs"]) if kind == "instant" else BusyRunner()


@contextlib.contextmanager
def stand_in(kind: str) -> Iterator[None]:
    """Within this, studies that are started run their trials in stand-in workers."""
    from engine.executors import local

    real = local.own_command

    def command(role: str) -> list[str]:
        return [sys.executable, __file__, kind] if role == "--worker" else real(role)

    with mock.patch.object(local, "own_command", command):
        yield


def main(kind: str) -> int:
    """Be a worker."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    builtin = types.ModuleType("engine.tasks.builtin")
    builtin.open_task = lambda task, *_: open_task(kind, task)  # type: ignore[attr-defined]
    sys.modules["engine.tasks.builtin"] = builtin
    from engine.executors import worker

    return worker.main()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
