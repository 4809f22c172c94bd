"""Whole study files, made without running anything."""

from __future__ import annotations

from pathlib import Path

from engine.events import Logged, StopReason, StudyState
from engine.store import Store
from engine.trial import Failure, FailureReason, Report, Trial, TrialState
from tests.engine.simulation import make_spec

FAILURE = Failure(FailureReason.CRASHED, "It died.", "last\nwords")


def make_study(path: Path, trials: int = 40) -> Path:
    """A finished study of some trials, one of which failed."""
    store = Store.create(path, make_spec(budget=f"trials = {trials}"))
    store.acquire()
    for number in range(trials):
        params = {"lr": 1e-5 * (number + 1), "batch_size": 32 + number}
        metrics = {"val_cross_entropy": 1.0 / (number + 1), "val_accuracy": 0.5}
        done = Trial(
            *(number, params, TrialState.COMPLETE, 2**31 + number, 1.0 / (number + 1), 2, metrics),
            seconds=1.5,
            started=1.7e9 + number,
            finished=1.7e9 + number + 1.5,
            worker=0,
            device="cpu",
        )
        failed = Trial(number, params, TrialState.FAILED, failure=FAILURE, seconds=1.0)
        store.put_trial(failed if number == 3 else done)
        store.put_reports(number, [Report(step, 0.5 * step, metrics) for step in (1, 2)])
        store.put_log(Logged(1.7e9 + number, "info", f"Trial {number} finished.", number))
    store.put_condition(StudyState.FINISHED, StopReason.TRIALS, "All is done.", 60.0)
    store.close()
    return path
