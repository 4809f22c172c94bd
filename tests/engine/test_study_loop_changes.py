"""The study loop in virtual time: limits, workers, budget and space changed while it lives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.commands import Change, Pause, Resume, RunAgain
from engine.events import Logged, StopReason, StudyChanged, StudyState
from engine.space import Categorical, Float, Int, SearchSpace, SpaceError
from engine.spec import Budget, Limits
from engine.store import Store
from engine.trial import TrialState
from tests.engine.simulation import Behaviour, Simulation, make_spec

NARROW = SearchSpace(
    [Float("lr", 1e-3, 1e-1, log=True, grid=3), Int("batch_size", 32, 512, log=True, grid=5)]
)
WIDER = SearchSpace([*NARROW.parameters, Categorical("optimizer", ["adam", "sgd"])])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.tune"


def fits(space: SearchSpace, params: dict[str, Any]) -> bool:
    try:
        space.validate(params)
    except SpaceError:
        return False
    return True


def starts(simulation: Simulation) -> list[float]:
    """Seconds from the study's start to that of each trial."""
    began = [trial.started - 1_000_000.0 for trial in simulation.ledger.all_trials()]
    return pytest.approx(began)


def test_that_a_changed_limit_holds_for_trials_after_those_that_run(path: Path) -> None:
    slow = Behaviour(seconds=lambda params: 10.0 if params["lr"] > 1e-3 else 30.0)
    simulation = Simulation(path, make_spec("grid", "trials = 6", workers=2), slow)
    limits = Limits(trial_seconds=99.0)
    simulation.command_at(5, Change(limits=limits))
    events = simulation.run()
    assert [spec.limits.trial_seconds for spec in slow.hired] == [None, 99.0]
    ends = [simulation.ledger.trials[number].finished for number in (0, 1)]
    assert simulation.ledger.trials[2].started == pytest.approx(max(ends))
    assert [e.spec.limits for e in events if isinstance(e, StudyChanged)] == [limits]
    assert Store.open(path).spec().limits == limits
    assert "Changed: limits." in [line.text for line in Store.open(path).log()]


def test_that_limits_which_workers_do_not_watch_hold_at_once(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 4"))
    simulation.command_at(5, Change(limits=Limits(retries=1, same_failures=3)))
    simulation.run()
    assert len(simulation.behaviour.hired) == 1
    assert simulation.ledger.spec.limits.retries == 1
    assert simulation.ledger.elapsed() == pytest.approx(40)


def test_that_workers_become_more_and_fewer(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 9"))
    simulation.command_at(5, Change(workers=3))
    simulation.command_at(25, Change(workers=1))
    events = simulation.run()
    assert starts(simulation) == [0, 10, 10, 10, 20, 20, 20, 30, 40]
    assert [e.workers for e in events if isinstance(e, StudyChanged)] == [3, 1]
    assert simulation.ledger.workers == 1
    assert Store.open(path).spec().resources.workers == 1


def test_that_workers_are_changed_during_a_pause_too(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 4"))
    simulation.command_at(5, Pause(now=True))
    simulation.command_at(7, Change(workers=2))
    simulation.command_at(100, Resume())
    simulation.run()
    assert starts(simulation) == [100, 100, 110, 110]


def test_that_what_is_changed_before_the_devices_are_free_holds_from_the_start(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 4"))
    simulation.loop.carry_out(Change(workers=4, budget=Budget(trials=8)))
    simulation.run()
    assert starts(simulation) == [0] * 4 + [10] * 4
    assert simulation.ledger.state is StudyState.FINISHED


def test_that_a_larger_budget_lets_a_running_study_go_on_longer(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 2"))
    simulation.command_at(15, Change(budget=Budget(trials=5)))
    simulation.run()
    assert len(simulation.ledger.trials) == 5
    assert simulation.ledger.message == "All 5 trials are done."


def test_that_a_smaller_budget_ends_a_study_when_what_runs_is_done(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 20", workers=2))
    simulation.command_at(15, Change(budget=Budget(trials=3)))
    simulation.run()
    assert {t.state for t in simulation.ledger.all_trials()} == {TrialState.COMPLETE}
    assert len(simulation.ledger.trials) == 4
    assert simulation.ledger.reason is StopReason.TRIALS


def test_that_a_target_that_was_reached_already_ends_the_study(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 20"))
    simulation.command_at(15, Change(budget=Budget(trials=20, target=1.0)))
    simulation.run()
    assert simulation.ledger.reason is StopReason.TARGET
    assert simulation.ledger.elapsed() == pytest.approx(15)


def test_that_a_study_which_only_ran_what_was_added_goes_on_when_its_target_is_lifted(
    path: Path,
) -> None:
    Simulation(path, make_spec(budget="trials = 20\ntarget = 1.0")).run()
    second = Simulation(path, make_spec(budget="trials = 20\ntarget = 1.0"))
    second.loop.carry_out(RunAgain(0))
    second.command_at(5, Change(budget=Budget(trials=4)))
    second.run()
    assert len(second.ledger.trials) == 4
    assert second.ledger.reason is StopReason.TRIALS


def test_that_what_the_method_proposed_for_the_old_space_is_not_run(path: Path) -> None:
    """It is still thinking when the space is changed, and answers later."""
    slow = Behaviour(thinks=8.0)
    simulation = Simulation(path, make_spec("random", "trials = 12", workers=4), slow)
    simulation.command_at(5, Change(space=NARROW))
    simulation.run()
    assert len(simulation.ledger.trials) == 12
    assert all(fits(NARROW, t.params) for t in simulation.ledger.all_trials())


@pytest.mark.parametrize("method", ["grid", "random", "bayesian"])
@pytest.mark.parametrize("space", [NARROW, WIDER], ids=["narrow", "wider"])
def test_that_trials_after_a_change_of_the_space_lie_in_the_new_one(
    path: Path, method: str, space: SearchSpace
) -> None:
    simulation = Simulation(
        path, make_spec(method, "trials = 9", workers=2), looks_ahead=method != "bayesian"
    )
    simulation.command_at(15, Change(space=space))
    simulation.run()
    trials = simulation.ledger.all_trials()
    assert [t.number for t in trials] == list(range(9))
    assert {t.state for t in trials} == {TrialState.COMPLETE}
    later = [t.params for t in trials if t.started > 1_000_015.0]
    assert len(later) == 5
    assert all(fits(space, params) for params in later)
    assert Store.open(path).spec().space == space


def test_that_what_was_measured_is_not_tried_again_where_it_fits_the_new_space(path: Path) -> None:
    simulation = Simulation(path, make_spec("grid", "seconds = 100000"))
    simulation.command_at(115, Change(space=NARROW))
    simulation.run()
    trials = [t.params for t in simulation.ledger.all_trials()]
    within = [tuple(params.items()) for params in trials if fits(NARROW, params)]
    assert len(within) == len(set(within)) == 15
    assert any(not fits(NARROW, params) for params in trials)
    assert simulation.ledger.reason is StopReason.EXHAUSTED
    again = Simulation(path, simulation.ledger.spec)
    again.run()
    assert again.behaviour.submitted == []


def test_that_a_study_with_a_changed_space_is_resumed_as_if_nothing_had_happened(
    path: Path, tmp_path: Path
) -> None:
    def changed(file: Path) -> Simulation:
        simulation = Simulation(file, make_spec("bayesian", "trials = 6"), looks_ahead=False)
        simulation.command_at(25, Change(space=NARROW))
        return simulation

    whole = changed(tmp_path / "whole.tune")
    whole.run()
    first = changed(path)
    first.command_at(35, Change(budget=Budget(trials=3)))
    first.run()
    second = Simulation(path, first.ledger.spec, looks_ahead=False)
    second.loop.carry_out(Change(budget=Budget(trials=6)))
    second.run()
    assert [t.params for t in second.ledger.all_trials()] == [
        t.params for t in whole.ledger.all_trials()
    ]


def test_that_a_change_that_cannot_be_leaves_the_study_as_it_was(path: Path) -> None:
    spec = make_spec(budget="trials = 2")
    simulation = Simulation(path, spec)
    nonsense = SearchSpace([Float("temperature", 0.0, 1.0)])
    simulation.command_at(5, Change(space=nonsense))
    events = simulation.run()
    errors = [e.text for e in events if isinstance(e, Logged) and e.level == "error"]
    assert len(errors) == 1
    assert errors[0].startswith("The study was not changed: ")
    assert simulation.ledger.spec == spec
    assert simulation.ledger.reason is StopReason.TRIALS
