"""Trials that train as one, and their worker is lost: none fails for what another did."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.executors.messages import StackSized, TrialEnded, TrialProgressed, TrialReturned
from engine.trial import FailureReason, TrialState
from tests.faults.executor_bench import gone, pids_in

COMPLETE, INTERRUPTED = TrialState.COMPLETE, TrialState.INTERRUPTED


def _all_came_back_alone(fates: dict[int, Any]) -> bool:
    return all(isinstance(fate, TrialReturned) and fate.alone for fate in fates.values())


def _next_stack_runs(bench: Any) -> bool:
    bench.submit_stack({18: {}, 19: {}})
    return all(fate.state is COMPLETE for fate in bench.fates(18, 19).values())


def test_that_of_a_stack_that_was_killed_all_come_back_to_be_run_alone(
    open_bench, tmp_path: Path
) -> None:
    bench = open_bench()
    note = tmp_path / "pids"
    bench.submit_stack({0: {"epochs": 1}, 1: {"does": "hang", "note": str(note)}, 2: {}})
    assert bench.fates(0)[0].state is COMPLETE
    worker, grandchild = pids_in(note)
    psutil.Process(worker).send_signal(signal.SIGKILL)
    fates = bench.fates(1, 2)
    assert _all_came_back_alone(fates)
    assert "SIGKILL" in fates[1].why
    assert gone(worker, patience=0.0)
    assert gone(grandchild)
    assert _next_stack_runs(bench)


def test_that_only_the_guilty_one_of_a_stack_that_crashed_fails_in_the_end(open_bench) -> None:
    bench = open_bench()
    bench.submit_stack({0: {}, 1: {"does": "crash"}, 2: {}})
    assert _all_came_back_alone(bench.fates(0, 1, 2))
    assert bench.run(0, "train").state is COMPLETE
    assert bench.run(1, "crash").failure.reason is FailureReason.CRASHED
    assert bench.run(2, "train").state is COMPLETE


def test_that_a_stack_whose_process_dies_before_it_begins_is_tried_once_more(
    open_bench, tmp_path: Path
) -> None:
    bench = open_bench()
    bench.submit_stack({0: {"dies_once": str(tmp_path / "once")}, 1: {}})
    assert {fate.state for fate in bench.fates(0, 1).values()} == {COMPLETE}


def test_that_an_exception_of_a_stack_ends_those_that_are_left_with_its_reason(open_bench) -> None:
    bench = open_bench()
    bench.submit_stack({0: {"epochs": 1}, 1: {"does": "fail"}, 2: {}})
    fates = bench.fates(0, 1, 2)
    assert fates[0].state is COMPLETE
    for number in (1, 2):
        failure = fates[number].failure
        assert failure.reason is FailureReason.EXCEPTION
        assert failure.message == "ValueError: the data are not what they seem"
        assert "odd_stacks.py" in failure.log_tail
        assert "inside" not in failure.log_tail
    assert _next_stack_runs(bench)


def test_that_a_stack_that_forgets_its_trials_fails_them(open_bench) -> None:
    bench = open_bench()
    bench.submit_stack({0: {}, 1: {"does": "give_up"}})
    for fate in bench.fates(0, 1).values():
        assert fate.failure.message == "The training of several trials ended without this one."


def test_that_without_memory_for_all_they_come_back_alone_and_only_one_alone_fails(
    open_bench,
) -> None:
    bench = open_bench()
    before = bench.run(9, "tell_process").value
    bench.submit_stack({0: {"does": "run_out_of_memory"}, 1: {}, 2: {}, 3: {}})
    fates = bench.fates(0, 1, 2, 3)
    assert _all_came_back_alone(fates)
    assert fates[0].why == "MemoryError: no room for so many"
    assert bench.all(StackSized) == [StackSized(0, 4), StackSized(0, 2)]
    assert bench.run(0, "run_out_of_memory").failure.reason is FailureReason.OUT_OF_MEMORY
    assert bench.run(8, "tell_process").value != before


def test_that_a_stack_above_the_limit_of_memory_comes_back_alone(open_bench) -> None:
    bench = open_bench(memory_mb=300)
    bench.submit_stack({0: {"does": "take_memory"}, 1: {}})
    fates = bench.fates(0, 1)
    assert _all_came_back_alone(fates)
    assert "300 MB" in fates[1].why
    assert bench.all(StackSized)[-1] == StackSized(0, 1)
    assert _next_stack_runs(bench)


@pytest.mark.parametrize("limit", ["trial_seconds", "report_seconds"])
def test_that_a_stack_that_hangs_is_ended_and_comes_back_alone(
    open_bench, tmp_path: Path, limit: str
) -> None:
    bench = open_bench(**{limit: 1.0})
    note = tmp_path / "pids"
    bench.submit_stack({0: {"does": "hang", "note": str(note)}, 1: {}})
    fates = bench.fates(0, 1)
    assert _all_came_back_alone(fates)
    assert "1 s" in fates[0].why
    assert all(gone(pid) for pid in pids_in(note))
    assert _next_stack_runs(bench)


def test_that_the_last_one_of_a_stack_fails_where_it_hangs(open_bench, tmp_path: Path) -> None:
    bench = open_bench(report_seconds=1.0)
    note = tmp_path / "pids"
    bench.submit_stack({0: {"epochs": 1}, 1: {"does": "hang", "note": str(note)}})
    fates = bench.fates(0, 1)
    assert fates[0].state is COMPLETE
    assert fates[1].failure.reason is FailureReason.TIME_LIMIT


def test_that_a_stack_may_take_as_much_longer_as_it_has_members(open_bench) -> None:
    bench = open_bench(trial_seconds=0.4)
    bench.submit_stack({number: {"epochs": 60} for number in range(16)})
    assert {fate.state for fate in bench.fates(*range(16)).values()} == {COMPLETE}


def test_that_a_deaf_member_is_ended_and_the_others_come_back_for_another_stack(
    open_bench,
) -> None:
    bench = open_bench()
    bench.submit_stack({0: {"epochs": 0}, 1: {"does": "be_deaf"}, 2: {"epochs": 0}})
    bench.wait_for(TrialProgressed, 1)
    bench.executor.cancel(1)
    fates = bench.fates(0, 1, 2)
    assert fates[1].state is INTERRUPTED
    for number in (0, 2):
        assert isinstance(fates[number], TrialReturned)
        assert not fates[number].alone
        assert "Trial 1 did not stop" in fates[number].why
    assert _next_stack_runs(bench)


def test_that_those_told_to_stop_end_so_when_their_process_dies(open_bench, tmp_path: Path) -> None:
    bench = open_bench()
    note = tmp_path / "pids"
    bench.submit_stack({0: {"does": "hang", "note": str(note)}, 1: {}})
    worker, _ = pids_in(note)
    bench.executor.cancel(1)
    psutil.Process(worker).send_signal(signal.SIGKILL)
    fates = bench.fates(0, 1)
    assert fates[1].state is INTERRUPTED
    assert _all_came_back_alone({0: fates[0]})


def test_that_closing_in_the_middle_of_a_stack_leaves_nothing_behind(
    open_bench, tmp_path: Path
) -> None:
    bench = open_bench()
    note = tmp_path / "pids"
    bench.submit_stack({0: {"does": "hang", "note": str(note)}, 1: {}})
    pids = pids_in(note)
    bench.submit_stack({2: {}, 3: {}})
    bench.executor.close()
    assert all(gone(pid) for pid in pids)
    assert {fate.state for fate in bench.fates(0, 1, 2, 3).values()} == {INTERRUPTED}


def test_that_a_worker_that_goes_on_when_its_last_trial_has_ended_is_replaced(open_bench) -> None:
    bench = open_bench()
    before = bench.run(9, "tell_process").value
    bench.submit_stack({0: {"lingers": True}, 1: {}})
    bench.fates(0, 1)
    assert bench.run(8, "tell_process").value != before
    assert gone(int(before))


def test_that_forks_of_a_stacks_training_say_nothing_in_its_name(open_bench) -> None:
    bench = open_bench()
    bench.submit_stack({0: {"epochs": 4}, 1: {"does": "fork"}})
    fates = bench.fates(0, 1)
    assert (fates[0].state, fates[0].step) == (COMPLETE, 4)
    assert (fates[1].state, fates[1].value) == (COMPLETE, 3.0)
    assert {message.report.step for message in bench.progress()} == {1, 2, 3, 4}
    assert _next_stack_runs(bench)


@pytest.mark.parametrize(
    "says",
    [
        {"kind": "sized", "size": 0},
        {"kind": "returned", "alone": "yes"},
        {"kind": "returned", "why": 3},
        {"kind": "report"},
    ],
    ids=str,
)
def test_that_a_stack_that_talks_nonsense_comes_back_alone(open_bench, says) -> None:
    bench = open_bench()
    bench.submit_stack({0: {"does": "talk_nonsense", "says": says}, 1: {}})
    fates = bench.fates(0, 1)
    assert _all_came_back_alone(fates)
    assert "makes no sense" in fates[0].why
    assert not [message for message in bench.heard if isinstance(message, TrialEnded)]
