"""Several trials that one worker trains as one: who is taken, who joins, who leaves and when."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from engine.executors import watch
from engine.executors.messages import (
    StackSized,
    TrialBegan,
    TrialEnded,
    TrialProgressed,
    TrialReturned,
)
from engine.trial import FailureReason, TrialState
from tests import script_worker

COMPLETE, INTERRUPTED = TrialState.COMPLETE, TrialState.INTERRUPTED


def wait_until_there(path: Path) -> None:
    """Until the worker has come to where it makes this file."""
    while not path.exists():
        time.sleep(0.01)


def test_that_trials_train_as_one_and_each_ends_with_its_own_value(open_bench) -> None:
    bench = open_bench()
    bench.submit_stack({number: {"epochs": number + 1} for number in range(3)})
    fates = bench.fates(0, 1, 2)
    assert [fate.state for fate in fates.values()] == [COMPLETE] * 3
    assert [fates[number].value for number in range(3)] == [1.0, 1 / 2, 1 / 3]
    assert {began.number for began in bench.all(TrialBegan)} == {0, 1, 2}
    steps = [m.report.step for m in bench.progress() if m.number == 2]
    assert steps == [1, 2, 3]


def test_that_the_end_of_one_is_told_while_the_others_go_on(open_bench) -> None:
    bench = open_bench()
    bench.submit_stack({0: {"epochs": 1}, 1: {"epochs": 0}})
    assert list(bench.fates(0)) == [0]
    bench.wait_for(TrialProgressed, 1)
    bench.executor.cancel(1)
    assert bench.fates(1)[1].state is INTERRUPTED


def test_that_a_worker_lives_on_after_a_stack(open_bench) -> None:
    bench = open_bench()
    before = bench.run(8, "tell_process").value
    bench.submit_stack({0: {}, 1: {}})
    bench.fates(0, 1)
    assert bench.run(9, "tell_process").value == before


def test_that_what_is_too_much_for_a_worker_comes_back_and_the_size_is_told(open_bench) -> None:
    bench = open_bench()
    bench.submit_stack({0: {"fits": 2}, 1: {}, 2: {}, 3: {}})
    fates = bench.fates(0, 1, 2, 3)
    assert bench.all(StackSized) == [StackSized(0, 2)]
    assert {fates[number].state for number in (0, 1)} == {COMPLETE}
    assert [fates[number] for number in (2, 3)] == [TrialReturned(2), TrialReturned(3)]
    assert list(fates)[:2] == [2, 3]


def test_that_where_training_alone_is_best_the_first_runs_and_the_others_come_back(
    open_bench,
) -> None:
    bench = open_bench()
    bench.submit_stack({0: {"fits": 1}, 1: {}, 2: {}})
    fates = bench.fates(0, 1, 2)
    assert fates[0].state is COMPLETE
    assert [fates[1], fates[2]] == [TrialReturned(1), TrialReturned(2)]


def test_that_a_worker_is_told_how_many_may_train_as_one(open_bench) -> None:
    bench = open_bench()
    bench.submit_stack({0: {}, 1: {}, 2: {}}, most=2)
    assert bench.fates(0, 1, 2)[2] == TrialReturned(2)


def test_that_one_member_is_cancelled_and_the_others_are_not_disturbed(open_bench) -> None:
    bench = open_bench()
    bench.submit_stack({number: {"epochs": 0} for number in range(3)})
    bench.wait_for(TrialProgressed, 1)
    bench.executor.cancel(1)
    left = bench.fates(1)[1]
    assert left.state is INTERRUPTED
    assert left.value == 1 / left.step
    bench.wait_for(TrialProgressed, 0)
    bench.wait_for(TrialProgressed, 2)
    for number in (0, 2):
        bench.executor.cancel(number)
    assert {fate.state for fate in bench.fates(0, 2).values()} == {INTERRUPTED}


@pytest.mark.parametrize("does", ["diverge", "be_infinite"])
def test_that_a_member_that_diverges_fails_and_no_other(open_bench, does: str) -> None:
    bench = open_bench()
    bench.submit_stack({0: {}, 1: {"does": does}, 2: {}})
    fates = bench.fates(0, 1, 2)
    assert fates[1].failure.reason is FailureReason.DIVERGED
    assert {fates[number].state for number in (0, 2)} == {COMPLETE}


def test_that_a_member_may_be_given_back_in_the_middle(open_bench) -> None:
    bench = open_bench()
    bench.submit_stack({0: {}, 1: {"does": "come_back"}})
    fates = bench.fates(0, 1)
    assert fates[1] == TrialReturned(1, "It got in the way of the others.", alone=True)
    assert fates[0].state is COMPLETE


def test_that_the_seconds_of_members_add_up_to_what_their_stack_took(open_bench) -> None:
    bench = open_bench()
    bench.run(9, "train")
    begun = time.monotonic()
    bench.submit_stack({number: {"epochs": 20} for number in range(8)})
    seconds = [fate.seconds for fate in bench.fates(*range(8)).values()]
    assert 0 < sum(seconds) <= time.monotonic() - begun
    reported = [m.report.seconds for m in bench.progress() if m.number == 0]
    assert reported == sorted(reported)


# Joining


def test_that_a_trial_joins_when_an_epoch_ends(open_bench) -> None:
    bench = open_bench()
    bench.submit_stack({0: {"epochs": 0}, 1: {"epochs": 0}}, most=3)
    bench.wait_for(TrialProgressed, 1)
    bench.submit_stack({2: {"epochs": 2}}, beside=1)
    joined = bench.fates(2)[2]
    assert (joined.state, joined.step) == (COMPLETE, 2)
    assert [m.report.step for m in bench.progress() if m.number == 2] == [1, 2]
    for number in (0, 1):
        bench.executor.cancel(number)
    assert set(bench.fates(0, 1)) == {0, 1}


def test_that_what_joins_where_there_is_no_room_comes_back(open_bench) -> None:
    bench = open_bench()
    bench.submit_stack({0: {"epochs": 0}, 1: {"epochs": 0}})
    bench.wait_for(TrialProgressed, 1)
    bench.submit_stack({2: {}}, beside=0)
    assert bench.fates(2) == {2: TrialReturned(2)}
    for number in (0, 1):
        bench.executor.cancel(number)
    bench.fates(0, 1)


@pytest.mark.parametrize("others", [{}, {1: {"epochs": 1}}], ids=["by itself", "a stack"])
def test_that_what_joins_too_late_comes_back(open_bench, others) -> None:
    bench = open_bench()
    bench.submit_stack({0: {"behaviour": "train", "epochs": 1}, **others})
    bench.fates(0, *others)
    bench.run(8, "train")
    bench.submit_stack({9: {}}, beside=0)
    assert bench.fates(9) == {9: TrialReturned(9)}


def test_that_nobody_joins_a_trial_that_runs_by_itself(open_bench) -> None:
    bench = open_bench()
    bench.submit(0, "wait_until_stopped")
    bench.wait_for(TrialProgressed, 0)
    bench.submit_stack({1: {}}, beside=0)
    assert bench.fates(1) == {1: TrialReturned(1)}
    bench.executor.cancel(0)
    bench.fates(0)


def test_that_what_joins_when_the_last_has_ended_is_not_taken_by_the_next_stack(
    open_bench, tmp_path: Path
) -> None:
    bench = open_bench()
    gate = tmp_path / "gate"
    bench.submit_stack({0: {"epochs": 2, "gate": str(gate), "fits": 2}, 1: {"epochs": 1}}, most=3)
    assert list(bench.fates(1)) == [1]
    for number in range(2, 5):
        bench.submit_stack({number: {"epochs": 1}}, beside=0)
    bench.submit_stack({8: {"epochs": 1}, 9: {"epochs": 1}})
    gate.touch()
    fates = bench.fates(0, 2, 3, 4, 8, 9)
    assert {fates[number].state for number in (0, 8, 9)} == {COMPLETE}
    assert all(not fate.why for fate in fates.values() if isinstance(fate, TrialReturned))


def test_that_a_worker_does_not_keep_what_joins_too_late_for_its_next_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def orders(*numbers: int) -> list[dict[str, Any]]:
        return [{"trial": n, "params": {}, "seed": 0, "weights": ""} for n in numbers]

    monkeypatch.setattr(script_worker, "WORKER", Path(__file__).with_name("odd_worker.py"))
    with script_worker.ScriptWorker(tmp_path / "none.py") as worker:
        worker.send("run_many", unit=1, most=4, trials=orders(1, 2))
        worker.hear("done")
        worker.send("run_many", unit=2, most=4, trials=orders(4, 5))
        worker.send("join", unit=1, trials=orders(3))
        heard = worker.hear_all("done")
    assert {message["trial"] for message in heard if "trial" in message} == {4, 5}


def test_that_a_trial_that_waits_for_a_worker_can_be_joined(open_bench) -> None:
    bench = open_bench()
    bench.submit(9, "wait_until_stopped")
    bench.wait_for(TrialProgressed, 9)
    bench.submit_stack({0: {}}, most=2)
    bench.submit_stack({1: {}}, beside=0)
    bench.executor.cancel(9)
    fates = bench.fates(9, 0, 1)
    assert {fates[number].state for number in (0, 1)} == {COMPLETE}
    assert bench.all(StackSized) == [StackSized(0, 2)]


# Stopped before they began


def test_that_one_that_waits_to_be_taken_in_is_cancelled_and_nobody_is_disturbed(
    open_bench, tmp_path: Path
) -> None:
    bench = open_bench()
    gate = tmp_path / "gate"
    bench.submit_stack({0: {"gate": str(gate)}, 1: {}}, most=3)
    wait_until_there(gate.with_suffix(".asked"))
    bench.submit_stack({2: {}}, beside=0)
    bench.executor.cancel(2)
    assert bench.fates(2)[2].state is INTERRUPTED
    gate.touch()
    assert {fate.state for fate in bench.fates(0, 1).values()} == {COMPLETE}
    assert not bench.all(TrialReturned)
    assert 2 not in {began.number for began in bench.all(TrialBegan)}


def test_that_one_cancelled_while_the_stack_is_prepared_has_time_until_it_begins(
    open_bench, tmp_path: Path
) -> None:
    bench = open_bench()
    ready, asked = tmp_path / "ready", tmp_path / "ready.asked"
    bench.submit_stack({0: {"waits_for": str(ready)}, 1: {}})
    wait_until_there(asked)
    bench.executor.cancel(1)
    time.sleep(2 * watch.STOP_GRACE)
    ready.touch()
    fates = bench.fates(0, 1)
    assert (fates[0].state, fates[1].state) == (COMPLETE, INTERRUPTED)


def test_that_a_member_cancelled_before_a_worker_is_free_never_begins(open_bench) -> None:
    bench = open_bench()
    bench.submit(9, "wait_until_stopped")
    bench.wait_for(TrialProgressed, 9)
    bench.submit_stack({0: {}, 1: {}, 2: {}})
    bench.executor.cancel(1)
    bench.executor.cancel(9)
    bench.wait_for(TrialEnded, 9)
    fates = bench.fates(0, 1, 2)
    assert fates[1].state is INTERRUPTED
    assert {fates[number].state for number in (0, 2)} == {COMPLETE}
    assert 1 not in {began.number for began in bench.all(TrialBegan)}
