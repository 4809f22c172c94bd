"""Trials as frozen records: what was tried, how it went, and why it failed."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Params = dict[str, Any]
"""A configuration: the value of each active parameter by name (float, int, str or bool)."""


class TrialState(StrEnum):
    """Where a trial stands. QUEUED, RUNNING and INTERRUPTED ones have yet to be finished."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def is_finished(self) -> bool:
        """Whether the trial is over for good and is never run again."""
        return self in _FINISHED


_FINISHED = frozenset(
    {TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED, TrialState.CANCELLED}
)


class FailureReason(StrEnum):
    """Why a trial failed, as the trials table shows it."""

    EXCEPTION = "exception"
    NO_OBJECTIVE = "no_objective"
    DIVERGED = "diverged"
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out_of_memory"
    TIME_LIMIT = "time_limit"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a trial failed: the reason, one sentence, and the last lines of its log."""

    reason: FailureReason
    message: str
    log_tail: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a running trial said after `step` epochs, `seconds` after it started."""

    step: int
    seconds: float
    metrics: Mapping[str, float]


def put_report(reports: list[Report], report: Report) -> None:
    """Add a report to those of its trial, in the order of steps; one of the same step goes."""
    place = bisect_left(reports, report.step, key=lambda known: known.step)
    is_known = place < len(reports) and reports[place].step == report.step
    reports[place : place + is_known] = [report]


def curve_of(reports: Iterable[Report], objective: str, sign: float) -> list[tuple[int, float]]:
    """A trial's learning curve as methods hear of it: (step, loss) pairs.

    `sign` is -1 where the user maximises.
    """
    return [
        (report.step, sign * report.metrics[objective])
        for report in reports
        if objective in report.metrics
    ]


@dataclass(frozen=True, slots=True)
class Trial:
    """One configuration and what became of it.

    `value` is the objective as the user states it (not flipped when it is maximised); `metrics`
    are those of epoch `step`, the one that `value` was taken from. `test` holds the metrics of the
    test part, which are computed only for a study's best trial. `started` and `finished` are Unix
    times, `seconds` is the time the trial took on its worker. `ended` is its place, from 1, in the
    order in which the study's trials ended, whatever the clock did; the store gives it. `note` says
    why a trial was pruned, or goes on after that.
    """

    number: int
    params: Params
    state: TrialState
    seed: int = 0
    value: float | None = None
    step: int | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    test: Mapping[str, float] = field(default_factory=dict)
    failure: Failure | None = None
    seconds: float | None = None
    started: float | None = None
    finished: float | None = None
    worker: int | None = None
    device: str | None = None
    ended: int | None = None
    note: str = ""


def in_order_of_ending(trials: Iterable[Trial]) -> list[Trial]:
    """The finished ones of `trials`, in the order in which methods hear of them."""
    done = [trial for trial in trials if trial.state.is_finished]
    return sorted(done, key=lambda trial: (trial.ended or math.inf, trial.number))
