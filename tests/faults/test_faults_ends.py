"""How trainings end that do not return: each end has its reason, and the study goes on."""

from __future__ import annotations

import signal

import psutil
import pytest

from engine.executors import watch
from engine.executors.messages import TrialBegan, TrialEnded
from engine.trial import FailureReason, TrialState


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("exit_politely", "exit code 3"),
        ("leave", "exit code 0"),
        ("abort", "signal SIGABRT"),
        ("segfault", "signal SIGSEGV"),
    ],
)
def test_that_a_crash_is_told_by_its_exit_code_or_signal(open_bench, behaviour, words) -> None:
    bench = open_bench()
    failure = bench.run(0, behaviour).failure
    assert failure.reason is FailureReason.CRASHED
    assert words in failure.message
    assert bench.run(1, "train").state is TrialState.COMPLETE


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ([5, 5], FailureReason.CRASHED),
        ([5, 6], FailureReason.OUT_OF_MEMORY),
        ([None, None], FailureReason.CRASHED),
    ],
)
def test_that_a_kill_is_for_want_of_memory_where_the_system_counts_one(
    open_bench, monkeypatch, counts, reason
) -> None:
    counter = iter(counts)
    monkeypatch.setattr(watch, "oom_kills", lambda: next(counter))
    bench = open_bench()
    bench.submit(0, "fall_silent")
    bench.wait_for(TrialBegan)
    _worker().send_signal(signal.SIGKILL)
    failure = bench.wait_for(TrialEnded).failure
    assert failure.reason is reason
    assert "SIGKILL" in failure.message
    assert "memory" in failure.message


def test_that_a_training_that_holds_the_interpreter_lock_is_ended(open_bench) -> None:
    bench = open_bench(trial_seconds=1.0)
    assert bench.run(0, "hold_the_lock").failure.reason is FailureReason.TIME_LIMIT
    bench.submit(1, "hold_the_lock")
    bench.wait_for(TrialBegan, 1)
    bench.executor.cancel(1)
    assert bench.wait_for(TrialEnded, 1).state is TrialState.INTERRUPTED


@pytest.mark.parametrize("behaviour", ["fall_silent", "hold_the_lock"])
def test_that_a_training_that_gives_no_report_for_too_long_is_ended(open_bench, behaviour) -> None:
    bench = open_bench(report_seconds=1.0)
    failure = bench.run(0, behaviour).failure
    assert failure.reason is FailureReason.TIME_LIMIT
    assert failure.message == "The trial gave no report for 1 s."


def test_that_a_training_that_goes_on_reporting_is_left_alone(open_bench) -> None:
    bench = open_bench(report_seconds=1.0)
    ended = bench.run(0, "report_without_pause", reports=15_000)
    assert ended.state is TrialState.COMPLETE


REPORT = {"kind": "report", "step": 1, "seconds": 0.5, "metrics": {}}
RESULT = {**REPORT, "kind": "result", "value": 1, "finished": True, "time": 1}
FAILURE = {"kind": "failure", "reason": "exception", "message": "", "log": "", "time": 1}


@pytest.mark.parametrize(
    "says",
    [
        {"kind": "report"},
        {**REPORT, "step": 2**70},
        {**REPORT, "step": -1},
        {**REPORT, "seconds": float("nan")},
        {**REPORT, "metrics": {"loss": "low"}},
        {**REPORT, "metrics": [1]},
        {**RESULT, "value": "low"},
        {**RESULT, "value": float("inf")},
        {**RESULT, "time": None},
        {**FAILURE, "seconds": 1, "reason": "boredom"},
        {**FAILURE, "seconds": 1, "message": 3},
        {**FAILURE, "seconds": True},
    ],
    ids=str,
)
def test_that_a_worker_that_talks_nonsense_is_replaced(open_bench, says) -> None:
    bench = open_bench()
    failure = bench.run(0, "talk_nonsense", says=says).failure
    assert failure.reason is FailureReason.CRASHED
    assert "makes no sense" in failure.message
    assert bench.run(1, "train").state is TrialState.COMPLETE


def _worker() -> psutil.Process:
    children = psutil.Process().children()
    return next(child for child in children if "odd_worker" in " ".join(child.cmdline()))
