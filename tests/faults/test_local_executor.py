"""Trials that misbehave, in real worker processes: each costs itself and nothing else."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import psutil
import pytest

from engine.executors.devices import accelerators, slots
from engine.executors.messages import (
    TrialBegan,
    TrialEnded,
    TrialProgressed,
    TrialTestEnded,
    WorkerLeftOut,
    WorkerReady,
    WorkersRefused,
)
from engine.trial import FailureReason, Trial, TrialState
from tests.faults.executor_bench import gone, pids_in


def test_that_a_trial_reports_and_ends_with_its_value(open_bench) -> None:
    bench = open_bench()
    ended = bench.run(0, "train")
    assert ended.state is TrialState.COMPLETE
    assert ended.value == pytest.approx(1 / 3)
    assert [m.report.step for m in bench.all(TrialProgressed)] == [1, 2, 3]
    assert bench.all(TrialBegan)[0].device == "cpu"


def test_that_a_worker_lives_on_from_trial_to_trial(open_bench) -> None:
    bench = open_bench()
    first, second = bench.run(0, "tell_process"), bench.run(1, "tell_process")
    assert first.value == second.value
    assert len(bench.all(WorkerReady)) == 1


def test_that_the_process_of_each_worker_is_known(open_bench) -> None:
    bench = open_bench(workers=2)
    ended = bench.run(0, "tell_process")
    processes = bench.executor.processes()
    assert set(processes) == {0, 1}
    assert ended.value in processes.values()


def test_that_workers_run_side_by_side(open_bench) -> None:
    bench = open_bench(workers=2)
    bench.submit(0, "wait_until_stopped")
    bench.submit(1, "wait_until_stopped")
    for _ in range(2):
        bench.wait_for(TrialBegan)
    for number in (0, 1):
        bench.executor.cancel(number)
    ended = [bench.wait_for(TrialEnded) for _ in range(2)]
    assert {message.number for message in ended} == {0, 1}
    assert {message.worker for message in bench.all(TrialBegan)} == {0, 1}


def test_that_an_exception_costs_the_trial_and_not_the_worker(open_bench) -> None:
    bench = open_bench()
    before = bench.run(0, "tell_process").value
    ended = bench.run(1, "fail")
    assert ended.state is TrialState.FAILED
    assert ended.failure.reason is FailureReason.EXCEPTION
    assert ended.failure.message == "ValueError: the data are not what they seem"
    assert "odd_worker.py" in ended.failure.log_tail
    assert bench.run(2, "tell_process").value == before


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("diverge", FailureReason.DIVERGED),
        ("run_out_of_memory", FailureReason.OUT_OF_MEMORY),
        ("crash", FailureReason.CRASHED),
        ("leave", FailureReason.CRASHED),
    ],
)
def test_that_the_reason_of_a_failure_is_told_and_the_next_trial_runs(
    open_bench, behaviour: str, reason: FailureReason
) -> None:
    bench = open_bench()
    ended = bench.run(0, behaviour)
    assert ended.failure.reason is reason
    assert bench.run(1, "train").state is TrialState.COMPLETE


def test_that_a_crash_names_its_signal_and_keeps_the_last_words(open_bench) -> None:
    failure = open_bench().run(0, "crash").failure
    assert "SIGSEGV" in failure.message
    assert "last words" in failure.log_tail


def test_that_garbage_on_stdout_does_not_disturb_the_protocol(open_bench) -> None:
    bench = open_bench()
    ended = bench.run(0, "write_garbage")
    assert ended.state is TrialState.COMPLETE
    assert ended.value == pytest.approx(1 / 3)


def test_that_a_hanging_trial_is_ended_with_its_grandchildren(open_bench, tmp_path: Path) -> None:
    bench = open_bench(trial_seconds=3.0)
    note = tmp_path / "pids"
    ended = bench.run(0, "hang", note=str(note))
    assert ended.failure.reason is FailureReason.TIME_LIMIT
    assert "3 s" in ended.failure.message
    assert all(gone(pid) for pid in pids_in(note))
    assert bench.run(1, "train").state is TrialState.COMPLETE


@pytest.mark.parametrize("behaviour", ["take_memory", "take_memory_in_a_child"])
def test_that_a_trial_that_takes_too_much_memory_is_ended(open_bench, behaviour) -> None:
    bench = open_bench(memory_mb=300)
    ended = bench.run(0, behaviour)
    assert ended.failure.reason is FailureReason.OUT_OF_MEMORY
    assert "300 MB" in ended.failure.message
    assert bench.run(1, "train").state is TrialState.COMPLETE


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is shared")
def test_that_memory_that_processes_share_counts_once(open_bench) -> None:
    assert open_bench(memory_mb=400).run(0, "share_memory").state is TrialState.COMPLETE


def test_that_cancelling_keeps_what_the_trial_had(open_bench) -> None:
    bench = open_bench()
    bench.submit(0, "wait_until_stopped")
    bench.wait_for(TrialProgressed)
    bench.executor.cancel(0)
    ended = bench.wait_for(TrialEnded, 0)
    assert (ended.state, ended.value, ended.step) == (TrialState.INTERRUPTED, 0.5, 1)
    assert bench.run(1, "train").state is TrialState.COMPLETE


def test_that_cancelling_a_deaf_trial_ends_its_whole_process_tree(
    open_bench, tmp_path: Path
) -> None:
    bench = open_bench()
    note = tmp_path / "pids"
    bench.submit(0, "hang", note=str(note))
    pids = pids_in(note)
    bench.executor.cancel(0)
    assert bench.wait_for(TrialEnded, 0).state is TrialState.INTERRUPTED
    assert all(gone(pid) for pid in pids)


def test_that_a_killed_worker_costs_one_trial(open_bench, tmp_path: Path) -> None:
    bench = open_bench(workers=2)
    note = tmp_path / "pids"
    bench.submit(0, "hang", note=str(note))
    bench.submit(1, "wait_until_stopped")
    worker, grandchild = pids_in(note)
    bench.wait_for(TrialProgressed, 1) if not bench.all(TrialProgressed) else None
    psutil.Process(worker).send_signal(signal.SIGKILL)
    ended = bench.wait_for(TrialEnded)
    assert ended.number == 0
    assert ended.failure.reason is FailureReason.CRASHED
    assert gone(grandchild)
    assert bench.run(2, "train").state is TrialState.COMPLETE
    bench.executor.cancel(1)
    assert bench.wait_for(TrialEnded, 1).value == 0.5


def test_that_a_worker_killed_between_trials_is_replaced(open_bench) -> None:
    bench = open_bench()
    worker = psutil.Process(int(bench.run(0, "tell_process").value))
    worker.kill()
    assert gone(worker.pid)
    assert bench.run(1, "train").state is TrialState.COMPLETE


def test_that_a_task_that_cannot_be_opened_is_refused_in_its_own_words(open_bench) -> None:
    bench = open_bench(content={"refusal": "price: there is no such column in houses.csv."})
    bench.submit(0, "train")
    refused = bench.wait_for(WorkersRefused)
    assert refused.message == "price: there is no such column in houses.csv."


def test_that_a_worker_that_ends_at_once_is_refused(open_bench) -> None:
    bench = open_bench(content={"exit": 3})
    bench.submit(0, "train")
    assert "exit code 3" in bench.wait_for(WorkersRefused).message


def test_that_a_worker_that_cannot_start_leaves_its_trial_to_the_others(open_bench) -> None:
    bench = open_bench(devices=["cpu", "mps"], content={"broken": ["mps"]})
    bench.submit(0, "wait_until_stopped")
    bench.submit(1, "wait_until_stopped")
    assert bench.wait_for(WorkerLeftOut) == WorkerLeftOut(1, "mps", "mps is of no use here.")
    assert bench.executor.capacity == 1
    for _ in range(2):
        began = (bench.all(TrialBegan) or [bench.wait_for(TrialBegan)])[-1]
        bench.executor.cancel(began.number)
        ended = bench.wait_for(TrialEnded)
        assert (ended.number, ended.value) == (began.number, 0.5)
        bench.heard.clear()
    assert not bench.all(WorkersRefused)


def test_that_the_last_worker_that_cannot_start_says_that_nothing_can_run(open_bench) -> None:
    bench = open_bench(devices=["cpu", "mps"], content={"broken": ["cpu", "mps"]})
    bench.submit(0, "train")
    bench.submit(1, "train")
    left_out = bench.wait_for(WorkerLeftOut)
    refused = bench.wait_for(WorkersRefused)
    assert refused.message.endswith("is of no use here.")
    assert left_out.message != refused.message
    for number in (0, 1):
        bench.executor.cancel(number)
    ended = [bench.wait_for(TrialEnded) for _ in range(2)]
    assert {message.state for message in ended} == {TrialState.INTERRUPTED}


def test_that_closing_ends_hanging_workers(open_bench, tmp_path: Path) -> None:
    bench = open_bench()
    note = tmp_path / "pids"
    bench.submit(0, "hang", note=str(note))
    pids = pids_in(note)
    bench.executor.close()
    assert all(gone(pid) for pid in pids)


def test_that_test_metrics_are_computed_on_request(open_bench) -> None:
    bench = open_bench()
    bench.executor.test(Trial(7, {"behaviour": "train"}, TrialState.COMPLETE, seed=42))
    assert bench.wait_for(TrialTestEnded) == TrialTestEnded(7, {"test_loss": 42.0})


@pytest.mark.parametrize(
    ("granted", "device", "seen"),
    [
        (None, "cuda:1", 1),
        ("4,6", "cuda:1", 6),
        ("4,6", "cuda:2", -1),
        ("4,6", "cpu", -1),
        ("", "cpu", None),
    ],
)
def test_that_a_trial_sees_its_own_gpu_alone(
    open_bench, monkeypatch, granted, device, seen
) -> None:
    accelerators.cache_clear()
    if granted:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", granted)
    else:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    bench = open_bench(devices=[device])
    assert bench.run(0, "tell_gpus").value == (99 if seen is None else seen)
    accelerators.cache_clear()


def test_that_slots_share_out_devices_and_cores() -> None:
    places = slots(4, ["cuda:0", "cuda:1"])
    assert [place.device for place in places] == ["cuda:0", "cuda:1", "cuda:0", "cuda:1"]
    assert all(place.threads >= 1 for place in places)
    assert len(slots(None, ["cpu"])) == 1
