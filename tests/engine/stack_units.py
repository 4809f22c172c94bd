"""A stand-in for what a worker gives a unit of trials, and trials that note what they are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.tasks.builtin import Outcome

PARAMS = {"lr": 5e-3, "batch_size": 256, "width": 16}
OWN: list[dict[str, Any]] = [
    {"optimizer": "adam", "dropout": 0.3},
    {"optimizer": "sgd", "lr": 0.05, "batch_size": 256},
    {"optimizer": "rmsprop", "schedule": "cosine"},
    {"optimizer": "adamw", "weight_decay": 0.01},
]


@dataclass
class Trial:
    """A trial in `folder`, stopped after so many epochs."""

    number: int
    folder: Path
    params: dict[str, Any] = field(default_factory=dict)
    stop_after: int | None = None
    curve: dict[int, dict[str, float]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.params = PARAMS | self.params
        self.seed = self.number
        self.weights: Path = self.folder / f"{self.number}.safetensors"
        self.checkpoint: Path | None = self.folder / f"checkpoint_{self.number}"

    def report(self, step: int, metrics: dict[str, float]) -> None:
        assert step not in self.curve
        self.curve[step] = metrics
        self.told.append(f"{self.number} epoch {step}")

    def should_stop(self) -> bool:
        return self.stop_after is not None and len(self.curve) >= self.stop_after


class Unit:
    """Trials to train as one; `told` is all that was said, in its order.

    `late` gives those who have joined, each time it is asked.
    """

    tried = False

    def __init__(
        self, trials: list[Trial], most: int = 4, late: Callable[[], list[Trial]] = list
    ) -> None:
        self.trials, self.most, self.newcomers = trials, most, late
        self.told: list[str] = []
        self.outcomes: dict[int, Outcome | Exception] = {}
        for trial in trials:
            trial.told = self.told

    def began(self, trial: Trial) -> None:
        trial.told = self.told
        self.told.append(f"{trial.number} began")

    def ended(self, trial: Trial, outcome: Outcome | Exception) -> None:
        assert trial.number not in self.outcomes
        self.outcomes[trial.number] = outcome
        self.told.append(f"{trial.number} ended")

    def size(self, trial: Trial, size: int) -> None:
        self.told.append(f"size {size}")

    def give_back(self, trial: Trial) -> None:
        assert trial.number not in self.outcomes
        self.told.append(f"{trial.number} back")

    def epoch_over(self) -> None:
        self.told.append("over")
