"""What a study tells the world: frozen events (past tense: it has happened) and whole snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from engine.trial import Report, Trial

if TYPE_CHECKING:
    from engine.spec import StudySpec


class StudyState(StrEnum):
    """Where a study stands. FINISHED: a stop rule was met; STOPPED: it can be gone on with."""

    NEW = "new"
    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FINISHED = "finished"

    @property
    def is_active(self) -> bool:
        """Whether its study thread is at work, so that it holds devices or waits for them."""
        return self in _ACTIVE


_ACTIVE = frozenset(
    {StudyState.WAITING, StudyState.RUNNING, StudyState.PAUSED, StudyState.STOPPING}
)


class StopReason(StrEnum):
    """Why a study stopped."""

    TRIALS = "trials"
    SECONDS = "seconds"
    TARGET = "target"
    EXHAUSTED = "exhausted"
    FAILURES = "failures"
    SETTLED = "settled"
    USER = "user"
    ERROR = "error"
    KILLED = "killed"


@dataclass(frozen=True, slots=True)
class StudyStateChanged:
    """The study entered `state`; `message` is one sentence for people, empty where none is due."""

    state: StudyState
    reason: StopReason | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class StudyChanged:
    """The study goes by `spec` from now on: another budget, other limits, `workers`, or space."""

    spec: StudySpec
    workers: int = 1


@dataclass(frozen=True, slots=True)
class HolderChanged:
    """Somebody else took hold of the study, as `read_only_because` says, or let go of it: ""."""

    read_only_because: str


@dataclass(frozen=True, slots=True)
class TrialQueued:
    """A trial waits for a worker: it was added by hand, is run again, or goes on after all."""

    trial: Trial


@dataclass(frozen=True, slots=True)
class TrialStarted:
    """A worker began a trial; one that `continues` goes on from a checkpoint, its reports kept."""

    trial: Trial
    continues: bool = False


@dataclass(frozen=True, slots=True)
class TrialReported:
    """A running trial finished an epoch; a step that is known already takes the old one's place."""

    number: int
    report: Report


@dataclass(frozen=True, slots=True)
class TrialFinished:
    """A trial ended (complete, pruned, failed, cancelled or interrupted) and is on disk."""

    trial: Trial


@dataclass(frozen=True, slots=True)
class TrialTested:
    """The test metrics of the study's best trial were computed and are on disk."""

    trial: Trial


@dataclass(frozen=True, slots=True)
class Logged:
    """A line for the study's log; `level` is "info", "warning" or "error"."""

    time: float
    level: str
    text: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class GainForeseen:
    """What the method expects more trials to improve the objective by at most, in its own units.

    Those of an `hour` (None while no trial's time is known), and `all` that there could be; the
    `noise` is the standard deviation of the objective at its best.
    """

    hour: float | None
    all: float
    noise: float


@dataclass(frozen=True, slots=True)
class StopSuggested:
    """After so many `trials` more are hardly worth it: `message` says why. The study goes on."""

    message: str
    trials: int


Event = (
    StudyStateChanged
    | StudyChanged
    | HolderChanged
    | TrialQueued
    | TrialStarted
    | TrialReported
    | TrialFinished
    | TrialTested
    | GainForeseen
    | StopSuggested
    | Logged
)


@dataclass(frozen=True, slots=True)
class StudySnapshot:
    """A study at one instant. `elapsed` is the seconds it has run so far.

    `log` holds the last lines only. `read_only_because` is a sentence when the study cannot be
    gone on with here (somebody else runs it), else empty. `workers` is how many there are.
    """

    path: Path
    spec: StudySpec
    state: StudyState
    reason: StopReason | None
    message: str
    trials: tuple[Trial, ...]
    reports: Mapping[int, tuple[Report, ...]]
    log: tuple[Logged, ...]
    best: Trial | None
    elapsed: float
    read_only_because: str = ""
    workers: int = 1
