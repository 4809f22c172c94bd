"""The study loop in virtual time: trials that are stopped because they are not worth finishing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.commands import Pause, Resume, Stop
from engine.events import Logged, StudyState
from engine.spec import PrunerSpec, SpecError, StudySpec
from engine.store import Store
from engine.trial import TrialState
from tests.engine.simulation import Behaviour, Simulation, make_spec

EPOCHS = 8


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.tune"


def spec_of(name: str = "median", trials: int = 30, workers: int = 1, **options: Any) -> StudySpec:
    options = {"min_steps": 2, **options}
    spec = make_spec(budget=f"trials = {trials}", workers=workers)
    task = spec.task.model_copy(update={"epochs": EPOCHS})
    return spec.with_(task=task, pruner=PrunerSpec(name=name, options=options))


def simulate(path: Path, spec: StudySpec, **changes: Any) -> Simulation:
    return Simulation(path, spec, Behaviour(epochs=EPOCHS, **changes))


def test_that_trials_in_the_worse_half_are_stopped_and_say_why(path: Path) -> None:
    simulation = simulate(path, spec_of())
    events = simulation.run()
    trials = simulation.ledger.all_trials()
    pruned = [t for t in trials if t.state is TrialState.PRUNED]
    assert 5 < len(pruned) < 25
    assert {t.state for t in trials} == {TrialState.COMPLETE, TrialState.PRUNED}
    for trial in pruned:
        steps = [report.step for report in simulation.ledger.reports[trial.number]]
        assert trial.note.startswith(f"after {steps[-1]} of {EPOCHS} epochs it")
        assert 2 <= len(steps) < EPOCHS
    said = [event.text for event in events if isinstance(event, Logged)]
    assert f"Trial {pruned[0].number} was stopped: {pruned[0].note}." in said
    assert Store.open(path).trials() == trials


def test_that_the_best_is_never_a_trial_that_was_stopped(path: Path) -> None:
    simulation = simulate(path, spec_of())
    simulation.run()
    best = simulation.ledger.best
    assert best is not None
    assert best.state is TrialState.COMPLETE
    assert best.params["lr"] == min(t.params["lr"] for t in simulation.ledger.all_trials())


@pytest.mark.parametrize("name", ["median", "asha", "hyperband", "curve"])
def test_that_an_interrupted_study_stops_the_same_trials(path: Path, name: str) -> None:
    whole = simulate(path, spec_of(name))
    whole.run()
    other = path.with_name("other.tune")
    first = simulate(other, spec_of(name))
    first.command_at(95.0, Stop())
    first.run()
    assert first.ledger.state is StudyState.STOPPED
    second = simulate(other, spec_of(name))
    second.run()

    def seen(simulation: Simulation) -> list[Any]:
        return [(t.params, t.state, t.note) for t in simulation.ledger.all_trials()]

    assert seen(second) == seen(whole)


def test_that_a_pause_at_once_prunes_nothing(path: Path) -> None:
    simulation = simulate(path, spec_of(trials=4, min_steps=EPOCHS))
    simulation.command_at(5.0, Pause(now=True))
    simulation.command_at(20.0, Resume())
    simulation.run()
    assert {t.state for t in simulation.ledger.all_trials()} == {TrialState.COMPLETE}


def test_that_a_trial_that_does_not_obey_is_worth_what_it_reported_in_the_end(path: Path) -> None:
    simulation = simulate(path, spec_of(), obeys=False)
    simulation.run()
    assert {t.state for t in simulation.ledger.all_trials()} == {TrialState.COMPLETE}
    assert all(not t.note for t in simulation.ledger.all_trials())


def test_that_without_a_rule_nothing_is_stopped(path: Path) -> None:
    spec = spec_of().with_(pruner=PrunerSpec())
    simulation = simulate(path, spec)
    simulation.run()
    assert {t.state for t in simulation.ledger.all_trials()} == {TrialState.COMPLETE}


def test_that_workers_that_run_side_by_side_are_pruned_too(path: Path) -> None:
    simulation = simulate(path, spec_of("asha", trials=40, workers=4, min_steps=1))
    simulation.run()
    states = [t.state for t in simulation.ledger.all_trials()]
    assert states.count(TrialState.PRUNED) >= 10
    assert len(states) == 40


def test_that_the_rule_is_written_and_read_with_the_spec() -> None:
    spec = spec_of("curve", probability=0.1)
    again = StudySpec.parse(spec.with_().to_toml())
    assert again.pruner == PrunerSpec(name="curve", options={"min_steps": 2, "probability": 0.1})


@pytest.mark.parametrize(
    ("pruner", "sentence"),
    [
        (PrunerSpec(name="medan"), r"\[pruner\] name: there is no pruner 'medan'; did you mean"),
        (PrunerSpec(name="median", options={"min_step": 1}), r"\[pruner\] min_step: median has no"),
        (PrunerSpec(name="asha", options={"min_steps": 0}), "must be a whole number from 1"),
    ],
)
def test_that_a_rule_that_cannot_be_is_refused(pruner: PrunerSpec, sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence):
        make_spec().with_(pruner=pruner)
