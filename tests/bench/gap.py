"""How soon a worker begins its next trial after the end of the one before, by its own clock."""

from __future__ import annotations

import itertools
import statistics
import tempfile
from pathlib import Path

from engine import places
from engine.spec import StudySpec
from engine.study import Study
from tests.bench.report import Row, milliseconds, percentile, show

TRIALS = 30
EPOCHS = 3


def gaps(example: str, folder: Path) -> list[float]:
    """Seconds between consecutive trials of one worker, with real training."""
    spec = StudySpec.load(places.resources() / "examples" / example)
    task = spec.task.model_copy(update={"epochs": EPOCHS})
    budget = spec.budget.model_copy(update={"trials": TRIALS})
    resources = spec.resources.model_copy(update={"workers": 1, "devices": ("cpu",)})
    spec = spec.model_copy(update={"task": task, "budget": budget, "resources": resources})
    study = Study.create(folder / f"{example}.tune", spec)
    study.start()
    study.wait()
    trials = sorted(study.trials, key=lambda trial: trial.started or 0.0)
    study.close()
    return [
        (later.started or 0.0) - (earlier.finished or 0.0)
        for earlier, later in itertools.pairwise(trials)
    ]


def measure(example: str) -> list[Row]:
    """The rows of one example."""
    with tempfile.TemporaryDirectory() as folder:
        found = gaps(example, Path(folder))
    second, aim = found[0], "under 10 ms"
    spread = f"{milliseconds(percentile(found, 99))} p99, {milliseconds(max(found))} longest"
    return [
        Row(
            f"{example}: end of the first trial to start of the second",
            milliseconds(second),
            aim=aim,
        ),
        Row(
            f"{example}: all {len(found)} gaps",
            f"{milliseconds(statistics.median(found))} median, {spread}",
        ),
    ]


if __name__ == "__main__":
    show([*measure("digits-grid.toml"), *measure("digits-random.toml")])
