"""The study loop in virtual time: pauses of each kind, checkpoints, and trials added by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.commands import Cancel, Enqueue, Pause, Resume, RunAgain, Stop
from engine.events import StopReason, StudyState, StudyStateChanged, TrialQueued, TrialStarted
from engine.store import Store
from engine.trial import Trial, TrialState
from tests.engine.simulation import Behaviour, Simulation, make_spec


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.tune"


def pauses(events: list) -> list[str]:
    paused = StudyState.PAUSED
    return [e.message for e in events if isinstance(e, StudyStateChanged) and e.state is paused]


def outcome(simulation: Simulation) -> list[tuple]:
    return [(t.number, t.params, t.seed, t.value) for t in simulation.ledger.all_trials()]


def test_that_a_pause_says_what_still_runs_until_nothing_does(path: Path) -> None:
    slow = Behaviour(seconds=lambda params: 10.0 + params["batch_size"] / 100)
    simulation = Simulation(path, make_spec("grid", "trials = 4", workers=2), slow)
    simulation.command_at(5, Pause())
    simulation.command_at(100, Resume())
    events = simulation.run()
    messages = pauses(events)
    assert messages[0] == "Still running: trials 0 and 1."
    assert messages[1] in ("Still running: trial 0.", "Still running: trial 1.")
    assert messages[2:] == [""]
    assert all(t.state is TrialState.COMPLETE for t in simulation.ledger.all_trials())


def test_that_a_pause_now_interrupts_what_runs_and_resuming_runs_it_again(
    path: Path, tmp_path: Path
) -> None:
    whole = Simulation(tmp_path / "whole.tune", make_spec(budget="trials = 4"))
    whole.run()
    simulation = Simulation(path, make_spec(budget="trials = 4"))
    simulation.command_at(15, Pause(now=True))
    states: list = []
    simulation.clock.after(50, lambda: states.append(simulation.ledger.trials[1].state))
    simulation.command_at(100, Resume())
    simulation.run()
    assert states == [TrialState.INTERRUPTED]
    assert [t.number for t in simulation.behaviour.submitted] == [0, 1, 1, 2, 3]
    assert outcome(simulation) == outcome(whole)
    assert simulation.ledger.elapsed() == pytest.approx(15 + 30)


def test_that_a_pause_can_be_made_to_be_now_later(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 2"))
    simulation.command_at(5, Pause())
    simulation.command_at(6, Pause(now=True))
    simulation.command_at(100, Resume())
    events = simulation.run()
    assert pauses(events) == ["Still running: trial 0.", ""]
    assert [t.number for t in simulation.behaviour.submitted] == [0, 0, 1]


def test_that_an_interrupted_trial_can_be_cancelled_while_the_study_is_paused(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 2"), Behaviour(checkpoints=True))
    simulation.command_at(5, Pause(now=True))
    simulation.command_at(10, Cancel(0))
    simulation.command_at(20, Resume())
    simulation.run()
    assert simulation.ledger.trials[0].state is TrialState.CANCELLED
    assert not simulation.checkpoint_of(0).exists()
    assert [t.number for t in simulation.behaviour.submitted] == [0, 1]


def test_that_a_trial_with_a_checkpoint_keeps_its_reports_and_its_time(path: Path) -> None:
    behaviour = Behaviour(checkpoints=True)
    simulation = Simulation(path, make_spec(budget="trials = 2"), behaviour)
    simulation.command_at(6, Pause(now=True))
    kept: list = []
    simulation.clock.after(50, lambda: kept.extend(simulation.ledger.reports[0]))
    simulation.command_at(100, Resume())
    events = simulation.run()
    assert [r.step for r in kept] == [1, 2]
    reports = simulation.ledger.reports[0]
    assert reports[:2] == kept
    assert reports[2].seconds == pytest.approx(kept[1].seconds + 7.5)
    assert simulation.ledger.trials[0].seconds == pytest.approx(kept[1].seconds + 10)
    starts = [(e.trial.number, e.continues) for e in events if isinstance(e, TrialStarted)]
    assert starts == [(0, False), (0, True), (1, False)]
    assert list(Store.open(path).reports()[0]) == reports


def test_that_a_report_of_a_known_step_takes_the_place_of_the_old_one(path: Path) -> None:
    """The checkpoint is older than the last report, as that of a program that was killed."""
    first = Simulation(path, make_spec(budget="trials = 1"), Behaviour(checkpoints=True))
    first.command_at(8, Stop())
    first.run()
    (first.checkpoint_of(0) / "step").write_text("1")
    before = first.ledger.reports[0]
    assert [r.step for r in before] == [1, 2, 3]
    second = Simulation(path, make_spec(budget="trials = 1"), Behaviour(epochs=4))
    second.run()
    reports = second.ledger.reports[0]
    assert [r.step for r in reports] == [1, 2, 3, 4]
    assert reports[0] == before[0]
    assert reports[1].seconds > before[1].seconds
    assert list(Store.open(path).reports()[0]) == reports


def test_that_an_empty_checkpoint_is_none(path: Path) -> None:
    first = Simulation(path, make_spec(budget="trials = 1"))
    first.command_at(8, Stop())
    first.run()
    first.checkpoint_of(0).mkdir(parents=True)
    second = Simulation(path, make_spec(budget="trials = 1"), Behaviour(epochs=2))
    second.run()
    assert [r.step for r in second.ledger.reports[0]] == [1, 2]


def test_that_checkpoints_are_deleted_once_they_are_of_no_use(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 3"), Behaviour(checkpoints=True))
    strangers = simulation.checkpoint_of(99)
    strangers.mkdir(parents=True)
    (strangers / "step").write_text("7")
    simulation.run()
    assert list(strangers.parent.iterdir()) == []


def test_that_the_checkpoint_of_an_interrupted_trial_outlives_the_study_thread(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 3"), Behaviour(checkpoints=True))
    simulation.command_at(18, Stop())
    simulation.run()
    assert (simulation.checkpoint_of(1) / "step").read_text() == "3"
    assert not simulation.checkpoint_of(0).exists()


def test_that_a_trial_run_again_is_a_new_one_with_the_same_seed(path: Path) -> None:
    simulation = Simulation(path, make_spec("grid", "trials = 5"))
    simulation.command_at(15, RunAgain(0))
    events = simulation.run()
    first = simulation.ledger.trials[0]
    (queued,) = [event.trial for event in events if isinstance(event, TrialQueued)]
    assert queued == Trial(queued.number, first.params, TrialState.QUEUED, seed=first.seed)
    again = simulation.ledger.trials[queued.number]
    assert (again.state, again.value) == (TrialState.COMPLETE, first.value)
    assert len(simulation.ledger.trials) == 5
    log = [line.text for line in Store.open(path).log()]
    assert f"Trial {again.number} is trial 0 once more." in log


def test_that_a_grid_with_a_repeat_is_still_tried_whole(path: Path) -> None:
    simulation = Simulation(path, make_spec("grid", "seconds = 100000"))
    simulation.command_at(15, RunAgain(0))
    simulation.run()
    assert len(simulation.ledger.trials) == 26
    assert len({tuple(t.params.items()) for t in simulation.ledger.all_trials()}) == 25
    assert simulation.ledger.reason is StopReason.EXHAUSTED


def test_that_a_configuration_added_while_paused_waits_for_the_end_of_the_pause(path: Path) -> None:
    params = {"lr": 1e-3, "batch_size": 128}
    simulation = Simulation(path, make_spec(budget="trials = 3"))
    simulation.command_at(5, Pause())
    simulation.command_at(20, Enqueue(params))
    states: list = []
    simulation.clock.after(50, lambda: states.append(simulation.ledger.trials[1].state))
    simulation.command_at(100, Resume())
    simulation.run()
    assert states == [TrialState.QUEUED]
    assert simulation.ledger.trials[1].params == params
    assert len(simulation.ledger.trials) == 3


@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        ("trials = 20\ntarget = 1.0", StopReason.TARGET),
        ("trials = 20\nseconds = 15", StopReason.SECONDS),
        ("trials = 1", StopReason.TRIALS),
    ],
)
def test_that_a_finished_study_runs_what_is_added_and_proposes_nothing_more(
    path: Path, budget: str, reason: StopReason
) -> None:
    first = Simulation(path, make_spec(budget=budget))
    first.run()
    count = len(first.ledger.trials)
    assert first.ledger.reason is reason
    second = Simulation(path, make_spec(budget=budget), Behaviour(value=lambda params: 2.0))
    second.loop.carry_out(RunAgain(0))
    second.loop.carry_out(RunAgain(0))
    second.run()
    assert [t.number for t in second.behaviour.submitted] == [count, count + 1]
    assert second.ledger.trials[count + 1].state is TrialState.COMPLETE
    assert (second.ledger.state, second.ledger.reason) == (StudyState.FINISHED, reason)
