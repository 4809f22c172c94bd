"""The parts that a real study works with, made from its spec: workers, method, places, seeds."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Any

import numpy as np

from engine.changes import slots_of
from engine.clock import Clock
from engine.executors.job import Task
from engine.executors.local import LocalExecutor
from engine.methods import make_method
from engine.proposer import ProcessProposer, ThreadProposer
from engine.spec import StudySpec
from engine.stacking import stacking_of
from engine.store import companions
from engine.surroundings import Surroundings


def surroundings(path: Path, spec: StudySpec) -> Surroundings:
    """What the study in `path` works with: real workers, and its method beside them."""
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    task = task_of(path, spec)
    learns = make_method(spec.method.name, spec.space, **spec.method.options).learns
    return Surroundings(
        inbox=inbox,
        clock=Clock(),
        make_executor=lambda now: LocalExecutor(task_of(path, now), slots_of(now), inbox),
        make_proposer=lambda now: (ProcessProposer if learns else ThreadProposer)(now, inbox),
        seed_of=lambda number: trial_seed(spec.resources.seed, number),
        weights_of=task.weights_of,
        checkpoint_of=task.checkpoint_of,
        looks_ahead=not learns,
        stacking=stacking_of(spec),
    )


def task_of(path: Path, spec: StudySpec) -> Task:
    """What the workers of the study in `path` are told."""
    return Task(
        content=spec.task.model_dump(mode="json"),
        base=spec.base,
        folder=companions(path),
        trial_seconds=spec.limits.trial_seconds,
        report_seconds=spec.limits.report_seconds,
        memory_mb=spec.limits.memory_mb,
    )


def trial_seed(seed: int, number: int) -> int:
    """The seed of a trial: a function of the study's seed and the trial's number alone."""
    return int(np.random.SeedSequence(seed, spawn_key=(number,)).generate_state(1)[0])
