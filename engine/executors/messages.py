"""What executors post to a study's inbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.trial import Failure, Report, TrialState


@dataclass(frozen=True, slots=True)
class WorkerReady:
    """A worker has loaded its task, `seconds` after it was started."""

    worker: int
    device: str
    seconds: float


@dataclass(frozen=True, slots=True)
class TrialBegan:
    """A worker began a trial at Unix time `time`."""

    number: int
    worker: int
    device: str
    time: float


@dataclass(frozen=True, slots=True)
class TrialProgressed:
    """A running trial reported."""

    number: int
    report: Report


@dataclass(frozen=True, slots=True)
class ReportsThinned:
    """A trial reports so often that from now on some of its reports are left out."""

    number: int


@dataclass(frozen=True, slots=True)
class TrialEnded:
    """A trial is over. One that was told to stop ends INTERRUPTED, with what it had by then."""

    number: int
    state: TrialState
    time: float
    seconds: float | None = None
    value: float | None = None
    step: int | None = None
    metrics: Mapping[str, float] | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class StackSized:
    """Trials like `number` are best trained `size` at a time; 1: each by itself."""

    number: int
    size: int


@dataclass(frozen=True, slots=True)
class TrialReturned:
    """A trial is not run now: it waits again, `alone` for a worker of its own.

    `why` is a sentence where something happened, empty where there was only no room.
    """

    number: int
    why: str = ""
    alone: bool = False


@dataclass(frozen=True, slots=True)
class TrialTestEnded:
    """The test metrics of a finished trial, or the `problem` that kept them from being computed."""

    number: int
    metrics: Mapping[str, float]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class WorkerLeftOut:
    """A worker cannot run this task (one sentence says why); the others go on without it."""

    worker: int
    device: str
    message: str


@dataclass(frozen=True, slots=True)
class WorkersRefused:
    """No worker can run this task: one sentence that says why."""

    message: str


Message = (
    WorkerReady
    | WorkerLeftOut
    | WorkersRefused
    | TrialBegan
    | TrialProgressed
    | ReportsThinned
    | TrialEnded
    | StackSized
    | TrialReturned
    | TrialTestEnded
)
