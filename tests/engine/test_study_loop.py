"""The study loop in virtual time: budgets, stop rules, commands, resuming, failures."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from engine.commands import Cancel, Enqueue, Pause, Resume, Stop
from engine.events import (
    Logged,
    StopReason,
    StudyState,
    StudyStateChanged,
    TrialFinished,
    TrialTested,
)
from engine.executors.messages import ReportsThinned, WorkerLeftOut, WorkersRefused
from engine.store import Store
from engine.trial import TrialState
from tests.engine.simulation import Behaviour, Simulation, failed, make_spec


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.tune"


def values(simulation: Simulation) -> list[tuple[int, str, dict]]:
    return [(t.number, str(t.state), t.params) for t in simulation.ledger.all_trials()]


def test_that_a_study_runs_its_trials_and_says_why_it_stopped(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 10"))
    simulation.run()
    assert len(simulation.ledger.trials) == 10
    assert all(t.state is TrialState.COMPLETE for t in simulation.ledger.trials.values())
    assert simulation.ledger.state is StudyState.FINISHED
    assert simulation.ledger.reason is StopReason.TRIALS
    best = min(simulation.ledger.all_trials(), key=lambda trial: trial.value)
    assert simulation.ledger.best == best
    assert simulation.ledger.elapsed() == pytest.approx(100.0)


def test_that_a_grid_ends_when_every_configuration_has_been_tried(path: Path) -> None:
    simulation = Simulation(path, make_spec("grid", "seconds = 100000", workers=4))
    simulation.run()
    assert len(simulation.ledger.trials) == 25
    assert simulation.ledger.reason is StopReason.EXHAUSTED
    assert len({tuple(t.params.items()) for t in simulation.ledger.trials.values()}) == 25


def test_that_workers_are_kept_busy_and_never_given_more_than_one_trial(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 12", workers=3))
    simulation.run()
    assert simulation.ledger.elapsed() == pytest.approx(40.0)


def test_that_the_wall_time_budget_lets_running_trials_finish(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="seconds = 35"))
    simulation.run()
    assert len(simulation.ledger.trials) == 4
    assert simulation.ledger.reason is StopReason.SECONDS
    assert {t.state for t in simulation.ledger.trials.values()} == {TrialState.COMPLETE}


def test_that_reaching_the_target_ends_the_study_at_once(path: Path) -> None:
    behaviour = Behaviour(value=lambda params: 0.5 if params["lr"] > 1e-3 else 0.01)
    simulation = Simulation(
        path, make_spec("grid", "trials = 25\ntarget = 0.05", workers=2), behaviour
    )
    simulation.run()
    assert simulation.ledger.reason is StopReason.TARGET
    assert simulation.ledger.best.value == 0.01
    assert len(simulation.ledger.trials) < 25
    assert simulation.ledger.state is StudyState.FINISHED


def test_that_a_finished_trial_is_on_disk_before_its_event(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 5"))
    seen = []
    publish = simulation.ledger.publish

    def check_then_publish(event) -> None:
        if isinstance(event, TrialFinished):
            with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as reader:
                query = "SELECT state, value FROM trials WHERE number = ?"
                row = reader.execute(query, (event.trial.number,)).fetchone()
            assert row == ("complete", event.trial.value)
            seen.append(event.trial.number)
        publish(event)

    simulation.ledger.publish = check_then_publish
    simulation.run()
    assert seen == [0, 1, 2, 3, 4]


def test_that_a_paused_study_starts_nothing_and_its_clock_stands(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 4"))
    simulation.command_at(5, Pause())
    simulation.command_at(1000, Resume())
    simulation.run()
    started = [trial.started for trial in simulation.ledger.all_trials()]
    assert started[1] - started[0] == pytest.approx(1000)
    assert simulation.ledger.elapsed() == pytest.approx(5 + 30)


def test_that_a_worker_that_is_left_out_is_said_and_the_study_goes_on(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 6", workers=2))
    simulation.command_at(5, WorkerLeftOut(1, "cuda:1", "it has no memory left."))
    events = simulation.run()
    warnings = [e.text for e in events if isinstance(e, Logged) and e.level == "warning"]
    assert warnings == ["Worker 2 on cuda:1 is left out: it has no memory left."]
    assert simulation.ledger.state is StudyState.FINISHED


def test_that_of_several_refusals_the_first_is_said(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 6"))
    reasons = ("price: there is no such column.", "A worker could not start (exit code 1).")
    refusals = [WorkersRefused(reason) for reason in reasons]
    simulation.clock.after(5, lambda: [*map(simulation.loop.inbox.put, refusals)])
    events = simulation.run()
    errors = [e.text for e in events if isinstance(e, Logged) and e.level == "error"]
    assert errors == [reasons[0]]
    assert simulation.ledger.message == reasons[0]


def test_that_reports_that_are_left_out_are_said(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 2"))
    simulation.command_at(5, ReportsThinned(0))
    lines = [e for e in simulation.run() if isinstance(e, Logged) and "very often" in e.text]
    assert [line.number for line in lines] == [0]


def test_that_a_stopped_study_keeps_partial_results_and_goes_on_with_the_same_trials(
    path: Path, tmp_path: Path
) -> None:
    whole = Simulation(tmp_path / "whole.tune", make_spec(budget="trials = 8"))
    whole.run()
    first = Simulation(path, make_spec(budget="trials = 8"))
    first.command_at(35, Stop())
    first.run()
    assert first.ledger.state is StudyState.STOPPED
    assert first.ledger.reason is StopReason.USER
    interrupted = first.ledger.trials[3]
    assert interrupted.state is TrialState.INTERRUPTED
    assert interrupted.value == 0.5
    second = Simulation(path, make_spec(budget="trials = 8"))
    second.run()
    assert values(second) == values(whole)
    assert [t.seed for t in second.ledger.all_trials()] == [
        t.seed for t in whole.ledger.all_trials()
    ]
    assert [t.number for t in second.behaviour.submitted] == [3, 4, 5, 6, 7]


def test_that_killed_studies_go_on_from_what_is_on_disk(path: Path) -> None:
    first = Simulation(path, make_spec(budget="trials = 8", workers=2))

    class PowerCutError(Exception):
        pass

    def cut() -> None:
        raise PowerCutError

    first.clock.after(35, cut)
    with pytest.raises(PowerCutError):
        first.loop.run()
    first.store._connection.close()  # as a dead process does: nothing more is written
    first.store._lock.release()
    assert Store.open(path).condition()[:2] == (StudyState.STOPPED, StopReason.KILLED)
    second = Simulation(path, make_spec(budget="trials = 8", workers=2))
    done = [t.number for t in second.ledger.all_trials() if t.state is TrialState.COMPLETE]
    assert len(done) >= 4
    events = second.run()
    assert not {t.number for t in second.behaviour.submitted} & set(done)
    assert [t.number for t in second.ledger.all_trials()] == list(range(8))
    assert all(t.state is TrialState.COMPLETE for t in second.ledger.trials.values())
    assert any(isinstance(e, Logged) and "interrupted" in e.text for e in events)


def test_that_reports_of_an_interrupted_run_are_not_mixed_with_those_of_the_next(
    path: Path,
) -> None:
    first = Simulation(path, make_spec(budget="trials = 2"))
    first.command_at(8, Stop())
    first.run()
    assert len(first.ledger.reports[0]) == 3
    second = Simulation(path, make_spec(budget="trials = 2"), Behaviour(epochs=2))
    second.run()
    assert [r.step for r in second.ledger.reports[0]] == [1, 2]
    assert [r.step for r in Store.open(path).reports()[0]] == [1, 2]


def test_that_a_cancelled_trial_is_not_run_again(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 3"))
    simulation.command_at(15, Cancel(1))
    simulation.run()
    states = [t.state for t in simulation.ledger.all_trials()]
    assert states == [TrialState.COMPLETE, TrialState.CANCELLED, TrialState.COMPLETE]


def test_that_failures_are_recorded_and_the_study_goes_on(path: Path) -> None:
    behaviour = Behaviour(failure=lambda number: failed() if number % 2 else None)
    simulation = Simulation(path, make_spec(budget="trials = 6"), behaviour)
    simulation.run()
    assert simulation.ledger.trials[1].failure == failed()
    assert simulation.ledger.trials[1].value is None
    assert simulation.ledger.reason is StopReason.TRIALS
    assert Store.open(path).trials() == simulation.ledger.all_trials()


def test_that_an_enqueued_configuration_is_run_next_and_not_proposed_again(path: Path) -> None:
    params = {"lr": 1e-3, "batch_size": 128}
    simulation = Simulation(path, make_spec("grid", "trials = 25"))
    simulation.command_at(15, Enqueue(params))
    simulation.run()
    assert simulation.ledger.trials[2].params == params or (
        simulation.ledger.trials[0].params == params
    )
    assert len(simulation.ledger.trials) == 25


def test_that_what_is_added_while_the_best_trial_is_tested_is_run(path: Path) -> None:
    spec = make_spec(budget="trials = 4", workers=1)
    simulation = Simulation(path, spec, Behaviour(writes_weights=True))
    simulation.command_at(40.5, Enqueue(spec.space.validate({"lr": 1e-3, "batch_size": 64})))
    simulation.run()
    assert simulation.behaviour.tested, "the best was not tested at that moment"
    assert simulation.ledger.message == "All 5 trials are done."
    assert {t.state for t in Store.open(path).trials()} == {TrialState.COMPLETE}


def test_that_the_best_trial_alone_is_tested_once(path: Path) -> None:
    behaviour = Behaviour(writes_weights=True)
    simulation = Simulation(path, make_spec(budget="trials = 5"), behaviour)
    events = simulation.run()
    tested = [event.trial for event in events if isinstance(event, TrialTested)]
    assert [trial.number for trial in tested] == [simulation.ledger.best.number]
    assert tested[0].test == {"test_accuracy": 0.5}
    assert Store.open(path).trials()[tested[0].number].test == {"test_accuracy": 0.5}
    assert behaviour.tested == [tested[0].number]
    assert isinstance(events[-1], StudyStateChanged)


def test_that_only_the_weights_of_the_best_few_are_kept(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 9"), Behaviour(writes_weights=True))
    simulation.run()
    ranked = sorted(simulation.ledger.all_trials(), key=lambda trial: trial.value)
    kept = {t.number for t in ranked if simulation.weights_of(t.number).exists()}
    assert kept == {trial.number for trial in ranked[:3]}


@pytest.mark.parametrize("looks_ahead", [True, False])
def test_that_asking_ahead_changes_nothing(path: Path, tmp_path: Path, looks_ahead: bool) -> None:
    reference = Simulation(tmp_path / "other.tune", make_spec(budget="trials = 7"))
    reference.run()
    simulation = Simulation(path, make_spec(budget="trials = 7"), looks_ahead=looks_ahead)
    simulation.run()
    assert values(simulation) == values(reference)


def test_that_trials_know_their_place_among_those_that_ended(path: Path) -> None:
    """Live and in the file, whatever their numbers, and also those cancelled before they began."""
    slow = Behaviour(seconds=lambda params: 10.0 + 1e3 * params["lr"])
    simulation = Simulation(path, make_spec(budget="trials = 9", workers=3), slow)
    simulation.command_at(5.0, Enqueue(simulation.ledger.spec.space.default()))
    simulation.command_at(6.0, Cancel(3))
    ended = [e.trial for e in simulation.run() if isinstance(e, TrialFinished)]
    assert [trial.ended for trial in ended] == list(range(1, len(ended) + 1))
    assert ended[0].number == 3
    assert ended[0].started is None
    assert Store.open(path).trials() == simulation.ledger.all_trials()
