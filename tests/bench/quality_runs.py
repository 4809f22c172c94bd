"""One study of bench quality: Tunescape's as a user runs it, headless, or the peer's.

Both are whole commands in processes of their own. Their times are those of the system's clock, so
that a trial's can be set beside the command's; what is made of them is in quality.py.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from engine.places import resources
from engine.spec import Budget, MethodSpec, PrunerSpec, Resources, StudySpec, read_task
from engine.spec_toml import read_space
from engine.study import Study
from engine.tasks.data import load
from engine.trial import TrialState
from tests.bench import quality_peer

ROOT = Path(__file__).parents[2]
Entry = dict[str, Any]
"""A parameter, as in [[space]]."""


@dataclass(frozen=True)
class Case:
    """What is tuned: a network on some data, and the space; `at` as in [task]."""

    network: str
    data: str
    epochs: int
    space: Sequence[Entry]
    at: str = "best"
    objective: str = "val_cross_entropy"
    device: str = "cpu"

    @property
    def title(self) -> str:
        return f"{self.network} on {self.data}"


@dataclass(frozen=True)
class Way:
    """How Tunescape searches; `stack` as in [resources], `trials` at most."""

    method: str
    trials: int
    stack: int | None = None
    pruner: str = "none"
    target: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Ended:
    """A trial; `loss` is None if it was stopped early, times are Unix times."""

    params: dict[str, Any]
    loss: float | None
    started: float
    finished: float
    seconds: float

    def seconds_until(self, moment: float) -> float:
        """Of its training, as if that were spread evenly over the time it was there."""
        share = (moment - self.started) / max(1e-9, self.finished - self.started)
        return self.seconds * min(1.0, max(0.0, share))


@dataclass(frozen=True)
class Run:
    """One study: when its command began and ended, the CPU seconds that it took, and its trials."""

    workers: int
    began: float
    ended: float
    cpu: float
    trials: Sequence[Ended]

    @property
    def total(self) -> float:
        """Seconds of the whole command."""
        return self.ended - self.began

    @property
    def span(self) -> float:
        """Seconds from the first trial's start to the last one's end.

        Or, where that is longer, a worker's part of all training, which also counts what a worker
        tries out before it begins the first.
        """
        spread = max(t.finished for t in self.trials) - min(t.started for t in self.trials)
        return max(spread, sum(t.seconds for t in self.trials) / self.workers)

    @cached_property
    def losses(self) -> list[float]:
        """Of the complete trials."""
        return [trial.loss for trial in self.trials if trial.loss is not None]

    def until(self, loss: float) -> tuple[float, float]:
        """Seconds of the command, and of training, until a trial was as good; infinite if none."""
        good = [t.finished for t in self.trials if t.loss is not None and t.loss <= loss]
        if not good:
            return math.inf, math.inf
        moment = min(good)
        return moment - self.began, sum(t.seconds_until(moment) for t in self.trials)


def ours(case: Case, way: Way, workers: int, seed: int = 0) -> Run:
    """The study, headless."""
    with tempfile.TemporaryDirectory() as folder:
        spec, path = Path(folder) / "bench.toml", Path(folder) / "bench.tune"
        spec_of(case, way, workers, seed).save(spec)
        times = _timed([ROOT / "main.py", "--headless", spec, "--out", path])
        study = Study.open(path)
        return Run(workers, *times, [_ended(trial) for trial in study.trials if trial.finished])


def spec_of(case: Case, way: Way, workers: int, seed: int) -> StudySpec:
    """What a user would write."""
    task = {"network": case.network, "data": case.data, "epochs": case.epochs, "at": case.at}
    return StudySpec(
        name="bench",
        task=read_task({**task, "objective": case.objective}),
        space=read_space(list(case.space)),
        method=MethodSpec(name=way.method),
        pruner=PrunerSpec(name=way.pruner),
        budget=Budget(trials=way.trials, target=way.target, seconds=way.seconds),
        resources=Resources(workers=workers, devices=(case.device,), stack=way.stack, seed=seed),
    )


def _ended(trial: Any) -> Ended:
    loss = trial.value if trial.state is TrialState.COMPLETE else None
    times = (trial.started or trial.finished, trial.finished, trial.seconds or 0.0)
    return Ended(trial.params, loss, *times)


def peer(
    case: Case,
    workers: int,
    trials: int,
    *,
    sampler: str = "random",
    prunes: bool = False,
    seed: int = 0,
    enqueued: Sequence[dict[str, Any]] = (),
) -> Run:
    """The peer's study: `enqueued` configurations first."""
    with tempfile.TemporaryDirectory() as folder:
        job = {
            **{"network": case.network, "epochs": case.epochs, "at": case.at},
            **{"space": list(case.space), "device": case.device, "workers": workers},
            **{"trials": trials, "sampler": sampler, "prunes": prunes, "seed": seed},
            **{"enqueued": list(enqueued), "journal": f"{folder}/journal"},
            "data": f"{folder}/data.npz",
        }
        _save_data(case, job["data"])
        path = Path(folder) / "job.json"
        path.write_text(json.dumps(job))
        return Run(workers, *_timed([quality_peer.__file__, path]), _peer_trials(job))


def _timed(program: Sequence[Path | str]) -> tuple[float, float, float]:
    """Run a Python program: when it began and ended, and the CPU seconds of it and its children."""
    began, before = time.time(), os.times()
    subprocess.run([sys.executable, *program], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    cpu = sum(after[2:4]) - sum(before[2:4])
    return began, time.time(), cpu


def _save_data(case: Case, path: str) -> None:
    """The same rows in the same parts, standardised in the same way."""
    task = {"network": case.network, "data": case.data, "objective": case.objective}
    dataset = load(read_task(task), resources())
    parts = {"train": dataset.train, "validation": dataset.validation}
    arrays = {f"{name}_x": part.x for name, part in parts.items()}
    arrays |= {f"{name}_y": part.y for name, part in parts.items()}
    np.savez(path, outputs=dataset.outputs, scale=dataset.target_scale, **arrays)


def _peer_trials(job: dict[str, Any]) -> list[Ended]:
    found = []
    for trial in quality_peer.open_study(job, 0).trials:
        if trial.datetime_complete is not None and trial.datetime_start is not None:
            started, finished = trial.datetime_start, trial.datetime_complete
            loss = trial.value if trial.state.name == "COMPLETE" else None
            times = (started.timestamp(), finished.timestamp())
            found.append(Ended(trial.params, loss, *times, times[1] - times[0]))
    return found


def stay_on(cores: int) -> None:
    """Let this process and what it starts use so many cores, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
