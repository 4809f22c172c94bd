"""One trial on trial: does it run here, do its metrics arrive, and what will the study cost?

The space's default configuration runs in a real worker until it has made a step and has been
watched for a little while, or to its end if that comes sooner. Nothing of it is kept.
"""

from __future__ import annotations

import contextlib
import math
import queue
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.analysis.cost import Estimate, estimate
from engine.executors.devices import Slot, slots
from engine.executors.job import Task
from engine.executors.local import LocalExecutor
from engine.executors.messages import (
    TrialBegan,
    TrialEnded,
    TrialProgressed,
    WorkerReady,
    WorkersRefused,
)
from engine.spec import StudySpec
from engine.tasks.check import check
from engine.trial import Trial, TrialState

WATCHED_SECONDS = 5.0
"""A trial that has made a step is watched for so long: many end by then, and are known exactly."""
LOOK_SECONDS = 0.1


class DryRunError(RuntimeError):
    """The trial cannot be run: one sentence; `log` holds the last lines that it printed."""

    def __init__(self, sentence: str, log: str = "") -> None:
        super().__init__(sentence)
        self.log = log


class DryRunStoppedError(DryRunError):
    """The user did not want to wait any longer."""


@dataclass(frozen=True)
class DryRun:
    """What was seen of one trial.

    `metrics` are the last that arrived, `steps` the number of reports, `first_step` the seconds to
    the first and `last_step` to the last of them (None without any). `seconds` is how long the
    trial was watched, and how long it took where it `ended`; `start` is what a worker takes before
    its first trial.
    """

    metrics: Mapping[str, float]
    steps: int
    first_step: float | None
    last_step: float | None
    seconds: float
    ended: bool
    start: float

    def trial_seconds(self, steps_planned: int | None) -> float | None:
        """Seconds of a whole trial; None where nobody knows how many steps it makes."""
        if self.ended:
            return self.seconds
        if steps_planned is None or self.first_step is None or self.last_step is None:
            return None
        if self.steps == 1:  # whatever came before the step is taken for a part of it
            return self.first_step * steps_planned
        a_step = (self.last_step - self.first_step) / (self.steps - 1)
        return max(self.seconds, self.first_step + a_step * (steps_planned - 1))


@dataclass(frozen=True)
class Projection:
    """What the whole study will cost: seconds, and hours of GPUs in use (0 without any)."""

    study: Estimate
    trial_seconds: float
    gpu_hours: float


def dry_run(spec: StudySpec, stop: threading.Event | None = None) -> DryRun:
    """Run a trial of `spec` for a step or more, until `stop` is set at the latest.

    Raises what is wrong with the task's data or files, and DryRunError where the trial fails or
    its reports lack the objective.
    """
    check(spec.task, spec.base, spec.space)
    with tempfile.TemporaryDirectory(prefix="tunescape-") as folder:
        task = Task(
            spec.task.model_dump(mode="json"),
            spec.base,
            Path(folder),
            spec.limits.trial_seconds,
            spec.limits.report_seconds,
            spec.limits.memory_mb,
        )
        inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        with contextlib.closing(LocalExecutor(task, _slots(spec)[:1], inbox)) as executor:
            seed = spec.resources.seed
            trial = Trial(0, spec.space.default(), TrialState.QUEUED, seed=seed)
            executor.submit([trial])
            return _Watched(spec, stop or threading.Event()).watch(inbox)


def project(seen: DryRun, spec: StudySpec) -> Projection | None:
    """What the study will cost; None where its trials or a trial's steps are without number."""
    planned, seconds = spec.planned_trials(), seen.trial_seconds(spec.task.steps_planned)
    places = _slots(spec)
    if planned is None or seconds is None:
        return None
    guess = estimate([seconds], planned, len(places))
    if guess is None:
        return None
    gpus = {place.device for place in places if place.device.startswith("cuda")}
    whole = Estimate(guess.seconds + seen.start, guess.margin)
    return Projection(whole, seconds, len(gpus) * whole.seconds / 3600)


def _slots(spec: StudySpec) -> tuple[Slot, ...]:
    resources = spec.resources
    return slots(resources.workers, resources.devices, resources.per_device)


@dataclass
class _Watched:
    """What has been seen so far."""

    spec: StudySpec
    stop: threading.Event
    began: float | None = None
    start: float = 0.0
    metrics: dict[str, float] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)

    def watch(self, inbox: queue.SimpleQueue[Any]) -> DryRun:
        """Until enough was seen."""
        while not self.stop.is_set():
            with contextlib.suppress(queue.Empty):
                seen = self._hear(inbox.get(timeout=LOOK_SECONDS))
                if seen is not None:
                    return seen
            if self.times and self._watched() >= WATCHED_SECONDS:
                return self._part()
        raise DryRunStoppedError("The dry run was stopped.")

    def _hear(self, message: Any) -> DryRun | None:
        match message:
            case WorkersRefused(message=sentence):
                raise DryRunError(sentence)
            case WorkerReady(seconds=seconds):
                self.start = seconds
            case TrialBegan():
                self.began = time.monotonic()
            case TrialProgressed(report=report):
                self.metrics.update(report.metrics)
                self.times.append(report.seconds)
            case TrialEnded(failure=failure) if failure is not None:
                raise DryRunError(failure.message, failure.log_tail)
            case TrialEnded(seconds=seconds):
                self.metrics.update(message.metrics or {})
                return self._seen(float(seconds or 0.0), ended=True)
        return None

    def _watched(self) -> float:
        return 0.0 if self.began is None else time.monotonic() - self.began

    def _part(self) -> DryRun:
        objective = self.spec.task.objective
        if objective not in self.metrics:
            found = ", ".join(sorted(self.metrics)) or "nothing"
            raise DryRunError(
                f"The trial reports {found}, but not the objective, {objective}; name one of them "
                "in [task] objective, or have it reported."
            )
        if not math.isfinite(self.metrics[objective]):
            raise DryRunError(
                f"The trial reports {self.metrics[objective]} as its {objective}: it diverges at "
                "the defaults of the space; choose others, or mend the training."
            )
        return self._seen(self._watched(), ended=False)

    def _seen(self, seconds: float, ended: bool) -> DryRun:
        first, last = (self.times[0], self.times[-1]) if self.times else (None, None)
        return DryRun(self.metrics, len(self.times), first, last, seconds, ended, self.start)
