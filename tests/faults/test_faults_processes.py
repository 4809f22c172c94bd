"""Whatever a training starts is ended with its worker, or with the program, however that ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from engine.executors.messages import TrialBegan, TrialEnded
from engine.trial import FailureReason, TrialState
from tests.faults.executor_bench import gone, pids_in

CRASHES = ["abort", "segfault", "leave", "crash"]


@pytest.mark.parametrize("then", CRASHES)
def test_that_daemons_of_a_training_that_crashed_are_ended(open_bench, tmp_path, then) -> None:
    bench = open_bench()
    note = tmp_path / "pids"
    ended = bench.run(0, "leave_daemons", note=str(note), then=then)
    assert ended.failure.reason is FailureReason.CRASHED
    assert all(gone(pid) for pid in pids_in(note))
    assert bench.run(1, "train").state is TrialState.COMPLETE


@pytest.mark.parametrize("then", ["fall_silent", "hold_the_lock"])
def test_that_daemons_of_a_training_that_hangs_are_ended(open_bench, tmp_path, then) -> None:
    bench = open_bench(trial_seconds=2.0)
    note = tmp_path / "pids"
    ended = bench.run(0, "leave_daemons", note=str(note), then=then)
    assert ended.failure.reason is FailureReason.TIME_LIMIT
    assert all(gone(pid) for pid in pids_in(note))
    assert bench.run(1, "train").state is TrialState.COMPLETE


def test_that_daemons_of_a_worker_that_was_killed_are_ended(open_bench, tmp_path) -> None:
    bench = open_bench()
    note = tmp_path / "pids"
    bench.submit(0, "leave_daemons", note=str(note), then="fall_silent")
    bench.wait_for(TrialBegan)
    daemons = pids_in(note)
    worker = next(child for child in psutil.Process().children() if "odd_worker" in _words(child))
    worker.send_signal(signal.SIGKILL)
    assert bench.wait_for(TrialEnded).failure.reason is FailureReason.CRASHED
    assert all(gone(pid) for pid in daemons)


def test_that_daemons_of_trials_are_ended_when_the_executor_is_closed(open_bench, tmp_path) -> None:
    bench = open_bench()
    note = tmp_path / "pids"
    assert bench.run(0, "leave_daemons", note=str(note), then="train").value is not None
    bench.executor.close()
    assert all(gone(pid) for pid in pids_in(note))


@pytest.mark.parametrize("kind", ["script", "command"])
def test_that_daemons_of_users_own_trainings_are_ended_before_the_next(
    open_bench, tmp_path, kind
) -> None:
    bench = open_bench(content={"kind": kind})
    note = tmp_path / "pids"
    bench.run(0, "leave_daemons", note=str(note), then="train")
    assert bench.run(1, "train").state is TrialState.COMPLETE
    assert all(gone(pid, patience=0.0) for pid in pids_in(note))


def test_that_daemons_are_ended_when_the_program_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    program = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("odd_program.py")), str(note)]
    )
    daemons = pids_in(note)
    workers = psutil.Process(program.pid).children()
    program.kill()
    program.wait()
    assert all(gone(pid) for pid in daemons)
    assert all(gone(worker.pid) for worker in workers)


def test_that_a_process_that_keeps_our_pipes_open_keeps_no_thread_of_ours(
    open_bench, tmp_path
) -> None:
    bench = open_bench()
    note = tmp_path / "pids"
    ended = bench.run(0, "leave_a_stranger", note=str(note))
    assert ended.failure.reason is FailureReason.CRASHED
    stranger = psutil.Process(pids_in(note)[0])
    bench.executor.close()
    assert stranger.is_running()
    stranger.kill()


@pytest.mark.parametrize("kind", ["command", "script"])
def test_that_what_a_trial_has_stripped_of_all_marks_is_ended_with_it(
    open_bench, kind: str
) -> None:
    bench = open_bench(content={"kind": kind})
    hermit = int(bench.run(0, "leave_a_hermit").value)
    bench.run(1, "train")
    assert gone(hermit)


@pytest.mark.parametrize("kind", ["builtin", "script"])
def test_that_a_training_may_fork_and_its_children_say_nothing_in_its_name(
    open_bench, kind: str
) -> None:
    bench = open_bench(content={"kind": kind})
    ended = bench.run(0, "fork")
    assert (ended.state, ended.value, ended.step) == (TrialState.COMPLETE, 3.0, 1)
    assert not bench.progress()
    assert bench.run(1, "train").value == pytest.approx(1 / 3)


def _words(process: psutil.Process) -> str:
    return " ".join(process.cmdline())
