"""The study loop in virtual time: failed trials that are run again, and failures alike."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from engine.commands import Cancel, Pause, Resume, Stop
from engine.events import Logged, StopReason, StudyState, TrialFinished, TrialQueued, TrialStarted
from engine.store import Store
from engine.trial import Failure, FailureReason, TrialState
from tests.engine.simulation import Behaviour, Simulation, failed, make_spec

TWICE = "retries = 2"


class Flaky:
    """Fails trial `number` so many times, then no more."""

    def __init__(self, number: int, times: int, reason: str = "crashed") -> None:
        self.left = Counter({number: times})
        self.reason = FailureReason(reason)
        self.count = 0

    def __call__(self, number: int) -> Failure | None:
        if self.left[number] <= 0:
            return None
        self.left[number] -= 1
        self.count += 1
        return failed(f"it broke, number {self.count}.", self.reason)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.tune"


def texts(events: list, level: str) -> list[str]:
    return [event.text for event in events if isinstance(event, Logged) and event.level == level]


def attempts(simulation: Simulation, number: int) -> list[tuple[dict, int]]:
    return [(t.params, t.seed) for t in simulation.behaviour.submitted if t.number == number]


def test_that_a_crashed_trial_is_run_again_and_may_succeed(path: Path) -> None:
    behaviour = Behaviour(failure=Flaky(1, 2))
    simulation = Simulation(path, make_spec(budget="trials = 4", limits=TWICE), behaviour)
    events = simulation.run()
    assert {t.state for t in simulation.ledger.all_trials()} == {TrialState.COMPLETE}
    tries = attempts(simulation, 1)
    assert len(tries) == 3
    assert tries[0] == tries[1] == tries[2]
    ends = [e for e in events if isinstance(e, TrialFinished) and e.trial.number == 1]
    assert len(ends) == 1
    assert texts(events, "error") == [
        "Trial 1 failed (attempt 1 of 3): it broke, number 1.",
        "Trial 1 failed (attempt 2 of 3): it broke, number 2.",
    ]
    assert sum(isinstance(e, TrialQueued) for e in events) == 2
    assert [r.step for r in simulation.ledger.reports[1]] == [1, 2, 3]
    assert Store.open(path).trials() == simulation.ledger.all_trials()


def test_that_a_trial_that_fails_once_too_often_says_how_often_and_keeps_the_last(
    path: Path,
) -> None:
    behaviour = Behaviour(failure=Flaky(0, 99))
    simulation = Simulation(path, make_spec(budget="trials = 2", limits=TWICE), behaviour)
    simulation.run()
    failure = simulation.ledger.trials[0].failure
    assert failure == failed("failed 3 times; last: it broke, number 3.", FailureReason.CRASHED)
    assert simulation.ledger.trials[1].state is TrialState.COMPLETE
    assert simulation.ledger.state is StudyState.FINISHED


def test_that_only_failures_for_the_named_reasons_are_retried(path: Path) -> None:
    behaviour = Behaviour(failure=Flaky(0, 99, "exception"))
    simulation = Simulation(path, make_spec(budget="trials = 2", limits=TWICE), behaviour)
    simulation.run()
    assert len(attempts(simulation, 0)) == 1
    assert simulation.ledger.trials[0].failure.message == "it broke, number 1."


def test_that_nothing_is_retried_unless_it_was_asked_for(path: Path) -> None:
    behaviour = Behaviour(failure=Flaky(0, 1))
    simulation = Simulation(path, make_spec(budget="trials = 2"), behaviour)
    simulation.run()
    assert simulation.ledger.trials[0].state is TrialState.FAILED


@pytest.mark.parametrize("looks_ahead", [True, False])
def test_that_the_method_hears_of_the_last_failure_alone(
    path: Path, tmp_path: Path, looks_ahead: bool
) -> None:
    """So a study with retries proposes what one does in which nothing ever failed."""
    whole = Simulation(tmp_path / "whole.tune", make_spec(budget="trials = 6"))
    whole.run()
    simulation = Simulation(
        path,
        make_spec(budget="trials = 6", limits=TWICE),
        Behaviour(failure=Flaky(2, 2)),
        looks_ahead=looks_ahead,
    )
    simulation.run()
    assert [t.params for t in simulation.ledger.all_trials()] == [
        t.params for t in whole.ledger.all_trials()
    ]


def test_that_a_cancelled_trial_is_not_retried(path: Path) -> None:
    behaviour = Behaviour(failure=Flaky(0, 1))
    simulation = Simulation(path, make_spec(budget="trials = 2", limits=TWICE), behaviour)
    simulation.command_at(9, Pause())
    simulation.command_at(50, Cancel(0))
    simulation.command_at(60, Resume())
    simulation.run()
    assert len(attempts(simulation, 0)) == 1
    assert simulation.ledger.trials[0].state is TrialState.CANCELLED


@pytest.mark.parametrize("command", [Cancel(0), Stop()])
def test_that_nothing_that_was_to_end_is_retried(path: Path, command: object) -> None:
    behaviour = Behaviour(failure=Flaky(0, 1), obeys=False)
    simulation = Simulation(path, make_spec(budget="trials = 1", limits=TWICE), behaviour)
    simulation.command_at(5, command)
    simulation.run()
    assert len(attempts(simulation, 0)) == 1
    assert simulation.ledger.trials[0].state is TrialState.FAILED


def test_that_a_trial_that_waits_to_be_retried_survives_the_end_of_the_program(path: Path) -> None:
    spec = make_spec(budget="trials = 3", limits=TWICE)
    first = Simulation(path, spec, Behaviour(failure=Flaky(0, 1)))
    first.command_at(9, Pause())

    class PowerCutError(Exception):
        pass

    def cut() -> None:
        raise PowerCutError

    first.clock.after(50, cut)
    with pytest.raises(PowerCutError):
        first.loop.run()
    first.store._connection.close()
    first.store._lock.release()
    second = Simulation(path, spec)
    assert second.ledger.trials[0].state is TrialState.QUEUED
    second.run()
    assert [t.number for t in second.behaviour.submitted] == [0, 1, 2]
    assert {t.state for t in second.ledger.all_trials()} == {TrialState.COMPLETE}


def test_that_a_retried_trial_goes_on_from_its_checkpoint_with_its_reports(path: Path) -> None:
    behaviour = Behaviour(failure=Flaky(0, 1), checkpoints=True)
    simulation = Simulation(path, make_spec(budget="trials = 1", limits=TWICE), behaviour)
    events = simulation.run()
    started = [event.continues for event in events if isinstance(event, TrialStarted)]
    assert started == [False, True]
    assert simulation.ledger.trials[0].state is TrialState.COMPLETE
    assert [r.step for r in simulation.ledger.reports[0]] == [1, 2, 3]
    assert not simulation.checkpoint_of(0).exists()


def test_that_a_study_whose_trials_fail_alike_stops_and_can_be_gone_on_with(path: Path) -> None:
    spec = make_spec(budget="trials = 20", limits="same_failures = 3")
    broken = Behaviour(failure=lambda number: failed("KeyError: 'lr'") if number > 1 else None)
    simulation = Simulation(path, spec, broken)
    simulation.run()
    assert simulation.ledger.state is StudyState.STOPPED
    assert simulation.ledger.reason is StopReason.FAILURES
    assert simulation.ledger.message == (
        "Stopped: 3 trials in a row failed alike (exception): KeyError: 'lr'"
    )
    assert [t.number for t in broken.submitted] == [0, 1, 2, 3, 4]
    again = Simulation(path, spec)
    again.run()
    assert again.ledger.state is StudyState.FINISHED
    assert len(again.ledger.trials) == 20


def test_that_other_reasons_and_good_trials_begin_a_new_row_of_failures(path: Path) -> None:
    reasons = {0: "exception", 1: "exception", 2: "diverged", 3: "exception", 4: "exception"}

    def failure(number: int) -> Failure | None:
        reason = reasons.get(number % 6)
        return reason and failed(reason=FailureReason(reason))

    spec = make_spec(budget="trials = 20", limits="same_failures = 3")
    simulation = Simulation(path, spec, Behaviour(failure=failure))
    simulation.run()
    assert simulation.ledger.reason is StopReason.TRIALS


def test_that_a_cancelled_trial_says_nothing_about_a_row_of_failures(path: Path) -> None:
    spec = make_spec(budget="trials = 9", limits="same_failures = 3")
    simulation = Simulation(path, spec, Behaviour(failure=lambda number: failed()))
    simulation.command_at(25, Cancel(2))
    simulation.run()
    assert [t.number for t in simulation.behaviour.submitted] == [0, 1, 2, 3]


def test_that_a_study_goes_on_failing_where_no_limit_is_set(path: Path) -> None:
    simulation = Simulation(
        path, make_spec(budget="trials = 12"), Behaviour(failure=lambda number: failed())
    )
    simulation.run()
    assert simulation.ledger.reason is StopReason.TRIALS
    assert len(simulation.ledger.trials) == 12
